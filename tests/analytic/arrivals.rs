//! Calls come as their process says: Poisson counts and gaps, thinned by what is forbidden, spread over users; constant gaps; closed populations.

use stalegate::oauth::Outcome;

use crate::page::hold;
use crate::support::{
    Claim, chi_squared_is, compared, distributed, exponential, facts, float, from_facts, is_within, scenario,
    scenario_with, uniform_counts,
};

/// Nothing takes time, so that outcomes are told at births; and nothing expires.
const CALLS: &str = r#"
schema = 1
name = "calls"
[run]
duration = "1000s"
seed = 14
replications = 50
[network]
gateway_idp = "0s"
gateway_backend = "0s"
[idp]
token_lifetime = "365d"
token_service = "0s"
[gateway]
nodes = 3
overhead = "0s"
[[api]]
name = "orders"
validation = "ideal"
forbidden_ratio = 0.3
service_time = "0s"
[[api]]
name = "stock"
validation = "ideal"
service_time = "0s"
[[client]]
name = "office"
apis = ["orders"]
users = 7
arrivals = { process = "poisson", rate = "0.6/s" }
[[client]]
name = "shop"
apis = ["orders", "stock"]
users = 10
arrivals = { process = "poisson", rate = "3/s" }
[[policy]]
name = "policy"
"#;

/// One client, one API and two gateways.
const CLOSED: &str = r#"
schema = 1
name = "closed"
[run]
duration = "1100s"
warmup = "100s"
seed = 15
replications = 20
[network]
client_gateway = "30ms"
gateway_idp = "0s"
gateway_backend = "70ms"
[idp]
token_lifetime = "365d"
token_service = "0s"
[gateway]
overhead = "110ms"
[[api]]
name = "orders"
validation = "ideal"
service_time = "190ms"
[[client]]
name = "shop"
apis = ["orders"]
users = 40
arrivals = { process = "closed", users = 40, think = { dist = "exponential", mean = "2s" } }
[[policy]]
name = "policy"
"#;

/// Both ways to the client and to the backend, overhead and service.
const RESPONSE_S: f64 = 2.0 * 0.03 + 0.11 + 2.0 * 0.07 + 0.19;

/// How many calls each (population, lane) had.
fn counts(facts: &crate::support::Facts) -> Vec<usize> {
    let mut counts = vec![0; 2 * 6];
    facts.calls().for_each(|call| counts[call.client_and_user().0.index() * 6 + call.lane.index()] += 1);
    counts
}

#[test]
fn calls_of_a_population_and_a_lane_are_poisson_in_number_and_independent() {
    let scenario = scenario(CALLS);
    let all = from_facts(&scenario, counts);
    let mut claims = Vec::new();
    let n = float(all.len());
    // Lanes: gateway by gateway, orders and stock. The office calls orders only.
    for (index, mean) in [(0, 200.0), (2, 200.0), (4, 200.0)].into_iter().chain((6..12).map(|index| (index, 500.0))) {
        let seen: Vec<f64> = all.iter().map(|counts| float(counts[index])).collect();
        let squares: f64 = seen.iter().map(|count| (count - mean) * (count - mean) / mean).sum();
        let total = seen.iter().sum();
        claims.push(is_within(&format!("calls of stream {index}"), total, n * mean, libm::sqrt(n * mean)));
        claims.push(chi_squared_is(&format!("dispersion of stream {index}"), squares, n));
    }
    assert!(all.iter().all(|counts| [1, 3, 5].iter().all(|&index| counts[index] == 0)));
    let products: f64 = all.iter().map(|counts| (float(counts[6]) - 500.0) * (float(counts[8]) - 500.0) / 500.0).sum();
    claims.push(is_within("covariance of two gateways", products, 0.0, libm::sqrt(n)));
    hold("Calls of a population and a lane are Poisson in number and independent", &claims);
}

/// The first `n` gaps of these instants in seconds, the first one from the beginning of the run.
fn gaps(instants: impl Iterator<Item = f64>, n: usize) -> Vec<f64> {
    let mut last = 0.0;
    let gaps: Vec<f64> = instants.take(n).map(|at| at - std::mem::replace(&mut last, at)).collect();
    assert_eq!(gaps.len(), n, "the run is long enough");
    gaps
}

