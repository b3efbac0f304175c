//! `where`: what a point must satisfy to be kept. Each entry compares two paths, or a path with a value; all must hold.

use std::cmp::Ordering;

use crate::key::Ty;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::SECTIONS;
use crate::scenario::quantity;
use crate::scenario::reader::Reader;
use crate::scenario::source::{At, Sources};
use crate::scenario::sweep::paths;
use crate::scenario::tree::{Node, Tree};

/// A comparison.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The whole of it.
    pub at: At,
    pub left: Operand,
    pub operator: Operator,
    pub right: Operand,
}

/// A side of a comparison, and where it stands.
#[derive(Clone, Debug)]
pub struct Operand {
    pub at: At,
    pub is: Side,
}

/// What stands there.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// As `--set` takes it.
    Path(String),
    Value(Datum),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
    NotEqual,
}

/// A value by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Nanoseconds, forwards or backwards.
    Duration(i64),
    /// Per second.
    Rate(f64),
    Number(f64),
    Bool(bool),
    Text(String),
    /// The key is off.
    Off,
    /// A list, or a distribution with parameters: nothing that a comparison takes.
    Compound(&'static str),
}

/// Longer ones first: `<=` is not `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::MoreOrEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    (">", Operator::More),
];

/// The entries of `where`; what is wrong with them goes to the reader.
pub fn read(reader: &mut Reader, node: &Node, known: &[(String, Ty)]) -> Vec<Condition> {
    let Tree::List(entries) = &node.value else { return Vec::new() };
    let mut conditions = Vec::new();
    for entry in entries {
        let Some(text) = entry.text() else { continue };
        match condition(&reader.sources, entry, text, known) {
            Ok(condition) => conditions.push(condition),
            Err(mistake) => reader.say(*mistake),
        }
    }
    conditions
}

fn condition(sources: &Sources, node: &Node, text: &str, known: &[(String, Ty)]) -> Result<Condition, Box<Diagnostic>> {
    let (left, operator, right) = split(text).map_err(|(what, help)| {
        Box::new(Diagnostic::new("E061", format!("`{text}` is no comparison")).at(&node.at, what).help(help))
    })?;
    let place = |part: &str| part_at(sources, node, text, part);
    let (left_at, right_at) = (place(left), place(right));
    let is_path = |side: &str| paths::has(known, side);
    let nearby = || known.iter().map(|(path, _)| path.as_str());
    let no_path = |side: &str, at: &At| {
        let mistake = Diagnostic::new("E060", format!("`{side}` is no path of this scenario"));
        Box::new(mistake.at(at, "`stalegate show FILE` prints the paths").nearest(side, nearby()))
    };
    if !is_path(left) && !is_path(right) {
        let words = [(left, &left_at), (right, &right_at)].into_iter().find(|(side, _)| bare(side).is_none());
        return Err(if let Some((side, at)) = words {
            no_path(side, at)
        } else {
            let mistake = Diagnostic::new("E060", format!("`{text}` compares two values, and no path"));
            Box::new(mistake.at(&node.at, "the same at every point").help("name a path: `idp.token_lifetime`"))
        });
    }
    let side = |side: &str, other: &str, at: &At| {
        if is_path(side) {
            return Ok(Side::Path(side.to_owned()));
        }
        if let Some(value) = bare(side) {
            return value.map(Side::Value).map_err(|why| quantity_mistake(side, why, at));
        }
        if looks_like_a_path(side) {
            return Err(no_path(side, at));
        }
        let words = known.iter().find(|(path, _)| path == other).map(|(_, ty)| ty);
        match words {
            Some(Ty::Choice(words)) if !words.contains(&side) => {
                let mistake = Diagnostic::new("E018", format!("`{other}` knows no `{side}`"));
                let mistake = mistake.at(at, format!("expected one of {}", words.join(", ")));
                Err(Box::new(mistake.nearest(side, words.iter().copied())))
            }
            _ => Ok(Side::Value(Datum::Text(side.to_owned()))),
        }
    };
    Ok(Condition {
        at: node.at.clone(),
        left: Operand { is: side(left, right, &left_at)?, at: left_at },
        operator,
        right: Operand { is: side(right, left, &right_at)?, at: right_at },
    })
}

/// Both sides and what stands between; or what is wrong, and what to write instead.
fn split(text: &str) -> Result<(&str, Operator, &str), (&'static str, &'static str)> {
    const EXAMPLE: &str = "for example: \"idp.token_lifetime >= 10min\"";
    let found = find(text);
    let Some((start, end, operator)) = found else {
        return Err(if text.contains('=') {
            ("no such operator", "equal is written `==`")
        } else {
            ("expected one of < <= > >= == !=", EXAMPLE)
        });
    };
    let (left, right) = (text[..start].trim(), text[end..].trim());
    if find(right).is_some() || right.contains("&&") || right.contains("||") {
        let help = "each comparison is an entry of the list of its own, and all of them must hold";
        return Err(("more than one comparison", help));
    }
    if right.starts_with('=') {
        return Err(("no such operator", "equal is written `==`"));
    }
    if left.is_empty() || right.is_empty() {
        return Err(("one side is empty", EXAMPLE));
    }
    Ok((left, operator, right))
}

