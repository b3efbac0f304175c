//! What a fault's keys may refer to, and what is wrong where they refer to nothing.

use std::ops::RangeInclusive;

use crate::id::{ClientId, GatewayId, IdpNodeId};
use crate::key::Table;

use super::Control;

/// The names that a fault may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub idp_nodes: usize,
    pub gateways: usize,
    /// In the world's order: the position is the id.
    pub credentials: &'a [String],
    /// The populations with the number of their users, in the world's order: the position is the id.
    pub clients: &'a [(String, u32)],
    /// In the world's order: the position is the id.
    pub consumer_keys: &'a [String],
}

/// A mistake in a fault's own keys that only shows when they are seen together, or against the rest of the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultMistake {
    /// Where it is; where the file has no such key, the fault itself.
    pub key: &'static str,
    pub slip: Slip,
    pub message: String,
    /// Beside the place.
    pub label: &'static str,
}

/// Of what sort a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slip {
    /// Nothing has the name that this word says.
    NoSuchName {
        word: String,
        /// What could stand there instead.
        candidates: Vec<String>,
    },
    /// A key is missing; this can be written.
    Missing {
        add: &'static str,
    },
    /// Two keys exclude each other, or one needs another.
    Excluding,
    OutOfRange,
    /// One name in two places.
    Twice,
}

impl FaultMistake {
    /// A word that is nobody's name.
    #[must_use]
    pub fn no_such_name(key: &'static str, word: &str, message: String, candidates: Vec<String>) -> FaultMistake {
        let slip = Slip::NoSuchName { word: word.to_owned(), candidates };
        FaultMistake { key, slip, message, label: "nothing has this name" }
    }
}

impl From<FaultMistake> for Vec<FaultMistake> {
    fn from(mistake: FaultMistake) -> Vec<FaultMistake> {
        vec![mistake]
    }
}

/// Which nodes of the IdP a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdpTarget {
    All,
    One(IdpNodeId),
    /// Node after node.
    Rolling,
}

impl IdpTarget {
    /// The nodes, all at once.
    pub fn nodes(self, control: &dyn Control) -> Vec<IdpNodeId> {
        match self {
            IdpTarget::All | IdpTarget::Rolling => control.idp_nodes(),
            IdpTarget::One(node) => vec![node],
        }
    }
}

/// Which gateway nodes a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayTarget {
    All,
    One(GatewayId),
}

/// What the key `node` says of the IdP.
pub fn idp_target(table: &Table, known: Names<'_>, may_roll: bool) -> Result<IdpTarget, FaultMistake> {
    match table.text("node") {
        "all" => Ok(IdpTarget::All),
        "rolling" if may_roll => Ok(IdpTarget::Rolling),
        word => {
            let words: &[&str] = if may_roll { &["all", "rolling"] } else { &["all"] };
            let index = number(word, "idp", known.idp_nodes);
            let index = index.ok_or_else(|| no_such_node("node", word, "idp", known.idp_nodes, words))?;
            Ok(IdpTarget::One(IdpNodeId::at(index)))
        }
    }
}

/// What the key `node` says of gateways.
pub fn gateway_target(table: &Table, known: Names<'_>) -> Result<GatewayTarget, FaultMistake> {
    match table.text("node") {
        "all" => Ok(GatewayTarget::All),
        word => {
            let index = number(word, "gateway", known.gateways);
            let index = index.ok_or_else(|| no_such_node("node", word, "gateway", known.gateways, &["all"]))?;
            Ok(GatewayTarget::One(GatewayId::at(index)))
        }
    }
}

/// A population: which, its name, how many users it has.
#[derive(Clone, Copy, Debug)]
pub struct Population<'a> {
    pub client: ClientId,
    pub name: &'a str,
    pub users: u32,
}

/// The population that the key `client` names.
pub fn population<'a>(wanted: &str, known: Names<'a>) -> Result<Population<'a>, FaultMistake> {
    let found = known.clients.iter().position(|(name, _)| name == wanted);
    let index = found.ok_or_else(|| {
        let candidates = known.clients.iter().map(|(name, _)| name.clone()).collect();
        FaultMistake::no_such_name("client", wanted, format!("the scenario has no client `{wanted}`"), candidates)
    })?;
    let (name, users) = &known.clients[index];
    Ok(Population { client: ClientId::at(index), name, users: *users })
}

