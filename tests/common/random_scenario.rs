//! Random scenario files over all that is built: small worlds, some minutes long, in which much goes wrong.

use std::fmt::Write as _;

use super::dice::Dice;

/// Dice that one scenario may use; more than it needs.
pub const DICE: usize = 600;
/// The last of them decide about callers' tokens, so that what the others decide stays what it was without them.
const OF_CALLERS: usize = 200;

/// A scenario file.
pub fn text(thrown: &[u16]) -> String {
    let (dice, aside) = thrown.split_at(thrown.len().saturating_sub(OF_CALLERS));
    let mut writer = Writer { dice: Dice::new(dice), aside: Dice::new(aside), text: String::new() };
    writer.run();
    writer.surroundings();
    let local = writer.idp();
    let stored = writer.store();
    let gateways = writer.gateway();
    let checked = writer.with_dice_of_callers(|writer| writer.inbound(gateways));
    let apis = writer.apis(local);
    let clients = writer.clients(apis, checked);
    let applications = writer.applications(apis);
    writer.faults(gateways, stored);
    writer.with_dice_of_callers(|writer| writer.faults_of_callers(gateways, checked.then_some(&clients), applications));
    writer.policies();
    writer.text
}

struct Writer<'a> {
    dice: Dice<'a>,
    /// Those that decide about callers' tokens.
    aside: Dice<'a>,
    text: String,
}

