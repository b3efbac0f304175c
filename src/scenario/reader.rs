//! What reading a scenario gathers on its way: texts, mistakes, files, and every resolved value with its origin.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Input;
use super::diagnostic::{Diagnostic, nearest};
use super::source::{self, At, Kind, Sources};

/// The state of reading one scenario.
#[derive(Debug, Default)]
pub struct Reader {
    pub sources: Sources,
    pub out: Vec<Diagnostic>,
    pub inputs: Vec<Input>,
    /// The texts of all files, by the names that messages show; `None`: files are read from the disk.
    pub texts: Option<Arc<BTreeMap<String, String>>>,
    /// Every table of the resolved scenario, in the order in which `show` prints them.
    pub resolved: Vec<Resolved>,
}

/// A resolved table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// As a file writes it: `[idp]`, `[[api]]`, `[policy.lifetime]`; empty at the top.
    pub header: String,
    /// As `--set` names it: `idp`, `api.orders`, `policy.hybrid.lifetime`.
    pub path: String,
    pub lines: Vec<Line>,
}

/// A resolved value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub key: &'static str,
    /// In TOML; `None` where the key is off or follows another.
    pub value: Option<String>,
    /// What the scenario's id is made of: as `value`, but for the contents of files instead of their names.
    pub canonical: String,
    /// `default`, `scenario.toml:12`, `preset hybrid`, `--set`, `idp.starting`.
    pub origin: String,
}

impl Reader {
    /// Notes a mistake.
    pub fn say(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// Reads a file that `at` names, relative to the file that `at` is in; says why not, if not. Returns the name to show,
    /// which never is more absolute than what the user wrote, and the text.
    pub fn read_beside(&mut self, at: &At, name: &str) -> Option<(String, String)> {
        let folder = match &self.sources.of(at).kind {
            Kind::File { folder } => folder.clone(),
            Kind::Argument | Kind::Preset | Kind::Deployment => PathBuf::new(),
        };
        self.read_file(&folder.join(name), Some(at))
    }

    /// Reads a file; says why not, if not.
    pub fn read_file(&mut self, path: &Path, at: Option<&At>) -> Option<(String, String)> {
        let shown = shown(path);
        let bytes = match self.bytes(path, &shown) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let missing = Diagnostic::new("E004", format!("the file {shown} does not exist"));
                let missing = match at {
                    Some(at) => missing.at(at, "named here").help("paths are relative to the file that names them"),
                    None => missing,
                };
                // Files that were handed over as texts are not on the disk, nor are their neighbours.
                let meant = if self.texts.is_none() { neighbour(path) } else { None };
                self.say(match meant {
                    Some(meant) => missing.help(format!("did you mean `{meant}`?")),
                    None => missing,
                });
                return None;
            }
            Err(error) => {
                let why = reason(&error);
                let unreadable = Diagnostic::new("E002", format!("cannot read {shown}: {why}"));
                self.say(unreadable.at_some(at, "named here"));
                return None;
            }
        };
        let hash = blake3::hash(&bytes).to_hex().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                let input = Input { name: shown.clone(), hash };
                if !self.inputs.contains(&input) {
                    self.inputs.push(input);
                }
                Some((shown, text))
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let line = source::line_at(error.as_bytes(), valid);
                let bad = format!("{shown} is not UTF-8: its byte {valid}, in line {line}, begins no character");
                self.say(Diagnostic::new("E003", bad).at_some(at, "named here").help("save the file as UTF-8"));
                None
            }
        }
    }

    fn bytes(&self, path: &Path, shown: &str) -> io::Result<Vec<u8>> {
        let Some(texts) = &self.texts else { return fs::read(path) };
        texts.get(shown).map(|text| text.clone().into_bytes()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// The resolved table of this path, to which a line is added.
    pub fn record(&mut self, header: &str, path: &str) {
        self.resolved.push(Resolved { header: header.to_owned(), path: path.to_owned(), lines: Vec::new() });
    }

    /// Adds a line to the table that was recorded last.
    pub fn line(&mut self, line: Line) {
        self.resolved.last_mut().expect("a table is recorded before its lines").lines.push(line);
    }

    /// Lets a file's content stand for its name in the scenario's id.
    pub fn canonical(&mut self, path: &str, key: &str, content: &str) {
        let lines = self.resolved.iter_mut().filter(|table| table.path == path).flat_map(|table| &mut table.lines);
        for line in lines.filter(|line| line.key == key) {
            content.clone_into(&mut line.canonical);
        }
    }
}

/// A path as messages and manifests name it: as the user wrote it, with `/` on every system.
fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// The file in the same folder, of the same kind, whose name is nearest to that of a file that is not there, as messages
/// show it.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let alike = files.filter(|file| file.extension() == path.extension() && file.is_file());
    let mut stems: Vec<String> = alike.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    stems.sort_unstable();
    let stem = nearest(path.file_stem()?.to_str()?, stems.iter().map(String::as_str))?;
    let name = path.extension().map_or_else(|| stem.into(), |ending| Path::new(stem).with_added_extension(ending));
    Some(shown(&path.with_file_name(name)))
}

/// Why the system refused, in words.
#[must_use]
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        ErrorKind::AlreadyExists => "it exists already".into(),
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
        kind => kind.to_string(),
    }
}
