//! A sweep in a folder of its own, with what one machine makes of it, and the commands that others play it with.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use stalegate::experiment::plan::Plan;
use tempfile::TempDir;

use super::SMALL;

/// Nine points, two policies, three replications, a unit each; the rate decides how long they take.
pub fn scenario(rate: &str) -> String {
    let lists = "[sweep]\n\"idp.token_lifetime\" = [\"5min\", \"10min\", \"15min\"]\n\"bus.loss\" = [0.0, 0.25, 0.5]\n";
    format!("{}{lists}", SMALL.replace("1/s", rate))
}

/// A folder with a scenario, its plan of three shards, and what one machine makes of it in `alone`.
#[derive(Debug)]
pub struct Place(pub TempDir);

impl Place {
    pub fn new(rate: &str) -> Place {
        let place = Place(tempfile::tempdir().expect("a folder"));
        fs::write(place.at("grid.toml"), scenario(rate)).expect("it can be written");
        assert_eq!(place.run("sweep grid.toml --out alone").0, 0);
        assert_eq!(place.run("sweep plan grid.toml -o plan.json --shards 3").0, 0);
        place
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(cargo_bin("stalegate"));
        command.current_dir(self.0.path()).args(arguments.split(' ')).stdin(Stdio::null());
        // Whoever runs the tests may be a task of an engine.
        command.env_remove("SLURM_ARRAY_TASK_ID").env_remove("JOB_COMPLETION_INDEX");
        command
    }

    /// Exit code, stdout, stderr.
    pub fn run(&self, arguments: &str) -> (i32, String, String) {
        ended(&mut self.command(arguments))
    }

    pub fn spawn(&self, arguments: &str) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    pub fn plan(&self) -> Plan {
        Plan::parse(&fs::read(self.at("plan.json")).expect("it is there")).expect("it is a plan")
    }

    /// The segments of the plan in a store.
    pub fn segments(&self, store: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.at(store).join(self.plan().id())) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
        paths.sort();
        paths
    }

    /// Waits until a store holds so many bytes.
    pub fn wait_for(&self, store: &str, bytes: u64) {
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |of| of.len());
        for _ in 0..2_000 {
            if self.segments(store).iter().map(size).sum::<u64>() >= bytes {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{store} never held {bytes} bytes");
    }

    /// Merges, and says whether all is as one machine made it.
    pub fn merges_as_alone(&self, store: &str) {
        let (code, out, err) = self.run(&format!("sweep merge plan.json --store {store} --out merged"));
        assert!(code == 0 && out.contains("9 points"), "{err}");
        assert!(self.files("merged") == self.files("alone"));
    }

    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.at(folder)).expect("it is there").map(|entry| entry.expect("it can be listed"));
        entries
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("it can be read"))
            })
            .collect()
    }
}

pub fn ended(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// A signal for a process of ours.
pub fn signal(child: &Child, name: &str) {
    let sent =
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("there is kill");
    assert!(sent.success());
}
