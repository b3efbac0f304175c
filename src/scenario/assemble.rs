//! From decoded tables to the world. Nothing here can fail: what could was checked before.

mod store;

use std::sync::Arc;

use super::check::{Known, credentials, user_count};
use super::parts::{Application, Client, FaultPart, Named, Parts, PolicyPart};
use super::source::Sources;
use super::{Expect, NamedPolicy, Published, quantity};
use crate::fault::Names;
use crate::id::{ApiId, ClientId, ConsumerKeyId, CredentialId};
use crate::key::{Backoff, Table, Value};
use crate::model::config::{
    ApiConfig, ApplicationConfig, Arrivals, Ask, AskAfter, Balance, BusConfig, ClientConfig, ConsumerKey, FaultConfig,
    Front, GatewayConfig, HealthOf, IdpConfig, InboundConfig, InboundValidation, Network, OnRestart, OnUnreachable,
    Playing, RestartEvent, RunConfig, Start, Strategy, TokenFormat, Unreachable, Validation, WorldConfig, WwwError,
};
use crate::policy::Policy;
use crate::revocation::{Comparison, Merge};
use crate::time::SimSpan;

/// The world of tables without mistakes.
#[must_use]
pub fn world(parts: &Parts) -> WorldConfig {
    let table = |path: &str| &parts.tables[path].table;
    let (known, (credentials, gateway_credentials)) = (Known::of(parts), credentials(parts));
    let faults = parts.faults.iter().map(|part| fault(part, table("idp"), known.names())).collect();
    WorldConfig {
        run: run(table("run")),
        network: network(table("network")),
        idp: idp(parts),
        control_plane_delay: table("control_plane").dist("delay"),
        bus: bus(table("bus")),
        gateway: gateway(table("gateway"), table("gateway.inbound")),
        db: store::db(table("db")),
        apis: parts.apis.iter().map(|part| api(part, &credentials)).collect(),
        clients: parts.clients.iter().map(|part| client(part, &parts.apis, &known.consumer_keys)).collect(),
        applications: parts.applications.iter().map(|part| application(part, &parts.apis, &credentials)).collect(),
        faults,
        gateway_credentials,
        consumer_keys: consumer_keys(parts, &known),
        credentials,
    }
}

/// The policies, in the order of the file.
#[must_use]
pub fn policies(parts: &Parts) -> Vec<NamedPolicy> {
    let policy = |part: &PolicyPart| NamedPolicy {
        name: part.named.name.clone(),
        base: part.base.clone(),
        policy: Policy::from_tables(&|rule| part.rules[rule].table.clone()),
    };
    parts.policies.iter().map(policy).collect()
}

/// What must hold, in the order of the file.
#[must_use]
pub fn expects(parts: &Parts, sources: &Sources) -> Vec<Expect> {
    let policies: Vec<String> = parts.policies.iter().map(|part| part.named.name.clone()).collect();
    let expect =
        |part: &Named| Expect::from_table(&part.name, &part.table.table, &policies, sources.origin(&part.name_at));
    parts.expects.iter().map(expect).collect()
}

fn run(table: &Table) -> RunConfig {
    RunConfig {
        duration: table.span("duration"),
        warmup: table.span("warmup"),
        start: word(table, "start", &[("warm", Start::Warm), ("cold", Start::Cold)]),
        // What `auto` comes to is decided when the whole scenario is known.
        calls: word(
            table,
            "calls",
            &[("each", Playing::Each), ("counted", Playing::Counted), ("auto", Playing::Counted)],
        ),
        would_wait: None,
        seed: table.count("seed"),
    }
}

fn network(table: &Table) -> Network {
    Network {
        client_gateway: table.span("client_gateway"),
        gateway_idp: table.span("gateway_idp"),
        gateway_backend: table.span("gateway_backend"),
        backend_idp: table.span("backend_idp"),
    }
}

