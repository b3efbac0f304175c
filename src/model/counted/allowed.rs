//! Where calls can be counted at all: asked once for all policies of a comparison, so that all of them are played alike.

use super::super::config::{Arrivals, Balance, InboundValidation, Validation, WorldConfig};
use super::stretch::Path;
use crate::policy::Policy;

/// What stands in the way of counting calls in this world under these policies, each with its name; nothing: they can be.
#[must_use]
pub fn obstacles<'a>(config: &WorldConfig, policies: impl IntoIterator<Item = (&'a str, &'a Policy)>) -> Vec<String> {
    let mut found = Vec::new();
    for api in &config.apis {
        if let Validation::Introspect { .. } = api.validation {
            found.push(format!("the backend of the api `{}` asks the IdP about each call's token", api.name));
        }
    }
    if config.gateway.balance == Balance::RoundRobin {
        found.push("gateways take calls in turns, so that each call depends on those before it".into());
    }
    if config.gateway.inbound.validation != InboundValidation::None {
        found.push("gateways check the token of each caller".into());
    }
    for client in &config.clients {
        if client.retry_attempts > 0 {
            found.push(format!("the client `{}` sends calls again", client.name));
        }
        let longest = client.apis.iter().map(|api| Path::new(config, &config.apis[api.index()]).longest()).max();
        if matches!(client.arrivals, Arrivals::Poisson { .. }) && longest.is_some_and(|span| span >= client.timeout) {
            found.push(format!("an answer may come after the timeout of the client `{}`", client.name));
        }
    }
    for (name, policy) in policies {
        if !policy.lifetime.caches() {
            found.push(format!("the policy `{name}` fetches a token for each call"));
        }
    }
    found
}
