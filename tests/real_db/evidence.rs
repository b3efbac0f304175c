//! What one server did: gathered once, read by every test and by the report.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use stalegate::persistence::dialect::{Dialect, Rounding};
use stalegate::time::{SimSpan, Stamp};

use crate::flow::Flow;
use crate::race::{self, Case, Seen, Start};
use crate::session::{Server, Session, Trouble};
use crate::table::{self, State, Token};

/// Nanoseconds of times that are written, also as many before zero: around the middle and the ends of a second, and of
/// a microsecond. The middle of a microsecond is not here: a text's goes to even, a driver's goes up.
const TIMES: [i64; 15] = [
    0,
    1_000_000,
    1_500_000,
    499_000_000,
    499_500_000,
    499_999_000,
    500_000_000,
    500_500_000,
    999_000_000,
    999_600_000,
    1_500_000_000,
    2_500_000_000,
    123_456_000,
    123_456_400,
    123_456_600,
];

/// What is known of one server.
pub struct Evidence {
    pub server: Server,
    pub version: String,
    /// How it rounds by default.
    pub rounding: Rounding,
    /// Written and read.
    pub times: Vec<(Stamp, Stamp)>,
    /// The same with `TIME_ROUND_FRACTIONAL`; MariaDB only.
    pub rounded_times: Vec<(Stamp, Stamp)>,
    /// Columns of the key that may be NULL, and whether two ACTIVE rows with a NULL there were both accepted.
    pub nulls: Vec<(&'static str, bool)>,
    pub races: BTreeMap<Case, Seen>,
}

pub static POSTGRES: LazyLock<Evidence> = LazyLock::new(|| {
    let rounding = Dialect::Postgresql.profile().rounding;
    gather(Server::Postgres, rounding, "SELECT split_part(current_setting('server_version'), ' ', 1)")
});
pub static MARIADB: LazyLock<Evidence> = LazyLock::new(|| {
    gather(Server::Mariadb, Rounding::Down(SimSpan::secs(1)), "SELECT SUBSTRING_INDEX(VERSION(), '-', 2)")
});

/// Both.
pub fn all() -> [&'static Evidence; 2] {
    [&POSTGRES, &MARIADB]
}

fn cases() -> impl Iterator<Item = Case> {
    use {Flow::*, Start::*};
    let kinds = [
        (SyncDocumented, Empty),
        (SyncDocumented, Expired),
        (SyncSource, Empty),
        (SyncSource, RevokedBefore),
        (SyncSource, RevokedThisSecond),
        (AsyncOne, Empty),
        (AsyncTwo, Empty),
    ];
    kinds.into_iter().flat_map(|(flow, start)| [2, 3].map(|nodes| Case { flow, start, nodes }))
}

fn gather(server: Server, rounding: Rounding, version: &str) -> Evidence {
    let mut sessions: Vec<_> = (0..3).map(|_| server.connect()).collect();
    let version = sessions[0].query(version).expect("it has a version")[0][0].clone().expect("a version is no NULL");
    let races = cases().map(|case| (case, race::run(case, &mut sessions))).collect();
    let session = &mut *sessions[0];
    let times = stored(session);
    let mut rounded_times = Vec::new();
    if server == Server::Mariadb {
        session.execute("SET sql_mode = CONCAT(@@sql_mode, ',TIME_ROUND_FRACTIONAL')").expect("it has the mode");
        rounded_times = stored(session);
    }
    let nulls = Dialect::Postgresql.profile().nullable.iter().map(|column| (*column, accepted(session, column)));
    let nulls = nulls.collect();
    Evidence { server, version, rounding, times, rounded_times, nulls, races }
}

/// Writes [`TIMES`] and reads them back.
fn stored(session: &mut dyn Session) -> Vec<(Stamp, Stamp)> {
    table::create(session).expect("the table can be made");
    let times = TIMES.into_iter().chain(TIMES.map(|nanos| -nanos));
    let keep = |(key, nanos): (u32, i64)| {
        let (at, id) = (Stamp(nanos), format!("time {key}"));
        let token = Token { id: &id, key, state: State::Active, created: at, null: None };
        table::insert(session, token).expect("a time can be written");
        (at, table::latest(session, key, true).expect("it can be read").expect("it is there").created)
    };
    (0..).zip(times).map(keep).collect()
}

/// Whether two ACTIVE rows that differ in nothing but a NULL in one column are both accepted.
fn accepted(session: &mut dyn Session, column: &str) -> bool {
    table::create(session).expect("the table can be made");
    let row = |id, null| Token { id, key: 1, state: State::Active, created: Stamp(0), null };
    table::insert(session, row("without", None)).expect("the first is accepted");
    assert_eq!(table::insert(session, row("without again", None)), Err(Trouble::Violation));
    table::insert(session, row("with", Some(column))).expect("it differs from the first");
    match table::insert(session, row("with again", Some(column))) {
        Ok(()) => true,
        Err(Trouble::Violation) => false,
        Err(other) => panic!("{other:?}"),
    }
}
