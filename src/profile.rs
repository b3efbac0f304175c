//! Factors on a rate over time, and the change of time that they make (model.md §1).
//!
//! A population with a profile has a time of its own, its operational time: that in which its calls come at the plain rate.
//! At the instant t of the run it is Λ(t), the integral of the factor from 0 to t. A call that is born at x in operational
//! time is born at the t with Λ(t) = x: what comes as a Poisson process at a constant rate in operational time comes as one
//! at rate × factor in the run's (Çinlar, Introduction to Stochastic Processes, 1975, 4.7). So the profile moves calls, and
//! call k stays the same call.

use std::ops::Add;
use std::sync::Arc;

use crate::time::{SimSpan, SimTime};

/// Factors on a rate: linear between its points, the first one before them and the last one after them. Two points at one
/// time are a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    points: Arc<[Point]>,
}

/// A time since the beginning of the run, and the factor at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: SimSpan,
    pub factor: f64,
}

/// An instant of a population's own time, in nanoseconds since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operational(pub u128);

impl Operational {
    /// The instant of the run where there is no profile: the same.
    #[must_use]
    pub fn unchanged(self) -> SimTime {
        u64::try_from(self.0).map_or(SimTime::NEVER, SimTime)
    }
}

impl Add<SimSpan> for Operational {
    type Output = Operational;
    fn add(self, span: SimSpan) -> Operational {
        Operational(self.0 + u128::from(span.0))
    }
}

/// From one point to the next: `length` of the run from `start` on, `area` of operational time from `passed` on.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: SimTime,
    length: SimSpan,
    first: f64,
    last: f64,
    passed: u128,
    /// Rounded to nanoseconds, once.
    area: u128,
}

/// From operational time to that of the run, for instants that come in order.
#[derive(Clone, Debug)]
pub struct ChangeOfTime {
    pieces: Arc<[Piece]>,
    /// The first piece that is not over.
    piece: usize,
    latest: SimTime,
}

impl Profile {
    /// A profile of these points.
    ///
    /// # Panics
    /// Where there is none, times go back, or a factor is negative or not finite.
    #[must_use]
    pub fn new(points: Vec<Point>) -> Profile {
        assert!(!points.is_empty() && points.is_sorted_by_key(|point| point.at), "{points:?}");
        assert!(points.iter().all(|point| point.factor.is_finite() && point.factor >= 0.0), "{points:?}");
        Profile { points: points.into() }
    }

    /// Its points, in order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The largest factor.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.points.iter().map(|point| point.factor).fold(0.0, f64::max)
    }

    /// Whether a call is ever born by it, in a run without end.
    #[must_use]
    pub fn is_ever_positive(&self) -> bool {
        let last = &self.points[self.points.len() - 1];
        last.factor > 0.0 || self.pieces().iter().any(|piece| piece.length > SimSpan::ZERO && piece.largest() > 0.0)
    }

    /// The factors just before a time and just after it: two where it is a step. Nothing is before the beginning.
    #[must_use]
    pub fn around(&self, at: SimSpan) -> [f64; 2] {
        let (before, rest) = self.points.split_at(self.points.partition_point(|point| point.at < at));
        let (here, after) = rest.split_at(rest.partition_point(|point| point.at == at));
        match (before, here, after) {
            (_, [.., last], _) if at == SimSpan::ZERO => [last.factor; 2],
            (_, [only], _) | ([.., only], [], []) | ([], [], [only, ..]) => [only.factor; 2],
            (_, [first, .., last], _) => [first.factor, last.factor],
            ([.., left], [], [right, ..]) => {
                let share = (at - left.at).as_secs_f64() / (right.at - left.at).as_secs_f64();
                [left.factor + (right.factor - left.factor) * share; 2]
            }
            ([], [], []) => unreachable!("a profile has a point"),
        }
    }

    /// The change of time that it makes.
    #[must_use]
    pub fn change_of_time(&self) -> ChangeOfTime {
        ChangeOfTime { pieces: self.pieces().into(), piece: 0, latest: SimTime::ZERO }
    }

    /// Before the first point, between the points, and after the last one.
    fn pieces(&self) -> Vec<Piece> {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let before = Point { at: SimSpan::ZERO, ..first };
        let after = Point { at: SimSpan::FOREVER, ..last };
        let ends: Vec<Point> = [before].into_iter().chain(self.points.iter().copied()).chain([after]).collect();
        let mut passed = 0_u128;
        ends.windows(2)
            .map(|ends| {
                let (from, to) = (ends[0], ends[1]);
                let length = to.at - from.at;
                let area = area(length, from.factor, to.factor);
                let start = SimTime::ZERO + from.at;
                let piece = Piece { start, length, first: from.factor, last: to.factor, passed, area };
                passed = passed.saturating_add(area);
                piece
            })
            .collect()
    }
}

