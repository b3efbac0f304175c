//! `token-revoked`: tokens are revoked one by one, and the IdP says so: every active token of a credential (model.md §6, §12),
//! or the token of a user (§8).

use super::names::{self, FaultMistake, Names, Slip};
use super::{Control, Death, Fault, FaultDef, Phase, Revoke};
use crate::id::{ClientId, CredentialId};
use crate::key::{Key, Table, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "token-revoked",
    doc: "every active token of a credential is revoked, or the token of a user",
    keys: &[
        Key::off("credential", Ty::Text, "the consumer key, of an api or of an application"),
        Key::off("client", Ty::Text, "or the population whose user's token is revoked"),
        Key::off("user", Ty::Text, "with client: the user whose token is revoked: user-7"),
    ],
    build: |table, _, known| build(table, known),
};

#[derive(Debug)]
enum TokenRevoked {
    /// Every active token of it.
    Credential(CredentialId),
    /// The token that the user has at that instant.
    User { client: ClientId, user: u32 },
}

fn build(table: &Table, known: Names<'_>) -> Result<Box<dyn Fault>, Vec<FaultMistake>> {
    let slip = |key, slip, message: &str, label| FaultMistake { key, slip, message: message.to_owned(), label };
    let one_of_both = "a fault revokes the tokens of a `credential`, or that of a client's user, not both";
    let mistake = match (table.opt_text("credential"), table.opt_text("client"), table.opt_text("user")) {
        (Some(credential), None, None) => {
            let found = known.credentials.iter().position(|name| name == credential).ok_or_else(|| {
                let message = format!("nothing has the consumer key `{credential}`");
                FaultMistake::no_such_name("credential", credential, message, known.credentials.to_vec())
            })?;
            return Ok(Box::new(TokenRevoked::Credential(CredentialId::at(found))));
        }
        (None, Some(client), Some(user)) => {
            let of = names::population(client, known)?;
            let user = names::user(user, of)?;
            return Ok(Box::new(TokenRevoked::User { client: of.client, user }));
        }
        (Some(_), Some(_), _) => slip("client", Slip::Excluding, one_of_both, "one of both"),
        (Some(_), None, Some(_)) => slip("user", Slip::Excluding, one_of_both, "one of both"),
        (None, Some(_), None) => {
            let missing = Slip::Missing { add: "user = \"user-7\"" };
            slip("user", missing, "the fault has a `client` and no `user`", "whose token?")
        }
        (None, None, Some(_)) => {
            let missing = Slip::Missing { add: "client = \"…\"" };
            slip("user", missing, "the fault has a `user` and no `client`", "of which population?")
        }
        (None, None, None) => {
            let missing = Slip::Missing { add: "credential = \"…\", or client = \"…\" and user = \"user-7\"" };
            slip("credential", missing, "the fault has neither `credential` nor `client` and `user`", "whose token?")
        }
    };
    Err(mistake.into())
}

impl Fault for TokenRevoked {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, _: Phase, control: &mut dyn Control) {
        match *self {
            TokenRevoked::Credential(credential) => {
                control.kill(Death::Credential(credential));
                control.publish(None, Some(credential), control.now());
            }
            TokenRevoked::User { client, user } => control.revoke(Revoke::Token { client, user }),
        }
    }

    fn lasts_s(&self) -> f64 {
        0.0
    }

    fn revokes(&self) -> Option<Revoke> {
        match *self {
            TokenRevoked::Credential(_) => None,
            TokenRevoked::User { client, user } => Some(Revoke::Token { client, user }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{played, text};
    use super::*;

    #[test]
    fn a_credentials_tokens_are_killed_and_told_of_and_a_users_token_is_revoked() {
        let killed = vec!["kill Credential(CredentialId(0))".into(), "publish None Some(CredentialId(0))".into()];
        assert_eq!(played(&DEF, &[("credential", text("orders"))], 1), Ok(killed));
        let revoked = vec!["revoke Token { client: ClientId(0), user: 6 }".into()];
        assert_eq!(played(&DEF, &[("client", text("shop")), ("user", text("user-7"))], 1), Ok(revoked));
    }
}
