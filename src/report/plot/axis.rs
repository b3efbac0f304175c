//! Our own axes: values to pixels and ticks, linear or logarithmic, on exact arithmetic and `libm`.

use super::pixel;
use crate::report::number::short;

/// Beyond this ratio of the largest to the smallest value, an axis is logarithmic.
const LOG_FROM: f64 = 50.0;
/// Width of the place for zeros at the low end of a logarithmic axis.
const ZERO_PLACE: i32 = 56;
/// Decades that a logarithmic axis shows at most; what is smaller stands with the zeros.
const MOST_DECADES: usize = 7;

const POWERS: [f64; 19] =
    [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// Times in seconds as people count them.
const TIMES: [(f64, &str); 12] = [
    (1e-3, "1 ms"),
    (0.01, "10 ms"),
    (0.1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (36_000.0, "10 h"),
    (172_800.0, "2 d"),
    (1_728_000.0, "20 d"),
    (31_536_000.0, "1 year"),
];

/// An axis for values that are not negative, or (linear) for any.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Pixels of its ends; the first is the low end.
    from: i32,
    to: i32,
    low: f64,
    high: f64,
    log: bool,
    /// Whether the low end of a logarithmic axis keeps a place for zeros.
    zeros: bool,
}

/// A value that the axis names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub at: i32,
    pub text: String,
}

impl Axis {
    /// A linear axis between two values.
    pub fn linear(from: i32, to: i32, low: f64, high: f64) -> Axis {
        Axis { from, to, low, high: if high > low { high } else { low + 1.0 }, log: false, zeros: false }
    }

    /// The axis that these values (zero or more) ask for; it includes zero.
    pub fn fit(from: i32, to: i32, values: &[f64]) -> Axis {
        let (low, high) = ends(values);
        if high <= LOG_FROM * low {
            let step = nice_step(high.max(1e-6));
            return Axis::linear(from, to, 0.0, libm::ceil(high / step).max(1.0) * step);
        }
        Axis::log(from, to, values)
    }

    /// An axis from end to end of these values (zero or more), zero included unless they are close together; logarithmic
    /// beyond the ratio `log_from`.
    pub fn scale(from: i32, to: i32, values: &[f64], log_from: f64) -> Axis {
        let (least, high) = ends(values);
        if high > log_from * least {
            return Axis::log(from, to, values);
        }
        let close = values.iter().all(|&value| value > 0.5 * high) && least < high;
        Axis::linear(from, to, if close { least } else { 0.0 }, high)
    }

    fn log(from: i32, to: i32, values: &[f64]) -> Axis {
        let (low, high) = ends(values);
        let highest = round_values().find(|&value| value >= high).unwrap_or(high);
        let least = highest / POWERS[6 + MOST_DECADES];
        let lowest = round_values().filter(|&value| value <= low.max(least)).last().unwrap_or(least);
        let zeros = values.iter().any(|&value| value < lowest);
        Axis { from, to, low: lowest, high: highest, log: true, zeros }
    }

    /// A logarithmic axis for times in seconds, zero or more; what is below a millisecond stands with the zeros.
    pub fn times(from: i32, to: i32, values: &[f64]) -> Axis {
        let high = values.iter().copied().fold(0.0, f64::max);
        let least = values.iter().copied().filter(|&value| value >= TIMES[0].0).fold(high, f64::min);
        let named = || TIMES.iter().map(|time| time.0);
        let low = named().take_while(|&time| time <= least && time < high).last().unwrap_or(TIMES[0].0);
        let high = named().find(|&time| time >= high && time > low).unwrap_or(high);
        Axis { from, to, low, high, log: true, zeros: values.iter().any(|&value| value < low) }
    }

    /// The times to name on an axis of times.
    pub fn time_ticks(&self) -> Vec<Tick> {
        let zero = Some(Tick { at: self.at(0.0), text: "0".into() }).filter(|_| self.zeros);
        let named = TIMES.iter().filter(|(time, _)| *time >= self.low && *time <= self.high);
        zero.into_iter().chain(named.map(|&(time, text)| Tick { at: self.at(time), text: text.into() })).collect()
    }

    /// The pixels of its low and its high end.
    pub fn ends(&self) -> (i32, i32) {
        (self.from, self.to)
    }

