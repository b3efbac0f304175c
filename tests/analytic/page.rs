//! What `docs/validation.md` says of each test: its predicted and simulated values. `UPDATE_GOLDEN=1` writes them.

use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

use stalegate::report::number::fixed;

use crate::support::{self, Claim};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/validation.md");

/// Tests write their own part of the one page.
static WRITING: Mutex<()> = Mutex::new(());

/// All claims at once, at 99.9 %; and the part of the page below `### title` says what was compared.
#[expect(clippy::disallowed_methods, reason = "whether texts are rewritten is for the developer to say")]
pub fn hold(title: &str, claims: &[Claim]) {
    support::hold(claims);
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let heading = format!("\n### {title}\n");
    let start = page.find(&heading).unwrap_or_else(|| panic!("docs/validation.md has no heading `{}`", heading.trim()));
    let start = start + heading.len();
    let end = page[start..].find("\n#").map_or(page.len(), |end| start + end);
    let now = table(claims);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        return fs::write(PAGE, [&page[..start], &now, &page[end..]].concat()).expect("it can be written");
    }
    assert_eq!(&page[start..end], now, "docs/validation.md, {title}: UPDATE_GOLDEN=1 cargo test --test analytic");
}

fn table(claims: &[Claim]) -> String {
    let mut text = String::from("\n| what | predicted | simulated | p |\n|---|---:|---:|---:|\n");
    for Claim { what, seen, theory, p } in claims {
        writeln!(text, "| {what} | {} | {} | {} |", digits(*theory), digits(*seen), fixed(*p, 3))
            .expect("a text grows");
    }
    text
}

/// To four or five digits.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 1.0 => 4,
        small if small < 10.0 => 3,
        small if small < 100.0 => 2,
        _ => 1,
    };
    fixed(value, decimals)
}

#[test]
fn every_part_of_the_page_is_of_a_test() {
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = fs::read_to_string(PAGE).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/analytic");
    let sources = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let sources = sources.collect::<String>();
    for title in page.lines().filter_map(|line| line.strip_prefix("### ")) {
        // One of several settings stands behind it.
        let own = title.split(" (").next().unwrap_or(title);
        assert!(sources.contains(&format!("\"{own}")), "no test has the title `{title}`");
    }
}
