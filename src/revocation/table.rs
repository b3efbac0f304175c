//! The tables of revocation events, as the control plane writes them and a gateway reads them when it starts.

use std::collections::{BTreeMap, VecDeque};

use super::{Jti, Revocation, Target, UserId};
use crate::id::{ConsumerKeyId, NoticeId};
use crate::persistence::dialect::Dialect;
use crate::time::{SimSpan, SimTime, Stamp};

/// The organization of every row: scenarios have one tenant.
pub const ORGANIZATION: &str = "carbon.super";
/// The type of a revoked entity that is a user.
pub const USER_ID: &str = "USER_ID";

/// A row of `AM_APP_REVOKED_EVENT`; (`CONSUMER_KEY`, `ORGANIZATION`) is its primary key (claim c04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppRevokedEvent {
    pub consumer_key: ConsumerKeyId,
    pub organization: &'static str,
    /// As the database stored it.
    pub time_revoked: Stamp,
    /// Bookkeeping of the model, no column: the event that wrote it last.
    pub by: NoticeId,
}

/// A row of `AM_SUBJECT_ENTITY_REVOKED_EVENT`; (`ENTITY_ID`, `ENTITY_TYPE`, `ORGANIZATION`) is its primary key (claim c04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectRevokedEvent {
    pub entity_id: UserId,
    pub entity_type: &'static str,
    pub organization: &'static str,
    /// As the database stored it.
    pub time_revoked: Stamp,
    /// Bookkeeping of the model, no column: the event that wrote it last.
    pub by: NoticeId,
}

