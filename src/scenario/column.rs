//! A file with a column of seconds: the instants of a trace, or the values of an empirical distribution.

use super::diagnostic::Diagnostic;
use super::quantity::{self, LONGEST};
use super::reader::Reader;
use super::source::{At, Kind};
use crate::time::SimSpan;

/// Whether the order of the lines matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Any,
    /// No line before the one above it.
    Ascending,
}

/// So many mistakes of one file are told; the rest is counted.
const TOLD: usize = 5;

/// The first column of a file that `at` names, without its heading; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, at: &At, name: &str, order: Order) -> Option<Vec<SimSpan>> {
    let (shown, text) = reader.read_beside(at, name)?;
    let (values, mistakes) = parse(&text, order);
    if mistakes.is_empty() {
        return Some(values);
    }
    let source = reader.sources.add(shown.clone(), text, Kind::Argument);
    for (span, why) in mistakes.iter().take(TOLD) {
        let at = At { source, span: span.clone() };
        reader.say(Diagnostic::new("E033", format!("{shown}: {why}")).at(&at, "in this line"));
    }
    if mistakes.len() > TOLD {
        let at = At { source, span: mistakes[TOLD].0.clone() };
        let more = mistakes.len() - TOLD;
        reader.say(Diagnostic::new("E033", format!("{shown}: more bad lines, {more} in all")).at(&at, "the next one"));
    }
    None
}

type Mistakes = Vec<(std::ops::Range<usize>, String)>;

fn parse(text: &str, order: Order) -> (Vec<SimSpan>, Mistakes) {
    let mut values: Vec<SimSpan> = Vec::new();
    let mut mistakes = Mistakes::new();
    let mut start = 0;
    let body = text.trim_end();
    for (number, line) in body.split('\n').enumerate() {
        let field = line.split([',', ';', '\t']).next().unwrap_or("");
        let span = start..start + field.trim_end().len();
        start += line.len() + 1;
        match seconds(field.trim()) {
            Ok(value) if order == Order::Ascending && values.last().is_some_and(|last| value < *last) => {
                mistakes.push((span, "a time before the one above it: sort the file".into()));
            }
            Ok(value) => values.push(value),
            Err(_) if number == 0 && field.trim().starts_with(|c: char| c.is_alphabetic() || c == '"') => {}
            Err(why) => mistakes.push((span, why)),
        }
    }
    if values.is_empty() && mistakes.is_empty() {
        mistakes.push((0..body.len().min(1), "no line has a number".into()));
    }
    (values, mistakes)
}

/// Seconds, exact where they are written out; `1e-3` goes through a float.
fn seconds(field: &str) -> Result<SimSpan, String> {
    if field.is_empty() {
        return Err("a line without a time".into());
    }
    if let Ok(span) = quantity::span(&format!("{field}s")) {
        return Ok(span);
    }
    match field.parse::<f64>() {
        Ok(value) if value < 0.0 => Err(format!("`{field}` is before the beginning")),
        Ok(value) if value <= LONGEST.as_secs_f64() => Ok(SimSpan::from_secs_f64(value)),
        Ok(_) | Err(_) => Err(format!("`{field}` is not a number of seconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_more_columns_and_windows_lines_are_fine() {
        let (values, mistakes) = parse("seconds,api\r\n0.5,orders\r\n1e-3,orders\r\n2,orders\r\n", Order::Any);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(values, [SimSpan::millis(500), SimSpan::millis(1), SimSpan::secs(2)]);
    }

    #[test]
    fn unordered_missing_and_foreign_times_are_each_told() {
        let (_, mistakes) = parse("1\n0.5\n\nsoon\n-3\nNaN\n", Order::Ascending);
        let told: Vec<&str> = mistakes.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told[0].contains("before the one above") && told[1].contains("without a time"));
    }
}
