//! Small scenarios, inline, in which many mechanisms meet.

/// Every one, by name.
pub const ALL: &[(&str, &str)] = &[("storm", STORM), ("users", USERS), ("store", STORE), ("callers", CALLERS)];

/// The parts of a scenario are separated by this, so that they can be put into another order.
const CUT: &str = "\n# ---\n";

/// Restarts, outages and lost events, on open populations only.
pub const STORM: &str = r#"
name = "storm"
title = "much goes wrong"

[run]
duration = "4min"
warmup = "10s"
seed = 11
replications = 3

[network]
client_gateway = "2ms"

[gateway]
nodes = 3 # gateways
balance = "random"
detect_down = "1s"

[idp]
nodes = 2
front = "random"
workers = 2
queue = 5
token_service = { dist = "exponential", mean = "30ms" }
introspection_service = { dist = "lognormal", mean = "4ms", cv = 1.5 }
token_lifetime = "40s"
token_format = "jwt"
restart_event = "at-start"
starting = { dist = "triangular", min = "1s", mode = "2s", max = "6s" }
health_check = { detect = "700ms", of = "port" }

[bus]
delay = { dist = "weibull", mean = "80ms", shape = 0.7 }
loss = 0.2

# ---
[[api]]
name = "orders"
validation = "introspect"
introspection_cache = "2s"
on_idp_unreachable = "refuse"
forbidden_ratio = 0.02

# ---
[[api]]
name = "bills"
validation = "local"
reject_status = 401
reject_error = "invalid_token"
unsafe_ratio = 0.3

# ---
[[api]]
name = "parts"
credential = "orders"
validation = "ideal"

# ---
[[client]]
name = "shop"
apis = ["orders", "bills"]
arrivals = { process = "poisson", rate = "20/s" }
users = 50
timeout = "2s"

# ---
[[client]]
name = "feed"
apis = ["parts"]
arrivals = { process = "constant", rate = "3/s" }

# ---
[[fault]]
name = "restart"
kind = "idp-restart"
at = { dist = "uniform", min = "40s", max = "80s" }
down = { dist = "exponential", mean = "8s" }
node = "rolling"
gap = "3s"

# ---
[[fault]]
name = "keys"
kind = "idp-crash"
at = "130s"
down = "5s"
on_restart = "new-signing-key"

# ---
[[fault]]
name = "bus"
kind = "bus-outage"
at = "60s"
for = "20s"

# ---
[[fault]]
name = "gateway"
kind = "gateway-restart"
at = "90s"
every = "50s"
down = "4s"
node = "gateway-2"

# ---
[[policy]]
name = "ttl-only"

# ---
[[policy]]
name = "hybrid"
base = "hybrid"

# ---
[[policy]]
name = "everything"
base = "refresh-ahead"
[policy.fetch]
single_flight = "none"
timeout = "500ms"
on_failure = "use-stale"
[policy.rejection]
statuses = [401, 403]
purge = "issuer"
resends = 2
backoff = { first = "50ms", factor = 2.0, max = "1s", jitter = 0.5 }
[policy.events]
subscribe = true
refetch = true
catch_up = "replay"
"#;

/// A further policy for [`STORM`].
pub const ONE_MORE: &str = r#"
# ---
[[policy]]
name = "one-more"
base = "wso2-mediator"
"#;

/// A closed population with retries, sticky to its gateways, before an IdP that hangs.
const USERS: &str = r#"
name = "users"

[run]
duration = "3min"
start = "cold"
seed = 12

[gateway]
nodes = 2
balance = "sticky"

[idp]
front = "sticky"
nodes = 2
unreachable = "hang"
token_lifetime = "25s"
on_restart = "not-before"
token_format = "jwt"

[[api]]
name = "orders"
validation = "introspect"
introspection_timeout = "1s"

[[client]]
name = "people"
apis = ["orders"]
arrivals = { process = "closed", users = 15, think = { dist = "exponential", mean = "2s" } }
timeout = "5s"
retry = { attempts = 2, first = "200ms", factor = 3.0, max = "2s", jitter = 0.3 }

[[fault]]
name = "restart"
kind = "idp-restart"
at = "50s"
every = "60s"
down = "6s"
node = "idp-1"
graceful = true
drain = "2s"