/// The first operator outside of quotation marks.
fn find(text: &str) -> Option<(usize, usize, Operator)> {
    let mut quote = None;
    for (start, letter) in text.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None => {
                let here = OPERATORS.iter().find(|(sign, _)| text[start..].starts_with(sign));
                if let Some((sign, operator)) = here {
                    return Some((start, start + sign.len(), *operator));
                }
            }
        }
    }
    None
}

/// The place of a part of an entry: the whole entry where escapes hide it.
fn part_at(sources: &Sources, node: &Node, text: &str, part: &str) -> At {
    let raw = sources.text(&node.at);
    let inside = raw.find(text).filter(|_| raw.len() <= text.len() + 2);
    let offset = part.as_ptr().addr() - text.as_ptr().addr();
    let span = inside.map_or(node.at.span.clone(), |inside| {
        let from = node.at.span.start + inside + offset;
        from..from + part.len()
    });
    At { source: node.at.source, span }
}

/// A value that is none but a value: a quantity, a number, a boolean, a text in quotation marks. `None` for a word.
fn bare(side: &str) -> Option<Result<Datum, quantity::Wrong>> {
    if let Some(inner) = ['"', '\''].iter().find_map(|&mark| side.strip_prefix(mark)?.strip_suffix(mark)) {
        return Some(Ok(of_text(inner)));
    }
    match side {
        "true" => return Some(Ok(Datum::Bool(true))),
        "false" => return Some(Ok(Datum::Bool(false))),
        _ => {}
    }
    if !side.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '.' | '+' | '-')) {
        return None;
    }
    let plain = side.replace('_', "");
    if let Some(number) = plain.parse::<f64>().ok().filter(|number| number.is_finite()) {
        return Some(Ok(Datum::Number(number)));
    }
    Some(if side.contains('/') {
        quantity::rate(side).map(Datum::Rate)
    } else {
        quantity::signed_span(side).map(|span| Datum::Duration(span.0))
    })
}

fn quantity_mistake(side: &str, why: quantity::Wrong, at: &At) -> Box<Diagnostic> {
    let rate = side.contains('/');
    let (code, what) = if rate { ("E016", "rate") } else { ("E015", "duration") };
    Box::new(match why {
        quantity::Wrong::Ambiguous => {
            let plain = side.replace('m', "");
            let (one, other) = if rate {
                (format!("{plain}min"), format!("{plain}s"))
            } else {
                (format!("{plain}min"), format!("{plain}ms"))
            };
            let mistake = Diagnostic::new("E014", format!("`m` in `{side}` may be minutes or milli"));
            mistake.at(at, "ambiguous unit").help(format!("write {one} or {other}"))
        }
        quantity::Wrong::NoUnit => Diagnostic::new("E013", format!("`{side}` has no unit")).at(at, "of what?"),
        quantity::Wrong::Form(why) => {
            Diagnostic::new(code, format!("`{side}` is not a {what}: {why}")).at(at, format!("expected a {what}"))
        }
        quantity::Wrong::Range(why) => {
            Diagnostic::new("E017", format!("`{side}` is out of range: {why}")).at(at, "out of range")
        }
    })
}

/// A word with dots that begins as paths do.
fn looks_like_a_path(side: &str) -> bool {
    let first = side.split_once('.').map(|(first, _)| first);
    first.is_some_and(|first| SECTIONS.iter().any(|section| section.path.split('.').next() == Some(first)))
}

/// A text by what it says: a duration, a rate, or a text.
pub fn of_text(text: &str) -> Datum {
    if let Ok(span) = quantity::signed_span(text) {
        return Datum::Duration(span.0);
    }
    quantity::rate(text).map_or_else(|_| Datum::Text(text.to_owned()), Datum::Rate)
}

/// Why two values cannot be compared: what one is, what the other is, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    pub left: &'static str,
    pub right: &'static str,
    pub help: String,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(sign, _)| sign)
    }

    /// Whether it asks for an order.
    fn orders(self) -> bool {
        !matches!(self, Operator::Equal | Operator::NotEqual)
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::More => order.is_gt(),
            Operator::MoreOrEqual => order.is_ge(),
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
        }
    }
}

impl Datum {
    fn kind(&self) -> &'static str {
        match self {
            Datum::Duration(_) => "a duration",
            Datum::Rate(_) => "a rate",
            Datum::Number(_) => "a number",
            Datum::Bool(_) => "true or false",
            Datum::Text(_) => "a text",
            Datum::Off => "off",
            Datum::Compound(what) => what,
        }
    }
}

