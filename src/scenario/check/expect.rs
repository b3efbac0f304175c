//! What is wrong with expectations, and with replications until something holds.

use super::{metric_is_there, references};
use crate::experiment::sequential::Looks;
use crate::experiment::stat::{self, order};
use crate::metric;
use crate::replications::{Replications, Until};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::expect::BOUNDS;
use crate::scenario::parts::{Named, Parts};
use crate::scenario::reader::Reader;

/// Every expectation has one bound, and names what there is.
pub fn expects(reader: &mut Reader, parts: &Parts) {
    for expect in &parts.expects {
        metric_is_there(reader, expect);
        for key in ["policy", "versus"] {
            references(reader, parts, expect, key);
        }
        bound(reader, expect);
        meaning(reader, parts, expect);
        quantile(reader, parts, expect);
    }
}

/// The end of a quantile's interval that its bound needs is there at the last look.
fn quantile(reader: &mut Reader, parts: &Parts, expect: &Named) {
    let (run, table) = (&parts.tables["run"], &expect.table);
    if !run.good(&["replications"]) || !table.good(&["stat", "below", "above", "between", "equals", "policy"]) {
        return;
    }
    let p = match table.table.text("stat") {
        "p50" => 0.5,
        "p95" => 0.95,
        "p99" => 0.99,
        _ => return,
    };
    let needs_upper_end = ["below", "between", "equals"].iter().any(|key| table.places.contains_key(key));
    if !needs_upper_end {
        return;
    }
    let policies = if table.places.contains_key("policy") { 1 } else { parts.declared_policies.len().max(1) };
    let Replications { min, max, ref until } = *run.table.replications("replications");
    let least = least(p, min, max, until, policies, parts.declared_policies.len());
    if least <= max {
        return;
    }
    let stat = table.table.text("stat");
    let what = format!("{stat} is known from {least} replications on here, and there are at most {max}");
    let mistake = Diagnostic::new("E056", what);
    let mistake = mistake.at_some(table.place("stat"), format!("of `{}`", expect.name));
    let mistake = mistake.also_some(run.places.get("replications"), "too few");
    reader.say(mistake.help(format!("write: replications = {least}, or more")));
}

/// How many replications the upper end needs with the error of the last look.
fn least(p: f64, min: u32, max: u32, until: &Until, policies: usize, all: usize) -> u32 {
    let until = if *until == Until::Fixed { Until::Fixed } else { Until::Decided };
    let looks = Looks::of(&Replications { min, max, until }, all, policies);
    order::least(p, stat::shared(looks.error_at(looks.ends().len() - 1), policies))
}

fn bound(reader: &mut Reader, expect: &Named) {
    let table = &expect.table;
    let given: Vec<&str> = BOUNDS.into_iter().filter(|key| table.places.contains_key(key)).collect();
    if given.is_empty() {
        let mistake = Diagnostic::new("E012", format!("the expectation `{}` has no bound", expect.name));
        reader.say(mistake.at_some(table.at.as_ref(), "here").help(format!("add one of {}", BOUNDS.join(", "))));
    } else if given.len() > 1 {
        let mistake = Diagnostic::new("E026", format!("the expectation `{}` has more than one bound", expect.name));
        reader.say(mistake.at_some(table.place(given[1]), "the second").help("write an [[expect]] for each"));
    }
}

/// Keys that are right by themselves, and mean nothing together.
fn meaning(reader: &mut Reader, parts: &Parts, expect: &Named) {
    let (table, name) = (&expect.table.table, &expect.name);
    let place = |key: &str| expect.table.place(key);
    let mut say = |why: String, key: &str, label: &str, help: &str| {
        reader.say(Diagnostic::new("E055", why).at_some(place(key), label).help(help));
    };
    let given = |key: &str| expect.table.places.contains_key(key);
    let sometimes = given("sometimes") && expect.table.good(&["sometimes"]);
    if sometimes && !table.bool("sometimes") {
        let why = format!("the expectation `{name}` expects nothing");
        say(why, "sometimes", "true, or left out", "what must never happen is: stat = \"max\", equals = 0");
    }
    for key in ["stat", "versus"] {
        if sometimes && given(key) {
            let why = format!("`{key}` of the expectation `{name}` means nothing beside `sometimes`");
            say(why, key, "not used", "remove it, or write a bound in place of `sometimes`");
        }
    }
    let Some(versus) = expect.table.good(&["versus"]).then(|| table.opt_text("versus")).flatten() else { return };
    if expect.table.good(&["stat"]) && table.text("stat") != "mean" {
        let why = format!("the expectation `{name}` is about a ratio of means, and not of `{}`", table.text("stat"));
        say(why, "stat", "only mean goes with `versus`", "remove `stat`, or `versus`");
    }
    if table.opt_text("policy") == Some(versus) {
        let why = format!("the expectation `{name}` compares `{versus}` with itself");
        say(why, "versus", "its own policy", "name another policy");
    } else if table.opt_text("policy").is_none() && parts.declared_policies == [versus] {
        let why = format!("the expectation `{name}` compares `{versus}` with nothing");
        say(why, "versus", "the only policy", "add the policy that is compared");
    }
}

/// What replications wait for exists.
pub fn until(reader: &mut Reader, parts: &Parts) {
    let run = &parts.tables["run"];
    if !run.good(&["replications"]) {
        return;
    }
    let place = run.place("replications");
    match &run.table.replications("replications").until {
        Until::Fixed => {}
        Until::Decided if !parts.expects.is_empty() => {}
        Until::Decided => {
            let mistake = Diagnostic::new("E057", "replications until every expectation is decided, and there is none");
            let mistake = mistake.at_some(place, "until what?");
            reader.say(mistake.help("add an [[expect]], or until = { metric = \"…\", relative_half_width = 0.05 }"));
        }
        Until::HalfWidth { metric: wanted, policy, .. } => {
            let metrics = metric::all();
            if !metrics.iter().any(|metric| metric.name == wanted) {
                let mistake = Diagnostic::new("E023", format!("there is no metric `{wanted}`"));
                let mistake = mistake.at_some(place, "`stalegate list metrics` prints them");
                reader.say(mistake.nearest(wanted, metrics.iter().map(|metric| metric.name)));
            }
            let names = parts.declared_policies.iter().map(String::as_str);
            if let Some(wanted) = policy.as_deref().filter(|wanted| !names.clone().any(|name| name == *wanted)) {
                let mistake = Diagnostic::new("E022", format!("the scenario has no policy `{wanted}`"));
                reader.say(mistake.at_some(place, "no [[policy]] has this name").nearest(wanted, names));
            }
        }
    }
}
