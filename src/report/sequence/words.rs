//! The words of a diagram's steps.

use super::Look;
use crate::experiment::explain::Way;
use crate::model::fact::Fact;
use crate::oauth::Cause;
use crate::report::explain::count;
use crate::report::narrative::clock;
use crate::time::SimTime;

/// Whether a fact says that something goes out of order.
pub fn bad_news(fact: &Fact) -> Look {
    match fact {
        Fact::Missed { .. }
        | Fact::Gateway(_, false)
        | Fact::FalselyRefused { .. }
        | Fact::TablesUnread { .. }
        | Fact::Serving(None)
        | Fact::Slow(true)
        | Fact::Key(_)
        | Fact::Revoked { .. }
        | Fact::Bus(false)
        | Fact::ControlPlane(false)
        | Fact::Untold { .. }
        | Fact::Store(false)
        | Fact::Db(false)
        | Fact::DbStalled { .. }
        | Fact::Partition(true)
        | Fact::ClockSkewed => Look::Bad,
        _ => Look::Plain,
    }
}

pub fn refusal(token: Option<u64>, cause: Cause, since: Option<SimTime>, status: u16) -> String {
    let token = token.map_or_else(|| "there is no token".to_owned(), |token| format!("token {token}"));
    match (cause, since) {
        (Cause::IntrospectionDown, _) => format!("{token} cannot be checked"),
        (Cause::NotYetPersisted, _) => format!("{status}: {token} is not in the database yet"),
        (_, Some(since)) => format!("{status}: {token} is dead since {}", clock(since)),
        (_, None) => format!("{status}: {token} is not accepted"),
    }
}

/// Why calls failed, to who knows none of our words.
pub fn plainly(cause: Cause) -> &'static str {
    match cause {
        Cause::StaleToken => "their token is dead",
        Cause::SupersededToken => "their token was superseded",
        Cause::LostToken => "their token was lost",
        Cause::NotYetPersisted => "their token is not in the database yet",
        Cause::ExpiredToken => "their token has expired",
        Cause::NoToken => "they carry no token",
        Cause::IdpDown => "there is no token, for the IdP is down",
        Cause::IdpBusy => "there is no token, for the IdP's queue is full",
        Cause::IdpTimeout => "the IdP gives no token in time",
        Cause::IdpError => "there is no token, for the IdP's database fails",
        Cause::PersistFailed => "there is no token, for the IdP could not store it",
        Cause::IntrospectionDown => "their token cannot be checked",
        Cause::StoreDown => "the shared store of tokens fails",
        Cause::GatewayDown => "the gateway is down",
        Cause::InboundRefused => "their callers' good tokens are refused",
        Cause::ClientTimeout => "their clients give up waiting",
    }
}

pub fn alike(way: &Way) -> String {
    let (here, elsewhere) = (way.n.saturating_sub(1), way.everywhere - way.n);
    let elsewhere = if elsewhere == 0 { String::new() } else { format!(", and {} elsewhere", count(elsewhere)) };
    let (more, until) = (count(here), clock(way.last));
    match here {
        0 => format!("… more calls fail the same way until {until}{elsewhere}"),
        1 => format!("… 1 more call fails the same way, at {until}{elsewhere}"),
        _ => format!("… {more} more calls fail the same way until {until}{elsewhere}"),
    }
}
