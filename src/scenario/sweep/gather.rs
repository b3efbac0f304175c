//! What is wrong at the points, each thing told once, with the points at which it is.

use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::source::{At, Sources};

/// The diagnostics of many points, with one list of texts.
pub struct Gathered {
    sources: Sources,
    seen: Vec<Seen>,
    points: usize,
}

struct Seen {
    diagnostic: Diagnostic,
    first: usize,
    points: usize,
}

impl Gathered {
    /// Nothing yet; the points share these texts.
    pub fn new(sources: &Sources) -> Gathered {
        Gathered { sources: sources.clone(), seen: Vec::new(), points: 0 }
    }

    /// Adds what is told of the next point.
    pub fn add(&mut self, diagnostics: Diagnostics) {
        for mut diagnostic in diagnostics.list {
            adopt(&mut self.sources, &mut diagnostic, &diagnostics.sources);
            match self.seen.iter_mut().find(|seen| same(&seen.diagnostic, &diagnostic)) {
                Some(seen) => {
                    seen.points += 1;
                    if diagnostic.code == "W011" && seen.diagnostic.label != diagnostic.label {
                        seen.diagnostic.label = "how many of them would have waited differs from point to point".into();
                    }
                }
                None => self.seen.push(Seen { diagnostic, first: self.points, points: 1 }),
            }
        }
        self.points += 1;
    }

    /// All of it, in order. What is not so at every point, and not where the sweep says it, says where. A setting that is
    /// without effect at some points is there for the others.
    pub fn finish(mut self, all: usize, places: &[&At], told: impl Fn(usize) -> String) -> Diagnostics {
        let idle = |seen: &Seen| seen.diagnostic.code == "W008";
        let places_of_idle: Vec<(Option<At>, usize)> =
            self.seen.iter().filter(|seen| idle(seen)).map(|seen| (seen.diagnostic.at.clone(), seen.points)).collect();
        let points_at = |at: &Option<At>| -> usize {
            places_of_idle.iter().filter(|(other, _)| other == at).map(|(_, points)| points).sum()
        };
        let inside = |at: &At| {
            let holds = |value: &&At| {
                value.source == at.source && value.span.start <= at.span.start && at.span.end <= value.span.end
            };
            places.iter().any(holds)
        };
        let swept = |seen: &Seen| seen.diagnostic.at.as_ref().is_some_and(inside);
        self.seen.retain(|seen| !idle(seen) || swept(seen) || points_at(&seen.diagnostic.at) >= all);
        let list = self.seen.into_iter().map(|seen| {
            let Seen { diagnostic, first, points } = seen;
            if points == all || diagnostic.at.as_ref().is_some_and(inside) {
                return diagnostic;
            }
            let others = match points - 1 {
                0 => String::new(),
                1 => ", and at another point".into(),
                more => format!(", and at {more} other points"),
            };
            diagnostic.help(format!("at the point {}{others}", told(first)))
        });
        let mut diagnostics = Diagnostics { list: list.collect(), sources: self.sources };
        diagnostics.sort();
        diagnostics
    }
}

/// Two lists as one, in order, each thing once: as the first one tells it.
#[must_use]
pub fn join(mut first: Diagnostics, second: Diagnostics) -> Diagnostics {
    let Diagnostics { sources, list } = second;
    for mut diagnostic in list {
        adopt(&mut first.sources, &mut diagnostic, &sources);
        if !first.list.iter().any(|seen| same(seen, &diagnostic)) {
            first.list.push(diagnostic);
        }
    }
    first.sort();
    first
}

/// Lets what points into their texts point into ours.
fn adopt(ours: &mut Sources, diagnostic: &mut Diagnostic, theirs: &Sources) {
    let also = diagnostic.also.as_mut().map(|(at, _)| at);
    for at in diagnostic.at.as_mut().into_iter().chain(also) {
        let source = &theirs.0[at.source];
        if ours.0.get(at.source) != Some(source) {
            at.source = ours.0.iter().position(|known| known == source).unwrap_or(ours.0.len());
            if at.source == ours.0.len() {
                ours.0.push(source.clone());
            }
        }
    }
}

/// Whether two diagnostics tell the same thing of the same place.
fn same(one: &Diagnostic, other: &Diagnostic) -> bool {
    one.code == other.code && one.at == other.at && one.message == other.message
}
