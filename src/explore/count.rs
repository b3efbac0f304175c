//! How many schedules there are: ways through the graph, from the start to an end, counted without walking them.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use super::graph::Graph;
use super::outcome::Outcome;

/// What ends in one outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// States in which everything is over.
    pub ends: u64,
    /// Ways to them.
    pub schedules: BigUint,
}

/// The outcomes, good ones first, with what ends in each. Of a graph that is not complete: what was found so far.
///
/// # Panics
/// Where a state can be reached from itself, which is a bug: every step uses something up.
#[must_use]
pub fn tally(graph: &Graph) -> Vec<(Outcome, Tally)> {
    let states = graph.states();
    let mut open = vec![0_u32; states];
    for state in numbers(graph) {
        for target in graph.targets(state) {
            open[*target as usize] += 1;
        }
    }
    let outcomes: BTreeMap<u32, &Outcome> = graph.ends.iter().map(|end| (end.state, &end.outcome)).collect();
    let mut tallies: BTreeMap<(bool, &Outcome), Tally> = BTreeMap::new();
    let mut ways = vec![BigUint::ZERO; states];
    ways[0] = BigUint::from(1_u32);
    // A state is ready when all ways into it are counted; its count is dropped when it is passed on.
    let mut ready = vec![0_u32];
    let mut done = 0;
    while let Some(state) = ready.pop() {
        done += 1;
        let count = std::mem::take(&mut ways[state as usize]);
        for target in graph.targets(state) {
            let target_index = *target as usize;
            ways[target_index] += &count;
            open[target_index] -= 1;
            if open[target_index] == 0 {
                ready.push(*target);
            }
        }
        if let Some(outcome) = outcomes.get(&state) {
            let tally = tallies.entry((outcome.is_bad(), outcome)).or_default();
            tally.ends += 1;
            tally.schedules += count;
        }
    }
    assert_eq!(done, states, "no state is reached from itself");
    tallies.into_iter().map(|((_, outcome), tally)| (outcome.clone(), tally)).collect()
}

fn numbers(graph: &Graph) -> impl Iterator<Item = u32> + use<> {
    0..u32::try_from(graph.states()).expect("the bound on states is below 2^32")
}

/// For people: `1,234,567`, and beyond fifteen digits `3.1 × 10^57`.
#[must_use]
pub fn short(count: &BigUint) -> String {
    let digits = count.to_string();
    if digits.len() <= 15 {
        let grouped = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
        return grouped.collect::<Vec<_>>().join(",");
    }
    let mut exponent = digits.len() - 1;
    // Rounded half up, which may give a digit more.
    let mut tenths: u32 = digits[..2].parse().unwrap_or(10);
    tenths += u32::from(digits.as_bytes()[2] >= b'5');
    if tenths == 100 {
        (tenths, exponent) = (10, exponent + 1);
    }
    format!("{}.{} × 10^{exponent}", tenths / 10, tenths % 10)
}

/// For people: a share of all, in percent; never 0 % or 100 % where it is not.
#[must_use]
pub fn percent(part: &BigUint, all: &BigUint) -> String {
    if *part == BigUint::ZERO || part == all {
        return format!("{} %", if part == all { 100 } else { 0 });
    }
    let per_mille: u32 = ((part * 2000_u32 + all) / (all * 2_u32)).try_into().expect("a share of all");
    match per_mille {
        0 => "< 0.1 %".into(),
        1000 => "> 99.9 %".into(),
        _ => format!("{}.{} %", per_mille / 10, per_mille % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_shortened_and_short_ones_grouped() {
        let told = |text: &str| short(&text.parse().unwrap());
        assert_eq!(["0", "999", "1000", "1234567"].map(told), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(told("999999999999999"), "999,999,999,999,999");
        assert_eq!(told("3149999999999999"), "3.1 × 10^15");
        assert_eq!(told("9960000000000000"), "1.0 × 10^16");
    }

    #[test]
    fn a_share_is_all_or_nothing_only_where_it_is() {
        let told = |part: u32, all: u32| percent(&part.into(), &all.into());
        assert_eq!([told(0, 7), told(7, 7), told(1, 3)], ["0 %", "100 %", "33.3 %"]);
        assert_eq!([told(1, 1_000_000), told(999_999, 1_000_000)], ["< 0.1 %", "> 99.9 %"]);
    }
}
