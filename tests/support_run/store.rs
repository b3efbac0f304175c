//! The same tiny worlds with a database, and with an application that asks for tokens itself.
//!
//! A read takes 2 ms and a write 4 ms, unless a test says otherwise. So a call of a gateway that has to fetch is settled
//! 29 ms after its birth where its token is created (1 + 20 + 2 + 4 + 1 + 1), 25 ms after where the database has one, and
//! 23 ms after where the node of the IdP remembers one.

use stalegate::model::fact::Fact;

use super::{Calls, Seen, World, outcome};

impl World {
    /// The IdP keeps its tokens in a database; further lines of `[idp.persistence]`.
    pub fn stored(self, lines: &str) -> World {
        self.tables(&format!("[idp.persistence]\nmode = \"database\"\n{lines}"))
    }

    /// Lines of `[db]`.
    pub fn db(self, lines: &str) -> World {
        self.tables(&format!("[db]\n{lines}"))
    }

    /// Lines of `[idp.cache]`.
    pub fn remembers(self, lines: &str) -> World {
        self.tables(&format!("[idp.cache]\n{lines}"))
    }

    /// Nobody calls but applications.
    pub fn no_client(self) -> World {
        World { calls: Calls::None, ..self }
    }

    /// An application `batch` that calls the one API; further lines of it.
    pub fn application(self, lines: &str) -> World {
        self.tables(&format!("[[application]]\nname = \"batch\"\napi = \"orders\"\n{lines}"))
    }
}

impl Seen {
    /// Which token each call went to the backend with, in order.
    pub fn sent(&self) -> Vec<u64> {
        let tokens = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Sent { token, .. } => Some(*token),
            _ => None,
        });
        tokens.collect()
    }

    /// What the database did to tokens: `1.028s violation`, `1.032s #0 superseded`.
    pub fn races(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::ConAppKeyViolated { .. } => Some("violation".into()),
            Fact::ConAppKeyRecovered { .. } => Some("recovery".into()),
            Fact::ConAppKeyExhausted { .. } => Some("exhausted".into()),
            Fact::Superseded { token, .. } => Some(format!("#{token} superseded")),
            Fact::DuplicateActiveJwt => Some("duplicate".into()),
            Fact::TokenLost { token } => Some(format!("#{token} lost")),
            _ => None,
        })
    }

    /// When tokens began to exist.
    pub fn issued(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::TokenIssued { .. }))
    }

    /// How many calls of applications had this outcome.
    pub fn number_of_threads(&self, word: &str) -> usize {
        self.count(|fact| matches!(fact, Fact::Calls(calls) if calls.user.is_none() && outcome(calls.outcome) == word))
    }

    /// The same of clients.
    pub fn number_of_clients(&self, word: &str) -> usize {
        self.count(|fact| matches!(fact, Fact::Calls(calls) if calls.user.is_some() && outcome(calls.outcome) == word))
    }
}
