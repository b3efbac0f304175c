//! The registry of scenario keys: one line a key, behind the decoder, `show`, `schema`, `--set` and sweeps.
//!
//! The keys of policy rules stand beside the rules ([`crate::policy::RULES`]), those of faults beside the faults
//! ([`crate::fault::FAULTS`]).

use crate::key::{Key, Ty};

/// How a table stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `[table]`, at most once.
    Table,
    /// `[[entry]]`, each with a name.
    List,
}

/// A table of a scenario file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// `idp`, `idp.persistence`, `client.arrivals`.
    pub path: &'static str,
    pub form: Form,
    pub keys: &'static [Key],
    pub doc: &'static str,
}

const fn table(path: &'static str, keys: &'static [Key], doc: &'static str) -> Section {
    Section { path, form: Form::Table, keys, doc }
}

const fn list(path: &'static str, keys: &'static [Key], doc: &'static str) -> Section {
    Section { path, form: Form::List, keys, doc }
}

/// Every table, in the order of the documentation; `""` is the top of the file.
pub const SECTIONS: &[Section] = &[
    table("", TOP, "what the scenario asks"),
    table("run", RUN, "how long, how often, from where"),
    table("network", NETWORK, "delays, one way each"),
    table("idp", IDP, "the authorization server"),
    table("idp.health_check", HEALTH_CHECK, "how the front knows which nodes are up"),
    table("idp.persistence", PERSISTENCE, "how tokens are stored"),
    table("idp.cache", IDP_CACHE, "what a node of the IdP remembers of the database"),
    table("db", DB, "the IdP's database"),
    table("control_plane", CONTROL_PLANE, "what takes the IdP's notifications"),
    table("gateway", GATEWAY, "the API gateway's nodes"),
    table("gateway.inbound", INBOUND, "how a gateway checks its callers' tokens"),
    table("bus", BUS, "what carries events to gateways"),
    table("slo", SLO, "what it means in a year"),
    list("api", API, "a proxied API and its backend"),
    list("client", CLIENT, "a population of callers"),
    table("client.arrivals", ARRIVALS, "how calls arise"),
    table("client.retry", RETRY, "what a client does about a failed call"),
    list("application", APPLICATION, "an application that asks the IdP itself"),
    table("application.ask", ASK, "when its threads ask for tokens"),
    table("application.calls", APPLICATION_CALLS, "what its threads do with them"),
    list("fault", FAULT, "what goes wrong"),
    list("policy", POLICY, "what token holders do"),
    table("sweep", SWEEP, "the grid of a sweep"),
    list("expect", EXPECT, "what must hold"),
    list("known", KNOWN, "what is known of the real case"),
];

/// The table of this path.
///
/// # Panics
/// Where there is none: a bug.
#[must_use]
pub fn section(path: &str) -> &'static Section {
    SECTIONS.iter().find(|section| section.path == path).unwrap_or_else(|| panic!("no table {path}"))
}

/// The names of the tables directly below this path (`""`: of the top).
pub fn below(path: &'static str) -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().filter_map(move |section| {
        let rest = if path.is_empty() { section.path } else { section.path.strip_prefix(path)?.strip_prefix('.')? };
        (!rest.is_empty() && !rest.contains('.')).then_some(rest)
    })
}

/// Whether the table stands in the entries of a list: `client.arrivals`.
#[must_use]
pub fn of_an_entry(path: &str) -> bool {
    path.split_once('.').is_some_and(|(list, _)| section(list).form == Form::List)
}

/// As many as fit the largest world; what is too large for memory is refused with the memory it would take.
const MANY: Ty = Ty::Count { min: 1, max: 1_000_000_000_000 };
const NODES: Ty = Ty::Count { min: 1, max: 10_000 };
const SIZE: Ty = Ty::Count { min: 1, max: 1_000_000_000 };

/// The top of the file.
pub const TOP: &[Key] = &[
    Key::new("schema", Ty::OneOf(&[1]), "1", "the version of the file format"),
    Key::required("name", Ty::Text, "the scenario's name: letters, digits, - and _"),
    Key::new("title", Ty::Text, "\"\"", "a line about it"),
    Key::new("question", Ty::Text, "\"\"", "what it asks"),
    Key::new("source", Ty::Text, "\"\"", "where the case comes from"),
    Key::new("extends", Ty::Texts, "[]", "scenario files to start from; this file last"),
];

