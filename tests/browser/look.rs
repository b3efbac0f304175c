//! On a phone and on a desk, by day and by night. The pictures are for eyes; what can be measured is asserted.

use std::fs;

use crate::driver::Browser;
use crate::made;

/// The least contrast of text against what is behind it, over all elements that have text, with the text: from 1 to 21 (WCAG 2.1).
const CONTRAST: &str = "(() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length && c[3] !== 0) return c; }
    return [255, 255, 255]; };
  let worst = [21, ''];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg,script,style,noscript') || !e.checkVisibility()) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 120)];
  }
  return worst; })()";

#[test]
fn it_fits_a_phone_and_a_desk_and_can_be_read_by_day_and_by_night() {
    let Some(browser) = Browser::start() else { return };
    for (page, name) in [(made::compared(), "compare"), (made::swept(), "sweep")] {
        browser.open(page);
        for (width, height, device) in [(390, 844, "phone"), (1280, 900, "desktop")] {
            for scheme in ["light", "dark"] {
                browser.scheme("screen", scheme);
                browser.resize(width, height);
                let (wide, all) =
                    (browser.eval("document.scrollingElement.scrollWidth"), browser.eval("window.innerWidth"));
                assert!(wide.as_u64() <= all.as_u64() && all == width, "{name} {device}: {wide} of {all} pixels");
                let contrast = browser.eval(CONTRAST);
                assert!(contrast[0].as_f64() >= Some(4.5), "{name} {device} {scheme}: {contrast}");
                let paper = browser.eval("getComputedStyle(document.body).backgroundColor");
                assert_eq!(paper == "rgb(255, 255, 255)", scheme == "light", "{paper}");
                let tall = browser.eval("document.scrollingElement.scrollHeight").as_u64().unwrap();
                browser.resize(width, tall.min(16000));
                fs::write(made::folder().join(format!("{name}-{device}-{scheme}.png")), browser.picture()).unwrap();
            }
        }
    }
}