const SPANS: &[&str] = &["0s", "1s", "7s", "30s", "{ dist = \"exponential\", mean = \"5s\" }"];

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// `key = value`, the value as it stands.
    fn raw(&mut self, key: &str, values: &[&str]) {
        let value = self.dice.pick(values);
        writeln!(self.text, "{key} = {value}").unwrap();
    }

    /// `key = "word"`, or a table as it stands.
    fn word(&mut self, key: &str, words: &[&str]) {
        let word = self.dice.pick(words);
        let quote = if word.starts_with('{') { "" } else { "\"" };
        writeln!(self.text, "{key} = {quote}{word}{quote}").unwrap();
    }

    /// The same, in half of the cases not at all.
    fn perhaps(&mut self, key: &str, words: &[&str]) {
        if self.dice.one_in(2) {
            self.word(key, words);
        }
    }

    fn perhaps_raw(&mut self, key: &str, values: &[&str]) {
        if self.dice.one_in(2) {
            self.raw(key, values);
        }
    }

    fn with_dice_of_callers<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.dice, &mut self.aside);
        let written = write(self);
        std::mem::swap(&mut self.dice, &mut self.aside);
        written
    }

    fn run(&mut self) {
        self.line("name = \"random\"\n[run]\nreplications = 1");
        self.word("duration", &["1min", "90s", "3min"]);
        self.word("warmup", &["0s", "20s"]);
        self.word("start", &["warm", "cold"]);
        let seed = self.dice.number(0, 60_000);
        writeln!(self.text, "seed = {seed}").unwrap();
    }

    fn surroundings(&mut self) {
        self.line("[network]");
        for leg in ["client_gateway", "gateway_idp", "gateway_backend", "backend_idp"] {
            self.word(leg, &["1ms", "0ms", "20ms"]);
        }
        self.line("[bus]");
        self.word("delay", &["50ms", "0ms", "{ dist = \"exponential\", mean = \"5s\" }"]);
        self.raw("loss", &["0.0", "0.3", "0.6"]);
        self.raw("durable", &["false", "true"]);
        self.word("delivery", &["at-most-once", "at-least-once"]);
        self.word("redeliver", &["5s", "1s"]);
        self.line("[control_plane]");
        self.word("delay", &["10ms", "0ms", "{ dist = \"exponential\", mean = \"1s\" }"]);
    }

    /// Whether tokens can be checked locally.
    fn idp(&mut self) -> bool {
        self.line("[idp]");
        self.raw("nodes", &["1", "2", "3"]);
        self.word("front", &["round-robin", "random", "sticky", "active-passive"]);
        self.raw("workers", &["64", "1", "2", "3"]);
        self.raw("queue", &["1000", "0", "1", "5"]);
        self.word("token_service", &["20ms", "0ms", "500ms", "{ dist = \"exponential\", mean = \"200ms\" }"]);
        self.word("introspection_service", &["5ms", "0ms", "{ dist = \"exponential\", mean = \"50ms\" }"]);
        self.word("token_lifetime", &["1h", "1500ms", "5s", "20s", "1min"]);
        let jwt = self.dice.one_in(2);
        self.line(if jwt { "token_format = \"jwt\"" } else { "token_format = \"opaque\"" });
        self.word("on_restart", ON_RESTART);
        self.word("starting", &["0s", "3s", "{ dist = \"uniform\", min = \"0s\", max = \"10s\" }"]);
        self.word("restart_event", &["never", "at-start", "at-stop"]);
        self.word("unreachable", &["refuse", "hang"]);
        self.with_dice_of_callers(|writer| {
            writer.word("notify", &["at-most-once", "at-least-once"]);
            writer.word("notify_again", &["5s", "300ms"]);
            writer.word("failover", &["0s", "700ms", "5s", "30s"]);
        });
        self.line("[idp.health_check]");
        self.word("detect", &["0s", "500ms", "10s"]);
        self.word("of", &["readiness", "port"]);
        jwt
    }

    /// Whether the IdP has a database.
    fn store(&mut self) -> bool {
        let stored = self.dice.one_in(2);
        if stored {
            self.line("[idp.persistence]\nmode = \"database\"");
            self.raw("pool_size", &["0", "0", "1", "3"]);
            self.word("queue_order", &["fifo", "lifo"]);
            self.raw("retry_count", &["5", "0", "1"]);
            self.word("recovery", &["documented", "wso2-source"]);
            self.word("recovery_transactions", &["one", "two"]);
            self.word("renew", &["reuse", "reuse", "always"]);
            self.word("reuse_margin", &["1s", "0s", "10s"]);
            self.raw("node_lock", &["true", "false"]);
            self.line("[idp.cache]");
            self.word("ttl", &["300s", "0s", "3s"]);
            self.raw("clustered", &["true", "true", "false"]);
            self.word("invalidation", &["10ms", "0s", "2s"]);
            self.line("[db]");
            self.word("profile", &["postgresql", "mysql", "mssql"]);
            self.raw("con_app_key", &["true", "true", "false"]);
            self.word("read", &["2ms", "0s", "50ms", "{ dist = \"exponential\", mean = \"20ms\" }"]);
            self.word("write", &["4ms", "0s", "300ms", "{ dist = \"exponential\", mean = \"50ms\" }"]);
            self.raw("pool", &["50", "1", "2"]);
            self.word("pool_wait", &["60s", "10ms", "1s", "0s"]);
        }
        stored
    }

    fn gateway(&mut self) -> usize {
        self.line("[gateway]");
        let nodes = self.dice.number(1, 4);
        writeln!(self.text, "nodes = {nodes}").unwrap();
        self.word("balance", &["random", "round-robin", "sticky"]);
        self.word("overhead", &["1ms", "0ms", "{ dist = \"exponential\", mean = \"5ms\" }"]);
        self.word("detect_down", &["0s", "2s"]);
        nodes
    }

    /// Whether callers have tokens.
    fn inbound(&mut self, gateways: usize) -> bool {
        let checked = self.dice.number(0, 2) > 0;
        if checked {
            self.line("[gateway.inbound]");
            self.word("validation", &["jwt", "jwt", "introspect"]);
            self.word("cache_ttl", &["900s", "0s", "5s", "30s"]);
            self.word("cache_sweep", &["30s", "1s"]);
            let last = format!("[\"gateway-{gateways}\"]");
            self.raw("revocation_events", &["true", "true", "false", "[\"gateway-1\"]", &last]);
            self.word("comparison", &["strict", "non-strict"]);
            self.word("merge", &["last-writer", "max"]);
        }
        checked
    }

    fn apis(&mut self, local: bool) -> usize {
        let apis = self.dice.number(1, 3);
        for number in 1..=apis {
            writeln!(self.text, "[[api]]\nname = \"api-{number}\"").unwrap();
            self.perhaps("credential", &["common"]);
            let ways: &[&str] =
                if local { &["ideal", "introspect", "local"] } else { &["ideal", "introspect", "introspect"] };
            self.word("validation", ways);
            self.raw("reject_status", &["403", "401"]);
            self.word("reject_error", &["none", "invalid_token"]);
            self.raw("forbidden_ratio", &["0.0", "0.1", "1.0"]);
            self.word("forbidden_error", &["insufficient_scope", "invalid_token", "none"]);
            self.raw("unsafe_ratio", &["0.0", "0.3"]);
            self.word("service_time", &["10ms", "0ms", "{ dist = \"lognormal\", mean = \"200ms\", cv = 2.0 }"]);
            self.word("introspection_cache", &["0s", "3s", "1min"]);
            self.word("on_idp_unreachable", &["error", "refuse", "accept"]);
            self.word("introspection_timeout", &["5s", "100ms", "5ms"]);
            self.word("jwks_refresh", &["5min", "5s"]);
            self.word("jwks_cooldown", &["30s", "0s"]);
        }
        apis
    }

    /// The names of the populations, and how many users each has.
    fn clients(&mut self, apis: usize, checked: bool) -> Vec<(String, usize)> {
        let mut clients = Vec::new();
        for number in 1..=self.dice.number(1, 3) {
            let first = self.dice.number(1, apis);
            let called: Vec<String> = (first..=apis).map(|api| format!("\"api-{api}\"")).collect();
            writeln!(self.text, "[[client]]\nname = \"client-{number}\"\napis = [{}]", called.join(", ")).unwrap();
            let users = self.dice.pick(&["1000", "1", "3"]);
            writeln!(self.text, "users = {users}").unwrap();
            self.word("timeout", &["30s", "20ms", "300ms", "2s"]);
            let arrivals = self.dice.pick(ARRIVALS);
            writeln!(self.text, "arrivals = {arrivals}").unwrap();
            self.perhaps("retry", RETRIES);
            // In a closed population those who call are all there are.
            let called = |few: &&&str| arrivals.contains(&format!("users = {few},"));
            let users = ["3", "10"].iter().find(called).copied().unwrap_or(users);
            clients.push((format!("client-{number}"), users.parse().expect("a number")));
            if checked {
                self.with_dice_of_callers(Self::users);
            }
        }
        clients
    }

    fn users(&mut self) {
        self.perhaps("token_lifetime", &["8h", "20s", "1min"]);
        self.word("login", &["{ dist = \"uniform\", min = \"0s\", max = \"8h\" }", "0s", "30s"]);
        self.word("relogin", &["5s", "0s", "700ms", "{ dist = \"exponential\", mean = \"2s\" }"]);
        self.raw("owns", &["[]", "[]", "[\"client-1\"]"]);
    }

    /// How many there are.
    fn applications(&mut self, apis: usize) -> usize {
        let applications = self.dice.number(0, 2);
        for number in 1..=applications {
            let api = self.dice.number(1, apis);
            writeln!(self.text, "[[application]]\nname = \"batch-{number}\"\napi = \"api-{api}\"").unwrap();
            self.raw("threads", &["2", "1", "8"]);
            self.word("strategy", &["per-thread", "per-thread", "one-thread", "scope-per-thread"]);
            self.word("on_refusal", &["refetch", "keep"]);
            self.word("ask", ASKS);
            self.word("calls", &["{ rate = \"1/s\" }", "{ rate = \"10/s\" }"]);
        }
        applications
    }

    /// Revocations of callers' tokens, if they have some; and what is between the IdP and the gateways.
    fn faults_of_callers(&mut self, gateways: usize, clients: Option<&Vec<(String, usize)>>, applications: usize) {
        for number in 1..=self.dice.number(0, 6) {
            let kind = self.dice.pick(if clients.is_some() { OF_USERS } else { BETWEEN });
            writeln!(self.text, "[[fault]]\nname = \"told-{number}\"\nkind = \"{kind}\"").unwrap();
            self.word("at", &["20s", "1s", "31s", "{ dist = \"uniform\", min = \"0s\", max = \"1min\" }"]);
            self.perhaps("every", &["3s", "700ms", "30s"]);
            let whose = self.dice.number(0, clients.map_or(0, |clients| clients.len() - 1));
            let client = clients.map(|clients| &clients[whose]);
            match (kind, client) {
                ("partition", _) => {
                    self.word("for", SPANS);
                    self.raw("between", CUTS);
                }
                ("control-plane-outage", _) => self.word("for", SPANS),
                ("store-outage", _) => {
                    self.word("for", SPANS);
                    self.word("fails", &["open", "closed"]);
                }
                ("clock-skew", _) => {
                    self.word("by", &["1s", "-1s", "20s", "-3ms"]);
                    let last = format!("gateway-{gateways}");
                    self.word("node", &["idp", "idp-1", "gateways", &last]);
                }
                ("credentials-revoked" | "application-revoked", _) if applications > 0 && self.dice.one_in(2) => {
                    writeln!(self.text, "application = \"batch-{applications}\"").unwrap();
                }
                (_, Some((name, users))) => {
                    writeln!(self.text, "client = \"{name}\"").unwrap();
                    let user = self.dice.number(1, *users);
                    match kind {
                        "credentials-revoked" | "application-revoked" => {}
                        "token-revoked" => writeln!(self.text, "user = \"user-{user}\"").unwrap(),
                        _ => {
                            let (many, all) = (user.div_ceil(20), format!("users = {users}"));
                            let who =
                                [format!("user = \"user-{user}\""), format!("users = {many}"), all, String::new()];
                            let who = self.dice.pick(&who.each_ref().map(String::as_str)).to_owned();
                            self.line(&who);
                        }
                    }
                }
                (_, None) => unreachable!("without users nothing of theirs is revoked"),
            }
        }
    }

    fn faults(&mut self, gateways: usize, stored: bool) {
        for number in 1..=self.dice.number(0, 5) {
            let kind = self.dice.pick(if stored { FAULTS_OF_A_STORE } else { FAULTS });
            writeln!(self.text, "[[fault]]\nname = \"fault-{number}\"\nkind = \"{kind}\"").unwrap();
            self.word("at", &["30s", "1s", "30s", "50s", "{ dist = \"uniform\", min = \"0s\", max = \"1min\" }"]);
            self.perhaps("every", &["20s", "7s", "1min"]);
            match kind {
                "idp-restart" | "idp-crash" => self.restart(kind),
                "idp-outage" => {
                    self.word("down", SPANS);
                    self.word("node", &["all", "idp-1"]);
                }
                "idp-slow" => {
                    self.word("for", SPANS);
                    self.raw("factor", &["20.0", "0.5"]);
                }
                "gateway-restart" => {
                    self.word("down", &["0s", "50ms", "10s", "{ dist = \"exponential\", mean = \"5s\" }"]);
                    let last = format!("gateway-{gateways}");
                    self.word("node", &["all", "gateway-1", &last]);
                }
                "bus-outage" | "db-stall" | "key-removed" => self.word("for", SPANS),
                "key-rotation" => {
                    self.perhaps("overlap", &["0s", "5s", "20s"]);
                    self.perhaps("publish_after", &["0s", "3s", "30s"]);
                }
                "db-failover" => {
                    self.word("down", SPANS);
                    self.word("lost", &["0s", "1s", "20s"]);
                }
                _ => {
                    let text = &self.text;
                    let credential = if text.contains("credential = \"common\"") { "common" } else { "api-1" };
                    writeln!(self.text, "credential = \"{credential}\"").unwrap();
                }
            }
        }
    }

    fn restart(&mut self, kind: &str) {
        self.word("down", SPANS);
        self.word("node", &["all", "idp-1", "rolling"]);
        self.perhaps("gap", &["0s", "5s"]);
        self.perhaps("on_restart", ON_RESTART);
        self.perhaps("starting", &["0s", "2s"]);
        self.perhaps("restart_event", &["never", "at-start", "at-stop"]);
        if kind == "idp-restart" && self.dice.one_in(2) {
            self.line("graceful = true");
            self.word("drain", &["0s", "3s"]);
        }
    }

    fn policies(&mut self) {
        for number in 1..=self.dice.number(2, 3) {
            writeln!(self.text, "[[policy]]\nname = \"policy-{number}\"").unwrap();
            self.word("base", PRESETS);
            self.lifetime();
            self.fetch();
            self.line("[policy.store]");
            self.perhaps_raw("shared", &["true"]);
            self.perhaps("round_trip", &["1ms", "0ms", "30ms"]);
            self.rejection();
            self.line("[policy.events]");
            self.perhaps_raw("subscribe", &["true"]);
            self.perhaps("purge", &["issuer", "token"]);
            self.perhaps_raw("refetch", &["true"]);
            self.perhaps("catch_up", &["none", "replay", "poll"]);
            self.perhaps("poll_every", &["60s", "3s"]);
            self.with_dice_of_callers(Writer::acting_rules);
        }
    }

    fn lifetime(&mut self) {
        self.line("[policy.lifetime]");
        self.perhaps("rule", &["expires-in", "fixed", "no-cache"]);
        self.perhaps("margin", &["1s", "0s", "3s"]);
        self.perhaps("after", &["3000s", "10s"]);
        self.perhaps_raw("refresh_at", &["0.8", "0.1"]);
        self.perhaps_raw("refresh_jitter", &["0.1", "1.0"]);
        self.perhaps("request", &["5min", "10s", "500ms"]);
        self.perhaps_raw("whole_seconds", &["true"]);
    }

    fn fetch(&mut self) {
        self.line("[policy.fetch]");
        self.perhaps("single_flight", &["node", "none", "cluster"]);
        self.perhaps_raw("share_failures", &["true", "false"]);
        self.perhaps("timeout", &["10s", "1s", "30ms", "none"]);
        self.perhaps("on_failure", &["fail", "send-without-token", "use-stale"]);
        self.perhaps("retry_after", &["0s", "500ms", "5s"]);
        self.perhaps("lock_ttl", &["5s", "50ms"]);
        self.perhaps("lock_poll", &["100ms", "1s"]);
    }

    /// Rules that act without a call.
    fn acting_rules(&mut self) {
        self.line("[policy.probe]");
        self.perhaps("every", &["3s", "30s", "300ms"]);
        self.line("[policy.surge]");
        self.perhaps_raw("threshold", &["20", "1", "5"]);
        self.perhaps("window", &["10s", "1s"]);
        self.word("reaction", &["1s", "0s", "10s", "{ dist = \"exponential\", mean = \"3s\" }"]);
        self.perhaps("action", &["restart", "flush"]);
        self.word("cooldown", &["5s", "0s", "5min"]);
        self.perhaps_raw("serial", &["true"]);
    }

    fn rejection(&mut self) {
        self.line("[policy.rejection]");
        self.perhaps_raw("statuses", &["[401, 403]", "[401]", "[403]"]);
        self.perhaps_raw("errors", &["[]", "[\"invalid_token\"]"]);
        self.perhaps("min_token_age", &["0s", "2s"]);
        self.perhaps("purge", &["if-same", "by-key", "issuer", "none"]);
        self.perhaps("then", &["resend", "answer-500", "pass-through"]);
        self.perhaps_raw("resends", &["1", "0", "2", "3"]);
        self.perhaps("backoff", BACKOFFS);
    }
}

