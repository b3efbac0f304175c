//! Where calls can be counted at all: asked once for all policies of a comparison, so that all of them are played alike.

use super::super::config::{ApiConfig, Arrivals, Balance, InboundValidation, Validation, WorldConfig};
use super::load::utilisation;
use super::stretch::Path;
use crate::id::ApiId;
use crate::policy::Policy;
use crate::time::SimSpan;

/// Whether calls are counted whose introspections are then approximated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximately {
    Never,
    /// Somebody wants that.
    IfNeedBe,
}

/// What stands in the way of counting calls in this world under these policies, each with its name; nothing: they can be.
#[must_use]
pub fn obstacles<'a>(
    config: &WorldConfig,
    policies: impl IntoIterator<Item = (&'a str, &'a Policy)> + Clone,
    approximately: Approximately,
) -> Vec<String> {
    let mut found = match approximately {
        Approximately::Never => introspecting(config).map(|(api, _)| asks(api)).collect(),
        Approximately::IfNeedBe => introspection(config, policies.clone().into_iter().map(|(_, policy)| policy)),
    };
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

/// What stands in the way of counting calls that are introspected.
fn introspection<'a>(config: &WorldConfig, policies: impl IntoIterator<Item = &'a Policy>) -> Vec<String> {
    let mut found = Vec::new();
    for (api, cache) in introspecting(config) {
        if cache > SimSpan::ZERO {
            let why = "answers, so that a call depends on those before it";
            found.push(format!("the backend of the api `{}` remembers {why} (introspection_cache)", api.name));
        }
        let longest = Path::new(config, api).check.map_or(SimSpan::ZERO, |check| check.most());
        if longest >= api.introspection_timeout {
            found.push(format!("an introspection may take longer than the api `{}` waits for it", api.name));
        }
    }
    if introspecting(config).next().is_some() {
        let utilisation = utilisation(config, policies);
        if utilisation >= 1.0 {
            let load = utilisation * 100.0;
            let why = "so that calls would wait ever longer";
            found.push(format!("introspections and token requests load a node of the IdP by {load:.0} %, {why}"));
        }
    }
    found
}

/// The APIs that somebody calls and whose backends introspect, and how long these remember an answer.
fn introspecting(config: &WorldConfig) -> impl Iterator<Item = (&ApiConfig, SimSpan)> {
    (0..config.apis.len()).map(ApiId::at).filter(|api| is_called(config, *api)).filter_map(|api| {
        let api = &config.apis[api.index()];
        match api.validation {
            Validation::Introspect { cache, .. } => Some((api, cache)),
            Validation::Ideal | Validation::Local { .. } => None,
        }
    })
}

fn asks(api: &ApiConfig) -> String {
    format!("the backend of the api `{}` asks the IdP about each call's token", api.name)
}

/// Whether anybody calls an API.
pub(super) fn is_called(config: &WorldConfig, api: ApiId) -> bool {
    let by_clients = config.clients.iter().any(|client| client.apis.contains(&api));
    by_clients || config.applications.iter().any(|application| application.api == api)
}
