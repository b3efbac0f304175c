//! What a database does to a row of the token table: the time that it keeps, and a NULL in the key.

mod profiles;

use std::fmt;

use crate::time::{NANOS_PER_SECOND, SimSpan, Stamp};

/// The constraint `CON_APP_KEY` of `IDN_OAUTH2_ACCESS_TOKEN`: the same columns in all scripts of carbon-apimgt
/// (`org.wso2.carbon.apimgt.core.feature/src/main/resources/sql`). `IDP_ID` is NOT NULL in all of them.
pub const CON_APP_KEY: [&str; 10] = [
    "CONSUMER_KEY_ID",
    "AUTHZ_USER",
    "TENANT_ID",
    "USER_DOMAIN",
    "USER_TYPE",
    "TOKEN_SCOPE_HASH",
    "TOKEN_STATE",
    "TOKEN_STATE_ID",
    "IDP_ID",
    "TOKEN_BINDING_REF",
];

/// A database that WSO2 has scripts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    Db2,
    H2,
    Mssql,
    Mysql,
    MysqlCluster,
    Oracle,
    OracleRac,
    Postgresql,
}

/// All of them, by their words.
pub const ALL: [Dialect; 8] = [
    Dialect::Db2,
    Dialect::H2,
    Dialect::Mssql,
    Dialect::Mysql,
    Dialect::MysqlCluster,
    Dialect::Oracle,
    Dialect::OracleRac,
    Dialect::Postgresql,
];

/// What becomes of the digits that a column of `TIME_CREATED` has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest multiple of the step, the middle up.
    HalfUp(SimSpan),
    /// They are cut off.
    Down(SimSpan),
    /// To the nearest 1/300 s, which is read back as .000, .003 or .007 s.
    MssqlDatetime,
}

/// Whether two rows whose key has a NULL in the same column, and is the same otherwise, violate the constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// No: a NULL differs from every other.
    Distinct,
    /// Yes: a NULL equals another.
    Equal,
    /// Yes, unless every column of the key is NULL, which `IDP_ID` never is.
    EqualUnlessAll,
    /// The columns refuse NULL.
    NotNullable,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// As a scenario writes it.
    pub word: &'static str,
    /// The product's name.
    pub title: &'static str,
    /// The type of `TIME_CREATED` in WSO2's script.
    pub time_created: &'static str,
    /// How that type rounds.
    pub rounding: Rounding,
    /// NULLs in the key.
    pub nulls: Nulls,
    /// The columns of [`CON_APP_KEY`] that may be NULL in WSO2's script.
    pub nullable: &'static [&'static str],
    /// Whether the script declares `ORGANIZATION` NOT NULL, a column of the primary keys of both tables of revocation events
    /// (claim c07). A primary key refuses NULL in all of them, and Db2 wants it said (general knowledge).
    pub organization_not_null: bool,
    /// Why older scripts did not protect the key, where that is known.
    pub once_unprotected: Option<&'static str>,
    /// Where all this was read.
    pub source: &'static str,
}

impl Dialect {
    /// The dialect that a scenario names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Dialect> {
        ALL.into_iter().find(|dialect| dialect.profile().word == word)
    }

    /// Its row of the table.
    #[must_use]
    pub const fn profile(self) -> &'static Profile {
        match self {
            Dialect::Db2 => &profiles::DB2,
            Dialect::H2 => &profiles::H2,
            Dialect::Mssql => &profiles::MSSQL,
            Dialect::Mysql => &profiles::MYSQL,
            Dialect::MysqlCluster => &profiles::MYSQL_CLUSTER,
            Dialect::Oracle => &profiles::ORACLE,
            Dialect::OracleRac => &profiles::ORACLE_RAC,
            Dialect::Postgresql => &profiles::POSTGRESQL,
        }
    }

    /// A wall-clock time as `TIME_CREATED` has it when it is read back. Simulated time counts as the wall clock: time
    /// zero is the beginning of a second.
    #[must_use]
    pub fn store(self, at: Stamp) -> Stamp {
        self.profile().rounding.round(at)
    }

    /// The smallest span between two stored times.
    #[must_use]
    pub fn resolution(self) -> SimSpan {
        match self.profile().rounding {
            Rounding::HalfUp(step) | Rounding::Down(step) => step,
            Rounding::MssqlDatetime => SimSpan::millis(3),
        }
    }
}