const ON_RESTART: &[&str] = &["invalidate-all", "invalidate-node", "keep", "new-signing-key", "not-before"];

/// A user who does not think at all would call without end at one instant while all gateways are down.
const ARRIVALS: &[&str] = &[
    "{ process = \"poisson\", rate = \"5/s\" }",
    "{ process = \"poisson\", rate = \"30/s\" }",
    "{ process = \"constant\", rate = \"10/s\" }",
    // A rate that changes: a further line.
    "{ process = \"poisson\", rate = \"10/s\" }\nprofile = [[\"0s\", 0.2], [\"30s\", 3.0], [\"40s\", 3.0], [\"40s\", 0.0], [\"1min\", 1.0]]",
    "{ process = \"constant\", rate = \"20/s\" }\nprofile = [[\"10s\", 1.0], [\"45s\", 0.0]]",
    "{ process = \"closed\", users = 3, think = { dist = \"exponential\", mean = \"300ms\" } }",
    "{ process = \"closed\", users = 10, think = \"1s\" }",
];

const BACKOFFS: &[&str] = &["0s", "300ms", "{ first = \"100ms\", factor = 2.0, max = \"1s\", jitter = 0.5 }", "20s"];

const RETRIES: &[&str] = &[
    "{ attempts = 1, backoff = \"1s\" }",
    "{ attempts = 3, backoff = \"0s\" }",
    "{ attempts = 3, backoff = \"0s\", budget = 0.2 }",
    "{ attempts = 2, first = \"100ms\", factor = 2.0, max = \"1s\", jitter = 0.5 }",
    "{ attempts = 5, first = \"50ms\", budget = 1.0 }",
];

