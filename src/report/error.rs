//! What can go wrong when results are written, told with what to do about it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::folder::MANIFEST;

/// Something could not be written; says what, why, and what to do.
#[derive(Debug)]
pub struct WriteError {
    pub path: PathBuf,
    pub reason: Reason,
}

/// Why something could not be written.
#[derive(Debug)]
pub enum Reason {
    Io(io::Error),
    /// A file, not a folder, is in the place.
    NotAFolder,
    /// A folder that was not made by this program.
    Foreign,
    /// Another run is writing there.
    Busy,
    /// Files in a results folder that this program did not write.
    Added(Vec<String>),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Io(error) => write!(f, "cannot write {path}: {error}; {}", advice(error.kind())),
            Reason::NotAFolder => {
                write!(f, "cannot write {path}: a file is in the way; move it, or choose another folder with --out")
            }
            Reason::Busy => {
                write!(f, "another run is writing to {path}; wait for it, or choose another folder with --out")
            }
            Reason::Foreign => write!(
                f,
                "{path} is not empty and holds no results (no {MANIFEST}), so it is not replaced; choose another folder with --out"
            ),
            Reason::Added(names) => write!(
                f,
                "{path} holds what no run wrote there ({}), which replacing the folder would lose; move it away, or choose another folder with --out",
                names.join(", ")
            ),
        }
    }
}

impl std::error::Error for WriteError {}

fn advice(kind: ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) {
        "free some space, or choose another folder with --out; results that were there are kept"
    } else if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
        "choose a folder that you may write to with --out"
    } else {
        "choose another folder with --out; results that were there are kept"
    }
}
