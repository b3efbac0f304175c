//! `list WHAT`: the registries, as tables.

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};

use super::args::{Global, List, What};
use super::console::{Console, Exit, Outcome};
use super::init;
use crate::fault::FAULTS;
use crate::key::Key;
use crate::metric::{self, Better};
use crate::persistence::dialect::{self, Dialect};
use crate::scenario::distribution::{EMPIRICAL, FAMILIES};
use crate::scenario::presets::{Of, PRESETS};

/// Rows of texts under headings.
struct Listing {
    headings: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Prints one of the registries.
pub fn run(console: &Console, global: &Global, command: &List) -> Outcome {
    let listing = match command.what {
        What::Policies => policies(),
        What::Metrics => metrics(),
        What::Faults => faults(),
        What::Distributions => distributions(),
        What::Profiles => profiles(),
        What::Templates => templates(),
    };
    if global.json {
        console.json_result(&as_json(&listing))?;
    } else {
        console.result(&as_table(&listing))?;
    }
    Ok(Exit::Done)
}

fn as_json(listing: &Listing) -> Value {
    let object = |row: &Vec<String>| -> Value {
        listing.headings.iter().zip(row).map(|(heading, cell)| (heading.replace(' ', "_"), json!(cell))).collect()
    };
    listing.rows.iter().map(object).collect()
}

fn as_table(listing: &Listing) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_width(140);
    table.set_header(listing.headings);
    table.add_rows(&listing.rows);
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

fn policies() -> Listing {
    let row = |preset: &crate::scenario::presets::Preset| {
        let (settings, about) = preset.settings();
        let of = match preset.of {
            Of::Ours => "ours",
            Of::Product => "product",
        };
        vec![preset.name.into(), of.into(), about.title, settings.join("\n"), about.source, about.cannot]
    };
    Listing {
        headings: &["policy", "of", "what it is", "differs from the defaults", "source", "cannot express"],
        rows: PRESETS.iter().map(row).collect(),
    }
}

fn metrics() -> Listing {
    let row = |metric: metric::MetricDef| {
        let better = match metric.better {
            Some(Better::Higher) => "higher",
            Some(Better::Lower) => "lower",
            None => "",
        };
        vec![metric.name.into(), metric.unit.symbol().into(), better.into(), metric.doc.into()]
    };
    Listing {
        headings: &["metric", "unit", "better", "what it is"],
        rows: metric::all().into_iter().map(row).collect(),
    }
}

fn faults() -> Listing {
    let rows = FAULTS.iter().map(|def| vec![def.kind.into(), def.doc.into(), keys(def.keys)]).collect();
    Listing { headings: &["kind", "what happens", "its own keys"], rows }
}

fn distributions() -> Listing {
    let mut rows = vec![vec!["(a duration)".into(), "always the same".into(), String::new()]];
    rows.extend(FAMILIES.iter().map(|family| vec![family.name.into(), family.doc.into(), keys(family.keys)]));
    rows.push(vec!["empirical".into(), "linear between the quantiles of values".into(), keys(EMPIRICAL)]);
    Listing { headings: &["dist", "what it is", "parameters"], rows }
}

fn keys(keys: &[Key]) -> String {
    let line = |key: &Key| format!("{}: {}", key.name, key.doc);
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Of databases.
fn profiles() -> Listing {
    let row = |dialect: Dialect| {
        let profile = dialect.profile();
        let timestamps = format!("{}: {}", profile.time_created, profile.rounding);
        let organization = if profile.organization_not_null { "NOT NULL" } else { "" };
        vec![
            profile.word.into(),
            profile.title.into(),
            timestamps,
            profile.nulls.to_string(),
            organization.into(),
            profile.source.into(),
        ]
    };
    Listing {
        headings: &["profile", "what it is", "timestamps", "NULLs in the key", "ORGANIZATION of events", "source"],
        rows: dialect::ALL.into_iter().map(row).collect(),
    }
}

fn templates() -> Listing {
    let rows = init::TEMPLATES.iter().map(|template| vec![template.name.into(), template.doc.into()]).collect();
    Listing { headings: &["template", "what it is"], rows }
}