    /// Whether equal distances are equal ratios.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The pixel of a value; what is outside stands at the end of the axis.
    pub fn at(&self, value: f64) -> i32 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        if !self.log {
            let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
            return pixel(from + share * (to - from));
        }
        let place = if self.zeros { ZERO_PLACE } else { 0 };
        let shift = if self.to > self.from { place } else { -place };
        if value < self.low {
            return self.from + shift / 4;
        }
        let share = libm::log10(value.min(self.high) / self.low) / libm::log10(self.high / self.low);
        let start = from + f64::from(shift);
        pixel(start + share * (to - start))
    }

    /// The values to name.
    pub fn ticks(&self) -> Vec<Tick> {
        let tick = |value: f64| Tick { at: self.at(value), text: short(value) };
        if self.log {
            let wide = self.high / self.low > 1e3;
            let named: Vec<f64> = if wide { POWERS.to_vec() } else { round_values().collect() };
            let named = named.into_iter().filter(|&value| value >= self.low && value <= self.high);
            return std::iter::once(0.0).filter(|_| self.zeros).chain(named).map(tick).collect();
        }
        let step = nice_step(self.high - self.low);
        let first = libm::ceil(self.low / step - 1e-9);
        (0..12)
            .map(|index| (first + f64::from(index)) * step)
            .filter(|&value| value <= self.high + step * 1e-9)
            .map(tick)
            .collect()
    }
}

/// The least value above zero, and the largest; both zero where there is none.
fn ends(values: &[f64]) -> (f64, f64) {
    let high = values.iter().copied().fold(0.0, f64::max);
    (values.iter().copied().filter(|&value| value > 0.0).fold(high, f64::min), high)
}

/// A step of 1, 2 or 5 times a power of ten that gives four to eight ticks.
fn nice_step(range: f64) -> f64 {
    round_values().find(|step| range / step <= 8.0).unwrap_or(range)
}

/// 1, 2 and 5 times each power of ten, upwards.
fn round_values() -> impl Iterator<Item = f64> {
    POWERS.iter().flat_map(|power| [power * 1.0, power * 2.0, power * 5.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn a_narrow_range_is_linear_from_zero() {
        let axis = Axis::fit(100, 900, &[120.0, 240.0, 700.0]);
        assert!(!axis.is_log());
        assert_eq!(texts(&axis), ["0", "100", "200", "300", "400", "500", "600", "700"]);
        assert_eq!((axis.at(0.0), axis.at(350.0), axis.at(700.0)), (100, 500, 900));
    }

    #[test]
    fn a_wide_range_is_logarithmic_with_a_place_for_zero() {
        let axis = Axis::fit(100, 900, &[0.0, 0.2, 3.0, 1_790.0]);
        assert!(axis.is_log());
        assert_eq!(texts(&axis), ["0", "1", "10", "100", "1,000"]);
        assert!(axis.at(0.0) < axis.at(0.2) && axis.at(0.2) == 156 && axis.at(2_000.0) == 900);
        // Upwards on the sheet, pixels go down; without zeros there is no place for them.
        let up = Axis::fit(500, 100, &[0.2, 1_790.0]);
        assert!(up.at(0.2) == 500 && up.at(0.2) > up.at(1_000.0));
        assert_eq!(texts(&Axis::fit(0, 100, &[3.0, 4.0, 160.0])), ["2", "5", "10", "20", "50", "100", "200"]);
    }

    #[test]
    fn a_scale_of_values_that_are_close_begins_at_the_least() {
        let place = |values: &[f64], value: f64| Axis::scale(0, 100, values, 100.0).at(value);
        assert_eq!((place(&[30.0, 40.0], 30.0), place(&[30.0, 40.0], 40.0)), (0, 100));
        assert_eq!((place(&[10.0, 40.0], 10.0), place(&[0.0, 40.0], 0.0)), (25, 0));
        assert!(
            Axis::scale(0, 100, &[0.1, 11.0], 100.0).is_log() && !Axis::scale(0, 100, &[0.2, 11.0], 100.0).is_log()
        );
        assert_eq!(place(&[7.0, 7.0], 7.0), 100);
    }

    #[test]
    fn times_are_named_as_people_count_them() {
        let named = |values: &[f64]| -> Vec<String> {
            Axis::times(100, 900, values).time_ticks().into_iter().map(|tick| tick.text).collect()
        };
        let wide = ["0", "10 ms", "100 ms", "1 s", "10 s", "1 min", "10 min", "1 h", "10 h"];
        assert_eq!(named(&[0.0, 0.061, 7_100.0]), wide);
        assert_eq!(named(&[70.0, 80.0]), ["1 min", "10 min"]);
        assert_eq!(
            (named(&[]), named(&[0.0])),
            (vec!["1 ms".into(), "10 ms".into()], vec!["0".into(), "1 ms".into(), "10 ms".into()])
        );
        assert_eq!(named(&[3_600.0]), ["10 min", "1 h"]);
        let axis = Axis::times(100, 900, &[0.0, 0.01, 1.0]);
        assert!(axis.at(0.0) < axis.at(0.01) && axis.at(0.01) == 156 && axis.at(1.0) == 900);
    }

    #[test]
    fn nothing_and_one_value_have_an_axis() {
        assert_eq!(texts(&Axis::fit(0, 100, &[])).first(), Some(&"0".to_string()));
        assert!(texts(&Axis::fit(0, 100, &[0.03])).len() > 3);
        assert_eq!(texts(&Axis::linear(0, 100, -30.0, 200.0)), ["0", "50", "100", "150", "200"]);
    }
}
