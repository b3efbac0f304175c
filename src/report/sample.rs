//! A made-up scenario and results for the tests of tables, sentences and plots: plausible, and the same every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dist::Dist;
use crate::experiment::comparison::Comparison;
use crate::experiment::record::{Bin, Episode, Exposure, GatewayTotal, Inbound, Record, Revocation};
use crate::experiment::timeline::Layout;
use crate::fault::{FAULTS, Names};
use crate::id::{ApiId, ClientId, ConsumerKeyId, CredentialId};
use crate::key::{Backoff, Table, Value};
use crate::metric::{Better, MetricDef, Unit};
use crate::model::config as c;
use crate::policy::{Policy, events, fetch, lifetime, probe, rejection, store, surge};
use crate::report::sweep::{Done, Extent, Swept};
use crate::revocation;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::sweep::{Mode, Point, Sweep, SweptKey, SweptValue};
use crate::scenario::{Input, NamedPolicy, Scenario};
use crate::time::{NANOS_PER_SECOND, SimSpan, SimTime};

/// The metrics that reports look at, and some more.
pub fn metrics() -> Vec<MetricDef> {
    let lower = Some(Better::Lower);
    let all: [(&'static str, Unit, Option<Better>); 25] = [
        ("requests", Unit::Count, None),
        ("ok", Unit::Count, None),
        ("failed", Unit::Count, lower),
        ("failed.stale-token", Unit::Count, lower),
        ("failed.superseded-token", Unit::Count, lower),
        ("failed.no-token", Unit::Count, lower),
        ("failed.idp-down", Unit::Count, lower),
        ("failed.gateway-down", Unit::Count, lower),
        ("availability", Unit::Ratio, Some(Better::Higher)),
        ("downtime_s", Unit::Seconds, lower),
        ("downtime_worst_lane_s", Unit::Seconds, lower),
        ("downtime_after_restart_s", Unit::Seconds, lower),
        ("downtime_after_restart_worst_lane_s", Unit::Seconds, lower),
        ("censored_lanes", Unit::Count, lower),
        ("application_downtime_s", Unit::Seconds, lower),
        ("idp_token_requests", Unit::Count, lower),
        ("idp_token_requests_peak_per_s", Unit::PerSecond, lower),
        ("wasted_fetches", Unit::Count, None),
        ("superseded_tokens", Unit::Count, lower),
        ("unsafe_resends", Unit::Count, None),
        ("resends", Unit::Count, None),
        ("answers_lost", Unit::Count, lower),
        ("accepted_after_revocation", Unit::Count, lower),
        ("exposure_mean_s", Unit::Seconds, lower),
        ("false_rejections", Unit::Count, lower),
    ];
    all.map(|(name, unit, better)| MetricDef { name, unit, better, doc: "" }).to_vec()
}

/// Names, mean downtime after the restart, IdP peak, IdP token requests.
const POLICIES: [(&str, f64, f64, f64); 7] = [
    ("ttl-only", 1_790.0, 4.0, 16.0),
    ("reactive-retry", 0.2, 9.0, 900.0),
    ("event-purge", 3.0, 6.0, 20.0),
    ("short-expiry", 240.0, 8.0, 170.0),
    ("no-cache", 0.0, 230.0, 2_160_000.0),
    ("wso2-retry-endpoint", 1_500.0, 4.2, 19.0),
    ("wso2-mediator", 1_790.0, 4.0, 16.0),
];

/// The default rules.
pub fn ttl_only() -> Policy {
    Policy {
        lifetime: lifetime::Lifetime {
            rule: lifetime::LifetimeRule::ExpiresIn,
            margin: SimSpan::secs(1),
            refresh_at: None,
            refresh_jitter: 0.0,
            request: None,
            whole_seconds: false,
        },
        fetch: fetch::Fetch {
            single_flight: fetch::SingleFlight::Node,
            share_failures: true,
            timeout: Some(SimSpan::secs(10)),
            on_failure: fetch::OnFailure::Fail,
            retry_after: SimSpan::ZERO,
            lock_ttl: SimSpan::secs(5),
            lock_poll: SimSpan::millis(100),
        },
        store: store::Store { shared: false, round_trip: SimSpan::millis(1) },
        rejection: rejection::Rejection {
            statuses: vec![],
            errors: vec![],
            min_token_age: SimSpan::ZERO,
            purge: rejection::Purge::IfSame,
            then: rejection::Then::Resend { at_most: 1 },
            backoff: Backoff::constant(SimSpan::ZERO),
        },
        events: events::Events {
            subscribe: false,
            purge: events::EventPurge::Issuer,
            refetch: false,
            catch_up: events::CatchUp::Nothing,
        },
        probe: probe::Probe { every: None },
        surge: surge::Surge {
            threshold: None,
            window: SimSpan::secs(10),
            reaction: Dist::Constant(SimSpan::secs(60)),
            remedy: surge::Remedy::Restart,
            cooldown: SimSpan::secs(300),
            serial: false,
        },
    }
}

fn policy(name: &str) -> Policy {
    let mut policy = ttl_only();
    match name {
        "reactive-retry" => policy.rejection.statuses = vec![401, 403],
        "event-purge" => policy.events.subscribe = true,
        "short-expiry" => policy.lifetime.request = Some(SimSpan::secs(300)),
        "no-cache" => policy.lifetime.rule = lifetime::LifetimeRule::NoCache,
        "wso2-retry-endpoint" | "wso2-mediator" => policy.rejection.statuses = vec![401],
        _ => {}
    }
    policy
}

/// A restart of 36 s after an hour, 403s, four gateways.
pub fn scenario() -> Scenario {
    Scenario {
        name: "sample".into(),
        title: "IdP restart invalidates every token; one-hour tokens".into(),
        question: "How long do calls fail after the IdP is back?".into(),
        source: "made up".into(),
        world: Arc::new(world()),
        policies: POLICIES
            .iter()
            .map(|&(name, ..)| NamedPolicy { name: name.into(), base: name.into(), policy: policy(name) })
            .collect(),
        known: Vec::new(),
        slo: None,
        replications: crate::replications::Replications::fixed(60),
        expects: Vec::new(),
        id: "5ca1ab1e".into(),
        inputs: vec![Input { name: "scenarios/sample.toml".into(), hash: "abcd".into() }],
    }
}

/// The same, with counted calls that are introspected.
pub fn approximate_scenario() -> Scenario {
    let mut scenario = scenario();
    let world = Arc::get_mut(&mut scenario.world).expect("nobody else has it yet");
    world.run.calls = c::Playing::Counted;
    world.run.would_wait = Some(0.002);
    scenario
}

fn world() -> c::WorldConfig {
    let constant = |secs| Dist::Constant(SimSpan::secs(secs));
    let api = c::ApiConfig {
        name: "orders".into(),
        credential: CredentialId::at(0),
        validation: c::Validation::Ideal,
        reject_status: 403,
        reject_error: c::WwwError(None),
        forbidden_ratio: 0.01,
        forbidden_error: c::WwwError(Some("insufficient_scope".into())),
        unsafe_ratio: 0.1,
        service_time: Dist::Constant(SimSpan::millis(16)),
        introspection_timeout: SimSpan::secs(5),
    };
    let client = c::ClientConfig {
        name: "shop".into(),
        apis: vec![ApiId::at(0)],
        arrivals: c::Arrivals::Poisson { per_s: 200.0 },
        profile: None,
        users: 1,
        timeout: SimSpan::secs(30),
        retry_attempts: 0,
        retry_backoff: Backoff::constant(SimSpan::secs(1)),
        retry_budget: None,
        consumer_key: ConsumerKeyId(1),
        login: constant(0),
        relogin: constant(5),
        token_lifetime: None,
        owns: Vec::new(),
    };
    let key = |name: &str| c::ConsumerKey {
        name: name.into(),
        credential: (name == "orders").then_some(CredentialId(0)),
        client: (name == "shop").then_some(ClientId(0)),
    };
    c::WorldConfig {
        run: c::RunConfig {
            duration: SimSpan::secs(10_800),
            warmup: SimSpan::ZERO,
            start: c::Start::Warm,
            calls: c::Playing::Each,
            would_wait: None,
            seed: 1,
        },
        network: c::Network {
            client_gateway: SimSpan::ZERO,
            gateway_idp: SimSpan::millis(1),
            gateway_backend: SimSpan::millis(1),
            backend_idp: SimSpan::millis(1),
        },
        idp: c::IdpConfig {
            nodes: 1,
            front: c::Front::RoundRobin,
            detect: SimSpan::ZERO,
            health_of: c::HealthOf::Readiness,
            workers: 64,
            queue: 1_000,
            token_service: Dist::Constant(SimSpan::millis(20)),
            introspection_service: Dist::Constant(SimSpan::millis(5)),
            token_lifetime: SimSpan::secs(3_600),
            token_format: c::TokenFormat::Opaque,
            on_restart: c::OnRestart::InvalidateAll,
            starting: constant(0),
            restart_event: c::RestartEvent::AtStart,
            unreachable: c::Unreachable::Refuse,
            notify_again: None,
            persistence: c::Persistence::Memory,
            cache: c::IdpCache { ttl: SimSpan::ZERO, invalidation: None },
        },
        db: c::DbConfig {
            dialect: crate::persistence::dialect::Dialect::Postgresql,
            con_app_key: true,
            read: constant(0),
            write: constant(0),
            pool: 1,
            pool_wait: SimSpan::ZERO,
        },
        control_plane_delay: constant(0),
        bus: c::BusConfig { delay: constant(0), loss: 0.0, durable: false, redeliver: None },
        gateway: c::GatewayConfig {
            nodes: 4,
            balance: c::Balance::Random,
            overhead: constant(0),
            detect_down: SimSpan::ZERO,
            restart_takes: SimSpan::secs(60),
            inbound: c::InboundConfig {
                validation: c::InboundValidation::None,
                listens: vec![false; 4],
                comparison: revocation::Comparison::Strict,
                merge: revocation::Merge::LastWriter,
            },
        },
        credentials: vec!["orders".into()],
        gateway_credentials: 1,
        consumer_keys: ["orders", "shop"].map(key).to_vec(),
        applications: Vec::new(),
        apis: vec![api],
        clients: vec![client],
        faults: vec![c::FaultConfig { name: "restart".into(), at: constant(3_600), every: None, fault: restart() }],
    }
}

fn restart() -> Box<dyn crate::fault::Fault> {
    let span = |secs| Value::Dist(Dist::Constant(SimSpan::secs(secs)));
    let own = BTreeMap::from([
        ("down", span(36)),
        ("node", Value::Text("all".into())),
        ("gap", Value::Span(SimSpan::ZERO)),
        ("graceful", Value::Bool(false)),
        ("drain", Value::Span(SimSpan::ZERO)),
        ("starting", Value::Off),
        ("on_restart", Value::Off),
        ("restart_event", Value::Off),
    ]);
    let idp = BTreeMap::from([
        ("starting", span(0)),
        ("on_restart", Value::Text("invalidate-all".into())),
        ("restart_event", Value::Text("at-start".into())),
    ]);
    let (clients, keys) = ([], ["orders".to_string()]);
    let names = Names { idp_nodes: 1, gateways: 4, credentials: &keys, clients: &clients, consumer_keys: &keys };
    let def = FAULTS.iter().find(|def| def.kind == "idp-restart").expect("the kind is built");
    (def.build)(&Table(own), &Table(idp), names).expect("the table is complete")
}

/// Results of every policy of [`scenario`].
pub fn comparison(replications: u32) -> Comparison {
    let names: Vec<String> = POLICIES.iter().map(|policy| policy.0.to_string()).collect();
    let restart = (SimTime::ZERO + SimSpan::secs(3_600), SimTime::ZERO + SimSpan::secs(3_636));
    let layout = Layout::new(SimSpan::secs(10_800), &[restart]);
    let mut comparison = Comparison::new(&names, metrics(), layout.clone(), replications);
    for replication in 0..replications {
        for policy in 0..POLICIES.len() {
            comparison.push(&record(replication, policy, &layout));
        }
    }
    comparison
}

/// Three lifetimes by two losses.
pub fn sweep() -> Sweep {
    let value = |text: &str| SweptValue { toml: format!("\"{text}\""), text: text.into() };
    let key = |path: &str, name: &str, values: &[&str]| SweptKey {
        path: path.into(),
        name: name.into(),
        values: values.iter().map(|text| value(text)).collect(),
        origin: "sample.toml:9".into(),
    };
    let point = |index: usize| Point { at: vec![index / 2, index % 2], scenario: scenario() };
    Sweep {
        mode: Mode::Grid,
        keys: vec![
            key("idp.token_lifetime", "token_lifetime", &["5min", "15min", "1h"]),
            key("bus.loss", "loss", &["0", "0.1"]),
        ],
        conditions: Vec::new(),
        points: (0..6).map(point).collect(),
        warnings: Diagnostics::default(),
        mode_origin: "default".into(),
        where_origin: String::new(),
    }
}

/// [`sweep`] as a zip of its first two points.
pub fn zip(sweep: &mut Sweep) {
    sweep.mode = Mode::Zip;
    sweep.points.truncate(2);
    for (index, point) in sweep.points.iter_mut().enumerate() {
        point.at = vec![index, index];
    }
    sweep.keys.iter_mut().for_each(|key| key.values.truncate(2));
}

/// Results of the first points of [`sweep`]: longer with the lifetime, more with the loss.
pub fn swept<'a>(scenario: &'a Scenario, sweep: &'a Sweep, points: usize, replications: u32) -> Swept<'a> {
    let factor = |point: usize| [0.1, 0.12, 0.3, 0.35, 1.0, 1.1][point];
    let of = |point: usize| {
        changed(
            replications,
            move |_, metric, value| if metric.contains("after") { value * factor(point) } else { value },
        )
    };
    let extent = if points < sweep.points.len() { Extent::Interrupted } else { Extent::Complete };
    let done = (0..points).map(|point| Done { point, comparison: of(point) }).collect();
    Swept { scenario, sweep, done, holes: Vec::new(), extent }
}

/// As [`comparison`], its values changed by `change(policy name, metric name, value)`.
pub fn changed(replications: u32, change: impl Fn(&str, &str, f64) -> f64) -> Comparison {
    let original = comparison(replications);
    let names: Vec<String> = original.policies.iter().map(|policy| policy.name.clone()).collect();
    let mut comparison = Comparison::new(&names, metrics(), original.layout.clone(), replications);
    for replication in 0..replications {
        for (policy, name) in names.iter().enumerate() {
            let mut record = record(replication, policy, &original.layout);
            for (value, metric) in record.values.iter_mut().zip(&original.metrics) {
                *value = change(name, metric.name, *value);
            }
            comparison.push(&record);
        }
    }
    comparison
}

/// Twice the policies and more: names as long as products have them, groups that coincide, values close together.
pub fn crowd(replications: u32) -> Comparison {
    let original = comparison(1);
    let copies = ["", "-envoy-credential", "-spring"];
    let names: Vec<String> =
        copies.iter().flat_map(|copy| POLICIES.iter().map(move |policy| format!("{}{copy}", policy.0))).collect();
    let mut crowd = Comparison::new(&names, metrics(), original.layout.clone(), replications);
    for replication in 0..replications {
        for policy in 0..names.len() {
            let mut record = record(replication, policy % POLICIES.len(), &original.layout);
            let nudge = if policy < 2 * POLICIES.len() && policy % 3 > 0 { 1.1 } else { 1.0 };
            record.values.iter_mut().for_each(|value| *value *= nudge);
            crowd.push(&Record { policy, ..record });
        }
    }
    crowd
}

/// One replication under one policy.
pub fn record(replication: u32, policy: usize, layout: &Layout) -> Record {
    let (name, mean, peak, requests) = POLICIES[policy];
    // The two that coincide share their chance.
    let draw = |salt: u64| uniform(u64::from(replication) * 64 + salt);
    let alike = if name == "wso2-mediator" { 0 } else { u64::try_from(policy).unwrap_or(0) };
    let downtime = if mean > 100.0 { mean * (0.7 + 0.6 * draw(alike)) } else { mean * 2.0 * draw(alike) };
    let timeline = timeline(downtime, layout, &draw);
    let failed: f64 = timeline.iter().map(|bin| count(bin.failed)).sum();
    let ok: f64 = timeline.iter().map(|bin| count(bin.ok)).sum();
    let value = |metric: &str| match metric {
        "requests" => ok + failed,
        "ok" => ok,
        "failed" | "failed.stale-token" => failed,
        "availability" => ok / (ok + failed),
        "downtime_s" => downtime + 36.0,
        "downtime_worst_lane_s" => downtime * 1.4 + 36.0,
        "downtime_after_restart_s" => downtime,
        "downtime_after_restart_worst_lane_s" => downtime * 1.4,
        "application_downtime_s" | "accepted_after_revocation" | "exposure_mean_s" | "false_rejections" => f64::NAN,
        "idp_token_requests" => libm::round(requests * (0.95 + 0.1 * draw(alike + 20))),
        "idp_token_requests_peak_per_s" => libm::round(peak * (0.8 + 0.4 * draw(alike + 30))),
        "wasted_fetches" if name == "reactive-retry" => libm::round(requests * 0.4),
        "unsafe_resends" if name == "reactive-retry" => 31.0,
        _ => 0.0,
    };
    let lane = Episode {
        lane: "gateway-1/orders".into(),
        start_ns: 3_600 * NANOS_PER_SECOND,
        end_ns: 3_636 * NANOS_PER_SECOND,
        first_cause: "stale-token".into(),
        failed: 3,
    };
    let values = metrics().iter().map(|metric| value(metric.name)).collect();
    let digest = u64::from(replication) * 31;
    Record { policy, replication, digest, values, episodes: vec![lane], timeline, inbound: None }
}

/// As [`scenario`], with callers that have tokens; of four gateways the first two listen to revocations.
pub fn scenario_with_tokens() -> Scenario {
    let mut scenario = scenario();
    let world = Arc::get_mut(&mut scenario.world).expect("nobody else has it yet");
    world.gateway.inbound.validation = c::InboundValidation::Jwt;
    world.gateway.inbound.listens = vec![true, true, false, false];
    scenario
}

/// Results of [`scenario_with_tokens`].
pub fn comparison_with_tokens(replications: u32) -> Comparison {
    let plain = comparison(1);
    let names: Vec<String> = plain.policies.iter().map(|policy| policy.name.clone()).collect();
    let mut comparison = Comparison::new(&names, metrics(), plain.layout.clone(), replications);
    for replication in 0..replications {
        (0..names.len()).for_each(|policy| comparison.push(&record_with_tokens(replication, policy, 4, &plain.layout)));
    }
    comparison
}

/// As [`record`], with 30 revocations: the first half of the gateways hears of them, the others let calls pass for long.
pub fn record_with_tokens(replication: u32, policy: usize, gateways: usize, layout: &Layout) -> Record {
    let revocation = |number: u32| {
        let exposure = |gateway: usize| {
            let salt = u64::try_from(gateway).unwrap_or(0) * 7_919 + u64::from(number) * 31 + u64::from(replication);
            let (draw, at_ns) = (uniform(salt), 3_600 * NANOS_PER_SECOND);
            if gateway < gateways / 2 {
                let heard = SimSpan::from_secs_f64(0.02 + 0.1 * draw).0;
                let passes = draw > 0.7;
                let exposure_ns = if passes { heard - 5_000_000 } else { 0 };
                let false_rejections = u64::from(draw > 0.9) * 3;
                return Exposure {
                    heard_ns: Some(at_ns + heard),
                    accepted: passes.into(),
                    exposure_ns,
                    false_rejections,
                };
            }
            let exposure_ns = SimSpan::from_secs_f64(7_100.0 * draw).0;
            Exposure { heard_ns: None, accepted: 1 + exposure_ns % 37, exposure_ns, false_rejections: 0 }
        };
        Revocation {
            name: format!("password-change/0/shop/user-{}", number + 1),
            at_ns: 3_600 * NANOS_PER_SECOND,
            gateways: (0..gateways).map(exposure).collect(),
        }
    };
    let revocations: Vec<Revocation> = (0..30).map(revocation).collect();
    let total = |gateway: usize| {
        let of = || revocations.iter().map(|revocation| &revocation.gateways[gateway]);
        let accepted = of().map(|exposure| exposure.accepted).sum();
        GatewayTotal { accepted, false_rejections: of().map(|exposure| exposure.false_rejections).sum() }
    };
    let totals: Vec<GatewayTotal> = (0..gateways).map(total).collect();
    let mut record = record(replication, policy, layout);
    for (value, metric) in record.values.iter_mut().zip(metrics()) {
        match metric.name {
            "accepted_after_revocation" => *value = count(totals.iter().map(|total| total.accepted).sum()),
            "false_rejections" => *value = count(totals.iter().map(|total| total.false_rejections).sum()),
            "exposure_mean_s" => *value = 3_550.0,
            _ => {}
        }
    }
    Record { inbound: Some(Inbound { gateways: totals, revocations }), ..record }
}

/// Everything fails while the IdP is away; then four lanes recover one after another, at `downtime` on average.
fn timeline(downtime: f64, layout: &Layout, draw: &dyn Fn(u64) -> f64) -> Vec<Bin> {
    let recovered = [0.4, 0.8, 1.2, 1.6].map(|factor| 3_636.0 + downtime * factor);
    let bin = |index: usize| {
        let start = layout.bins[index].as_secs_f64();
        let end = layout.bins.get(index + 1).copied().unwrap_or(layout.end).as_secs_f64();
        let down = if start >= 3_600.0 { recovered.iter().filter(|&&at| at > start).count() } else { 0 };
        let calls = libm::round((end - start) * 200.0 * (0.9 + 0.2 * draw(u64::try_from(index).unwrap_or(0) + 100)));
        let failed = libm::round(calls * f64::from(u32::try_from(down).unwrap_or(0)) / 4.0);
        Bin { ok: whole(calls - failed), failed: whole(failed), forbidden: 1, idp_token_requests: 1 }
    };
    (0..layout.bins.len()).map(bin).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts of made-up calls")]
fn whole(value: f64) -> u64 {
    value as u64
}

#[expect(clippy::cast_precision_loss, reason = "small counts of made-up calls")]
fn count(value: u64) -> f64 {
    value as f64
}

/// A number in (0, 1) that looks random (splitmix64).
fn uniform(index: u64) -> f64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0)) + 0.5) / 4_294_967_296.0
}
