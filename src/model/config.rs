//! The world as the scenario describes it, resolved: no text, no defaults left open, entities sorted by name.

use std::sync::Arc;

use crate::dist::Dist;
use crate::fault::Fault;
use crate::id::{ApiId, ClientId, ConsumerKeyId, CredentialId};
use crate::key::Backoff;
use crate::persistence::dialect::Dialect;
use crate::persistence::{Renew, Rules};
use crate::profile::Profile;
use crate::revocation::{Comparison, Merge};
use crate::rng::Seeds;
use crate::time::{SimSpan, SimTime};

/// Everything of a scenario that all its policies share.
#[derive(Debug)]
pub struct WorldConfig {
    pub run: RunConfig,
    pub network: Network,
    pub idp: IdpConfig,
    pub control_plane_delay: Dist,
    pub bus: BusConfig,
    pub gateway: GatewayConfig,
    pub db: DbConfig,
    /// The consumer keys without repetition: those of the gateways, sorted, then those that only applications use, sorted.
    pub credentials: Vec<String>,
    /// So many of them are the gateways'.
    pub gateway_credentials: usize,
    /// Every consumer key: of gateways' credentials, of applications, of populations. Sorted by name.
    pub consumer_keys: Vec<ConsumerKey>,
    /// Sorted by name.
    pub apis: Vec<ApiConfig>,
    /// Sorted by name.
    pub clients: Vec<ClientConfig>,
    /// Sorted by name.
    pub applications: Vec<ApplicationConfig>,
    /// Sorted by name.
    pub faults: Vec<FaultConfig>,
}

/// A consumer key, and whose it is; one name may be that of a credential and of a population.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerKey {
    pub name: String,
    /// Tokens that the IdP issues to gateways or applications under this name.
    pub credential: Option<CredentialId>,
    /// The population whose users' tokens are issued to it.
    pub client: Option<ClientId>,
}

/// `[run]`, but for the replications, which are the experiment's.
#[derive(Clone, Debug)]
pub struct RunConfig {
    pub duration: SimSpan,
    pub warmup: SimSpan,
    pub start: Start,
    pub calls: Playing,
    /// Where counted calls are introspected, which is an approximation: the share of introspections that would have had to wait
    /// for a worker, at most.
    pub would_wait: Option<f64>,
    pub seed: u64,
}

/// What becomes of calls that change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playing {
    /// Each call is played.
    Each,
    /// Those are counted.
    Counted,
}

/// What caches hold at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Warm,
    Cold,
}

/// One-way delays.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub client_gateway: SimSpan,
    pub gateway_idp: SimSpan,
    pub gateway_backend: SimSpan,
    pub backend_idp: SimSpan,
}

#[derive(Clone, Debug)]
pub struct IdpConfig {
    /// At least 1; named `idp-1` …
    pub nodes: usize,
    pub front: Front,
    pub detect: SimSpan,
    pub health_of: HealthOf,
    /// Parallel workers of a node.
    pub workers: u32,
    /// Places in a node's queue.
    pub queue: u32,
    pub token_service: Dist,
    pub introspection_service: Dist,
    pub token_lifetime: SimSpan,
    pub token_format: TokenFormat,
    pub on_restart: OnRestart,
    pub starting: Dist,
    pub restart_event: RestartEvent,
    pub unreachable: Unreachable,
    /// At least once: the gap between repetitions of what the control plane did not take. `None`: at most once.
    pub notify_again: Option<SimSpan>,
    pub persistence: Persistence,
    pub cache: IdpCache,
}

/// Where the IdP keeps its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// In the memory of its nodes; every request creates a token.
    Memory,
    /// Nowhere: JWTs that every request creates, and nobody stores.
    None,
    Database(Rules),
}

impl Persistence {
    /// Whether a database hands an active token out again.
    #[must_use]
    pub fn reuses(self) -> bool {
        matches!(self, Persistence::Database(rules) if rules.renew == Renew::Reuse)
    }
}

/// What a node of the IdP remembers of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdpCache {
    pub ttl: SimSpan,
    /// How long until a change reaches the other nodes; `None`: nodes tell each other nothing.
    pub invalidation: Option<SimSpan>,
}