fn idp(parts: &Parts) -> IdpConfig {
    let (table, health) = (&parts.tables["idp"].table, &parts.tables["idp.health_check"].table);
    IdpConfig {
        nodes: count(table, "nodes"),
        front: word(
            table,
            "front",
            &[
                ("round-robin", Front::RoundRobin),
                ("random", Front::Random),
                ("sticky", Front::Sticky),
                ("active-passive", Front::ActivePassive { failover: table.span("failover") }),
            ],
        ),
        detect: health.span("detect"),
        health_of: word(health, "of", &[("readiness", HealthOf::Readiness), ("port", HealthOf::Port)]),
        workers: table.count32("workers"),
        queue: table.count32("queue"),
        token_service: table.dist("token_service"),
        introspection_service: table.dist("introspection_service"),
        token_lifetime: table.span("token_lifetime"),
        token_format: word(table, "token_format", &[("opaque", TokenFormat::Opaque), ("jwt", TokenFormat::Jwt)]),
        on_restart: OnRestart::from_word(table.text("on_restart")),
        starting: table.dist("starting"),
        restart_event: RestartEvent::from_word(table.text("restart_event")),
        unreachable: word(table, "unreachable", &[("refuse", Unreachable::Refuse), ("hang", Unreachable::Hang)]),
        notify_again: (table.text("notify") == "at-least-once").then(|| table.span("notify_again")),
        persistence: store::persistence(&parts.tables["idp.persistence"].table),
        cache: store::cache(&parts.tables["idp.cache"].table),
    }
}

fn bus(table: &Table) -> BusConfig {
    BusConfig {
        delay: table.dist("delay"),
        loss: table.real("loss"),
        durable: table.bool("durable"),
        redeliver: (table.text("delivery") == "at-least-once").then(|| table.span("redeliver")),
    }
}

fn gateway(table: &Table, inbound: &Table) -> GatewayConfig {
    GatewayConfig {
        inbound: self::inbound(inbound, count(table, "nodes")),
        nodes: count(table, "nodes"),
        balance: word(
            table,
            "balance",
            &[("random", Balance::Random), ("round-robin", Balance::RoundRobin), ("sticky", Balance::Sticky)],
        ),
        overhead: table.dist("overhead"),
        detect_down: table.span("detect_down"),
        restart_takes: table.span("restart_takes"),
    }
}

fn inbound(table: &Table, gateways: usize) -> InboundConfig {
    InboundConfig {
        validation: match table.text("validation") {
            "none" => InboundValidation::None,
            "jwt" => InboundValidation::Jwt,
            _ => InboundValidation::Introspect { cache: table.span("cache_ttl"), sweep: table.span("cache_sweep") },
        },
        listens: match table.get("revocation_events") {
            Value::Texts(nodes) => (1..=gateways).map(|n| nodes.contains(&format!("gateway-{n}"))).collect(),
            _ => vec![table.bool("revocation_events"); gateways],
        },
        comparison: word(table, "comparison", &[("strict", Comparison::Strict), ("non-strict", Comparison::NonStrict)]),
        merge: word(table, "merge", &[("last-writer", Merge::LastWriter), ("max", Merge::Max)]),
    }
}

fn api(part: &Named, credentials: &[String]) -> ApiConfig {
    let table = &part.table.table;
    let credential = credentials.iter().position(|name| name == table.text("credential"));
    ApiConfig {
        name: part.name.clone(),
        credential: CredentialId::at(credential.expect("the list has every api's credential")),
        validation: validation(table),
        reject_status: u16::try_from(table.count("reject_status")).expect("401 or 403"),
        reject_error: error(table.text("reject_error")),
        forbidden_ratio: table.real("forbidden_ratio"),
        forbidden_error: error(table.text("forbidden_error")),
        unsafe_ratio: table.real("unsafe_ratio"),
        service_time: table.dist("service_time"),
        introspection_timeout: table.span("introspection_timeout"),
    }
}

fn validation(table: &Table) -> Validation {
    match table.text("validation") {
        "ideal" => Validation::Ideal,
        "local" => Validation::Local { refresh: table.span("jwks_refresh"), cooldown: table.span("jwks_cooldown") },
        _ => Validation::Introspect {
            cache: table.span("introspection_cache"),
            on_unreachable: word(
                table,
                "on_idp_unreachable",
                &[
                    ("error", OnUnreachable::Error),
                    ("refuse", OnUnreachable::Refuse),
                    ("accept", OnUnreachable::Accept),
                ],
            ),
        },
    }
}

fn error(word: &str) -> WwwError {
    WwwError((word != "none" && !word.is_empty()).then(|| Arc::from(word)))
}