/// Both tables, and `AM_REVOKED_JWT` with the tokens that were revoked one by one.
#[derive(Clone, Debug, Default)]
pub struct EventTables {
    apps: BTreeMap<(ConsumerKeyId, &'static str), AppRevokedEvent>,
    subjects: BTreeMap<(UserId, &'static str, &'static str), SubjectRevokedEvent>,
    jwts: BTreeMap<Jti, NoticeId>,
    /// What each write replaced, oldest first, as far back as a failover may take them back.
    replaced: VecDeque<(SimTime, Replaced)>,
    keep: SimSpan,
}

/// A row as it was before a write.
#[derive(Clone, Copy, Debug)]
enum Replaced {
    App((ConsumerKeyId, &'static str), Option<AppRevokedEvent>),
    Subject((UserId, &'static str, &'static str), Option<SubjectRevokedEvent>),
    Jwt(Jti, Option<NoticeId>),
}

impl EventTables {
    /// Empty ones, whose writes can be taken back for so long.
    #[must_use]
    pub fn new(keep: SimSpan) -> EventTables {
        EventTables { keep, ..EventTables::default() }
    }

    /// Writes a revocation: an update of its row, or else an insert. Only the time that was written last is kept, rounded as
    /// the database's type does it.
    pub fn write(&mut self, told: &Revocation, dialect: Dialect, now: SimTime) {
        let (organization, entity_type) = (ORGANIZATION, USER_ID);
        let (time_revoked, by) = (dialect.store(told.at), told.by);
        let replaced = match told.target {
            Target::Jti(jti) => Replaced::Jwt(jti, self.jwts.insert(jti, by)),
            Target::ConsumerKey(consumer_key) => {
                let row = AppRevokedEvent { consumer_key, organization, time_revoked, by };
                let key = (consumer_key, organization);
                Replaced::App(key, self.apps.insert(key, row))
            }
            Target::Subject(entity_id) => {
                let row = SubjectRevokedEvent { entity_id, entity_type, organization, time_revoked, by };
                let key = (entity_id, entity_type, organization);
                Replaced::Subject(key, self.subjects.insert(key, row))
            }
        };
        if self.keep > SimSpan::ZERO {
            while self.replaced.front().is_some_and(|(at, _)| *at + self.keep < now) {
                self.replaced.pop_front();
            }
            self.replaced.push_back((now, replaced));
        }
    }

    /// What was written after `since` is gone.
    pub fn undo(&mut self, since: SimTime) {
        while self.replaced.back().is_some_and(|(at, _)| *at > since)
            && let Some((_, replaced)) = self.replaced.pop_back()
        {
            match replaced {
                Replaced::App(key, row) => restore(&mut self.apps, key, row),
                Replaced::Subject(key, row) => restore(&mut self.subjects, key, row),
                Replaced::Jwt(jti, row) => restore(&mut self.jwts, jti, row),
            }
        }
    }

    /// The rows of `AM_APP_REVOKED_EVENT`, by their key.
    pub fn apps(&self) -> impl Iterator<Item = &AppRevokedEvent> {
        self.apps.values()
    }

    /// The rows of `AM_SUBJECT_ENTITY_REVOKED_EVENT`, by their key.
    pub fn subjects(&self) -> impl Iterator<Item = &SubjectRevokedEvent> {
        self.subjects.values()
    }

    /// Everything, as a gateway puts it into its maps.
    #[must_use]
    pub fn read(&self) -> Vec<Revocation> {
        let jwts = self.jwts.iter().map(|(jti, by)| Revocation { target: Target::Jti(*jti), at: Stamp(0), by: *by });
        let app = |row: &AppRevokedEvent| Revocation {
            target: Target::ConsumerKey(row.consumer_key),
            at: row.time_revoked,
            by: row.by,
        };
        let subject = |row: &SubjectRevokedEvent| Revocation {
            target: Target::Subject(row.entity_id),
            at: row.time_revoked,
            by: row.by,
        };
        jwts.chain(self.apps().map(app)).chain(self.subjects().map(subject)).collect()
    }
}

fn restore<K: Ord, V>(table: &mut BTreeMap<K, V>, key: K, row: Option<V>) {
    match row {
        Some(row) => drop(table.insert(key, row)),
        None => drop(table.remove(&key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;

    #[test]
    fn a_row_is_updated_where_its_key_is_there() {
        let mut tables = EventTables::default();
        let user = UserId { client: ClientId(1), user: 4 };
        let told = |target, millis: i64, by| Revocation { target, at: Stamp(millis * 1_000_000), by: NoticeId(by) };
        for (target, millis, by) in [
            (Target::Subject(user), 1_499, 0),
            (Target::Subject(UserId { user: 5, ..user }), 1_500, 1),
            (Target::ConsumerKey(ConsumerKeyId(2)), 1_500, 2),
            (Target::Subject(user), 700, 3),
        ] {
            tables.write(&told(target, millis, by), Dialect::Mysql, SimTime::ZERO);
        }
        let subjects: Vec<_> =
            tables.subjects().map(|row| (row.entity_id.user, row.time_revoked.0, row.by.0)).collect();
        assert_eq!(subjects, [(4, 1_000_000_000, 3), (5, 2_000_000_000, 1)], "the time that was written last");
        assert_eq!((tables.apps().count(), tables.read().len()), (1, 3));
    }
    #[test]
    fn a_failover_takes_the_last_writes_back() {
        let mut tables = EventTables::new(SimSpan(100));
        let user = |user| Target::Subject(UserId { client: ClientId(0), user });
        for (target, at) in
            [(user(1), 10), (user(1), 200), (user(2), 201), (Target::ConsumerKey(ConsumerKeyId(0)), 202)]
        {
            let told = Revocation { target, at: Stamp(at), by: NoticeId(0) };
            tables.write(&told, Dialect::H2, SimTime(at.unsigned_abs()));
        }
        tables.undo(SimTime(201));
        assert_eq!((tables.apps().count(), tables.subjects().count()), (0, 2));
        tables.undo(SimTime(150));
        let left: Vec<_> = tables.subjects().map(|row| (row.entity_id.user, row.time_revoked)).collect();
        assert_eq!(left, [(1, Dialect::H2.store(Stamp(10)))], "as it was before the second write");
        tables.undo(SimTime::ZERO);
        assert_eq!(tables.subjects().count(), 1, "too long ago to be taken back");
    }
}
