//! `init`: a commented scenario that runs as it is.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::args::{Global, Init};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario::diagnostic::nearest;
use crate::scenario::wso2;

/// A scenario to start from.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    pub name: &'static str,
    pub doc: &'static str,
    pub text: &'static str,
}

/// Every template. A new one is a file and a line here.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "idp-restart",
        doc: "a restart of the IdP that invalidates every token, and the cures; commented",
        text: include_str!("templates/idp-restart.toml"),
    },
    Template { name: "minimal", doc: "the fewest lines that run", text: include_str!("templates/minimal.toml") },
];

/// Prints a scenario, or writes it to `--out`.
pub fn run(console: &Console, global: &Global, command: &Init) -> Outcome {
    let text = match &command.from_wso2 {
        Some(path) => from_wso2(console, path)?,
        None => template(&command.template)?.text.to_owned(),
    };
    match &global.out {
        Some(path) => {
            write_new(path, &text)?;
            console.say(&format!("wrote {0}; next: stalegate compare {0}", path.display()));
        }
        None => console.result(&text)?,
    }
    Ok(Exit::Done)
}

fn template(wanted: &str) -> Result<&'static Template, Stop> {
    TEMPLATES.iter().find(|template| template.name == wanted).ok_or_else(|| {
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        let hint = nearest(wanted, names.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
        Stop::Bad(format!(
            "there is no template `{wanted}`{} (there are {})",
            hint.unwrap_or_default(),
            names.join(", ")
        ))
    })
}

fn from_wso2(console: &Console, path: &Path) -> Result<String, Stop> {
    match wso2::init(path) {
        Ok((text, notes)) => {
            console.diagnostics(&notes);
            Ok(text)
        }
        Err(mistakes) => Err(Stop::Mistakes(Box::new(mistakes))),
    }
}

/// Writes a file that is not there yet; nothing is left of it when it cannot be written whole.
fn write_new(path: &Path, text: &str) -> Result<(), Stop> {
    let mut file = File::create_new(path).map_err(|error| Stop::io("write", path, &error))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        Stop::io("write", path, &error)
    })
}
