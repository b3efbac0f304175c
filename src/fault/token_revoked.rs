//! `token-revoked`: every active token of a credential dies, and the IdP says so on the bus (model.md §6, §12).

use super::{Control, Death, Fault, FaultDef, FaultMistake, Phase};
use crate::id::CredentialId;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "token-revoked",
    doc: "every active token of a credential is revoked",
    keys: &[
        Key::required("credential", Ty::Text, "the consumer key, of an api or of an application"),
        Key::off("client", Ty::Text, "the population whose user's token is revoked").later(&["*"]),
        Key::off("user", Ty::Text, "the user whose token is revoked").later(&["*"]),
    ],
    build: |table, _, names| {
        let wanted = table.text("credential");
        let found = names.credentials.iter().position(|name| name == wanted).ok_or_else(|| FaultMistake {
            key: "credential",
            message: format!("nothing has the consumer key `{wanted}`"),
            candidates: names.credentials.to_vec(),
        })?;
        Ok(Box::new(TokenRevoked { credential: CredentialId::at(found) }))
    },
};

#[derive(Debug)]
struct TokenRevoked {
    credential: CredentialId,
}

impl Fault for TokenRevoked {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, _: Phase, control: &mut dyn Control) {
        control.kill(Death::Credential(self.credential));
        control.publish(None, Some(self.credential), control.now());
    }

    fn lasts_s(&self) -> f64 {
        0.0
    }
}
