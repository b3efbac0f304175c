//! The second implementation follows whole runs by their facts, and foretells what becomes of every call.

use std::collections::BTreeMap;

use stalegate::id::{GatewayId, NoticeId};
use stalegate::model::fact::Fact;
use stalegate::oauth::{Cause, Outcome};
use stalegate::revocation::{Jti, Target};
use stalegate::rng::Seeds;
use stalegate::time::{NANOS_PER_SECOND, SimSpan, SimTime};

use crate::holder::{Claims, Holder, Tables, Told};
use crate::support::{facts, scenario_with};

/// Everything of a call happens at one instant. Logins are soon enough to fall into the seconds of revocations.
const RUN: &str = r#"
name = "run"
[run]
duration = "5min"
[network]
gateway_idp = "0s"
gateway_backend = "0s"
[idp]
token_service = "0s"
[gateway]
nodes = 2
overhead = "0s"
[gateway.inbound]
validation = "jwt"
[control_plane]
delay = "150ms"
[bus]
delay = { dist = "exponential", mean = "2s" }
loss = 0.2
[[api]]
name = "orders"
validation = "ideal"
service_time = "0s"
[[client]]
name = "shop"
apis = ["orders"]
users = 12
login = "1h"
relogin = { dist = "uniform", min = "50ms", max = "1500ms" }
arrivals = { process = "poisson", rate = "40/s" }
[[fault]]
name = "change"
kind = "password-change"
client = "shop"
users = 3
at = { dist = "uniform", min = "5s", max = "10s" }
every = "6.37s"
[[fault]]
name = "key"
kind = "credentials-revoked"
client = "shop"
at = { dist = "uniform", min = "5s", max = "10s" }
every = "41.3s"
[[fault]]
name = "token"
kind = "token-revoked"
client = "shop"
user = "user-4"
at = "7.7s"
every = "5.91s"
[[fault]]
name = "gateway"
kind = "gateway-restart"
node = "gateway-1"
at = "20s"
every = "31.7s"
down = "2s"
[[fault]]
name = "gateways"
kind = "gateway-restart"
node = "gateway-2"
at = "33s"
every = "47.9s"
down = "100ms"
[[fault]]
name = "control-plane"
kind = "control-plane-outage"
at = "60s"
every = "70s"
for = "6s"
[[policy]]
name = "ttl-only"
"#;

/// As [`Foretold::claims`] names a token.
fn name_of(jti: Jti) -> String {
    format!("{}.{}", jti.user.user, jti.serial)
}

/// What is known of a run from its facts alone.
struct Foretold {
    database: &'static str,
    strict: bool,
    later_counts: bool,
    /// How far clocks are ahead of the run's time.
    phase: u64,
    holders: Vec<Holder>,
    /// When each event was made and what it says.
    events: BTreeMap<NoticeId, (SimTime, Told)>,
    /// By user: when the token was issued, if within the run, and its number.
    tokens: Vec<(Option<SimTime>, u32)>,
}

impl Foretold {
    fn clock(&self, at: SimTime) -> u64 {
        at.0 + self.phase
    }

    fn claims(&self, user: u32) -> Claims {
        let (issued, serial) = self.tokens[user as usize];
        // Who has not logged in within the run did so an hour before it.
        let iat = issued.map_or(-3_600, |at| (self.clock(at) / NANOS_PER_SECOND).cast_signed());
        Claims { jti: format!("{user}.{serial}"), azp: "shop".into(), sub: user.to_string(), iat }
    }

    fn revoked(&mut self, at: SimTime, notice: NoticeId, target: Target) {
        let time = (self.clock(at) / 1_000_000).cast_signed();
        let told = match target {
            Target::Jti(of) => Told::Token(name_of(of)),
            Target::ConsumerKey(_) => Told::ConsumerKey("shop".into(), time),
            Target::Subject(of) => Told::Subject(of.user.to_string(), time),
        };
        self.events.insert(notice, (at, told));
    }

    /// What the tables held when a gateway read them, 150 ms before it had the rows. An event is there 150 ms after it was made.
    fn read(&mut self, gateway: GatewayId, at: SimTime) {
        let mut tables = Tables::default();
        let delay = SimSpan::millis(150);
        for (made, told) in self.events.values() {
            if *made + delay + delay < at {
                tables.write(told, self.database);
            }
        }
        let holder = &mut self.holders[gateway.index()];
        for row in tables.0.values() {
            holder.put(row, self.later_counts);
        }
    }

    /// Follows a run; how many calls were refused.
    fn follow(&mut self, facts: &[(SimTime, Fact)]) -> usize {
        let mut refused = 0;
        for (at, fact) in facts {
            match fact {
                Fact::Revoked { notice, target, .. } => self.revoked(*at, *notice, *target),
                Fact::Untold { notice, .. } => drop(self.events.remove(notice)),
                Fact::Delivered { notice, gateway } => {
                    let told = &self.events[notice].1;
                    self.holders[gateway.index()].put(told, self.later_counts);
                }
                Fact::TablesRead { gateway, .. } => self.read(*gateway, *at),
                Fact::Gateway(gateway, false) => self.holders[gateway.index()] = Holder::default(),
                Fact::Login { user, .. } => {
                    let token = &mut self.tokens[*user as usize];
                    *token = (Some(*at), token.1 + 1);
                }
                Fact::Calls(calls) if calls.outcome != Outcome::Failed(Cause::GatewayDown) => {
                    let claims = self.claims(calls.client_and_user().1);
                    let why = self.holders[calls.lane.index()].refuses(&claims, self.strict);
                    let expected = if why.is_some() { Outcome::Failed(Cause::InboundRefused) } else { Outcome::Ok };
                    assert_eq!(calls.outcome, expected, "at {at}: {claims:?}, {why:?}");
                    refused += usize::from(why.is_some());
                }
                _ => {}
            }
        }
        refused
    }
}

#[test]
fn every_call_of_whole_runs_is_foretold() {
    let mut refused = 0;
    for seed in 0..48 {
        let (strict, later_counts) = (seed % 2 == 0, seed % 4 < 2);
        let database = ["mysql", "mssql", "postgresql"][usize::try_from(seed / 4 % 3).expect("few")];
        let overrides = [
            format!("run.seed={seed}"),
            format!("db.profile={database}"),
            format!("gateway.inbound.comparison={}", if strict { "strict" } else { "non-strict" }),
            format!("gateway.inbound.merge={}", if later_counts { "max" } else { "last-writer" }),
        ];
        let scenario = scenario_with(RUN, &overrides.each_ref().map(String::as_str));
        let phase = Seeds { seed, replication: 0 }.uniform("clock phase", "run");
        let mut foretold = Foretold {
            database,
            strict,
            later_counts,
            phase: SimSpan(NANOS_PER_SECOND).scaled(phase).0,
            holders: vec![Holder::default(); 2],
            events: BTreeMap::new(),
            tokens: vec![(None, 0); 12],
        };
        let run = facts(&scenario, 0, 0);
        eprintln!("seed {seed}");
        refused += foretold.follow(&run.0);
    }
    assert!(refused > 10_000, "{refused}");
}