impl ChangeOfTime {
    /// The instant of the run, if it ever comes. Where the factor is 0 it is the first one at which it is above 0 again.
    ///
    /// Instants are asked for in order, and never lie before one another.
    pub fn real(&mut self, at: Operational) -> Option<SimTime> {
        while at.0 >= self.pieces.get(self.piece)?.end() {
            self.piece += 1;
        }
        let piece = &self.pieces[self.piece];
        self.latest = self.latest.max(piece.start + piece.after(at.0 - piece.passed));
        Some(self.latest)
    }
}

impl Piece {
    fn end(&self) -> u128 {
        self.passed.saturating_add(self.area)
    }

    fn largest(&self) -> f64 {
        self.first.max(self.last)
    }

    /// So long into the piece `passed` of its area has passed: less than all.
    ///
    /// The root of first·τ + slope·τ²/2 = passed, from whichever end the factor grows, so that nothing is cancelled.
    fn after(&self, passed: u128) -> SimSpan {
        let (first, last) = (self.first, self.last);
        if first.to_bits() == last.to_bits() {
            return self.within(if first.to_bits() == 1.0_f64.to_bits() {
                passed
            } else {
                rounded(real(passed) / first)
            });
        }
        let slope = (last - first).abs() / real(u128::from(self.length.0));
        let root = |from: f64, area: u128| {
            let area = real(area);
            if area > 0.0 { rounded(2.0 * area / (from + libm::sqrt(from * from + 2.0 * slope * area))) } else { 0 }
        };
        if first < last {
            self.within(root(first, passed))
        } else {
            self.length - self.within(root(last, self.area - passed))
        }
    }

    fn within(&self, nanos: u128) -> SimSpan {
        u64::try_from(nanos).map_or(self.length, SimSpan).min(self.length)
    }
}

/// In whole nanoseconds.
fn area(length: SimSpan, first: f64, last: f64) -> u128 {
    let one = 1.0_f64.to_bits();
    if first.to_bits() == one && last.to_bits() == one {
        return u128::from(length.0);
    }
    rounded(real(u128::from(length.0)) * (first + last) / 2.0)
}

