//! Rule `events`: the node is told by the IdP, over the bus (model.md §4.5).

use crate::key::{Key, Table, Ty};
use crate::time::SimSpan;

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::new("subscribe", Ty::Bool, "false", "the node gets the IdP's events"),
    Key::new(
        "purge",
        Ty::Choice(&["issuer", "token"]),
        "\"issuer\"",
        "what an event drops: every entry issued before it, or only the tokens it is about",
    ),
    Key::new("refetch", Ty::Bool, "false", "fetch at once after the purge"),
    Key::new("catch_up", Ty::Choice(&["none", "replay", "poll"]), "\"none\"", "how missed events are made up for"),
    Key::new("poll_every", Ty::PositiveSpan, "\"60s\"", "poll: how often the state is read"),
];

/// How a holder follows the IdP's events.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    pub subscribe: bool,
    pub purge: EventPurge,
    pub refetch: bool,
    pub catch_up: CatchUp,
}

/// What an event drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventPurge {
    /// Every entry whose token was issued before the event's instant.
    Issuer,
    /// Of these, only the tokens that the event is about.
    Token,
}

/// How events are made up for that were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    Nothing,
    /// The missed ones are asked for at reconnection.
    Replay,
    /// The state is read so often (RFC 8936).
    Poll {
        every: SimSpan,
    },
}

impl Events {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Events {
        Events {
            subscribe: table.bool("subscribe"),
            purge: match table.text("purge") {
                "issuer" => EventPurge::Issuer,
                "token" => EventPurge::Token,
                other => unreachable!("the decoder refuses purge {other}"),
            },
            refetch: table.bool("refetch"),
            catch_up: match table.text("catch_up") {
                "none" => CatchUp::Nothing,
                "replay" => CatchUp::Replay,
                "poll" => CatchUp::Poll { every: table.span("poll_every") },
                other => unreachable!("the decoder refuses catch_up {other}"),
            },
        }
    }
}
