//! Without a mouse and without eyes.

use serde_json::json;

use crate::driver::Browser;
use crate::made;

#[test]
fn tab_reaches_every_switch_and_shows_where_it_is() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    let count = browser.eval("document.querySelectorAll('#toggles input').length").as_u64().unwrap();
    assert!(count > 2);
    let mut reached = Vec::new();
    for _ in 0..120 {
        browser.key("Tab", 9);
        let at = browser.eval(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);
            return [[...document.querySelectorAll('#toggles input')].indexOf(e), e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; })()",
        );
        if at[1] != "BODY" {
            assert!(at[2] != "none" && at[3].as_f64() >= Some(1.0), "no ring: {at}");
        }
        reached.extend(at[0].as_u64());
    }
    reached.dedup();
    reached.truncate(usize::try_from(count).unwrap());
    assert_eq!(reached, (0..count).collect::<Vec<_>>());
}

#[test]
fn headings_tables_and_pictures_are_told_to_those_who_do_not_see() {
    let Some(browser) = Browser::start() else { return };
    for page in [made::compared(), made::swept()] {
        browser.open(page);
        browser.unfold("#curves");
        let levels = browser.eval("Array.from(document.querySelectorAll('h1,h2,h3,h4'), (h) => Number(h.tagName[1]))");
        let levels: Vec<u64> = levels.as_array().unwrap().iter().filter_map(serde_json::Value::as_u64).collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        let tables = browser.eval(
            "Array.from(document.querySelectorAll('table')).filter((t) => !(t.caption && t.caption.textContent.trim())
            || !t.querySelector('thead th[scope=col]') || !t.querySelector('tbody th[scope=row]')).map((t) => t.outerHTML.slice(0, 200))",
        );
        assert_eq!(tables, json!([]), "without a caption or header cells");
        let pictures = browser.eval(
            "Array.from(document.querySelectorAll('svg,canvas,img')).filter((p) => {
            const named = (e) => e.getAttribute('aria-label') || e.getAttribute('alt') || (e.querySelector && e.querySelector(':scope > title'));
            const holder = p.closest('[role=img]'); return !named(p) && !(holder && named(holder)); }).map((p) => p.outerHTML.slice(0, 200))",
        );
        assert_eq!(pictures, json!([]), "without words");
        let regions = browser.eval(
            "Array.from(document.querySelectorAll('[role=region],[role=img],nav,select')).filter((e) =>
            !(e.getAttribute('aria-label') || e.closest('label') || e.querySelector(':scope > title'))).length",
        );
        assert_eq!(regions, 0);
    }
}
