//! Sweeps: which points there are and in which order, what each of them is, and what `sweep` writes of them.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use assert_cmd::Command;
use common::SMALL;
use stalegate::experiment::comparison::Stopped;
use stalegate::experiment::merge::merge;
use stalegate::experiment::plan::{Ask, Plan};
use stalegate::experiment::shard::{OnBroken, play};
use stalegate::experiment::store::Store;
use stalegate::experiment::worlds::Surroundings;
use stalegate::report::RunInfo;
use stalegate::report::sweep::{Extent, Hole, Results};
use stalegate::scenario::sweep::Sweep;
use stalegate::scenario::{self, Loaded};

const GRID: &str = "[sweep]\n\"idp.token_lifetime\" = [\"5min\", \"10min\"]\n\"bus.loss\" = [0.0, 0.5]\n";

fn load(text: &str, overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    scenario::load_text("small.toml", text, &overrides, None).expect("it is a good scenario")
}

fn swept(lines: &str) -> Sweep {
    load(&format!("{SMALL}[sweep]\n{lines}"), &[]).sweep.expect("it has a sweep")
}

fn points(sweep: &Sweep) -> Vec<String> {
    (0..sweep.points.len()).map(|point| sweep.values(point).join(" ")).collect()
}

#[test]
fn a_setting_that_has_an_effect_at_some_point_is_not_said_to_have_none() {
    let idle = |fronts: &str, failover: &str| {
        let base = SMALL.replace("[idp]", &format!("[idp]\nnodes = 2\n{failover}"));
        let loaded = load(&format!("{base}[sweep]\n\"idp.front\" = {fronts}\n"), &["idp.front=active-passive"]);
        let warnings = loaded.sweep.expect("it has a sweep").warnings.list;
        warnings.iter().filter(|warning| warning.code == "W008").count()
    };
    assert_eq!(idle("[\"active-passive\", \"random\"]", "failover = \"10s\""), 0);
    assert_eq!(idle("[\"random\", \"sticky\"]", "failover = \"10s\""), 2, "in the words of each point");
    let given = "[sweep]\n\"idp.front\" = [\"active-passive\", \"random\"]\n\"idp.failover\" = [\"10s\", \"5s\"]\nmode = \"zip\"";
    let base = SMALL.replace("[idp]", "[idp]\nnodes = 2");
    let warnings = load(&format!("{base}{given}"), &[]).sweep.expect("it has a sweep").warnings.list;
    let told: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(told, ["W008"], "a value of the sweep that never has an effect");
}

#[test]
fn in_a_grid_the_first_key_of_the_file_varies_slowest() {
    let sweep =
        swept("\"idp.workers\" = [4, 2]\n\"bus.loss\" = [0.0, 0.5]\n\"api.orders.reject_status\" = [401, 403]\n");
    let expected =
        ["4 0.0 401", "4 0.0 403", "4 0.5 401", "4 0.5 403", "2 0.0 401", "2 0.0 403", "2 0.5 401", "2 0.5 403"];
    assert_eq!(points(&sweep), expected);
}

#[test]
fn a_zip_takes_the_lists_side_by_side() {
    let sweep =
        swept("mode = \"zip\"\n\"idp.workers\" = [4, 2]\n\"policy.hybrid.rejection.statuses\" = [[401], [401, 403]]\n");
    assert_eq!(points(&sweep), ["4 [401]", "2 [401, 403]"]);
    assert_eq!(sweep.points[1].scenario.policies[1].policy.rejection.statuses, [401, 403]);
}

#[test]
fn a_key_is_called_by_the_shortest_ending_that_is_its_own() {
    let sweep =
        swept("\"client.shop.timeout\" = [\"3s\"]\n\"policy.hybrid.fetch.timeout\" = [\"2s\"]\n\"bus.loss\" = [0.1]\n");
    let names: Vec<&str> = sweep.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["shop.timeout", "fetch.timeout", "loss"]);
}

