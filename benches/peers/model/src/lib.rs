//! The token-cache model without an engine: constants, random numbers, decisions and counts, the same for every peer.
//! How calls travel and who holds what is each peer's own.
//!
//! Clients call gateways, each with the token that the gateway caches. At an instant the authorization server (IdP)
//! goes down and every token that it issued is dead; the gateways are not told, and the backend refuses what they send
//! until it expires. A gateway without a token fetches one, one fetch at a time; calls wait for it.

use std::time::Instant;

use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// An instant or a span, in nanoseconds: whole ones, so that an engine with `f64` time says the same (exact up to 2⁵³).
pub type Nanos = u64;

const MS: Nanos = 1_000_000;
const S: Nanos = 1_000 * MS;

/// From a client to a gateway, and back.
pub const CLIENT_GATEWAY: Nanos = MS;
/// From a gateway to the backend, and back.
pub const GATEWAY_BACKEND: Nanos = 5 * MS;
/// From a gateway's request for a token to the answer.
pub const FETCH: Nanos = 20 * MS;

pub const CLIENTS: u32 = 1_000;
pub const GATEWAYS: u8 = 8;
/// Between two calls of a client, on average: half a call a second.
const GAP: Nanos = 2 * S;

/// When what happens, and for how long.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Times {
    /// Calls begin before it; those in flight are finished.
    pub horizon: Nanos,
    /// How long a token lives.
    pub lifetime: Nanos,
    /// The IdP goes down, and every token issued before is dead.
    pub outage_at: Nanos,
    pub outage_for: Nanos,
}

/// Two hours; what is measured.
pub const FULL: Times = Times { horizon: 7_200 * S, lifetime: 3_600 * S, outage_at: 1_800 * S, outage_for: 30 * S };

/// A minute. Tokens expire while the IdP is down, so that this branch is checked, too.
pub const QUICK: Times = Times { horizon: 72 * S, lifetime: 20 * S, outage_at: 39 * S, outage_for: 3 * S };

/// The clients, and what their calls came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clients {
    clients: Vec<Client>,
    counts: Counts,
}

/// A client has random numbers of its own, so that the order of two clients' events at one instant moves no draw.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Client {
    rng: Xoshiro256PlusPlus,
    /// Calls that are not answered.
    open: u32,
}

impl Default for Clients {
    fn default() -> Clients {
        let client = |number: u32| Client { rng: Xoshiro256PlusPlus::seed_from_u64(u64::from(number)), open: 0 };
        Clients { clients: (0..CLIENTS).map(client).collect(), counts: Counts::default() }
    }
}

impl Clients {
    /// The time to a client's next call; never 0, which one of the engines refuses.
    #[inline]
    pub fn gap(&mut self, client: u32) -> Nanos {
        exponential(&mut self.clients[client as usize].rng, GAP)
    }

    /// A client calls; the gateway that the call goes to.
    #[inline]
    pub fn call(&mut self, client: u32) -> u8 {
        let client = &mut self.clients[client as usize];
        client.open += 1;
        self.counts.calls += 1;
        // The upper bits are the better ones; 8 gateways are 3 of them.
        const { assert!(GATEWAYS == 8) }
        client.rng.next_u64().to_be_bytes()[0] >> 5
    }

    /// A client has its answer.
    #[inline]
    pub fn answered(&mut self, client: u32, ok: bool) {
        self.clients[client as usize].open -= 1;
        *if ok { &mut self.counts.ok } else { &mut self.counts.failed } += 1;
    }

    /// What it came to, after so many events.
    ///
    /// # Panics
    /// Where a client waits for an answer.
    #[must_use]
    pub fn counts(&self, events: u64) -> Counts {
        assert!(self.clients.iter().all(|client| client.open == 0), "every call is answered");
        Counts { events, ..self.counts }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "it fits")]
fn exponential(rng: &mut Xoshiro256PlusPlus, mean: Nanos) -> Nanos {
    let draw: f64 = Exp1.sample(rng);
    ((draw * mean as f64) as Nanos).max(1)
}

/// What is cached, and sent with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Which life of the IdP it was issued in.
    pub epoch: u8,
    pub expires: Nanos,
}

/// The authorization server.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Idp {
    up: bool,
    epoch: u8,
    lifetime: Nanos,
}

