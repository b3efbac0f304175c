//! The contract of sweeps: whoever plays which units, in whatever order, however often, and however it ends, the results have the
//! bytes of one machine's; what is missing, damaged or of others is named.
#![cfg(unix)]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use assert_cmd::cargo::cargo_bin;
use common::place::{Place, ended, scenario, signal};
use stalegate::experiment::merge::{duplicates, merge};
use stalegate::experiment::plan::{Ask, Plan};
use stalegate::experiment::store::Store;
use stalegate::experiment::unit;
use stalegate::report::RunInfo;
use stalegate::report::sweep::{Extent, Results};

const MAGIC: usize = 20;
const HEADER: usize = 20;

/// The payloads of a whole segment.
fn payloads(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).expect("it can be read");
    let (mut at, mut payloads) = (MAGIC, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let payload = &bytes[at + HEADER..at + HEADER + length];
        payloads.push(String::from_utf8(payload.to_vec()).expect("it is text"));
        at += HEADER + length;
    }
    payloads
}

/// Writes a segment of these payloads, with good checksums.
fn segment(path: &Path, payloads: &[String]) {
    let mut file = fs::File::create(path).expect("it can be made");
    file.write_all(b"stalegate segment 1\n").unwrap();
    for payload in payloads {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let checksum = blake3::hash(&[&length[..], payload.as_bytes()].concat());
        file.write_all(&[&length[..], &checksum.as_bytes()[..16], payload.as_bytes()].concat()).unwrap();
    }
}

#[test]
fn shards_in_any_order_twice_and_two_at_once_come_to_the_bytes_of_one_machine() {
    let place = Place::new("1/s");
    for shard in [2, 0, 2] {
        assert_eq!(place.run(&format!("sweep run plan.json --store store --shard {shard}/3")).0, 0);
    }
    assert_eq!(place.segments("store").len(), 2, "what is there is not played again");
    // Two at once, neither of which knows of the other.
    let both = [
        place.spawn("sweep run plan.json --store store --shard 1/3"),
        place.spawn("sweep run plan.json --store store --shard 1/3"),
    ];
    for child in both {
        assert!(child.wait_with_output().expect("it ends").status.success());
    }
    place.merges_as_alone("store");
    // A whole segment once more: every unit in it agrees with itself.
    let one = place.segments("store").remove(0);
    fs::copy(&one, one.with_file_name("again.seg")).expect("it can be copied");
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    assert!(code == 0 && err.contains("of units came to the same bytes as the first one"), "{err}");
    assert!(place.files("merged") == place.files("alone"));
}

#[test]
fn any_order_of_many_shards_comes_to_the_same_bytes() {
    let place = Place::new("1/s");
    assert_eq!(place.run("sweep plan grid.toml -o plan.json --shards 11").0, 0);
    // Every step is prime to 11, so that each of them is an order of all shards.
    for (step, store) in [(1, "one"), (7, "seven"), (10, "ten")] {
        for turn in 0..11 {
            let shard = (turn * step + 5) % 11;
            assert_eq!(place.run(&format!("sweep run plan.json --store {store} --shard {shard}/11")).0, 0);
        }
        place.merges_as_alone(store);
    }
}

#[test]
fn a_shard_that_is_killed_while_it_writes_is_run_again_and_loses_only_what_it_was_playing() {
    let place = Place::new("20/s");
    let mut child = place.spawn("sweep run plan.json --store store --shard 1/3 --jobs 1");
    place.wait_for("store", 100_000);
    child.kill().expect("it is ours");
    assert!(!child.wait().expect("it ends").success());
    // As if it had been killed within a record, whatever it was doing just then.
    let segment = place.segments("store").remove(0);
    let there = fs::read(&segment).expect("it is there");
    fs::write(&segment, &there[..there.len() - 3]).expect("it can be written");
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    assert!(code == 1 && err.contains("units are missing") && err.contains("unit "), "{err}");
    let (code, _, err) = place.run("sweep run plan.json --store store --shard 1/3");
    assert!(code == 0 && err.contains(" of 18 units are in the store already; going on"), "{err}");
    for shard in [0, 2] {
        assert_eq!(place.run(&format!("sweep run plan.json --store store --shard {shard}")).0, 0);
    }
    assert_eq!(place.segments("store").len(), 4);
    place.merges_as_alone("store");
}

