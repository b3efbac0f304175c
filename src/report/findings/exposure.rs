//! What listening to revocations of callers' tokens buys, and whom it locks out by mistake.

use super::Facts;
use crate::experiment::exposure::{Exposures, Tally};
use crate::report::gateways;
use crate::report::number::{percent, short, span};

/// From so many gateways on, sentences name the worst one and count the others.
const MANY: usize = 4;

/// Gateways that do not listen, and for how long they accept what is revoked.
pub fn deaf_gateways(facts: Facts<'_>) -> Vec<String> {
    let listens = &facts.scenario.world.gateway.inbound.listens;
    facts.of_exposures(|exposures| {
        let (loud, quiet) = split(exposures, listens);
        let worst = worst(&quiet).filter(|(_, tally)| longest(tally) > 0.0)?;
        let revoked = format!("accepted revoked tokens for up to {}", span(longest(worst.1)));
        let who = match quiet.len() {
            1 => format!("{} does not listen to revocations and {revoked}", name(worst.0)),
            n if n == listens.len() => format!("no gateway listens to revocations; {} {revoked}", name(worst.0)),
            n => format!("{n} gateways do not listen to revocations; {} {revoked}", name(worst.0)),
        };
        let others: Vec<String> =
            loud.iter().map(|&(gateway, tally)| format!("{}: {}", name(gateway), span(longest(tally)))).collect();
        Some(match self::worst(&loud) {
            None => who,
            Some(_) if loud.len() < MANY => format!("{who} ({})", others.join(", ")),
            Some((gateway, tally)) => {
                format!(
                    "{who} (of the {} that listen, {} longest: {})",
                    loud.len(),
                    name(gateway),
                    span(longest(tally))
                )
            }
        })
    })
}

/// Gateways that listen and did not hear of everything.
pub fn missed_revocations(facts: Facts<'_>) -> Vec<String> {
    let listens = &facts.scenario.world.gateway.inbound.listens;
    facts.of_exposures(|exposures| {
        let (loud, _) = split(exposures, listens);
        let missed = |tally: &Tally| tally.heard_share().map_or(0.0, |share| 1.0 - share);
        let some = loud.iter().filter(|(_, tally)| missed(tally) > 0.0).count();
        let &(gateway, tally) = loud.iter().rev().max_by(|one, other| missed(one.1).total_cmp(&missed(other.1)))?;
        let more = if some > 1 { format!(", and {} of the others missed some too", some - 1) } else { String::new() };
        let passed = match longest(tally) {
            0.0 => "none of the tokens passed all the same".into(),
            longest => format!("revoked tokens passed for up to {}", span(longest)),
        };
        (some > 0).then(|| {
            let share = percent(missed(tally));
            format!("{} listens and was not told of {share} of the revocations: {passed}{more}", name(gateway))
        })
    })
}

/// Calls with good tokens that were refused.
pub fn false_rejections(facts: Facts<'_>) -> Vec<String> {
    facts.of_exposures(|exposures| {
        let mean = |tally: &Tally| tally.false_rejections().map_or(0.0, |found| found.mean);
        let all = mean(&exposures.all);
        let each: Vec<(usize, f64)> = exposures.gateways.iter().map(mean).enumerate().collect();
        let &(worst, most) = each.iter().rev().max_by(|one, other| one.1.total_cmp(&other.1))?;
        let whose = if each.len() < MANY {
            each.iter().map(|&(of, calls)| format!("{}: {}", name(of), short(calls))).collect::<Vec<_>>().join(", ")
        } else {
            format!("most at {}: {}", name(worst), short(most))
        };
        (all > 0.0).then(|| format!("refused {} calls a run though their tokens were good ({whose})", short(all)))
    })
}

/// Gateways with their numbers.
type Named<'a> = Vec<(usize, &'a Tally)>;

/// Those that listen, and those that do not.
fn split<'a>(exposures: &'a Exposures, listens: &[bool]) -> (Named<'a>, Named<'a>) {
    exposures.gateways.iter().enumerate().partition(|&(gateway, _)| listens[gateway])
}

/// The one with the longest exposure; the first of several.
fn worst<'a>(gateways: &Named<'a>) -> Option<(usize, &'a Tally)> {
    gateways.iter().rev().max_by(|one, other| longest(one.1).total_cmp(&longest(other.1))).copied()
}

fn longest(tally: &Tally) -> f64 {
    tally.exposures.max_s().unwrap_or(0.0)
}

