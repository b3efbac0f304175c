//! Same file, same seed, same version: the same bytes, whoever runs it, with how many threads, in which order of declaration.

mod common;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use assert_cmd::assert::OutputAssertExt;

use common::{golden, worlds};
use stalegate::experiment::compare::{Surroundings, compare, compare_until};
use stalegate::experiment::comparison::{Comparison, Ending};
use stalegate::experiment::record::Record;
use stalegate::experiment::sequential::Looks;
use stalegate::experiment::verdict::{self, Verdict};
use stalegate::experiment::{play, unit};
use stalegate::model::fact::Blind;
use stalegate::replications::{Replications, Until};
use stalegate::report;
use stalegate::scenario::Scenario;

static NEVER: AtomicBool = AtomicBool::new(false);

fn compared(scenario: &Scenario, jobs: usize) -> (Comparison, Vec<Record>) {
    let mut records = Vec::new();
    let surroundings = Surroundings { jobs, stop: &NEVER, progress: &|_, _| {} };
    let comparison = compare(scenario, &surroundings, |record| {
        records.push(record.clone());
        Ok::<(), Infallible>(())
    });
    (comparison.unwrap_or_else(|failure| panic!("{failure:?}")), records)
}

fn results(text: &str, jobs: usize) -> Vec<(&'static str, String)> {
    let scenario = common::scenario(text).scenario;
    report::files(&scenario, &compared(&scenario, jobs).0)
}

fn assert_same(one: &[(&str, String)], other: &[(&str, String)]) {
    for ((name, text), (other_name, other_text)) in one.iter().zip(other) {
        assert_eq!(name, other_name);
        assert!(text == other_text, "{name} differs");
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn the_same_run_gives_the_same_bytes_with_1_2_and_7_threads() {
    for world in [worlds::STORM, worlds::CALLERS] {
        let once = results(world, 1);
        for jobs in [1, 2, 7] {
            assert_same(&once, &results(world, jobs));
        }
    }
}

/// The same world until something holds.
fn until(replications: &str) -> Scenario {
    common::scenario(&worlds::STORM.replace("replications = 3", &format!("replications = {replications}"))).scenario
}

#[test]
fn stopping_gives_the_same_bytes_with_1_2_and_7_threads() {
    let widths = "{ min = 2, max = 40, until = { metric = \"failed\", relative_half_width = 0.2 } }";
    let scenario = until(widths);
    let played = [1, 2, 7].map(|jobs| compared(&scenario, jobs));
    let (first, records) = &played[0];
    let found = first.finished();
    // A look in the middle, and not one at an end of the plan.
    assert!([3, 5, 8, 12, 18, 27].contains(&found), "{found}");
    assert_eq!((first.ending, first.asked), (Some(Ending::Narrow), 40));
    assert_eq!(
        records.len(),
        found as usize * scenario.policies.len(),
        "the sink is told of what is folded, and of no more"
    );
    for (other, _) in &played[1..] {
        assert_same(&report::files(&scenario, first), &report::files(&scenario, other));
    }
    // What was played does not depend on what might have been.
    let fixed = until(&found.to_string());
    let rows = |scenario: &Scenario| {
        let files = report::files(scenario, &compared(scenario, 2).0);
        files
            .into_iter()
            .filter(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "csv"))
            .collect()
    };
    let (stopped, fixed): (Vec<_>, Vec<_>) = (rows(&scenario), rows(&fixed));
    assert_same(&stopped, &fixed);
}

#[test]
fn what_is_decided_is_decided_at_the_same_look_with_1_2_and_7_threads() {
    let mut scenario = until("40");
    scenario.replications = Replications { min: 2, max: 40, until: Until::Decided };
    let looks = Looks::of(&scenario.replications, scenario.policies.len(), 1);
    let played = [1, 2, 7].map(|jobs| {
        let mut seen = Vec::new();
        let surroundings = Surroundings { jobs, stop: &NEVER, progress: &|_, _| {} };
        let enough = |comparison: &Comparison| {
            let line = verdict::line(comparison, 1, comparison.metric("failed").unwrap()).unwrap();
            seen.push((comparison.finished(), comparison.error.to_bits(), line));
            line.verdict != Verdict::Undecided
        };
        let sink = |_: &Record| Ok::<(), Infallible>(());
        let comparison = compare_until(&scenario, &looks, &surroundings, sink, enough).unwrap();
        (seen, comparison.ending, report::files(&scenario, &comparison))
    });
    let (seen, ending, files) = &played[0];
    assert_eq!(*ending, Some(Ending::Decided));
    assert!(seen.len() > 1 && seen.len() < looks.ends().len(), "{seen:?}");
    assert!(seen.iter().zip(looks.ends()).all(|(look, &end)| look.0 == end), "looks are at the ends of batches only");
    for (other, other_ending, other_files) in &played[1..] {
        assert_eq!((seen, ending), (other, other_ending));
        assert_same(files, other_files);
    }
}

#[test]
fn the_order_of_declaration_moves_nothing() {
    for world in [worlds::STORM, worlds::CALLERS] {
        let (forward, backward) = (results(world, 2), results(&worlds::backward(world), 2));
        for name in ["replications.csv", "summary.csv", "timeline.csv"] {
            let rows = |files: &[(&str, String)]| {
                let text = &files.iter().find(|(file, _)| *file == name).unwrap().1;
                // Policies stay in the order of the file, so only their rows are in another order.
                let mut rows: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
                rows.sort();
                rows
            };
            assert_eq!(rows(&forward), rows(&backward), "{name}");
        }
    }
}

fn rows<'a>(files: &'a [(&str, String)], policy: &str) -> Vec<&'a str> {
    let text = &files.iter().find(|(name, _)| *name == "replications.csv").unwrap().1;
    text.lines().filter(|line| line.split(',').nth(1) == Some(policy)).collect()
}

