//! The scripts that Slurm gets: one plays a shard, one merges. Nothing in them waits for anything or asks Slurm what became of it:
//! what is in the store is all that counts.

use std::path::Path;

/// What the scripts are made of.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// The scenario's name.
    pub name: &'a str,
    pub program: Place<'a>,
    /// The plan's copy beside the scripts.
    pub plan: Place<'a>,
    pub store: Place<'a>,
    /// Where the results go.
    pub out: Place<'a>,
    /// Where the scripts and their logs are.
    pub folder: Place<'a>,
    /// Threads; as many as Slurm gives to a task, if absent.
    pub jobs: Option<u32>,
    /// The command that goes on where this one ends.
    pub again: &'a str,
}

/// An absolute path that both Slurm and a shell can be told.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a>(&'a str);

impl<'a> Place<'a> {
    /// `None` where it cannot be written into a script's `#SBATCH` lines.
    pub fn of(path: &'a Path) -> Option<Place<'a>> {
        let told = path.to_str()?;
        (!told.contains(['"', '\\']) && !told.contains(char::is_control)).then_some(Place(told))
    }

    fn quoted(self) -> String {
        quoted(self.0)
    }

    /// As a part of `--output`, where `%` is the beginning of a name that Slurm puts in.
    fn pattern(self) -> String {
        self.0.replace('%', "%%")
    }
}

/// One word for a shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,%+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// `run.sh`: the shard of `SLURM_ARRAY_TASK_ID` and what its first argument adds to that.
pub fn run(of: &Texts<'_>) -> String {
    let Texts { program, plan, store, .. } = of;
    let (head, jobs) = (head(of, "", "%A_%a.log"), jobs(of));
    format!(
        "{head}#SBATCH --signal=B:USR1@60\n\
         # Written by `stalegate sweep submit`. A task of the array plays a shard of the plan; what is in the store is not played\n\
         # again. USR1, a minute before its time is over, ends it with exit code 75, all that it has played in the store.\n\
         # The argument is added to SLURM_ARRAY_TASK_ID. By hand: sbatch --array=3,7-9 run.sh 0\n\
         exec {} sweep run {} --store {} --shard env --shard-offset \"${{1:-0}}\" --jobs {jobs}\n",
        program.quoted(),
        plan.quoted(),
        store.quoted()
    )
}

/// `merge.sh`: the results, or what is missing.
pub fn merge(of: &Texts<'_>) -> String {
    let Texts { program, plan, store, out, again, .. } = of;
    let (head, jobs, program) = (head(of, "-merge", "merge-%j.log"), jobs(of), program.quoted());
    let again = quoted(&format!("not merged; this plays what is missing: {again}"));
    let asked = format!("{} --store {}", plan.quoted(), store.quoted());
    format!(
        "{head}# Written by `stalegate sweep submit`. It begins when all shards have ended, well or not.\n\
         {program} sweep status {asked} || {{\n  code=$?\n  echo {again}\n  exit $code\n}}\n\
         exec {program} sweep merge {asked} --out {} --jobs {jobs}\n",
        out.quoted()
    )
}

fn head(of: &Texts<'_>, what: &str, log: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = of.name.chars().map(plain).collect();
    format!(
        "#!/bin/sh\n\
         #SBATCH --job-name=stalegate-{name}{what}\n\
         #SBATCH --output=\"{}/{log}\"\n\
         #SBATCH --open-mode=append\n\
         #SBATCH --requeue\n",
        of.folder.pattern()
    )
}

fn jobs(of: &Texts<'_>) -> String {
    of.jobs.map_or_else(|| "\"${SLURM_CPUS_PER_TASK:-1}\"".into(), |jobs| jobs.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(place: &str) -> Texts<'_> {
        let place = Place::of(Path::new(place)).unwrap();
        Texts {
            name: "a b",
            program: place,
            plan: place,
            store: place,
            out: place,
            folder: place,
            jobs: None,
            again: "stalegate sweep submit 'my plan'",
        }
    }

    #[test]
    fn paths_with_blanks_quotes_and_percent_signs_stay_what_they_are() {
        let run = run(&texts("/x y/it's 5%"));
        assert!(run.contains("#SBATCH --output=\"/x y/it's 5%%/%A_%a.log\"\n"), "{run}");
        assert!(run.contains("\nexec '/x y/it'\\''s 5%' sweep run '/x y/it'\\''s 5%' --store "), "{run}");
        assert!(run.contains("#SBATCH --job-name=stalegate-a-b\n"), "{run}");
        let merge = merge(&texts("/x"));
        assert!(
            merge.contains("echo 'not merged; this plays what is missing: stalegate sweep submit '\\''my plan'\\'''\n")
        );
    }

    #[test]
    fn what_slurm_cannot_be_told_is_no_place() {
        for path in ["/a\nb", "/a\"b", "/a\\b", "/a\u{1b}b"] {
            assert!(Place::of(Path::new(path)).is_none(), "{path}");
        }
    }
}
