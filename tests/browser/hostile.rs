//! Text of a scenario stays text.

use std::fs;

use crate::driver::Browser;
use crate::made;
use crate::quiet::is_quiet;

/// Names are letters, digits, - and _, so it is free text and the name of the file that can be hostile.
const SCENARIO: &str = r#"
schema   = 1
name     = "hostile"
title    = "<script>window.pwned=1</script>\"><img src=x onerror=window.pwned=1>"
question = "</title></style></script><script>window.pwned=2</script> ${window.pwned=3} {{ 7 * 7 }}"
source   = "<img src=x onerror='window.pwned=4'>"
[run]
duration     = "20min"
replications = 2
[gateway]
nodes = 2
[idp]
on_restart = "invalidate-all"
[[api]]
name = "orders"
reject_status = 403
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "1/s" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "5min"
down = "36s"
[[policy]]
name = "ttl-only"
base = "ttl-only"
[[policy]]
name = "reactive-retry"
base = "reactive-retry"
"#;

#[test]
fn what_a_scenario_says_is_shown_and_never_run() {
    let Some(browser) = Browser::start() else { return };
    let file = made::folder().join("\"><img src=x onerror=window.pwned=5>.toml");
    fs::write(&file, SCENARIO).unwrap();
    let page = made::make("compare", &file, "hostile", &[]);
    browser.open(&page);
    assert!(browser.eval("window.pwned === undefined").as_bool().unwrap());
    assert_eq!(browser.eval("document.querySelectorAll('img').length"), 0);
    let says = |selector: &str| {
        browser.eval(&format!("document.querySelector({selector:?}).textContent")).as_str().unwrap().to_owned()
    };
    assert_eq!(says("h1"), "<script>window.pwned=1</script>\"><img src=x onerror=window.pwned=1>");
    assert!(says("title").starts_with("<script>window.pwned=1</script>"));
    assert_eq!(
        says(".question"),
        "</title></style></script><script>window.pwned=2</script> ${window.pwned=3} {{ 7 * 7 }}"
    );
    assert!(says("header .note").contains("<img src=x onerror='window.pwned=4'>"));
    assert!(says("#origin code").contains("\"><img src=x onerror=window.pwned=5>.toml"));
    is_quiet(&browser, &page);
}
