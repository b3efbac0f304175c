//! Rule `lifetime`: how long a cached token is used (model.md §4.1).

use crate::key::{Key, Table, Ty};
use crate::time::{ClockOffset, SimSpan, Stamp};

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::new(
        "rule",
        Ty::Choice(&["expires-in", "fixed", "no-cache"]),
        "\"expires-in\"",
        "until when a cached token is used",
    ),
    Key::new("margin", Ty::Span, "\"1s\"", "expires-in: how long before its expiry a token is no longer used"),
    Key::new(
        "after",
        Ty::PositiveSpan,
        "\"3000s\"",
        "fixed: how long after its receipt a token is used, whatever expires_in says",
    ),
    Key::off("refresh_at", Ty::Fraction, "at this fraction of the usable time a background fetch starts"),
    Key::new(
        "refresh_jitter",
        Ty::Ratio,
        "0.0",
        "the background fetch starts at refresh_at plus or minus up to this fraction of the usable time",
    ),
    Key::off("request", Ty::PositiveSpan, "the lifetime that the IdP is asked for"),
    Key::new("whole_seconds", Ty::Bool, "false", "instants are floored to the node's seconds"),
];

/// Between a receipt and the background fetch that follows it lies at least this. With whole seconds, each of a row of tokens
/// is used until the same second: over a network that takes no time, fetches would come ever closer to it and never pass.
const LEAST_WAIT: SimSpan = SimSpan::millis(1);

/// How long an entry is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifetime {
    pub rule: LifetimeRule,
    pub margin: SimSpan,
    pub refresh_at: Option<f64>,
    pub refresh_jitter: f64,
    /// The lifetime that the IdP is asked for.
    pub request: Option<SimSpan>,
    pub whole_seconds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifetimeRule {
    ExpiresIn,
    Fixed { after: SimSpan },
    NoCache,
}

impl Lifetime {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Lifetime {
        Lifetime {
            rule: match table.text("rule") {
                "expires-in" => LifetimeRule::ExpiresIn,
                "fixed" => LifetimeRule::Fixed { after: table.span("after") },
                "no-cache" => LifetimeRule::NoCache,
                other => unreachable!("the decoder refuses rule {other}"),
            },
            margin: table.span("margin"),
            refresh_at: table.opt_real("refresh_at"),
            refresh_jitter: table.real("refresh_jitter"),
            request: table.opt_span("request"),
            whole_seconds: table.bool("whole_seconds"),
        }
    }

    /// Until when (excluded) a token is used that arrived at `received` with `expires_in_s` whole seconds left.
    #[must_use]
    pub fn used_until(&self, received: Stamp, expires_in_s: u64, clock: ClockOffset) -> Stamp {
        let (span, margin) = match self.rule {
            LifetimeRule::ExpiresIn => (SimSpan::secs(expires_in_s), self.margin),
            LifetimeRule::Fixed { after } => (after, SimSpan::ZERO),
            LifetimeRule::NoCache => return received,
        };
        if !self.whole_seconds {
            return received.after(span).before(margin).max(received);
        }
        // Used while validTill − now > margin, in whole seconds of the node's clock: until the first second for which that fails.
        let valid_till = clock.whole_secs(received).saturating_add_unsigned(span.whole_secs());
        clock.instant_of(valid_till.saturating_sub_unsigned(margin.whole_secs())).max(received)
    }

    /// How long after its receipt a token with this usable time is fetched anew in the background; `u` in (0, 1) for the jitter.
    #[must_use]
    pub fn refresh_after(&self, usable: SimSpan, u: f64) -> Option<SimSpan> {
        let fraction = self.refresh_at? + self.refresh_jitter * (2.0 * u - 1.0);
        (self.rule != LifetimeRule::NoCache && usable > SimSpan::ZERO)
            .then(|| usable.scaled(fraction.clamp(0.0, 1.0)).max(LEAST_WAIT))
    }

    /// Whether tokens are kept at all.
    #[must_use]
    pub fn caches(&self) -> bool {
        self.rule != LifetimeRule::NoCache
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(rule: LifetimeRule, whole_seconds: bool) -> Lifetime {
        Lifetime {
            rule,
            margin: SimSpan::secs(1),
            refresh_at: Some(0.8),
            refresh_jitter: 0.1,
            request: None,
            whole_seconds,
        }
    }

    #[test]
    fn a_token_is_used_until_its_expiry_less_the_margin() {
        let received = Stamp(500);
        let until = rule(LifetimeRule::ExpiresIn, false).used_until(received, 3600, ClockOffset(0));
        assert_eq!(until, Stamp(3_599_000_000_500));
    }

    #[test]
    fn the_fixed_rule_ignores_expires_in() {
        let fixed = rule(LifetimeRule::Fixed { after: SimSpan::secs(3000) }, false);
        assert_eq!(fixed.used_until(Stamp(7), 60, ClockOffset(0)), Stamp(3_000_000_000_007));
    }

    #[test]
    fn whole_seconds_floor_receipt_and_now() {
        // Received when the clock shows 10.9 s: validTill is 10 + 60; at 69.0 s there is 1 s left, which is not more than the margin.
        let clock = ClockOffset(900_000_000);
        let until = rule(LifetimeRule::ExpiresIn, true).used_until(Stamp(10_000_000_000), 60, clock);
        assert_eq!(until, Stamp(69_000_000_000 - 900_000_000));
    }

    #[test]
    fn a_refresh_is_jittered_about_its_fraction_of_the_usable_time() {
        let rule = rule(LifetimeRule::ExpiresIn, false);
        assert_eq!(rule.refresh_after(SimSpan::secs(1000), 0.5), Some(SimSpan::secs(800)));
        assert_eq!(rule.refresh_after(SimSpan::secs(1000), 0.0), Some(SimSpan::secs(700)));
        assert_eq!(rule.refresh_after(SimSpan(5), 0.5), Some(SimSpan::millis(1)), "never at the same instant");
    }
}
