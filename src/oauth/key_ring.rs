//! The keys that sign JWTs: which one signs, which are good, and which the IdP publishes for checking (model.md §5, §6).
//!
//! A rotation makes a key and later retires the one before it, each at its own time. A restart may make one that takes the
//! place of all: then what rotations had in mind with keys of before comes to nothing.

use crate::id::KeyId;
use crate::time::{SimTime, Stamp};

/// Every key of the run.
#[derive(Debug)]
pub struct KeyRing {
    /// In order of appearance; the last one signs.
    keys: Vec<Key>,
    /// Those that are not retired, ascending.
    good: Vec<KeyId>,
    /// The key set as it should be, ascending.
    listed: Vec<KeyId>,
    /// Keys that were taken out of it by mistake, as often as that happened.
    withheld: Vec<KeyId>,
    /// The key set as the IdP hands it out, ascending: what is listed and not withheld.
    published: Vec<KeyId>,
    /// A restart made it, and it will be published when a node is up.
    awaiting_a_node: Option<KeyId>,
}

#[derive(Clone, Copy, Debug)]
struct Key {
    signs_from: Stamp,
    /// From this instant on what it signed is dead.
    retired: Option<SimTime>,
}

impl KeyRing {
    /// One key, older than the run, and published.
    pub(super) fn new() -> KeyRing {
        let first = Key { signs_from: Stamp(i64::MIN), retired: None };
        let all = vec![KeyId(0)];
        KeyRing {
            keys: vec![first],
            good: all.clone(),
            listed: all.clone(),
            withheld: Vec::new(),
            published: all,
            awaiting_a_node: None,
        }
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self) -> KeyId {
        KeyId::at(self.keys.len() - 1)
    }

    /// The key that signed at an instant, be it still good or not.
    #[must_use]
    pub fn signing_at(&self, at: Stamp) -> KeyId {
        KeyId::at(self.keys.partition_point(|key| key.signs_from <= at) - 1)
    }

    /// The key set as the IdP hands it out now.
    #[must_use]
    pub fn published(&self) -> &[KeyId] {
        &self.published
    }

    /// When a key was retired, if it was.
    pub(super) fn retired_at(&self, key: KeyId) -> Option<SimTime> {
        self.keys[key.index()].retired
    }

    /// Another key signs from now on. The others stay as good and as published as they are; this one is not published yet.
    pub(super) fn rotate(&mut self, now: SimTime) -> KeyId {
        self.keys.push(Key { signs_from: now.stamp(), retired: None });
        let key = self.signing();
        self.good.push(key);
        key
    }

    /// A key is published, if it is still good.
    pub fn publish(&mut self, key: KeyId) {
        if let (None, Err(place)) = (self.retired_at(key), self.listed.binary_search(&key)) {
            self.listed.insert(place, key);
        }
        self.hand_out();
    }

    /// The key before this one, which a rotation made, is good no longer, nor published. Nothing happens if it was retired
    /// before: a restart has decided what is published, then.
    pub(super) fn retire_before(&mut self, key: KeyId, now: SimTime) {
        let old = KeyId::at(key.index() - 1);
        if let Ok(place) = self.good.binary_search(&old) {
            self.good.remove(place);
            self.keys[old.index()].retired = Some(now);
            self.listed.retain(|listed| *listed != old);
        }
        self.hand_out();
    }

    /// The key that signs is taken out of the key set, and goes on signing; its tokens are good.
    pub fn withhold(&mut self) -> KeyId {
        let key = self.signing();
        self.withheld.push(key);
        self.hand_out();
        key
    }

    /// A key that was taken out of the key set is put back.
    pub fn put_back(&mut self, key: KeyId) {
        if let Some(place) = self.withheld.iter().position(|withheld| *withheld == key) {
            self.withheld.remove(place);
        }
        self.hand_out();
    }

    fn hand_out(&mut self) {
        let KeyRing { listed, withheld, published, .. } = self;
        published.clear();
        published.extend(listed.iter().filter(|key| !withheld.contains(key)));
    }

    /// A restart makes a key that signs from now on, and retires all others. What is published stays so until a node is up.
    pub(super) fn replace(&mut self, now: SimTime) {
        for old in self.good.drain(..) {
            self.keys[old.index()].retired = Some(now);
        }
        self.awaiting_a_node = Some(self.rotate(now));
    }

