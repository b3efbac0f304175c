//! Nodes that ask for one token at the same time, each on its own connection, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::time::Duration;

use stalegate::time::Stamp;

use crate::flow::{Flow, LIFETIME, Node, Told};
use crate::outcome::Outcome;
use crate::session::{Session, Trouble};
use crate::table::{self, State, Token};

/// Races of one case.
const RACES: u32 = 200;
/// When the last token was revoked, where one was: long before the race, or in the same second.
pub const REVOKED_BEFORE: Stamp = Stamp(-10_000_000_000);
pub const REVOKED_THIS_SECOND: Stamp = Stamp(100_000_000);

/// What the table holds of the key when a race begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    Empty,
    RevokedBefore,
    RevokedThisSecond,
    /// An ACTIVE token whose lifetime is over.
    Expired,
}

/// A kind of race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub flow: Flow,
    pub start: Start,
    pub nodes: usize,
}

/// Of some of the races.
#[derive(Debug, Default)]
pub struct Tally {
    pub outcomes: BTreeMap<Outcome, u32>,
    /// The nodes that were the first to insert.
    pub winners: BTreeSet<usize>,
}

/// All races of a case.
#[derive(Debug, Default)]
pub struct Seen {
    /// The constraint refused a token.
    pub violated: Tally,
    /// It did not.
    pub quiet: Tally,
    /// The server gave up a transaction, which the model does not have.
    pub given_up: Tally,
    /// Most ACTIVE rows of a key after a race.
    pub most_active: usize,
    /// Not modelled: statements that waited for another's transaction, and transactions that the server gave up.
    pub lock_waits: u32,
    pub deadlocks: u32,
    pub lock_timeouts: u32,
}

/// The wall clock, for statements that wait.
pub struct Stopwatch(#[expect(clippy::disallowed_types, reason = "real statements take real time")] std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_types, reason = "real statements take real time")]
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// When each node starts after the barrier, and how long an inserter keeps its transaction open.
struct Pace {
    delays: Vec<Duration>,
    hold: Duration,
}

/// Together, one later by a little, one later by so much that the other is done, and with transactions held open; each
/// node is the late one in its turn.
fn pace(race: u32, nodes: usize) -> Pace {
    let late = usize::try_from(race / 5).expect("it is small") % nodes;
    let (by, hold) = [(0, 0), (150, 0), (400, 0), (8_000, 0), (300, 8_000)][usize::try_from(race % 5).expect("small")];
    let delay = |node: usize| Duration::from_micros(if node == late { by } else { 0 });
    Pace { delays: (0..nodes).map(delay).collect(), hold: Duration::from_micros(hold) }
}

/// Runs all races of a case.
pub fn run(case: Case, sessions: &mut [Box<dyn Session>]) -> Seen {
    let mut seen = Seen::default();
    table::create(&mut *sessions[0]).expect("the table can be made");
    for race in 0..RACES {
        begin(case.start, race, &mut *sessions[0]);
        let told = once(case, race, &mut sessions[..case.nodes]);
        let states = table::states(&mut *sessions[0], race);
        note(&mut seen, &told, &states, pace(race, case.nodes).hold);
    }
    seen
}

fn begin(start: Start, key: u32, session: &mut dyn Session) {
    let (state, created) = match start {
        Start::Empty => return,
        Start::RevokedBefore => (State::Revoked, REVOKED_BEFORE),
        Start::RevokedThisSecond => (State::Revoked, REVOKED_THIS_SECOND),
        Start::Expired => (State::Active, Stamp(-LIFETIME)),
    };
    let id = format!("{key}-old");
    table::insert(session, Token { id: &id, key, state, created, null: None }).expect("the key is new");
}

fn once(case: Case, race: u32, sessions: &mut [Box<dyn Session>]) -> Vec<Told> {
    let pace = pace(race, case.nodes);
    let barrier = Barrier::new(case.nodes);
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (at, session) in sessions.iter_mut().enumerate() {
            let (barrier, delay, hold) = (&barrier, pace.delays[at], pace.hold);
            threads.push(scope.spawn(move || {
                let own = format!("{race}-{at}");
                let mut node = Node { session: &mut **session, key: race, own, hold, told: Told::default() };
                barrier.wait();
                std::thread::sleep(delay);
                node.run(case.flow);
                node.told
            }));
        }
        threads.into_iter().map(|thread| thread.join().expect("a node does not panic")).collect()
    })
}

fn note(seen: &mut Seen, told: &[Told], states: &[(String, String)], hold: Duration) {
    let holdings: Vec<Option<String>> = told.iter().map(|told| told.holds.clone()).collect();
    let tally = if told.iter().any(|told| told.trouble.is_some()) {
        &mut seen.given_up
    } else if told.iter().any(|told| told.violations > 0) {
        &mut seen.violated
    } else {
        &mut seen.quiet
    };
    *tally.outcomes.entry(Outcome::from_holdings(&holdings, states)).or_default() += 1;
    tally.winners.extend(told.iter().position(|told| told.inserted && told.violations == 0));
    seen.most_active = seen.most_active.max(states.iter().filter(|(_, state)| state == "ACTIVE").count());
    for told in told {
        seen.lock_waits += u32::from(!hold.is_zero() && told.longest_statement > hold / 2);
        match &told.trouble {
            None => {}
            Some(Trouble::Violation) => panic!("a node's retries were not enough"),
            Some(Trouble::Deadlock) => seen.deadlocks += 1,
            Some(Trouble::LockTimeout) => seen.lock_timeouts += 1,
            Some(Trouble::Other(text)) => panic!("{text}"),
        }
    }
}