fn client(part: &Client, apis: &[Named], keys: &[String]) -> ClientConfig {
    let table = &part.named.table.table;
    let mut called: Vec<ApiId> = apis
        .iter()
        .enumerate()
        .filter(|(_, api)| table.texts("apis").contains(&api.name))
        .map(|(index, _)| ApiId::at(index))
        .collect();
    called.sort_unstable();
    let key = |name: &str| keys.iter().position(|key| key == name).map(ConsumerKeyId::at);
    let mut owns: Vec<ConsumerKeyId> = table.texts("owns").iter().filter_map(|name| key(name)).collect();
    owns.sort_unstable();
    owns.dedup();
    ClientConfig {
        name: part.named.name.clone(),
        apis: called,
        arrivals: arrivals(part),
        profile: table.opt_profile("profile").cloned(),
        users: user_count(part),
        consumer_key: key(&part.named.name).expect("the list has every population"),
        login: table.dist("login"),
        relogin: table.dist("relogin"),
        token_lifetime: table.opt_span("token_lifetime"),
        owns,
        timeout: table.span("timeout"),
        retry_attempts: part.retry.table.count32("attempts"),
        retry_backoff: backoff(&part.retry.table),
        retry_budget: part.retry.table.opt_real("budget"),
    }
}

fn arrivals(part: &Client) -> Arrivals {
    let table = &part.arrivals.table;
    match table.text("process") {
        "constant" => Arrivals::Constant { gap: SimSpan::from_secs_f64(1.0 / rate(table)).max(quantity::FINEST) },
        "closed" => Arrivals::Closed { think: table.dist("think") },
        "trace" => Arrivals::Trace { instants: part.instants.as_slice().into() },
        _ => Arrivals::Poisson { per_s: rate(table) },
    }
}

fn application(part: &Application, apis: &[Named], credentials: &[String]) -> ApplicationConfig {
    let (name, table, ask) = (&part.named.name, &part.named.table.table, &part.ask.table);
    let credential = credentials.iter().position(|credential| credential == name);
    let api = apis.iter().position(|api| api.name == table.text("api"));
    ApplicationConfig {
        name: name.clone(),
        credential: CredentialId::at(credential.expect("the list has every application's consumer key")),
        threads: table.count32("threads"),
        strategy: word(
            table,
            "strategy",
            &[
                ("per-thread", Strategy::PerThread),
                ("one-thread", Strategy::OneThread),
                ("scope-per-thread", Strategy::ScopePerThread),
            ],
        ),
        ask: match ask.text("process") {
            "poisson" => Ask::Poisson { per_s: rate(ask) },
            _ => Ask::Burst { first: ask.span("first"), every: ask.span("every"), spread: ask.span("spread") },
        },
        ask_after: word(
            ask,
            "after",
            &[("revocation", AskAfter::Revocation), ("expiry", AskAfter::Expiry), ("nothing", AskAfter::Nothing)],
        ),
        calls_per_s: rate(&part.calls.table),
        api: ApiId::at(api.expect("the loader refuses an api that is not there")),
        refetches: table.text("on_refusal") == "refetch",
    }
}

/// Per second.
fn rate(table: &Table) -> f64 {
    if let Value::Rate(per_s) = table.get("rate") { *per_s } else { unreachable!("a rate is required") }
}

fn backoff(table: &Table) -> Backoff {
    if !table.0.contains_key("first") {
        return table.backoff("backoff");
    }
    Backoff {
        first: table.span("first"),
        factor: table.real("factor"),
        max: table.span("max"),
        jitter: table.real("jitter"),
    }
}

/// Every consumer key with whose it is.
fn consumer_keys(parts: &Parts, known: &Known) -> Vec<ConsumerKey> {
    let key = |name: String| ConsumerKey {
        credential: known.credentials.iter().position(|known| *known == name).map(CredentialId::at),
        client: parts.clients.iter().position(|client| client.named.name == name).map(ClientId::at),
        name,
    };
    known.consumer_keys.iter().cloned().map(key).collect()
}

fn fault(part: &FaultPart, idp: &Table, names: Names<'_>) -> FaultConfig {
    let table = &part.named.table.table;
    let fault = (part.def.build)(table, idp, names).expect("the loader built it once already");
    FaultConfig { name: part.named.name.clone(), at: table.dist("at"), every: table.opt_span("every"), fault }
}

/// What is known of the real case.
pub fn known(parts: &Parts) -> Vec<Published> {
    let policies: Vec<String> = parts.policies.iter().map(|policy| policy.named.name.clone()).collect();
    parts.known.iter().map(|known| Published::from_table(&known.name, &known.table.table, &policies)).collect()
}

fn count(table: &Table, name: &str) -> usize {
    usize::try_from(table.count(name)).expect("the loader bounds the size of a world")
}

/// What a word of a choice stands for.
fn word<T: Copy>(table: &Table, key: &str, meanings: &[(&str, T)]) -> T {
    let word = table.text(key);
    let found = meanings.iter().find(|(known, _)| *known == word);
    found.unwrap_or_else(|| unreachable!("the decoder refuses {key} = {word}")).1
}
