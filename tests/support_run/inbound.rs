//! The same tiny worlds with gateways that check their callers' tokens, and what is told of revocations.
//!
//! Unless a test says otherwise: gateways have a backend token of a year, so that a call with a good caller's token is
//! settled 1 ms after its birth, and one that its gateway refuses at its birth. The population `shop` has one user, who
//! logged in an hour before the run and needs a day to log in again. An event is with the control plane, and so in the
//! tables, 10 ms after the revocation, and at a gateway another 50 ms later.

use stalegate::id::NoticeId;
use stalegate::model::fact::Fact;
use stalegate::revocation::{Target, UserId};
use stalegate::rng::Seeds;
use stalegate::time::{NANOS_PER_SECOND, SimSpan, SimTime};

use super::{Seen, World, world};

/// The seed of all these worlds, which is the default.
const SEED: u64 = 1;

/// Callers have JWTs.
pub fn jwt() -> World {
    checked("jwt")
}

/// Callers have opaque tokens.
pub fn opaque() -> World {
    checked("introspect")
}

fn checked(validation: &str) -> World {
    let world = world("ttl-only").warm().inbound(&format!("validation = \"{validation}\""));
    world.idp("token_lifetime = \"365d\"").client("users = 1\nlogin = \"1h\"\nrelogin = \"1d\"")
}

impl World {
    /// Further lines of `[gateway.inbound]`.
    pub fn inbound(self, lines: &str) -> World {
        World { inbound: format!("{}\n{lines}", self.inbound), ..self }
    }

    /// What the gateway does on its own before it checks a token.
    pub fn overhead(self, takes: &str) -> World {
        World { gateway: self.gateway.replace("overhead = \"0s\"", &format!("overhead = \"{takes}\"")), ..self }
    }

    /// A further population that calls the one API at these milliseconds: a user who logged in an hour before the run, and
    /// further lines.
    pub fn population(mut self, name: &str, lines: &str, instants: &[u64]) -> World {
        let lines = format!("name = \"{name}\"\nusers = 1\nlogin = \"1h\"\n{lines}");
        self.populations.push((lines, instants.to_vec()));
        self
    }
}

/// A revocation of this kind at `at`, with further keys of the fault.
pub fn revoked(kind: &str, at: &str, keys: &str) -> String {
    format!("at = \"{at}\"\nkind = \"{kind}\"\n{keys}")
}

/// The only user of `shop` changes the password.
pub fn password_change(at: &str) -> String {
    revoked("password-change", at, "client = \"shop\"\nuser = \"user-1\"")
}

/// The only user of `shop` is disabled, and never logs in again.
pub fn disabled(at: &str) -> String {
    revoked("user-disabled", at, "client = \"shop\"\nuser = \"user-1\"")
}

/// Every token that was issued to `shop` dies.
pub fn credentials_revoked(at: &str) -> String {
    revoked("credentials-revoked", at, "client = \"shop\"")
}

/// The token of the only user of `shop` dies.
pub fn token_revoked(at: &str) -> String {
    revoked("token-revoked", at, "client = \"shop\"\nuser = \"user-1\"")
}

/// Two groups cannot reach each other for so long.
pub fn cut(at: &str, lasts: &str, left: &str, right: &str) -> String {
    format!("at = \"{at}\"\nkind = \"partition\"\nfor = \"{lasts}\"\nbetween = [[\"{left}\"], [\"{right}\"]]")
}

/// Something is away for so long from `at`: the kind of fault says what.
pub fn away(kind: &str, at: &str, lasts: &str) -> String {
    format!("at = \"{at}\"\nkind = \"{kind}\"\nfor = \"{lasts}\"")
}

/// The instant at which unskewed clocks show so many seconds and milliseconds after the beginning of the run's first full
/// second, in words of a scenario.
pub fn clock_shows(secs: u64, millis: u64) -> String {
    clock_instant(secs, millis).to_string()
}

/// The same instant.
pub fn clock_instant(secs: u64, millis: u64) -> SimTime {
    let phase = SimSpan(NANOS_PER_SECOND).scaled(Seeds { seed: SEED, replication: 0 }.uniform("clock phase", "run"));
    SimTime((secs + 1) * NANOS_PER_SECOND + millis * 1_000_000 - phase.0)
}

/// The last whole millisecond of the run at which they show no more than that.
pub fn clock_ms(secs: u64, millis: u64) -> u64 {
    clock_instant(secs, millis).0 / 1_000_000
}

/// The first sweep of a gateway's kept answers at or after an instant, where sweeps are 30 s apart.
pub fn sweep_from(at: SimTime, gateway: u32) -> SimTime {
    let name = format!("gateway-{gateway}");
    let phase = SimSpan::secs(30).scaled(Seeds { seed: SEED, replication: 0 }.uniform("cache sweep", &name));
    let gap = SimSpan::secs(30).0;
    SimTime(phase.0 + at.since(SimTime(phase.0)).0.div_ceil(gap) * gap)
}

fn by(notice: NoticeId) -> String {
    format!("#{}", notice.index())
}

impl Seen {
    /// What was revoked, and by the event of which number: `10s #0 user-1`, `10s #1 consumer key`, `10s #2 token 0 of user-1`.
    pub fn revocations(&self) -> Vec<String> {
        let user = |UserId { user, .. }: UserId| format!("user-{}", user + 1);
        let target = |target: Target| match target {
            Target::Jti(jti) => format!("token {} of {}", jti.serial, user(jti.user)),
            Target::ConsumerKey(_) => "consumer key".into(),
            Target::Subject(of) => user(of),
        };
        self.told(|fact| match fact {
            Fact::Revoked { notice, target: of, .. } => Some(format!("{} {}", by(*notice), target(*of))),
            _ => None,
        })
    }

    /// When gateways let calls pass on a revoked token, and which revocation it was: `10.02s gateway-1 #0`.
    pub fn let_pass(&self) -> Vec<String> {
        let served = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::ServedRevoked { by: notice, gateway, validated } => {
                Some(format!("{validated} gateway-{} {}", gateway.index() + 1, by(*notice)))
            }
            _ => None,
        });
        served.collect()
    }

    /// When gateways refused a good token, and for which revocation: `10.02s gateway-1 #0`, `10.02s gateway-1`.
    pub fn mistakes(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::FalselyRefused { by: notice, gateway } => {
                let notice = notice.map_or(String::new(), |notice| format!(" {}", by(notice)));
                Some(format!("gateway-{}{notice}", gateway.index() + 1))
            }
            _ => None,
        })
    }

    /// Who logged in again: `15s user-1`.
    pub fn logins(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Login { user, .. } => Some(format!("user-{}", user + 1)),
            _ => None,
        })
    }

    /// What gateways that started read: `31.01s gateway-1 2 rows`, `31s gateway-1 failed`, `8min gateway-1 gave up`.
    pub fn tables_read(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::TablesRead { gateway, rows } => Some(format!("gateway-{} {rows} rows", gateway.index() + 1)),
            Fact::TablesUnread { gateway, last } => {
                Some(format!("gateway-{} {}", gateway.index() + 1, if *last { "gave up" } else { "failed" }))
            }
            _ => None,
        })
    }

    /// What the control plane did not take: `10s #0 again`, `10s #0 lost`.
    pub fn untold(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Untold { notice, again } => {
                Some(format!("{} {}", by(*notice), if *again { "again" } else { "lost" }))
            }
            _ => None,
        })
    }

    /// Everything that was told, for comparing two runs.
    pub fn everything(&self) -> Vec<String> {
        self.told(|fact| Some(format!("{fact:?}")))
    }
}
