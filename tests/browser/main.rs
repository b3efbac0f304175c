//! The report page in a real browser: Chromium, driven by `ChromeDriver`.
//!
//! `.ci/browser` runs this. By hand: `cargo test --features browser --test browser`. Pictures of the page, to look at, land
//! in `target/browser/`.

#[cfg(feature = "browser")]
mod chart;
#[cfg(feature = "browser")]
mod driver;
#[cfg(feature = "browser")]
mod hostile;
#[cfg(feature = "browser")]
mod keyboard;
#[cfg(feature = "browser")]
mod look;
#[cfg(feature = "browser")]
mod made;
#[cfg(feature = "browser")]
mod paper;
#[cfg(feature = "browser")]
mod quiet;

#[cfg(not(feature = "browser"))]
#[test]
#[ignore = "skipped: it needs Chromium and ChromeDriver; .ci/browser installs both and runs `cargo test --features browser --test browser`"]
fn the_browser_is_skipped_without_the_feature() {}
