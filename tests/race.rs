//! What can come out of requests that meet in the token store (docs/claims.md, B), over every order of their steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use stalegate::engine::chooser::{Exhaustive, Shuffled};
use stalegate::explore::answer::Answer;
use stalegate::explore::graph::{Extent, Graph, Limits};
use stalegate::explore::outcome::Held;
use stalegate::explore::schedule::Schedule;
use stalegate::explore::steps::{Act, What};
use stalegate::explore::{Caches, Outcome, Settings, token};
use stalegate::persistence::{Order, Recovery, Renew, Rules, Transactions};
use stalegate::time::SimSpan;

/// What the documentation says, as the program's defaults are.
fn sync(nodes: usize, requests: usize) -> Settings {
    let rules = Rules {
        pool_size: 0,
        order: Order::Fifo,
        retry_count: 5,
        recovery: Recovery::Documented,
        transactions: Transactions::One,
        renew: Renew::Reuse,
        reuse_margin: SimSpan::secs(1),
        node_lock: true,
    };
    Settings { nodes, requests, rules, con_app_key: true, caches: Caches::Clustered, ties: false, crash: false }
}

fn asynchronous(nodes: usize, requests: usize, transactions: Transactions) -> Settings {
    let base = sync(nodes, requests);
    Settings { rules: Rules { pool_size: 2, transactions, ..base.rules }, ..base }
}

fn source(nodes: usize, requests: usize, ties: bool) -> Settings {
    let base = sync(nodes, requests);
    Settings { ties, rules: Rules { recovery: Recovery::Wso2Source, ..base.rules }, ..base }
}

fn with_crash(settings: Settings) -> Settings {
    Settings { crash: true, ..settings }
}

/// Every flow that differs from the others in its graph.
fn flows(nodes: usize, requests: usize) -> Vec<(&'static str, Settings)> {
    let base = sync(nodes, requests);
    let source_always = source(nodes, requests, true);
    let always = Rules { renew: Renew::Always, ..source_always.rules };
    let async_one = asynchronous(nodes, requests, Transactions::One);
    vec![
        ("sync", base),
        ("sync without a lock", Settings { rules: Rules { node_lock: false, ..base.rules }, ..base }),
        ("sync without CON_APP_KEY", Settings { con_app_key: false, ..base }),
        ("sync without caches", Settings { caches: Caches::Off, ..base }),
        ("async, one transaction", async_one),
        ("async, two transactions", asynchronous(nodes, requests, Transactions::Two)),
        (
            "async, one thread, lifo",
            Settings { rules: Rules { pool_size: 1, order: Order::Lifo, ..async_one.rules }, ..async_one },
        ),
        ("async, no retries", Settings { rules: Rules { retry_count: 0, ..async_one.rules }, ..async_one }),
        ("async, not clustered", Settings { caches: Caches::Alone, ..async_one }),
        ("wso2-source", source(nodes, requests, false)),
        ("wso2-source, ties", source(nodes, requests, true)),
        ("wso2-source, renewing", Settings { rules: always, ..source_always }),
        (
            "wso2-source, no retries",
            Settings {
                rules: Rules { retry_count: 0, ..source(nodes, requests, true).rules },
                ..source(nodes, requests, true)
            },
        ),
    ]
}

fn limits(stop: &AtomicBool, max_states: usize) -> Limits<'_> {
    Limits { max_states, stop, progress: &|_, _| {} }
}

fn graph(settings: &Settings) -> Graph {
    let graph = Graph::explore(settings, &limits(&AtomicBool::new(false), 1_000_000));
    assert_eq!(graph.extent, Extent::Complete);
    graph
}

fn answer(settings: &Settings) -> Answer {
    Answer::of(settings, &limits(&AtomicBool::new(false), 1_000_000))
}

fn outcomes(settings: &Settings) -> Vec<Outcome> {
    answer(settings).outcomes.into_iter().map(|(outcome, _)| outcome).collect()
}

/// Every schedule from its start to its end, one by one.
fn every_schedule(settings: &Settings, mut see: impl FnMut(Schedule)) {
    let mut chooser = Exhaustive::default();
    loop {
        see(Schedule::play(settings, &mut chooser));
        if !chooser.next_order() {
            return;
        }
    }
}

