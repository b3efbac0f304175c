//! `report DIR`: the page of a results folder, drawn again from its report.json.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::args::{Global, Report};
use super::console::{Console, Exit, Outcome, Stop};
use super::replay::{Manifest, manifest};
use super::work::write_whole;
use crate::report::folder::MANIFEST;
use crate::report::page;

/// Draws the page into the folder, or where `--out` says.
pub fn run(console: &Console, global: &Global, command: &Report) -> Outcome {
    if !global.set.is_empty() || global.seed.is_some() {
        return Err(Stop::Bad("a page is drawn from results that are there: no --set, no --seed".into()));
    }
    let (folder, data) = (&command.folder, command.folder.join(page::DATA));
    if !folder.is_dir() {
        return Err(Stop::Bad(format!("{} is no folder: name the one that has {MANIFEST}", folder.display())));
    }
    let manifest = manifest(&folder.join(MANIFEST))?;
    let page = page::read(&text(&data, &manifest)?).map_err(|why| Stop::Bad(format!("{}: {why}", data.display())))?;
    let place = global.out.clone().unwrap_or_else(|| folder.join(page::NAME));
    if place.is_dir() {
        return Err(Stop::Bad(format!("--out {} is a folder: name the file", place.display())));
    }
    write_whole(&place, page::html(&page).as_bytes())?;
    if console.json {
        console.json_result(&serde_json::json!({ "page": place }))?;
    } else {
        console.result(&format!("{}\n", place.display()))?;
    }
    Ok(Exit::Done)
}

/// The text of report.json, if it is the one that the manifest tells of.
fn text(data: &Path, manifest: &Manifest) -> Result<String, Stop> {
    let again = |command: &[String]| format!("run its command again: {}", page::command(command));
    let bytes = match std::fs::read(data) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let shown = PathBuf::from(data.file_name().unwrap_or_default());
            let folder = data.parent().unwrap_or(data).display();
            let how = again(&manifest.command);
            return Err(Stop::Bad(format!("{folder} has no {}, which a page is drawn from; {how}", shown.display())));
        }
        Err(error) => return Err(Stop::io("read", data, &error)),
    };
    let is = blake3::hash(&bytes).to_hex();
    if manifest.files.get(page::DATA).is_none_or(|hash| hash != is.as_str()) {
        let how = again(&manifest.command);
        return Err(Stop::Bad(format!("{} is not the file that {MANIFEST} tells of; {how}", data.display())));
    }
    String::from_utf8(bytes).map_err(|error| Stop::Bad(format!("{}: {error}", data.display())))
}
