//! One value against its type: what was expected, what stands there, what to write instead.

use super::diagnostic::Diagnostic;
use super::distribution;
use super::profile;
use super::quantity::{self, Wrong};
use super::reader::Reader;
use super::replications;
use super::tree::{Node, Tree};
use super::walk::{self, Shape};
use crate::dist::Dist;
use crate::key::{Backoff, Key, SignedSpan, Ty, Value};
use crate::replications::Replications;
use crate::time::SimSpan;

/// The value of a key; what is wrong goes to the reader.
pub fn value(reader: &mut Reader, key: &Key, node: &Node) -> Option<Value> {
    let decoded = match key.ty {
        Ty::Dist => return distribution::read(reader, key.name, node).map(Value::Dist),
        Ty::Backoff => return backoff(reader, key, node).map(Value::Backoff),
        Ty::Profile => return profile::read(reader, key.name, node).map(Value::Profile),
        Ty::Replications => return replications::read(reader, key, node).map(Value::Replications),
        Ty::Texts => texts(node),
        Ty::BoolOrTexts => bool_or_texts(node),
        Ty::TwoTexts => two_texts(key.name, node),
        Ty::Statuses => statuses(node),
        ty => scalar(key.name, ty, node),
    };
    decoded.map_err(|mistake| reader.say(*mistake)).ok()
}

type Read<T> = Result<T, Box<Diagnostic>>;

fn scalar(name: &str, ty: Ty, node: &Node) -> Read<Value> {
    match ty {
        Ty::Bool => match node.value {
            Tree::Bool(value) => Ok(Value::Bool(value)),
            _ => Err(wrong(node, "true or false")),
        },
        Ty::Count { min, max } => count(name, node, min, max).map(Value::Count),
        Ty::OneOf(numbers) => one_of(name, node, numbers).map(Value::Count),
        Ty::Number => number(node).map(Value::Real),
        Ty::Interval => interval(name, node),
        Ty::Ratio => ranged(name, node, "between 0 and 1", |x| (0.0..=1.0).contains(&x)),
        Ty::Fraction => ranged(name, node, "above 0 and below 1", |x| x > 0.0 && x < 1.0),
        Ty::Factor => ranged(name, node, "above 0", |x| x > 0.0),
        Ty::Span => span(name, node).map(Value::Span),
        Ty::SpanOrNone if node.text() == Some("none") => Ok(Value::Off),
        Ty::PositiveSpan | Ty::SpanOrNone => positive(name, node).map(Value::Span),
        Ty::SignedSpan => signed_span(name, node).map(Value::SignedSpan),
        Ty::Rate => rate(name, node).map(Value::Rate),
        Ty::Choice(words) => choice(name, node, words),
        Ty::Text => match node.text() {
            Some(text) => Ok(Value::Text(text.to_owned())),
            None => Err(wrong(node, "a text in quotation marks")),
        },
        Ty::Dist
        | Ty::Backoff
        | Ty::Profile
        | Ty::Replications
        | Ty::Texts
        | Ty::BoolOrTexts
        | Ty::TwoTexts
        | Ty::Statuses => Ok(Value::Off),
    }
}

fn wrong(node: &Node, expected: &str) -> Box<Diagnostic> {
    let label = format!("expected {expected}");
    Box::new(Diagnostic::new("E011", format!("expected {expected}, found {}", node.found())).at(&node.at, label))
}

fn range(name: &str, node: &Node, must: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new("E017", format!("`{name}` must be {must}")).at(&node.at, "out of range"))
}

fn count(name: &str, node: &Node, min: u64, max: u64) -> Read<u64> {
    let Tree::Integer(integer) = node.value else { return Err(wrong(node, "a whole number")) };
    integer
        .and_then(|integer| u64::try_from(integer).ok())
        .filter(|count| (min..=max).contains(count))
        .ok_or_else(|| range(name, node, &format!("between {min} and {max}")))
}

fn one_of(name: &str, node: &Node, numbers: &[u64]) -> Read<u64> {
    let list: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let value = count(name, node, 0, u64::MAX)?;
    if numbers.contains(&value) { Ok(value) } else { Err(range(name, node, &list.join(" or "))) }
}

fn number(node: &Node) -> Read<f64> {
    node.number().filter(|number| number.is_finite()).ok_or_else(|| wrong(node, "a number"))
}

fn ranged(name: &str, node: &Node, must: &str, holds: impl Fn(f64) -> bool) -> Read<Value> {
    let value = number(node)?;
    if holds(value) { Ok(Value::Real(value)) } else { Err(range(name, node, must)) }
}

fn interval(name: &str, node: &Node) -> Read<Value> {
    let Tree::List(list) = &node.value else { return Err(wrong(node, "a list of two numbers")) };
    let [low, high] = list.as_slice() else { return Err(wrong(node, "a list of two numbers")) };
    let (low, high) = (number(low)?, number(high)?);
    if low <= high { Ok(Value::Interval(low, high)) } else { Err(range(name, node, "two numbers, the lower first")) }
}

