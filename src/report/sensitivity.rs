//! What matters to a decision, of a sweep: `sensitivity.csv` and `best.csv`, sentences below the table, a part of `summary.json`.

use std::cmp::Ordering;

use serde::Serialize;

use super::csv::row;
use super::number::{exact, short};
use super::sweep::{Done, Swept};
use super::table::columns::in_words;
use crate::experiment::sensitivity::{At, BestChange, KeyEffect, Move, Sensitivity, sensitivity};
use crate::experiment::stat::Interval;
use crate::scenario::quantity;
use crate::scenario::sweep::{Mode, SweptKey};

/// How far each key moves the metric.
pub const MOVES: &str = "sensitivity.csv";
/// Where the best policy changes.
pub const BEST: &str = "best.csv";

const MOVES_HEADER: [&str; 12] = [
    "key",
    "held",
    "policy",
    "metric",
    "from_value",
    "to_value",
    "from_mean",
    "to_mean",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
];
const BEST_HEADER: [&str; 9] = [
    "key",
    "held",
    "metric",
    "from_value",
    "to_value",
    "best_before",
    "best_after",
    "apart_from_value",
    "apart_to_value",
];

/// Changes of the best policy that are told in sentences, at most, of a key.
const MOST_TOLD: usize = 3;

/// What a sweep shows of its keys; `None` where it has no two points to compare.
#[must_use]
pub fn of(swept: &Swept<'_>) -> Option<Sensitivity> {
    let ranks: Vec<Vec<usize>> = swept.sweep.keys.iter().map(ranks).collect();
    let of_point = |done: &Done| {
        let at = swept.sweep.points[done.point].at.iter();
        at.zip(&ranks).map(|(&value, ranks)| ranks[value]).collect()
    };
    let values: Vec<Vec<usize>> = swept.done.iter().map(of_point).collect();
    let at = swept.done.iter().zip(&values).map(|(done, values)| At {
        point: done.point,
        values,
        comparison: &done.comparison,
    });
    sensitivity(&at.collect::<Vec<_>>(), swept.sweep.mode, swept.sweep.keys.len())
}

/// The rank of each value of a key: by size, if they are numbers, durations or rates; else as the file lists them.
fn ranks(key: &SweptKey) -> Vec<usize> {
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    let order = sorted(key, number, f64::total_cmp)
        .or_else(|| sorted(key, |text| quantity::signed_span(text).ok().map(|span| span.0), i64::cmp))
        .or_else(|| sorted(key, |text| quantity::rate(text).ok(), f64::total_cmp))
        .unwrap_or_else(|| (0..key.values.len()).collect());
    let mut ranks = vec![0; order.len()];
    for (rank, value) in order.into_iter().enumerate() {
        ranks[value] = rank;
    }
    ranks
}

/// The positions of a key's values by size, if each has one.
fn sorted<T>(
    key: &SweptKey,
    size: impl Fn(&str) -> Option<T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Option<Vec<usize>> {
    let sizes: Vec<T> = key.values.iter().map(|value| size(&value.text)).collect::<Option<_>>()?;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&one, &other| compare(&sizes[one], &sizes[other]));
    Some(order)
}

/// Names and values of a key, or of all that a zip moves together.
struct Words<'a> {
    swept: &'a Swept<'a>,
    key: Option<usize>,
}

impl Words<'_> {
    /// `idp.token_lifetime`, as `--set` takes it.
    fn paths(&self) -> String {
        self.joined(|key| self.swept.sweep.keys[key].path.clone())
    }

    /// `token_lifetime`.
    fn names(&self) -> String {
        self.joined(|key| self.swept.sweep.keys[key].name.clone())
    }

    fn value(&self, point: usize) -> String {
        let values = self.swept.sweep.values(point);
        self.joined(|key| values[key].to_owned())
    }

    fn joined(&self, of: impl Fn(usize) -> String) -> String {
        let keys = match self.key {
            Some(key) => key..key + 1,
            None => 0..self.swept.sweep.keys.len(),
        };
        keys.map(of).collect::<Vec<_>>().join(", ")
    }

    /// `loss = 0.1`: the other keys of a grid at this point.
    fn held(&self, point: usize) -> String {
        let Some(own) = self.key.filter(|_| self.swept.sweep.mode == Mode::Grid) else { return String::new() };
        let values = self.swept.sweep.values(point);
        let others = self.swept.sweep.keys.iter().zip(values).enumerate().filter(|(index, _)| *index != own);
        others.map(|(_, (key, value))| format!("{} = {value}", key.name)).collect::<Vec<_>>().join(", ")
    }
}