const RUN: &[Key] = &[
    Key::required("duration", Ty::PositiveSpan, "how long is simulated"),
    Key::new("warmup", Ty::Span, "\"0s\"", "nothing before it is measured"),
    Key::new("start", Ty::Choice(&["warm", "cold"]), "\"warm\"", "what caches hold at the start"),
    Key::new(
        "calls",
        Ty::Choice(&["each", "counted", "auto"]),
        "\"each\"",
        "each: every call is played; counted: those that change nothing are not; auto: counted where that can be done",
    ),
    Key::new("seed", Ty::Count { min: 0, max: u64::MAX }, "1", "where all random numbers come from"),
    Key::new(
        "replications",
        Ty::Replications,
        "100",
        "how many worlds are drawn: a number, or { min, max, until } for as many as it takes",
    ),
];

const NETWORK: &[Key] = &[
    Key::new("client_gateway", Ty::Span, "\"0ms\"", "from a client to a gateway"),
    Key::new("gateway_idp", Ty::Span, "\"1ms\"", "from a gateway to the IdP"),
    Key::new("gateway_backend", Ty::Span, "\"1ms\"", "from a gateway to a backend"),
    Key::new("backend_idp", Ty::Span, "\"1ms\"", "from a backend to the IdP"),
];

const IDP: &[Key] = &[
    Key::new("nodes", NODES, "1", "how many nodes: idp-1 …"),
    Key::new(
        "front",
        Ty::Choice(&["round-robin", "random", "sticky", "active-passive"]),
        "\"round-robin\"",
        "how callers reach a node",
    ),
    Key::new(
        "failover",
        Ty::Span,
        "\"0s\"",
        "active-passive: how long after it sees the active node out of use a standby takes over",
    ),
    Key::new("workers", SIZE, "64", "parallel workers of a node"),
    Key::new("queue", Ty::Count { min: 0, max: 1_000_000_000 }, "1000", "places in a node's queue"),
    Key::new("token_service", Ty::Dist, "\"20ms\"", "how long a token request is worked on"),
    Key::new("introspection_service", Ty::Dist, "\"5ms\"", "how long an introspection is worked on"),
    Key::new("token_lifetime", Ty::PositiveSpan, "\"1h\"", "how long a token lives"),
    Key::new("token_format", Ty::Choice(&["opaque", "jwt"]), "\"opaque\"", "whether a token can be read"),
    Key::new(
        "on_restart",
        Ty::Choice(&["invalidate-all", "invalidate-node", "keep", "new-signing-key", "not-before"]),
        "\"invalidate-all\"",
        "which tokens a restart kills",
    ),
    Key::new("starting", Ty::Dist, "\"0s\"", "how long the ports are open before a node is ready"),
    Key::new(
        "restart_event",
        Ty::Choice(&["never", "at-start", "at-stop"]),
        "\"never\"",
        "when the IdP tells of its restart",
    ),
    Key::new("unreachable", Ty::Choice(&["refuse", "hang"]), "\"refuse\"", "what callers of a node that is down meet"),
    Key::new(
        "notify",
        Ty::Choice(&["at-most-once", "at-least-once"]),
        "\"at-most-once\"",
        "how the control plane is told",
    ),
    Key::new("notify_again", Ty::PositiveSpan, "\"5s\"", "at-least-once: the gap between repetitions"),
];

const HEALTH_CHECK: &[Key] = &[
    Key::new("detect", Ty::Span, "\"0s\"", "how late the front sees what a node is"),
    Key::new("of", Ty::Choice(&["readiness", "port"]), "\"readiness\"", "whether a starting node is in use"),
];

const PERSISTENCE: &[Key] = &[
    Key::new("mode", Ty::Choice(&["memory", "database", "none"]), "\"memory\"", "where tokens are kept"),
    Key::new("pool_size", Ty::Count { min: 0, max: 10_000 }, "0", "0: synchronous; above: so many threads of a node"),
    Key::new("queue_order", Ty::Choice(&["fifo", "lifo"]), "\"fifo\"", "asynchronous: which token is written next"),
    Key::new("retry_count", Ty::Count { min: 0, max: 1_000 }, "5", "retries after a CON_APP_KEY violation"),
    Key::new(
        "recovery",
        Ty::Choice(&["documented", "wso2-source"]),
        "\"documented\"",
        "synchronous: what a violation leads to",
    ),
    Key::new(
        "recovery_transactions",
        Ty::Choice(&["one", "two"]),
        "\"one\"",
        "asynchronous: the recovery's transactions",
    ),
    Key::new("renew", Ty::Choice(&["reuse", "always"]), "\"reuse\"", "whether an active token is handed out again"),
    Key::new("reuse_margin", Ty::Span, "\"1s\"", "how long a token must still live to be handed out again"),
    Key::new("node_lock", Ty::Bool, "true", "requests for one token key on one node go one after another"),
];