#[test]
fn a_point_is_what_set_makes_of_the_scenario_and_the_seed_stays() {
    let text = format!(
        "{SMALL}[sweep]\n\"idp.token_service.mean\" = [\"9ms\", \"30ms\"]\n\"client.shop.arrivals.rate\" = [\"2/s\"]\n\
         \"policy.hybrid.base\" = [\"event-purge\", \"kyma\"]\n\"fault.restart.down\" = [\"20s\"]\n"
    );
    let loaded = scenario::load_text("small.toml", &text, &[], Some(7)).expect("it is good");
    let sweep = loaded.sweep.as_ref().expect("it has a sweep");
    for (index, point) in sweep.points.iter().enumerate() {
        let values = sweep.keys.iter().zip(sweep.values(index));
        let set: Vec<String> = values.map(|(key, value)| format!("{}={value}", key.path)).collect();
        let alone = scenario::load_text("small.toml", SMALL, &set, Some(7)).expect("it is good").scenario;
        assert_eq!((&point.scenario.id, point.scenario.world.run.seed), (&alone.id, 7), "{}", sweep.told(index));
        assert_eq!(format!("{:?}", point.scenario.world), format!("{:?}", alone.world));
    }
    // The file's own values are as if there were no sweep.
    let base = scenario::load_text("small.toml", SMALL, &[], Some(7)).expect("it is good");
    assert_eq!(loaded.scenario.id, base.scenario.id);
}

#[test]
fn values_of_several_lines_are_shown_in_one() {
    let sweep = swept(
        "\"idp.token_service\" = [{ dist = \"uniform\", min = \"1ms\", max = \"9ms\" }, \"5ms\"]\n\
         \"policy.hybrid.rejection.statuses\" = [\n  [401, # not 403\n   500],\n]\n",
    );
    let shown = "{ dist = \"uniform\", max = \"9ms\", min = \"1ms\" }";
    assert_eq!(points(&sweep), [format!("{shown} [401, 500]"), "5ms [401, 500]".to_owned()]);
    assert!(sweep.told(1).contains("idp.token_service = \"5ms\", policy.hybrid"), "{}", sweep.told(1));
}

#[test]
fn what_show_prints_reads_back_as_the_same_sweep_and_set_takes_it_too() {
    let first = load(&format!("{SMALL}{GRID}"), &["sweep.bus.loss=[0.25, 0.75]", "idp.token_lifetime=7min"]);
    let second = load(&first.as_toml(), &[]);
    let (one, other) = (first.sweep.expect("it has one"), second.sweep.expect("it has one"));
    assert_eq!(points(&one), ["5min 0.25", "5min 0.75", "10min 0.25", "10min 0.75"]);
    assert_eq!(points(&one), points(&other));
    assert!(one.points.iter().zip(&other.points).all(|(one, other)| one.scenario.id == other.scenario.id));
}

#[test]
fn a_sweep_in_part_keeps_whole_points_only_and_points_that_are_alike_share_their_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "mode = \"zip\"\n\"idp.token_lifetime\" = [\"5min\", \"300s\", \"10min\"]\n";
    let loaded = load(&format!("{SMALL}[sweep]\n{lines}"), &[]);
    let of = loaded.sweep.as_ref().expect("it has a sweep");
    let plan = Plan::of(&loaded.scenario, of, Ask { shards: 1, ..Ask::default() }).expect("it is static");
    assert_eq!(plan.units.len(), 12, "of three points two are one scenario");
    let store = Store::of(&folder.path().join("store"), &plan);
    let around = Surroundings { jobs: 2, stop: &AtomicBool::new(false), progress: &|_, _| {} };
    // All at the first two points, and all but one replication at the third.
    let units: Vec<usize> = (0..11).collect();
    let played = play(&plan, of, &units, (&store, "some"), OnBroken::GoOn, &around).expect("it plays");
    assert_eq!((played.units, played.stopped), (11, Stopped::Complete));
    let index = store.index(&plan).expect("it can be read");
    let mut results = Results::open(&folder.path().join("out"), &loaded.scenario, of).expect("it can be written");
    let holes = merge(&plan, of, &index, &mut results).expect("it can be merged");
    assert_eq!((holes, results.finished()), (vec![(2, vec![11])], 2));
    let holes = vec![Hole { point: 2, units: vec![plan.units[11].id.clone()] }];
    results.close(Extent::Partial, holes);
    let swept = results.finish(None, &RunInfo::default()).expect("it can be written");
    assert_eq!(swept.done.iter().map(|done| done.point).collect::<Vec<_>>(), [0, 1]);
    for file in ["replications.csv", "summary.csv", "differences.csv", "timeline.csv", "outages.csv"] {
        let path = folder.path().join("out").join(file);
        let of = |point: &str| rows(&path, 0).into_iter().filter(|row| row.0 == point).count();
        assert!(of("0") > 0 && of("0") == of("1") && of("2") == 0, "{file}");
    }
    let manifest = fs::read_to_string(folder.path().join("out/manifest.json")).expect("it is there");
    assert!(manifest.contains("\"finished\": 2,\n    \"stopped\": \"merged in part"), "{manifest}");
}

