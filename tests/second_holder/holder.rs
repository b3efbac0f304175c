//! The second implementation.

use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds of the wall clock.
pub type Millis = i64;

/// Three maps, as a gateway has them in memory.
#[derive(Clone, Debug, Default)]
pub struct Holder {
    tokens: BTreeSet<String>,
    consumer_keys: BTreeMap<String, Millis>,
    subjects: BTreeMap<String, Millis>,
}

/// A JWT's claims, as far as they matter.
#[derive(Clone, Debug)]
pub struct Claims {
    pub jti: String,
    pub azp: String,
    pub sub: String,
    /// Whole seconds.
    pub iat: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    Token,
    ConsumerKey,
    Subject,
}

/// What is told of a revocation, or stands in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Token(String),
    ConsumerKey(String, Millis),
    Subject(String, Millis),
}

impl Holder {
    /// A plain put, or the later one of both.
    pub fn put(&mut self, told: &Told, later_counts: bool) {
        let put = |map: &mut BTreeMap<String, Millis>, key: &String, time: Millis| {
            let old = map.get(key).copied().filter(|old| later_counts && *old > time);
            map.insert(key.clone(), old.unwrap_or(time));
        };
        match told {
            Told::Token(jti) => drop(self.tokens.insert(jti.clone())),
            Told::ConsumerKey(key, time) => put(&mut self.consumer_keys, key, *time),
            Told::Subject(subject, time) => put(&mut self.subjects, subject, *time),
        }
    }

    pub fn refuses(&self, claims: &Claims, strict: bool) -> Option<Why> {
        let after = |time: Option<&Millis>| {
            time.is_some_and(|time| if strict { *time > claims.iat * 1_000 } else { *time >= claims.iat * 1_000 })
        };
        if self.tokens.contains(&claims.jti) {
            Some(Why::Token)
        } else if after(self.consumer_keys.get(&claims.azp)) {
            Some(Why::ConsumerKey)
        } else {
            after(self.subjects.get(&claims.sub)).then_some(Why::Subject)
        }
    }
}

/// The tables: a row for each key, with the time that was written last, as the database keeps it.
#[derive(Clone, Debug, Default)]
pub struct Tables(pub BTreeMap<String, Told>);

impl Tables {
    pub fn write(&mut self, told: &Told, database: &str) {
        let kept = |time: Millis| kept(time, database);
        let (key, row) = match told {
            Told::Token(jti) => (format!("token {jti}"), told.clone()),
            Told::ConsumerKey(key, time) => (format!("key {key}"), Told::ConsumerKey(key.clone(), kept(*time))),
            Told::Subject(subject, time) => (format!("subject {subject}"), Told::Subject(subject.clone(), kept(*time))),
        };
        self.0.insert(key, row);
    }
}

/// A time of whole milliseconds as a database gives it back.
fn kept(time: Millis, database: &str) -> Millis {
    match database {
        // Whole seconds, the middle goes up.
        "mysql" | "mysql-cluster" => (time + 500).div_euclid(1_000) * 1_000,
        // The last digit is 0, 3 or 7.
        "mssql" => match time.rem_euclid(10) {
            0 | 1 => time - time.rem_euclid(10),
            2..=4 => time - time.rem_euclid(10) + 3,
            5..=8 => time - time.rem_euclid(10) + 7,
            _ => time + 1,
        },
        _ => time,
    }
}