fn acts(schedule: &Schedule) -> Vec<&Act> {
    schedule.steps.iter().flat_map(|taken| &taken.moved.acts).collect()
}

#[test]
fn b06_when_the_second_node_meets_the_violation_both_tokens_are_with_their_callers() {
    let mut violations = 0;
    every_schedule(&asynchronous(2, 2, Transactions::One), |schedule| {
        let acts = acts(&schedule);
        let Some(violation) = acts.iter().position(|act| matches!(act.what, What::Violates(_))) else { return };
        let answers = acts[..violation].iter().filter(|act| matches!(act.what, What::Answers { .. })).count();
        let stored = acts[..violation].iter().find(|act| matches!(act.what, What::Commits(_)));
        assert_eq!(answers, 2);
        assert!(stored.is_some_and(|stored| stored.node != acts[violation].node), "the other node stored its own");
        violations += 1;
    });
    assert_eq!(violations, 12);
}

#[test]
fn b07_an_asynchronous_race_leaves_exactly_one_of_two_returned_tokens_inactive() {
    for transactions in [Transactions::One, Transactions::Two] {
        for caches in [Caches::Off, Caches::Alone, Caches::Clustered] {
            let settings = Settings { caches, ..asynchronous(2, 2, transactions) };
            let raced = Outcome::new(vec![Held::Active, Held::Inactive], 1);
            let met = Outcome::new(vec![Held::Active; 2], 1);
            let ends = graph(&settings).ends;
            assert!(ends.iter().any(|end| end.outcome == raced), "{transactions:?} {caches:?}");
            for end in ends {
                assert_eq!(end.outcome, if end.inserted == 2 { raced.clone() } else { met.clone() });
            }
        }
    }
}

#[test]
fn b07_of_three_asynchronous_tokens_all_but_the_last_are_inactive() {
    let ends = graph(&asynchronous(3, 3, Transactions::One)).ends;
    for end in &ends {
        let inactive = end.outcome.callers.iter().filter(|held| **held == Held::Inactive).count();
        assert!(inactive == 0 || end.inserted > 1, "{end:?}");
        assert_eq!(end.outcome.active_rows, 1);
    }
    assert!(ends.iter().any(|end| end.outcome == Outcome::new(vec![Held::Active, Held::Inactive, Held::Inactive], 1)));
}

#[test]
fn b08_a_synchronous_race_ends_with_all_callers_holding_the_same_active_token_in_every_order() {
    for (nodes, requests) in [(2, 2), (3, 2), (2, 3), (3, 3), (2, 5), (4, 4)] {
        for caches in [Caches::Off, Caches::Alone, Caches::Clustered] {
            for node_lock in [true, false] {
                let base = sync(nodes, requests);
                let settings = Settings { caches, rules: Rules { node_lock, ..base.rules }, ..base };
                let same = Outcome::new(vec![Held::Active; requests], 1);
                assert_eq!(outcomes(&settings), [same], "{}", settings.line());
            }
        }
    }
}

#[test]
fn b08_after_a_crash_too_whoever_was_answered_holds_the_one_active_token() {
    for (nodes, requests) in [(2, 2), (3, 2), (3, 3)] {
        let outcomes = outcomes(&with_crash(sync(nodes, requests)));
        assert!(outcomes.iter().any(|outcome| outcome.callers.contains(&Held::NodeCrashed)));
        for outcome in outcomes {
            assert!(!outcome.is_bad() && outcome.active_rows == 1, "{outcome}");
        }
    }
}

#[test]
fn b09_without_retries_a_request_or_a_token_can_be_lost() {
    let held = |name: &str| -> BTreeSet<Held> {
        let (_, settings) = flows(2, 2).into_iter().find(|(flow, _)| *flow == name).unwrap();
        outcomes(&settings).into_iter().flat_map(|outcome| outcome.callers).collect()
    };
    assert!(held("async, no retries").contains(&Held::Lost));
    assert!(held("wso2-source, no retries").contains(&Held::PersistFailed));
    for (name, settings) in flows(3, 3).into_iter().filter(|(name, _)| !name.contains("no retries")) {
        let callers: Vec<Held> = outcomes(&settings).into_iter().flat_map(|outcome| outcome.callers).collect();
        assert!(!callers.contains(&Held::Lost) && !callers.contains(&Held::PersistFailed), "{name}");
    }
}

