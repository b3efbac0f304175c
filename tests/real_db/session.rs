//! One connection to a database, reduced to what both servers have: statements as text, rows as text.

use std::time::Duration;

use mysql::prelude::Queryable;

/// The schema that the tests own.
const SCHEMA: &str = "stalegate_real_db";

/// Why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The unique constraint.
    Violation,
    /// The server chose this transaction as the victim.
    Deadlock,
    /// A lock was not granted in time.
    LockTimeout,
    /// Anything else: a fault of the tests.
    Other(String),
}

pub type Row = Vec<Option<String>>;

/// One connection.
pub trait Session: Send {
    /// Runs a statement that gives no rows.
    fn execute(&mut self, sql: &str) -> Result<(), Trouble>;
    /// Runs a query.
    fn query(&mut self, sql: &str) -> Result<Vec<Row>, Trouble>;
    /// SQL for the microseconds of `TIME_CREATED` since [`BASE`](crate::table::BASE).
    fn micros(&self) -> String;
}

/// A way to more connections to one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Postgres,
    Mariadb,
}

impl Server {
    /// As the report names it.
    pub fn name(self) -> &'static str {
        match self {
            Server::Postgres => "postgresql",
            Server::Mariadb => "mariadb",
        }
    }

    /// A new connection, in the schema of the tests. Every wait is bounded.
    pub fn connect(self) -> Box<dyn Session> {
        match self {
            Server::Postgres => Box::new(Postgres::connect(&address("STALEGATE_POSTGRES"))),
            Server::Mariadb => Box::new(Mariadb::connect(&address("STALEGATE_MARIADB"))),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers' addresses are all that the environment decides")]
fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; .ci/real-db starts servers and sets it"))
}

struct Postgres(postgres::Client);

impl Postgres {
    fn connect(address: &str) -> Postgres {
        let mut config: postgres::Config = address.parse().expect("STALEGATE_POSTGRES is `host=127.0.0.1 user=…`");
        let is_loopback = |host: &postgres::config::Host| match host {
            postgres::config::Host::Tcp(name) => ["127.0.0.1", "::1", "localhost"].contains(&name.as_str()),
            postgres::config::Host::Unix(_) => true,
        };
        assert!(config.get_hosts().iter().all(is_loopback), "only servers on loopback are asked");
        let client = config.connect_timeout(Duration::from_secs(10)).connect(postgres::NoTls);
        let mut session = Postgres(client.expect("PostgreSQL answers"));
        let schema = format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}; SET search_path TO {SCHEMA}");
        let limits = "SET client_min_messages TO error; SET lock_timeout TO '5s'; SET statement_timeout TO '10s'";
        session.execute(limits).expect("it can be set up");
        session.execute(&schema).expect("a schema can be made");
        session
    }
}

fn of_postgres(error: &postgres::Error) -> Trouble {
    match error.code().map(postgres::error::SqlState::code) {
        Some("23505") => Trouble::Violation,
        Some("40P01") => Trouble::Deadlock,
        Some("55P03") => Trouble::LockTimeout,
        _ => Trouble::Other(format!("{error:?}")),
    }
}

impl Session for Postgres {
    fn execute(&mut self, sql: &str) -> Result<(), Trouble> {
        self.0.batch_execute(sql).map_err(|error| of_postgres(&error))
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Row>, Trouble> {
        let messages = self.0.simple_query(sql).map_err(|error| of_postgres(&error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    fn micros(&self) -> String {
        format!("(EXTRACT(EPOCH FROM TIME_CREATED - TIMESTAMP '{}') * 1000000)::bigint", crate::table::BASE)
    }
}

struct Mariadb(mysql::Conn);

impl Mariadb {
    fn connect(address: &str) -> Mariadb {
        let options = mysql::Opts::from_url(address).expect("STALEGATE_MARIADB is `mysql://root@127.0.0.1:3306`");
        let host = options.get_ip_or_hostname();
        assert!(["127.0.0.1", "::1", "localhost"].contains(&&*host), "only servers on loopback are asked");
        let builder = mysql::OptsBuilder::from_opts(options)
            .tcp_connect_timeout(Some(Duration::from_secs(10)))
            .prefer_socket(false);
        let mut session = Mariadb(mysql::Conn::new(builder).expect("MariaDB answers"));
        for sql in [
            &format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}"),
            &format!("USE {SCHEMA}"),
            "SET time_zone = '+00:00', innodb_lock_wait_timeout = 5, max_statement_time = 10",
        ] {
            session.execute(sql).expect("it can be set up");
        }
        session
    }
}

fn of_mariadb(error: &mysql::Error) -> Trouble {
    match error {
        mysql::Error::MySqlError(error) if error.code == 1062 => Trouble::Violation,
        mysql::Error::MySqlError(error) if error.code == 1213 => Trouble::Deadlock,
        mysql::Error::MySqlError(error) if error.code == 1205 => Trouble::LockTimeout,
        _ => Trouble::Other(error.to_string()),
    }
}

impl Session for Mariadb {
    fn execute(&mut self, sql: &str) -> Result<(), Trouble> {
        self.0.query_drop(sql).map_err(|error| of_mariadb(&error))
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Row>, Trouble> {
        let rows: Vec<mysql::Row> = self.0.query(sql).map_err(|error| of_mariadb(&error))?;
        let cells = |row: mysql::Row| (0..row.len()).map(|at| row.get::<Option<String>, _>(at).flatten()).collect();
        Ok(rows.into_iter().map(cells).collect())
    }

    fn micros(&self) -> String {
        format!("TIMESTAMPDIFF(MICROSECOND, '{}', TIME_CREATED)", crate::table::BASE)
    }
}
