//! Where text came from: files, command-line arguments, presets. Every value of a scenario points back into one of these.

use std::ops::Range;
use std::path::PathBuf;

/// A stretch of a source's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Position in [`Sources`].
    pub source: usize,
    pub span: Range<usize>,
}

/// What kind of text a source is, for the origin of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario file; paths in it are relative to this folder.
    File { folder: PathBuf },
    /// An argument of the command line.
    Argument,
    /// A preset that comes with the program.
    Preset,
    /// A product's own configuration.
    Deployment,
}

/// One text that values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A file as the user named it, `--set`, or a preset's name.
    pub name: String,
    pub text: String,
    pub kind: Kind,
}

/// Every text that was read, in the order of reading.
#[derive(Clone, Debug, Default)]
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// Keeps a text and says under which number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>, kind: Kind) -> usize {
        self.0.push(Source { name: name.into(), text: text.into(), kind });
        self.0.len() - 1
    }

    /// The source of a place.
    #[must_use]
    pub fn of(&self, at: &At) -> &Source {
        &self.0[at.source]
    }

    /// The text at a place.
    #[must_use]
    pub fn text(&self, at: &At) -> &str {
        self.of(at).text.get(at.span.clone()).unwrap_or("")
    }

    /// The line of a place, from 1.
    #[must_use]
    pub fn line(&self, at: &At) -> usize {
        line_at(self.of(at).text.as_bytes(), at.span.start)
    }

    /// In words, where a value comes from: `scenario.toml:12`, `--set`, `preset hybrid`.
    #[must_use]
    pub fn origin(&self, at: &At) -> String {
        let source = self.of(at);
        match source.kind {
            Kind::File { .. } | Kind::Deployment => format!("{}:{}", source.name, self.line(at)),
            Kind::Argument => source.name.clone(),
            Kind::Preset => format!("preset {}", source.name),
        }
    }
}

/// The line, from 1, of a position in a text.
#[must_use]
pub fn line_at(text: &[u8], position: usize) -> usize {
    text[..position.min(text.len())].split(|byte| *byte == b'\n').count()
}
