//! What the token store does to a comparison: lanes that share one token, and tokens that a race or a renewal killed.

use super::Facts;
use crate::model::config::Start;
use crate::report::number::{percent, short};

/// Above this share of all failures, dead tokens of the store are worth a sentence.
const SHARE: f64 = 0.05;

/// All gateways begin with one token, so that their lanes fail and recover together.
pub fn one_token_for_all(facts: Facts<'_>) -> Vec<String> {
    let world = &facts.scenario.world;
    let shared = world.idp.persistence.reuses() && world.run.start == Start::Warm && world.gateway.nodes > 1;
    let said = "all gateways begin with the same token of a credential, as the database hands it out: their lanes are fully \
                correlated, and more gateways make no estimate better";
    (shared && !world.clients.is_empty()).then(|| said.to_owned()).into_iter().collect()
}

/// Calls that failed on a token which the store itself had killed.
pub fn superseded(facts: Facts<'_>) -> Vec<String> {
    facts.of_policies(|policy| {
        let (dead, failed) = (facts.mean(policy, "failed.superseded-token"), facts.mean(policy, "failed"));
        let tokens = facts.mean(policy, "superseded_tokens");
        (dead > SHARE * failed && dead > 0.0).then(|| {
            format!(
                "{} of its failed calls went out with a token that a race or a renewal had killed ({} such tokens in a run)",
                percent(dead / failed),
                short(tokens)
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn dead_tokens_are_said_with_their_share() {
        let numbers = |policy: &str, metric: &str, value: f64| match (policy, metric) {
            ("ttl-only", "failed.superseded-token") => 250.0,
            (_, "failed.superseded-token") => 1.0,
            (_, "failed") => 1_000.0,
            (_, "superseded_tokens") => 2.0,
            _ => value,
        };
        let (scenario, comparison) = (sample::scenario(), sample::changed(3, numbers));
        let facts = Facts { scenario: &scenario, comparison: &comparison };
        let said = "ttl-only: 25 % of its failed calls went out with a token that a race or a renewal had killed (2 such \
                    tokens in a run)";
        assert_eq!(superseded(facts), [said]);
        assert_eq!(one_token_for_all(facts), Vec::<String>::new(), "this world has no database");
    }
}