[[fault]]
name = "slow"
kind = "idp-slow"
at = "30s"
for = "30s"
factor = 15.0

[[policy]]
name = "wso2-retry-endpoint"
base = "wso2-retry-endpoint"

[[policy]]
name = "reactive-retry"
base = "reactive-retry"
"#;

/// A shared store with its lock, durable events, and revocations.
const STORE: &str = r#"
name = "store"

[run]
duration = "2min"
seed = 13

[gateway]
nodes = 4
balance = "round-robin"

[idp]
token_lifetime = "15s"
restart_event = "at-stop"

[bus]
durable = true
delivery = "at-least-once"
loss = 0.4

[[api]]
name = "orders"
validation = "ideal"
reject_status = 401

[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "15/s" }

[[fault]]
name = "revoked"
kind = "token-revoked"
at = "20s"
every = "30s"
credential = "orders"

[[fault]]
name = "outage"
kind = "idp-outage"
at = "70s"
down = "10s"

[[policy]]
name = "tyk"
base = "tyk-upstream-oauth"

[[policy]]
name = "store-and-events"
base = "hybrid"
[policy.store]
shared = true
round_trip = "3ms"
[policy.fetch]
single_flight = "cluster"
lock_ttl = "1s"
retry_after = "300ms"
on_failure = "send-without-token"
[policy.events]
catch_up = "poll"
poll_every = "20s"
"#;

/// Callers' tokens, revoked in every way while events get lost, gateways restart and clocks differ.
pub const CALLERS: &str = r#"
name = "callers"

[run]
duration = "4min"
seed = 14
replications = 2

[gateway]
nodes = 3
balance = "random"

[gateway.inbound]
validation = "jwt"
revocation_events = ["gateway-1", "gateway-3"]

[idp]
nodes = 2
token_format = "jwt"
on_restart = "new-signing-key"
notify = "at-least-once"

[idp.persistence]
mode = "database"

[db]
profile = "mysql"

[control_plane]
delay = { dist = "exponential", mean = "1s" }

[bus]
delay = { dist = "lognormal", mean = "500ms", cv = 2.0 }
loss = 0.2

# ---
[[api]]
name = "orders"
validation = "introspect"

# ---
[[api]]
name = "bills"
validation = "local"

# ---
[[client]]
name = "shop"
apis = ["orders", "bills"]
arrivals = { process = "poisson", rate = "20/s" }
users = 40
relogin = { dist = "exponential", mean = "1s" }
owns = ["partner", "orders"]

# ---
[[client]]
name = "partner"
apis = ["bills"]
arrivals = { process = "closed", users = 15, think = { dist = "exponential", mean = "2s" } }
retry = { attempts = 2, backoff = "500ms" }
token_lifetime = "90s"
login = "30s"

# ---
[[fault]]
name = "change"
kind = "password-change"
client = "shop"
at = { dist = "uniform", min = "10s", max = "20s" }
every = "7s"

# ---
[[fault]]
name = "leave"
kind = "user-disabled"
client = "partner"
users = 2
at = "40s"
every = "1min"

# ---
[[fault]]
name = "token"
kind = "token-revoked"
client = "partner"
user = "user-3"
at = "50s"
every = "11s"

# ---
[[fault]]
name = "key"
kind = "credentials-revoked"
application = "bills"
at = "70s"

# ---
[[fault]]
name = "restart"
kind = "gateway-restart"
node = "gateway-1"
at = "80s"
every = "45s"
down = "3s"

# ---
[[fault]]
name = "crash"
kind = "idp-crash"
at = "150s"
down = "4s"
node = "idp-1"

# ---
[[fault]]
name = "cut"
kind = "partition"
at = "100s"
for = "30s"
between = [["gateway-3", "control-plane"], ["bus", "db"]]

# ---
[[fault]]
name = "clock"
kind = "clock-skew"
at = "30s"
node = "idp-2"
by = "-2s"

# ---
[[policy]]
name = "ttl-only"

# ---
[[policy]]
name = "replay"
base = "hybrid"
[policy.events]
catch_up = "replay"
"#;

/// The same scenario, its lists declared the other way round.
pub fn backward(text: &str) -> String {
    let mut parts: Vec<&str> = text.split(CUT).collect();
    parts[1..].reverse();
    parts.join("\n")
}
