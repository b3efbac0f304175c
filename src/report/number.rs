//! Numbers for people: three or four digits that matter, thousands apart; and numbers for programs: exact.

use crate::time::NANOS_PER_SECOND;

/// For people: `1,790`, `241`, `41.3`, `3.21`, `0.214`, `0`.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if size < 0.000_5 {
        return format!("{value:.1e}");
    }
    let decimals = [100.0, 10.0, 1.0].iter().filter(|&&limit| size < limit).count();
    let text = fixed(value, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// For people: a mean and half the width of its interval, to the digits that the interval allows.
#[must_use]
pub fn with_half_width(mean: f64, half: Option<f64>, sign: &str) -> String {
    match half {
        None => short(mean),
        Some(half) if half < 0.000_5 => format!("{} {sign} {}", short(mean), short(half)),
        Some(half) => {
            let decimals = [10.0, 1.0, 0.1].iter().filter(|&&limit| half < limit).count();
            format!("{} {sign} {}", fixed(mean, decimals), fixed(half, decimals))
        }
    }
}

/// So many decimals, commas between thousands, never a negative zero.
#[must_use]
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let negative = value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    let mut out = String::from(if negative { "-" } else { "" });
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A share as a percentage: `41 %`, `0.4 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, usize::from(share.abs() < 0.1)))
}

/// For people: a time in the unit that suits it: `61 ms`, `4.2 s`, `12 min`, `3.2 h`, `1.5 d`.
#[must_use]
pub fn span(seconds: f64) -> String {
    const UNITS: [(f64, &str); 5] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms")];
    if seconds == 0.0 {
        return "0".into();
    }
    let (size, unit) = UNITS.into_iter().find(|&(size, _)| seconds >= size).unwrap_or(UNITS[4]);
    format!("{} {unit}", short(seconds / size))
}

/// For programs: the shortest text that reads back the same; nothing for NaN, no negative zero.
#[must_use]
pub fn exact(value: f64) -> String {
    if value.is_nan() {
        String::new()
    } else if value == 0.0 {
        "0".into()
    } else {
        value.to_string()
    }
}

/// For programs: nanoseconds as seconds, exact.
#[must_use]
pub fn seconds(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// For programs: nanoseconds as seconds, to the nearest microsecond.
#[must_use]
pub fn micros(nanos: u64) -> String {
    seconds(nanos.saturating_add(500) / 1_000 * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_three_or_four_digits() {
        let cases = [
            (1_790.4, "1,790"),
            (1_234_567.0, "1,234,567"),
            (240.6, "241"),
            (41.26, "41.3"),
            (3.0, "3"),
            (0.2, "0.2"),
            (0.214_4, "0.214"),
            (0.0, "0"),
            (-0.0, "0"),
            (-12.34, "-12.3"),
            (0.000_012, "1.2e-5"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        assert_eq!((percent(0.412), percent(0.004)), ("41 %".into(), "0.4 %".into()));
    }

    #[test]
    fn a_time_has_the_unit_that_suits_it() {
        let cases = [(0.061, "61 ms"), (4.2, "4.2 s"), (754.0, "12.6 min"), (11_520.0, "3.2 h"), (129_600.0, "1.5 d")];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
        assert_eq!((span(0.0), span(0.000_25)), ("0".into(), "0.25 ms".into()));
    }

    #[test]
    fn a_mean_shows_no_more_than_its_interval_allows() {
        assert_eq!(with_half_width(1_790.44, Some(21.3), "±"), "1,790 ± 21");
        assert_eq!(with_half_width(0.2, Some(0.031), "+-"), "0.200 +- 0.031");
        assert_eq!(with_half_width(240.0, Some(3.42), "±"), "240.0 ± 3.4");
        assert_eq!(with_half_width(36.0, Some(0.0), "±"), "36 ± 0");
        assert_eq!(with_half_width(36.0, None, "±"), "36");
        assert_eq!(with_half_width(-0.01, Some(4.0), "±"), "0.0 ± 4.0");
    }

    #[test]
    fn programs_read_exact_numbers() {
        assert_eq!((exact(0.1), exact(-0.0), exact(f64::NAN)), ("0.1".into(), "0".into(), String::new()));
        assert_eq!((seconds(3_600_000_000_000), seconds(1_500_000_001)), ("3600".into(), "1.500000001".into()));
    }
}
