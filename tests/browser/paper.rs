//! On paper, and where scripts are off.

use std::fs;

use serde_json::json;

use crate::driver::Browser;
use crate::made;

#[test]
fn a_printer_gets_dark_ink_on_white_and_everything_open() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    browser.scheme("print", "dark");
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(browser.eval("getComputedStyle(document.body).color"), "rgb(0, 0, 0)");
    assert_eq!(browser.eval("getComputedStyle(document.querySelector('nav')).display"), "none");
    // What is open while it prints, and that it is closed again afterwards.
    browser.eval(
        "window.addEventListener('beforeprint', () => { window.printed = [document.querySelectorAll('details:not([open])').length,
        document.querySelectorAll('#curves[open]').length, document.querySelectorAll('.case[hidden]').length]; })",
    );
    browser.scheme("screen", "dark");
    let closed = browser.eval("document.querySelectorAll('details:not([open])').length");
    let pdf = browser.print();
    assert!(pdf.starts_with(b"%PDF-"));
    fs::write(made::folder().join("compare.pdf"), &pdf).unwrap();
    assert_eq!(browser.eval("window.printed"), json!([1, 0, 0]), "only the long data of the curves stays closed");
    assert_eq!(browser.eval("document.querySelectorAll('details:not([open])').length"), closed);
}

#[test]
fn without_scripts_its_words_and_tables_are_there() {
    let Some(browser) = Browser::start() else { return };
    browser.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.open(made::compared());
    // The driver's own scripts still run.
    assert_eq!(browser.eval("window.stalegate === undefined"), true);
    assert_eq!(browser.eval("document.querySelector('#policies table').checkVisibility()"), true);
    assert!(browser.eval("document.querySelectorAll('#policies tbody tr').length").as_u64() >= Some(8));
    assert_eq!(browser.eval("document.querySelectorAll('.case[hidden]').length"), 0);
    // No control that would do nothing.
    assert_eq!(
        browser.eval("[...document.querySelectorAll('input, select')].filter((e) => e.checkVisibility()).length"),
        0
    );
    assert_eq!(browser.eval("document.querySelector('#ratio noscript').checkVisibility()"), true);
}