/// A duration.
fn span(name: &str, node: &Node) -> Read<SimSpan> {
    match &node.value {
        Tree::Text(text) => quantity::span(text).map_err(|error| mistaken(name, node, error, Quantity::Span)),
        Tree::Integer(_) | Tree::Float(_) => Err(mistaken(name, node, Wrong::NoUnit, Quantity::Span)),
        _ => Err(wrong(node, "a duration, such as \"30s\"")),
    }
}

fn positive(name: &str, node: &Node) -> Read<SimSpan> {
    let value = span(name, node)?;
    if value > SimSpan::ZERO { Ok(value) } else { Err(range(name, node, "longer than nothing")) }
}

fn signed_span(name: &str, node: &Node) -> Read<SignedSpan> {
    match &node.value {
        Tree::Text(text) => quantity::signed_span(text).map_err(|error| mistaken(name, node, error, Quantity::Signed)),
        Tree::Integer(_) | Tree::Float(_) => Err(mistaken(name, node, Wrong::NoUnit, Quantity::Signed)),
        _ => Err(wrong(node, "a duration, such as \"2s\" or \"-750ms\"")),
    }
}

fn rate(name: &str, node: &Node) -> Read<f64> {
    match &node.value {
        Tree::Text(text) => quantity::rate(text).map_err(|error| mistaken(name, node, error, Quantity::Rate)),
        Tree::Integer(_) | Tree::Float(_) => Err(mistaken(name, node, Wrong::NoUnit, Quantity::Rate)),
        _ => Err(wrong(node, "a rate, such as \"200/s\"")),
    }
}

#[derive(Clone, Copy)]
enum Quantity {
    Span,
    Signed,
    Rate,
}

fn mistaken(name: &str, node: &Node, error: Wrong, of: Quantity) -> Box<Diagnostic> {
    let written = match &node.value {
        Tree::Text(text) => text.trim().to_owned(),
        Tree::Integer(Some(integer)) => integer.to_string(),
        Tree::Float(float) => float.to_string(),
        _ => "30".to_owned(),
    };
    let (unit, help) = match of {
        Quantity::Span | Quantity::Signed => {
            ("s", format!("write \"{written}s\", \"{written}ms\" or \"{written}min\""))
        }
        Quantity::Rate => ("/s", format!("write \"{written}/s\" or \"{written}/min\"")),
    };
    Box::new(match error {
        Wrong::NoUnit => Diagnostic::new("E013", format!("`{name}` has no unit")).at(&node.at, "of what?").help(help),
        Wrong::Ambiguous => {
            let plain = written.replace('m', "");
            let (minutes, other) = if unit == "s" {
                (format!("{plain}min"), format!("{plain}ms"))
            } else {
                (format!("{plain}min"), format!("{plain}s"))
            };
            Diagnostic::new("E014", format!("`m` in `{written}` may be minutes or milli"))
                .at(&node.at, "ambiguous unit")
                .help(format!("write \"{minutes}\" or \"{other}\""))
        }
        Wrong::Form(why) => {
            let (code, what, example) = match of {
                Quantity::Span => ("E015", "duration", "\"30s\", \"1.5s\" or \"1h30min\""),
                Quantity::Signed => ("E015", "duration", "\"2s\", or \"-750ms\" for backwards"),
                Quantity::Rate => ("E016", "rate", "\"200/s\" or \"12/min\""),
            };
            Diagnostic::new(code, format!("`{written}` is not a {what}: {why}"))
                .at(&node.at, format!("expected a {what}"))
                .help(format!("write it like {example}"))
        }
        Wrong::Range(why) => {
            Diagnostic::new("E017", format!("`{name}` is out of range: {why}")).at(&node.at, "out of range")
        }
    })
}

fn choice(name: &str, node: &Node, words: &[&str]) -> Read<Value> {
    let list = words.join(", ");
    let Some(word) = node.text() else { return Err(wrong(node, &format!("one of the words {list}"))) };
    if words.contains(&word) {
        return Ok(Value::Text(word.to_owned()));
    }
    Err(Box::new(
        Diagnostic::new("E018", format!("`{name}` knows no `{word}`"))
            .at(&node.at, format!("expected one of {list}"))
            .nearest(word, words.iter().copied()),
    ))
}

fn texts(node: &Node) -> Read<Value> {
    let Tree::List(list) = &node.value else { return Err(wrong(node, "a list of texts")) };
    let texts = list.iter().map(|node| node.text().map(str::to_owned).ok_or_else(|| wrong(node, "a text")));
    texts.collect::<Result<_, _>>().map(Value::Texts)
}

fn bool_or_texts(node: &Node) -> Read<Value> {
    match &node.value {
        Tree::Bool(value) => Ok(Value::Bool(*value)),
        Tree::List(_) => texts(node),
        _ => Err(wrong(node, "true, false or a list of texts")),
    }
}

