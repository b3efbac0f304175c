//! What must hold on both servers.

use std::collections::BTreeSet;

use stalegate::persistence::dialect::{Dialect, Nulls};

use crate::evidence::{self, Evidence, MARIADB, POSTGRES};
use crate::flow::Flow;
use crate::outcome::{Outcome, predicted};
use crate::race::{Case, Seen};

/// The races of two nodes of some flows, with what they are called in a message.
fn of_two(flows: &[Flow]) -> impl Iterator<Item = (String, &'static Evidence, &'static Case, &'static Seen)> {
    evidence::all().into_iter().flat_map(move |evidence| {
        let races = evidence.races.iter().filter(|(case, _)| case.nodes == 2 && flows.contains(&case.flow));
        races.map(move |(case, seen)| (format!("{} {case:?}: {seen:#?}", evidence.server.name()), evidence, case, seen))
    })
}

const ALL: [Flow; 4] = [Flow::SyncDocumented, Flow::SyncSource, Flow::AsyncOne, Flow::AsyncTwo];

/// Without the races in which the server gave up a transaction.
fn modelled(seen: &Seen) -> BTreeSet<Outcome> {
    seen.violated.outcomes.keys().chain(seen.quiet.outcomes.keys()).cloned().collect()
}

#[test]
fn every_race_ends_as_predicted_and_every_prediction_is_seen() {
    for (name, evidence, case, seen) in of_two(&ALL) {
        assert_eq!(modelled(seen), predicted(case, evidence.rounding), "{name}");
    }
}

#[test]
fn races_with_and_without_a_violation_were_seen_and_either_node_won() {
    for (name, _, _, seen) in of_two(&ALL) {
        for tally in [&seen.violated, &seen.quiet] {
            assert_eq!(tally.winners.len(), 2, "{name}");
        }
    }
}

#[test]
fn callers_of_synchronous_nodes_always_hold_the_one_active_token() {
    for (name, _, _, seen) in of_two(&[Flow::SyncDocumented]) {
        assert_eq!(modelled(seen), BTreeSet::from([Outcome::of(["active#0", "active#0"])]), "{name}");
    }
}

#[test]
fn one_caller_of_asynchronous_nodes_ends_inactive_whenever_both_inserted() {
    for (name, _, _, seen) in of_two(&[Flow::AsyncOne, Flow::AsyncTwo]) {
        assert!(seen.violated.outcomes.keys().all(|outcome| outcome.count("inactive") == 1), "{name}");
        assert!(seen.quiet.outcomes.keys().all(|outcome| outcome.count("inactive") == 0), "{name}");
    }
}

#[test]
fn a_key_never_has_two_active_rows() {
    for evidence in evidence::all() {
        for (case, seen) in &evidence.races {
            assert_eq!(seen.most_active, 1, "{} {case:?}", evidence.server.name());
        }
    }
}

#[test]
fn postgresql_keeps_times_as_its_profile_says() {
    for (written, read) in &POSTGRES.times {
        assert_eq!(*read, Dialect::Postgresql.store(*written), "{written:?}");
    }
}

#[test]
fn mariadb_cuts_off_by_default_and_is_the_mysql_profile_when_told_to_round() {
    for (written, read) in &MARIADB.times {
        assert_eq!(*read, MARIADB.rounding.round(*written), "{written:?}");
    }
    assert!(MARIADB.times.iter().any(|(written, read)| *read != Dialect::Mysql.store(*written)));
    for (written, read) in &MARIADB.rounded_times {
        assert_eq!(*read, Dialect::Mysql.store(*written), "{written:?}");
    }
}

#[test]
fn a_null_in_any_column_of_the_key_lifts_the_constraint() {
    for (evidence, dialect) in evidence::all().into_iter().zip([Dialect::Postgresql, Dialect::Mysql]) {
        assert_eq!(dialect.profile().nulls, Nulls::Distinct);
        for (column, accepted) in &evidence.nulls {
            assert!(accepted, "{} {column}", evidence.server.name());
        }
    }
}