const IDP_CACHE: &[Key] = &[
    Key::new("ttl", Ty::Span, "\"300s\"", "how long a node remembers a token"),
    Key::new("clustered", Ty::Bool, "true", "whether nodes tell each other of changes"),
    Key::new("invalidation", Ty::Span, "\"10ms\"", "how long that takes"),
];

const DB: &[Key] = &[
    Key::new(
        "profile",
        Ty::Choice(&["db2", "h2", "mssql", "mysql", "mysql-cluster", "oracle", "oracle-rac", "postgresql"]),
        "\"postgresql\"",
        "whose timestamps and NULLs",
    ),
    Key::new("con_app_key", Ty::Bool, "true", "the constraint: one ACTIVE token a key"),
    Key::new("read", Ty::Dist, "\"2ms\"", "how long a read takes"),
    Key::new("write", Ty::Dist, "\"4ms\"", "how long a write takes"),
    Key::new("pool", Ty::Count { min: 1, max: 100_000 }, "50", "connections, of all nodes together"),
    Key::new("pool_wait", Ty::Span, "\"60s\"", "how long a connection is waited for"),
];

const CONTROL_PLANE: &[Key] = &[Key::new("delay", Ty::Dist, "\"10ms\"", "from the IdP's notification to the bus")];

const GATEWAY: &[Key] = &[
    Key::new("nodes", MANY, "2", "how many nodes: gateway-1 …"),
    Key::new("balance", Ty::Choice(&["random", "round-robin", "sticky"]), "\"random\"", "how calls are spread"),
    Key::new("overhead", Ty::Dist, "\"1ms\"", "what a gateway does with each call"),
    Key::new("detect_down", Ty::Span, "\"0s\"", "how late the balancer sees what a node is"),
    Key::new("restart_takes", Ty::Span, "\"60s\"", "how long an operator's restart takes"),
    Key::off("wso2", Ty::Text, "a deployment.toml whose settings stand below the scenario's own"),
];

const INBOUND: &[Key] = &[
    Key::new("validation", Ty::Choice(&["none", "jwt", "introspect"]), "\"none\"", "how callers' tokens are checked"),
    Key::new("cache_ttl", Ty::Span, "\"900s\"", "introspect: how long an answer is remembered; 0s: not at all"),
    Key::new("cache_sweep", Ty::PositiveSpan, "\"30s\"", "introspect: how often old answers are dropped"),
    Key::new(
        "revocation_events",
        Ty::BoolOrTexts,
        "true",
        "whether revocations are listened to, or a list of the gateway nodes that do",
    ),
    Key::new(
        "comparison",
        Ty::Choice(&["strict", "non-strict"]),
        "\"strict\"",
        "jwt: of a watermark with a token's time",
    ),
    Key::new("merge", Ty::Choice(&["last-writer", "max"]), "\"last-writer\"", "jwt: of two watermarks"),
];

const BUS: &[Key] = &[
    Key::new("delay", Ty::Dist, "\"50ms\"", "how long a delivery takes"),
    Key::new("loss", Ty::Ratio, "0.0", "the share of deliveries that are lost"),
    Key::new("durable", Ty::Bool, "false", "whether a subscriber that was away gets what it missed"),
    Key::new(
        "delivery",
        Ty::Choice(&["at-most-once", "at-least-once"]),
        "\"at-most-once\"",
        "whether losses are repeated",
    ),
    Key::new("redeliver", Ty::PositiveSpan, "\"5s\"", "at-least-once: the gap between repetitions"),
];

const SLO: &[Key] = &[
    Key::off("target", Ty::Fraction, "the share of calls that must succeed in a year"),
    Key::off("restarts_per_year", Ty::Factor, "how often it happens in a year"),
];

