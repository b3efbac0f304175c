//! `sweep submit`: what Slurm is told, whatever Slurm answers. Programs that stand in for `sbatch` and `scontrol` write down what they
//! get; `.ci/slurm` submits to a real Slurm.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use common::place::{Place, ended};

const SUBMIT: &str = "sweep submit plan.json --store store --engine slurm";

/// A sweep of three shards, and a cluster on the PATH.
struct Cluster {
    place: Place,
}

impl Cluster {
    /// One that takes all, with arrays of so many.
    fn new(limit: &str) -> Cluster {
        let cluster = Cluster { place: Place::new("1/s") };
        fs::create_dir(cluster.place.at("bin")).expect("it can be made");
        cluster.program("scontrol", &format!("echo 'MaxArraySize            = {limit}'"));
        cluster.program("sbatch", "echo \"$*\" >> calls; n=0; while read -r _; do n=$((n + 1)); done < calls; echo $n");
        cluster
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.place.at("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// Exit code, stdout, stderr.
    fn run(&self, arguments: &str) -> (i32, String, String) {
        // Nothing else: this machine may have a Slurm.
        ended(self.place.command(arguments).env("PATH", self.place.at("bin")))
    }

    /// What `sbatch` was called with, without the places of the scripts.
    fn calls(&self) -> Vec<String> {
        let folder = format!("{}/", self.scripts().display());
        let calls = fs::read_to_string(self.place.at("calls")).unwrap_or_default();
        calls.lines().map(|line| line.replace(&folder, "")).collect()
    }

    fn scripts(&self) -> PathBuf {
        let folder = fs::canonicalize(self.place.0.path()).expect("it is there");
        folder.join("store").join(self.place.plan().id()).join("slurm")
    }

    /// A script, as a node runs it.
    fn plays(&self, script: &str, arguments: &[&str], task: Option<&str>) -> (i32, String, String) {
        let mut command = Command::new("sh");
        command.arg(self.scripts().join(script)).args(arguments).current_dir("/");
        command.envs(task.map(|task| ("SLURM_ARRAY_TASK_ID", task)));
        ended(&mut command)
    }
}

#[test]
fn the_scripts_that_slurm_gets_come_to_the_bytes_of_one_machine() {
    let cluster = Cluster::new("2");
    let (code, out, err) = cluster.run(&format!("{SUBMIT} --out merged --at-once 8 -- --time=1:00:00 -p long"));
    assert!(code == 0 && err.contains("54 units in 3 shards, about "), "{err}");
    assert!(out.starts_with("job 1 plays shards 0-1\njob 2 plays shard 2\njob 3 merges into /"), "{out}");
    let options = "--time=1:00:00 -p long";
    let expected = [
        format!("--parsable --array=0-1%8 {options} run.sh 0"),
        format!("--parsable --array=0%8 {options} run.sh 2"),
        format!("--parsable --dependency=afterany:1:2 {options} merge.sh"),
    ];
    assert_eq!(cluster.calls(), expected);
    let script = fs::read_to_string(cluster.scripts().join("run.sh")).unwrap();
    assert!(script.contains("#SBATCH --requeue\n") && script.contains("#SBATCH --signal=B:USR1@60\n"), "{script}");
    // The plan's file may go: what is queued has its own.
    fs::rename(cluster.place.at("plan.json"), cluster.place.at("moved.json")).unwrap();
    fs::copy(cluster.place.at("moved.json"), cluster.place.at("plan.json")).unwrap();
    assert_eq!(cluster.plays("run.sh", &["2"], Some("0")).0, 0);
    let (code, out, _) = cluster.plays("merge.sh", &[], None);
    assert!(
        code == 1 && out.contains("36 missing; ") && out.contains("in 2 shards of 3\nnot merged; this plays"),
        "{out}"
    );
    assert!(out.ends_with("--at-once 8 -- --time=1:00:00 -p long\n"), "{out}");
    assert!(!cluster.place.at("merged").exists());
    // What is missing is submitted again, and nothing else.
    let (code, out, _) = cluster.run(&format!("{SUBMIT} --out merged"));
    assert!(code == 0 && out.starts_with("job 4 plays shards 0-1\njob 5 merges"), "{out}");
    for task in ["1", "0"] {
        assert_eq!(cluster.plays("run.sh", &["0"], Some(task)).0, 0);
    }
    let (code, out, err) = cluster.plays("merge.sh", &[], None);
    assert!(code == 0 && out.contains("9 points"), "{err}");
    assert!(cluster.place.files("merged") == cluster.place.files("alone"));
    let (code, out, err) = cluster.run(&format!("{SUBMIT} --out merged"));
    assert!(code == 0 && out.is_empty() && err.contains("there is nothing to submit"), "{err}");
    assert_eq!(cluster.calls().len(), 5);
}

#[test]
fn a_script_without_its_index_or_with_one_too_many_plays_nothing() {
    let cluster = Cluster::new("1001");
    assert_eq!(cluster.run(SUBMIT).0, 0);
    let (code, _, err) = cluster.plays("run.sh", &[], None);
    assert!(code == 64 && err.contains("SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX is not set"), "{err}");
    assert_eq!(cluster.plays("run.sh", &["3"], Some("0")).0, 64);
    assert_eq!(cluster.plays("run.sh", &["three"], Some("0")).0, 2);
    assert!(cluster.place.segments("store").iter().all(|path| path.is_dir()));
}

#[test]
fn a_dry_run_needs_no_slurm_and_leaves_nothing_behind() {
    let cluster = Cluster::new("2");
    let (code, out, _) = cluster.run(&format!("{SUBMIT} --dry-run"));
    assert!(
        code == 0 && out.contains("sbatch --parsable --array=0-1 /") && out.contains("afterany:JOB1:JOB2 /"),
        "{out}"
    );
    fs::remove_file(cluster.place.at("bin/scontrol")).unwrap();
    let (code, out, err) = cluster.run(&format!("{SUBMIT} --dry-run"));
    assert!(code == 0 && out.contains("--array=0-2 /") && err.contains("the usual one, 1001"), "{err}");
    assert!(!cluster.place.at("store").exists() && cluster.calls().is_empty());
}

#[test]
fn what_slurm_refuses_is_told_and_what_it_took_before() {
    let cluster = Cluster::new("2");
    let told = |code: i32, words: &[&str]| {
        let (found, out, err) = cluster.run(SUBMIT);
        assert!(found == code && words.iter().all(|word| err.contains(word)), "{found} {out} {err}");
    };
    for (limit, word) in [
        ("echo 'MaxArraySize = 0'", "no job arrays"),
        ("echo 'MaxArraySize = many'", "which is no number"),
        ("echo MaxJobCount = 3", "does not tell MaxArraySize"),
        ("echo slurm_load_ctl_conf error >&2; exit 1", "slurm_load_ctl_conf error"),
    ] {
        cluster.program("scontrol", limit);
        told(4, &[word, "nothing was submitted"]);
    }
    assert!(!cluster.place.at("store").exists());
    cluster.program("scontrol", "echo MaxArraySize = 2");
    cluster.program("sbatch", "echo 'sbatch: error: Invalid job array specification' >&2; exit 1");
    told(
        4,
        &[
            "`sbatch` failed (exit status: 1):\n  sbatch: error: Invalid job array specification",
            "nothing was submitted",
        ],
    );
    // It ends well and says nothing: no sweep is running.
    cluster.program("sbatch", "exit 0");
    told(4, &["named no job", "look with squeue", "nothing was submitted that is known of"]);
    // A site's own words stand before the job's number.
    cluster.program("sbatch", "case $* in *dependency*) exit 9;; esac; echo 'welcome to ours'; echo 17");
    told(4, &["exit status: 9", "jobs 17, 17; `scancel 17 17` takes back"]);
    cluster.program("sbatch", "case $* in *dependency*) exit 9;; esac; echo '17;here'");
    told(4, &["exit status: 9", "jobs 17, 17; `scancel 17 17` takes back"]);
    for program in ["sbatch", "scontrol"] {
        fs::remove_file(cluster.place.at("bin").join(program)).unwrap();
        told(4, &[&format!("there is no `{program}` on the PATH"), "--dry-run", "nothing was submitted"]);
        cluster.program("scontrol", "echo MaxArraySize = 2");
        cluster.program("sbatch", "echo 1");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_submitted() {
    let cluster = Cluster::new("2");
    fs::write(cluster.place.at("cut.json"), &fs::read(cluster.place.at("plan.json")).unwrap()[..1_000]).unwrap();
    for (arguments, code, word) in [
        ("sweep submit plan.json --store store", 2, "--engine"),
        ("sweep submit plan.json --store store --engine pbs", 2, "possible values: slurm"),
        ("sweep submit none.json --store store --engine slurm", 4, "none.json"),
        ("sweep submit grid.toml --store store --engine slurm", 2, "it is no plan"),
        ("sweep submit cut.json --store store --engine slurm", 2, "cut.json"),
        ("sweep submit plan.json --store grid.toml --engine slurm", 4, "grid.toml"),
        ("sweep submit plan.json --store a\"b --engine slurm", 2, "choose another name"),
        ("sweep submit plan.json --store store --engine slurm --seed 3", 2, "for `sweep plan`"),
        ("sweep submit plan.json --store store --engine slurm --at-once 0", 2, "--at-once"),
        ("sweep submit plan.json --store store --engine slurm -- --array=0-3", 2, "is for `sweep submit` to say"),
        ("sweep submit plan.json --store store --engine slurm -- mine.sh", 2, "no option of sbatch"),
        ("sweep run plan.json --store store --shard three", 2, "expected K/N, such as 3/16, or K, or env"),
        ("sweep run plan.json --store store --shard 1 --shard-offset 1", 2, "has said which shard it is"),
        ("sweep run plan.json --store store --units - --shard-offset 1", 2, "cannot be used with"),
    ] {
        let (found, _, err) = cluster.run(arguments);
        assert!(found == code && err.contains(word), "{arguments}: {found} {err}");
    }
    assert!(cluster.calls().is_empty() && !cluster.place.at("store").exists());
}

#[test]
fn programs_get_the_jobs_as_json() {
    let cluster = Cluster::new("2");
    let (code, out, _) = cluster.run(&format!("{SUBMIT} --json"));
    let document: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    let arrays = serde_json::json!([
        { "job": "1", "offset": 0, "shards": [0, 1] },
        { "job": "2", "offset": 2, "shards": [2] },
    ]);
    assert_eq!((code, &document["arrays"], &document["merge"]), (0, &arrays, &serde_json::json!("3")));
}