const FAULTS_OF_A_STORE: &[&str] = &[
    "db-failover",
    "db-stall",
    "idp-restart",
    "idp-crash",
    "idp-crash",
    "idp-outage",
    "gateway-restart",
    "token-revoked",
    "key-rotation",
    "key-removed",
];

const ASKS: &[&str] = &[
    "{ first = \"1s\", every = \"7s\", spread = \"10ms\" }",
    "{ first = \"1s\", every = \"1h\", spread = \"0s\", after = \"nothing\" }",
    "{ first = \"0s\", every = \"3s\", spread = \"2s\", after = \"expiry\" }",
    "{ first = \"20s\", every = \"500ms\", spread = \"500ms\", after = \"revocation\" }",
    "{ process = \"poisson\", rate = \"1/s\" }",
    "{ process = \"poisson\", rate = \"5/s\", after = \"expiry\" }",
];

const FAULTS: &[&str] = &[
    "idp-restart",
    "idp-crash",
    "idp-outage",
    "idp-slow",
    "gateway-restart",
    "bus-outage",
    "token-revoked",
    "key-rotation",
    "key-removed",
];

const PRESETS: &[&str] = &[
    "ttl-only",
    "reactive-retry",
    "event-purge",
    "hybrid",
    "refresh-ahead",
    "no-cache",
    "issuer-purge",
    "wso2-mediator",
    "wso2-retry-endpoint",
    "wso2-platform",
    "envoy-credential-injector",
    "tyk-upstream-oauth",
];

/// What is between the IdP and the gateways.
const BETWEEN: &[&str] = &["partition", "control-plane-outage", "clock-skew", "store-outage"];

const OF_USERS: &[&str] = &[
    "password-change",
    "user-disabled",
    "role-change",
    "credentials-revoked",
    "application-revoked",
    "token-revoked",
    "partition",
    "control-plane-outage",
    "clock-skew",
    "store-outage",
];

const CUTS: &[&str] = &[
    "[[\"gateways\"], [\"bus\"]]",
    "[[\"gateway-1\"], [\"store\"]]",
    "[[\"gateways\"], [\"store\", \"bus\"]]",
    "[[\"gateway-1\"], [\"idp\"]]",
    "[[\"gateways\"], [\"backends\"]]",
    "[[\"control-plane\"], [\"gateways\", \"bus\"]]",
    "[[\"idp-1\"], [\"control-plane\"]]",
    "[[\"db\"], [\"control-plane\", \"idp-1\"]]",
    "[[\"idp\", \"control-plane\"], [\"backends\", \"gateways\", \"bus\", \"db\"]]",
];