/// `sensitivity.csv`: the furthest move of each policy, for each key and combination of the others.
#[must_use]
pub fn moves_csv(swept: &Swept<'_>, found: &Sensitivity) -> String {
    let mut text = row(&MOVES_HEADER);
    for effect in &found.keys {
        let words = Words { swept, key: effect.key };
        for one in &effect.moves {
            let (low, high) =
                one.difference.interval.map_or_else(Default::default, |of| (exact(of.low), exact(of.high)));
            text += &row(&[
                words.paths(),
                words.held(one.from),
                swept.scenario.policies[one.policy].name.clone(),
                found.metric.to_owned(),
                words.value(one.from),
                words.value(one.to),
                exact(one.from_mean),
                exact(one.to_mean),
                exact(one.difference.mean),
                low,
                high,
                verdict(one).to_owned(),
            ]);
        }
    }
    text
}

/// `best.csv`: every change of the best policy between neighbours.
#[must_use]
pub fn best_csv(swept: &Swept<'_>, found: &Sensitivity) -> String {
    let mut text = row(&BEST_HEADER);
    for effect in &found.keys {
        let words = Words { swept, key: effect.key };
        for change in &effect.changes {
            let name = |policy: usize| swept.scenario.policies[policy].name.clone();
            let value = |point: Option<usize>| point.map_or_else(String::new, |point| words.value(point));
            text += &row(&[
                words.paths(),
                words.held(change.from),
                found.metric.to_owned(),
                words.value(change.from),
                words.value(change.to),
                name(change.before),
                name(change.after),
                value(change.apart_before),
                value(change.apart_after),
            ]);
        }
    }
    text
}

fn verdict(one: &Move) -> &'static str {
    match one.difference.interval {
        _ if one.difference.identical => "same",
        Some(interval) if !interval.touches_zero() => "moves",
        _ => "undecided",
    }
}

/// What a reader decides by, a sentence each.
#[must_use]
pub fn sentences(swept: &Swept<'_>, found: &Sensitivity) -> Vec<String> {
    let mut sentences = vec![format!("what matters ({}), the other keys held:", in_words(found.metric))];
    for effect in &found.keys {
        let words = Words { swept, key: effect.key };
        sentences.extend(effect.furthest().map(|one| furthest(&words, one)));
        sentences.extend(best(&words, effect));
    }
    sentences
}

fn furthest(words: &Words<'_>, one: &Move) -> String {
    let policy = &words.swept.scenario.policies[one.policy].name;
    let names = words.names();
    if one.difference.identical {
        return format!("- {names} moves nothing: every policy comes to the same in every replication");
    }
    let within = match one.difference.interval {
        Some(interval) if interval.touches_zero() => ", which cannot be told from nothing".to_owned(),
        Some(Interval { low, high }) => format!(", between {} and {}", short(low), short(high)),
        None => String::new(),
    };
    let difference = one.difference.mean;
    let sign = if difference > 0.0 { "+" } else { "" };
    format!(
        "- {names} moves {policy} furthest: from {} at {} to {} at {} ({sign}{}{within}){}",
        short(one.from_mean),
        words.value(one.from),
        short(one.to_mean),
        words.value(one.to),
        short(difference),
        at(words, one.from)
    )
}

fn at(words: &Words<'_>, point: usize) -> String {
    let held = words.held(point);
    if held.is_empty() { held } else { format!(", at {held}") }
}

fn best(words: &Words<'_>, effect: &KeyEffect) -> Vec<String> {
    if words.swept.policies() < 2 {
        return Vec::new();
    }
    let name = |policy: usize| words.swept.scenario.policies[policy].name.as_str();
    let told = |change: &BestChange| {
        let how = match (change.apart_before, change.apart_after) {
            (Some(from), Some(to)) if (from, to) == (change.from, change.to) => String::new(),
            (Some(from), Some(to)) => format!(", surely between {} and {}", words.value(from), words.value(to)),
            (Some(_), None) => " (not told apart after it)".to_owned(),
            (None, Some(_)) => " (not told apart before it)".to_owned(),
            (None, None) => " (told apart neither before nor after it)".to_owned(),
        };
        format!(
            "  the best policy changes between {} and {}: from {} to {}{how}{}",
            words.value(change.from),
            words.value(change.to),
            name(change.before),
            name(change.after),
            at(words, change.from)
        )
    };
    let mut sentences: Vec<String> = effect.changes.iter().take(MOST_TOLD).map(told).collect();
    if sentences.is_empty() {
        sentences.push("  along it the best policy stays the same".to_owned());
    }
    if effect.changes.len() > MOST_TOLD {
        sentences.push(format!("  and {} more changes, in {BEST}", effect.changes.len() - MOST_TOLD));
    }
    sentences
}

