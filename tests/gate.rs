//! `check` would catch a wrong policy: whatever makes a preset what it is, taken from it, turns `scenarios/presets.toml` red.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use stalegate::experiment::check::check;
use stalegate::experiment::judge::{Decision, judge};
use stalegate::experiment::worlds::Surroundings;
use stalegate::scenario;
use stalegate::scenario::presets::PRESETS;

const SCENARIO: &str = "scenarios/presets.toml";

/// The main rules of each preset: what takes it away. A round has at most one of a preset, and leaves the policies alone to whose
/// means others are compared.
const ROUNDS: &[&[(&str, &str)]] = &[
    &[
        ("event-purge", "events.subscribe=false"),
        ("short-expiry", "lifetime.request=20min"),
        ("no-cache", "lifetime.rule=expires-in"),
        ("refresh-ahead", "lifetime.refresh_at=0.999"),
        ("issuer-purge", "rejection.purge=if-same"),
        ("surge-restart", "surge.threshold=1000000"),
        ("probe", "probe.every=30min"),
        ("hybrid", "events.subscribe=false"),
        ("wso2-mediator", "rejection.statuses=[]"),
        ("wso2-retry-endpoint", "lifetime.rule=expires-in"),
        ("wso2-platform", "store.shared=false"),
        ("kong-upstream-oauth", "rejection.statuses=[]"),
        ("envoy-credential-injector", "lifetime.refresh_at=0.999"),
        ("spring-security", "rejection.errors=[\"insufficient_scope\"]"),
        ("tyk-upstream-oauth", "store.shared=false"),
        ("golang-oauth2", "fetch.share_failures=true"),
        ("kyma", "rejection.statuses=[]"),
    ],
    &[
        ("event-purge", "rejection.statuses=[401, 403]"),
        ("hybrid", "rejection.statuses=[]"),
        ("wso2-mediator", "rejection.then=resend"),
        ("wso2-retry-endpoint", "rejection.statuses=[]"),
        ("wso2-platform", "rejection.statuses=[]"),
        ("kong-upstream-oauth", "rejection.then=resend"),
        ("tyk-upstream-oauth", "rejection.statuses=[401]"),
        ("kyma", "rejection.statuses=[401, 403]"),
    ],
    &[("ttl-only", "rejection.statuses=[401, 403]"), ("reactive-retry", "rejection.statuses=[]")],
    &[("ttl-only", "lifetime.rule=fixed"), ("reactive-retry", "rejection.then=pass-through")],
];

/// The policies of which an expectation has not passed, with these settings.
fn red(overrides: &[String]) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO);
    let loaded = scenario::load(&path, overrides, None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let scenario = &loaded.scenario;
    let never = AtomicBool::new(false);
    let around = Surroundings { jobs: 2, stop: &never, progress: &|_, _| {} };
    let comparison = check::<Infallible>(scenario, 0, &around).unwrap_or_else(|failure| panic!("{failure:?}"));
    let judged = judge(&scenario.expects, &comparison);
    let red = judged.iter().filter(|judged| judged.counts_as() != Decision::Passed);
    red.map(|judged| scenario.policies[judged.policy].name.clone()).collect()
}

#[test]
fn every_preset_passes_and_is_gated() {
    assert_eq!(red(&[]), BTreeSet::new());
    let presets: BTreeSet<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    let gated: BTreeSet<&str> = ROUNDS.iter().flat_map(|round| round.iter().map(|(preset, _)| *preset)).collect();
    assert_eq!(gated, presets, "each preset has a main rule that is taken from it");
}

#[test]
fn taking_its_main_rule_from_a_preset_turns_the_check_red() {
    for round in ROUNDS {
        let overrides: Vec<String> = round.iter().map(|(preset, change)| format!("policy.{preset}.{change}")).collect();
        let red = red(&overrides);
        let changed: BTreeSet<String> = round.iter().map(|(preset, _)| (*preset).to_owned()).collect();
        let unseen: Vec<&String> = changed.difference(&red).collect();
        assert_eq!(unseen, Vec::<&String>::new(), "changed, and nothing shows it");
    }
}
