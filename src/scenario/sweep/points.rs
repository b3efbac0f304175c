//! The points in their order, and the scenario of each: the base with the values laid over it as `--set` lays them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gather::Gathered;
use super::{Draft, DraftKey, MOST_POINTS, Mode, Point, Sweep, told};
use crate::scenario::Input;
use crate::scenario::codes::Severity;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::load;
use crate::scenario::reader::Reader;
use crate::scenario::set;
use crate::scenario::source::{At, Sources};
use crate::scenario::tree::Branch;

/// What every point starts from.
#[derive(Clone, Debug)]
pub struct Base {
    pub sources: Sources,
    pub inputs: Vec<Input>,
    pub texts: Option<Arc<BTreeMap<String, String>>>,
    pub root: Branch,
}

/// Values of keys: (position of the key, position of the value).
pub type Choice = Vec<(usize, usize)>;

/// Resolves every point; `Err`: with all mistakes of all points, each told once.
pub fn resolve(base: &Base, draft: &Draft) -> Result<Sweep, Diagnostics> {
    let choices = if draft.broken { alone(&draft.keys) } else { draft.choices.clone() };
    let mut gathered = Gathered::new(&base.sources);
    let mut points = Vec::new();
    for choice in &choices {
        let (scenario, diagnostics) = scenario(base, &draft.keys, choice);
        gathered.add(diagnostics);
        let at = choice.iter().map(|&(_, value)| value).collect();
        points.extend(scenario.map(|scenario| Point { at, scenario }));
    }
    let places = draft.keys.iter().flat_map(|key| key.values.iter().map(|value| &value.at).chain([&key.at]));
    let where_of = |index: usize| told_of(&draft.keys, &choices[index]);
    let mut diagnostics = gathered.finish(choices.len(), &places.collect::<Vec<_>>(), where_of);
    if draft.broken || diagnostics.has_errors() {
        diagnostics.list.retain(|diagnostic| diagnostic.severity() == Severity::Error);
        return Err(diagnostics);
    }
    diagnostics.list.extend(draft.warnings.iter().cloned());
    diagnostics.sort();
    let keys = draft.keys.iter().map(|key| key.shown.clone()).collect();
    Ok(Sweep {
        mode: draft.mode,
        keys,
        conditions: draft.conditions.clone(),
        points,
        warnings: diagnostics,
        mode_origin: draft.mode_origin.clone(),
        where_origin: draft.where_origin.clone(),
    })
}

/// One point after the other, before `where`; in a grid the first key varies slowest.
pub fn all(mode: Mode, keys: &[DraftKey]) -> Vec<Choice> {
    let lengths: Vec<usize> = keys.iter().map(|key| key.values.len()).collect();
    if mode == Mode::Zip {
        return (0..lengths[0]).map(|index| (0..lengths.len()).map(|key| (key, index)).collect()).collect();
    }
    let mut points: Vec<Choice> = vec![Choice::new()];
    for (key, length) in lengths.into_iter().enumerate() {
        points = points
            .into_iter()
            .flat_map(|point| (0..length).map(move |value| [point.as_slice(), &[(key, value)]].concat()))
            .collect();
    }
    points
}

/// Each value with everything else as the file has it.
fn alone(keys: &[DraftKey]) -> Vec<Choice> {
    let all = keys.iter().enumerate().flat_map(|(key, of)| (0..of.values.len()).map(move |value| vec![(key, value)]));
    all.take(MOST_POINTS).collect()
}

fn scenario(base: &Base, keys: &[DraftKey], choice: &Choice) -> (Option<crate::scenario::Scenario>, Diagnostics) {
    let mut reader = Reader {
        sources: base.sources.clone(),
        inputs: base.inputs.clone(),
        texts: base.texts.clone(),
        ..Reader::default()
    };
    let mut root = base.root.clone();
    lay(&mut reader, &mut root, keys, choice);
    match load::resolve(reader, root) {
        Ok(loaded) => (Some(loaded.scenario), loaded.warnings),
        Err(mistakes) => (None, mistakes),
    }
}

/// Lays values over a scenario as `--set` does.
pub fn lay(reader: &mut Reader, root: &mut Branch, keys: &[DraftKey], choice: &[(usize, usize)]) {
    for &(key, value) in choice {
        let key = &keys[key];
        let steps = steps(reader, &key.path, &key.at);
        set::put(reader, root, &steps, key.values[value].clone());
    }
}

/// A point in words: `idp.token_lifetime = "5min", bus.loss = 0.1`.
pub fn told_of(keys: &[DraftKey], choice: &[(usize, usize)]) -> String {
    told(choice.iter().map(|(key, value)| (&keys[*key].shown, value)))
}

/// The steps of a path, each with its place inside the quotation marks.
fn steps<'a>(reader: &Reader, path: &'a str, at: &At) -> Vec<(&'a str, At)> {
    let raw = reader.sources.text(at);
    let inside = raw.find(path).filter(|_| raw.len() <= path.len() + 2);
    let mut start = 0;
    let step = |step: &'a str| {
        let span = inside.map_or(at.span.clone(), |inside| {
            let from = at.span.start + inside + start;
            from..from + step.len()
        });
        start += step.len() + 1;
        (step, At { source: at.source, span })
    };
    path.split('.').map(step).collect()
}
