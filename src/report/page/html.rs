//! Draws the page. Whatever came from a file is escaped by the template engine; what is not is drawn by this program, or is part of it.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};

use super::document::Page;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// uPlot 1.6.32, unchanged, with its licence.
const CHARTS: &str = include_str!("uplot-1.6.32/uPlot.iife.min.js");
const CHARTS_STYLE: &str = include_str!("uplot-1.6.32/uPlot.min.css");
const CHARTS_LICENCE: &str = include_str!("uplot-1.6.32/LICENSE");

/// The page as one file.
///
/// # Panics
/// Never: the template is part of the program, and tested.
#[must_use]
pub fn html(page: &Page) -> String {
    let mut engine = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    engine.set_syntax(syntax.expect("its delimiters are the usual ones"));
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.add_template("page", TEMPLATE).expect("the template is well formed");
    let template = engine.get_template("page").expect("it was added");
    let values = context! {
        page => Value::from(Serde(page)),
        curves => Value::from_safe_string(data(page)),
        style => Value::from_safe_string(STYLE.into()),
        script => Value::from_safe_string(SCRIPT.into()),
        charts => Value::from_safe_string(CHARTS.into()),
        charts_style => Value::from_safe_string(CHARTS_STYLE.into()),
        charts_licence => CHARTS_LICENCE,
        version => env!("CARGO_PKG_VERSION"),
    };
    template.render(values).expect("the template names what it is given")
}

/// What the script draws, as JSON that cannot end its element: `<` stands in no text of it.
fn data(page: &Page) -> String {
    let json = serde_json::to_string(&page.ratio).expect("all of it can be JSON");
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::document::Ratio;

    #[test]
    fn nothing_of_a_file_becomes_markup() {
        let mut page = crate::report::page::tests::page();
        let hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
        page.name = hostile.into();
        page.title = hostile.into();
        page.question = hostile.into();
        page.source = hostile.into();
        page.findings = vec![hostile.into()];
        page.assumptions.rows = vec![vec![hostile.into(); 3]];
        page.policies.rows.iter_mut().for_each(|row| row[0] = hostile.into());
        page.origin.command = hostile.into();
        if let Some(Ratio { curves, told, .. }) = &mut page.ratio {
            curves[0].policies = vec!["</script><script>alert(3)</script>".into()];
            told[0] = hostile.into();
        }
        let html = html(&page);
        assert!(!html.contains("alert(1)</script>") && !html.contains("<img") && !html.contains("<script>alert"));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "it is there to read");
        // Two elements of script, and one of data.
        assert_eq!((html.matches("<script").count(), html.matches("</script>").count()), (3, 3));
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let html = html(&crate::report::page::tests::page());
        for outside in ["src=", "href=\"http", "@import", "url(http", "<link", "fetch(", "XMLHttpRequest", "<iframe"] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("default-src 'none'"));
        assert!(html.contains("Copyright (c) 2022 Leon Sorokin"), "the licence is with the library");
    }
}