/// glibc chooses other code for exp, ln and their like by what the processor has: this takes away what most have, as on an older one.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn another_processor_comes_to_the_same_bytes() {
    let place = Place::new("1/s");
    let other = |arguments: &str| {
        let mut command = place.command(arguments);
        ended(command.env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-AVX2_Usable,-AVX2,-FMA4"))
    };
    assert_eq!(place.run("sweep run plan.json --store store --shard 0").0, 0);
    assert_eq!(other("sweep run plan.json --store store").0, 0);
    place.merges_as_alone("store");
    assert_eq!(other("sweep grid.toml --out other").0, 0);
    assert!(place.files("other") == place.files("alone"));
    // All units again where they were played before: the merge compares every one of them.
    assert_eq!(place.run("sweep run plan.json --store again").0, 0);
    let one = place.segments("again").remove(0);
    fs::copy(&one, place.segments("store")[0].with_file_name("again.seg")).expect("it can be copied");
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    assert!(code == 0 && err.contains("54 repeated runs of units came to the same bytes as the first one"), "{err}");
}

#[test]
fn a_plan_needs_nothing_but_itself_and_an_id_a_line_is_as_good_as_a_shard() {
    let place = Place::new("1/s");
    let plan = place.plan();
    fs::remove_file(place.at("grid.toml")).expect("it is there");
    let (code, missing, _) = place.run("sweep status plan.json --store store --missing=ids");
    assert_eq!((code, missing.lines().count()), (1, plan.units.len()));
    for half in [&plan.units[..15], &plan.units[15..]] {
        let mut child = place
            .command("sweep run plan.json --store store --units -")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ids: Vec<&str> = half.iter().map(|unit| unit.id.as_str()).collect();
        child.stdin.take().unwrap().write_all(ids.join("\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
    let (code, out, _) = place.run("sweep status plan.json --store store");
    assert_eq!((code, out.as_str()), (0, "54 units: 54 there, 0 missing\n"));
    place.merges_as_alone("store");
}

#[test]
fn every_shard_gets_its_share_and_no_unit_is_in_two() {
    let place = Place::new("1/s");
    let mut plan = place.plan();
    for (unit, cost) in plan.units.iter_mut().zip(1..) {
        unit.cost = cost * 1_000;
    }
    let mut all: Vec<usize> = (0..3).flat_map(|shard| plan.shard(shard)).collect();
    let costs: Vec<u64> = (0..3).map(|shard| plan.cost(plan.shard(shard))).collect();
    assert!(costs.iter().max().unwrap() - costs.iter().min().unwrap() <= 54_000, "{costs:?}");
    assert!(plan.shard(0).is_sorted_by_key(|&unit| std::cmp::Reverse(plan.units[unit].cost)));
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..plan.units.len()));
    let shards = plan.shards_of_units();
    assert!((0..3).all(|shard| plan.shard(shard).iter().all(|&unit| shards[unit] == shard)));
}

#[test]
fn a_sweep_that_was_killed_goes_on_where_it_was_and_comes_to_the_same_bytes() {
    let place = Place::new("20/s");
    let mut child = place.spawn("sweep grid.toml --out killed --jobs 1");
    place.wait_for("killed.unfinished", 100_000);
    child.kill().expect("it is ours");
    assert!(!child.wait().expect("it ends").success());
    assert!(!place.at("killed").exists());
    let (code, out, _) = place.run("sweep grid.toml --out killed --dry-run");
    assert!(code == 0 && out.contains(" of which were played before\n"), "{out}");
    let (code, _, err) = place.run("sweep grid.toml --out killed");
    assert!(
        code == 0 && err.contains(" of 54 units were played before, and are in killed.unfinished; going on"),
        "{err}"
    );
    assert!(place.files("killed") == place.files("alone"));
    assert!(!place.at("killed.unfinished").exists(), "what is merged is not kept twice");
}

#[test]
fn ctrl_c_keeps_the_points_that_were_done_and_the_store() {
    let place = Place::new("20/s");
    let child = place.spawn("sweep grid.toml --out stopped --jobs 1");
    // More than the six units of the first point.
    place.wait_for("stopped.unfinished", 400_000);
    signal(&child, "INT");
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("points of 9 were done, and are shown"), "{err}");
    let manifest = String::from_utf8(place.files("stopped").remove("manifest.json").unwrap()).unwrap();
    assert!(
        manifest.contains("\"stopped\": \"interrupted: the points") && manifest.contains("\"missing\": ["),
        "{manifest}"
    );
    assert_eq!(place.run("sweep grid.toml --out stopped").0, 0);
    assert!(place.files("stopped") == place.files("alone"));
}