impl Rounding {
    /// The stored time; exact, also before the run.
    #[must_use]
    pub fn round(self, at: Stamp) -> Stamp {
        match self {
            Rounding::HalfUp(step) => {
                let step = step.0.cast_signed();
                let up = i64::from(at.0.rem_euclid(step) >= step - step / 2);
                Stamp(at.0.div_euclid(step).saturating_add(up).saturating_mul(step))
            }
            Rounding::Down(step) => {
                let step = step.0.cast_signed();
                Stamp(at.0.div_euclid(step).saturating_mul(step))
            }
            Rounding::MssqlDatetime => {
                let second = NANOS_PER_SECOND.cast_signed();
                let ticks = (at.0.rem_euclid(second) * 300 + second / 2) / second;
                let millis = (ticks * 10 + 1) / 3;
                Stamp(at.0.div_euclid(second).saturating_mul(second).saturating_add(millis * 1_000_000))
            }
        }
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rounding::HalfUp(step) => write!(f, "{step}, half up"),
            Rounding::Down(step) => write!(f, "{step}, cut off"),
            Rounding::MssqlDatetime => f.write_str(".000, .003 or .007 s, the nearest"),
        }
    }
}

impl fmt::Display for Nulls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nulls::Distinct => "distinct: a NULL lifts the constraint",
            Nulls::Equal => "equal",
            Nulls::EqualUnlessAll => "equal, unless all are NULL",
            Nulls::NotNullable => "refused",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_lead_back_to_their_dialect() {
        assert!(ALL.map(|dialect| dialect.profile().word).is_sorted());
        for dialect in ALL {
            assert_eq!(Dialect::from_word(dialect.profile().word), Some(dialect));
        }
        assert_eq!(Dialect::from_word("mariadb"), None);
    }

    #[test]
    fn a_stored_time_is_stored_as_itself_and_times_keep_their_order() {
        for dialect in ALL {
            let mut last = dialect.store(Stamp(-2_000_000_123));
            for nanos in (-2_000_000_123..2_000_000_000).step_by(333_333) {
                let stored = dialect.store(Stamp(nanos));
                assert!(stored >= last && dialect.store(stored) == stored, "{dialect:?} {nanos}");
                last = stored;
            }
        }
    }

    #[test]
    fn mysql_rounds_half_a_second_up_also_before_the_run() {
        for (millis, secs) in [(0, 0), (499, 0), (500, 1), (999, 1), (1_500, 2), (-1, 0), (-500, 0), (-501, -1)] {
            let at = Stamp(millis * 1_000_000);
            assert_eq!(Dialect::Mysql.store(at), Stamp(secs * 1_000_000_000), "{millis} ms");
            assert_eq!(Dialect::MysqlCluster.store(at), Dialect::Mysql.store(at));
        }
    }

    #[test]
    fn db2_cuts_below_a_microsecond_and_the_others_round() {
        for (nanos, cut, rounded) in [(1_499, 1, 1), (1_500, 1, 2), (-1, -1, 0), (-500, -1, 0), (-501, -1, -1)] {
            assert_eq!(Dialect::Db2.store(Stamp(nanos)), Stamp(cut * 1_000), "{nanos} ns");
            for dialect in [Dialect::H2, Dialect::Oracle, Dialect::OracleRac, Dialect::Postgresql] {
                assert_eq!(dialect.store(Stamp(nanos)), Stamp(rounded * 1_000), "{dialect:?} {nanos} ns");
            }
        }
    }

    /// The table of "Date and Time (Transact-SQL)", and the milliseconds of one decade.
    #[test]
    fn mssql_keeps_milliseconds_that_end_in_0_3_or_7() {
        let documented = [(999, 1_000), (998, 997), (995, 997), (994, 993), (992, 993), (991, 990), (990, 990)];
        let decade = [(0, 0), (1, 0), (2, 3), (3, 3), (4, 3), (5, 7), (6, 7), (7, 7), (8, 7), (9, 10)];
        for (millis, kept) in documented.into_iter().chain(decade) {
            for secs in [-86_400, -1, 0, 7] {
                let second = secs * 1_000_000_000;
                let stored = Dialect::Mssql.store(Stamp(second + millis * 1_000_000));
                assert_eq!(stored, Stamp(second + kept * 1_000_000), "{millis} ms");
            }
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        for dialect in ALL {
            assert!(dialect.store(Stamp(i64::MIN)) < dialect.store(Stamp(i64::MAX)), "{dialect:?}");
        }
    }

    #[test]
    fn columns_that_may_be_null_are_columns_of_the_key() {
        for dialect in ALL {
            let profile = dialect.profile();
            assert!(profile.nullable.iter().all(|column| CON_APP_KEY.contains(column)));
            assert_eq!(profile.nullable.is_empty(), profile.nulls == Nulls::NotNullable, "{dialect:?}");
        }
    }
}
