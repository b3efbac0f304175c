//! What a node of the IdP has in memory: tokens that it remembers, locks of token keys, and the queue of tokens to be written.

use std::collections::{BTreeMap, VecDeque};

use super::{Item, Order};
use crate::id::TokenKeyId;
use crate::oauth::Token;
use crate::time::Stamp;

/// Who waits for a lock: the driver's own number for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// A node's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeMemory {
    /// By token.
    cached: BTreeMap<u64, Cached>,
    /// By token key: the token that the cache returns for it.
    latest: BTreeMap<TokenKeyId, u64>,
    locks: BTreeMap<TokenKeyId, Lock>,
    queue: VecDeque<Item>,
    /// At this size, entries whose time is over are swept out.
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Cached {
    token: Token,
    until: Stamp,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Lock {
    owner: Ticket,
    waiting: VecDeque<Ticket>,
}

impl NodeMemory {
    /// Remembers the token that a request was answered with: the next request for its key gets it.
    pub fn remember(&mut self, token: Token, now: Stamp, until: Stamp) {
        self.remember_looked_up(token, now, until);
        self.latest.insert(token.token_key, token.id);
    }

    /// Remembers a token that somebody asked about.
    pub fn remember_looked_up(&mut self, token: Token, now: Stamp, until: Stamp) {
        if self.cached.len() >= self.sweep_at.max(64) {
            self.cached.retain(|_, cached| cached.until > now);
            self.sweep_at = 2 * self.cached.len();
            let cached = &self.cached;
            self.latest.retain(|_, id| cached.contains_key(id));
        }
        if until > now {
            self.cached.insert(token.id, Cached { token, until });
        }
    }

    /// The token that it remembers for a key.
    #[must_use]
    pub fn cached(&self, key: TokenKeyId, now: Stamp) -> Option<Token> {
        let id = self.latest.get(&key)?;
        self.cached.get(id).filter(|cached| cached.until > now).map(|cached| cached.token)
    }

    /// Whether it remembers this token.
    #[must_use]
    pub fn knows(&self, token: &Token, now: Stamp) -> bool {
        self.cached.get(&token.id).is_some_and(|cached| cached.until > now)
    }

    /// Until when it remembers this token, if it does.
    #[must_use]
    pub fn knows_until(&self, token: &Token, now: Stamp) -> Option<Stamp> {
        self.cached.get(&token.id).map(|cached| cached.until).filter(|until| *until > now)
    }

    /// Forgets a token.
    pub fn forget_one(&mut self, id: u64) {
        if let Some(cached) = self.cached.remove(&id)
            && self.latest.get(&cached.token.token_key) == Some(&id)
        {
            self.latest.remove(&cached.token.token_key);
        }
    }

    /// Forgets tokens.
    pub fn forget(&mut self, is_gone: impl Fn(&Token) -> bool) {
        self.cached.retain(|_, cached| !is_gone(&cached.token));
        let cached = &self.cached;
        self.latest.retain(|_, id| cached.contains_key(id));
    }

    /// The tokens of a key expire at this instant.
    pub fn expire(&mut self, key: TokenKeyId, at: Stamp) {
        for cached in self.cached.values_mut().filter(|cached| cached.token.token_key == key) {
            cached.token.expires = cached.token.expires.min(at);
            cached.until = cached.until.min(at);
        }
        for item in self.queue.iter_mut().filter(|item| item.token.token_key == key) {
            item.token.expires = item.token.expires.min(at);
        }
    }

    /// Takes the lock of a key, or waits for it; `true` where it is the ticket's at once.
    pub fn lock(&mut self, key: TokenKeyId, ticket: Ticket) -> bool {
        if let Some(lock) = self.locks.get_mut(&key) {
            lock.waiting.push_back(ticket);
            return false;
        }
        self.locks.insert(key, Lock { owner: ticket, waiting: VecDeque::new() });
        true
    }

    /// Gives the lock back, if the ticket has it; who has it next.
    pub fn unlock(&mut self, key: TokenKeyId, ticket: Ticket) -> Option<Ticket> {
        let lock = self.locks.get_mut(&key).filter(|lock| lock.owner == ticket)?;
        let next = lock.waiting.pop_front();
        match next {
            Some(next) => lock.owner = next,
            None => _ = self.locks.remove(&key),
        }
        next
    }

    /// Puts a token on the queue.
    pub fn push(&mut self, item: Item) {
        self.queue.push_back(item);
    }

    /// Takes the token that is written next.
    pub fn take(&mut self, order: Order) -> Option<Item> {
        match order {
            Order::Fifo => self.queue.pop_front(),
            Order::Lifo => self.queue.pop_back(),
        }
    }

    /// What is queued.
    pub fn queued(&self) -> impl Iterator<Item = &Item> {
        self.queue.iter()
    }

    /// Nobody holds or awaits a lock any more.
    pub fn clear_locks(&mut self) {
        self.locks.clear();
    }

    /// All is lost.
    pub fn clear(&mut self) {
        *self = NodeMemory::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TokenKeyId = TokenKeyId(3);

    fn token(id: u64) -> Token {
        Token { token_key: KEY, ..Token::alone(id, Stamp(0), Stamp(1000)) }
    }

    #[test]
    fn the_cache_returns_the_latest_token_until_its_time_is_over() {
        let mut node = NodeMemory::default();
        node.remember(token(1), Stamp(0), Stamp(10));
        node.remember(token(2), Stamp(1), Stamp(20));
        assert_eq!(node.cached(KEY, Stamp(9)).map(|token| token.id), Some(2));
        assert!(node.knows(&token(1), Stamp(9)) && !node.knows(&token(1), Stamp(10)));
        assert_eq!(node.cached(KEY, Stamp(20)), None);
        node.forget(|token| token.id == 2);
        assert_eq!(node.cached(KEY, Stamp(5)), None, "the older token does not come back");
    }

    #[test]
    fn a_lock_goes_from_one_to_the_next_in_the_order_of_asking() {
        let mut node = NodeMemory::default();
        assert!(node.lock(KEY, Ticket(1)));
        assert!(!node.lock(KEY, Ticket(2)) && !node.lock(KEY, Ticket(3)));
        assert_eq!(node.unlock(KEY, Ticket(2)), None, "who waits cannot give it back");
        assert_eq!(node.unlock(KEY, Ticket(1)), Some(Ticket(2)));
        assert_eq!(node.unlock(KEY, Ticket(2)), Some(Ticket(3)));
        assert_eq!(node.unlock(KEY, Ticket(3)), None);
        assert!(node.lock(KEY, Ticket(4)));
    }

    #[test]
    fn a_queue_is_taken_from_either_end() {
        let mut node = NodeMemory::default();
        for id in 1..=3 {
            node.push(Item { token: token(id), mark: None });
        }
        let mut take = |order| node.take(order).map(|item| item.token.id);
        assert_eq!(
            [take(Order::Lifo), take(Order::Fifo), take(Order::Fifo), take(Order::Fifo)],
            [Some(3), Some(1), Some(2), None]
        );
    }
}
