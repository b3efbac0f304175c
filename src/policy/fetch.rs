//! Rule `fetch`: how a token is got on a miss (model.md §4.2): the settings. [`super::fetcher`] is the machine.

use crate::key::{Key, Table, Ty};
use crate::time::SimSpan;

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::new(
        "single_flight",
        Ty::Choice(&["none", "node", "cluster"]),
        "\"node\"",
        "whether calls that miss share one token request",
    ),
    Key::new(
        "share_failures",
        Ty::Bool,
        "true",
        "a failed request fails all that wait for it, instead of the next one trying again",
    ),
    Key::new("timeout", Ty::SpanOrNone, "\"10s\"", "how long a token request may take"),
    Key::new(
        "on_failure",
        Ty::Choice(&["fail", "send-without-token", "use-stale"]),
        "\"fail\"",
        "what a call does for which no token could be got",
    ),
    Key::new("retry_after", Ty::Span, "\"0s\"", "no new token request sooner than this after a failed one"),
    Key::new("lock_ttl", Ty::PositiveSpan, "\"5s\"", "cluster: after this the lock in the shared store is lost"),
    Key::new("lock_poll", Ty::PositiveSpan, "\"100ms\"", "cluster: how often a waiting node looks again"),
];

/// How a token is got.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    pub single_flight: SingleFlight,
    pub share_failures: bool,
    pub timeout: Option<SimSpan>,
    pub on_failure: OnFailure,
    pub retry_after: SimSpan,
    pub lock_ttl: SimSpan,
    pub lock_poll: SimSpan,
}

/// Who shares a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleFlight {
    /// Nobody: every call that misses sends its own.
    None,
    /// The calls of one gateway node.
    Node,
    /// All gateway nodes, by a lock in the shared store.
    Cluster,
}

/// What becomes of a call for which no token could be got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Fail,
    SendWithoutToken,
    UseStale,
}

impl Fetch {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Fetch {
        Fetch {
            single_flight: match table.text("single_flight") {
                "none" => SingleFlight::None,
                "node" => SingleFlight::Node,
                "cluster" => SingleFlight::Cluster,
                other => unreachable!("the decoder refuses single_flight {other}"),
            },
            share_failures: table.bool("share_failures"),
            timeout: table.opt_span("timeout"),
            on_failure: match table.text("on_failure") {
                "fail" => OnFailure::Fail,
                "send-without-token" => OnFailure::SendWithoutToken,
                "use-stale" => OnFailure::UseStale,
                other => unreachable!("the decoder refuses on_failure {other}"),
            },
            retry_after: table.span("retry_after"),
            lock_ttl: table.span("lock_ttl"),
            lock_poll: table.span("lock_poll"),
        }
    }
}
