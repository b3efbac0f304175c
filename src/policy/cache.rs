//! One cache entry: a token, since when it is held and until when it is used.

use crate::oauth::Token;
use crate::time::{SimTime, Stamp};

/// A cached token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub token: Token,
    pub received: Stamp,
    /// From this instant on it counts as a miss.
    pub until: Stamp,
}

/// The place for one entry. An expired entry stays until it is replaced: `use-stale` may want it.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    entry: Option<Entry>,
}

/// What a purge looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    Whatever,
    /// Only this token.
    Same {
        id: u64,
    },
    /// Only a token issued before this instant.
    IssuedBefore(SimTime),
}

impl Cache {
    /// The entry that is used at `now`.
    #[must_use]
    pub fn usable(&self, now: SimTime) -> Option<&Entry> {
        self.entry.as_ref().filter(|entry| now.stamp() < entry.until)
    }

    /// The entry, expired or not.
    #[must_use]
    pub fn any(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// Replaces whatever is there, and returns it.
    pub fn put(&mut self, entry: Entry) -> Option<Entry> {
        self.entry.replace(entry)
    }

    /// Drops the entry if it is what the purge is about, and returns it.
    pub fn purge(&mut self, what: Drop) -> Option<Entry> {
        self.entry.take_if(|entry| match what {
            Drop::Whatever => true,
            Drop::Same { id } => entry.token.id == id,
            Drop::IssuedBefore(before) => entry.token.issued < before.stamp(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64) -> Entry {
        let token = Token::alone(id, Stamp(50), Stamp(1_000));
        Entry { token, received: Stamp(60), until: Stamp(900) }
    }

    #[test]
    fn an_entry_is_used_until_its_end_and_kept_beyond() {
        let mut cache = Cache::default();
        assert_eq!(cache.put(entry(1)), None);
        assert!(cache.usable(SimTime(899)).is_some());
        assert!(cache.usable(SimTime(900)).is_none());
        assert!(cache.any().is_some());
    }

    #[test]
    fn a_purge_drops_only_what_it_is_about() {
        for (what, drops) in [
            (Drop::Whatever, true),
            (Drop::Same { id: 1 }, true),
            (Drop::Same { id: 2 }, false),
            (Drop::IssuedBefore(SimTime(51)), true),
            (Drop::IssuedBefore(SimTime(50)), false),
        ] {
            let mut cache = Cache::default();
            cache.put(entry(1));
            assert_eq!(cache.purge(what).is_some(), drops, "{what:?}");
            assert_eq!(cache.any().is_none(), drops, "{what:?}");
        }
    }
}