#[expect(clippy::cast_precision_loss, reason = "exact for a hundred days, and then to 16 digits")]
fn real(nanos: u128) -> f64 {
    nanos as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn rounded(nanos: f64) -> u128 {
    libm::rint(nanos) as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Rows, Seeds, uniform};
    use crate::time::NANOS_PER_SECOND;

    const S: u64 = NANOS_PER_SECOND;

    fn profile(points: &[(u64, f64)]) -> Profile {
        Profile::new(points.iter().map(|&(secs, factor)| Point { at: SimSpan::secs(secs), factor }).collect())
    }

    /// The instants of these operational seconds.
    fn real_at(points: &[(u64, f64)], at: &[f64]) -> Vec<Option<SimTime>> {
        let mut change = profile(points).change_of_time();
        at.iter().map(|at| change.real(Operational(rounded(at * 1e9)))).collect()
    }

    fn secs(at: &[f64]) -> Vec<Option<SimTime>> {
        at.iter().map(|at| Some(SimTime::ZERO + SimSpan::from_secs_f64(*at))).collect()
    }

    #[test]
    fn a_constant_factor_divides_time() {
        assert_eq!(real_at(&[(0, 4.0)], &[0.0, 1.0, 10.0]), secs(&[0.0, 0.25, 2.5]));
        assert_eq!(real_at(&[(7, 0.5)], &[0.0, 1.0, 10.0]), secs(&[0.0, 2.0, 20.0]), "before and after its point");
    }

    #[test]
    fn a_step_changes_the_pace_at_once() {
        let step = [(10, 1.0), (10, 4.0), (20, 4.0), (20, 0.5)];
        assert_eq!(real_at(&step, &[9.0, 10.0, 14.0, 50.0, 51.0]), secs(&[9.0, 10.0, 11.0, 20.0, 22.0]));
    }

    #[test]
    fn along_a_ramp_the_instants_are_roots() {
        // Up from 0 to 2 in 10 s, t²/10; then down to 0, 20 − (20 − t)²/10; then up again.
        let ramps = [(0, 0.0), (10, 2.0), (20, 0.0), (30, 2.0)];
        assert_eq!(
            real_at(&ramps, &[0.0, 0.1, 2.5, 10.0, 17.5, 19.9, 20.1]),
            secs(&[0.0, 1.0, 5.0, 10.0, 15.0, 19.0, 21.0])
        );
    }

    #[test]
    fn where_the_factor_is_0_time_jumps_to_where_it_is_positive_again() {
        let pause = [(5, 1.0), (5, 0.0), (8, 0.0), (8, 1.0)];
        let just_before = SimTime(5 * S - 1);
        assert_eq!(real_at(&pause, &[4.999_999_999, 5.0, 6.0]), [Some(just_before), secs(&[8.0])[0], secs(&[9.0])[0]]);
        assert_eq!(real_at(&[(3, 0.0), (3, 1.0)], &[0.0]), secs(&[3.0]), "also from the beginning");
        // A ramp out of a pause begins where the pause ends.
        assert_eq!(real_at(&[(0, 0.0), (4, 0.0), (14, 2.0)], &[0.0, 0.1]), secs(&[4.0, 5.0]));
    }

    #[test]
    fn where_it_stays_0_no_more_calls_come() {
        assert_eq!(real_at(&[(0, 2.0), (10, 0.0)], &[9.999, 10.0, 11.0])[1..], [None, None]);
        assert_eq!(real_at(&[(0, 0.0)], &[0.0]), [None]);
        for (points, ever) in [
            (&[(0, 0.0)][..], false),
            (&[(0, 1.0), (0, 0.0)], false),
            (&[(5, 0.0), (9, 0.0)], false),
            (&[(5, 0.0), (5, 3.0), (5, 0.0)], false),
            (&[(1, 1.0), (1, 0.0)], true),
            (&[(5, 0.0), (9, 1e-9)], true),
            (&[(5, 0.0), (9, 0.5), (10, 0.0)], true),
        ] {
            assert_eq!(profile(points).is_ever_positive(), ever, "{points:?}");
        }
    }

    #[test]
    fn a_factor_of_1_leaves_every_instant_as_it_is() {
        let mut change = profile(&[(3, 1.0), (1_000_000_000, 1.0)]).change_of_time();
        for at in [0, 1, 3 * S - 1, 3 * S, (1 << 53) + 1, (1 << 60) - 1, (1 << 60) + 1, u64::MAX - 1] {
            assert_eq!(change.real(Operational(u128::from(at))), Some(SimTime(at)));
        }
    }

    #[test]
    fn the_factor_around_a_time() {
        let steps = profile(&[(10, 1.0), (20, 3.0), (20, 5.0), (20, 7.0)]);
        let around = |secs: u64| steps.around(SimSpan::secs(secs));
        assert_eq!([0, 10, 15, 20, 21].map(around), [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0], [3.0, 7.0], [7.0, 7.0]]);
        let at_once = profile(&[(0, 9.0), (0, 1.0)]).around(SimSpan::ZERO).map(f64::to_bits);
        assert_eq!(at_once, [1.0_f64.to_bits(); 2], "nothing is before the beginning");
    }

    /// Points at random: ramps, steps, pauses, tiny and huge factors.
    fn random(rows: &mut Rows, row: u64) -> Vec<Point> {
        let mut words = rows.words(0, row * 8).map(uniform);
        let mut draw = || words.next().expect("words never end");
        let (mut at, mut points) = (0.0, Vec::new());
        for _ in 0..=rounded(draw() * 6.0) {
            let step = draw() < 0.25;
            at += if step { 0.0 } else { 1e3 * draw() };
            let factor = match draw() {
                u if u < 0.2 => 0.0,
                u if u < 0.4 => 1.0,
                u if u < 0.6 => 1e-3 * draw(),
                u if u < 0.8 => 1e3 * draw(),
                _ => 4.0 * draw(),
            };
            points.push(Point { at: SimSpan::from_secs_f64(at), factor });
        }
        points
    }

    /// Λ(t) by the midpoints of a thousand slices of each piece that lies before t, in nanoseconds.
    fn integral(profile: &Profile, t: SimTime) -> f64 {
        let mut edges: Vec<u64> = profile.points().iter().map(|point| point.at.0).filter(|at| *at < t.0).collect();
        edges.extend([0, t.0]);
        edges.sort_unstable();
        let mut sum = 0.0;
        for piece in edges.windows(2).filter(|piece| piece[0] < piece[1]) {
            let (from, width) = (piece[0], real(u128::from(piece[1] - piece[0])) / 1_000.0);
            let slices = (0..1_000).map(|slice| {
                let middle = SimSpan(from) + SimSpan::from_secs_f64((f64::from(slice) + 0.5) * width / 1e9);
                profile.around(middle)[0] * width
            });
            sum += slices.sum::<f64>();
        }
        sum
    }

    #[test]
    fn the_instant_of_x_is_where_the_integral_is_x() {
        let mut rows = Rows::new(Seeds { seed: 17, replication: 0 }.key("test", "profiles"));
        let mut compared = 0;
        for row in 0..100 {
            let profile = Profile::new(random(&mut rows, row));
            let total = integral(&profile, SimTime(profile.points().last().expect("a point").at.0)) + 1e12;
            let mut change = profile.change_of_time();
            let mut before = SimTime::ZERO;
            for part in 0..60 {
                let x = Operational(rounded(total * f64::from(part) / 60.0));
                let Some(t) = change.real(x) else { continue };
                assert!(t >= before, "{profile:?}: {x:?}");
                before = t;
                if t.0 > 1 << 60 {
                    continue;
                }
                let factor = profile.around(SimSpan(t.0)).into_iter().fold(1.0, f64::max);
                // A nanosecond at the factor, half of one for each piece, and what the sum of slices rounds.
                let near = factor + real(profile.points().len() as u128) + 1e-14 * total;
                let seen = integral(&profile, t);
                assert!((seen - real(x.0)).abs() <= near, "{profile:?}: {x:?} at {t}, where it is {seen}");
                compared += 1;
            }
        }
        assert!(compared > 2_500, "{compared}");
    }

    #[test]
    fn neighbouring_instants_stay_in_order_to_the_end_of_a_ramp() {
        for points in [&[(0, 3.0), (1_000_000, 0.0)][..], &[(0, 0.0), (1_000_000, 3.0)], &[(0, 1e-9), (1_000_000, 1e9)]]
        {
            let profile = profile(points);
            let end = profile.pieces()[1].area;
            for around in [1_000_u128, end / 2, end - 1_000] {
                let mut fresh = profile.change_of_time();
                let mut last = SimTime::ZERO;
                for x in around - 1_000..around + 1_000 {
                    // Each from a change of its own, so that the order does not come from the last one asked for.
                    let Some(at) = profile.change_of_time().real(Operational(x)) else { break };
                    assert!(at >= last && Some(at) == fresh.real(Operational(x)), "{points:?} at {x}");
                    last = at;
                }
            }
        }
    }
}