#[test]
fn another_policy_leaves_the_rows_of_the_others_alone() {
    let (without, with) = (results(worlds::STORM, 2), results(&format!("{}{}", worlds::STORM, worlds::ONE_MORE), 2));
    for policy in ["ttl-only", "hybrid", "everything"] {
        assert_eq!(rows(&without, policy).len(), 3);
        assert_eq!(rows(&without, policy), rows(&with, policy), "{policy}");
    }
    assert_eq!(rows(&with, "one-more").len(), 3);
}

#[test]
fn another_gateway_leaves_the_births_of_round_robin_populations_alone() {
    let text = worlds::STORM.replace("balance = \"random\"", "balance = \"round-robin\"");
    let births = |nodes: &str| {
        let scenario = common::scenario(&text.replace("nodes = 3 # gateways", nodes)).scenario;
        let requests = stalegate::metric::all().iter().position(|metric| metric.name == "requests").unwrap();
        // ttl-only and a world without closed populations and retries: each call is born once.
        let open = compared(&scenario, 2).1;
        open.iter().filter(|record| record.policy == 0).map(|record| record.values[requests]).collect::<Vec<f64>>()
    };
    assert!(text.contains("nodes = 3 # gateways"));
    assert_eq!(births("nodes = 3").map_bits(), births("nodes = 4").map_bits());
}

trait Bits {
    fn map_bits(self) -> Vec<u64>;
}

impl Bits for Vec<f64> {
    fn map_bits(self) -> Vec<u64> {
        self.into_iter().map(f64::to_bits).collect()
    }
}

#[test]
fn the_bytes_of_a_unit_are_read_as_they_were_written() {
    let scenario = common::scenario(worlds::STORM).scenario;
    let layout = Arc::new(unit::layout(&scenario.world));
    let bytes =
        |replications| String::from_utf8(unit::unit(&scenario, &layout, 1, replications, &NEVER).unwrap()).unwrap();
    let together = bytes(0..3);
    let written: Vec<String> = unit::decode(together.as_bytes())
        .unwrap()
        .iter()
        .map(|record| serde_json::to_string(record).unwrap() + "\n")
        .collect();
    assert_eq!(written.len(), 3);
    assert!(written.concat() == together, "what was read is written otherwise");
    for (replication, written) in (0..).zip(&written) {
        assert!(bytes(replication..replication + 1) == *written, "alone replication {replication} is another");
    }
}

