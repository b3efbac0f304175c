//! `credentials-revoked` and `application-revoked`: every token of a consumer key dies, whoever holds it (model.md §8; claim
//! c02).

use super::names::{self, FaultMistake, Names, Slip};
use super::{Control, Fault, FaultDef, Phase, Revoke};
use crate::id::ConsumerKeyId;
use crate::key::{Key, Table, Ty};

/// An application's credentials are made anew.
pub const CREDENTIALS_REVOKED: FaultDef = FaultDef {
    kind: "credentials-revoked",
    doc: "a consumer key gets new credentials: every token of it is revoked, its users' tokens too",
    keys: KEYS,
    build: |table, _, known| build(table, known, Kind::Credentials),
};

/// An application is revoked.
pub const APPLICATION_REVOKED: FaultDef = FaultDef {
    kind: "application-revoked",
    doc: "as credentials-revoked, by the application's end",
    keys: KEYS,
    build: |table, _, known| build(table, known, Kind::Application),
};

const KEYS: &[Key] = &[
    Key::off("client", Ty::Text, "the population, whose name is its consumer key"),
    Key::off("application", Ty::Text, "or the consumer key of an application, or of an api's credential"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Credentials,
    Application,
}

#[derive(Debug)]
struct ApplicationRevoked {
    kind: Kind,
    key: ConsumerKeyId,
}

fn build(table: &Table, known: Names<'_>, kind: Kind) -> Result<Box<dyn Fault>, Vec<FaultMistake>> {
    let name = match (table.opt_text("client"), table.opt_text("application")) {
        (Some(client), None) => names::population(client, known)?.name,
        (None, Some(application)) => credential(application, known)?,
        (Some(_), Some(_)) => {
            let message = "a fault revokes a `client` or an `application`, not both".to_owned();
            let (key, label) = ("application", "one of both");
            return Err(FaultMistake { key, slip: Slip::Excluding, message, label }.into());
        }
        (None, None) => {
            let message = "the fault has neither `client` nor `application`".to_owned();
            let slip = Slip::Missing { add: "client = \"…\", or application = \"…\"" };
            return Err(FaultMistake { key: "application", slip, message, label: "whose tokens?" }.into());
        }
    };
    let index = known.consumer_keys.iter().position(|key| key == name);
    let key = ConsumerKeyId::at(index.expect("every population and every credential has a consumer key"));
    Ok(Box::new(ApplicationRevoked { kind, key }))
}

/// The consumer key of an application or of an API's credential.
fn credential<'a>(wanted: &'a str, known: Names<'_>) -> Result<&'a str, FaultMistake> {
    if known.credentials.iter().any(|name| name == wanted) {
        return Ok(wanted);
    }
    let population = known.clients.iter().any(|(name, _)| name == wanted);
    let message = if population {
        format!("`{wanted}` is a client, and no application: write client = \"{wanted}\"")
    } else {
        format!("nothing has the consumer key `{wanted}`")
    };
    Err(FaultMistake::no_such_name("application", wanted, message, known.credentials.to_vec()))
}

impl Fault for ApplicationRevoked {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Credentials => CREDENTIALS_REVOKED.kind,
            Kind::Application => APPLICATION_REVOKED.kind,
        }
    }

    fn phase(&self, _: Phase, control: &mut dyn Control) {
        control.revoke(Revoke::ConsumerKey(self.key));
    }

    fn lasts_s(&self) -> f64 {
        0.0
    }

    fn revokes(&self) -> Option<Revoke> {
        Some(Revoke::ConsumerKey(self.key))
    }
}
