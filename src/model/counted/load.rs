//! What the IdP is offered while nothing goes wrong, and how many of its introspections would have to wait for a worker then.
//!
//! Introspections come as a Poisson process, or more evenly (in turns). For exponential service times Erlang's C formula says
//! how many of them find all workers busy, and for others about that: of one worker that is its utilisation whatever the
//! distribution. Rates are the largest of the run: of a profile its peak, of a trace its busiest second.

use super::super::config::{Arrivals, Ask, Balance, ClientConfig, Front, Persistence, Validation, WorldConfig};
use super::super::source::sticky_users;
use super::allowed::is_called;
use crate::id::{ApiId, CredentialId, GatewayId};
use crate::policy::Policy;
use crate::policy::fetch::SingleFlight;
use crate::policy::lifetime::LifetimeRule;
use crate::time::{SimSpan, SimTime};

/// What nodes of the IdP are offered, each of them.
#[derive(Clone, Debug)]
struct Offered {
    /// Workers that are busy, if there are enough of them.
    load: Vec<f64>,
    /// Introspections for backends, per second.
    introspections: Vec<f64>,
}

/// The share of introspections for backends that would have to wait for a worker, at most; `None`: there are none.
pub fn would_wait<'a>(config: &WorldConfig, policies: impl IntoIterator<Item = &'a Policy>) -> Option<f64> {
    let introspects = |api: ApiId| matches!(config.apis[api.index()].validation, Validation::Introspect { .. });
    if !apis(config).any(|api| introspects(api) && is_called(config, api)) {
        return None;
    }
    let share = |policy: &Policy| {
        let Offered { load, introspections } = offered(config, policy);
        let waiting = load.iter().zip(&introspections).map(|(load, n)| n * erlang_c(config.idp.workers, *load));
        waiting.sum::<f64>() / introspections.iter().sum::<f64>()
    };
    Some(policies.into_iter().map(share).fold(0.0, f64::max))
}

/// The largest utilisation of a node under any of these policies.
pub(super) fn utilisation<'a>(config: &WorldConfig, policies: impl IntoIterator<Item = &'a Policy>) -> f64 {
    let loads = policies.into_iter().flat_map(|policy| offered(config, policy).load);
    loads.fold(0.0, f64::max) / f64::from(config.idp.workers)
}

/// The chance to wait in M/M/c with `c` servers and an offered load of `a` erlangs (A. K. Erlang, 1917); 1 where queues do not end.
#[must_use]
pub fn erlang_c(c: u32, a: f64) -> f64 {
    if a >= f64::from(c) {
        return 1.0;
    }
    let mut loss = 1.0;
    for n in 1..=c {
        loss = a * loss / (f64::from(n) + a * loss);
        // Beyond the load it only falls.
        if loss < f64::MIN_POSITIVE {
            return 0.0;
        }
    }
    let utilisation = a / f64::from(c);
    loss / (1.0 - utilisation * (1.0 - loss))
}

fn offered(config: &WorldConfig, policy: &Policy) -> Offered {
    let nodes = config.idp.nodes;
    let mut offered = Offered { load: vec![0.0; nodes], introspections: vec![0.0; nodes] };
    for api in apis(config) {
        if let Validation::Introspect { .. } = config.apis[api.index()].validation {
            let rate = calls_of_clients(config, api) + calls_of_applications(config, api);
            spread(config, api.index(), rate, &mut offered.introspections);
        }
    }
    let introspection_s = config.idp.introspection_service.mean_s();
    for (load, rate) in offered.load.iter_mut().zip(&offered.introspections) {
        *load = rate * introspection_s;
    }
    let request_s = request_s(config);
    for gateway in (0..config.gateway.nodes).map(GatewayId::at) {
        for credential in (0..config.gateway_credentials).map(CredentialId::at) {
            let calls = calls_at(config, gateway, credential);
            let probes = policy.probe.every.map_or(0.0, per_s);
            let load = requests(config, policy, calls) * request_s + probes * introspection_s;
            spread(config, gateway.index(), load, &mut offered.load);
        }
    }
    let mut thread = 0;
    for application in &config.applications {
        let asks = match application.ask {
            Ask::Burst { every, .. } => per_s(every),
            Ask::Poisson { per_s } => per_s / f64::from(application.threads),
        };
        for _ in 0..application.threads {
            let rate = asks + requests(config, &policy.of_thread(), application.calls_per_s);
            spread(config, thread, rate * request_s, &mut offered.load);
            thread += 1;
        }
    }
    offered
}

/// Spreads what a caller asks for over the nodes, as the front does while all are in use.
fn spread(config: &WorldConfig, caller: usize, rate: f64, nodes: &mut [f64]) {
    let all = nodes.len();
    match config.idp.front {
        Front::RoundRobin | Front::Random => nodes.iter_mut().for_each(|node| *node += rate / real(all)),
        Front::Sticky => nodes[caller % all] += rate,
        Front::ActivePassive { .. } => nodes[0] += rate,
    }
}

