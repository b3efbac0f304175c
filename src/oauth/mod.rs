//! Tokens and what can become of them: the words of the protocol, without anybody who speaks them.

mod key_ring;
mod truth;

pub use key_ring::KeyRing;
pub use truth::{Death, NotBefore, Truth};

use crate::id::{CredentialId, IdpNodeId, KeyId, TokenKeyId};
use crate::time::{SimTime, Stamp};

/// An access token as it was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Its number among all tokens of the run; warm tokens come first.
    pub id: u64,
    pub credential: CredentialId,
    /// What it is for: at most one ACTIVE token of a database exists for it.
    pub token_key: TokenKeyId,
    pub node: IdpNodeId,
    /// The key that signs it, if it is a JWT.
    pub key: Option<KeyId>,
    /// When it began to exist.
    pub issued: Stamp,
    /// From this instant on it is expired.
    pub expires: Stamp,
    /// `issued` in whole seconds of the issuing node's clock.
    pub iat_s: i64,
}

impl Token {
    /// An opaque token that needs no world around it: of the first consumer key, token key and node.
    #[must_use]
    pub fn alone(id: u64, issued: Stamp, expires: Stamp) -> Token {
        let (credential, token_key, node) = (CredentialId(0), TokenKeyId(0), IdpNodeId(0));
        Token { id, credential, token_key, node, key: None, issued, expires, iat_s: 0 }
    }

    /// `expires_in` as a token response at `now` says it: whole seconds left, floored.
    #[must_use]
    pub fn expires_in_s(&self, now: SimTime) -> u64 {
        u64::try_from(self.expires.0.saturating_sub(now.stamp().0)).unwrap_or(0) / crate::time::NANOS_PER_SECOND
    }
}

/// Why a call failed (model.md §3). The words are those of `failed.<cause>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    StaleToken,
    SupersededToken,
    LostToken,
    NotYetPersisted,
    ExpiredToken,
    NoToken,
    IdpDown,
    IdpBusy,
    IdpTimeout,
    IdpError,
    PersistFailed,
    IntrospectionDown,
    StoreDown,
    GatewayDown,
    InboundRefused,
    ClientTimeout,
}

impl Cause {
    /// Every cause with its word, in the order of the declaration.
    pub const ALL: [(Cause, &'static str); 16] = [
        (Cause::StaleToken, "stale-token"),
        (Cause::SupersededToken, "superseded-token"),
        (Cause::LostToken, "lost-token"),
        (Cause::NotYetPersisted, "not-yet-persisted"),
        (Cause::ExpiredToken, "expired-token"),
        (Cause::NoToken, "no-token"),
        (Cause::IdpDown, "idp-down"),
        (Cause::IdpBusy, "idp-busy"),
        (Cause::IdpTimeout, "idp-timeout"),
        (Cause::IdpError, "idp-error"),
        (Cause::PersistFailed, "persist-failed"),
        (Cause::IntrospectionDown, "introspection-down"),
        (Cause::StoreDown, "store-down"),
        (Cause::GatewayDown, "gateway-down"),
        (Cause::InboundRefused, "inbound-refused"),
        (Cause::ClientTimeout, "client-timeout"),
    ];

    /// The word of `failed.<cause>`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Cause::ALL[self.index()].1
    }

    /// The position in [`Cause::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self as u8)
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The backend's own 403: neither success nor failure.
    Forbidden,
    Failed(Cause),
}