const API: &[Key] = &[
    Key::required("name", Ty::Text, "the API's name"),
    Key::like("credential", Ty::Text, "name", "the consumer key of the backend's tokens"),
    Key::new(
        "validation",
        Ty::Choice(&["ideal", "introspect", "local"]),
        "\"introspect\"",
        "how the backend checks a token",
    ),
    Key::new("reject_status", Ty::OneOf(&[401, 403]), "403", "the status of a refusal"),
    Key::new(
        "reject_error",
        Ty::Choice(&["none", "invalid_token"]),
        "\"none\"",
        "the WWW-Authenticate error of a refusal",
    ),
    Key::new(
        "forbidden_ratio",
        Ty::Ratio,
        "0.0",
        "the share of calls with a good token that get a 403 of the backend's own",
    ),
    Key::new("forbidden_error", Ty::Text, "\"insufficient_scope\"", "the WWW-Authenticate error of these, or none"),
    Key::new("unsafe_ratio", Ty::Ratio, "0.0", "the share of calls that must not be sent twice"),
    Key::new(
        "service_time",
        Ty::Dist,
        "{ dist = \"lognormal\", mean = \"16.4ms\", cv = 0.99 }",
        "how long the backend takes",
    ),
    Key::new("introspection_cache", Ty::Span, "\"0s\"", "introspect: how long an answer is remembered"),
    Key::new(
        "on_idp_unreachable",
        Ty::Choice(&["error", "refuse", "accept"]),
        "\"error\"",
        "introspect: what becomes of a call that cannot be checked",
    ),
    Key::new("introspection_timeout", Ty::PositiveSpan, "\"5s\"", "how long the backend waits for the IdP"),
    Key::new("jwks_refresh", Ty::PositiveSpan, "\"5min\"", "local: how often the key set is fetched"),
    Key::new("jwks_cooldown", Ty::Span, "\"30s\"", "local: not fetched for an unknown key sooner than this"),
];

const CLIENT: &[Key] = &[
    Key::required("name", Ty::Text, "the population's name"),
    Key::required("apis", Ty::Texts, "what it calls; each call picks one uniformly"),
    Key::new("users", Ty::Count { min: 1, max: 4_000_000_000 }, "1000", "how many users: user-1 …"),
    Key::new("timeout", Ty::PositiveSpan, "\"30s\"", "how long a call is waited for"),
    Key::off("token_lifetime", Ty::PositiveSpan, "of the users' own tokens"),
    Key::off("profile", Ty::Profile, "poisson, constant: factors on the rate, each with its time; linear between"),
    Key::new(
        "login",
        Ty::Dist,
        "{ dist = \"uniform\", min = \"0s\", max = \"8h\" }",
        "the age of a user's token at the start",
    ),
    Key::new("relogin", Ty::Dist, "\"5s\"", "how long a refused user takes to log in again"),
    Key::new("owns", Ty::Texts, "[]", "the consumer keys of applications that each user of this population owns"),
];

const ARRIVALS: &[Key] = &[
    Key::new("process", Ty::Choice(&["poisson", "constant", "closed", "trace"]), "\"poisson\"", "how calls arise"),
    Key::new("rate", Ty::Rate, "\"50/s\"", "poisson, constant: calls of the whole population"),
    Key::like("users", Ty::Count { min: 1, max: 4_000_000_000 }, "client.users", "closed: how many users call"),
    Key::off("think", Ty::Dist, "closed: how long a user thinks before the next call (required there)"),
    Key::off("file", Ty::Text, "trace: a column of seconds (required there)"),
];

const RETRY: &[Key] = &[
    Key::new("attempts", Ty::Count { min: 0, max: 1_000 }, "0", "how often a failed call is repeated at most"),
    Key::new("backoff", Ty::Backoff, "\"1s\"", "the wait before each"),
    Key::off("first", Ty::Span, "instead of backoff, for waits that grow: the first (required there)"),
    Key::new("factor", Ty::Factor, "2.0", "first: by how much each wait is longer than the last"),
    Key::new("max", Ty::Span, "\"5s\"", "first: the longest wait"),
    Key::new("jitter", Ty::Ratio, "0.0", "first: each wait is up to this share of itself shorter or longer"),
    Key::off("budget", Ty::Factor, "retries are at most this share of the calls of the last 10 s; it may be above 1"),
];

const APPLICATION: &[Key] = &[
    Key::required("name", Ty::Text, "the application's name, which is its consumer key"),
    Key::required("api", Ty::Text, "whom its threads call"),
    Key::new("threads", Ty::Count { min: 1, max: 10_000 }, "8", "how many ask for tokens: NAME-1 …"),
    Key::new(
        "strategy",
        Ty::Choice(&["per-thread", "one-thread", "scope-per-thread"]),
        "\"per-thread\"",
        "who asks for whom",
    ),
    Key::new("on_refusal", Ty::Choice(&["refetch", "keep"]), "\"refetch\"", "whether a refusal drops the token"),
];

