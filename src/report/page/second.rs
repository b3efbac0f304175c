//! The second outage: the IdP is back, and calls fail on tokens that it handed out since.

use super::document::Again;
use crate::experiment::comparison::Comparison;
use crate::report::around;
use crate::report::number::{percent, short};
use crate::scenario::Scenario;

const KILLED: &str = "failed.superseded-token";
/// Of the failed calls so many, or the restart itself is what is worth to be told.
const MOST: f64 = 0.5;

/// The policies under which a race or a renewal costs more calls than the restart before it, the worst first.
pub fn outage(scenario: &Scenario, comparison: &Comparison) -> Option<Again> {
    if !around::is_restart(scenario) || comparison.metric(KILLED).is_none() {
        return None;
    }
    let share = |policy: usize| comparison.mean(policy, KILLED) / comparison.mean(policy, "failed");
    let mut found: Vec<usize> = (0..comparison.policies.len()).filter(|&policy| share(policy) >= MOST).collect();
    found.sort_by(|&one, &other| comparison.mean(other, KILLED).total_cmp(&comparison.mean(one, KILLED)));
    let &worst = found.first()?;
    let policy = &comparison.policies[worst].name;
    Some(Again {
        policies: found.iter().map(|&policy| comparison.policies[policy].name.clone()).collect(),
        words: format!(
            "The IdP was back, and calls went on failing: their new tokens had been made INACTIVE, by a race for CON_APP_KEY or \
             by a renewal, after they were handed out. Under {policy} these are {} of {} failed calls in a run ({}).",
            short(comparison.mean(worst, KILLED)),
            short(comparison.mean(worst, "failed")),
            percent(share(worst)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn it_is_told_where_dead_new_tokens_cost_the_most() {
        let failed = |dead: f64| {
            move |policy: &str, metric: &str, value: f64| match (policy, metric) {
                ("short-expiry", KILLED) => dead,
                (_, KILLED) => 1.0,
                (_, "failed") => 1_000.0,
                _ => value,
            }
        };
        let scenario = sample::scenario();
        let found = outage(&scenario, &sample::changed(5, failed(750.0))).unwrap();
        assert_eq!(found.policies, ["short-expiry"]);
        assert!(found.words.ends_with("750 of 1,000 failed calls in a run (75 %)."), "{}", found.words);
        assert_eq!(outage(&scenario, &sample::changed(5, failed(400.0))), None);
        assert_eq!(outage(&scenario, &sample::changed(5, |_, _, _| 0.0)), None);
        let mut calm = sample::scenario();
        std::sync::Arc::get_mut(&mut calm.world).unwrap().faults.clear();
        assert_eq!(outage(&calm, &sample::changed(5, failed(750.0))), None);
    }
}