/// The user of a population that the key `user` names, from 0: `user-1` is 0.
pub fn user(wanted: &str, of: Population<'_>) -> Result<u32, FaultMistake> {
    let users = usize::try_from(of.users).unwrap_or(usize::MAX);
    if let Some(index) = number(wanted, "user", users) {
        return Ok(u32::try_from(index).expect("a population's users are counted in 32 bits"));
    }
    let (name, users) = (of.name, of.users);
    let digits = wanted.trim_start_matches(|c: char| !c.is_ascii_digit());
    let meant = digits.parse().ok().filter(|number: &u32| (1..=users).contains(number));
    let candidates = meant.map(|number| format!("user-{number}")).into_iter().collect();
    let message = format!("there is no user `{wanted}`: `{name}` has {}", numbered("user", users));
    Err(FaultMistake::no_such_name("user", wanted, message, candidates))
}

/// A node's place among its like, from 0, by its name: `<prefix>-<number from 1>`.
#[must_use]
pub fn number(word: &str, prefix: &str, nodes: usize) -> Option<usize> {
    let digits = word.strip_prefix(prefix)?.strip_prefix('-')?;
    let number: usize = digits.parse().ok().filter(|_| digits.starts_with(|c: char| matches!(c, '1'..='9')))?;
    (1..=nodes).contains(&number).then(|| number - 1)
}

/// Says which nodes there are instead of this one; `words` are good there too.
#[must_use]
pub fn no_such_node(key: &'static str, word: &str, prefix: &str, nodes: usize, words: &[&str]) -> FaultMistake {
    let message = format!("there is no node `{word}`: the scenario has {prefix}-1 to {prefix}-{nodes}");
    let words = words.iter().map(ToString::to_string);
    FaultMistake::no_such_name(key, word, message, words.chain(some_nodes(prefix, nodes)).collect())
}

/// Says who there is instead of this one: these words, nodes of the IdP, gateways.
#[must_use]
pub fn no_such_party(key: &'static str, word: &str, known: Names<'_>, words: &[&str]) -> FaultMistake {
    let Names { idp_nodes, gateways, .. } = known;
    for (prefix, nodes) in [("idp", idp_nodes), ("gateway", gateways)] {
        let rest = word.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
        if rest.is_some_and(|digits| digits.parse::<u64>().is_ok()) {
            return no_such_node(key, word, prefix, nodes, words);
        }
    }
    let list = words.join(", ");
    let message = format!(
        "nothing is called `{word}`: there are {list}, idp-1 to idp-{idp_nodes}, gateway-1 to gateway-{gateways}"
    );
    let nodes = some_nodes("idp", idp_nodes).chain(some_nodes("gateway", gateways));
    FaultMistake::no_such_name(key, word, message, words.iter().map(ToString::to_string).chain(nodes).collect())
}

/// As many nodes' names as a word is worth comparing with.
pub fn some_nodes(prefix: &str, nodes: usize) -> impl Iterator<Item = String> {
    let numbers: RangeInclusive<usize> = 1..=nodes.min(64);
    numbers.map(move |number| format!("{prefix}-{number}"))
}

fn numbered(prefix: &str, count: u32) -> String {
    if count == 1 { format!("{prefix}-1 only") } else { format!("{prefix}-1 to {prefix}-{count}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_goes_by_a_number_from_one() {
        let shop = Population { client: ClientId(0), name: "shop", users: 1000 };
        assert_eq!((user("user-1", shop), user("user-1000", shop)), (Ok(0), Ok(999)));
        for (word, candidate) in
            [("user-0", None), ("user-1001", None), ("user-07", Some("user-7")), ("usr-7", Some("user-7")), ("", None)]
        {
            let mistake = user(word, shop).expect_err("there is no such user");
            let Slip::NoSuchName { candidates, .. } = mistake.slip else { panic!("{word}: {mistake:?}") };
            assert_eq!(candidates.first().map(String::as_str), candidate, "{word}");
            assert_eq!(mistake.message, format!("there is no user `{word}`: `shop` has user-1 to user-1000"));
        }
    }
}
