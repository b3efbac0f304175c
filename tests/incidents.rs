//! Outages that really happened, and the cures of the article: the shape of each scenario's results, not their numbers.

mod support;

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use stalegate::experiment::compare::{Surroundings, compare};
use stalegate::experiment::comparison::Comparison;
use stalegate::experiment::record::Episode;
use stalegate::scenario::{Loaded, Scenario, load};
use support::{compared, float};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scenario of the project, with fewer replications.
fn loaded(name: &str, replications: u32) -> Loaded {
    let path = root().join(format!("scenarios/{name}.toml"));
    load(&path, &[format!("run.replications={replications}")], None).unwrap_or_else(|m| panic!("{}", m.render(false)))
}

/// The points of its sweep, with the values of the swept keys.
fn points(loaded: Loaded) -> Vec<(Vec<String>, Scenario)> {
    let sweep = loaded.sweep.expect("it has a sweep");
    let values: Vec<Vec<String>> =
        (0..sweep.points.len()).map(|point| sweep.values(point).into_iter().map(str::to_owned).collect()).collect();
    values.into_iter().zip(sweep.points.into_iter().map(|point| point.scenario)).collect()
}

/// Every outage under the first policy, whatever the replication.
fn episodes(scenario: &Scenario) -> Vec<Episode> {
    let never = AtomicBool::new(false);
    let surroundings = Surroundings { jobs: 2, stop: &never, progress: &|_, _| {} };
    let mut all = Vec::new();
    let keep = |record: &stalegate::experiment::record::Record| {
        if record.policy == 0 {
            all.extend(record.episodes.iter().cloned());
        }
        Ok::<(), Infallible>(())
    };
    compare(scenario, &surroundings, keep).unwrap_or_else(|failure| panic!("{failure:?}"));
    all
}

fn mean(comparison: &Comparison, policy: &str, metric: &str) -> f64 {
    let position = comparison.policies.iter().position(|results| results.name == policy).expect("it is one of them");
    comparison.mean(position, metric)
}

/// An hour in seconds.
const HOUR: f64 = 3_600.0;

fn seconds(ns: u64) -> f64 {
    stalegate::time::SimSpan(ns).as_secs_f64()
}

fn spread(instants: &[f64]) -> f64 {
    let (least, most) = instants.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)));
    most - least
}

/// The key is gone from 6 h to 6 h + 125 min. Calls come every ten seconds: a fetch shows within two minutes.
#[test]
fn azure_the_onset_and_the_end_are_smeared_by_the_interval_at_which_the_key_set_is_fetched() {
    let (gone, back, shows) = (6.0 * HOUR, 6.0 * HOUR + 7_500.0, 120.0);
    for (values, mut scenario) in points(loaded("azure-ad-2021-03-15", 60)) {
        scenario.policies.truncate(1);
        let found = episodes(&scenario);
        let starts: Vec<f64> = found.iter().map(|episode| seconds(episode.start_ns)).collect();
        let ends: Vec<f64> = found.iter().map(|episode| seconds(episode.end_ns)).collect();
        assert!(found.iter().all(|episode| episode.first_cause == "introspection-down"), "{values:?}");
        assert!(starts.iter().all(|at| (gone..back + shows).contains(at)), "{values:?}: {starts:?}");
        let refetches = values[1] == "5min";
        let interval = match values[0].as_str() {
            "24h" => 24.0 * HOUR,
            "12h" => 12.0 * HOUR,
            _ => HOUR,
        };
        let share = float(found.len()) / 60.0;
        let expected = (7_500.0 / interval).min(1.0);
        assert!((share - expected).abs() < 0.15, "{values:?}: {share} lost their trust, {expected} expected");
        assert!(spread(&starts) > 0.6 * interval.min(7_500.0), "{values:?}: the onset is smeared, {starts:?}");
        if refetches {
            assert!(ends.iter().all(|at| (back..back + 300.0 + shows).contains(at)), "{values:?}: {ends:?}");
        } else {
            // It has the key again at the first fetch after its return, a multiple of the interval after that which lost it.
            let whole = |(start, end): (&f64, &f64)| {
                let intervals = ((end - start) / interval).round();
                let ends_with_the_run = *end >= scenario.world.run.duration.as_secs_f64();
                ends_with_the_run || ((end - start) - intervals * interval).abs() < shows
            };
            assert!(starts.iter().zip(&ends).all(whole), "{values:?}: {starts:?} to {ends:?}");
            assert!(spread(&ends) > 0.6 * interval.min(7_500.0) || interval > 13.0 * HOUR, "{values:?}: {ends:?}");
        }
    }
}

/// A thousand devices that repeat after b seconds, each waiting for ten, ask 1000 / (b + 10) times a second; with the 40 of
/// everybody else that is less than the IdP's 80 from 15 s on.
#[test]
fn auth0_the_storm_outlasts_its_cause_without_back_off_and_not_with_enough_of_it() {
    let cause = 16.0 * 60.0;
    for (values, scenario) in points(loaded("auth0-2020-06-07", 1)) {
        let found = compared(&scenario);
        let (down, open) = (found.mean(0, "downtime_s"), found.mean(0, "censored_lanes"));
        let [attempts, first, max, _, budget] = values.as_slice() else { panic!("{values:?}") };
        let longest: f64 = max.trim_end_matches('s').parse().unwrap();
        let storms = attempts != "0" && budget != "0.1" && longest < 15.0;
        assert_eq!(open > 0.0, storms, "{values:?}: {open} lanes are down at the end");
        if storms {
            assert!(down > 2.4 * cause, "{values:?}: down for {down} s");
        } else {
            assert!((cause..1.2 * cause).contains(&down), "{values:?}, first {first}: down for {down} s");
        }
    }
}

