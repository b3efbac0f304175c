//! A policy that changes nothing, and why: its rule never gets to act in this world.

use super::Facts;
use crate::model::config::{ApiConfig, RestartEvent, WorldConfig};
use crate::policy::Policy;

/// Kinds of faults of which the IdP tells.
const REVOKING: [&str; 6] =
    ["token-revoked", "password-change", "user-disabled", "role-change", "credentials-revoked", "application-revoked"];

/// Policies with the same results as the reference in every replication.
pub fn same_as_the_reference(facts: Facts<'_>) -> Vec<String> {
    let reference = facts.name(0);
    (1..facts.comparison.policies.len())
        .filter(|&policy| facts.comparison.identical(policy, 0))
        .map(|policy| {
            let reasons = reasons(&facts.scenario.world, &facts.scenario.policies[policy].policy);
            let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
            format!("{} = {reference} in every replication{why}", facts.name(policy))
        })
        .collect()
}

/// Why the rules of a policy never act in this world.
fn reasons(world: &WorldConfig, policy: &Policy) -> Vec<String> {
    [refusals(world, policy), errors(world, policy), age(world, policy), events(world, policy), request(world, policy)]
        .into_iter()
        .flatten()
        .collect()
}

fn refusals(world: &WorldConfig, policy: &Policy) -> Option<String> {
    let statuses = &policy.rejection.statuses;
    let seen = |api: &ApiConfig| statuses.contains(&api.reject_status);
    if statuses.is_empty() || world.apis.iter().any(seen) {
        return None;
    }
    let answers = list(world.apis.iter().map(|api| api.reject_status));
    Some(format!("the backend answers {answers}, this policy acts on {}", list(statuses.iter().copied())))
}

fn errors(world: &WorldConfig, policy: &Policy) -> Option<String> {
    let errors = &policy.rejection.errors;
    let known = |api: &ApiConfig| api.reject_error.0.as_ref().is_some_and(|said| errors.iter().any(|e| **e == **said));
    let unseen = !policy.rejection.statuses.is_empty() && !errors.is_empty() && !world.apis.iter().any(known);
    unseen.then(|| format!("it acts only on the error {}, which the backend does not send", errors.join(", ")))
}

fn age(world: &WorldConfig, policy: &Policy) -> Option<String> {
    let least = policy.rejection.min_token_age;
    (!policy.rejection.statuses.is_empty() && least >= world.idp.token_lifetime).then(|| {
        format!(
            "no token lives as long as the {least} after which it acts on a refusal (they live {})",
            world.idp.token_lifetime
        )
    })
}

fn events(world: &WorldConfig, policy: &Policy) -> Option<String> {
    if !policy.events.subscribe {
        return None;
    }
    let revoked = world.faults.iter().any(|fault| REVOKING.contains(&fault.fault.kind()));
    if world.idp.restart_event == RestartEvent::Never && !revoked {
        Some("it waits for events and the IdP publishes none (idp.restart_event = \"never\")".into())
    } else {
        Some("it waits for events and none changed anything".into())
    }
}

fn request(world: &WorldConfig, policy: &Policy) -> Option<String> {
    let asked = policy.lifetime.request?;
    (asked >= world.idp.token_lifetime).then(|| {
        format!("it asks for tokens of {asked}, and the IdP gives none longer than {}", world.idp.token_lifetime)
    })
}

/// Sorted, each once: `401 and 403`.
fn list(statuses: impl Iterator<Item = u16>) -> String {
    let mut sorted: Vec<u16> = statuses.collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::time::SimSpan;
    use std::sync::Arc;

    #[test]
    fn a_policy_for_401_is_said_to_meet_403() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(3));
        let said = same_as_the_reference(Facts { scenario: &scenario, comparison: &comparison });
        assert_eq!(
            said,
            ["wso2-mediator = ttl-only in every replication: the backend answers 403, this policy acts on 401"]
        );
    }

    #[test]
    fn every_reason_is_found() {
        let mut scenario = sample::scenario();
        let world = Arc::get_mut(&mut scenario.world).unwrap();
        world.idp.restart_event = RestartEvent::Never;
        let mut policy = sample::ttl_only();
        policy.events.subscribe = true;
        policy.lifetime.request = Some(SimSpan::secs(7_200));
        policy.rejection.statuses = vec![403];
        policy.rejection.errors = vec!["invalid_token".into()];
        policy.rejection.min_token_age = SimSpan::secs(3_600);
        assert_eq!(
            reasons(world, &policy),
            [
                "it acts only on the error invalid_token, which the backend does not send",
                "no token lives as long as the 1h after which it acts on a refusal (they live 1h)",
                "it waits for events and the IdP publishes none (idp.restart_event = \"never\")",
                "it asks for tokens of 2h, and the IdP gives none longer than 1h",
            ]
        );
        assert_eq!(reasons(world, &sample::ttl_only()), Vec::<String>::new());
    }
}
