//! The pictures of the page, each with its data.

use super::cells::{self, capital, distribution, gateways};
use super::document::{Figure, Table};
use crate::experiment::comparison::Comparison;
use crate::experiment::verdict;
use crate::report::number::short;
use crate::report::sweep::Swept;
use crate::report::table::columns::{in_words, is_censored};
use crate::report::{pareto, plot};
use crate::scenario::Scenario;

const PEAK: &str = "idp_token_requests_peak_per_s";
/// Rows of the data of a heat map at most; the others are in `summary.csv`.
const MOST_CELLS: usize = 400;

/// The pictures of a comparison.
pub fn of_comparison(scenario: &Scenario, comparison: &Comparison) -> Vec<Figure> {
    let downtime = verdict::downtime(comparison);
    let mut figures: Vec<Figure> = causes(scenario, comparison).into_iter().collect();
    let is_down = |policy: usize| comparison.summary(policy, downtime).is_some_and(|found| found.max > 0.0);
    if (0..comparison.policies.len()).any(is_down) {
        figures.extend(of_downtime(scenario, comparison, downtime));
    }
    figures.extend(exposure(plot::exposure::draw(scenario, comparison), gateways(scenario, comparison)));
    figures
}

/// How long calls fail, and what it costs that it is not longer.
fn of_downtime(scenario: &Scenario, comparison: &Comparison, downtime: &'static str) -> [Figure; 2] {
    [
        Figure {
            id: "downtime".into(),
            title: "How the downtime is distributed".into(),
            words: "A dot is a replication: one possible course of events. Two policies with the same mean can differ in how \
                    bad it can get."
                .into(),
            svg: plot::downtime::draw(scenario, comparison),
            on_paper: false,
            data: distribution(comparison, downtime),
        },
        Figure {
            id: "load".into(),
            title: "What it costs the IdP".into(),
            words: "Downtime against the busiest second at the IdP: low and left is good. The dashed line is the Pareto front: \
                    a policy that is not on it is worse than another one in both."
                .into(),
            svg: plot::load::draw(scenario, comparison),
            on_paper: false,
            data: costs(comparison, downtime),
        },
    ]
}

/// What calls failed of, if any did.
fn causes(scenario: &Scenario, comparison: &Comparison) -> Option<Figure> {
    Some(Figure {
        id: "causes".into(),
        title: "What calls failed of".into(),
        words: "A bar is a policy. Calls that fail while the IdP is down are the outage itself; tokens that died with it, and tokens \
                that were killed later by a race, are what a policy can do something about."
            .into(),
        svg: plot::causes::draw(scenario, comparison)?,
        on_paper: true,
        data: cells::causes(comparison),
    })
}

/// Exposure per gateway, if callers have tokens.
pub fn exposure(svg: Option<String>, data: Option<Table>) -> Option<Figure> {
    Some(Figure {
        id: "exposure".into(),
        title: "For how long revoked tokens are accepted".into(),
        words: "Exposure per gateway: from the revocation of a caller's token to the last call that the gateway let pass all \
                the same."
            .into(),
        svg: svg?,
        on_paper: false,
        data: data?,
    })
}

fn costs(comparison: &Comparison, downtime: &'static str) -> Table {
    let titles = ["policy", "#downtime, s", "#from", "#to", "#IdP peak, 1/s", "#from", "#to", "on the Pareto front"];
    let mut table = Table::new(
        format!("{} against the IdP's peak: means with 95 % intervals", capital(in_words(downtime))),
        &titles,
    );
    let both = |policy: usize| Some((comparison.summary(policy, downtime)?, comparison.summary(policy, PEAK)?));
    let found: Vec<_> = (0..comparison.policies.len()).filter_map(|policy| Some((policy, both(policy)?))).collect();
    let means: Vec<(f64, f64)> = found.iter().map(|(_, (downtime, peak))| (peak.mean, downtime.mean)).collect();
    let front = pareto::front(&means);
    for (index, (policy, (downtime, peak))) in found.iter().enumerate() {
        let mut row = vec![comparison.policies[*policy].name.clone()];
        for numbers in [downtime, peak] {
            let (low, high) = numbers.interval.map_or_else(Default::default, |i| (short(i.low), short(i.high)));
            row.extend([short(numbers.mean), low, high]);
        }
        row.push(if front.contains(&index) { "yes" } else { "no" }.into());
        table.rows.push(row);
    }
    table
}

/// The heat maps of a sweep over two keys.
pub fn heat(swept: &Swept<'_>) -> Vec<Figure> {
    let figure = |metric: &'static str| {
        Some(Figure {
            id: format!("heat-{metric}"),
            title: format!("{}, over the sweep", capital(in_words(metric))),
            words: "A cell is a point of the sweep, a panel a policy (or several that came to the same).".into(),
            svg: plot::heat::draw(swept, metric)?,
            on_paper: true,
            data: points(swept, metric),
        })
    };
    plot::heat::metrics(swept).into_iter().filter_map(figure).collect()
}

/// The headline metric along a sweep, where it is not over two keys.
pub fn lines(swept: &Swept<'_>) -> Option<Figure> {
    let metric = verdict::headline(&swept.done.first()?.comparison);
    Some(Figure {
        id: format!("sweep-{metric}"),
        title: format!("{}, over the sweep", capital(in_words(metric))),
        words: "A line is a policy; the bars are 95 % intervals.".into(),
        svg: plot::sweep::draw(swept, metric),
        on_paper: false,
        data: points(swept, metric),
    })
}

/// A metric at every point: a row a point, a column a policy.
fn points(swept: &Swept<'_>, metric: &'static str) -> Table {
    let keys = swept.sweep.keys.iter().map(|key| key.name.as_str());
    let policies: Vec<String> = swept.scenario.policies.iter().map(|policy| format!("#{}", policy.name)).collect();
    let titles: Vec<&str> = keys.chain(policies.iter().map(String::as_str)).collect();
    let mut table = Table::new(format!("{}: means", capital(in_words(metric))), &titles);
    let cell = |comparison: &Comparison, policy: usize| match comparison.summary(policy, metric) {
        None => "n/a".to_owned(),
        Some(found)
            if metric != verdict::EXPOSURE && metric.contains("downtime") && is_censored(comparison, policy) =>
        {
            format!("≥ {}", short(found.mean))
        }
        Some(found) => short(found.mean),
    };
    for done in swept.done.iter().take(MOST_CELLS) {
        let values = swept.sweep.values(done.point).into_iter().map(str::to_owned);
        let cells = (0..swept.policies()).map(|policy| cell(&done.comparison, policy));
        table.rows.push(values.chain(cells).collect());
    }
    if swept.done.len() > MOST_CELLS {
        table.notes.push(format!("{} more points are in summary.csv", swept.done.len() - MOST_CELLS));
    }
    table
}
