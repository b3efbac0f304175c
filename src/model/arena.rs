//! A slab with typed ids: what is in flight has a place there, which is used again when it is gone.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use slab::Slab;

use crate::id::Id;

/// Things in flight, by id.
#[derive(Debug)]
pub struct Arena<K, T> {
    slab: Slab<T>,
    key: PhantomData<K>,
}

impl<K: Id, T> Arena<K, T> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Arena<K, T> {
        Arena { slab: Slab::new(), key: PhantomData }
    }

    /// Finds a place.
    pub fn insert(&mut self, thing: T) -> K {
        K::from_index(self.slab.insert(thing))
    }

    /// The id that the next thing will have.
    #[must_use]
    pub fn next_id(&self) -> K {
        K::from_index(self.slab.vacant_key())
    }

    /// Takes a thing out; panics where there is none, which is a bug.
    pub fn remove(&mut self, id: K) -> T {
        self.slab.remove(id.to_index())
    }

    /// All of them, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (K, &T)> {
        self.slab.iter().map(|(index, thing)| (K::from_index(index), thing))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slab.len()
    }
}

impl<K: Id, T> Default for Arena<K, T> {
    fn default() -> Arena<K, T> {
        Arena::new()
    }
}

impl<K: Id, T> Index<K> for Arena<K, T> {
    type Output = T;
    fn index(&self, id: K) -> &T {
        &self.slab[id.to_index()]
    }
}

impl<K: Id, T> IndexMut<K> for Arena<K, T> {
    fn index_mut(&mut self, id: K) -> &mut T {
        &mut self.slab[id.to_index()]
    }
}
