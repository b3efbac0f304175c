//! Texts that stand in files of the project, byte for byte.

use std::fs;
use std::path::Path;

/// Compares with `tests/golden/NAME`; with `UPDATE_GOLDEN=1` in the environment, writes it instead.
pub fn check(name: &str, text: &str) {
    check_file(&format!("tests/golden/{name}"), text);
}

/// Compares with a file of the project, or writes it, as [`check`] does.
#[expect(clippy::disallowed_methods, reason = "whether golden texts are rewritten is for the developer to say")]
pub fn check_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        return fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differs = golden.lines().zip(text.lines()).find(|(golden, now)| golden != now);
    assert!(
        golden == text,
        "{name} differs, first in\n  golden: {}\n  now:    {}\n\
         if the model moved on purpose: UPDATE_GOLDEN=1 cargo test, and say why in the changelog",
        differs.map_or("another number of lines", |(golden, _)| golden),
        differs.map_or("", |(_, now)| now),
    );
}
