//! A fact of a chain in words: of whom, and what.

use crate::fault::Death;
use crate::id::{HolderId, IdpNodeId};
use crate::model::fact::Fact;
use crate::oauth::{Cause, Outcome};
use crate::persistence::Why;
use crate::report::narrative::{self, clock, gateway_name};
use crate::trace::Names;

/// Whom a fact is about, and what happened; `None`: it is not told.
pub fn words(names: &Names<'_>, fact: &Fact) -> Option<(String, String)> {
    Some(match fact {
        Fact::Calls(calls) => {
            let Outcome::Failed(cause) = calls.outcome else { return None };
            (names.lane(calls.lane), format!("call {} fails ({})", calls.number, cause.word()))
        }
        Fact::Refused { lane, token, cause, since, .. } => {
            let api = names.lane(*lane);
            let api = api.rsplit('/').next().unwrap_or_default();
            (format!("backend of {api}"), refusal(*token, *cause, since.map(clock)))
        }
        Fact::Fault(fault, phase) => {
            let fault = &names.world.faults[fault.index()];
            let nth =
                if fault.every.is_some() { format!(", occurrence {}", phase.occurrence + 1) } else { String::new() };
            let what = if phase.is_begin() { "begins" } else { "goes on" };
            (format!("fault `{}`", fault.name), format!("{what} ({}{nth})", fault.fault.kind()))
        }
        Fact::Killed(death) => ("idp".into(), killed(names, *death)),
        Fact::TokenIssued { token, node: id } => (node(*id), format!("makes token {token}")),
        Fact::Got { holder, token } => (who(names, *holder), format!("gets token {token}")),
        Fact::FetchStarted { holder, .. } => (who(names, *holder), "asks for a token".into()),
        Fact::FetchEnded { holder, failed, .. } => {
            let what =
                failed.map_or_else(|| "gets a token".into(), |cause| format!("gets no token ({})", cause.word()));
            (who(names, *holder), what)
        }
        Fact::Purged { holder, token, .. } => (who(names, *holder), format!("drops token {token}")),
        Fact::Delivered { gateway, .. } => (gateway_name(*gateway), "hears that tokens are dead".into()),
        Fact::Superseded { token, node: id, why } => {
            let what = match why {
                Why::Raced => format!("the CON_APP_KEY recovery makes the row of token {token} INACTIVE"),
                Why::Renewed => format!("a renewal makes the row of token {token} INACTIVE"),
                Why::SpentUp => format!("the row of token {token} leaves ACTIVE"),
            };
            (node(*id), format!("{what}, and the token is dead to whoever holds it"))
        }
        Fact::ConAppKeyViolated { node: id, token } => {
            let what = token.map_or_else(|| "inserting a token".into(), |token| format!("inserting token {token}"));
            (node(*id), format!("{what} violates CON_APP_KEY, for another one is ACTIVE"))
        }
        Fact::ConAppKeyRecovered { node: id, token } => (node(*id), format!("goes on with token {token}")),
        Fact::ConAppKeyExhausted { node: id } => (node(*id), "gives a token up after the last retry".into()),
        Fact::TokenLost { token } => (format!("token {token}"), "is lost: it will never be in the database".into()),
        other => return narrative::words(names, other),
    })
}

/// What a backend says of a token.
fn refusal(token: Option<u64>, cause: Cause, since: Option<String>) -> String {
    let Some(token) = token else { return "refuses a call without a token".into() };
    match (cause, since) {
        (Cause::IntrospectionDown, _) => format!("cannot check token {token}"),
        (Cause::NotYetPersisted, _) => format!("refuses token {token}, which is not in the database yet"),
        (cause, Some(since)) => format!("refuses token {token}, dead since {since} ({})", cause.word()),
        (cause, None) => format!("refuses token {token} ({})", cause.word()),
    }
}

fn killed(names: &Names<'_>, death: Death) -> String {
    match death {
        Death::AllTokens => "every token is dead from now on".into(),
        Death::NodeTokens(id) => format!("every token of {} is dead from now on", node(id)),
        Death::Credential(credential) => {
            format!("every token of {} is dead from now on", names.world.credentials[credential.index()])
        }
        Death::SigningKey => "the signing key is another one, and every JWT of the old one is dead".into(),
        Death::RotatedKey => "the old key is out of the key set, and what it signed is dead".into(),
        Death::NotBefore => "tokens issued in a second before this one are dead from now on".into(),
    }
}

fn node(id: IdpNodeId) -> String {
    format!("idp-{}", id.0 + 1)
}

/// `gateway-1`, and the credential where a gateway has several.
fn who(names: &Names<'_>, holder: HolderId) -> String {
    match names.gateway_of(holder) {
        Some(gateway) if names.world.gateway_credentials == 1 => gateway_name(gateway),
        Some(_) | None => names.holder(holder).to_owned(),
    }
}