fn name(gateway: usize) -> String {
    gateways::name(Some(gateway))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::Comparison;
    use crate::experiment::record::{Exposure, GatewayTotal, Inbound, Record, Revocation};
    use crate::report::sample;
    use crate::scenario::Scenario;
    use crate::time::SimSpan;
    use std::sync::Arc;

    /// One revocation, and of each gateway: whether it listens, whether it heard, the exposure in ms, false rejections.
    fn world(gateways: &[(bool, bool, u64, u64)]) -> (Scenario, Comparison) {
        let mut scenario = sample::scenario_with_tokens();
        let world = Arc::get_mut(&mut scenario.world).unwrap();
        world.gateway.inbound.listens = gateways.iter().map(|gateway| gateway.0).collect();
        let exposure = |&(_, heard, ms, refused): &(bool, bool, u64, u64)| Exposure {
            heard_ns: heard.then_some(1),
            accepted: u64::from(ms > 0),
            exposure_ns: SimSpan::millis(ms).0,
            false_rejections: refused,
        };
        let of: Vec<Exposure> = gateways.iter().map(exposure).collect();
        let total = |of: &Exposure| GatewayTotal { accepted: of.accepted, false_rejections: of.false_rejections };
        let revocation = Revocation { name: "leak/0/shop/user-7".into(), at_ns: 0, gateways: of.clone() };
        let inbound = Inbound { gateways: of.iter().map(total).collect(), revocations: vec![revocation] };
        let mut comparison = sample::comparison(0);
        for policy in 0..comparison.policies.len() {
            let record = sample::record(0, policy, &sample::comparison(0).layout);
            comparison.push(&Record { inbound: Some(inbound.clone()), ..record });
        }
        (scenario, comparison)
    }

    fn said(rule: super::super::Rule, gateways: &[(bool, bool, u64, u64)]) -> Vec<String> {
        let (scenario, comparison) = world(gateways);
        rule(Facts { scenario: &scenario, comparison: &comparison })
    }

    const HEARS: (bool, bool, u64, u64) = (true, true, 61, 0);
    const DEAF: (bool, bool, u64, u64) = (false, false, 11_520_000, 0);

    #[test]
    fn a_gateway_that_does_not_listen_stands_beside_those_that_do() {
        let one =
            "gateway-2 does not listen to revocations and accepted revoked tokens for up to 3.2 h (gateway-1: 61 ms)";
        assert_eq!(said(deaf_gateways, &[HEARS, DEAF]), [one]);
        let slow = (true, true, 90, 0);
        let some = "2 gateways do not listen to revocations; gateway-5 accepted revoked tokens for up to 3.2 h (of the 4 that \
                    listen, gateway-3 longest: 90 ms)";
        assert_eq!(said(deaf_gateways, &[HEARS, HEARS, slow, slow, DEAF, DEAF]), [some]);
        let none = "no gateway listens to revocations; gateway-1 accepted revoked tokens for up to 3.2 h";
        assert_eq!(said(deaf_gateways, &[DEAF, DEAF]), [none]);
        assert_eq!(said(deaf_gateways, &[HEARS, (false, false, 0, 0)]), Vec::<String>::new());
        assert_eq!(said(deaf_gateways, &[HEARS, HEARS]), Vec::<String>::new());
    }

    #[test]
    fn a_gateway_that_listens_and_was_not_told_is_named() {
        let missed =
            "gateway-2 listens and was not told of 100 % of the revocations: revoked tokens passed for up to 5 s";
        assert_eq!(said(missed_revocations, &[HEARS, (true, false, 5_000, 0), DEAF]), [missed]);
        assert_eq!(said(missed_revocations, &[HEARS, DEAF]), Vec::<String>::new());
    }

    #[test]
    fn calls_refused_by_mistake_are_said_with_their_gateways() {
        let refuses = (true, true, 0, 10);
        let few = "refused 12 calls a run though their tokens were good (gateway-1: 10, gateway-2: 2)";
        assert_eq!(said(false_rejections, &[refuses, (true, true, 0, 2)]), [few]);
        let many = "refused 20 calls a run though their tokens were good (most at gateway-2: 10)";
        assert_eq!(said(false_rejections, &[HEARS, refuses, refuses, HEARS]), [many]);
        assert_eq!(said(false_rejections, &[HEARS, DEAF]), Vec::<String>::new());
    }

    #[test]
    fn policies_are_named_where_they_differ() {
        let (scenario, mut comparison) = world(&[HEARS, DEAF]);
        comparison.policies[2].exposures = world(&[HEARS, (false, false, 1_000, 0)]).1.policies[2].exposures.clone();
        let said = deaf_gateways(Facts { scenario: &scenario, comparison: &comparison });
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].starts_with("ttl-only, reactive-retry, short-expiry, ") && said[0].contains("3.2 h"),
            "{said:?}"
        );
        assert!(said[1].starts_with("event-purge: gateway-2 does not listen") && said[1].contains(" 1 s "), "{said:?}");
        let plain = Facts { scenario: &sample::scenario(), comparison: &sample::comparison(2) };
        assert_eq!((deaf_gateways(plain).len(), false_rejections(plain).len()), (0, 0));
    }
}
