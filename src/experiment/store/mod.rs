//! Where the results of units are kept until they are merged: a folder to which any number of runs may add at once. Each attempt
//! has a file of its own, a segment, to which it only appends; nobody locks, renames or changes anything. docs/plan.md has the
//! format.

mod index;
mod segment;

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

pub use index::{Corrupt, Foreign, Index, Place};
pub use segment::Writer;

use super::plan::Plan;
use crate::scenario::reader::reason;

/// What the names of segments end with.
const ENDING: &str = "seg";

/// The part of a store that belongs to a plan.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// Something of a store could not be read or written; says what, why, and what to do.
#[derive(Debug)]
pub struct StoreError {
    pub doing: Doing,
    pub path: PathBuf,
    pub error: io::Error,
}

/// What could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Read,
    Write,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreError { doing, path, error } = self;
        let (path, why) = (path.display(), reason(error));
        match doing {
            Doing::Read => write!(f, "cannot read {path}: {why}"),
            Doing::Write => write!(f, "cannot write {path}: {why}; {}", advice(error.kind())),
        }
    }
}

impl std::error::Error for StoreError {}

fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space and run it again: what is in the store is kept, and not run again"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "choose a store that you may write to",
        _ => "what is in the store is kept, and not run again",
    }
}

impl Store {
    /// The part of the store in `folder` that belongs to a plan; it need not be there yet.
    #[must_use]
    pub fn of(folder: &Path, plan: &Plan) -> Store {
        Store { folder: folder.join(plan.id()) }
    }

    /// Where the segments of the plan are; it need not be there yet.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a segment, under a name that nobody else has.
    pub fn writer(&self, attempt: &str) -> Result<Writer, StoreError> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            |error| StoreError { doing: Doing::Write, path, error }
        };
        fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let path = self.folder.join(format!("{attempt}.{ENDING}"));
        let writer = Writer::create(&path).map_err(at(&path))?;
        for folder in self.folder.ancestors().take(3) {
            sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        }
        Ok(writer)
    }

    /// What there is of a plan. Others may add to it meanwhile.
    pub fn index(&self, plan: &Plan) -> Result<Index, StoreError> {
        Index::of(&self.folder, plan)
    }

    /// Removes the segments, and the folders that are empty then.
    pub fn remove(&self) -> Result<(), StoreError> {
        for path in segments(&self.folder)? {
            let at = |error| StoreError { doing: Doing::Write, path: path.clone(), error };
            fs::remove_file(&path).map_err(at)?;
        }
        // A folder that somebody keeps something else in stays.
        let _ = fs::remove_dir(&self.folder);
        if let Some(above) = self.folder.parent() {
            let _ = fs::remove_dir(above);
        }
        Ok(())
    }
}

/// The segments in a folder, by their names; none, where there is no folder.
fn segments(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let at = |error| StoreError { doing: Doing::Read, path: folder.to_path_buf(), error };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(at)?.path();
        // Folders and pipes of that name are none.
        if path.extension().is_some_and(|ending| ending == ENDING) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Makes the names in a folder durable, where the system lets us: not every file system can, and what it keeps is no less true.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
