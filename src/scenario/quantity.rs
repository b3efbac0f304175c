//! Durations and rates as a scenario writes them. Durations are exact: no float touches them.

use crate::key::SignedSpan;
use crate::time::SimSpan;

/// What is wrong with a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A number, and nothing that says of what.
    NoUnit,
    /// `m`: minutes or milli.
    Ambiguous,
    /// Not the form of it.
    Form(String),
    /// The right form, but outside of what can be.
    Range(String),
}

/// A century: longer than any run, and far from where arithmetic ends.
pub const LONGEST: SimSpan = SimSpan::secs(36_525 * 86_400);

/// The least that is not nothing.
pub const FINEST: SimSpan = SimSpan(1);

/// The greatest rate: one a nanosecond.
pub const MOST_PER_S: f64 = 1e9;

const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// A duration: `250ms`, `1.5s`, `1h30min`.
pub fn span(text: &str) -> Result<SimSpan, Wrong> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(Wrong::Range("a duration is not negative".into()));
    }
    if text.is_empty() {
        return Err(Wrong::Form("there is nothing here".into()));
    }
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (nanos, after) = part(rest)?;
        total = total.saturating_add(nanos);
        rest = after;
    }
    match u64::try_from(total) {
        Ok(nanos) if nanos <= LONGEST.0 => Ok(SimSpan(nanos)),
        Ok(_) | Err(_) => Err(Wrong::Range("a duration is at most a century, 36525d".into())),
    }
}

/// A duration forwards or backwards: `2s`, `+2s`, `-750ms`.
pub fn signed_span(text: &str) -> Result<SignedSpan, Wrong> {
    let text = text.trim();
    let (backwards, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.trim_start().starts_with(['-', '+']) {
        return Err(Wrong::Form("one sign is enough".into()));
    }
    let nanos = span(rest)?.0.cast_signed();
    Ok(SignedSpan(if backwards { -nanos } else { nanos }))
}

/// One number with its unit, in nanoseconds, and what follows it.
fn part(text: &str) -> Result<(u128, &str), Wrong> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if number.is_empty() {
        return Err(Wrong::Form(format!("`{text}` does not begin with a number")));
    }
    let rest = rest.trim_start();
    let end = rest.find(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let size = match unit {
        "" => return Err(Wrong::NoUnit),
        "m" | "M" => return Err(Wrong::Ambiguous),
        "µs" | "μs" => 1_000,
        unit => match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, size)) => *size,
            None => return Err(Wrong::Form(format!("`{unit}` is no unit: use ns, us, ms, s, min, h or d"))),
        },
    };
    Ok((decimal(number, size)?, rest.trim_start()))
}

/// A decimal number times a whole unit, which must come out whole.
fn decimal(number: &str, unit: u64) -> Result<u128, Wrong> {
    let form = || Wrong::Form(format!("`{number}` is no number"));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
        return Err(form());
    }
    let part = part.trim_end_matches('0');
    if whole.trim_start_matches('0').len() > 18 {
        return Err(Wrong::Range("a duration is at most a century, 36525d".into()));
    }
    if part.len() > 14 {
        return Err(Wrong::Range("nothing is finer than a nanosecond".into()));
    }
    let scale = 10_u128.pow(u32::try_from(part.len()).map_err(|_| form())?);
    let parse = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<u128>().map_err(|_| form()) };
    let numerator = (parse(whole)? * scale + parse(part)?) * u128::from(unit);
    if numerator % scale != 0 {
        return Err(Wrong::Range("nothing is finer than a nanosecond".into()));
    }
    Ok(numerator / scale)
}

