//! Profiles as a scenario writes them: `[["0s", 1.0], ["8h", 3.0]]`.

use super::decode;
use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::source::At;
use super::tree::{Node, Tree};
use crate::key::{Key, Ty, Value};
use crate::profile::{Point, Profile};

/// A profile; what is wrong goes to the reader, of every point.
pub fn read(reader: &mut Reader, name: &'static str, node: &Node) -> Option<Profile> {
    let Tree::List(list) = &node.value else {
        reader.say(wrong(node, "a list of times and factors").help(EXAMPLE));
        return None;
    };
    if list.is_empty() {
        let mistake = Diagnostic::new("E017", format!("`{name}` has no point")).at(&node.at, "an empty list");
        reader.say(mistake.help(EXAMPLE));
        return None;
    }
    let before = reader.out.len();
    let points: Vec<Point> = list.iter().filter_map(|pair| point(reader, name, pair)).collect();
    if reader.out.len() > before {
        return None;
    }
    let places: Vec<&At> = list.iter().map(|pair| &pair.at).collect();
    in_order(reader, name, &points, &places);
    if reader.out.len() > before {
        return None;
    }
    let profile = Profile::new(points);
    if !profile.is_ever_positive() {
        let mistake = Diagnostic::new("E017", format!("the factor of `{name}` is 0 all the time"));
        reader.say(mistake.at(&node.at, "nobody ever calls").help("make one factor greater than 0 for some time"));
        return None;
    }
    Some(profile)
}

const EXAMPLE: &str = "for example: [[\"0s\", 1.0], [\"8h\", 3.0]], a factor for each time, and linear between";

fn wrong(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::new("E011", format!("expected {expected}, found {}", node.found()))
        .at(&node.at, format!("expected {expected}"))
}

/// A time and a factor.
fn point(reader: &mut Reader, name: &'static str, node: &Node) -> Option<Point> {
    let pair = if let Tree::List(pair) = &node.value { pair.as_slice() } else { &[] };
    let [at, factor] = pair else {
        let expected = "a time and its factor";
        let mistake = if pair.is_empty() {
            wrong(node, expected)
        } else {
            let found = format!("expected {expected}, found a list of {}", pair.len());
            Diagnostic::new("E011", found).at(&node.at, format!("expected {expected}"))
        };
        reader.say(mistake.help("write it like [\"8h\", 3.0]"));
        return None;
    };
    if at.number().is_some() && factor.text().is_some() {
        let mistake = Diagnostic::new("E011", "expected a time and its factor, found a factor and its time");
        reader.say(mistake.at(&node.at, "the time comes first"));
        return None;
    }
    let at = decode::value(reader, &Key::required(name, Ty::Span, ""), at);
    let factor = number(reader, name, factor);
    match (at, factor) {
        (Some(Value::Span(at)), Some(factor)) => Some(Point { at, factor }),
        _ => None,
    }
}

fn number(reader: &mut Reader, name: &str, node: &Node) -> Option<f64> {
    let mistake = match node.number() {
        Some(number) if number.is_finite() && number >= 0.0 => return Some(number),
        Some(_) => Diagnostic::new("E017", format!("a factor of `{name}` must be 0 or more, and finite"))
            .at(&node.at, "out of range"),
        None => wrong(node, "a number"),
    };
    reader.say(mistake);
    None
}

/// Times do not go back; two at once are a step, and a third would say nothing.
fn in_order(reader: &mut Reader, name: &str, points: &[Point], places: &[&At]) {
    for (index, pair) in points.windows(2).enumerate() {
        let (earlier, later) = (pair[0].at, pair[1].at);
        if later < earlier {
            let mistake = Diagnostic::new("E025", format!("the times of `{name}` go back"));
            let mistake = mistake.at(places[index + 1], format!("{later} after {earlier}"));
            reader.say(mistake.also(places[index], "the point before it").help("put the points in the order of time"));
        }
        if points.get(index + 2).is_some_and(|third| third.at == later && later == earlier) {
            let mistake = Diagnostic::new("E025", format!("`{name}` has three factors at {later}"));
            let mistake = mistake.at(places[index + 1], "counts at no time");
            reader.say(mistake.help("two points at one time make a step, from the first factor to the second"));
        }
    }
}
