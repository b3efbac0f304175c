//! The token table, as small as `CON_APP_KEY` allows, and the statements on it.

use stalegate::persistence::dialect::CON_APP_KEY;
use stalegate::time::Stamp;

use crate::session::{Session, Trouble};

/// The wall clock at time zero: any beginning of a second, the same for all runs.
pub const BASE: &str = "2030-01-01 00:00:00";
/// The day before, for times before zero.
const EVE: &str = "2029-12-31";
const TABLE: &str = "IDN_OAUTH2_ACCESS_TOKEN";
const DAY: i64 = 86_400_000_000_000;

/// A row to be written. What is not here is the same in all rows.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub id: &'a str,
    /// `CONSUMER_KEY_ID`: every race has its own.
    pub key: u32,
    pub state: State,
    pub created: Stamp,
    /// The column that is NULL instead.
    pub null: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Active,
    Inactive,
    Expired,
    Revoked,
}

/// A row that was read.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: String,
    /// As the database kept it.
    pub created: Stamp,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::Inactive => "INACTIVE",
            State::Expired => "EXPIRED",
            State::Revoked => "REVOKED",
        }
    }
}

/// A time as a literal, with as many digits as it has.
pub fn literal(at: Stamp) -> String {
    assert!((-DAY..DAY).contains(&at.0), "the tests stay within a day of the base");
    let day = if at.0 < 0 { EVE } else { &BASE[..10] };
    let (seconds, nanos) = (at.0.rem_euclid(DAY) / 1_000_000_000, at.0.rem_euclid(1_000_000_000));
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let digits = format!("{nanos:09}");
    format!("{day} {hour:02}:{minute:02}:{second:02}.{}", digits.trim_end_matches('0')).trim_end_matches('.').to_owned()
}

/// Makes the table anew.
pub fn create(session: &mut dyn Session) -> Result<(), Trouble> {
    session.execute(&format!("DROP TABLE IF EXISTS {TABLE}"))?;
    session.execute(&format!(
        "CREATE TABLE {TABLE} (TOKEN_ID VARCHAR(255), CONSUMER_KEY_ID INTEGER, AUTHZ_USER VARCHAR(100), \
         TENANT_ID INTEGER, USER_DOMAIN VARCHAR(50), USER_TYPE VARCHAR(25), \
         TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, TOKEN_SCOPE_HASH VARCHAR(32), \
         TOKEN_STATE VARCHAR(25) DEFAULT 'ACTIVE', TOKEN_STATE_ID VARCHAR(128) DEFAULT 'NONE', \
         IDP_ID INTEGER DEFAULT -1 NOT NULL, TOKEN_BINDING_REF VARCHAR(32) DEFAULT 'NONE', \
         PRIMARY KEY (TOKEN_ID), CONSTRAINT CON_APP_KEY UNIQUE ({}))",
        CON_APP_KEY.join(", ")
    ))
}

/// Writes a row. A state other than ACTIVE comes with a state id of its own: a random one in WSO2, the token's here.
pub fn insert(session: &mut dyn Session, token: Token<'_>) -> Result<(), Trouble> {
    let state_id = if token.state == State::Active { "NONE" } else { token.id };
    let value = |column: &str| match column {
        _ if token.null == Some(column) => "NULL".to_owned(),
        "CONSUMER_KEY_ID" => token.key.to_string(),
        "TENANT_ID" => "-1234".to_owned(),
        "IDP_ID" => "-1".to_owned(),
        "TOKEN_STATE" => format!("'{}'", token.state.word()),
        "TOKEN_STATE_ID" => format!("'{state_id}'"),
        "TOKEN_BINDING_REF" => "'NONE'".to_owned(),
        _ => format!("'the {}'", column.to_lowercase()),
    };
    session.execute(&format!(
        "INSERT INTO {TABLE} (TOKEN_ID, TIME_CREATED, {}) VALUES ('{}', '{}', {})",
        CON_APP_KEY.join(", "),
        token.id,
        literal(token.created),
        CON_APP_KEY.map(value).join(", ")
    ))
}

/// The latest token of a key that is ACTIVE, or that is not.
pub fn latest(session: &mut dyn Session, key: u32, active: bool) -> Result<Option<Found>, Trouble> {
    let sign = if active { "=" } else { "<>" };
    let rows = session.query(&format!(
        "SELECT TOKEN_ID, {} FROM {TABLE} WHERE CONSUMER_KEY_ID = {key} AND TOKEN_STATE {sign} 'ACTIVE' \
         ORDER BY TIME_CREATED DESC LIMIT 1",
        session.micros()
    ))?;
    let found = rows.into_iter().next().map(|row| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(id), Some(micros)]) => micros.parse().map(|micros: i64| Found { id, created: Stamp(micros * 1_000) }),
        _ => Ok(Found { id: String::new(), created: Stamp(0) }),
    });
    found.transpose().map_err(|error| Trouble::Other(error.to_string()))
}

/// Takes the state ACTIVE away from whatever token of a key has it, or from one token.
pub fn mark(session: &mut dyn Session, key: u32, only: Option<&str>, state: State) -> Result<(), Trouble> {
    let only = only.map(|id| format!(" AND TOKEN_ID = '{id}'")).unwrap_or_default();
    session.execute(&format!(
        "UPDATE {TABLE} SET TOKEN_STATE = '{}', TOKEN_STATE_ID = TOKEN_ID \
         WHERE CONSUMER_KEY_ID = {key} AND TOKEN_STATE = 'ACTIVE'{only}",
        state.word()
    ))
}

/// The states of a key's tokens, by token.
pub fn states(session: &mut dyn Session, key: u32) -> Vec<(String, String)> {
    let rows = session.query(&format!("SELECT TOKEN_ID, TOKEN_STATE FROM {TABLE} WHERE CONSUMER_KEY_ID = {key}"));
    let pair = |row: Vec<Option<String>>| (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default());
    rows.expect("the table can be read").into_iter().map(pair).collect()
}
