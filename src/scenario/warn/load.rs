//! Whether the IdP can do, while nothing goes wrong, what it is asked for: an estimate of its utilisation.

use crate::key::Value;
use crate::profile::Profile;
use crate::scenario::check::user_count;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{Application, Client, Parts};
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::time::SimSpan;

/// Just before a time of the run, or from it on: factors of profiles may step.
#[derive(Clone, Copy)]
struct Moment {
    at: SimSpan,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Before,
    From,
}

/// How much of the IdP's capacity is taken at a moment.
struct Load {
    /// By introspections for backends, for gateways, and by asks of applications.
    backends: f64,
    inbound: f64,
    asking: f64,
    /// What a policy adds that asks for a token with every call.
    fetching: f64,
}

impl Load {
    fn always(&self) -> f64 {
        self.backends + self.inbound + self.asking
    }

    fn without_cache(&self) -> f64 {
        self.always() + self.fetching
    }
}

/// Warns of an IdP that is loaded beyond its capacity.
pub fn overloaded(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    let (_, more) = serving(parts);
    let (moment, load) = peak(parts, Load::always);
    if load.always() >= 1.0 {
        let (what, cure) = match (load.backends + load.inbound > 0.0, load.asking > 0.0) {
            (true, true) => ("introspection and the asks of applications load", "let applications ask less often"),
            (false, true) => ("the asks of applications alone load", "let them ask less often"),
            _ if load.inbound > load.backends => {
                ("introspection alone loads", "let the gateways remember answers longer, by gateway.inbound.cache_ttl")
            }
            _ => ("introspection alone loads", "give the apis an introspection_cache"),
        };
        let message = format!("{what} the IdP by {:.0} %{}", load.always() * 100.0, when(parts, moment));
        let warning = Diagnostic::new("W003", message)
            .at_some(idp.places.get("workers").or(busiest(parts, moment)), "more than it can do");
        reader.say(warning.help(format!("add {more}, or {cure}")));
        return;
    }
    let (moment, load) = peak(parts, Load::without_cache);
    for policy in parts.policies.iter().filter(|policy| policy.rules["lifetime"].table.text("rule") == "no-cache") {
        let utilisation = load.without_cache();
        if utilisation >= 1.0 {
            let name = &policy.named.name;
            let when = when(parts, moment);
            let message = format!("the policy `{name}` loads the IdP by {:.0} %{when}", utilisation * 100.0);
            let warning =
                Diagnostic::new("W003", message).at(&policy.named.name_at, "asks for a token with every call");
            reader.say(warning.help(format!("add {more}, unless the overload is the question")));
        }
    }
}

/// How many nodes serve at a time, and what gives more capacity: behind an active-passive front one node does it all.
fn serving(parts: &Parts) -> (u64, &'static str) {
    let idp = &parts.tables["idp"].table;
    match idp.text("front") {
        "active-passive" => (1, "workers"),
        _ => (idp.count("nodes"), "workers or nodes"),
    }
}

/// The moment of the greatest load, the first of them, and the load.
fn peak(parts: &Parts, of: impl Fn(&Load) -> f64) -> (Moment, Load) {
    let mut loads = moments(parts).into_iter().map(|moment| (moment, load(parts, moment)));
    let first = loads.next().expect("a run has a beginning");
    loads.fold(first, |most, next| if of(&next.1) > of(&most.1) { next } else { most })
}

/// The beginning; both sides of each point of a profile that lies within the run; its end. Between them rates are linear.
fn moments(parts: &Parts) -> Vec<Moment> {
    let end = parts.tables["run"].table.span("duration");
    let points = parts.clients.iter().filter_map(profile).flat_map(Profile::points).map(|point| point.at);
    let mut times: Vec<SimSpan> = points.filter(|at| *at > SimSpan::ZERO && *at < end).collect();
    times.sort_unstable();
    let both = times.into_iter().flat_map(|at| [Side::Before, Side::From].map(|side| Moment { at, side }));
    let (first, last) = (Moment { at: SimSpan::ZERO, side: Side::From }, Moment { at: end, side: Side::Before });
    [first].into_iter().chain(both).chain([last]).collect()
}

fn load(parts: &Parts, moment: Moment) -> Load {
    let idp = &parts.tables["idp"].table;
    let capacity = real(serving(parts).0) * real(idp.count("workers"));
    let sum = |rate: &dyn Fn(&Client) -> f64| parts.clients.iter().map(rate).sum::<f64>();
    let by_clients = sum(&|client| introspection_rate(parts, client, moment));
    let by_applications: f64 = parts.applications.iter().map(|one| application_introspections(parts, one)).sum();
    let inbound = sum(&|client| inbound_introspections(parts, client, moment));
    let introspection_s = idp.dist("introspection_service").mean_s();
    let token_s = idp.dist("token_service").mean_s();
    // A token that is handed out again is in the nodes' caches; one that never is has to be written.
    let renews = parts.tables["idp.persistence"].table.text("renew") == "always";
    let fetch_s = token_s + if renews { written_s(parts) } else { 0.0 };
    Load {
        backends: (by_clients + by_applications) * introspection_s / capacity,
        inbound: inbound * introspection_s / capacity,
        asking: parts.applications.iter().map(|one| asks_s(parts, one)).sum::<f64>() / capacity,
        fetching: sum(&|client| calls(client, moment)) * fetch_s / capacity,
    }
}