/// That the logarithms of neighbouring gaps do not depend on each other: n r² is near the square of a normal deviate.
fn uncorrelated(what: &str, gaps: &[f64], rate: f64) -> Claim {
    // The probability transform: uniform, with mean 1/2 and variance 1/12.
    let uniform: Vec<f64> = gaps.iter().map(|gap| exponential(rate)(*gap) - 0.5).collect();
    let sum: f64 = uniform.windows(2).map(|pair| pair[0] * pair[1] * 12.0).sum();
    is_within(what, sum, 0.0, libm::sqrt(float(uniform.len() - 1)))
}

#[test]
fn gaps_are_exponential_and_forget_each_other() {
    let overrides = ["run.duration=20000s", "run.replications=1"];
    let facts = facts(&scenario_with(CALLS, &overrides), 0, 0);
    let of_shop = |lane: Option<u32>, forbidden: Option<bool>| {
        let matching = facts.calls().filter(move |call| {
            call.client_and_user().0.index() == 1
                && lane.is_none_or(|lane| call.lane.0 == lane)
                && forbidden.is_none_or(|forbidden| forbidden == (call.outcome == Outcome::Forbidden))
        });
        matching.map(|call| call.first.as_secs_f64())
    };
    let lane = gaps(of_shop(Some(2), None), 9_000);
    let all = gaps(of_shop(None, None), 50_000);
    let forbidden = gaps(of_shop(Some(2), Some(true)), 2_500);
    let allowed = gaps(of_shop(Some(2), Some(false)), 6_000);
    hold(
        "Gaps are exponential and forget each other",
        &[
            distributed("of a lane", &lane, exponential(0.5)),
            distributed("of a population", &all, exponential(3.0)),
            distributed("of forbidden calls", &forbidden, exponential(0.15)),
            distributed("of other calls", &allowed, exponential(0.35)),
            uncorrelated("neighbours of a lane", &lane, 0.5),
            uncorrelated("neighbours of a population", &all, 3.0),
            uncorrelated("neighbours of forbidden calls", &forbidden, 0.15),
        ],
    );
}

#[test]
fn the_forbidden_are_binomial_and_users_uniform() {
    let scenario = scenario(CALLS);
    let all = from_facts(&scenario, |facts| {
        let mut forbidden = [0; 2];
        let mut users = [0; 10];
        for call in facts.calls() {
            let of_orders = call.lane.0 % 2 == 0;
            assert!(of_orders || call.outcome == Outcome::Ok, "stock forbids nothing");
            if of_orders {
                forbidden[usize::from(call.outcome == Outcome::Forbidden)] += 1;
            }
            if call.client_and_user().0.index() == 1 {
                users[call.client_and_user().1 as usize] += 1;
            }
        }
        (forbidden, users)
    });
    let n = float(all.iter().map(|(orders, _)| orders[0] + orders[1]).sum());
    let forbidden = float(all.iter().map(|(orders, _)| orders[1]).sum());
    let squares: f64 = all
        .iter()
        .map(|(orders, _)| {
            let n = float(orders[0] + orders[1]);
            (float(orders[1]) - 0.3 * n) * (float(orders[1]) - 0.3 * n) / (0.21 * n)
        })
        .sum();
    let users: Vec<f64> = (0..10).map(|user| float(all.iter().map(|(_, users)| users[user]).sum())).collect();
    hold(
        "The forbidden are binomial and users uniform",
        &[
            is_within("forbidden", forbidden, 0.3 * n, libm::sqrt(0.21 * n)),
            chi_squared_is("dispersion of the forbidden", squares, float(all.len())),
            uniform_counts("users", &users),
        ],
    );
}

#[test]
fn sticky_users_stay_at_their_gateway_and_call_alike() {
    let scenario = scenario_with(CALLS, &["gateway.balance=sticky", "run.replications=10"]);
    let all = from_facts(&scenario, |facts| {
        let mut users = vec![0; 10];
        for call in facts.calls().filter(|call| call.client_and_user().0.index() == 1) {
            assert_eq!(call.lane.0 / 2, call.client_and_user().1 % 3, "user u belongs to gateway u mod 3");
            users[call.client_and_user().1 as usize] += 1;
        }
        users
    });
    let users: Vec<f64> = (0..10).map(|user| float(all.iter().map(|users| users[user]).sum())).collect();
    hold("Sticky users stay at their gateway and call alike", &[uniform_counts("users", &users)]);
}