/// The IdP's database.
#[derive(Clone, Debug)]
pub struct DbConfig {
    pub dialect: Dialect,
    /// Whether the constraint is there.
    pub con_app_key: bool,
    pub read: Dist,
    pub write: Dist,
    /// Connections, of all nodes together.
    pub pool: u32,
    /// Who waits longer for one fails.
    pub pool_wait: SimSpan,
}

/// How callers reach a node of the IdP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    RoundRobin,
    Random,
    Sticky,
    /// All to the first node; where that is out of use, to a standby that takes over so long after.
    ActivePassive {
        failover: SimSpan,
    },
}

impl Front {
    /// How many of the IdP's nodes, the first ones, have issued what is older than the run.
    #[must_use]
    pub fn issued_before(self, nodes: usize) -> usize {
        match self {
            Front::RoundRobin | Front::Random | Front::Sticky => nodes,
            Front::ActivePassive { .. } => 1,
        }
    }
}

/// What the front's health check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthOf {
    /// A starting node is not in use.
    Readiness,
    /// A starting node is in use: its port is open.
    Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    Opaque,
    Jwt,
}

/// What a restart of the IdP does to tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRestart {
    InvalidateAll,
    InvalidateNode,
    Keep,
    NewSigningKey,
    NotBefore,
}

/// When the IdP tells of its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartEvent {
    Never,
    AtStart,
    AtStop,
}

/// What callers of a node that is down meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// A refused connection, known one network delay after sending.
    Refuse,
    /// No answer until the caller's timeout.
    Hang,
}

#[derive(Clone, Debug)]
pub struct BusConfig {
    pub delay: Dist,
    pub loss: f64,
    pub durable: bool,
    /// At least once: the gap between repetitions of a lost delivery. `None`: at most once.
    pub redeliver: Option<SimSpan>,
}

#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// At least 1; named `gateway-1` …
    pub nodes: usize,
    pub balance: Balance,
    pub overhead: Dist,
    pub detect_down: SimSpan,
    /// How long an operator's restart takes.
    pub restart_takes: SimSpan,
    pub inbound: InboundConfig,
}

/// `[gateway.inbound]`: how a gateway checks its callers' tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundConfig {
    pub validation: InboundValidation,
    /// By gateway node: whether it listens to revocations of callers' tokens.
    pub listens: Vec<bool>,
    pub comparison: Comparison,
    pub merge: Merge,
}

/// How a gateway checks a caller's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundValidation {
    /// Callers have no tokens.
    None,
    /// By its maps of revocations, expiry and signature.
    Jwt,
    /// At the IdP, whose answers it keeps until the first sweep after `cache`; sweeps are `sweep` apart.
    Introspect { cache: SimSpan, sweep: SimSpan },
}

/// How clients are spread over the gateway nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    Random,
    RoundRobin,
    Sticky,
}

#[derive(Clone, Debug)]
pub struct ApiConfig {
    pub name: String,
    pub credential: CredentialId,
    pub validation: Validation,
    /// 401 or 403.
    pub reject_status: u16,
    pub reject_error: WwwError,
    pub forbidden_ratio: f64,
    pub forbidden_error: WwwError,
    pub unsafe_ratio: f64,
    pub service_time: Dist,
    /// So long the IdP is waited for, by the backend and by a gateway that checks a caller of this API.
    pub introspection_timeout: SimSpan,
}

/// The `error` of a `WWW-Authenticate` header, which policies may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WwwError(pub Option<Arc<str>>);

/// How a backend checks a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// The IdP's truth at that instant, free, even while the IdP is down.
    Ideal,
    /// A call to the IdP.
    Introspect { cache: SimSpan, on_unreachable: OnUnreachable },
    /// Signature and expiry, by a key set fetched from the IdP.
    Local { refresh: SimSpan, cooldown: SimSpan },
}

/// What a backend does with a call that it cannot check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnreachable {
    Error,
    Refuse,
    Accept,
}