#[test]
fn a_run_that_is_asked_to_stop_says_that_it_is_to_be_run_again_and_loses_nothing() {
    let place = Place::new("20/s");
    let child = place.spawn("sweep run plan.json --store store --jobs 1");
    place.wait_for("store", 100_000);
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{err}");
    let there: usize =
        err.split("interrupted: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect(&err);
    assert!((1..54).contains(&there), "{err}");
    let (code, out, _) = place.run("sweep status plan.json --store store");
    assert!(code == 1 && out.starts_with(&format!("54 units: {there} there, {} missing; ", 54 - there)), "{out}");
    assert_eq!(place.run("sweep run plan.json --store store").0, 0);
    place.merges_as_alone("store");
}

#[test]
fn an_engine_that_says_with_usr1_that_time_is_nearly_over_gets_the_same() {
    let place = Place::new("20/s");
    let child = place.spawn("sweep run plan.json --store store --jobs 1");
    place.wait_for("store", 100_000);
    signal(&child, "USR1");
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(75) && err.contains("interrupted: "), "{err}");
    assert_eq!(place.run("sweep run plan.json --store store").0, 0);
    place.merges_as_alone("store");
}

#[test]
fn an_engine_names_the_shard_and_only_the_plan_how_many_there_are() {
    let place = Place::new("1/s");
    let by =
        |arguments: &str, variables: &[(&str, &str)]| ended(place.command(arguments).envs(variables.iter().copied()));
    // Two tasks of a resubmitted array, of which Slurm counts two.
    let sparse = [("SLURM_ARRAY_TASK_ID", "2"), ("SLURM_ARRAY_TASK_COUNT", "2")];
    let (code, _, err) = by("sweep run plan.json --store store", &sparse);
    assert!(code == 0 && err.contains("by SLURM_ARRAY_TASK_ID this is shard 2/3"), "{err}");
    assert_eq!(by("sweep run plan.json --store store --shard env", &[("JOB_COMPLETION_INDEX", "1")]).0, 0);
    assert_eq!(place.run("sweep status plan.json --store store --missing=shards").1, "0/3\n");
    // An array that begins at the third shard, and one beyond the last.
    let offset = "sweep run plan.json --store store --shard env --shard-offset 2";
    assert_eq!(by(offset, &[("SLURM_ARRAY_TASK_ID", "0")]).0, 0);
    let (code, _, err) = by(offset, &[("SLURM_ARRAY_TASK_ID", "1")]);
    assert!(code == 64 && err.contains("the plan has the shards 0/3 to 2/3 only"), "{err}");
    let (code, _, err) = by("sweep run plan.json --store store --shard env", &[]);
    assert!(code == 64 && err.contains("is not set; name it with --shard K/3"), "{err}");
    // The flag goes before.
    assert_eq!(by("sweep run plan.json --store store --shard 0", &[("SLURM_ARRAY_TASK_ID", "7")]).0, 0);
    place.merges_as_alone("store");
}

