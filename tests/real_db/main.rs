//! What the model says of databases, asked of real ones: PostgreSQL and MariaDB on loopback.
//!
//! `.ci/real-db` starts both and runs this. By hand: give their addresses in `STALEGATE_POSTGRES` (`host=127.0.0.1
//! user=postgres`) and `STALEGATE_MARIADB` (`mysql://root@127.0.0.1:3306`), and `cargo test --features real-db --test
//! real_db`. A schema of their own, `stalegate_real_db`, is all that is touched.

#[cfg(feature = "real-db")]
mod claims;
#[cfg(feature = "real-db")]
mod evidence;
#[cfg(feature = "real-db")]
mod flow;
#[cfg(feature = "real-db")]
mod outcome;
#[cfg(feature = "real-db")]
mod race;
#[cfg(feature = "real-db")]
mod report;
#[cfg(feature = "real-db")]
mod session;
#[cfg(feature = "real-db")]
mod table;

#[cfg(not(feature = "real-db"))]
#[test]
#[ignore = "skipped: it needs PostgreSQL and MariaDB; .ci/real-db starts both and runs `cargo test --features real-db --test real_db`"]
fn real_databases_are_skipped_without_the_feature() {}
