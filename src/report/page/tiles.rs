//! The strip at the top of the page: the answer in a few numbers.

use super::cells::capital;
use super::document::{Again, Case, Tile, Tone};
use crate::experiment::comparison::Comparison;
use crate::experiment::verdict::{self, Verdict};
use crate::report::number::short;
use crate::report::table::columns::{in_words, is_censored, mean_and_half};

const PEAK: &str = "idp_token_requests_peak_per_s";
/// Names in a tile at most.
const MOST_NAMES: usize = 3;

/// The best policies, the first one of the file, the worst one, what the best costs the IdP, an outage that comes again, and the worst one.
pub fn tiles(comparison: &Comparison, again: Option<&Again>, cases: &[Case]) -> Vec<Tile> {
    let headline = verdict::headline(comparison);
    let mut tiles = Vec::new();
    let best = verdict::best(comparison).filter(|_| comparison.policies.len() > 1);
    if let Some(best) = &best {
        let note = match best.not_told_apart.as_slice() {
            [] => "no other policy comes as near".into(),
            others => format!("not told apart from it: {}", names(comparison, others)),
        };
        tiles.push(tile(
            &format!("Best: {}", names(comparison, &best.same)),
            comparison,
            best.least,
            &note,
            Tone::Good,
        ));
    }
    let least = best.as_ref().map(|best| best.least);
    if comparison.summary(0, headline).is_some() && least != Some(0) {
        let tone = match least.and_then(|least| against(comparison, 0, least)) {
            Some(Verdict::Better | Verdict::Worse) => Tone::Bad,
            _ => Tone::Plain,
        };
        let label = format!("{}, the reference", comparison.policies[0].name);
        tiles.push(tile(&label, comparison, 0, "the first policy of the scenario", tone));
    }
    let most = (0..comparison.policies.len())
        .filter(|&policy| comparison.summary(policy, headline).is_some())
        .rev()
        .max_by(|&one, &other| comparison.mean(one, headline).total_cmp(&comparison.mean(other, headline)));
    if let Some(most) = most.filter(|&most| most != 0 && Some(most) != least && comparison.mean(most, headline) > 0.0) {
        let label = format!("Worst: {}", comparison.policies[most].name);
        tiles.push(tile(&label, comparison, most, "the most of all policies", Tone::Bad));
    }
    if let Some(least) = least.filter(|&least| comparison.summary(least, PEAK).is_some()) {
        let value = short(comparison.mean(least, PEAK));
        let reference = short(comparison.mean(0, PEAK));
        let note = if least == 0 {
            "token requests in the busiest second".to_owned()
        } else {
            format!("token requests in the busiest second; {reference} under {}", comparison.policies[0].name)
        };
        let label = format!("What {} costs the IdP", comparison.policies[least].name);
        tiles.push(Tile { label, value: format!("{value} per second"), note, tone: Tone::Plain, case: None });
    }
    tiles.extend(again.map(|again| Tile {
        label: "A second outage".into(),
        value: names_of(&again.policies),
        note: again.words.clone(),
        tone: Tone::Bad,
        case: cases.iter().position(|case| case.policies.contains(&again.policies[0])),
    }));
    tiles.extend(cases.first().map(|case| Tile {
        label: format!("The longest outage seen: {}", case.policies[0]),
        value: case.lasted.clone(),
        note: case.in_short.clone(),
        tone: Tone::Bad,
        case: Some(0),
    }));
    tiles
}

/// What a paired difference between two policies comes to, if the metric has a direction.
fn against(comparison: &Comparison, policy: usize, least: usize) -> Option<Verdict> {
    let metric = comparison.metric(verdict::headline(comparison))?;
    if policy == 0 { verdict::line(comparison, least, metric).map(|line| line.verdict) } else { None }
}

fn tile(label: &str, comparison: &Comparison, policy: usize, note: &str, tone: Tone) -> Tile {
    let headline = verdict::headline(comparison);
    let value = comparison.summary(policy, headline).map_or_else(|| "n/a".into(), |found| mean_and_half(&found));
    let sign = if headline != verdict::EXPOSURE && is_censored(comparison, policy) { "≥ " } else { "" };
    let (words, unit) = in_words(headline).rsplit_once(", ").unwrap_or((in_words(headline), ""));
    Tile {
        label: label.into(),
        value: format!("{sign}{value} {unit}").trim_end().into(),
        note: format!("{} (mean); {note}", capital(words)),
        tone,
        case: None,
    }
}

fn names(comparison: &Comparison, policies: &[usize]) -> String {
    names_of(&policies.iter().map(|&policy| comparison.policies[policy].name.clone()).collect::<Vec<_>>())
}

fn names_of(policies: &[String]) -> String {
    let (some, more) =
        (policies[..policies.len().min(MOST_NAMES)].join(", "), policies.len().saturating_sub(MOST_NAMES));
    if more == 0 { some } else { format!("{some} and {more} more") }
}