const ASK: &[Key] = &[
    Key::new("process", Ty::Choice(&["burst", "poisson"]), "\"burst\"", "when threads ask for tokens"),
    Key::new("first", Ty::Span, "\"1min\"", "burst: when the first one begins"),
    Key::new("every", Ty::PositiveSpan, "\"1h\"", "burst: how long until the next one begins"),
    Key::new("spread", Ty::Span, "\"10ms\"", "burst: all threads ask within so long"),
    Key::off("rate", Ty::Rate, "poisson: asks of all threads together (required there)"),
    Key::new(
        "after",
        Ty::Choice(&["revocation", "expiry", "nothing"]),
        "\"revocation\"",
        "what became of the token that is asked for again",
    ),
];

const APPLICATION_CALLS: &[Key] = &[Key::new("rate", Ty::Rate, "\"5/s\"", "calls of a thread")];

/// What every fault has; the rest depends on its kind.
pub const FAULT: &[Key] = &[
    Key::required("name", Ty::Text, "the fault's name"),
    Key::required("kind", Ty::Text, "what goes wrong: `stalegate list faults`"),
    Key::required("at", Ty::Dist, "when it begins"),
    Key::off("every", Ty::PositiveSpan, "how long after that it begins again"),
];

/// What a policy has besides one table a rule.
pub const POLICY: &[Key] = &[
    Key::required("name", Ty::Text, "the policy's name"),
    Key::new("base", Ty::Text, "\"ttl-only\"", "the preset that it starts from: `stalegate list policies`"),
];

const SWEEP: &[Key] = &[
    Key::new("mode", Ty::Choice(&["grid", "zip"]), "\"grid\"", "all combinations, or one list beside the other"),
    Key::off("where", Ty::Texts, "comparisons that a point must satisfy to be kept"),
];

const EXPECT: &[Key] = &[
    Key::required("name", Ty::Text, "what must hold, in words"),
    Key::off("policy", Ty::Text, "of which policy; of each, if absent"),
    Key::required("metric", Ty::Text, "what is measured: `stalegate list metrics`"),
    Key::new("stat", Ty::Choice(&["mean", "p50", "p95", "p99", "max", "min"]), "\"mean\"", "over the replications"),
    Key::off("below", Ty::Number, "the value must be lower"),
    Key::off("above", Ty::Number, "the value must be higher"),
    Key::off("between", Ty::Interval, "the value must lie between these"),
    Key::off("equals", Ty::Number, "the value must be this"),
    Key::off("versus", Ty::Text, "the ratio to this policy is meant"),
    Key::new("on_undecided", Ty::Choice(&["fail", "warn", "pass"]), "\"fail\"", "what an undecided verdict counts as"),
    Key::off("sometimes", Ty::Bool, "the metric is above zero in at least one replication"),
];

const KNOWN: &[Key] = &[
    Key::required("name", Ty::Text, "the figure's name"),
    Key::required("says", Ty::Text, "what is published about the case"),
    Key::required("source", Ty::Text, "where"),
    Key::required(
        "is",
        Ty::Choice(&["input", "fitted", "predicted"]),
        "whether the scenario was given it, chosen so that it comes out, or neither",
    ),
    Key::off("metric", Ty::Text, "what is the same in the results (required of what is predicted)"),
    Key::off("policy", Ty::Text, "of which policy; of the first, if absent"),
    Key::new("point", Ty::Count { min: 0, max: 1_000 }, "0", "at which point of the sweep, as in summary.csv"),
    Key::new("stat", Ty::Choice(&["mean", "p50", "p95", "p99", "max", "min"]), "\"mean\"", "over the replications"),
    Key::off("between", Ty::Interval, "what is published, in the metric's unit"),
    Key::off("why", Ty::Text, "why the results differ, where they do"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_and_none_has_a_tables_name() {
        for section in SECTIONS {
            let mut names: Vec<&str> = section.keys.iter().map(|key| key.name).chain(below(section.path)).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "[{}]", section.path);
        }
    }

    #[test]
    fn the_tables_below_a_path_are_the_direct_ones() {
        assert_eq!(below("idp").collect::<Vec<_>>(), ["health_check", "persistence", "cache"]);
        assert_eq!(below("application").collect::<Vec<_>>(), ["ask", "calls"]);
        assert!(below("").any(|name| name == "gateway") && !below("").any(|name| name.contains('.')));
        assert!(of_an_entry("client.retry") && !of_an_entry("idp.cache") && !of_an_entry("client"));
    }
}