#[test]
fn a_segment_that_is_cut_off_or_damaged_is_found_said_and_played_again() {
    let place = Place::new("1/s");
    assert_eq!(place.run("sweep run plan.json --store store --jobs 1").0, 0);
    let path = place.segments("store").remove(0);
    let whole = fs::read(&path).expect("it is there");
    let payloads = payloads(&path);
    let order: Vec<String> = payloads.iter().map(|payload| payload[9..41].to_owned()).collect();
    // Cut off within the last record: as if it were not there.
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let (code, out, err) = place.run("sweep status plan.json --store store --missing=ids");
    assert_eq!((code, out.trim(), err.as_str()), (1, order[53].as_str(), ""));
    // A byte flipped within the second record: it is named, and those behind it are found.
    let mut bytes = whole.clone();
    let second = MAGIC + HEADER + payloads[0].len();
    bytes[second + 1_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (code, out, err) = place.run("sweep status plan.json --store store");
    assert!(code == 1 && out.contains("53 there, 1 missing, 1 record damaged"), "{out}");
    assert!(err.contains(&format!("is damaged at byte {second}: unit {}", order[1])), "{err}");
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    assert!(code == 2 && err.contains(&format!("unit {}", order[1])) && !place.at("merged").exists(), "{err}");
    let (code, _, err) = place.run("sweep run plan.json --store store");
    assert!(code == 0 && err.contains("played 1, 53 were there"), "{err}");
    place.merges_as_alone("store");
    // A shard that lacks a unit is the one to be run again.
    fs::remove_file(place.segments("store").into_iter().find(|other| *other != path).unwrap()).unwrap();
    let shard = place.plan().shards_of_units()[place.plan().by_id()[order[1].as_str()]];
    assert_eq!(place.run("sweep status plan.json --store store --missing=shards").1, format!("{shard}/3\n"));
    assert_eq!(place.run("sweep status plan.json --store store --missing=slurm").1, format!("{shard}\n"));
}

#[test]
fn what_is_missing_or_of_others_is_refused_by_name_and_holes_are_marked_on_demand() {
    let place = Place::new("1/s");
    assert_eq!(place.run("sweep run plan.json --store store --jobs 1").0, 0);
    let plan = place.plan();
    let path = place.segments("store").remove(0);
    let all = payloads(&path);
    // All but one unit, of a point in the middle.
    let lost = plan.units.iter().find(|unit| unit.point == 4).expect("there are nine points");
    let others: Vec<String> = all.iter().filter(|payload| !payload.contains(&lost.id)).cloned().collect();
    segment(&path, &others);
    fs::create_dir(path.with_file_name("folder.seg")).unwrap();
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    let named = format!("unit {} (point 4, ttl-only, replication 0)", lost.id);
    assert!(code == 1 && err.contains("a unit is missing") && err.contains(&named), "{err}");
    let (code, out, err) = place.run("sweep merge plan.json --store store --out merged --partial");
    assert!(code == 0 && out.contains("8 of 9 points"), "{out}");
    assert!(
        err.contains(
            "1 of 9 points are left out:\n  point 4 (idp.token_lifetime = \"10min\", bus.loss = 0.25): 1 unit missing"
        ),
        "{err}"
    );
    let manifest: serde_json::Value = serde_json::from_slice(&place.files("merged")["manifest.json"]).unwrap();
    assert_eq!(manifest["missing"], serde_json::json!([{ "point": 4, "units": [lost.id] }]));
    assert_eq!(manifest["sweep"]["finished"], 8);
    // The other points are what they are on one machine.
    let rows = |folder: &str, file: &str| -> Vec<String> {
        let text = String::from_utf8(place.files(folder).remove(file).unwrap()).unwrap();
        text.lines().filter(|line| !line.starts_with("4,")).map(str::to_owned).collect()
    };
    let (code, _, err) = place.run("replay merged");
    assert!(code == 2 && err.contains("merged while units were missing: merge them whole"), "{err}");
    for file in ["replications.csv", "summary.csv", "differences.csv", "timeline.csv", "outages.csv"] {
        assert!(rows("merged", file) == rows("alone", file), "{file}");
    }
    // A unit of another build.
    let foreign: Vec<String> = all.iter().map(|payload| payload.replacen("0.1.0+", "0.0.9+", 1)).collect();
    segment(&path.with_file_name("foreign.seg"), &foreign[..1]);
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged --partial");
    assert!(code == 2 && err.contains("of build 0.0.9+") && err.contains("in foreign.seg"), "{err}");
    // A plan of another build is neither run nor merged.
    let plan = place.plan();
    let old = Plan { build: plan.build.replacen("0.1.0+", "0.0.9+", 1), ..plan };
    fs::write(place.at("old.json"), old.sealed().text()).unwrap();
    let (code, _, err) = place.run("sweep status old.json --store store");
    assert!(code == 1 && err.contains("made by build 0.0.9+"), "{err}");
    let (code, _, err) = place.run("sweep run old.json --store store");
    assert!(code == 64 && err.contains("made by build 0.0.9+") && err.contains("this is build 0.1.0+"), "{err}");
    assert_eq!(place.run("sweep merge old.json --store store --out merged").0, 2);
}

#[test]
fn two_runs_of_one_unit_that_differ_are_never_merged() {
    let place = Place::new("1/s");
    assert_eq!(place.run("sweep run plan.json --store store").0, 0);
    let path = place.segments("store").remove(0);
    let payload = payloads(&path).remove(0);
    let digest = payload.find("\"digest\":").expect("a record has a digest") + 9;
    let flipped = if payload.as_bytes()[digest] == b'1' { "2" } else { "1" };
    segment(
        &path.with_file_name("zombie.seg"),
        &[format!("{}{flipped}{}", &payload[..digest], &payload[digest + 1..])],
    );
    let (code, _, err) = place.run("sweep merge plan.json --store store --out merged");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        code == 5
            && err.contains("two runs of one unit differ: unit")
            && err.contains(&format!("in {name} and in zombie.seg")),
        "{err}"
    );
    assert!(!place.at("merged").exists());
}

