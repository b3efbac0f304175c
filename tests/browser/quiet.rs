//! The page asks for nothing and complains of nothing.

use std::path::Path;

use serde_json::Value;

use crate::driver::Browser;
use crate::made;

/// Nothing on the console, and no request but for the page itself.
pub fn is_quiet(browser: &Browser, page: &Path) {
    let complaints = browser.log("browser");
    assert!(complaints.is_empty(), "{complaints:?}");
    let requests: Vec<String> = browser.log("performance").iter().filter_map(request).collect();
    let own = url::Url::from_file_path(page).unwrap().to_string();
    assert!(requests.contains(&own), "the log has no request at all: {requests:?}");
    let others: Vec<_> = requests.iter().filter(|url| **url != own && !url.starts_with("data:")).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// The address that an entry of the log asks for. What the browser's own first tab asks for does not count.
fn request(entry: &Value) -> Option<String> {
    let told: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let (method, asked) = (&told["message"]["method"], &told["message"]["params"]);
    if method != "Network.requestWillBeSent" || asked["documentURL"].as_str()?.starts_with("chrome") {
        return None;
    }
    asked["request"]["url"].as_str().map(str::to_owned)
}

#[test]
fn a_comparison_needs_no_network_and_has_no_error() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::compared());
    is_quiet(&browser, made::compared());
}

#[test]
fn a_sweep_needs_no_network_and_has_no_error() {
    let Some(browser) = Browser::start() else { return };
    browser.open(made::swept());
    is_quiet(&browser, made::swept());
}
