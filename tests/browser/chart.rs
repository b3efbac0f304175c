//! The curves answer to the mouse and to the keyboard.

use crate::driver::Browser;
use crate::made;

/// Series of the first curve that are shown: a band has two edges, and there is the mean.
const SHOWN: &str = "[1, 2, 3].filter((at) => window.stalegate.plot().series[at].show).length";

/// What the chart looks like.
const INK: &str = "document.querySelector('#chart canvas').toDataURL()";

#[test]
fn a_click_on_a_policy_hides_its_curve_and_another_brings_it_back() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    let before = browser.eval(INK);
    assert_eq!(browser.eval(SHOWN), 3);
    browser.click("#toggles label:first-of-type input");
    assert_eq!(browser.eval(SHOWN), 0);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let after = browser.eval(INK);
    assert_ne!(before, after, "it is drawn no more");
    // The space bar does what the mouse does.
    browser.eval("document.querySelector('#toggles input').focus()");
    browser.key(" ", 32);
    assert_eq!(browser.eval(SHOWN), 3);
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(browser.eval(INK), before);
}

#[test]
fn the_mouse_reads_the_values_that_the_table_has() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    browser.eval("document.getElementById('chart').scrollIntoView({ block: 'center', behavior: 'instant' })");
    browser.still();
    let at = browser.eval("(() => { const r = document.querySelector('#chart .u-over').getBoundingClientRect(); return [r.left + 0.4 * r.width, r.top + 0.5 * r.height]; })()");
    browser.hover(at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    let index = browser.eval("window.stalegate.plot().cursor.idx").as_u64().expect("the mouse is over the chart");
    let read = browser.eval("document.getElementById('readout').textContent").as_str().unwrap().to_owned();
    browser.unfold("#curves");
    let row = browser.eval(&format!(
        "Array.from(document.querySelectorAll('#curves tbody tr')[{index}].cells, (cell) => cell.textContent)"
    ));
    let names = browser.eval("Array.from(document.querySelectorAll('#toggles label'), (label) => label.textContent)");
    let (row, names) = (row.as_array().unwrap(), names.as_array().unwrap());
    assert!(!names.is_empty() && row.len() == 1 + 3 * names.len(), "{row:?}");
    for (position, name) in names.iter().enumerate() {
        let expected = format!("{} {}", name.as_str().unwrap(), row[1 + 3 * position].as_str().unwrap());
        assert!(read.contains(&expected), "{read:?} does not have {expected:?}");
    }
    // The instant is the row's, not a neighbour's.
    let seconds: f64 = row[0].as_str().unwrap().parse().unwrap();
    let whole = seconds.abs();
    let clock = if whole < 120.0 {
        format!("{whole} s")
    } else {
        format!("{} min {} s", (whole / 60.0).floor(), (whole % 60.0).round())
    };
    let sign = if seconds < 0.0 { "−" } else { "" };
    assert!(read.starts_with(&format!("{sign}{clock}: ")), "{read:?} at {seconds}");
}

#[test]
fn arrow_keys_move_the_reading() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    browser.eval("document.getElementById('chart').focus()");
    browser.key("Home", 36);
    let first = browser.eval("[window.stalegate.plot().cursor.idx, document.getElementById('readout').textContent]");
    browser.key("ArrowRight", 39);
    let second = browser.eval("[window.stalegate.plot().cursor.idx, document.getElementById('readout').textContent]");
    assert_eq!((&first[0], &second[0]), (&0.into(), &1.into()));
    assert_ne!(first[1], second[1]);
}