fn two_texts(name: &str, node: &Node) -> Read<Value> {
    let expected = "two lists of texts";
    let Tree::List(list) = &node.value else { return Err(wrong(node, expected)) };
    let group = |node: &Node| match texts(node)? {
        Value::Texts(texts) if texts.is_empty() => Err(range(name, node, "two lists, neither of them empty")),
        Value::Texts(texts) => Ok(texts),
        _ => Err(wrong(node, "a list of texts")),
    };
    let groups = list.iter().map(group).collect::<Read<Vec<_>>>()?;
    match <[Vec<String>; 2]>::try_from(groups) {
        Ok([one, other]) => Ok(Value::TwoTexts(one, other)),
        Err(_) => Err(range(name, node, "exactly two lists")),
    }
}

fn statuses(node: &Node) -> Read<Value> {
    let Tree::List(list) = &node.value else { return Err(wrong(node, "a list of HTTP statuses")) };
    let status = |node: &Node| {
        let Tree::Integer(integer) = node.value else { return Err(wrong(node, "an HTTP status")) };
        integer
            .and_then(|integer| u16::try_from(integer).ok())
            .filter(|status| (100..600).contains(status))
            .ok_or_else(|| range("statuses", node, "HTTP statuses, between 100 and 599"))
    };
    list.iter().map(status).collect::<Result<_, _>>().map(Value::Statuses)
}

const BACKOFF: &[Key] = &[
    Key::required("first", Ty::Span, "the first wait"),
    Key::new("factor", Ty::Factor, "2.0", "by how much each wait is longer than the last"),
    Key::new("max", Ty::Span, "\"5s\"", "the longest wait"),
    Key::new("jitter", Ty::Ratio, "0.0", "each wait is up to this share of itself shorter or longer"),
];

fn backoff(reader: &mut Reader, key: &Key, node: &Node) -> Option<Backoff> {
    let Tree::Table(branch) = &node.value else {
        return span(key.name, node).map(Backoff::constant).map_err(|mistake| reader.say(*mistake)).ok();
    };
    let what = format!("the table `{}`", key.name);
    let shape = Shape { what: &what, record: None, keys: BACKOFF, others: &[] };
    let before = reader.out.len();
    let decoded = walk::table(reader, shape, Some(branch), Some(&node.at));
    let table = &decoded.table;
    if reader.out.len() == before && table.span("first") > table.span("max") {
        let mistake = Diagnostic::new("E025", format!("the first wait of `{}` is longer than its `max`", key.name));
        reader.say(mistake.at(&node.at, format!("max is {}", table.span("max"))));
    }
    (reader.out.len() == before).then(|| Backoff {
        first: table.span("first"),
        factor: table.real("factor"),
        max: table.span("max"),
        jitter: table.real("jitter"),
    })
}

/// Something of a type, for what is missing or wrong: it never reaches a world.
#[must_use]
pub fn placeholder(ty: &Ty) -> Value {
    let second = SimSpan::secs(1);
    match *ty {
        Ty::Bool | Ty::BoolOrTexts => Value::Bool(false),
        Ty::Count { min, .. } => Value::Count(min),
        Ty::OneOf(numbers) => Value::Count(numbers[0]),
        Ty::Number | Ty::Ratio | Ty::Fraction | Ty::Factor => Value::Real(0.5),
        Ty::Interval => Value::Interval(0.0, 1.0),
        Ty::Span | Ty::PositiveSpan | Ty::SpanOrNone => Value::Span(second),
        Ty::SignedSpan => Value::SignedSpan(SignedSpan::default()),
        Ty::Dist => Value::Dist(Dist::Constant(second)),
        Ty::Rate => Value::Rate(1.0),
        Ty::Choice(words) => Value::Text(words[0].to_owned()),
        Ty::Text => Value::Text(String::new()),
        Ty::Texts => Value::Texts(Vec::new()),
        Ty::TwoTexts => Value::TwoTexts(Vec::new(), Vec::new()),
        Ty::Statuses => Value::Statuses(Vec::new()),
        Ty::Backoff => Value::Backoff(Backoff::constant(second)),
        Ty::Replications => Value::Replications(Replications::fixed(1)),
        Ty::Profile => Value::Off,
    }
}

/// An example of a type, as a scenario writes it.
#[must_use]
pub fn sample(ty: &Ty) -> String {
    match *ty {
        Ty::Bool | Ty::BoolOrTexts => "true".into(),
        Ty::Count { min, .. } => min.max(1).to_string(),
        Ty::OneOf(numbers) => numbers[0].to_string(),
        Ty::Number | Ty::Ratio | Ty::Fraction => "0.5".into(),
        Ty::Factor => "2.0".into(),
        Ty::Interval => "[0.0, 1.0]".into(),
        Ty::Span | Ty::PositiveSpan | Ty::SpanOrNone | Ty::Dist | Ty::Backoff => "\"30s\"".into(),
        Ty::SignedSpan => "\"2s\"".into(),
        Ty::Rate => "\"50/s\"".into(),
        Ty::Choice(words) => format!("\"{}\"", words[0]),
        Ty::Text => "\"…\"".into(),
        Ty::Texts => "[\"…\"]".into(),
        Ty::TwoTexts => "[[\"…\"], [\"…\"]]".into(),
        Ty::Statuses => "[401, 403]".into(),
        Ty::Profile => "[[\"0s\", 1.0], [\"8h\", 3.0]]".into(),
        Ty::Replications => "100".into(),
    }
}
