//! Values as a scenario writes them: what `show` prints reads back as the same value.

use std::fmt::Write;

use crate::dist::Dist;
use crate::key::{Backoff, Value};
use crate::profile::Profile;
use crate::replications::{Replications, Until, Width};

/// A value in TOML; `None` where the key is off.
#[must_use]
pub fn value(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Count(value) => value.to_string(),
        Value::Real(value) => real(*value),
        Value::Interval(low, high) => format!("[{}, {}]", real(*low), real(*high)),
        Value::Span(span) => quoted(&span.to_string()),
        Value::SignedSpan(span) => quoted(&span.to_string()),
        Value::Dist(value) => dist(value),
        Value::Rate(per_s) => quoted(&rate(*per_s)),
        Value::Text(text) => quoted(text),
        Value::Texts(texts) => list(texts),
        Value::TwoTexts(one, other) => format!("[{}, {}]", list(one), list(other)),
        Value::Statuses(statuses) => {
            format!("[{}]", statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", "))
        }
        Value::Backoff(value) => backoff(value),
        Value::Profile(value) => profile(value),
        Value::Replications(value) => replications(value),
        Value::Off => return None,
    })
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A float that reads back as itself.
fn real(value: f64) -> String {
    format!("{value:?}")
}

/// A rate in the largest unit in which it is short.
fn rate(per_s: f64) -> String {
    [("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)]
        .iter()
        .map(|(unit, seconds)| (per_s * seconds, seconds, unit))
        .find(|(number, seconds, _)| format!("{number}").len() <= 9 && (number / *seconds).to_bits() == per_s.to_bits())
        .map_or_else(|| format!("{per_s}/s"), |(number, _, unit)| format!("{number}/{unit}"))
}

fn backoff(value: &Backoff) -> String {
    if *value == Backoff::constant(value.first) {
        return quoted(&value.first.to_string());
    }
    let (first, max) = (value.first, value.max);
    format!(
        "{{ first = \"{first}\", factor = {}, max = \"{max}\", jitter = {} }}",
        real(value.factor),
        real(value.jitter)
    )
}

fn profile(value: &Profile) -> String {
    let points = value.points().iter().map(|point| format!("[\"{}\", {}]", point.at, real(point.factor)));
    format!("[{}]", points.collect::<Vec<_>>().join(", "))
}

fn replications(value: &Replications) -> String {
    let Replications { min, max, until } = value;
    let until = match until {
        Until::Fixed => return max.to_string(),
        Until::Decided => quoted("decided"),
        Until::HalfWidth { metric, policy, width } => {
            let policy = policy.as_ref().map_or_else(String::new, |policy| format!(", policy = {}", quoted(policy)));
            let width = match *width {
                Width::Relative(share) => format!("relative_half_width = {}", real(share)),
                Width::Absolute(width) => format!("half_width = {}", real(width)),
            };
            format!("{{ metric = {}{policy}, {width} }}", quoted(metric))
        }
    };
    format!("{{ min = {min}, max = {max}, until = {until} }}")
}

fn dist(value: &Dist) -> String {
    match value {
        Dist::Constant(span) => quoted(&span.to_string()),
        Dist::Exponential { mean } => format!("{{ dist = \"exponential\", mean = \"{mean}\" }}"),
        Dist::Lognormal { mean, cv } => format!("{{ dist = \"lognormal\", mean = \"{mean}\", cv = {} }}", real(*cv)),
        Dist::Uniform { min, max } => format!("{{ dist = \"uniform\", min = \"{min}\", max = \"{max}\" }}"),
        Dist::Triangular { min, mode, max } => {
            format!("{{ dist = \"triangular\", min = \"{min}\", mode = \"{mode}\", max = \"{max}\" }}")
        }
        Dist::Weibull { mean, shape } => {
            format!("{{ dist = \"weibull\", mean = \"{mean}\", shape = {} }}", real(*shape))
        }
        Dist::Empirical { values } => {
            let values: Vec<String> = values.iter().map(|span| quoted(&span.to_string())).collect();
            format!("{{ dist = \"empirical\", values = [{}] }}", values.join(", "))
        }
    }
}

/// A text in TOML's basic quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::quantity;

    #[test]
    fn a_rate_reads_back_as_it_prints() {
        for text in ["200/s", "12/min", "3/h", "0.5/s", "7/d", "33.3/min"] {
            let per_s = quantity::rate(text).unwrap();
            assert_eq!(quantity::rate(&rate(per_s)).unwrap().to_bits(), per_s.to_bits(), "{text} → {}", rate(per_s));
        }
        assert_eq!(rate(0.2), "0.2/s");
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd\u{1}"), "\"a\\\"b\\\\c\\nd\\u0001\"");
    }
}