/// Token requests per second of a holder with so many calls per second, at most: one each time its token's use ends, and one of
/// each call that comes meanwhile, where they share none.
fn requests(config: &WorldConfig, policy: &Policy, calls: f64) -> f64 {
    let given = config.idp.token_lifetime;
    let lives = policy.lifetime.request.map_or(given, |asked| asked.min(given));
    let used = match policy.lifetime.rule {
        LifetimeRule::ExpiresIn => lives.less(policy.lifetime.margin),
        LifetimeRule::Fixed { after } => after.min(lives),
        LifetimeRule::NoCache => SimSpan::ZERO,
    };
    let fetch_s = 2.0 * config.network.gateway_idp.as_secs_f64() + request_s(config);
    let others = if policy.fetch.single_flight == SingleFlight::None { calls * fetch_s } else { 0.0 };
    match policy.lifetime.refresh_after(used, 0.0) {
        Some(again) => per_s(again),
        None if used == SimSpan::ZERO => calls,
        None => (1.0 + others) * per_s(used),
    }
}

/// How long a token request keeps a worker busy: with a read and a write, where there is a database.
fn request_s(config: &WorldConfig) -> f64 {
    let stored = matches!(config.idp.persistence, Persistence::Database(_));
    let database_s = if stored { config.db.read.mean_s() + config.db.write.mean_s() } else { 0.0 };
    config.idp.token_service.mean_s() + database_s
}

/// Calls per second of a gateway node that need tokens of a credential.
fn calls_at(config: &WorldConfig, gateway: GatewayId, credential: CredentialId) -> f64 {
    let share = |client: &ClientConfig| match config.gateway.balance {
        Balance::Random | Balance::RoundRobin => 1.0 / real(config.gateway.nodes),
        Balance::Sticky => {
            let users = u32::try_from(sticky_users(client.users, config.gateway.nodes, gateway)).unwrap_or(u32::MAX);
            f64::from(users) / f64::from(client.users)
        }
    };
    let concerned = |client: &ClientConfig| {
        let apis = client.apis.iter().filter(|api| config.apis[api.index()].credential == credential);
        real(apis.count()) / real(client.apis.len())
    };
    config.clients.iter().map(|client| calls_of(client) * concerned(client) * share(client)).sum()
}

fn calls_of_clients(config: &WorldConfig, api: ApiId) -> f64 {
    let callers = config.clients.iter().filter(|client| client.apis.contains(&api));
    callers.map(|client| calls_of(client) / real(client.apis.len())).sum()
}

fn calls_of_applications(config: &WorldConfig, api: ApiId) -> f64 {
    let callers = config.applications.iter().filter(|application| application.api == api);
    callers.map(|application| f64::from(application.threads) * application.calls_per_s).sum()
}

/// Calls per second of a population, at its peak.
fn calls_of(client: &ClientConfig) -> f64 {
    let factor = client.profile.as_ref().map_or(1.0, crate::profile::Profile::largest);
    match &client.arrivals {
        Arrivals::Poisson { per_s } => per_s * factor,
        Arrivals::Constant { gap } => per_s(*gap) * factor,
        // As if calls took no time. Whoever thinks less than a millisecond thinks a millisecond.
        Arrivals::Closed { think } => f64::from(client.users) / think.mean_s().max(1e-3),
        Arrivals::Trace { instants } => busiest_second(instants),
    }
}

/// The most instants within a second.
fn busiest_second(instants: &[SimTime]) -> f64 {
    let within = |first: usize| {
        let end = instants[first] + SimSpan::secs(1);
        instants.partition_point(|at| *at < end) - first
    };
    real((0..instants.len()).map(within).max().unwrap_or(0))
}

fn apis(config: &WorldConfig) -> impl Iterator<Item = ApiId> + use<> {
    (0..config.apis.len()).map(ApiId::at)
}

fn per_s(every: SimSpan) -> f64 {
    1.0 / every.as_secs_f64().max(1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "a number of entities in a rate")]
fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_to_wait_is_erlangs() {
        assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
        // Two workers: C = 2ρ²/(1 + ρ).
        assert!((erlang_c(2, 1.2) - 2.0 * 0.36 / 1.6).abs() < 1e-12);
        // Ten workers at eight erlangs: 0.409 (tables of Erlang C).
        assert!((erlang_c(10, 8.0) - 0.409).abs() < 5e-4);
        assert_eq!((erlang_c(4, 4.0), erlang_c(4, 9.0), erlang_c(4, 0.0)), (1.0, 1.0, 0.0));
        assert!(erlang_c(1_000_000_000, 5.0) < 1e-300, "without a billion steps");
    }

    #[test]
    fn a_trace_counts_by_its_busiest_second() {
        let instants = [0, 400, 1_000, 1_500, 1_999, 9_000].map(|ms| SimTime::ZERO + SimSpan::millis(ms));
        assert!((busiest_second(&instants) - 3.0).abs() < 1e-12);
        assert!(busiest_second(&[]).abs() < 1e-12);
    }
}