#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub name: String,
    /// Not empty, sorted.
    pub apis: Vec<ApiId>,
    pub arrivals: Arrivals,
    /// Factors on the rate of `arrivals`, which has one; `None`: it is the same all the time.
    pub profile: Option<Profile>,
    /// At least 1.
    pub users: u32,
    pub timeout: SimSpan,
    pub retry_attempts: u32,
    pub retry_backoff: Backoff,
    /// Retries are at most this share of the calls of the last 10 s; `None`: as many as there are attempts.
    pub retry_budget: Option<f64>,
    /// What its users' tokens are issued to: its name.
    pub consumer_key: ConsumerKeyId,
    /// The age of a user's token at the start.
    pub login: Dist,
    /// How long until a user logs in again, after a refusal or a revocation.
    pub relogin: Dist,
    /// Of users' tokens; `None`: they never expire.
    pub token_lifetime: Option<SimSpan>,
    /// The consumer keys of the applications that each of its users owns. Sorted.
    pub owns: Vec<ConsumerKeyId>,
}

/// How calls arise.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Calls per second, over all gateways.
    Poisson { per_s: f64 },
    /// A constant gap, the first call at a uniform share of it.
    Constant { gap: SimSpan },
    /// Each of `ClientConfig::users` thinks, calls, waits for the answer.
    Closed { think: Dist },
    /// These instants, in order.
    Trace { instants: Arc<[SimTime]> },
}

/// An application that asks the IdP for tokens itself.
#[derive(Clone, Debug)]
pub struct ApplicationConfig {
    pub name: String,
    /// Its consumer key, which is its name.
    pub credential: CredentialId,
    /// At least 1; named `<application>-1` …
    pub threads: u32,
    pub strategy: Strategy,
    pub ask: Ask,
    /// What the token is gone by when it is asked for.
    pub ask_after: AskAfter,
    /// Calls of a thread per second.
    pub calls_per_s: f64,
    pub api: ApiId,
    /// Whether a refusal drops the token, so that the next call fetches.
    pub refetches: bool,
}

/// Which thread asks for which token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Each for itself, all for one token key.
    PerThread,
    /// The first one; the others read what it got.
    OneThread,
    /// Each for a scope of its own, and so for a token key of its own.
    ScopePerThread,
}

/// When threads ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// All of them, uniformly within `spread` of each of these instants.
    Burst { first: SimSpan, every: SimSpan, spread: SimSpan },
    /// Now and then one of them.
    Poisson { per_s: f64 },
}

/// What became of an application's token when it is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskAfter {
    /// It was revoked when the burst began.
    Revocation,
    /// It expired at that instant.
    Expiry,
    /// Nothing: the threads merely dropped it.
    Nothing,
}

#[derive(Debug)]
pub struct FaultConfig {
    pub name: String,
    /// The instant of the first occurrence, as a span since the beginning.
    pub at: Dist,
    /// The gap from occurrence to occurrence.
    pub every: Option<SimSpan>,
    pub fault: Box<dyn Fault>,
}

impl FaultConfig {
    /// The first occurrence in the world of these seeds, as a span since the beginning.
    #[must_use]
    pub fn begins(&self, seeds: Seeds) -> SimSpan {
        self.at.sample(seeds.uniform("fault at", &self.name))
    }
}

impl OnRestart {
    /// The variant of a scenario's word.
    ///
    /// # Panics
    /// On another word, which the decoder refuses.
    #[must_use]
    pub fn from_word(word: &str) -> OnRestart {
        match word {
            "invalidate-all" => OnRestart::InvalidateAll,
            "invalidate-node" => OnRestart::InvalidateNode,
            "keep" => OnRestart::Keep,
            "new-signing-key" => OnRestart::NewSigningKey,
            "not-before" => OnRestart::NotBefore,
            other => unreachable!("the decoder refuses on_restart {other}"),
        }
    }
}

impl RestartEvent {
    /// The variant of a scenario's word.
    ///
    /// # Panics
    /// On another word, which the decoder refuses.
    #[must_use]
    pub fn from_word(word: &str) -> RestartEvent {
        match word {
            "never" => RestartEvent::Never,
            "at-start" => RestartEvent::AtStart,
            "at-stop" => RestartEvent::AtStop,
            other => unreachable!("the decoder refuses restart_event {other}"),
        }
    }
}