impl Idp {
    #[must_use]
    pub fn new(times: &Times) -> Idp {
        Idp { up: true, epoch: 0, lifetime: times.lifetime }
    }

    /// It goes down; tokens die.
    pub fn stop(&mut self) {
        self.up = false;
        self.epoch += 1;
    }

    pub fn start(&mut self) {
        self.up = true;
    }

    /// A new token, if it is up.
    #[must_use]
    pub fn issue(&self, now: Nanos) -> Option<Token> {
        self.up.then_some(Token { epoch: self.epoch, expires: now + self.lifetime })
    }

    /// Whether a token of this epoch is alive; a backend refuses the others with 403.
    #[must_use]
    pub fn accepts(&self, epoch: u8) -> bool {
        epoch == self.epoch
    }
}

/// What a gateway does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Sends it on with a token of this epoch.
    Forward(u8),
    /// Lets it wait, and asks for a token.
    Fetch,
    /// Lets it wait for the token that was asked for.
    Wait,
}

/// The token cache of a gateway. A 403 changes nothing in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cache {
    token: Option<Token>,
    fetching: bool,
    waiting: Vec<u32>,
}

impl Cache {
    /// A call of this client is here.
    #[inline]
    pub fn call(&mut self, now: Nanos, client: u32) -> Decision {
        if let Some(token) = self.token
            && now < token.expires
        {
            return Decision::Forward(token.epoch);
        }
        self.waiting.push(client);
        if std::mem::replace(&mut self.fetching, true) { Decision::Wait } else { Decision::Fetch }
    }

    /// The IdP answered; the clients whose calls waited for it.
    pub fn fetched(&mut self, token: Option<Token>) -> Vec<u32> {
        self.token = token;
        self.fetching = false;
        std::mem::take(&mut self.waiting)
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub events: u64,
    pub calls: u64,
    pub ok: u64,
    pub failed: u64,
}

/// Delays of the hold model, one stream for all events: each fired event draws the next delay, so that the instants at which
/// events fire are the same in every engine, whatever it does with ties.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delays {
    rng: Xoshiro256PlusPlus,
}

impl Default for Delays {
    fn default() -> Delays {
        Delays { rng: Xoshiro256PlusPlus::seed_from_u64(1) }
    }
}

impl Delays {
    /// Exponential with a mean of a second, never 0.
    #[inline]
    pub fn draw(&mut self) -> Nanos {
        exponential(&mut self.rng, S)
    }
}

/// A hold model's size. Exponential delays forget, so that N of them from 0 on are its steady state at once.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    pub pending: u32,
    /// Until then (included) events fire: about as many as were asked for.
    pub until: Nanos,
}

/// How a program plays the models. Each way returns what it came to and the seconds of its loop.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub name: &'static str,
    pub token_cache: fn(&Times) -> (Counts, f64),
    /// Returns how many events fired.
    pub hold: fn(Hold) -> (u64, f64),
}

/// Plays what the arguments ask for, and prints a line of what it came to: `NAME token-cache [--quick]`, or
/// `NAME hold PENDING EVENTS`.
///
/// # Panics
/// On other arguments.
pub fn main(peers: &[Peer]) {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (&name, args) = args.split_first().expect("the name of a peer");
    let peer = peers.iter().find(|peer| peer.name == name).expect("a peer of this program");
    let number = |text: &str| text.parse::<u32>().expect("a number");
    match *args {
        ["token-cache"] => print(name, (peer.token_cache)(&FULL)),
        ["token-cache", "--quick"] => print(name, (peer.token_cache)(&QUICK)),
        ["hold", pending, events] => {
            let pending = number(pending);
            let until = Nanos::from(number(events)) * S / Nanos::from(pending);
            let (events, seconds) = (peer.hold)(Hold { pending, until });
            println!("name={name} model=hold pending={pending} events={events} seconds={seconds:.6}");
        }
        _ => panic!("NAME token-cache [--quick], or NAME hold PENDING EVENTS"),
    }
}

fn print(name: &str, (counts, seconds): (Counts, f64)) {
    let Counts { events, calls, ok, failed } = counts;
    println!(
        "name={name} model=token-cache events={events} calls={calls} ok={ok} failed={failed} seconds={seconds:.6}"
    );
}

/// What a loop returns, and the seconds that it took.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed().as_secs_f64())
}
