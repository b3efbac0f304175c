//! `password-change`, `user-disabled` and `role-change`: every token of a user dies, and with it those of the applications
//! that the user owns (model.md §8; claim c02).

use super::names::{self, FaultMistake, Names, Slip};
use super::{Control, Fault, FaultDef, Phase, Revoke, Who};
use crate::key::{Key, Table, Ty};

/// A user's password changes.
pub const PASSWORD_CHANGE: FaultDef = FaultDef {
    kind: "password-change",
    doc: "users change their passwords: their tokens and those of the applications that they own are revoked",
    keys: KEYS,
    build: |table, _, known| build(table, known, Kind::PasswordChange),
};

/// A user is disabled, and logs in no more.
pub const USER_DISABLED: FaultDef = FaultDef {
    kind: "user-disabled",
    doc: "as password-change, and the users cannot log in again",
    keys: KEYS,
    build: |table, _, known| build(table, known, Kind::UserDisabled),
};

/// A user's roles change.
pub const ROLE_CHANGE: FaultDef = FaultDef {
    kind: "role-change",
    doc: "as password-change, by a change of the users' roles",
    keys: KEYS,
    build: |table, _, known| build(table, known, Kind::RoleChange),
};

const KEYS: &[Key] = &[
    Key::required("client", Ty::Text, "the population"),
    Key::off("user", Ty::Text, "one of its users: user-7"),
    Key::off(
        "users",
        Ty::Count { min: 1, max: 4_000_000_000 },
        "so many of its users, drawn anew each time; without user and users: one",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    PasswordChange,
    UserDisabled,
    RoleChange,
}

#[derive(Debug)]
struct UserRevoked {
    kind: Kind,
    revoke: Revoke,
}

fn build(table: &Table, known: Names<'_>, kind: Kind) -> Result<Box<dyn Fault>, Vec<FaultMistake>> {
    let mut wrong = Vec::new();
    let (user, users) = (table.opt_text("user"), table.opt_count32("users"));
    if user.is_some() && users.is_some() {
        let message = "a fault is about one `user` or about so many `users`, not both".to_owned();
        wrong.push(FaultMistake { key: "users", slip: Slip::Excluding, message, label: "one of both" });
    }
    let population = names::population(table.text("client"), known).map_err(|mistake| wrong.push(mistake)).ok();
    let named = population.zip(user).map(|(of, user)| names::user(user, of)).transpose();
    let named = named.map_err(|mistake| wrong.push(mistake)).unwrap_or_default();
    if let (Some(of), Some(users)) = (population, users)
        && users > of.users
    {
        let message = format!("`users` is out of range: the client `{}` has {} users", of.name, of.users);
        wrong.push(FaultMistake { key: "users", slip: Slip::OutOfRange, message, label: "more than there are" });
    }
    match population {
        Some(of) if wrong.is_empty() => {
            let who = named.map_or(Who::Drawn(users.unwrap_or(1)), Who::User);
            let revoke = Revoke::Users { client: of.client, who, stays_out: kind == Kind::UserDisabled };
            Ok(Box::new(UserRevoked { kind, revoke }))
        }
        Some(_) | None => Err(wrong),
    }
}

impl Fault for UserRevoked {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::PasswordChange => PASSWORD_CHANGE.kind,
            Kind::UserDisabled => USER_DISABLED.kind,
            Kind::RoleChange => ROLE_CHANGE.kind,
        }
    }

    fn phase(&self, _: Phase, control: &mut dyn Control) {
        control.revoke(self.revoke);
    }

    fn lasts_s(&self) -> f64 {
        0.0
    }

    fn revokes(&self) -> Option<Revoke> {
        Some(self.revoke)
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{played, text};
    use super::*;

    #[test]
    fn only_who_was_disabled_stays_out() {
        for (def, stays_out) in [(PASSWORD_CHANGE, false), (USER_DISABLED, true), (ROLE_CHANGE, false)] {
            let done = format!("revoke Users {{ client: ClientId(0), who: Drawn(1), stays_out: {stays_out} }}");
            assert_eq!(played(&def, &[("client", text("shop"))], 1), Ok(vec![done]), "{}", def.kind);
        }
    }
}