/// A rate, per second: `200/s`, `12/min`.
pub fn rate(text: &str) -> Result<f64, Wrong> {
    let Some((number, unit)) = text.split_once('/') else {
        return Err(if text.trim().parse::<f64>().is_ok() {
            Wrong::NoUnit
        } else {
            Wrong::Form("a rate is a number per unit of time".into())
        });
    };
    let (number, unit) = (number.trim(), unit.trim());
    let seconds = match unit {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "m" => return Err(Wrong::Ambiguous),
        "" => return Err(Wrong::NoUnit),
        unit => return Err(Wrong::Form(format!("`{unit}` is no unit of a rate: use s, min, h or d"))),
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let negative = number.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok());
        return Err(if negative {
            Wrong::Range("a rate is above zero".into())
        } else {
            Wrong::Form(format!("`{number}` is no number"))
        });
    }
    let value: f64 = number.parse().map_err(|_| Wrong::Form(format!("`{number}` is no number")))?;
    let per_s = value / seconds;
    if value <= 0.0 {
        return Err(Wrong::Range("a rate is above zero".into()));
    }
    if per_s > MOST_PER_S {
        return Err(Wrong::Range("a rate is at most 1000000000/s, one a nanosecond".into()));
    }
    if per_s < 1e-9 {
        return Err(Wrong::Range("a rate is at least one in thirty years".into()));
    }
    Ok(per_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        let cases = [
            ("250ms", 250_000_000),
            ("30s", 30_000_000_000),
            ("1.5s", 1_500_000_000),
            ("5min", 300_000_000_000),
            ("1h30min", 5_400_000_000_000),
            ("1d", 86_400_000_000_000),
            ("0.000000001s", 1),
            ("1 h 30 min", 5_400_000_000_000),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("12ns", 12),
            ("0s", 0),
            (".5s", 500_000_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(span(text), Ok(SimSpan(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        assert_eq!(span("30"), Err(Wrong::NoUnit));
        assert_eq!(span("5m"), Err(Wrong::Ambiguous));
        assert_eq!(span("1h30m"), Err(Wrong::Ambiguous));
        assert!(matches!(span("soon"), Err(Wrong::Form(_))));
        assert!(matches!(span(""), Err(Wrong::Form(_))));
        assert!(matches!(span("1.2.3s"), Err(Wrong::Form(_))));
        assert!(matches!(span("5 parsecs"), Err(Wrong::Form(_))));
        assert!(matches!(span("-5s"), Err(Wrong::Range(_))));
        assert!(matches!(span("0.1ns"), Err(Wrong::Range(_))));
        assert!(matches!(span("99999999999999999999999d"), Err(Wrong::Range(_))));
        assert!(matches!(span("36526d"), Err(Wrong::Range(_))));
    }

    #[test]
    fn a_signed_duration_is_exact_in_both_directions() {
        for (text, nanos) in [
            ("2s", 2_000_000_000),
            ("+2s", 2_000_000_000),
            ("-750ms", -750_000_000),
            ("- 1h30min", -5_400_000_000_000),
            ("-0s", 0),
            ("-1ns", -1),
            ("-36525d", -3_155_760_000_000_000_000),
        ] {
            assert_eq!(signed_span(text), Ok(SignedSpan(nanos)), "{text}");
            assert_eq!(signed_span(&SignedSpan(nanos).to_string()), Ok(SignedSpan(nanos)), "{text}");
        }
        assert_eq!(signed_span("-2"), Err(Wrong::NoUnit));
        assert_eq!(signed_span("-2m"), Err(Wrong::Ambiguous));
        for text in ["", "-", "--2s", "+-2s", "late", "-late"] {
            assert!(matches!(signed_span(text), Err(Wrong::Form(_))), "{text}");
        }
        for text in ["-0.1ns", "-36526d", "36526d"] {
            assert!(matches!(signed_span(text), Err(Wrong::Range(_))), "{text}");
        }
    }

    #[test]
    fn a_span_reads_back_as_it_prints() {
        for nanos in [0, 1, 999, 1_500, 61_500_000_000, 86_400_000_000_007, 5_400_000_000_000] {
            assert_eq!(span(&SimSpan(nanos).to_string()), Ok(SimSpan(nanos)));
        }
    }

    #[test]
    fn rates_are_per_second_whatever_their_unit() {
        let close = |text: &str, per_s: f64| (rate(text).unwrap() / per_s - 1.0).abs() < 1e-15;
        assert!(close("200/s", 200.0) && close("12/min", 0.2) && close("3/h", 3.0 / 3600.0) && close("0.5/s", 0.5));
        assert_eq!(rate("200"), Err(Wrong::NoUnit));
        assert_eq!(rate("200/m"), Err(Wrong::Ambiguous));
        assert!(matches!(rate("0/s"), Err(Wrong::Range(_))));
        assert!(matches!(rate("-1/s"), Err(Wrong::Range(_))));
        assert!(matches!(rate("many/s"), Err(Wrong::Form(_))));
        assert!(matches!(rate("1e400/s"), Err(Wrong::Form(_))));
    }
}
