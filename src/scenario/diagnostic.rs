//! A user's mistakes, all of them at once, told like a compiler's: where, what was expected, what to do next.

use std::borrow::Cow;
use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::codes::{self, Severity};
use super::source::{At, Kind, Sources};

/// One mistake, warning or note.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// `E010`; explained by `stalegate explain-code E010`.
    pub code: &'static str,
    pub message: String,
    pub at: Option<At>,
    /// Beside the marked text.
    pub label: String,
    /// Another place that matters.
    pub also: Option<(At, String)>,
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic that points nowhere yet.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, message: message.into(), at: None, label: String::new(), also: None, helps: Vec::new() }
    }

    /// Points at a place.
    #[must_use]
    pub fn at(self, at: &At, label: impl Into<String>) -> Diagnostic {
        Diagnostic { at: Some(at.clone()), label: label.into(), ..self }
    }

    /// Points at a place, if there is one.
    #[must_use]
    pub fn at_some(self, at: Option<&At>, label: impl Into<String>) -> Diagnostic {
        match at {
            Some(at) => self.at(at, label),
            None => self,
        }
    }

    /// Points at a second place too.
    #[must_use]
    pub fn also(self, at: &At, label: impl Into<String>) -> Diagnostic {
        Diagnostic { also: Some((at.clone(), label.into())), ..self }
    }

    /// Points at a second place too, if there is one.
    #[must_use]
    pub fn also_some(self, at: Option<&At>, label: impl Into<String>) -> Diagnostic {
        match at {
            Some(at) => self.also(at, label),
            None => self,
        }
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.helps.push(help.into());
        self
    }

    /// Suggests the nearest of these names, if one is near.
    #[must_use]
    pub fn nearest<'a>(self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match nearest(word, names) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        codes::severity(self.code)
    }
}

/// The name nearest to a word, if one is near enough to be meant. Among equals the first wins.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let wanted = plain(word);
    let bound = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &plain(name)), name))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Diagnostics together with the texts that they point into.
#[derive(Clone, Default)]
pub struct Diagnostics {
    pub sources: Sources,
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Whether anything forbids a run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// How many mistakes there are.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count()
    }

    /// Whether something could not be read at all, which exits otherwise than a mistake does.
    #[must_use]
    pub fn has_unreadable(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.code == "E002")
    }

    /// By source and place, so that they read like the file; what has no place comes first.
    pub fn sort(&mut self) {
        let place = |at: &Option<At>| at.as_ref().map(|at| (at.source, at.span.start, at.span.end));
        self.list.sort_by(|a, b| (place(&a.at), a.code, &a.message).cmp(&(place(&b.at), b.code, &b.message)));
        self.list.dedup_by(|a, b| a.at == b.at && a.code == b.code && a.message == b.message);
    }

    /// As text for a terminal, each followed by an empty line.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let told = self.list.iter().flat_map(|diagnostic| [self.one(&renderer, diagnostic), "\n\n".to_owned()]);
        told.collect()
    }

    fn one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
        let mut group = Group::with_title(title);
        for snippet in self.snippets(diagnostic) {
            group = group.element(snippet);
        }
        for help in &diagnostic.helps {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    /// One snippet a source: two marks in one text share it.
    fn snippets<'a>(&'a self, diagnostic: &'a Diagnostic) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let Some(at) = &diagnostic.at else { return Vec::new() };
        let mut first = self.snippet(at).annotation(self.mark(AnnotationKind::Primary, at, &diagnostic.label));
        let Some((other, label)) = &diagnostic.also else { return vec![first] };
        let mark = self.mark(AnnotationKind::Context, other, label);
        if other.source == at.source {
            first = first.annotation(mark);
            return vec![first];
        }
        vec![first, self.snippet(other).annotation(mark)]
    }

    fn snippet(&self, at: &At) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let source = self.sources.of(at);
        let path = match source.kind {
            Kind::Preset => Cow::Owned(format!("preset {}", source.name)),
            Kind::File { .. } | Kind::Argument | Kind::Deployment => Cow::Borrowed(source.name.as_str()),
        };
        Snippet::source(&source.text).path(path)
    }

    /// A span inside the text and on character boundaries, whatever a parser said.
    fn mark<'a>(&self, kind: AnnotationKind, at: &At, label: &'a str) -> annotate_snippets::Annotation<'a> {
        let text = &self.sources.of(at).text;
        let clamp = |mut index: usize| {
            index = index.min(text.len());
            while !text.is_char_boundary(index) {
                index -= 1;
            }
            index
        };
        let start = clamp(at.span.start);
        let mark = kind.span(start..clamp(at.span.end).max(start));
        if label.is_empty() { mark } else { mark.label(label) }
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_if_it_is_near() {
        let names = ["token_lifetime", "token_format", "workers"];
        assert_eq!(nearest("token-lifetim", names), Some("token_lifetime"));
        assert_eq!(nearest("wrokers", names), Some("workers"));
        assert_eq!(nearest("colour", names), None);
    }
}
