//! Which points `where` keeps: the values of its paths at every point, without resolving more than they need.

use std::collections::BTreeMap;

use super::condition::{self, Condition, Datum, Operand, Side, Unlike};
use super::points::{Choice, told_of};
use super::{DraftKey, MOST_POINTS};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::{Form, SECTIONS};
use crate::scenario::load;
use crate::scenario::reader::{Line, Reader, Resolved};
use crate::scenario::source::At;
use crate::scenario::tree::{self, Branch, Node, Tree};

/// The points that every condition keeps, in order; what is wrong goes to the reader.
pub fn kept(
    reader: &mut Reader,
    root: &Branch,
    keys: &[DraftKey],
    (conditions, at): (&[Condition], &At),
    points: Vec<Choice>,
) -> Vec<Choice> {
    let before = reader.out.len();
    values_alone(reader, root, keys);
    if reader.out.len() > before {
        return points;
    }
    let mut values = Values { reader: bare(reader), root, keys, known: BTreeMap::new() };
    let all = points.len();
    let mut held = vec![0; conditions.len()];
    let mut kept = Vec::new();
    for point in points {
        let mut keep = true;
        for (condition, held) in conditions.iter().zip(&mut held) {
            match values.holds(condition, &point) {
                Ok(true) => *held += 1,
                Ok(false) => keep = false,
                Err(mistake) => {
                    reader.say(*mistake);
                    return Vec::new();
                }
            }
        }
        if keep {
            kept.push(point);
        }
    }
    tell(reader, at, conditions, &held, (kept.len(), all));
    kept
}

/// What the numbers say: nothing is left, too much is left, or a condition keeps everything.
fn tell(reader: &mut Reader, at: &At, conditions: &[Condition], held: &[usize], (kept, all): (usize, usize)) {
    if kept == 0 {
        let mistake = Diagnostic::new("E063", format!("`where` keeps none of the {all} points"));
        let never = conditions.iter().zip(held).find(|(_, held)| **held == 0);
        return reader.say(match never {
            Some((condition, _)) => mistake.at(&condition.at, "holds at no point"),
            None => mistake.at(at, "never all at once").help("each of these holds at some point"),
        });
    }
    if kept > MOST_POINTS {
        let mistake = Diagnostic::new("E054", format!("the sweep has {kept} points, of {all} before `where`"));
        let mistake = mistake.at(at, format!("at most {MOST_POINTS}"));
        return reader.say(mistake.help("shorten the lists, or ask in several files"));
    }
    for (condition, _) in conditions.iter().zip(held).filter(|(_, held)| **held == all) {
        let warning = Diagnostic::new("W010", "this condition of `where` holds at every point");
        reader.say(
            warning.at(&condition.at, "leaves nothing out").help("remove it, or see whether it says what is meant"),
        );
    }
}

/// A value that no kept point has would not be checked with its point: what is wrong with it alone is told here.
fn values_alone(reader: &mut Reader, root: &Branch, keys: &[DraftKey]) {
    let mut found = Vec::new();
    for (key, of) in keys.iter().enumerate() {
        for (index, value) in of.values.iter().enumerate() {
            let (_, out) = tables(&bare(reader), root, keys, &[(key, index)]);
            let inside = |at: &At| {
                at.source == value.at.source && value.at.span.start <= at.span.start && at.span.end <= value.at.span.end
            };
            let own = |mistake: &Diagnostic| {
                matches!(mistake.code, "E011" | "E013" | "E014" | "E015" | "E016" | "E017" | "E018" | "E024")
                    && mistake.at.as_ref().is_some_and(inside)
            };
            found.extend(out.into_iter().filter(own));
        }
    }
    for mistake in found {
        reader.say(mistake);
    }
}

/// A reader that has read the same and said nothing.
fn bare(reader: &Reader) -> Reader {
    Reader { sources: reader.sources.clone(), ..Reader::default() }
}

/// The resolved tables with these values laid over the base, and what is wrong with them.
fn tables(
    reader: &Reader,
    root: &Branch,
    keys: &[DraftKey],
    choice: &[(usize, usize)],
) -> (Vec<Resolved>, Vec<Diagnostic>) {
    let mut reader = bare(reader);
    let mut root = root.clone();
    super::points::lay(&mut reader, &mut root, keys, choice);
    let tables = load::tables(&mut reader, root);
    (tables, reader.out)
}

/// The values of paths, each read once for each combination of the keys that it may depend on.
struct Values<'a> {
    reader: Reader,
    root: &'a Branch,
    keys: &'a [DraftKey],
    known: BTreeMap<(String, Choice), Option<Datum>>,
}

