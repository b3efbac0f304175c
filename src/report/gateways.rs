//! What revocations of callers' tokens came to at each gateway: the rows that the table, the plot and `summary.json` share.

use crate::experiment::comparison::Comparison;
use crate::experiment::exposure::{Exposures, Tally};
use crate::scenario::Scenario;

/// Gateways, or all of them together, under a policy.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub policy: usize,
    /// `None`: all together.
    pub gateway: Option<usize>,
    /// So many of its gateways listen to revocations, of so many.
    pub listens: (usize, usize),
    pub tally: &'a Tally,
}

/// Every gateway under every policy, then all of them together where there are several; nothing where callers have no tokens.
#[must_use]
pub fn rows<'a>(scenario: &Scenario, comparison: &'a Comparison) -> Vec<Row<'a>> {
    let policies = comparison.policies.iter().enumerate();
    policies
        .filter_map(|(policy, results)| Some((policy, results.exposures.as_ref()?)))
        .flat_map(|(policy, of)| of_policy(scenario, policy, of, (0..of.gateways.len()).collect()))
        .collect()
}

/// The same of at most `most` gateways of a policy, and the number of those that are left out.
#[must_use]
pub fn some_rows<'a>(
    scenario: &Scenario,
    comparison: &'a Comparison,
    policy: usize,
    most: usize,
) -> (Vec<Row<'a>>, usize) {
    let Some(of) = &comparison.policies[policy].exposures else { return (Vec::new(), 0) };
    let chosen = chosen(of, &scenario.world.gateway.inbound.listens, most);
    let left_out = of.gateways.len() - chosen.len();
    (of_policy(scenario, policy, of, chosen), left_out)
}

/// Policies under which gateways came to the same, the first of each group first; nothing where callers have no tokens.
#[must_use]
pub fn alike(comparison: &Comparison) -> Vec<Vec<usize>> {
    let exposures = |policy: usize| comparison.policies[policy].exposures.as_ref();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for policy in (0..comparison.policies.len()).filter(|&policy| exposures(policy).is_some()) {
        match groups.iter_mut().find(|group| exposures(group[0]) == exposures(policy)) {
            Some(group) => group.push(policy),
            None => groups.push(vec![policy]),
        }
    }
    groups
}

/// `ttl-only`, or `ttl-only (= 2 more)` of policies that are alike.
#[must_use]
pub fn label(comparison: &Comparison, group: &[usize]) -> String {
    let first = &comparison.policies[group[0]].name;
    if group.len() > 1 { format!("{first} (= {} more)", group.len() - 1) } else { first.clone() }
}

/// What a row is about: `gateway-2`, or `all`.
#[must_use]
pub fn name(gateway: Option<usize>) -> String {
    gateway.map_or_else(|| "all".to_owned(), |gateway| format!("gateway-{}", gateway + 1))
}

fn of_policy<'a>(scenario: &Scenario, policy: usize, of: &'a Exposures, gateways: Vec<usize>) -> Vec<Row<'a>> {
    let listens = &scenario.world.gateway.inbound.listens;
    let one = |gateway: usize| {
        let listens = (usize::from(listens[gateway]), 1);
        Row { policy, gateway: Some(gateway), listens, tally: &of.gateways[gateway] }
    };
    let mut rows: Vec<Row<'a>> = gateways.into_iter().map(one).collect();
    if of.gateways.len() > 1 {
        let listening = listens.iter().filter(|&&listens| listens).count();
        rows.push(Row { policy, gateway: None, listens: (listening, of.gateways.len()), tally: &of.all });
    }
    rows
}

/// At most so many gateways, in order: among those that listen and among the others the least and the most exposed one
/// (as far as there is room), then the first ones.
fn chosen(of: &Exposures, listens: &[bool], most: usize) -> Vec<usize> {
    let all: Vec<usize> = (0..of.gateways.len()).collect();
    let ranked = |listening: bool| {
        let mut ranked: Vec<usize> = all.iter().copied().filter(|&gateway| listens[gateway] == listening).collect();
        ranked.sort_by(|&one, &other| exposure(&of.gateways[one]).total_cmp(&exposure(&of.gateways[other])));
        ranked
    };
    let (quiet, loud) = (ranked(false), ranked(true));
    let ends = [quiet.last(), loud.first(), loud.last(), quiet.first()];
    let mut chosen: Vec<usize> = Vec::new();
    for &gateway in ends.into_iter().flatten().chain(&all) {
        if chosen.len() < most && !chosen.contains(&gateway) {
            chosen.push(gateway);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// By what gateways are ranked: the mean exposure; without a revocation the calls that they refused by mistake.
fn exposure(tally: &Tally) -> f64 {
    let refused = || tally.false_rejections().map_or(0.0, |found| found.mean);
    tally.exposures.mean_s().unwrap_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn gateways_come_in_order_and_all_of_them_last() {
        let (scenario, comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(2));
        let rows = rows(&scenario, &comparison);
        assert_eq!(rows.len(), comparison.policies.len() * 5);
        let said: Vec<(String, (usize, usize))> =
            rows[..5].iter().map(|row| (name(row.gateway), row.listens)).collect();
        let expected = [("gateway-1", (1, 1)), ("gateway-2", (1, 1)), ("gateway-3", (0, 1)), ("gateway-4", (0, 1))];
        assert_eq!(said[..4], expected.map(|(name, listens)| (name.to_owned(), listens)));
        assert_eq!(said[4], ("all".to_owned(), (2, 4)));
        assert_eq!(super::rows(&sample::scenario(), &sample::comparison(2)).len(), 0);
    }

    #[test]
    fn policies_that_are_alike_are_told_once() {
        let mut comparison = sample::comparison_with_tokens(2);
        assert_eq!(alike(&comparison), [vec![0, 1, 2, 3, 4, 5, 6]]);
        comparison.policies[1].exposures = sample::comparison_with_tokens(1).policies[1].exposures.clone();
        let groups = alike(&comparison);
        assert_eq!(groups, [vec![0, 2, 3, 4, 5, 6], vec![1]]);
        let labels: Vec<String> = groups.iter().map(|group| label(&comparison, group)).collect();
        assert_eq!(labels, ["ttl-only (= 5 more)", "reactive-retry"]);
        assert_eq!(alike(&sample::comparison(2)), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn of_many_gateways_the_least_and_the_most_exposed_are_kept() {
        let mut exposures = Exposures::new(9);
        let layout = sample::comparison(0).layout;
        exposures.add(sample::record_with_tokens(0, 0, 9, &layout).inbound.as_ref().unwrap());
        let listens: Vec<bool> = (0..9).map(|gateway| gateway < 4).collect();
        let by_exposure = |range: std::ops::Range<usize>| {
            let mut gateways: Vec<usize> = range.collect();
            gateways.sort_by(|&one, &other| {
                let mean = |gateway: usize| exposures.gateways[gateway].exposures.mean_s().unwrap();
                mean(one).total_cmp(&mean(other))
            });
            (gateways[0], gateways[gateways.len() - 1])
        };
        let ((best, loud), (quiet, worst)) = (by_exposure(0..4), by_exposure(4..9));
        for most in 4..=9 {
            let chosen = chosen(&exposures, &listens, most);
            assert!(chosen.len() == most && chosen.is_sorted(), "{chosen:?}");
            assert!([best, loud, quiet, worst].iter().all(|end| chosen.contains(end)), "{chosen:?}");
        }
        assert!(chosen(&exposures, &listens, 2).contains(&best) && chosen(&exposures, &listens, 2).contains(&worst));
    }
}