#[test]
fn round_robin_spreads_a_poisson_population_evenly() {
    let scenario = scenario_with(CALLS, &["gateway.balance=round-robin", "run.replications=5"]);
    for counts in from_facts(&scenario, counts) {
        let of_gateway = |gateway: usize| counts[6 + 2 * gateway] + counts[7 + 2 * gateway];
        let (least, most) = ((0..3).map(of_gateway).min(), (0..3).map(of_gateway).max());
        assert!(most.expect("three") - least.expect("three") <= 1, "{counts:?}");
    }
}

#[test]
fn constant_gaps_are_constant_and_begin_at_a_uniform_share_of_one() {
    let arrivals = "client.shop.arrivals={ process = \"constant\", rate = \"4/s\" }";
    let scenario = scenario_with(CALLS, &[arrivals, "run.duration=100s", "run.replications=300"]);
    let all = from_facts(&scenario, |facts| {
        let instants: Vec<u64> =
            facts.calls().filter(|call| call.client_and_user().0.index() == 1).map(|call| call.first.0).collect();
        assert_eq!(instants.len(), 400);
        assert!(instants.windows(2).all(|pair| pair[1] - pair[0] == 250_000_000));
        let mut lanes = vec![0; 6];
        facts
            .calls()
            .filter(|call| call.client_and_user().0.index() == 1)
            .for_each(|call| lanes[call.lane.index()] += 1);
        (stalegate::time::SimTime(instants[0]).as_secs_f64(), lanes)
    });
    let firsts: Vec<f64> = all.iter().map(|(first, _)| *first).collect();
    let lanes: Vec<f64> = (0..6).map(|lane| float(all.iter().map(|(_, lanes)| lanes[lane]).sum())).collect();
    hold(
        "Constant gaps are constant and begin at a uniform share of one",
        &[distributed("the first call", &firsts, |at| 4.0 * at), uniform_counts("lanes", &lanes)],
    );
}

/// The shop's factors: up a ramp, a step up, a step down to a pause, up a ramp again, and on as it is then.
const DAY: &[(f64, f64)] =
    &[(50.0, 0.5), (200.0, 2.0), (200.0, 4.0), (300.0, 4.0), (300.0, 0.0), (400.0, 0.0), (700.0, 3.0)];

/// As `--set` takes it.
fn day() -> String {
    let points: Vec<String> = DAY.iter().map(|(at, factor)| format!("[\"{at}s\", {factor:?}]")).collect();
    format!("client.shop.profile=[{}]", points.join(", "))
}

/// The integral of the shop's factor from the beginning to `t`, by trapezoids.
fn passed(t: f64) -> f64 {
    let (first, last) = (DAY[0], DAY[DAY.len() - 1]);
    let ends: Vec<(f64, f64)> = [(0.0, first.1)].iter().chain(DAY).chain(&[(1e9, last.1)]).copied().collect();
    let piece = |ends: &[(f64, f64)]| {
        let ((from, low), (to, high)) = (ends[0], ends[1]);
        let width = t.min(to) - from;
        if width <= 0.0 { 0.0 } else { width * (2.0 * low + (high - low) * width / (to - from)) / 2.0 }
    };
    ends.windows(2).map(piece).sum()
}

/// When the shop's calls were born, in seconds.
fn births(facts: &crate::support::Facts) -> Vec<f64> {
    let of_shop = facts.calls().filter(|call| call.client_and_user().0.index() == 1);
    of_shop.map(|call| call.first.as_secs_f64()).collect()
}

#[test]
fn calls_of_a_profile_are_poisson_in_number_by_the_integral_of_its_factor() {
    assert!((passed(1_000.0) - (25.0 + 187.5 + 400.0 + 450.0 + 900.0)).abs() < 1e-9);
    let edges = [0.0, 50.0, 120.0, 200.0, 250.0, 300.0, 400.0, 500.0, 700.0, 1_000.0];
    for balance in ["random", "round-robin", "sticky"] {
        let scenario = scenario_with(CALLS, &[&day(), &format!("gateway.balance={balance}"), "run.replications=40"]);
        let all = from_facts(&scenario, |facts| {
            let births = births(facts);
            let within = |from: f64, to: f64| births.iter().filter(|at| (from..to).contains(*at)).count();
            edges.windows(2).map(|edge| float(within(edge[0], edge[1]))).collect::<Vec<f64>>()
        });
        let n = float(all.len());
        let mut claims = Vec::new();
        for (index, edge) in edges.windows(2).enumerate() {
            let mean = 3.0 * (passed(edge[1]) - passed(edge[0]));
            let what = |what: &str| format!("{what} from {} to {} s, {balance}", edge[0], edge[1]);
            let total: f64 = all.iter().map(|counts| counts[index]).sum();
            if mean == 0.0 {
                assert!(total == 0.0, "{}: {total}", what("a pause"));
                continue;
            }
            let squares = all.iter().map(|counts| (counts[index] - mean) * (counts[index] - mean) / mean).sum();
            claims.push(is_within(&what("calls"), total, n * mean, libm::sqrt(n * mean)));
            claims.push(chi_squared_is(&what("dispersion"), squares, n));
        }
        assert_eq!(claims.len(), 16);
        hold(&format!("Calls of a profile are Poisson in number by the integral of its factor ({balance})"), &claims);
    }
}