#[test]
fn a_full_disk_is_said_and_what_was_written_counts() {
    let place = Place::new("1/s");
    // The limit is in blocks of 512 bytes: a few units.
    let limited = "ulimit -f 300; exec \"$0\" sweep run plan.json --store store --jobs 1";
    let mut command = Command::new("sh");
    command.current_dir(place.0.path()).arg("-c").arg(limited).arg(cargo_bin("stalegate"));
    let (code, _, err) = ended(&mut command);
    assert!(
        code == 4 && err.contains("cannot write store/") && err.contains("free some space and run it again"),
        "{code} {err}"
    );
    let (code, _, err) = place.run("sweep run plan.json --store store");
    assert!(code == 0 && !err.contains("played 54"), "{err}");
    place.merges_as_alone("store");
}

#[test]
fn what_no_retry_can_cure_says_so() {
    let place = Place::new("1/s");
    let refused = |arguments: &str, code: i32, word: &str| {
        let (found, _, err) = place.run(arguments);
        assert!(found == code && err.contains(word), "{arguments}: {found} {err}");
    };
    refused("sweep run plan.json --store store --shard 1/4", 64, "its shards are 0/3 to 2/3");
    refused("sweep run plan.json --store store --shard 3/3", 64, "its shards are 0/3 to 2/3");
    refused("sweep run grid.toml --store store", 64, "it is no plan");
    refused("sweep run none.json --store store", 4, "none.json");
    refused("sweep run plan.json --store store --seed 7", 2, "for `sweep plan`");
    refused("sweep run plan.json --store grid.toml", 4, "grid.toml");
    let text = fs::read_to_string(place.at("plan.json")).unwrap();
    // Whatever is changed by hand is told, and where the seal was made again what the texts come to.
    for (from, to) in [("rate = \\\"1/s\\\"", "rate = \\\"2/s\\\""), ("[\"stalegate\"", "[\"rm\"")] {
        assert!(text.contains(from), "{text}");
        fs::write(place.at("changed.json"), text.replacen(from, to, 1)).unwrap();
        refused("sweep run changed.json --store store", 64, "it is not what was written");
        refused("sweep merge changed.json --store store", 2, "it is not what was written");
    }
    let mut forged = place.plan();
    forged.inputs[0].text = forged.inputs[0].text.replacen("1/s", "2/s", 1);
    fs::write(place.at("changed.json"), forged.sealed().text()).unwrap();
    refused("sweep run changed.json --store store", 64, "of the texts in it");
    refused("sweep merge changed.json --store store", 2, "of the texts in it");
    refused("sweep plan grid.toml -o grid.toml", 4, "it is no plan, and is not overwritten");
    assert_eq!(place.run("sweep plan grid.toml -o plan.json --shards 2").0, 0, "a plan is overwritten");
    fs::write(place.at("ids"), "0123\n").unwrap();
    let mut command = place.command("sweep run plan.json --store store --units -");
    let (code, _, err) = ended(command.stdin(fs::File::open(place.at("ids")).unwrap()));
    assert!(code == 64 && err.contains("the plan has no unit `0123`"), "{err}");
    let mut waits = scenario("1/s");
    waits = waits.replace(
        "replications = 3",
        "replications = { min = 3, max = 30, until = { metric = \"failed\", relative_half_width = 0.05 } }",
    );
    fs::write(place.at("waits.toml"), waits).unwrap();
    for command in ["sweep plan waits.toml", "sweep waits.toml"] {
        refused(command, 2, "a plan is static");
    }
}

#[test]
fn two_sweeps_into_one_folder_at_once_are_refused_and_a_store_is_shared() {
    let place = Place::new("20/s");
    let mut first = place.spawn("sweep grid.toml --out both --jobs 1");
    place.wait_for("both.unfinished", 100);
    let (code, _, err) = place.run("sweep grid.toml --out both");
    assert!(code == 4 && err.contains("another run is writing to both"), "{err}");
    first.kill().expect("it is ours");
    first.wait().expect("it ends");
}

