//! A results folder is written beside its place and renamed into it: whoever looks sees the old one or the new one, never half.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::{Reason, WriteError};

/// Says that a folder is one of ours; written last.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Says that a folder is one of ours, and not complete.
const UNFINISHED: &str = ".unfinished";
/// What is in a results folder without a hash.
const ADDED: [&str; 1] = [super::page::NAME];

/// A results folder in the making.
#[derive(Debug)]
pub struct Folder {
    place: PathBuf,
    beside: PathBuf,
    hashes: BTreeMap<String, String>,
    committed: bool,
    /// Locked while this run writes: another run into the same place is refused.
    _lock: File,
}

/// A file of the folder that is written piece by piece, and hashed on the way.
#[derive(Debug)]
pub struct Output {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl Folder {
    /// Begins the folder beside `place`, whose parents are made where they are missing.
    pub fn create(place: &Path) -> Result<Folder, WriteError> {
        // A link to a folder stays a link: the folder that it points to is replaced.
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
        check_replaceable(&place)?;
        let beside = sibling(&place, "new");
        if place.exists() {
            // Better told now than when all is simulated.
            remove_ours(&sibling(&place, "old"))?;
        }
        let busy = || WriteError { path: place.clone(), reason: Reason::Busy };
        let marker = beside.join(UNFINISHED);
        if File::open(&marker).is_ok_and(|file| file.try_lock().is_err()) {
            return Err(busy());
        }
        remove_ours(&beside)?;
        fs::create_dir_all(beside.parent().unwrap_or(Path::new("."))).map_err(at(&beside))?;
        match fs::create_dir(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(busy()),
            made => made.map_err(at(&beside))?,
        }
        let mut lock = File::create(&marker).map_err(at(&marker))?;
        lock.try_lock().map_err(|_| busy())?;
        lock.write_all(b"a run is writing here, or was killed\n").map_err(at(&marker))?;
        Ok(Folder { place, beside, hashes: BTreeMap::new(), committed: false, _lock: lock })
    }

    /// Writes one file.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let mut output = self.output(name)?;
        output.write(bytes)?;
        self.close(output)
    }

    /// Writes a view of what other files hold: the manifest does not tell of it.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.write(name, bytes)?;
        self.hashes.remove(name);
        Ok(())
    }

    /// Opens a file to be written piece by piece; [`Folder::close`] completes it.
    pub fn output(&self, name: &str) -> Result<Output, WriteError> {
        let path = self.beside.join(name);
        let file = File::create(&path).map_err(at(&path))?;
        Ok(Output { name: name.into(), path, file: BufWriter::new(file), hasher: blake3::Hasher::new() })
    }

    /// Completes a file.
    pub fn close(&mut self, mut output: Output) -> Result<(), WriteError> {
        output.file.flush().and_then(|()| output.file.get_ref().sync_all()).map_err(at(&output.path))?;
        self.hashes.insert(output.name, output.hasher.finalize().to_hex().to_string());
        Ok(())
    }

    /// The blake3 hash (hex) of every file completed so far, by name.
    #[must_use]
    pub fn hashes(&self) -> &BTreeMap<String, String> {
        &self.hashes
    }

    /// Puts the folder into its place, and removes what was there.
    pub fn commit(mut self) -> Result<(), WriteError> {
        check_replaceable(&self.place)?;
        let marker = self.beside.join(UNFINISHED);
        let old = sibling(&self.place, "old");
        if self.place.exists() {
            remove_ours(&old)?;
            fs::rename(&self.place, &old).map_err(at(&self.place))?;
        }
        if let Err(error) = fs::rename(&self.beside, &self.place) {
            if old.exists() {
                fs::rename(&old, &self.place).map_err(at(&old))?;
            }
            return Err(at(&self.place)(error));
        }
        self.committed = true;
        let marker = self.place.join(marker.file_name().unwrap_or_default());
        fs::remove_file(&marker).map_err(at(&marker))?;
        remove_ours(&old)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed is recognised by its marker and removed by the next run.
            let _ = fs::remove_dir_all(&self.beside);
        }
    }
}

impl Output {
    /// Appends to the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(at(&self.path))
    }
}

/// A name beside the place that nobody gives to results of his own: `.results.stalegate-new`.
fn sibling(place: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(".stalegate-");
    name.push(ending);
    place.with_file_name(name)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    |error| WriteError { path: path.to_path_buf(), reason: Reason::Io(error) }
}

/// Nothing, an empty folder, or a results folder with nothing in it that we did not write.
fn check_replaceable(place: &Path) -> Result<(), WriteError> {
    let refuse = |reason| Err(WriteError { path: place.to_path_buf(), reason });
    match fs::metadata(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return refuse(Reason::Io(error)),
        Ok(there) if !there.is_dir() => return refuse(Reason::NotAFolder),
        Ok(_) => {}
    }
    let names = names_in(place)?;
    if names.is_empty() {
        return Ok(());
    }
    if !names.iter().any(|name| name == MANIFEST || name == UNFINISHED) {
        return refuse(Reason::Foreign);
    }
    let known = files_in_manifest(place);
    let ours = |name: &String| {
        known.contains(name) || ADDED.contains(&name.as_str()) || name == MANIFEST || name == UNFINISHED
    };
    let added: Vec<String> = names.into_iter().filter(|name| !ours(name)).collect();
    if added.is_empty() { Ok(()) } else { refuse(Reason::Added(added)) }
}