/// Whatever the profile, the compiler and the machine are, the digests are these.
#[test]
fn digests_are_those_that_are_pinned() {
    let mut table = String::new();
    for (name, text) in worlds::ALL {
        let scenario = common::scenario(text).scenario;
        for (policy, named) in scenario.policies.iter().enumerate() {
            for replication in 0..2 {
                let played = play::play(&scenario, policy, replication, Blind, &NEVER).unwrap();
                let (policy, digest, events) = (&named.name, played.digest, played.events);
                writeln!(table, "{name} {policy} {replication} {digest:016x} {events}").unwrap();
            }
        }
    }
    golden::check("digests.txt", &table);
}

#[test]
fn a_profile_whose_factor_is_always_1_changes_nothing() {
    for balance in ["random", "round-robin", "sticky"] {
        for process in ["poisson", "constant"] {
            let text = |profile: &str| {
                format!(
                    "name = \"plain\"\n[run]\nduration = \"10min\"\nreplications = 1\n[gateway]\nnodes = 3\nbalance = \"{balance}\"\n\
                     [[api]]\nname = \"orders\"\nforbidden_ratio = 0.1\n[[client]]\nname = \"shop\"\napis = [\"orders\"]\n\
                     arrivals = {{ process = \"{process}\", rate = \"20/s\" }}\n{profile}\n[[policy]]\nname = \"ttl-only\"\n"
                )
            };
            let digest = |profile: &str| {
                let scenario = common::scenario(&text(profile)).scenario;
                play::play(&scenario, 0, 0, Blind, &NEVER).unwrap().digest
            };
            let plain = digest("");
            assert_eq!(digest("profile = [[\"7s\", 1.0]]"), plain, "{balance} {process}");
            assert_eq!(digest("profile = [[\"0s\", 5.0], [\"0s\", 1.0], [\"100s\", 1]]"), plain, "{balance} {process}");
            assert_ne!(digest("profile = [[\"0s\", 1.0], [\"100s\", 1.1]]"), plain, "{balance} {process}");
        }
    }
}

/// Runs the binary, and returns its results folder: every file with its bytes.
fn folder(place: &Path, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let (file, out) = (place.join("storm.toml"), place.join(name));
    fs::write(&file, worlds::STORM).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stalegate"));
    command.current_dir(place).args(["compare", "storm.toml", "--quiet", "--out"]).arg(&out).args(arguments);
    command.envs(environment.iter().copied()).assert().success();
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn assert_same_folders(one: &[(String, Vec<u8>)], other: &[(String, Vec<u8>)]) {
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<String>>();
    assert_eq!(names(one), names(other));
    assert!(names(one).iter().any(|name| name == "manifest.json"));
    for ((name, bytes), (_, other)) in one.iter().zip(other) {
        assert!(bytes == other, "{name} differs");
    }
}

#[test]
fn the_number_of_jobs_never_shows_in_the_results_folder() {
    let place = tempfile::tempdir().unwrap();
    let one = folder(place.path(), "one", &["--jobs", "1"], &[]);
    let two = folder(place.path(), "two", &["--jobs", "2"], &[]);
    assert_same_folders(&one, &two);
}

/// The free stand-in for another CPU: glibc without its fused and wide instructions. Elsewhere it changes nothing.
#[test]
fn a_cpu_without_fused_arithmetic_gives_the_same_folder_plots_included() {
    let place = tempfile::tempdir().unwrap();
    let here = folder(place.path(), "here", &[], &[]);
    let tunables = ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-AVX2_Usable,-AVX2,-FMA4");
    let there = folder(place.path(), "there", &[], &[tunables]);
    assert!(here.iter().any(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "svg")));
    assert_same_folders(&here, &there);
}
