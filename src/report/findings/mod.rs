//! Sentences about what surprises, computed from the results and the scenario. A new one is a function and a line in [`RULES`].

mod coincide;
mod exposure;
mod load;
mod races;
mod trade;

use crate::experiment::comparison::Comparison;
use crate::experiment::exposure::Exposures;
use crate::report::gateways;
use crate::scenario::Scenario;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub scenario: &'a Scenario,
    pub comparison: &'a Comparison,
}

/// A rule: the sentences that it has to say, one a policy at most.
pub type Rule = fn(Facts<'_>) -> Vec<String>;

/// Every rule, in the order of their sentences.
pub const RULES: &[Rule] = &[
    coincide::same_as_the_reference,
    exposure::deaf_gateways,
    exposure::missed_revocations,
    exposure::false_rejections,
    load::wasted_fetches,
    load::idp_peak,
    races::one_token_for_all,
    races::superseded,
    trade::helps_here_hurts_there,
    trade::fails_at_the_idp,
    trade::sent_without_a_token,
    trade::unsafe_resends,
    trade::restarted_gateways,
    trade::open_at_the_end,
];

/// Every sentence.
#[must_use]
pub fn all(scenario: &Scenario, comparison: &Comparison) -> Vec<String> {
    let facts = Facts { scenario, comparison };
    RULES.iter().flat_map(|rule| rule(facts)).collect()
}

impl<'a> Facts<'a> {
    /// One sentence for each policy for which there is something to say: `name: …`.
    fn of_policies(self, say: impl Fn(usize) -> Option<String>) -> Vec<String> {
        (0..self.comparison.policies.len())
            .filter_map(|policy| Some(format!("{}: {}", self.name(policy), say(policy)?)))
            .collect()
    }

    /// One sentence for each group of policies under which gateways were exposed alike: `name, name: …`, or without names if
    /// that is all of them. Nothing where callers have no tokens.
    fn of_exposures(self, say: impl Fn(&Exposures) -> Option<String>) -> Vec<String> {
        let groups = gateways::alike(self.comparison);
        let names = |group: &[usize]| group.iter().map(|&policy| self.name(policy)).collect::<Vec<_>>().join(", ");
        let sentence = |group: &Vec<usize>| {
            let said = say(self.comparison.policies[group[0]].exposures.as_ref()?)?;
            Some(if groups.len() > 1 { format!("{}: {said}", names(group)) } else { said })
        };
        groups.iter().filter_map(sentence).collect()
    }

    fn name(self, policy: usize) -> &'a str {
        &self.comparison.policies[policy].name
    }

    /// The mean over replications; zero where the metric does not apply.
    fn mean(self, policy: usize, metric: &str) -> f64 {
        self.comparison.mean(policy, metric)
    }
}