/// When that is, where it is not so all the time.
fn when(parts: &Parts, moment: Moment) -> String {
    match moment.at {
        _ if parts.clients.iter().all(|client| profile(client).is_none()) => String::new(),
        SimSpan::ZERO => ", at its peak at the beginning".into(),
        at => format!(", at its peak {at} after the beginning"),
    }
}

fn profile(client: &Client) -> Option<&Profile> {
    client.named.table.table.opt_profile("profile")
}

/// Of an open population, per second; 0 for others.
fn calls(client: &Client, moment: Moment) -> f64 {
    let factor = profile(client).map_or(1.0, |profile| {
        let [before, from] = profile.around(moment.at);
        match moment.side {
            Side::Before => before,
            Side::From => from,
        }
    });
    rate(&client.arrivals.table.0).map_or(0.0, |rate| rate * factor)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn real(count: u64) -> f64 {
    count as f64
}

/// How long a worker is held by the write of a token: synchronous persistence only.
fn written_s(parts: &Parts) -> f64 {
    let store = &parts.tables["idp.persistence"].table;
    let waits = store.text("mode") == "database" && store.count("pool_size") == 0;
    if waits { parts.tables["db"].table.dist("write").mean_s() } else { 0.0 }
}

/// How long a worker is held by a read.
fn read_s(parts: &Parts) -> f64 {
    let stored = parts.tables["idp.persistence"].table.text("mode") == "database";
    if stored { parts.tables["db"].table.dist("read").mean_s() } else { 0.0 }
}

/// Where the population stands that calls most often, or else the first application.
fn busiest(parts: &Parts, moment: Moment) -> Option<&At> {
    let calls = |client: &&Client| calls(client, moment);
    let client = parts.clients.iter().max_by(|a, b| calls(a).total_cmp(&calls(b)));
    let application = || parts.applications.first().map(|application| &application.named.name_at);
    client.map(|client| &client.named.name_at).or_else(application)
}

/// Per second, where there is a rate: of calls of an open population, of asks that come one by one.
fn rate(table: &std::collections::BTreeMap<&'static str, Value>) -> Option<f64> {
    match table.get("rate") {
        Some(Value::Rate(per_s)) => Some(*per_s),
        _ => None,
    }
}

/// How many workers the asks keep busy that come one by one. Where each kills the token before it, a new one is read for
/// and written. Those of a burst come together, and are the question more often than a slip.
fn asks_s(parts: &Parts, application: &Application) -> f64 {
    let ask = &application.ask.table;
    let renewed = ask.text("after") != "nothing";
    let stored = if renewed { read_s(parts) + written_s(parts) } else { 0.0 };
    rate(&ask.0).unwrap_or(0.0) * (parts.tables["idp"].table.dist("token_service").mean_s() + stored)
}

/// Introspections per second that an open population causes at backends; none where answers are cached, for that depends on tokens.
fn introspection_rate(parts: &Parts, client: &Client, moment: Moment) -> f64 {
    let apis = client.named.table.table.texts("apis");
    let introspecting = apis.iter().filter(|name| introspects_each_call(parts, name));
    let share = real(introspecting.count() as u64) / real(apis.len().max(1) as u64);
    calls(client, moment) * share
}

/// Introspections of callers' tokens per second, at most: one a call where gateways remember no answer; else no more than one
/// a user and gateway in each `cache_ttl`.
fn inbound_introspections(parts: &Parts, client: &Client, moment: Moment) -> f64 {
    let inbound = &parts.tables["gateway.inbound"].table;
    if inbound.text("validation") != "introspect" {
        return 0.0;
    }
    let calls = calls(client, moment);
    let remembered = inbound.span("cache_ttl");
    if remembered == SimSpan::ZERO {
        return calls;
    }
    let askers = f64::from(user_count(client)) * real(parts.tables["gateway"].table.count("nodes"));
    calls.min(askers / remembered.as_secs_f64())
}

/// Introspections per second that an application's threads cause at backends.
fn application_introspections(parts: &Parts, application: &Application) -> f64 {
    let table = &application.named.table.table;
    let calls = real(table.count("threads")) * rate(&application.calls.table.0).unwrap_or(0.0);
    if introspects_each_call(parts, table.text("api")) { calls } else { 0.0 }
}

fn introspects_each_call(parts: &Parts, name: &str) -> bool {
    parts.apis.iter().any(|api| {
        let table = &api.table.table;
        api.name == name
            && table.text("validation") == "introspect"
            && table.span("introspection_cache") == SimSpan::ZERO
    })
}