/// Exit code, stdout, stderr.
fn stalegate(place: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("stalegate").expect("the binary is built");
    let output = command.current_dir(place).args(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// The rows of a file, each without its point and so many values of swept keys.
fn rows(path: &Path, keys: usize) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).expect("it is there");
    let row = |line: &str| {
        let mut fields = line.splitn(keys + 2, ',');
        let point = fields.next().expect("a row has a point").to_owned();
        (point, fields.last().expect("a row has more fields").to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn the_rows_of_a_point_are_those_of_compare_with_its_values_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path();
    fs::write(place.join("grid.toml"), format!("{SMALL}{GRID}")).expect("it can be written");
    let (code, out, err) = stalegate(place, &["sweep", "grid.toml", "--out", "swept", "--jobs", "2"]);
    assert!(
        code == 0 && out.contains("4 points, 3 replications each") && err.contains("results are in swept"),
        "{err}"
    );
    let points = [["5min", "0.0"], ["5min", "0.5"], ["10min", "0.0"], ["10min", "0.5"]];
    for (point, [lifetime, loss]) in points.iter().enumerate() {
        let (lifetime, loss) = (format!("idp.token_lifetime={lifetime}"), format!("bus.loss={loss}"));
        let set = ["--set", &lifetime, "--set", &loss];
        let arguments = [&["compare", "grid.toml", "--out", "alone"][..], &set].concat();
        let (code, _, err) = stalegate(place, &arguments);
        let note = "note: [sweep] is left aside, the file's own values count; `stalegate sweep grid.toml` runs it";
        assert!(code == 0 && err.contains(note), "{err}");
        for (file, keys) in [
            ("replications.csv", 2),
            ("summary.csv", 0),
            ("differences.csv", 0),
            ("timeline.csv", 0),
            ("outages.csv", 0),
        ] {
            let here = rows(&place.join("swept").join(file), keys).into_iter();
            let here: Vec<String> = here.filter(|row| row.0 == point.to_string()).map(|row| row.1).collect();
            let alone: Vec<String> = rows(&place.join("alone").join(file), 0).into_iter().map(|row| row.1).collect();
            assert!(!alone.is_empty() && here == alone, "{file} of point {point}");
        }
    }
}

#[test]
fn the_number_of_jobs_never_shows_in_the_folder_of_a_sweep() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("grid.toml"), format!("{SMALL}{GRID}")).expect("it can be written");
    let files = |jobs: &str| {
        let (code, ..) = stalegate(folder.path(), &["sweep", "grid.toml", "--quiet", "--out", jobs, "--jobs", jobs]);
        let entries = fs::read_dir(folder.path().join(jobs)).expect("it is there");
        let mut files: Vec<(String, Vec<u8>)> = entries
            .map(|entry| entry.expect("it can be listed").path())
            .map(|path| {
                (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).expect("it can be read"))
            })
            .collect();
        files.sort();
        (code, files)
    };
    let (one, three) = (files("1"), files("3"));
    let names: Vec<&str> = one.1.iter().map(|file| file.0.as_str()).collect();
    assert!(["manifest.json", "failed.svg", "summary.json"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(one == three);
}

#[test]
fn sweep_wants_a_sweep_and_run_leaves_it_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path();
    fs::write(place.join("plain.toml"), SMALL).expect("it can be written");
    fs::write(place.join("grid.toml"), format!("{SMALL}{GRID}")).expect("it can be written");
    let (code, _, err) = stalegate(place, &["sweep", "plain.toml"]);
    assert!(code == 2 && err.contains("plain.toml has no [sweep]"), "{code} {err}");
    let (code, out, err) = stalegate(place, &["run", "grid.toml", "--policy", "hybrid"]);
    let (_, alone, _) = stalegate(place, &["run", "plain.toml", "--policy", "hybrid"]);
    assert!(code == 0 && out == alone && err.contains("[sweep] is left aside"), "{err}");
    let (code, out, _) = stalegate(place, &["validate", "grid.toml"]);
    assert!(code == 0 && out.contains("good (2 policies, 4 points, scenario "), "{out}");
    let (code, out, _) = stalegate(place, &["sweep", "grid.toml", "--json", "--set", "run.replications=1"]);
    let summary: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert!(code == 0 && summary["points"][3]["values"]["bus.loss"] == "0.5", "{out}");
}