    /// A node is up after a restart that made a key: now that one is published, and what has been retired is not.
    pub fn publish_replacement(&mut self) {
        let KeyRing { keys, listed, .. } = self;
        listed.retain(|key| keys[key.index()].retired.is_none());
        if let Some(key) = self.awaiting_a_node.take() {
            self.publish(key);
        }
        self.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(keys: &[KeyId]) -> Vec<u32> {
        keys.iter().map(|key| key.0).collect()
    }

    fn retired(ring: &KeyRing) -> Vec<Option<u64>> {
        (0..ring.keys.len()).map(|key| ring.retired_at(KeyId::at(key)).map(|at| at.0)).collect()
    }

    #[test]
    fn both_keys_of_a_rotation_are_good_until_the_old_one_is_retired() {
        let mut ring = KeyRing::new();
        let new = ring.rotate(SimTime(10));
        assert_eq!((ring.signing(), numbers(ring.published())), (new, vec![0]));
        ring.publish(new);
        assert_eq!((retired(&ring), numbers(ring.published())), (vec![None, None], vec![0, 1]));
        ring.retire_before(new, SimTime(40));
        assert_eq!((retired(&ring), numbers(ring.published())), (vec![Some(40), None], vec![1]));
    }

    #[test]
    fn who_signed_at_an_instant_does_not_depend_on_what_is_retired() {
        let mut ring = KeyRing::new();
        let first = ring.rotate(SimTime(10));
        let second = ring.rotate(SimTime(20));
        let signed = |ring: &KeyRing| [-5, 9, 10, 19, 20, 99].map(|at| ring.signing_at(Stamp(at)).0);
        assert_eq!(signed(&ring), [0, 0, 1, 1, 2, 2]);
        ring.retire_before(second, SimTime(30));
        ring.retire_before(first, SimTime(30));
        assert_eq!(signed(&ring), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn rotations_overlap_and_each_retires_the_key_that_it_replaced() {
        let mut ring = KeyRing::new();
        let keys = [10, 20, 30].map(|at| {
            let key = ring.rotate(SimTime(at));
            ring.publish(key);
            key
        });
        assert_eq!(numbers(ring.published()), [0, 1, 2, 3]);
        ring.retire_before(keys[1], SimTime(32));
        ring.retire_before(keys[0], SimTime(35));
        assert_eq!((retired(&ring), numbers(ring.published())), (vec![Some(35), Some(32), None, None], vec![2, 3]));
    }

    #[test]
    fn between_an_old_key_that_is_gone_and_a_new_one_to_come_nothing_is_published() {
        let mut ring = KeyRing::new();
        let first = ring.rotate(SimTime(10));
        ring.retire_before(first, SimTime(10));
        assert!(ring.published().is_empty());
        let second = ring.rotate(SimTime(20));
        ring.retire_before(second, SimTime(20));
        ring.publish(first);
        assert!(ring.published().is_empty(), "who was retired before it was published never is");
        ring.publish(second);
        assert_eq!(numbers(ring.published()), [2]);
    }

    #[test]
    fn a_restarts_key_takes_the_place_of_all_when_a_node_is_up_whatever_rotations_had_in_mind() {
        let mut ring = KeyRing::new();
        let rotated = ring.rotate(SimTime(10));
        ring.replace(SimTime(20));
        assert_eq!((retired(&ring), numbers(ring.published())), (vec![Some(20), Some(20), None], vec![0]));
        ring.publish(rotated);
        ring.retire_before(rotated, SimTime(22));
        assert_eq!((retired(&ring)[0], numbers(ring.published())), (Some(20), vec![0]), "until a node is up");
        ring.publish_replacement();
        assert_eq!((ring.signing(), numbers(ring.published())), (KeyId(2), vec![2]));
    }

    #[test]
    fn a_rotation_during_a_restart_does_not_publish_the_restarts_key() {
        let mut ring = KeyRing::new();
        ring.replace(SimTime(20));
        let rotated = ring.rotate(SimTime(22));
        assert_eq!(numbers(ring.published()), [0]);
        ring.publish_replacement();
        assert_eq!(numbers(ring.published()), [1], "made by the restart, and still good");
        ring.publish(rotated);
        ring.retire_before(rotated, SimTime(30));
        assert_eq!((numbers(ring.published()), retired(&ring)), (vec![2], vec![Some(20), Some(30), None]));
    }

    #[test]
    fn a_key_that_is_taken_out_goes_on_signing_and_is_put_back_if_it_is_still_good() {
        let mut ring = KeyRing::new();
        let first = ring.withhold();
        assert_eq!((ring.signing(), numbers(ring.published()), retired(&ring)), (first, vec![], vec![None]));
        let again = ring.withhold();
        ring.put_back(first);
        assert_eq!(numbers(ring.published()), [0; 0], "it was taken out twice");
        ring.put_back(again);
        assert_eq!(numbers(ring.published()), [0]);
        let second = ring.rotate(SimTime(10));
        let out = ring.withhold();
        ring.publish(second);
        assert_eq!((out, numbers(ring.published())), (second, vec![0]));
        ring.retire_before(second, SimTime(20));
        assert_eq!(numbers(ring.published()), [0; 0]);
        ring.put_back(out);
        assert_eq!(numbers(ring.published()), [1], "it was published meanwhile");
        let out = ring.withhold();
        ring.replace(SimTime(30));
        ring.publish_replacement();
        ring.put_back(out);
        assert_eq!(numbers(ring.published()), [2], "the key of before is good no longer");
    }

    #[test]
    fn of_two_restarts_the_later_ones_key_is_published_by_the_first_node_that_is_up() {
        let mut ring = KeyRing::new();
        ring.replace(SimTime(20));
        ring.replace(SimTime(25));
        ring.publish_replacement();
        assert_eq!((numbers(ring.published()), retired(&ring)), (vec![2], vec![Some(20), Some(25), None]));
        ring.publish_replacement();
        assert_eq!(numbers(ring.published()), [2]);
    }
}
