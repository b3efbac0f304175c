//! `sweep submit PLAN --store S --engine slurm`: hands the shards that lack units to Slurm, and a job that merges after them. It does
//! not wait: whoever asks again later, with the same command, gets what is missing then submitted.

mod array;
mod script;
mod slurm;

use std::path::{Path, PathBuf};

use super::super::args::{Engine, Global, SweepSubmit};
use super::super::console::{Console, Exit, Outcome, Stop};
use super::super::work::write_whole;
use super::status::shards;
use super::{about, counted, nothing_of_the_scenario, place, read_own, seconds, told_of_damage};
use crate::experiment::plan::Plan;
use crate::experiment::store::Store;
use crate::report::number::span;
use array::{Piece, pieces};
use script::{Place, Texts, quoted};

/// What `sweep submit` says itself, by all its names.
const OURS: [(&str, &str); 5] =
    [("--array", "-a"), ("--dependency", "-d"), ("--parsable", "--parsable"), ("--wait", "-W"), ("--wrap", "--wrap")];

/// Less work than that in a shard, in seconds, is little beside what it takes a cluster to start it.
const LITTLE_S: f64 = 30.0;

/// Looks what is missing, writes the scripts, submits them.
pub fn run(console: &Console, global: &Global, command: &SweepSubmit) -> Outcome {
    let Engine::Slurm = command.engine;
    nothing_of_the_scenario(global, "submit")?;
    refuse_ours(&command.options)?;
    let (plan, loaded) = read_own(&command.plan, Stop::Bad)?;
    let store = Store::of(&command.store, &plan);
    let index = store.index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    told_of_damage(console, &plan, &index);
    let missing = index.missing();
    let wanted = shards(&plan, &missing);
    let out = place(global, &loaded.scenario.name);
    if wanted.is_empty() {
        let (plan, store, out) = (shown(&command.plan), shown(&command.store), shown(&out));
        console.say(&format!(
            "all units are in the store: there is nothing to submit; `stalegate sweep merge {plan} --store {store} --out {out}` \
             makes the results"
        ));
        return Ok(Exit::Done);
    }
    let job = Job::new(command, global, &plan, &store, &out)?;
    let limit = match slurm::limit() {
        Err(why) if command.dry_run => {
            let usual = slurm::USUAL_LIMIT;
            console.say(&format!("note: {why}\nnote: taken for the limit of array indices is the usual one, {usual}"));
            usual
        }
        limit => limit.map_err(|why| Stop::Io(format!("{why}; nothing was submitted")))?,
    };
    let pieces = pieces(&wanted, limit);
    told_of_size(console, &plan, &missing, wanted.len());
    if command.dry_run {
        console.result(&job.told(&pieces))?;
        return Ok(Exit::Done);
    }
    job.write(&plan)?;
    job.submit(console, &pieces)
}

/// What is submitted, with absolute places: it is run from anywhere.
struct Job<'a> {
    command: &'a SweepSubmit,
    folder: PathBuf,
    out: PathBuf,
    run: String,
    merge: String,
}

