//! The bins of the timeline: a second wide around the faults, coarser elsewhere, never too many to commit and to draw.

use crate::time::{NANOS_PER_SECOND, SimSpan, SimTime};

/// Rows of `timeline.csv` that a policy may have.
pub const MOST_BINS: usize = 2_000;

/// What is shown finely before a fault begins and after it ends.
const BEFORE: SimSpan = SimSpan::secs(30);
const AFTER: SimSpan = SimSpan::secs(120);

/// Bins that may be spent on fine stretches.
const MOST_FINE: u64 = 1_200;

/// Widths to choose from, in seconds.
const WIDTHS_S: [u64; 16] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400];

/// Where bins begin, and into which an instant falls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The first instant of each bin; the last one ends with the run.
    pub bins: Vec<SimTime>,
    pub end: SimTime,
    /// The faults, from their beginning to their end, in order: for marks in plots.
    pub windows: Vec<(SimTime, SimTime)>,
    segments: Vec<Segment>,
}

/// A stretch of bins of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    start: u64,
    width: u64,
    first: usize,
    bins: usize,
}

impl Layout {
    /// The layout of a run with faults in these windows (from their beginning to their end; in any order, they may overlap).
    #[must_use]
    pub fn new(duration: SimSpan, windows: &[(SimTime, SimTime)]) -> Layout {
        let fine = fine_stretches(duration.0, windows);
        let stretches = alternate(duration.0, &fine);
        let width = WIDTHS_S
            .iter()
            .map(|secs| secs * NANOS_PER_SECOND)
            .chain((1..64).map(|doublings| (86_400 * NANOS_PER_SECOND).saturating_mul(1 << doublings)))
            .find(|&width| stretches.iter().map(|stretch| bins_in(stretch, width)).sum::<u64>() <= MOST_BINS as u64)
            .expect("a bin as wide as the run is enough");
        let mut windows = windows.to_vec();
        windows.sort_unstable();
        lay(duration.0, windows, &stretches, width)
    }

    /// The bin of an instant; what is at or after the end falls into the last one.
    #[must_use]
    pub fn bin_of(&self, at: SimTime) -> usize {
        let segment = match self.segments.as_slice() {
            [only] => only,
            segments => &segments[segments.partition_point(|segment| segment.start <= at.0).saturating_sub(1)],
        };
        let within = (at.0 - segment.start) / segment.width;
        segment.first + usize::try_from(within).unwrap_or(usize::MAX).min(segment.bins - 1)
    }
}

/// A part of the run: `[from, to)`, and whether its bins are a second wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: u64,
    to: u64,
    fine: bool,
}

fn bins_in(stretch: &Stretch, coarse: u64) -> u64 {
    (stretch.to - stretch.from).div_ceil(if stretch.fine { NANOS_PER_SECOND } else { coarse })
}

/// The fine stretches, merged and in order; the latest faults go without when all would be too many.
fn fine_stretches(duration: u64, windows: &[(SimTime, SimTime)]) -> Vec<(u64, u64)> {
    let whole = |nanos: u64| nanos / NANOS_PER_SECOND * NANOS_PER_SECOND;
    let mut wanted: Vec<(u64, u64)> = windows
        .iter()
        .map(|&(from, to)| (whole(from.0.saturating_sub(BEFORE.0)), whole((to + AFTER).0).min(duration)))
        .filter(|(from, to)| from < to)
        .collect();
    wanted.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    let mut left = MOST_FINE * NANOS_PER_SECOND;
    for (from, to) in wanted {
        let from = merged.last().map_or(from, |last| from.max(last.1));
        let to = to.min(from.saturating_add(left));
        if from >= to {
            continue;
        }
        left -= to - from;
        match merged.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

/// The whole run as fine and coarse stretches in turn.
fn alternate(duration: u64, fine: &[(u64, u64)]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut at = 0;
    for &(from, to) in fine {
        stretches.push(Stretch { from: at, to: from, fine: false });
        stretches.push(Stretch { from, to, fine: true });
        at = to;
    }
    stretches.push(Stretch { from: at, to: duration.max(1), fine: false });
    stretches.retain(|stretch| stretch.from < stretch.to);
    stretches
}

fn lay(duration: u64, windows: Vec<(SimTime, SimTime)>, stretches: &[Stretch], coarse: u64) -> Layout {
    let (mut bins, mut segments) = (Vec::new(), Vec::new());
    for stretch in stretches {
        let width = if stretch.fine { NANOS_PER_SECOND } else { coarse };
        let count = usize::try_from(bins_in(stretch, coarse)).expect("at most MOST_BINS");
        segments.push(Segment { start: stretch.from, width, first: bins.len(), bins: count });
        bins.extend((0..bins_in(stretch, coarse)).map(|index| SimTime(stretch.from + index * width)));
    }
    Layout { bins, end: SimTime(duration), windows, segments }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(from: u64, to: u64) -> (SimTime, SimTime) {
        (SimTime::ZERO + SimSpan::secs(from), SimTime::ZERO + SimSpan::secs(to))
    }

    #[test]
    fn a_short_run_has_a_bin_a_second() {
        let layout = Layout::new(SimSpan::secs(1_999), &[]);
        assert_eq!(layout.bins.len(), 1_999);
        assert_eq!(layout.bins[7], SimTime(7 * NANOS_PER_SECOND));
    }

    #[test]
    fn three_hours_are_fine_around_the_restart_and_coarse_elsewhere() {
        let layout = Layout::new(SimSpan::secs(10_800), &[secs(3_600, 3_636)]);
        let widths: Vec<u64> = layout.bins.windows(2).map(|pair| (pair[1].0 - pair[0].0) / NANOS_PER_SECOND).collect();
        assert!(layout.bins.len() <= MOST_BINS);
        assert_eq!(widths.iter().filter(|&&width| width == 1).count(), 186);
        assert_eq!(widths.iter().max(), Some(&10));
        assert!(layout.bins.contains(&SimTime(3_600 * NANOS_PER_SECOND)));
    }

    #[test]
    fn every_instant_falls_into_the_bin_that_holds_it() {
        let year = SimSpan::secs(365 * 86_400);
        let every_week: Vec<_> = (0..52).map(|week| secs(week * 604_800 + 5, week * 604_800 + 70)).collect();
        let cases = [
            Layout::new(SimSpan::secs(10_800), &[secs(3_600, 3_636), secs(3_640, 3_700), secs(10_790, 12_000)]),
            Layout::new(SimSpan::millis(2_500), &[]),
            Layout::new(SimSpan::millis(5_000_250), &[secs(0, 10)]),
            Layout::new(year, &every_week),
            Layout::new(year, &[]),
        ];
        for layout in cases {
            assert!(layout.bins.len() <= MOST_BINS, "{}", layout.bins.len());
            assert!(layout.bins.is_sorted() && layout.bins[0] == SimTime::ZERO);
            for (index, &start) in layout.bins.iter().enumerate() {
                let next = layout.bins.get(index + 1).copied().unwrap_or(layout.end);
                assert_eq!(layout.bin_of(start), index);
                assert_eq!(layout.bin_of(SimTime(next.0 - 1)), index);
            }
            assert_eq!(layout.bin_of(layout.end), layout.bins.len() - 1);
            assert_eq!(layout.bin_of(SimTime::NEVER), layout.bins.len() - 1);
        }
    }

    #[test]
    fn the_order_of_the_faults_does_not_matter() {
        let (one, two) = (secs(100, 200), secs(5_000, 5_001));
        let duration = SimSpan::secs(20_000);
        assert_eq!(Layout::new(duration, &[one, two]), Layout::new(duration, &[two, one]));
    }
}