impl Values<'_> {
    fn holds(&mut self, condition: &Condition, point: &Choice) -> Result<bool, Box<Diagnostic>> {
        let left = self.operand(&condition.left, point)?;
        let right = self.operand(&condition.right, point)?;
        condition::holds(&left, condition.operator, &right).map_err(|Unlike { left, right, help }| {
            let sign = condition.operator.sign();
            let mistake = Diagnostic::new("E062", format!("`{sign}` between {left} and {right}"));
            let mistake = mistake.at(&condition.left.at, left).also(&condition.right.at, right).help(help);
            Box::new(mistake.help(format!("at the point {}", told_of(self.keys, point))))
        })
    }

    fn operand(&mut self, operand: &Operand, point: &Choice) -> Result<Datum, Box<Diagnostic>> {
        let path = match &operand.is {
            Side::Value(value) => return Ok(value.clone()),
            Side::Path(path) => path,
        };
        let keys = self.keys;
        let choice: Choice = point.iter().copied().filter(|&(key, _)| may_move(&keys[key].path, path)).collect();
        let known = self
            .known
            .entry((path.clone(), choice))
            .or_insert_with_key(|(path, choice)| value(&tables(&self.reader, self.root, keys, choice).0, path));
        known.clone().ok_or_else(|| {
            let mistake = Diagnostic::new("E060", format!("not every point has a `{path}`"));
            Box::new(mistake.at(&operand.at, format!("not at {}", told_of(keys, point))))
        })
    }
}

/// Whether a value at `path` can depend on `key`: one is a part of the other, or both are of one entry of a list, or the key
/// names a file of settings.
fn may_move(key: &str, path: &str) -> bool {
    let below =
        |one: &str, other: &str| other.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let entry = |path: &str| -> Option<(String, String)> {
        let mut steps = path.split('.');
        let (list, name) = (steps.next()?, steps.next()?);
        let listed = SECTIONS.iter().any(|section| section.path == list && section.form == Form::List);
        listed.then(|| (list.to_owned(), name.to_owned()))
    };
    below(key, path) || below(path, key) || key == "gateway.wso2" || (entry(key).is_some() && entry(key) == entry(path))
}

/// The value of a path in the resolved scenario; `None` where it has none.
fn value(tables: &[Resolved], path: &str) -> Option<Datum> {
    if let Some(found) = line(tables, path) {
        return Some(found);
    }
    // A parameter of a distribution or of waits that grow: `idp.token_service.mean`.
    let (above, parameter) = path.rsplit_once('.')?;
    let node = written(tables, above)?;
    match node.table() {
        Some(table) => table.get(parameter).map(|entry| datum(&entry.node)),
        // Of what is constant, each of these is the constant.
        None => matches!(parameter, "mean" | "min" | "max" | "mode" | "first").then(|| datum(&node)),
    }
}

/// The value of a line; `None` where there is no such line.
fn line(tables: &[Resolved], path: &str) -> Option<Datum> {
    let line = find(tables, path)?;
    Some(parsed(line).map_or(Datum::Off, |node| datum(&node)))
}

/// What is written in a line; `None` where there is no such line, or it is off.
fn written(tables: &[Resolved], path: &str) -> Option<Node> {
    parsed(find(tables, path)?)
}

fn find<'a>(tables: &'a [Resolved], path: &str) -> Option<&'a Line> {
    let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
    let tables = tables.iter().filter(|resolved| resolved.path == table);
    tables.flat_map(|resolved| &resolved.lines).find(|line| line.key == key)
}

fn parsed(line: &Line) -> Option<Node> {
    tree::parse_value(0, line.value.as_ref()?, 0).ok()
}

fn datum(node: &Node) -> Datum {
    match &node.value {
        Tree::Text(text) => condition::of_text(text),
        Tree::Bool(value) => Datum::Bool(*value),
        Tree::Integer(_) | Tree::Float(_) => Datum::Number(node.number().unwrap_or(f64::INFINITY)),
        Tree::List(_) => Datum::Compound("a list"),
        Tree::Table(_) => Datum::Compound("a distribution"),
        Tree::Date => Datum::Compound("a date"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_moves_what_is_above_below_and_beside_it_in_its_entry() {
        for (key, path, moves) in [
            ("idp.token_service", "idp.token_service.mean", true),
            ("idp.token_service.mean", "idp.token_service", true),
            ("idp.token_lifetime", "idp.token_lifetime_max", false),
            ("idp.workers", "idp.token_lifetime", false),
            ("policy.hybrid.base", "policy.hybrid.fetch.timeout", true),
            ("policy.hybrid.base", "policy.other.fetch.timeout", false),
            ("gateway.wso2", "idp.token_lifetime", true),
        ] {
            assert_eq!(may_move(key, path), moves, "{key} {path}");
        }
    }
}