/// Whether a comparison holds between two values. What is off equals only what is off, and is neither more nor less than anything.
pub fn holds(left: &Datum, operator: Operator, right: &Datum) -> Result<bool, Unlike> {
    let off = |datum: &Datum| match datum {
        Datum::Off => true,
        Datum::Text(word) => matches!(word.as_str(), "off" | "none"),
        _ => false,
    };
    let unlike = |help: &str| Err(Unlike { left: left.kind(), right: right.kind(), help: help.to_owned() });
    let order = match (left, right) {
        (Datum::Compound(_), _) | (_, Datum::Compound(_)) => {
            return unlike(
                "durations, rates, numbers, texts and booleans can be compared; a distribution by a parameter of it: `idp.token_service.mean`",
            );
        }
        (Datum::Off, _) | (_, Datum::Off) => {
            let same = off(left) && off(right);
            return Ok(match operator {
                Operator::Equal => same,
                Operator::NotEqual => !same,
                Operator::Less | Operator::LessOrEqual | Operator::More | Operator::MoreOrEqual => false,
            });
        }
        (Datum::Duration(left), Datum::Duration(right)) => left.cmp(right),
        (Datum::Rate(left), Datum::Rate(right)) | (Datum::Number(left), Datum::Number(right)) => left.total_cmp(right),
        (Datum::Bool(left), Datum::Bool(right)) if !operator.orders() => left.cmp(right),
        (Datum::Text(left), Datum::Text(right)) if !operator.orders() => left.cmp(right),
        (Datum::Bool(_), Datum::Bool(_)) | (Datum::Text(_), Datum::Text(_)) => {
            return unlike("only durations, rates and numbers have an order; texts and booleans take == and !=");
        }
        (Datum::Duration(_), Datum::Number(number)) | (Datum::Number(number), Datum::Duration(_)) => {
            return unlike(&format!("give it a unit: {number}s, {number}ms or {number}min"));
        }
        (Datum::Rate(_), Datum::Number(number)) | (Datum::Number(number), Datum::Rate(_)) => {
            return unlike(&format!("give it a unit: {number}/s or {number}/min"));
        }
        _ => return unlike("compare values of one kind: two durations, two rates, two numbers, two texts"),
    };
    Ok(operator.holds(order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Datum {
        bare(text).map_or_else(|| Datum::Text(text.to_owned()), |value| value.expect("a good value"))
    }

    fn told(left: &str, operator: Operator, right: &str) -> Result<bool, Unlike> {
        holds(&value(left), operator, &value(right))
    }

    #[test]
    fn values_are_compared_by_kind_and_not_by_letters() {
        assert_eq!(told("90s", Operator::Less, "2min"), Ok(true));
        assert_eq!(told("60s", Operator::Equal, "1min"), Ok(true));
        assert_eq!(told("60/min", Operator::Equal, "1/s"), Ok(true));
        assert_eq!(told("9", Operator::Less, "1_000"), Ok(true));
        assert_eq!(told("-2s", Operator::MoreOrEqual, "1s"), Ok(false));
        assert_eq!(told("keep", Operator::NotEqual, "'invalidate-all'"), Ok(true));
        assert_eq!(told("true", Operator::Equal, "false"), Ok(false));
        let kinds = |unlike: Result<bool, Unlike>| unlike.map_err(|unlike| (unlike.left, unlike.right));
        assert_eq!(kinds(told("10min", Operator::Less, "600")), Err(("a duration", "a number")));
        assert_eq!(kinds(told("keep", Operator::Less, "drop")), Err(("a text", "a text")));
        assert_eq!(kinds(told("5/s", Operator::Equal, "5s")), Err(("a rate", "a duration")));
    }

    #[test]
    fn what_is_off_equals_off_and_has_no_order() {
        assert_eq!(holds(&Datum::Off, Operator::Equal, &value("off")), Ok(true));
        assert_eq!(holds(&Datum::Off, Operator::NotEqual, &value("5min")), Ok(true));
        assert_eq!(holds(&Datum::Off, Operator::Less, &value("5min")), Ok(false));
        assert_eq!(holds(&value("5min"), Operator::Less, &Datum::Off), Ok(false));
        assert_eq!(holds(&value("none"), Operator::Equal, &value("none")), Ok(true));
    }

    #[test]
    fn an_operator_in_quotation_marks_is_none() {
        assert_eq!(split("\"a<b\" == x.y"), Ok(("\"a<b\"", Operator::Equal, "x.y")));
        assert_eq!(split("a<=b"), Ok(("a", Operator::LessOrEqual, "b")));
        assert_eq!(split("a = b").map_err(|mistake| mistake.1), Err("equal is written `==`"));
        assert!(split("1s < a.b < 5s").is_err() && split("a.b <").is_err() && split("a.b").is_err());
        assert!(split("a === b").is_err());
    }
}
