//! Which facts a trace is to have.

use super::names::Names;
use crate::id::LaneId;
use crate::model::fact::Fact;
use crate::time::SimTime;

/// What is asked for: all of it must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Told at or after this.
    pub from: Option<SimTime>,
    /// Told before this.
    pub to: Option<SimTime>,
    /// What concerns this lane: its calls, its gateway, who fetches its tokens, and what concerns all lanes.
    pub lane: Option<LaneId>,
    /// What concerns the call of this number, and nothing else.
    pub call: Option<u64>,
}

impl Filter {
    /// Whether a fact is asked for.
    #[must_use]
    pub fn keeps(&self, names: &Names<'_>, at: SimTime, fact: &Fact) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.lane.is_none_or(|lane| concerns_lane(names, lane, fact))
            && self.call.is_none_or(|call| call_of(fact) == Some(call))
    }
}

/// The number of the call that a fact is about.
fn call_of(fact: &Fact) -> Option<u64> {
    match fact {
        Fact::Calls(calls) => Some(calls.number),
        Fact::Sent { call, .. } | Fact::Refused { call, .. } => Some(*call),
        _ => None,
    }
}

/// Whether a fact is about a lane, or about what all lanes have in common. Of some facts nobody knows whose call they come from.
fn concerns_lane(names: &Names<'_>, lane: LaneId, fact: &Fact) -> bool {
    match fact {
        Fact::Calls(calls) => calls.lane == lane,
        Fact::Refused { lane: of, .. } => *of == lane,
        Fact::FetchStarted { holder, .. }
        | Fact::FetchEnded { holder, .. }
        | Fact::Purged { holder, .. }
        | Fact::Got { holder, .. }
        | Fact::Sent { holder, .. } => names.holder_of(lane) == *holder,
        Fact::Gateway(gateway, _)
        | Fact::Operator(gateway, _)
        | Fact::Delivered { gateway, .. }
        | Fact::Missed { gateway, .. }
        | Fact::ServedRevoked { gateway, .. }
        | Fact::FalselyRefused { gateway, .. }
        | Fact::TablesRead { gateway, .. }
        | Fact::TablesUnread { gateway, .. } => names.gateway_of_lane(lane) == Some(*gateway),
        Fact::Latency(_)
        | Fact::AnswerLost
        | Fact::Unanswered(_)
        | Fact::Resend { .. }
        | Fact::AcceptedWhileDead
        | Fact::Counted { .. }
        | Fact::IdpArrival(_)
        | Fact::IdpRefused(_)
        | Fact::IdpBusy(_)
        | Fact::Served { .. }
        | Fact::NodeUp { .. }
        | Fact::WastedFetch
        | Fact::Stale { .. }
        | Fact::EventMessage
        | Fact::Login { .. }
        | Fact::DuplicateActiveJwt => false,
        Fact::TokenIssued { .. }
        | Fact::Fault(..)
        | Fact::Killed(_)
        | Fact::RestartStopped
        | Fact::Ready
        | Fact::Node(..)
        | Fact::Serving(_)
        | Fact::Key(_)
        | Fact::Slow(_)
        | Fact::Bus(_)
        | Fact::Db(_)
        | Fact::DbStalled { .. }
        | Fact::ConAppKeyViolated { .. }
        | Fact::ConAppKeyRecovered { .. }
        | Fact::ConAppKeyExhausted { .. }
        | Fact::Superseded { .. }
        | Fact::TokenLost { .. }
        | Fact::Published(_)
        | Fact::Untold { .. }
        | Fact::Revoked { .. }
        | Fact::ControlPlane(_)
        | Fact::Store(_)
        | Fact::Partition(_)
        | Fact::ClockSkewed => true,
    }
}
