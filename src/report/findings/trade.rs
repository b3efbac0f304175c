//! What a policy costs elsewhere, and what its numbers hide.

use super::Facts;
use crate::experiment::verdict::{self, Verdict};
use crate::policy::surge::Remedy;
use crate::report::number::{percent, short};

/// From this share of a policy's failures on, where they happen is worth a word.
const MOST: f64 = 0.5;

/// Better after the restart than the reference, and worse over the whole run.
pub fn helps_here_hurts_there(facts: Facts<'_>) -> Vec<String> {
    let verdict_on = |policy, metric| {
        let metric = facts.comparison.metric(metric)?;
        verdict::line(facts.comparison, policy, metric).map(|line| line.verdict)
    };
    facts.of_policies(|policy| {
        if policy == 0 || verdict_on(policy, "downtime_after_restart_s")? != Verdict::Better {
            return None;
        }
        let worse = ["availability", "downtime_s"]
            .into_iter()
            .find(|&metric| verdict_on(policy, metric) == Some(Verdict::Worse))?;
        Some(format!(
            "helps after the restart ({} s instead of {} s) and hurts elsewhere: {worse} is {} instead of {}",
            short(facts.mean(policy, "downtime_after_restart_s")),
            short(facts.mean(0, "downtime_after_restart_s")),
            ratio_or_number(worse, facts.mean(policy, worse)),
            ratio_or_number(worse, facts.mean(0, worse)),
        ))
    })
}

fn ratio_or_number(metric: &str, value: f64) -> String {
    if metric == "availability" { format!("{} %", short_percent(value)) } else { format!("{} s", short(value)) }
}

/// Enough digits to tell two availabilities near one apart.
fn short_percent(share: f64) -> String {
    format!("{:.3}", 100.0 * share)
}

/// Most of its failures are calls for which no token could be got, and there are more failures than the reference's.
pub fn fails_at_the_idp(facts: Facts<'_>) -> Vec<String> {
    let causes = ["idp-down", "idp-busy", "idp-timeout", "idp-error"];
    facts.of_policies(|policy| {
        let failed = facts.mean(policy, "failed");
        let at_idp: f64 = causes.iter().map(|cause| facts.mean(policy, &format!("failed.{cause}"))).sum();
        let tells = policy > 0 && failed > facts.mean(0, "failed") && at_idp >= MOST * failed && failed > 0.0;
        tells.then(|| {
            format!(
                "{} of its {} failed calls got no token from the IdP, where {} fails {} in all",
                percent(at_idp / failed),
                short(failed),
                facts.name(0),
                short(facts.mean(0, "failed"))
            )
        })
    })
}

/// Calls that went to the backend without a token.
pub fn sent_without_a_token(facts: Facts<'_>) -> Vec<String> {
    facts.of_policies(|policy| {
        let calls = facts.mean(policy, "failed.no-token");
        (calls > 0.0)
            .then(|| format!("{} calls a run went to the backend without a token, and failed there", short(calls)))
    })
}

/// Calls sent twice that must not be.
pub fn unsafe_resends(facts: Facts<'_>) -> Vec<String> {
    facts.of_policies(|policy| {
        let calls = facts.mean(policy, "unsafe_resends");
        (calls > 0.0).then(|| format!("sends {} calls a run twice that must not be sent twice", short(calls)))
    })
}

/// Calls that met a gateway which the policy's operator was restarting.
pub fn restarted_gateways(facts: Facts<'_>) -> Vec<String> {
    facts.of_policies(|policy| {
        let surge = &facts.scenario.policies[policy].policy.surge;
        let restarts = surge.threshold.is_some() && surge.remedy == Remedy::Restart;
        let (calls, failed) = (facts.mean(policy, "failed.gateway-down"), facts.mean(policy, "failed"));
        (restarts && calls > 0.0).then(|| {
            format!("{} of its {} failed calls met a gateway that was down for a restart", short(calls), short(failed))
        })
    })
}

/// Outages that the end of the run cut off.
pub fn open_at_the_end(facts: Facts<'_>) -> Vec<String> {
    facts.of_policies(|policy| {
        let values = facts.comparison.values(policy, "censored_lanes");
        let cut = values.iter().filter(|&&lanes| lanes > 0.0).count();
        (cut > 0).then(|| {
            format!(
                "in {cut} of {} replications an outage was still open at the end, so its downtimes are lower bounds (a longer run.duration would tell)",
                values.len()
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn said(rule: super::super::Rule, change: impl Fn(&str, &str, f64) -> f64) -> Vec<String> {
        let comparison = sample::changed(4, change);
        rule(Facts { scenario: &sample::scenario(), comparison: &comparison })
    }

    #[test]
    fn a_policy_that_trades_one_outage_for_another_is_named() {
        let numbers = |policy: &str, metric: &str, value: f64| match (policy, metric) {
            (_, "availability") => {
                if policy == "short-expiry" {
                    0.9
                } else {
                    0.99
                }
            }
            (_, "downtime_s") => 50.0,
            ("ttl-only", "downtime_after_restart_s") => 1_800.0,
            ("short-expiry", "downtime_after_restart_s") => 240.0,
            _ => value,
        };
        assert_eq!(
            said(helps_here_hurts_there, numbers),
            [
                "short-expiry: helps after the restart (240 s instead of 1,800 s) and hurts elsewhere: availability is 90.000 % instead of 99.000 %"
            ]
        );
    }

    #[test]
    fn failing_fast_at_the_idp_is_named() {
        let numbers = |policy: &str, metric: &str, value: f64| match (policy, metric) {
            ("no-cache", "failed") => 1_000.0,
            ("no-cache", "failed.idp-down") => 830.0,
            (_, "failed") => 100.0,
            _ => value,
        };
        assert_eq!(
            said(fails_at_the_idp, numbers),
            ["no-cache: 83 % of its 1,000 failed calls got no token from the IdP, where ttl-only fails 100 in all"]
        );
    }

    #[test]
    fn calls_that_met_a_restarted_gateway_are_told_of_a_policy_that_restarts_some() {
        let comparison = sample::changed(4, |_, metric, value| match metric {
            "failed.gateway-down" => 500.0,
            "failed" => 2_000.0,
            _ => value,
        });
        let mut scenario = sample::scenario();
        scenario.policies[1].policy.surge.threshold = Some(20);
        scenario.policies[2].policy.surge = crate::policy::surge::Surge {
            threshold: Some(20),
            remedy: Remedy::Flush,
            ..scenario.policies[2].policy.surge.clone()
        };
        assert_eq!(
            restarted_gateways(Facts { scenario: &scenario, comparison: &comparison }),
            ["reactive-retry: 500 of its 2,000 failed calls met a gateway that was down for a restart"]
        );
    }

    #[test]
    fn what_the_means_hide_is_said() {
        let numbers = |policy: &str, metric: &str, value: f64| match (policy, metric) {
            ("ttl-only", "censored_lanes") | ("wso2-mediator", "failed.no-token") => 2.0,
            _ => value,
        };
        assert_eq!(
            said(unsafe_resends, numbers),
            ["reactive-retry: sends 31 calls a run twice that must not be sent twice"]
        );
        assert_eq!(
            said(sent_without_a_token, numbers),
            ["wso2-mediator: 2 calls a run went to the backend without a token, and failed there"]
        );
        assert_eq!(
            said(open_at_the_end, numbers),
            [
                "ttl-only: in 4 of 4 replications an outage was still open at the end, so its downtimes are lower bounds (a longer run.duration would tell)"
            ]
        );
    }
}
