//! What a replication is expected to cost, in events: from the scenario alone, so that every machine deals the same shards. It
//! decides who does what and when, and no result: within a factor of three or so is enough.

use crate::model::config::{
    ApiConfig, ApplicationConfig, Arrivals, Ask, ClientConfig, InboundValidation, Validation, WorldConfig,
};
use crate::policy::Policy;
use crate::policy::lifetime::LifetimeRule;
use crate::profile::Profile;
use crate::time::SimSpan;

/// Events that a core plays in a second, as measured on the scenarios of this repository: for estimates of time.
pub const EVENTS_PER_SECOND: u64 = 8_000_000;

/// What a world costs to make and to measure, however short it is: about a millisecond.
const WORLD: f64 = 10_000.0;
/// A call is born, comes to the gateway, to the backend, back; a token is looked for on the way.
const CALL: f64 = 4.0;
/// Somebody asks the IdP: there, served, back.
const QUESTION: f64 = 3.0;
/// A token is asked for, with whatever the IdP's database does.
const TOKEN: f64 = 12.0;
/// A user's login, and its share of what gateways are told of revocations.
const USER: f64 = 8.0;
/// Instants at which the factor of a profile is looked at.
const LOOKS: u32 = 100;

/// The events of one replication; at least 1.
#[must_use]
pub fn events(world: &WorldConfig, policy: &Policy) -> u64 {
    let duration_s = world.run.duration.as_secs_f64();
    let fetches = if policy.lifetime.rule == LifetimeRule::NoCache { TOKEN } else { 0.0 };
    let clients: f64 = world.clients.iter().map(|client| of_client(world, client, duration_s, fetches)).sum();
    let applications: f64 = world.applications.iter().map(|of| of_application(world, of, duration_s)).sum();
    let expected = WORLD + clients + applications;
    // Floats become integers here and nowhere else; a cost beyond all bounds is the largest one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and is not negative")]
    let events = expected as u64;
    events.clamp(1, u64::MAX >> 20)
}

/// `fetches`: events that a call takes for its token.
fn of_client(world: &WorldConfig, client: &ClientConfig, duration_s: f64, fetches: f64) -> f64 {
    let users = f64::from(client.users);
    let factor = client.profile.as_ref().map_or(1.0, |profile| mean_factor(profile, world.run.duration));
    let calls = match &client.arrivals {
        Arrivals::Poisson { per_s } => per_s * duration_s * factor,
        Arrivals::Constant { gap } => duration_s / gap.as_secs_f64().max(1e-9) * factor,
        Arrivals::Closed { think } => users * duration_s / (think.mean_s() + 0.1),
        Arrivals::Trace { instants } => count(instants.len()),
    };
    let asked: f64 = client.apis.iter().map(|api| questions(&world.apis[api.index()])).sum();
    let inbound = match world.gateway.inbound.validation {
        InboundValidation::None => 0.0,
        InboundValidation::Jwt => USER * users,
        InboundValidation::Introspect { .. } => USER * users + QUESTION * calls,
    };
    calls * (CALL + fetches + asked / count(client.apis.len()).max(1.0)) + inbound
}

fn of_application(world: &WorldConfig, of: &ApplicationConfig, duration_s: f64) -> f64 {
    let threads = f64::from(of.threads);
    let calls = threads * of.calls_per_s * duration_s;
    let asks = match of.ask {
        Ask::Burst { every, .. } => threads * (duration_s / every.as_secs_f64().max(1e-9) + 1.0),
        Ask::Poisson { per_s } => per_s * duration_s,
    };
    calls * (CALL + questions(&world.apis[of.api.index()])) + asks * TOKEN
}

/// Events that the validation of a call takes at its backend.
fn questions(api: &ApiConfig) -> f64 {
    match api.validation {
        Validation::Introspect { .. } => QUESTION,
        Validation::Ideal | Validation::Local { .. } => 0.0,
    }
}

fn mean_factor(profile: &Profile, duration: SimSpan) -> f64 {
    let look = |index: u32| {
        let [before, after] = profile.around(duration.scaled(f64::from(index) / f64::from(LOOKS)));
        before.midpoint(after)
    };
    (0..LOOKS).map(look).sum::<f64>() / f64::from(LOOKS)
}

fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}