#[test]
fn in_operational_time_gaps_are_exponential_and_forget_each_other() {
    let facts = facts(&scenario_with(CALLS, &[&day(), "run.duration=6000s", "run.replications=1"]), 0, 0);
    let gaps = gaps(births(&facts).into_iter().map(passed), 50_000);
    hold(
        "In operational time gaps are exponential and forget each other",
        &[distributed("gaps", &gaps, exponential(3.0)), uncorrelated("neighbours", &gaps, 3.0)],
    );
}

#[test]
fn constant_gaps_are_constant_in_operational_time() {
    let arrivals = "client.shop.arrivals={ process = \"constant\", rate = \"4/s\" }";
    let facts = facts(&scenario_with(CALLS, &[arrivals, &day()]), 0, 0);
    let passed: Vec<f64> = births(&facts).into_iter().map(passed).collect();
    assert_eq!(passed.len(), 7_850, "4/s over 1962.5 s");
    assert!((0.0..0.25).contains(&passed[0]), "{}", passed[0]);
    // An instant is a whole nanosecond, at a factor of up to 4.
    let wrong = passed.windows(2).find(|pair| (pair[1] - pair[0] - 0.25).abs() > 1e-8);
    assert_eq!(wrong, None);
}

#[test]
fn call_k_is_the_same_call_whatever_the_profile_does() {
    let calls = |overrides: &[&str]| {
        let overrides = [&["gateway.balance=round-robin", "client.shop.apis=[\"orders\"]"], overrides].concat();
        let facts = facts(&scenario_with(CALLS, &overrides), 0, 0);
        let of_shop = facts.calls().filter(|call| call.client_and_user().0.index() == 1);
        of_shop.map(|call| (call.client_and_user().1, call.lane, call.outcome)).collect::<Vec<_>>()
    };
    let (plain, changed) = (calls(&[]), calls(&[&day()]));
    assert!(plain.len() > 2_500 && changed.len() > 5_000, "{} and {}", plain.len(), changed.len());
    assert_eq!(plain[..], changed[..plain.len()]);
}

#[test]
fn the_throughput_of_a_closed_population_is_its_users_over_think_plus_response() {
    let comparison = compared(&scenario(CLOSED));
    let cycle = 2.0 + RESPONSE_S;
    let n = f64::from(comparison.finished());
    let theory = n * 40.0 * 1_000.0 / cycle;
    // A renewal count: its variance grows by that of the cycle over the cube of its mean.
    let variance = n * 40.0 * 1_000.0 * 4.0 / (cycle * cycle * cycle);
    let latency = comparison.mean(0, "latency_mean_ms");
    assert!((latency - 1e3 * RESPONSE_S).abs() < 1e-9, "{latency}");
    hold(
        "The throughput of a closed population is its users over think plus response",
        &[is_within("calls", comparison.values(0, "ok").iter().sum(), theory, libm::sqrt(variance))],
    );
}

#[test]
fn users_who_think_for_a_constant_time_call_like_a_clock() {
    let arrivals = "client.shop.arrivals={ process = \"closed\", users = 40, think = \"1500ms\" }";
    let scenario = scenario_with(CLOSED, &[arrivals, "run.duration=20s", "run.warmup=0s", "run.replications=1"]);
    // A user thinks first; the call is settled after the leg to the gateway, the overhead, and the leg to the backend.
    let settled = |round: u64| 1_500_000_000 + 210_000_000 + round * 2_000_000_000;
    let instants: Vec<u64> = facts(&scenario, 0, 0).calls().map(|call| call.first.0).collect();
    let expected: Vec<u64> = (0..10).flat_map(|round| std::iter::repeat_n(settled(round), 40)).collect();
    assert_eq!(instants, expected);
}