#[test]
fn b04_without_con_app_key_both_tokens_stay_active() {
    let settings = Settings { con_app_key: false, ..sync(2, 2) };
    let both = Outcome::new(vec![Held::Active; 2], 2);
    assert_eq!(outcomes(&settings), [Outcome::new(vec![Held::Active; 2], 1), both]);
}

/// Case c of the source's recovery: a database that keeps whole seconds cannot tell the winner's token from an old one.
#[test]
fn with_ties_of_time_created_the_source_puts_a_good_token_aside() {
    let same = Outcome::new(vec![Held::Active; 2], 1);
    let aside = Outcome::new(vec![Held::Active, Held::Expired], 1);
    assert_eq!(outcomes(&source(2, 2, true)), [same.clone(), aside]);
    assert_eq!(outcomes(&source(2, 2, false)), [same]);
}

#[test]
fn a_crash_loses_what_is_queued_and_happens_once() {
    let settings = with_crash(asynchronous(2, 2, Transactions::One));
    let lost = Outcome::new(vec![Held::Active, Held::Lost], 1);
    assert!(outcomes(&settings).contains(&lost));
    every_schedule(&settings, |schedule| {
        let crashes = acts(&schedule).iter().filter(|act| matches!(act.what, What::Crashes { .. })).count();
        assert!(crashes <= 1);
    });
}