impl Job<'_> {
    fn new<'a>(
        command: &'a SweepSubmit,
        global: &Global,
        plan: &Plan,
        store: &Store,
        out: &Path,
    ) -> Result<Job<'a>, Stop> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(|error| Stop::io("find", path, &error));
        let program = std::env::current_exe().map_err(|error| Stop::io("find", Path::new("stalegate"), &error))?;
        let folder = absolute(&store.folder().join("slurm"))?;
        let (copy, kept, out) = (folder.join("plan.json"), absolute(&command.store)?, absolute(out)?);
        let mut again = vec!["stalegate".into(), "sweep".into(), "submit".into(), shown(&absolute(&command.plan)?)];
        again.extend(["--store".into(), shown(&kept), "--engine".into(), "slurm".into(), "--out".into(), shown(&out)]);
        again.extend(command.at_once.map(|most| format!("--at-once {most}")));
        again.extend(global.jobs.map(|jobs| format!("--jobs {jobs}")));
        if !command.options.is_empty() {
            again.push("--".into());
            again.extend(command.options.iter().map(|word| quoted(word)));
        }
        let again = again.join(" ");
        let texts = Texts {
            name: &plan.scenario.name,
            program: told(&program)?,
            plan: told(&copy)?,
            store: told(&kept)?,
            out: told(&out)?,
            folder: told(&folder)?,
            jobs: global.jobs,
            again: &again,
        };
        let (run, merge) = (script::run(&texts), script::merge(&texts));
        Ok(Job { command, folder, out, run, merge })
    }

    /// Writes the scripts, and the plan beside them: what is queued means the same whatever becomes of the plan's file.
    fn write(&self, plan: &Plan) -> Result<(), Stop> {
        std::fs::create_dir_all(&self.folder).map_err(|error| Stop::io("write", &self.folder, &error))?;
        for (name, text) in [("plan.json", &plan.text()), ("run.sh", &self.run), ("merge.sh", &self.merge)] {
            write_whole(&self.folder.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    /// What `sbatch --parsable` gets for these shards.
    fn array(&self, piece: &Piece) -> Vec<String> {
        let mut words = vec![format!("--array={}", piece.array(self.command.at_once))];
        words.extend(self.command.options.iter().cloned());
        words.extend([self.folder.join("run.sh").display().to_string(), piece.offset.to_string()]);
        words
    }

    /// And for the job after these.
    fn after(&self, jobs: &[String]) -> Vec<String> {
        let mut words = vec![format!("--dependency=afterany:{}", jobs.join(":"))];
        words.extend(self.command.options.iter().cloned());
        words.push(self.folder.join("merge.sh").display().to_string());
        words
    }

    fn submit(&self, console: &Console, pieces: &[Piece]) -> Outcome {
        let mut jobs: Vec<String> = Vec::new();
        let submitted = |words: Vec<String>, jobs: &[String]| slurm::submit(&words).map_err(|why| left(&why, jobs));
        for piece in pieces {
            let job = submitted(self.array(piece), &jobs)?;
            if !console.json {
                console.result(&format!("job {job} plays {}\n", piece.told()))?;
            }
            jobs.push(job);
        }
        let merge = submitted(self.after(&jobs), &jobs)?;
        let out = self.out.display();
        if console.json {
            let arrays = jobs.iter().zip(pieces);
            let arrays: Vec<serde_json::Value> = arrays
                .map(|(job, piece)| serde_json::json!({ "job": job, "offset": piece.offset, "shards": piece.shards }))
                .collect();
            console.json_result(&serde_json::json!({ "engine": "slurm", "arrays": arrays, "merge": merge }))?;
        } else {
            console.result(&format!("job {merge} merges into {out}, or says what is missing\n"))?;
        }
        console.say(&format!("scripts and logs are in {}; nothing more is to be done here", self.folder.display()));
        Ok(Exit::Done)
    }

    /// What would be done, without doing it.
    fn told(&self, pieces: &[Piece]) -> String {
        let line = |words: &[String]| {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            format!("sbatch --parsable {}\n", words.join(" "))
        };
        let jobs: Vec<String> = (1..=pieces.len()).map(|number| format!("JOB{number}")).collect();
        let folder = self.folder.display();
        let arrays: String = pieces.iter().map(|piece| line(&self.array(piece))).collect();
        let (run, merge, after) = (&self.run, &self.merge, line(&self.after(&jobs)));
        format!("# {folder}/run.sh\n{run}\n# {folder}/merge.sh\n{merge}\n# submitted would be\n{arrays}{after}")
    }
}

/// A failure, and what was submitted before it.
fn left(why: &str, jobs: &[String]) -> Stop {
    if jobs.is_empty() {
        return Stop::Io(format!("{why}\nnothing was submitted that is known of"));
    }
    let (ids, list) = (jobs.join(" "), jobs.join(", "));
    Stop::Io(format!(
        "{why}\nsubmitted before that, and not merged by itself: {} {list}; `scancel {ids}` takes back what has not run, and \
         what runs counts: the same command later submits what is missing then",
        if jobs.len() == 1 { "job" } else { "jobs" }
    ))
}

/// Options that would undo what this command is for.
fn refuse_ours(options: &[String]) -> Result<(), Stop> {
    if let Some(first) = options.first().filter(|word| !word.starts_with('-')) {
        return Err(Stop::Bad(format!(
            "`{first}` is no option of sbatch; after `--` come options such as --time=1:00:00"
        )));
    }
    for word in options {
        let name = word.split('=').next().unwrap_or_default();
        let ours = OURS.iter().find(|(long, short)| {
            let long = name == *long || (name.len() > 4 && long.starts_with(name));
            long || (short.len() == 2 && word.starts_with(short))
        });
        if let Some((long, _)) = ours {
            return Err(Stop::Bad(format!(
                "`{word}` is for `sweep submit` to say ({long}); leave it out, or call sbatch yourself with the scripts that \
                 --dry-run prints"
            )));
        }
    }
    Ok(())
}

/// Says how much work there is, and where shards are too small, or there is but one.
fn told_of_size(console: &Console, plan: &Plan, missing: &[usize], shards: usize) {
    let events = plan.cost(missing.iter().copied());
    let (units, all) = (counted(missing.len(), "unit"), about(events, seconds(events)));
    console.say(&format!("{units} in {}, {all} on one thread", counted(shards, "shard")));
    let each = seconds(events) / f64::from(u32::try_from(shards).unwrap_or(u32::MAX));
    if plan.shards == 1 {
        console.say("note: the plan has one shard, which one task plays; `sweep plan --shards N` deals it to N");
    } else if each < LITTLE_S {
        console.say(&format!(
            "note: a shard is about {} of work, which is little beside starting it; fewer shards would do",
            span(each)
        ));
    }
}

fn told(path: &Path) -> Result<Place<'_>, Stop> {
    Place::of(path).ok_or_else(|| {
        Stop::Bad(format!(
            "{:?} cannot be written into a script for Slurm: it has a quotation mark, a backslash or something that is no text; \
             choose another name",
            path.to_string_lossy()
        ))
    })
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_sbatch_pass_but_those_that_are_ours() {
        let refused = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            refuse_ours(&words).is_err()
        };
        for words in [
            &["--array=0-3"][..],
            &["-a", "0"],
            &["-a0-3"],
            &["--time=1", "--dep=afterok:3"],
            &["--wait"],
            &["-W"],
            &["--wrap", "true"],
            &["mine.sh"],
        ] {
            assert!(refused(words), "{words:?}");
        }
        for words in [&[][..], &["--time=1:00:00", "--partition", "long", "-A", "team"], &["--wait-all-nodes=1", "-c4"]]
        {
            assert!(!refused(words), "{words:?}");
        }
    }
}