fn names_in(place: &Path) -> Result<Vec<String>, WriteError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(place).map_err(at(place))? {
        names.push(entry.map_err(at(place))?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

fn files_in_manifest(place: &Path) -> Vec<String> {
    let manifest: serde_json::Value = fs::read(place.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(serde_json::Value::Null);
    manifest["files"].as_object().map(|files| files.keys().cloned().collect()).unwrap_or_default()
}

/// Removes a folder that a run left behind; any other folder is somebody's.
fn remove_ours(path: &Path) -> Result<(), WriteError> {
    if !path.exists() {
        return Ok(());
    }
    if !path.is_dir() {
        return Err(WriteError { path: path.to_path_buf(), reason: Reason::NotAFolder });
    }
    let names = names_in(path)?;
    if names.is_empty() || names.iter().any(|name| name == UNFINISHED || name == MANIFEST) {
        return fs::remove_dir_all(path).map_err(at(path));
    }
    Err(WriteError { path: path.to_path_buf(), reason: Reason::Foreign })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_into_the_same_place_is_refused_while_the_first_one_writes() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        let first = Folder::create(&place).unwrap();
        let second = Folder::create(&place).unwrap_err();
        assert!(second.to_string().starts_with("another run is writing to"), "{second}");
        drop(first);
        Folder::create(&place).unwrap();
    }

    fn complete(place: &Path, text: &str) -> Result<(), WriteError> {
        let mut folder = Folder::create(place)?;
        folder.write("summary.csv", text.as_bytes())?;
        let files = serde_json::json!({ "files": folder.hashes() });
        folder.write(MANIFEST, files.to_string().as_bytes())?;
        folder.commit()
    }

    #[test]
    fn the_old_folder_stays_until_the_new_one_is_complete() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("deep/er/results");
        complete(&place, "one").unwrap();
        let mut second = Folder::create(&place).unwrap();
        second.write("summary.csv", b"half").unwrap();
        assert_eq!(fs::read_to_string(place.join("summary.csv")).unwrap(), "one");
        drop(second);
        assert_eq!(names_in(place.parent().unwrap()).unwrap(), ["results"]);
        complete(&place, "two").unwrap();
        assert_eq!(fs::read_to_string(place.join("summary.csv")).unwrap(), "two");
        assert_eq!(names_in(&place).unwrap(), ["manifest.json", "summary.csv"]);
        assert_eq!(names_in(place.parent().unwrap()).unwrap(), ["results"]);
    }

    #[test]
    fn a_killed_run_is_cleaned_up_by_the_next() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        // What a killed process leaves: its folder and its marker, without the lock.
        fs::create_dir(root.path().join(".results.stalegate-new")).unwrap();
        fs::write(root.path().join(".results.stalegate-new").join(UNFINISHED), "").unwrap();
        assert_eq!(names_in(root.path()).unwrap(), [".results.stalegate-new"]);
        complete(&place, "one").unwrap();
        assert_eq!(names_in(root.path()).unwrap(), ["results"]);
    }

    #[test]
    fn what_is_not_ours_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("thesis");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("chapter.txt"), "years of work").unwrap();
        let refused = Folder::create(&place).unwrap_err().to_string();
        assert!(refused.contains("thesis is not empty and holds no results"), "{refused}");
        fs::create_dir(root.path().join(".other.stalegate-new")).unwrap();
        fs::write(root.path().join(".other.stalegate-new/mine"), "").unwrap();
        assert!(Folder::create(&root.path().join("other")).is_err());
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Folder::create(&file).unwrap_err().to_string().contains("a file is in the way"));
        assert_eq!(fs::read_to_string(place.join("chapter.txt")).unwrap(), "years of work");
    }

    #[test]
    fn results_that_were_renamed_stay() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        for kept in ["results.old", "results.new"] {
            complete(&place, "one").unwrap();
            fs::rename(&place, root.path().join(kept)).unwrap();
        }
        complete(&place, "two").unwrap();
        complete(&place, "three").unwrap();
        assert_eq!(names_in(root.path()).unwrap(), ["results", "results.new", "results.old"]);
    }

    #[test]
    fn notes_added_to_results_are_not_lost() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        complete(&place, "one").unwrap();
        fs::write(place.join("report.html"), "ours").unwrap();
        complete(&place, "two").unwrap();
        fs::write(place.join("notes.md"), "mine").unwrap();
        let refused = complete(&place, "three").unwrap_err().to_string();
        assert!(refused.contains("(notes.md)"), "{refused}");
        assert_eq!(fs::read_to_string(place.join("notes.md")).unwrap(), "mine");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_names_the_file_and_what_to_do() {
        // The device that is always full.
        let mut output = Output {
            name: "full".into(),
            path: "/dev/full".into(),
            file: BufWriter::new(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()),
            hasher: blake3::Hasher::new(),
        };
        let error = output.write(&vec![b'x'; 100_000]).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /dev/full: ") && error.contains("free some space"), "{error}");
    }
}