/// States, transitions, end states, schedules.
type Size = (usize, usize, usize, &'static str);

fn size(settings: &Settings) -> (usize, usize, usize, String) {
    let (graph, answer) = (graph(settings), answer(settings));
    (graph.states(), graph.transitions(), graph.ends.len(), answer.schedules().to_string())
}

#[test]
fn the_graphs_have_these_very_sizes() {
    let flow = |name: &str, nodes, requests| match name {
        "sync" => sync(nodes, requests),
        "async one" => asynchronous(nodes, requests, Transactions::One),
        "async two" => asynchronous(nodes, requests, Transactions::Two),
        "source" => source(nodes, requests, false),
        "source ties" => source(nodes, requests, true),
        name => panic!("no flow {name}"),
    };
    let mut moved = Vec::new();
    for (name, (nodes, requests), crash, expected) in SIZES {
        let settings = Settings { crash: *crash, ..flow(name, *nodes, *requests) };
        let (states, transitions, ends, schedules) = size(&settings);
        if (states, transitions, ends, schedules.as_str()) != *expected {
            moved.push(format!(
                "(\"{name}\", ({nodes}, {requests}), {crash}, ({states}, {transitions}, {ends}, \"{schedules}\")),"
            ));
        }
    }
    assert!(moved.is_empty(), "these are other sizes now:\n{}", moved.join("\n"));
}

/// A number that moves is another flow, or another idea of what one step is.
#[rustfmt::skip]
const SIZES: &[(&str, (usize, usize), bool, Size)] = &[
    ("sync", (2, 2), false, (18, 26, 1, "20")),
    ("sync", (3, 3), false, (88, 189, 1, "2520")),
    ("sync", (2, 2), true, (36, 74, 5, "126")),
    ("sync", (3, 3), true, (217, 648, 7, "25194")),
    ("async one", (2, 2), false, (31, 36, 5, "20")),
    ("async one", (3, 3), false, (1209, 2382, 49, "78624")),
    ("async one", (2, 2), true, (77, 118, 21, "150")),
    ("async one", (3, 3), true, (3111, 8670, 253, "702642")),
    ("async two", (2, 2), false, (39, 48, 5, "32")),
    ("async two", (3, 3), false, (3885, 10044, 49, "1832184")),
    ("async two", (2, 2), true, (97, 154, 25, "210")),
    ("async two", (3, 3), true, (9081, 31356, 295, "16620330")),
    ("source", (2, 2), false, (20, 28, 1, "20")),
    ("source", (3, 3), false, (118, 246, 1, "6624")),
    ("source", (3, 3), true, (286, 861, 7, "79086")),
    ("source ties", (2, 2), false, (41, 52, 6, "52")),
    ("source ties", (3, 3), false, (929, 1908, 26, "3852000")),
    ("source ties", (3, 3), true, (2309, 6939, 122, "40214724")),
];

#[test]
fn schedules_are_counted_as_if_they_were_walked_one_by_one() {
    let small = flows(2, 2).into_iter().flat_map(|(name, settings)| [(name, settings), (name, with_crash(settings))]);
    for (name, settings) in small.chain(flows(2, 3)) {
        let mut walked: BTreeMap<Outcome, u64> = BTreeMap::new();
        every_schedule(&settings, |schedule| *walked.entry(schedule.outcome).or_default() += 1);
        let counted = answer(&settings).outcomes.into_iter();
        let counted: BTreeMap<Outcome, u64> =
            counted.map(|(outcome, tally)| (outcome, u64::try_from(tally.schedules).expect("there are few"))).collect();
        assert_eq!(walked, counted, "{name}: {}", settings.line());
    }
}

#[test]
fn a_random_walk_ends_in_an_outcome_that_was_explored() {
    for (name, settings) in flows(3, 3).into_iter().flat_map(|(name, flow)| [(name, flow), (name, with_crash(flow))]) {
        let explored = outcomes(&settings);
        for seed in 0..200 {
            let walked = Schedule::play(&settings, &mut Shuffled::new(seed)).outcome;
            assert!(explored.contains(&walked), "{name}, seed {seed}: {walked}; {}", settings.line());
        }
    }
}

#[test]
fn the_shortest_bad_schedule_is_one_and_its_token_plays_the_same_steps() {
    for (name, settings) in flows(2, 2).into_iter().chain(flows(3, 3)) {
        let found = answer(&settings);
        let example = found.example.expect("every race ends");
        let word = token::write(&settings, &example.choices);
        let choices = token::read(&settings, &word).unwrap();
        assert_eq!(Schedule::replay(&settings, &choices), example.schedule, "{name}");
        let bad = found.outcomes.iter().any(|(outcome, _)| outcome.is_bad());
        assert_eq!(example.schedule.outcome.is_bad(), bad, "{name}");
        if (settings.nodes, settings.requests) == (2, 2) && bad {
            let mut shortest = usize::MAX;
            every_schedule(&settings, |schedule| {
                if schedule.outcome.is_bad() {
                    shortest = shortest.min(schedule.steps.len());
                }
            });
            assert_eq!(example.schedule.steps.len(), shortest, "{name}");
        }
    }
}

#[test]
fn a_damaged_or_foreign_token_is_refused_with_a_reason() {
    let settings = asynchronous(2, 2, Transactions::One);
    let word = token::write(&settings, &[0, 33, 66, 5, 1]);
    assert_eq!(token::read(&settings, &word), Ok(vec![0, 33, 66, 5, 1]));
    let refused = |settings: &Settings, word: &str| token::read(settings, word).unwrap_err();
    for at in 0..word.len() {
        let mut damaged = word.clone().into_bytes();
        damaged[at] = if damaged[at] == b'3' { b'4' } else { b'3' };
        let why = refused(&settings, &String::from_utf8(damaged).unwrap());
        assert!(why.contains("copy it whole"), "{why}");
    }
    for cut in ["", "r1", &word[..word.len() - 1], &word[3..], "r1-2x2-000000--0000"] {
        assert!(refused(&settings, cut).contains("copy it whole"), "{cut}");
    }
    assert!(refused(&asynchronous(3, 2, Transactions::One), &word).contains("give --nodes 2 --requests 2"));
    assert!(refused(&sync(2, 2), &word).contains("other settings"));
    assert!(refused(&with_crash(settings), &word).contains("--with-crash"));
}

#[test]
fn a_bound_or_an_interruption_leaves_what_was_found_and_says_so() {
    let settings = asynchronous(3, 3, Transactions::Two);
    let bounded = Answer::of(&settings, &limits(&AtomicBool::new(false), 1_000));
    assert_eq!((bounded.extent, bounded.states), (Extent::Bounded, 1_000));
    let whole = answer(&settings);
    assert!(bounded.schedules() < whole.schedules() && bounded.transitions < whole.transitions);
    let interrupted = Answer::of(&settings, &limits(&AtomicBool::new(true), 1_000));
    assert_eq!((interrupted.extent, interrupted.states), (Extent::Interrupted, 1));
    assert!(interrupted.example.is_none() && interrupted.outcomes.is_empty());
}
