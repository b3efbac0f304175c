//! `race FILE`: every order in which requests can meet in the token store, and what can come out.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::args::{Global, Race, Ties};
use super::compare::base_only;
use super::console::{Console, Exit, Outcome, Stop};
use crate::explore::answer::{Answer, Example};
use crate::explore::graph::{Extent, Limits};
use crate::explore::page::{self, Width};
use crate::explore::schedule::Schedule;
use crate::explore::settings::{Ask, Settings};
use crate::explore::{json, mermaid, token};
use crate::scenario;

/// Whoever waits longer is told how it goes.
const LONG: Duration = Duration::from_secs(1);

/// Explores the race of a scenario, or plays one of its schedules again.
pub fn run(console: &Console, global: &Global, command: &Race) -> Outcome {
    if global.out.is_some() {
        return Err(Stop::Bad("`race` prints its answer and writes no folder; `--mermaid` writes a diagram".into()));
    }
    let settings = settings(console, global, command)?;
    match &command.replay {
        Some(word) => replay(console, command, &settings, word),
        None => explore(console, global, command, &settings),
    }
}

fn settings(console: &Console, global: &Global, command: &Race) -> Result<Settings, Stop> {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    base_only(console, &loaded, &command.file);
    let ask = Ask {
        nodes: command.nodes.map(usize::from),
        requests: command.requests.map(usize::from),
        ties: match command.ties {
            Ties::Always => Some(true),
            Ties::Never => Some(false),
            Ties::Dialect => None,
        },
        crash: command.with_crash,
    };
    Settings::of(&loaded.scenario.world, ask).ok_or_else(|| {
        Stop::Bad(format!(
            "tokens of {} are in no database, so that no requests can race for one: `race` needs \
             `--set idp.persistence.mode=database`, or a scenario that says so",
            command.file.display()
        ))
    })
}

fn replay(console: &Console, command: &Race, settings: &Settings, word: &str) -> Outcome {
    let choices = token::read(settings, word).map_err(Stop::Bad)?;
    let diagram = command.mermaid.as_deref().map(Diagram::open).transpose()?;
    let schedule = Schedule::replay(settings, &choices);
    if let Some(diagram) = diagram {
        diagram.write(&mermaid::diagram(settings, &schedule))?;
    }
    if console.json {
        console.json_result(&json::replayed(settings, &schedule, word))?;
    } else {
        let text = format!("{}\n\n{}", settings.line(), page::schedule(&schedule, width(console)));
        console.result(&plain(console, text))?;
    }
    Ok(Exit::Done)
}

fn explore(console: &Console, global: &Global, command: &Race, settings: &Settings) -> Outcome {
    // Opened before the work starts: a diagram that cannot be written costs nobody a minute.
    let diagram = command.mermaid.as_deref().map(Diagram::open).transpose()?;
    let started = Instant::now();
    let answer = watched(console, command, settings, started);
    if started.elapsed() > LONG {
        console.say(&format!("explored in {:.1} s", started.elapsed().as_secs_f64()));
    }
    let word = answer.example.as_ref().map(|example| token::write(settings, &example.choices));
    match (diagram, &answer.example) {
        (Some(diagram), Some(Example { schedule, .. })) => diagram.write(&mermaid::diagram(settings, schedule))?,
        (Some(_), None) => console.complain("no diagram was written: no schedule came to its end"),
        (None, _) => {}
    }
    if console.json {
        console.json_result(&json::answer(&answer, word.as_deref().unwrap_or_default()))?;
    } else {
        let again = word.map(|word| again(global, command, settings, &word));
        console.result(&plain(console, page::answer(&answer, again.as_deref(), width(console))))?;
    }
    Ok(if answer.extent == Extent::Interrupted { Exit::Interrupted } else { Exit::Done })
}

/// Explores, with a line on the terminal if it lasts over a second.
fn watched(console: &Console, command: &Race, settings: &Settings, started: Instant) -> Answer {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let shown = Cell::new(console.quiet);
    let progress = |states: usize, open: usize| {
        if !shown.get() && started.elapsed() > LONG {
            shown.set(true);
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_message(format!("{states} states, {open} of them open"));
        bar.tick();
    };
    let stop = super::interrupt::watch(Exit::Interrupted);
    let max_states = usize::try_from(command.max_states).unwrap_or(usize::MAX);
    let answer = Answer::of(settings, &Limits { max_states, stop: &stop, progress: &progress });
    bar.finish_and_clear();
    answer
}

/// The command that plays the example again.
fn again(global: &Global, command: &Race, settings: &Settings, word: &str) -> String {
    let mut words = vec!["stalegate race".to_owned(), quoted(&command.file.display().to_string())];
    words.push(format!("--nodes {} --requests {}", settings.nodes, settings.requests));
    words.extend(global.set.iter().map(|set| format!("--set {}", quoted(set))));
    match command.ties {
        Ties::Always => words.push("--ties always".into()),
        Ties::Never => words.push("--ties never".into()),
        Ties::Dialect => {}
    }
    if command.with_crash {
        words.push("--with-crash".into());
    }
    words.push(format!("--replay {word}"));
    words.join(" ")
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn width(console: &Console) -> Width {
    Width(console.look().width.into())
}

fn plain(console: &Console, text: String) -> String {
    if console.look().unicode { text } else { text.replace('×', "x") }
}

/// A file for the diagram. One that was not there before, and that nothing is written to, does not stay.
struct Diagram<'a> {
    path: &'a Path,
    file: File,
    new: bool,
    written: bool,
}

impl Diagram<'_> {
    fn open(path: &Path) -> Result<Diagram<'_>, Stop> {
        let new = !path.exists();
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|error| Stop::io("write", path, &error))?;
        Ok(Diagram { path, file, new, written: false })
    }

    fn write(mut self, text: &str) -> Result<(), Stop> {
        self.written = true;
        let written = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|error| Stop::io("write", self.path, &error))
    }
}

impl Drop for Diagram<'_> {
    fn drop(&mut self) {
        if self.new && !self.written {
            let _ = fs::remove_file(self.path);
        }
    }
}
