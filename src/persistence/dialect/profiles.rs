//! The table: eight databases as WSO2's scripts use them.
//!
//! "General knowledge" in a source marks what no page or code was read for. WSO2 writes whole milliseconds, so what a
//! database does below a microsecond never shows; the table has it for completeness.

use super::{Nulls, Profile, Rounding};
use crate::time::SimSpan;

const NULLABLE: &[&str] = &[
    "CONSUMER_KEY_ID",
    "AUTHZ_USER",
    "TENANT_ID",
    "USER_DOMAIN",
    "USER_TYPE",
    "TOKEN_SCOPE_HASH",
    "TOKEN_STATE",
    "TOKEN_STATE_ID",
    "TOKEN_BINDING_REF",
];
const SECOND: SimSpan = SimSpan::secs(1);
const MICROSECOND: SimSpan = SimSpan(1_000);
const TOKEN_ID_IN_KEY: &str = "TOKEN_ID was in the key (wso2/product-apim#4006, wso2/product-is#4197, #5131)";

pub const DB2: Profile = Profile {
    word: "db2",
    title: "IBM Db2",
    time_created: "TIMESTAMP",
    rounding: Rounding::Down(MICROSECOND),
    nulls: Nulls::NotNullable,
    nullable: &[],
    organization_not_null: true,
    once_unprotected: None,
    source: "Db2 10.5 documentation, \"Data loss for timestamp data in JDBC and SQLJ applications\": the data source \
             truncates the excess digits; carbon-apimgt db2.sql: columns of a unique constraint are NOT NULL",
};

pub const H2: Profile = Profile {
    word: "h2",
    title: "H2",
    time_created: "TIMESTAMP",
    rounding: Rounding::HalfUp(MICROSECOND),
    nulls: Nulls::Distinct,
    nullable: NULLABLE,
    organization_not_null: false,
    once_unprotected: None,
    source: "h2database DateTimeUtils.convertScale rounds half up; Mode.UniqueIndexNullsHandling: \
             ALLOW_DUPLICATES_WITH_ANY_NULL; that it does so by default, with six digits: general knowledge",
};

pub const MSSQL: Profile = Profile {
    word: "mssql",
    title: "Microsoft SQL Server",
    time_created: "DATETIME",
    rounding: Rounding::MssqlDatetime,
    nulls: Nulls::Equal,
    nullable: NULLABLE,
    organization_not_null: false,
    once_unprotected: None,
    source: "Microsoft, \"Date and Time (Transact-SQL)\": DATETIME in increments of .000, .003, .007 s, and MS-BINXML \
             2.3.14: ticks of 1/300 s, half up; NULLs: general knowledge",
};

pub const MYSQL: Profile = Profile {
    word: "mysql",
    title: "MySQL",
    time_created: "TIMESTAMP",
    rounding: Rounding::HalfUp(SECOND),
    nulls: Nulls::Distinct,
    nullable: NULLABLE,
    organization_not_null: false,
    once_unprotected: None,
    source: "MySQL manual, \"Fractional Seconds in Time Values\": no digits unless asked for, inserting rounds (unless \
             TIME_TRUNCATE_FRACTIONAL); that the middle goes up, and NULLs: general knowledge, and so does MariaDB \
             when told to round (results/real-db)",
};

pub const MYSQL_CLUSTER: Profile = Profile {
    word: "mysql-cluster",
    title: "MySQL NDB Cluster",
    source: "as mysql: the SQL node rounds before the data nodes store (general knowledge)",
    ..MYSQL
};

pub const ORACLE: Profile = Profile {
    word: "oracle",
    title: "Oracle Database",
    time_created: "TIMESTAMP",
    rounding: Rounding::HalfUp(MICROSECOND),
    nulls: Nulls::EqualUnlessAll,
    nullable: NULLABLE,
    organization_not_null: false,
    once_unprotected: Some(TOKEN_ID_IN_KEY),
    source: "Price, \"Oracle Database 10g SQL\" (2004): excess digits are rounded, six by default; that the middle \
             goes up, and NULLs: general knowledge",
};

pub const ORACLE_RAC: Profile = Profile {
    word: "oracle-rac",
    title: "Oracle Real Application Clusters",
    once_unprotected: None,
    source: "as oracle; its older scripts were not read",
    ..ORACLE
};

pub const POSTGRESQL: Profile = Profile {
    word: "postgresql",
    title: "PostgreSQL",
    time_created: "TIMESTAMP",
    rounding: Rounding::HalfUp(MICROSECOND),
    nulls: Nulls::Distinct,
    nullable: NULLABLE,
    organization_not_null: false,
    once_unprotected: Some(TOKEN_ID_IN_KEY),
    source: "pgjdbc TimestampUtils (nanosExceed499) rounds half up to microseconds before sending; the server's own \
             datetime.c uses rint, so that a text's middle goes to even; manual, \"Unique Indexes\", for NULLs; seen on \
             a server (results/real-db)",
};
