//! Distributions as a scenario writes them: one registry line a family, behind the decoder, `list` and `schema`.

use super::column;
use super::decode;
use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::tree::{Node, Tree};
use super::walk::{self, Decoded, Shape};
use crate::dist::Dist;
use crate::key::{Key, Table, Ty, Value};
use crate::time::SimSpan;

/// A family of distributions.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The word of `dist = "…"`.
    pub name: &'static str,
    pub keys: &'static [Key],
    pub doc: &'static str,
    build: fn(&Table) -> Result<Dist, &'static str>,
}

const MEAN: Key = Key::required("mean", Ty::PositiveSpan, "the mean");
const MIN: Key = Key::required("min", Ty::Span, "the least value");
const MAX: Key = Key::required("max", Ty::Span, "the greatest value");

/// Every family that has parameters. A plain duration is the constant.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "exponential",
        keys: &[MEAN],
        doc: "memoryless",
        build: |table| Ok(Dist::Exponential { mean: table.span("mean") }),
    },
    Family {
        name: "lognormal",
        keys: &[MEAN, Key::required("cv", Ty::Factor, "standard deviation by mean")],
        doc: "a long tail, as service times have",
        build: |table| {
            within(table.real("cv"), 1e-6, 1e3, "`cv` must be between 0.000001 and 1000")
                .map(|cv| Dist::Lognormal { mean: table.span("mean"), cv })
        },
    },
    Family {
        name: "uniform",
        keys: &[MIN, MAX],
        doc: "every value between two equally likely",
        build: |table| {
            let (min, max) = (table.span("min"), table.span("max"));
            if min <= max { Ok(Dist::Uniform { min, max }) } else { Err("`min` must not be above `max`") }
        },
    },
    Family {
        name: "triangular",
        keys: &[MIN, Key::required("mode", Ty::Span, "the likeliest value"), MAX],
        doc: "by least, likeliest and greatest value",
        build: |table| {
            let (min, mode, max) = (table.span("min"), table.span("mode"), table.span("max"));
            if min <= mode && mode <= max {
                Ok(Dist::Triangular { min, mode, max })
            } else {
                Err("`min`, `mode` and `max` must be in this order")
            }
        },
    },
    Family {
        name: "weibull",
        keys: &[MEAN, Key::required("shape", Ty::Factor, "below 1: a long tail; above 1: about its mean")],
        doc: "lifetimes and repairs",
        build: |table| {
            within(table.real("shape"), 0.05, 1e3, "`shape` must be between 0.05 and 1000")
                .map(|shape| Dist::Weibull { mean: table.span("mean"), shape })
        },
    },
];

/// Its parameters are lists, so it is read apart.
pub const EMPIRICAL: &[Key] = &[
    Key::off("values", Ty::Texts, "durations; linear between their quantiles"),
    Key::off("file", Ty::Text, "a column of seconds"),
];

fn within(value: f64, low: f64, high: f64, error: &'static str) -> Result<f64, &'static str> {
    if (low..=high).contains(&value) { Ok(value) } else { Err(error) }
}

/// A duration or a distribution; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, name: &'static str, node: &Node) -> Option<Dist> {
    let Tree::Table(branch) = &node.value else {
        let key = Key::required(name, Ty::Span, "");
        let Value::Span(span) = decode::value(reader, &key, node)? else { return None };
        return Some(Dist::Constant(span));
    };
    let names = || FAMILIES.iter().map(|family| family.name).chain(["empirical"]);
    let Some(word) = branch.get("dist").and_then(|entry| entry.node.text()) else {
        reader.say(
            Diagnostic::new("E024", format!("`{name}` is a table without `dist`"))
                .at(branch.get("dist").map_or(&node.at, |entry| &entry.node.at), "of which distribution?")
                .help(format!("dist is one of {}", names().collect::<Vec<_>>().join(", "))),
        );
        return None;
    };
    let at = &branch["dist"].node.at;
    if word == "empirical" {
        return empirical(reader, node);
    }
    let Some(family) = FAMILIES.iter().find(|family| family.name == word) else {
        let list = names().collect::<Vec<_>>().join(", ");
        let mistake = Diagnostic::new("E024", format!("there is no distribution `{word}`"));
        reader.say(mistake.at(at, format!("expected one of {list}")).nearest(word, names()));
        return None;
    };
    let decoded = parameters(reader, word, family.keys, node)?;
    match (family.build)(&decoded.table) {
        Ok(dist) => Some(dist),
        Err(why) => {
            let code = if why.contains("between") { "E017" } else { "E025" };
            reader
                .say(Diagnostic::new(code, format!("in a {word} distribution {why}")).at(&node.at, "these parameters"));
            None
        }
    }
}

/// The parameters, if all of them are good.
fn parameters(reader: &mut Reader, word: &str, keys: &[Key], node: &Node) -> Option<Decoded> {
    let what = format!("a distribution \"{word}\"");
    let shape = Shape { what: &what, record: None, keys, others: &["dist"] };
    let before = reader.out.len();
    let decoded = walk::table(reader, shape, node.table(), Some(&node.at));
    (reader.out.len() == before).then_some(decoded)
}

fn empirical(reader: &mut Reader, node: &Node) -> Option<Dist> {
    let decoded = parameters(reader, "empirical", EMPIRICAL, node)?;
    let branch = node.table()?;
    let mut values = match (branch.get("values"), branch.get("file")) {
        (Some(values), None) => listed(reader, &values.node)?,
        (None, Some(file)) => column::read(reader, &file.node.at, decoded.table.text("file"), column::Order::Any)?,
        (Some(_), Some(file)) => {
            reader.say(
                Diagnostic::new("E026", "an empirical distribution has `values` or a `file`, not both")
                    .at(&file.key_at, "remove one"),
            );
            return None;
        }
        (None, None) => {
            reader.say(
                Diagnostic::new("E012", "an empirical distribution has no `values` and no `file`")
                    .at(&node.at, "here")
                    .help("add: values = [\"1ms\", \"2ms\", \"9ms\"]"),
            );
            return None;
        }
    };
    values.sort_unstable();
    if values.is_empty() {
        reader.say(
            Diagnostic::new("E017", "an empirical distribution needs at least one value").at(&node.at, "no value"),
        );
        return None;
    }
    Some(Dist::Empirical { values: values.into() })
}

fn listed(reader: &mut Reader, node: &Node) -> Option<Vec<SimSpan>> {
    let Tree::List(list) = &node.value else { return None };
    let key = Key::required("values", Ty::Span, "");
    let spans: Vec<Option<SimSpan>> = list
        .iter()
        .map(|node| match decode::value(reader, &key, node) {
            Some(Value::Span(span)) => Some(span),
            _ => None,
        })
        .collect();
    spans.into_iter().collect()
}
