//! A state as bytes: what tells one from another, in a tenth of the memory.
//!
//! The bytes are what `Hash` reads of a state: every field in turn, lengths and variants before what they hold. So two
//! states have the same bytes only if they are the same, and the exploration is exact.

use std::hash::{Hash, Hasher};

/// The bytes of a state.
#[must_use]
pub fn encode(state: &impl Hash) -> Box<[u8]> {
    let mut bytes = Bytes(Vec::with_capacity(256));
    state.hash(&mut bytes);
    bytes.0.into_boxed_slice()
}

struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the highest says that there are more: nearly all numbers of a state are small.
    fn write_u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(0x80 | (value & 0x7f).to_le_bytes()[0]);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        unreachable!("the bytes are read, not folded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_other_bytes() {
        let same = |one: (&[u32], u64), two: (&[u32], u64)| encode(&one) == encode(&two);
        assert!(same((&[1, 2], 300), (&[1, 2], 300)));
        assert!(!same((&[1, 2], 300), (&[1, 2, 300], 0)) && !same((&[0x80], 1), (&[0], 1)));
        assert_ne!(encode(&Some(0_u8)), encode(&None::<u8>));
    }
}