/// The load that an IdP gets while nobody is answered in time is that of the calls and of their repetitions. It stays in
/// that state where this is more than its 300 a second.
#[test]
fn metastable_the_overload_outlives_its_cause_from_the_load_on_at_which_repetitions_keep_it_up() {
    for (values, scenario) in points(loaded("metastable", 1)) {
        let number = |index: usize| values[index].trim_end_matches("/s").parse::<f64>().unwrap();
        let load = number(2) * (1.0 + number(0).min(number(1)));
        let found = compared(&scenario);
        let stays = found.mean(0, "censored_lanes") > 0.0;
        assert_eq!(stays, load > 300.0, "{values:?}: {load} a second, down for {} s", found.mean(0, "downtime_s"));
    }
}

#[test]
fn google_who_asks_is_down_and_who_checks_by_itself_is_served_for_as_long_as_its_token_lasts() {
    let points = points(loaded("google-2020-12-14", 8));
    let served = |point: usize, policy: &str| mean(&compared(&points[point].1), policy, "availability");
    assert!(served(0, "ttl-only") < 0.05, "virtually all traffic that is looked up fails");
    // An answer is on the average half of its ten minutes old when the IdP goes away.
    assert!((0.06..0.25).contains(&served(1, "ttl-only")), "{}", served(1, "ttl-only"));
    let [hour, quarter, minutes] = ["ttl-only", "expiry-15min", "short-expiry"].map(|policy| served(2, policy));
    assert!(
        hour > quarter && quarter > minutes && minutes < 0.1,
        "{hour} {quarter} {minutes}: short expiry is worse here"
    );
    assert!(served(2, "refresh-at-half") > 0.75);
}

#[test]
fn keycloak_ports_that_open_early_cost_behind_a_front_that_looks_at_ports_alone() {
    let failed: Vec<f64> = points(loaded("keycloak-ports-before-ready", 8))
        .iter()
        .map(|(_, scenario)| compared(scenario).mean(0, "failed"))
        .collect();
    assert_eq!(failed[0].to_bits(), failed[1].to_bits(), "a front that looks at readiness does not notice");
    assert!(failed[2] > 4.0 * failed[0], "{failed:?}");
}

#[test]
fn whoever_notices_the_refusals_ends_the_outage_the_sooner_the_nearer_to_them() {
    let found = compared(&loaded("who-notices", 6).scenario);
    let order = ["reactive-retry", "script-flush", "script-restart", "script-serial", "person-restart", "ttl-only"];
    let down: Vec<f64> = order.iter().map(|policy| mean(&found, policy, "downtime_after_restart_s")).collect();
    assert!(down.is_sorted_by(|one, other| one < other), "{order:?}: {down:?}");
    assert!(mean(&found, "script-flush", "failed.gateway-down") < 1.0);
    assert!(mean(&found, "script-restart", "failed.gateway-down") > 500.0, "a restart has a downtime of its own");
}

#[test]
fn restarts_one_after_another_help_where_tokens_are_in_a_store_that_nodes_share() {
    let failed: Vec<(Vec<String>, f64)> = points(loaded("restart-strategies", 3))
        .into_iter()
        .map(|(values, scenario)| (values, compared(&scenario).mean(0, "failed")))
        .collect();
    let of = |store: &str, front: &str, node: &str| -> Vec<f64> {
        let wanted = [store, front, node];
        failed.iter().filter(|(values, _)| values[..3] == wanted).map(|(_, failed)| *failed).collect()
    };
    let (all, passive, active) = (
        of("keep", "round-robin", "all"),
        of("keep", "active-passive", "rolling"),
        of("keep", "round-robin", "rolling"),
    );
    assert!(active[0] < passive[0] && passive[0] < all[0], "{active:?} {passive:?} {all:?}");
    let lost = of("invalidate-node", "round-robin", "rolling");
    assert!(lost[0] > 100.0 * active[0], "without a shared store tokens die all the same: {lost:?}");
}

/// Each figure of a real case that follows from the rest lies where the published one does, or the scenario says why not.
#[test]
fn every_predicted_figure_lies_where_the_published_one_does_or_is_explained() {
    let mut predicted = 0;
    for entry in fs::read_dir(root().join("results")).unwrap() {
        let path = entry.unwrap().path().join("known.csv");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let headers = rows.headers().unwrap().clone();
        for row in rows.records() {
            let row = row.unwrap();
            let field = |name: &str| &row[headers.iter().position(|header| header == name).unwrap()];
            if field("is") != "input" && !field("low").is_empty() {
                let told = field("within") == "true" || !field("why").is_empty();
                assert!(told && !field("value").is_empty(), "{}: {}", path.display(), field("name"));
                predicted += usize::from(field("is") == "predicted");
            }
        }
    }
    assert!(predicted >= 2, "{predicted}");
}