/// For `summary.json`.
#[derive(Debug, Serialize)]
pub struct Part {
    metric: &'static str,
    keys: Vec<KeyPart>,
}

#[derive(Debug, Serialize)]
struct KeyPart {
    key: String,
    policy: String,
    held: String,
    from: String,
    to: String,
    from_mean: f64,
    to_mean: f64,
    difference: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    best_changes: Vec<ChangePart>,
}

#[derive(Debug, Serialize)]
struct ChangePart {
    held: String,
    from: String,
    to: String,
    before: String,
    after: String,
    /// Between these values it surely lies; `null` where the two cannot be told apart on that side.
    apart_from: Option<String>,
    apart_to: Option<String>,
}

/// Of each key the furthest move, and every change of the best policy.
#[must_use]
pub fn part(swept: &Swept<'_>) -> Option<Part> {
    let found = of(swept)?;
    let name = |policy: usize| swept.scenario.policies[policy].name.clone();
    let key = |effect: &KeyEffect| {
        let (words, one) = (Words { swept, key: effect.key }, effect.furthest()?);
        let change = |change: &BestChange| ChangePart {
            held: words.held(change.from),
            from: words.value(change.from),
            to: words.value(change.to),
            before: name(change.before),
            after: name(change.after),
            apart_from: change.apart_before.map(|point| words.value(point)),
            apart_to: change.apart_after.map(|point| words.value(point)),
        };
        Some(KeyPart {
            key: words.paths(),
            policy: name(one.policy),
            held: words.held(one.from),
            from: words.value(one.from),
            to: words.value(one.to),
            from_mean: one.from_mean,
            to_mean: one.to_mean,
            difference: one.difference.mean,
            ci_low: one.difference.interval.map(|interval| interval.low),
            ci_high: one.difference.interval.map(|interval| interval.high),
            best_changes: effect.changes.iter().map(change).collect(),
        })
    };
    Some(Part { metric: found.metric, keys: found.keys.iter().filter_map(key).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scenario::sweep::SweptValue;

    #[test]
    fn values_rank_by_size_whatever_their_order_in_the_file() {
        let sweep = sample::sweep();
        let rank = |values: &[&str]| {
            let value = |text: &&str| SweptValue { toml: (*text).into(), text: (*text).into() };
            ranks(&SweptKey { values: values.iter().map(value).collect(), ..sweep.keys[0].clone() })
        };
        assert_eq!(rank(&["1h", "90s", "15min", "-2s"]), [3, 1, 2, 0]);
        assert_eq!(rank(&["1.0", "0", "1_000"]), [1, 0, 2]);
        assert_eq!(rank(&["60/min", "0.5/s"]), [1, 0]);
        assert_eq!(rank(&["off", "5min", "1s"]), [0, 1, 2], "not all of them have a size");
    }

    #[test]
    fn the_longest_move_is_told_first_and_what_is_held_is_named() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let swept = sample::swept(&scenario, &sweep, 6, 20);
        let found = of(&swept).expect("two keys");
        let text = sentences(&swept, &found).join("\n");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("- token_lifetime moves "), "{text}");
        assert!(lines[1].contains(" at 5min to ") && lines[1].contains(", at loss = "), "{text}");
        assert!(text.contains("- loss moves ") && text.contains("the best policy"), "{text}");
        let csv = moves_csv(&swept, &found);
        assert_eq!(csv.lines().next(), Some(MOVES_HEADER.join(",").as_str()));
        // Two lines along the lifetime and three along the loss, for each policy.
        assert_eq!(csv.lines().count(), 1 + 5 * swept.policies());
        assert_eq!(best_csv(&swept, &found).lines().next(), Some(BEST_HEADER.join(",").as_str()));
    }
}
