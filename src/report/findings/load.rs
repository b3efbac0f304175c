//! What a policy asks of the IdP: requests for nothing, and peaks.

use super::Facts;
use crate::report::number::{percent, short};

/// Below this share of all token requests, waste is no surprise.
const WASTE: f64 = 0.05;
/// From this factor on, a peak is one.
const PEAK: f64 = 3.0;

/// Token requests that answered a refusal that no token could cure.
pub fn wasted_fetches(facts: Facts<'_>) -> Vec<String> {
    let own_refusals = facts.scenario.world.apis.iter().any(|api| api.forbidden_ratio > 0.0);
    facts.of_policies(|policy| {
        let requests = facts.mean(policy, "idp_token_requests");
        let share = facts.mean(policy, "wasted_fetches") / requests.max(1.0);
        let why = if own_refusals { "answered the backend's own 403s" } else { "brought the refused token again" };
        (share >= WASTE).then(|| format!("{} of its token requests {why}", percent(share)))
    })
}

/// A peak at the IdP far above the reference's.
pub fn idp_peak(facts: Facts<'_>) -> Vec<String> {
    let peak = |policy| facts.mean(policy, "idp_token_requests_peak_per_s");
    let reference = peak(0);
    facts.of_policies(|policy| {
        let factor = peak(policy) / reference;
        (reference > 0.0 && factor > PEAK).then(|| {
            format!(
                "its IdP peak is {} times that of {} ({} against {} token requests in a second)",
                short(factor),
                facts.name(0),
                short(peak(policy)),
                short(reference)
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn waste_and_peaks_are_said_with_their_numbers() {
        let numbers = |_: &str, metric: &str, value: f64| match metric {
            "idp_token_requests" if value > 500.0 => 1_000.0,
            "wasted_fetches" if value > 0.0 => 410.0,
            "idp_token_requests_peak_per_s" => {
                if value > 100.0 {
                    240.0
                } else {
                    20.0
                }
            }
            _ => value,
        };
        let (scenario, comparison) = (sample::scenario(), sample::changed(3, numbers));
        let facts = Facts { scenario: &scenario, comparison: &comparison };
        assert_eq!(
            wasted_fetches(facts),
            ["reactive-retry: 41 % of its token requests answered the backend's own 403s"]
        );
        assert_eq!(
            idp_peak(facts),
            ["no-cache: its IdP peak is 12 times that of ttl-only (240 against 20 token requests in a second)"]
        );
    }

    #[test]
    fn nothing_is_said_of_little() {
        let nothing = |_: &str, metric: &str, value: f64| match metric {
            "wasted_fetches" => 0.2,
            "idp_token_requests_peak_per_s" => 1.0,
            _ => value,
        };
        let (scenario, comparison) = (sample::scenario(), sample::changed(3, nothing));
        let facts = Facts { scenario: &scenario, comparison: &comparison };
        assert_eq!((wasted_fetches(facts).len(), idp_peak(facts).len()), (0, 0));
    }
}
