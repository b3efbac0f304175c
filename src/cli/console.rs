//! What a user sees: results on stdout, everything else on stderr, and the exit code.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use super::args::{Color, Global};
use crate::report::table::Look;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::reader::reason;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; all that was asked held.
    Done = 0,
    /// An expectation failed, or a regression.
    Failed = 1,
    /// A bad command line or scenario; nothing was run.
    Bad = 2,
    /// Undecided, where that was to count.
    Undecided = 3,
    /// Could not read or write.
    Io = 4,
    /// What has to be the same every time was not.
    Differs = 5,
    /// `sweep run`: a plan that no retry makes better.
    BadPlan = 64,
    /// `sweep run`: a unit that no retry can cure.
    BadUnit = 65,
    /// The model broke one of its invariants.
    Broken = 70,
    /// `sweep run`: interrupted, and all that was played is durable; to be run again.
    RunAgain = 75,
    /// Ctrl-C; what was finished is kept and said.
    Interrupted = 130,
}

impl Exit {
    /// As the system gets it.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command could not do what it was told.
#[derive(Debug)]
pub enum Stop {
    /// Bad command line: one line, lower case.
    Bad(String),
    /// A plan that cannot be run, and that no retry makes better.
    Plan(String),
    /// What has to be the same every time was not: one line.
    Differs(String),
    /// A scenario with mistakes.
    Mistakes(Box<Diagnostics>),
    /// A file that could not be read or written: one line that names it.
    Io(String),
    /// The model broke one of its invariants: a bug, told with what shows it again.
    Broken(String),
    /// Whoever read our output has gone, and wants no more.
    Gone,
}

/// What a command returns.
pub type Outcome = Result<Exit, Stop>;

impl Stop {
    /// A file that could not be read or written.
    #[must_use]
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Stop {
        Stop::Io(format!("cannot {doing} {}: {}", path.display(), reason(error)))
    }
}

/// Where output goes, and how.
#[derive(Clone, Debug)]
pub struct Console {
    pub colour: bool,
    pub quiet: bool,
    pub verbose: bool,
    pub json: bool,
}

impl Console {
    /// As the arguments and the surroundings say.
    #[must_use]
    pub fn new(global: &Global) -> Console {
        let colour = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !refused && !dumb && io::stderr().is_terminal()
            }
        };
        Console { colour, quiet: global.quiet, verbose: global.verbose, json: global.json }
    }

    /// How tables want to look on the standard output.
    #[must_use]
    pub fn look(&self) -> Look {
        let width = terminal_size::terminal_size().map_or(100, |(width, _)| width.0);
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let unicode = locale.is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Look { width, unicode, colour: self.colour && io::stdout().is_terminal() }
    }

    /// Prints a result.
    pub fn result(&self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::Gone,
            _ => Stop::Io(format!("cannot write to the standard output: {}", reason(&error))),
        })
    }

    /// Prints a result as JSON.
    pub fn json_result(&self, value: &serde_json::Value) -> Result<(), Stop> {
        self.result(&format!("{value:#}\n"))
    }

    /// Says something beside the results, unless told to be quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says what went wrong.
    pub fn complain(&self, text: &str) {
        // If nobody listens on stderr either, the exit code still tells.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Warnings and notes; only those that forbid a run, when quiet.
    pub fn diagnostics(&self, diagnostics: &Diagnostics) {
        if (!self.quiet || diagnostics.has_errors()) && !diagnostics.list.is_empty() {
            self.complain(diagnostics.render(self.colour).trim_end_matches('\n'));
        }
    }

    /// Says why a command stopped, and with which code it exits.
    #[must_use]
    pub fn finish(&self, outcome: Outcome) -> Exit {
        match outcome {
            Ok(exit) => exit,
            Err(Stop::Gone) => Exit::Done,
            Err(Stop::Broken(why)) => {
                self.complain(&format!("bug: {why}"));
                Exit::Broken
            }
            Err(Stop::Bad(why)) => {
                self.complain(&format!("error: {why}"));
                Exit::Bad
            }
            Err(Stop::Plan(why)) => {
                self.complain(&format!("error: {why}"));
                Exit::BadPlan
            }
            Err(Stop::Differs(why)) => {
                self.complain(&format!("error: {why}"));
                Exit::Differs
            }
            Err(Stop::Io(why)) => {
                self.complain(&format!("error: {why}"));
                Exit::Io
            }
            Err(Stop::Mistakes(diagnostics)) => {
                self.diagnostics(&diagnostics);
                exit_of(&diagnostics)
            }
        }
    }
}

/// The exit code of a scenario with mistakes.
#[must_use]
pub fn exit_of(diagnostics: &Diagnostics) -> Exit {
    if diagnostics.has_unreadable() { Exit::Io } else { Exit::Bad }
}