#[test]
fn a_dry_run_says_what_there_is_to_do_and_does_nothing() {
    let place = Place::new("1/s");
    let (code, out, _) = place.run("sweep grid.toml --dry-run --out dry --jobs 2");
    assert!(
        code == 0 && out.contains("small: 9 points, 2 policies, 3 replications each: 54 runs in 54 units"),
        "{out}"
    );
    assert!(out.contains(" on 2 threads at 8 million events a second each; nothing was run"), "{out}");
    assert!(!place.at("dry").exists() && !place.at("dry.unfinished").exists());
}

/// Of the processor, this thread's: what else the machine does is not to decide.
#[cfg(target_os = "linux")]
fn processor_s() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").expect("it is Linux");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|field| field.parse().ok()).expect("it is a number");
    nanoseconds / 1e9
}

/// A thousand points of a hundred replications, a unit each.
#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_units_are_planned_written_and_merged_in_a_minute_and_1_gib() {
    let list = |values: std::ops::Range<u32>, unit: &str| {
        let values: Vec<String> = values.map(|value| format!("\"{value}{unit}\"")).collect();
        format!("[{}]", values.join(", "))
    };
    let text = |rate: &str| {
        let text = scenario(rate).replace("20min", "10s").replace("replications = 3", "replications = 100");
        let text = text.replace("at = \"2min\"\ndown = \"10s\"", "at = \"2s\"\ndown = \"1s\"");
        let (text, _) = text.split_once("[[policy]]\nname = \"hybrid\"").expect("there are two policies");
        let (lifetimes, timeouts) = (list(10..50, "min"), list(10..35, "s"));
        format!("{text}[sweep]\n\"idp.token_lifetime\" = {lifetimes}\n\"client.shop.timeout\" = {timeouts}\n")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let load = |text: &str| stalegate::scenario::load_text("many.toml", text, &[], None).expect("it is good");
    // A record of a quiet world, in place of those of the loud one, which would take days.
    let quiet = load(&text("1/s")).scenario;
    let layout = std::sync::Arc::new(unit::layout(&quiet.world));
    let bytes = unit::unit(&quiet, &layout, 0, 0..1, &AtomicBool::new(false)).expect("it plays");
    let record = String::from_utf8(bytes).expect("it is text");
    let start = processor_s();
    let loaded = load(&text("1000000/s"));
    let sweep = loaded.sweep.as_ref().expect("it has a sweep");
    let plan = Plan::of(&loaded.scenario, sweep, Ask { shards: 1_000, ..Ask::default() }).expect("it is static");
    assert_eq!((plan.points.len(), plan.units.len()), (1_000, 100_000));
    let path = folder.path().join("plan.json");
    plan.write(&path).expect("it can be written");
    assert_eq!(Plan::parse(&fs::read(&path).expect("it is there")).expect("it is a plan"), plan);
    let store = Store::of(&folder.path().join("store"), &plan);
    for shard in 0..10 {
        let writer = store.writer(&format!("{shard}-1-1")).expect("it can be written");
        for unit in plan.units.iter().skip(shard).step_by(10) {
            let record = record.replacen("\"replication\":0", &format!("\"replication\":{}", unit.first), 1);
            writer.append(&unit.id, &plan.build, record.as_bytes(), 1).expect("there is room");
        }
        writer.finish().expect("there is room");
    }
    let index = store.index(&plan).expect("it can be read");
    assert_eq!(duplicates(&index, plan.units.len()).expect("there are none"), 0);
    let mut results = Results::open(&folder.path().join("out"), &loaded.scenario, sweep).expect("it can be written");
    assert_eq!(merge(&plan, sweep, &index, &mut results).expect("it can be merged"), []);
    results.close(Extent::Complete, Vec::new());
    results.finish(None, &RunInfo::default()).expect("it can be written");
    let seconds = processor_s() - start;
    let status = fs::read_to_string("/proc/self/status").expect("it is Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is told").trim();
    let peak_kib: u64 = peak.trim_end_matches(" kB").parse().expect("it is a number");
    eprintln!("100,000 units: {seconds:.1} s of the processor, {} MiB at the most", peak_kib >> 10);
    assert!(peak_kib < 1 << 20 && seconds < 60.0, "{peak_kib} KiB, {seconds} s");
}
