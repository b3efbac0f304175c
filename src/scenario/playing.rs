//! `run.calls`: whether each call is played, or those that change nothing are counted. Decided once for all policies, so that
//! they are played alike, and told where the value stands.

use super::NamedPolicy;
use super::diagnostic::Diagnostic;
use super::parts::Parts;
use super::reader::Reader;
use crate::model::config::{Playing, WorldConfig};
use crate::model::{Approximately, obstacles, would_wait};

/// Decides it; says why calls cannot be counted, where that was asked for, and what is approximated if they are.
pub fn decide(reader: &mut Reader, parts: &Parts, world: &mut WorldConfig, policies: &[NamedPolicy]) {
    let run = &parts.tables["run"];
    let asked = run.table.text("calls");
    if asked == "each" {
        return;
    }
    let approximately = if asked == "auto" { Approximately::Never } else { Approximately::IfNeedBe };
    let named = policies.iter().map(|policy| (policy.name.as_str(), &policy.policy));
    let obstacles = obstacles(world, named, approximately);
    world.run.calls = if obstacles.is_empty() { Playing::Counted } else { Playing::Each };
    if asked == "auto" {
        let comes_to = match obstacles.as_slice() {
            [] => String::from("calls that change nothing are counted"),
            all => format!("each call is played: {}", all.join("; ")),
        };
        originates(reader, &comes_to);
    } else if obstacles.is_empty() {
        world.run.would_wait = would_wait(world, policies.iter().map(|policy| &policy.policy));
        if let (Some(words), Some(bound)) = (approximation(world), bound(world)) {
            originates(reader, &words);
            // At the points of a sweep the bounds may differ, and the message does not.
            let note =
                Diagnostic::new("W011", format!("approximate: {APPROXIMATED}")).at_some(run.place("calls"), bound);
            reader.say(note.help("write \"each\", if waits at the IdP are the question"));
        }
    } else {
        let mistake = Diagnostic::new("E041", "calls of this scenario cannot be counted");
        let mistake = mistake.at_some(run.place("calls"), "write \"auto\" or \"each\"");
        reader.say(obstacles.iter().fold(mistake, |mistake, obstacle| mistake.help(obstacle.clone())));
    }
}

/// What is approximated where calls are counted, if anything is.
#[must_use]
pub fn approximation(world: &WorldConfig) -> Option<String> {
    Some(format!("approximate: {APPROXIMATED}, {}", bound(world)?))
}

const APPROXIMATED: &str = "introspections of counted calls do not wait for a worker";

fn bound(world: &WorldConfig) -> Option<String> {
    let most = percent_at_most(world.run.would_wait?);
    Some(format!("at most {most} % of introspections would have waited (Erlang C)"))
}

/// Adds to the origin of the value.
fn originates(reader: &mut Reader, comes_to: &str) {
    let tables = reader.resolved.iter_mut().filter(|table| table.path == "run");
    for line in tables.flat_map(|table| &mut table.lines).filter(|line| line.key == "calls") {
        line.origin = format!("{}; {comes_to}", line.origin);
    }
}

/// A share in per cent, rounded up to two digits, or to a ten-thousandth of a per cent, which is the least that is told.
fn percent_at_most(share: f64) -> String {
    let percent = (share * 100.0).max(1e-4);
    let decimals = (0..4).find(|decimals| percent * power_of_ten(*decimals) >= 10.0).unwrap_or(4);
    let unit = power_of_ten(decimals);
    // What floating point adds is not to be rounded up.
    let up = libm::ceil(percent * unit - 1e-9) / unit;
    format!("{up:.*}", decimals as usize)
}

fn power_of_ten(exponent: u32) -> f64 {
    f64::from(10_u32.pow(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_to_two_digits() {
        let told: Vec<String> = [0.0, 1e-12, 0.000_012, 0.002_01, 0.05, 0.409, 1.0].map(percent_at_most).to_vec();
        assert_eq!(told, ["0.0001", "0.0001", "0.0012", "0.21", "5.0", "41", "100"]);
    }
}
