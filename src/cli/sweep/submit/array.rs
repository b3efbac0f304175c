//! Job arrays: their largest index is a setting of the cluster, so that many shards take several arrays, each of which counts from 0.

use super::super::ranges::ranges;

/// Shards that one array plays: indices, and what is added to each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub offset: u32,
    /// In ascending order; at least one.
    pub shards: Vec<u32>,
}

impl Piece {
    /// As `sbatch --array` takes it: `0-99%8`, at most so many of its tasks at once.
    pub fn array(&self, at_once: Option<u32>) -> String {
        let indices = ranges(self.shards.iter().map(|shard| shard - self.offset));
        at_once.map_or_else(|| indices.clone(), |most| format!("{indices}%{most}"))
    }

    /// `shard 3`, `shards 0-99`.
    pub fn told(&self) -> String {
        let what = if self.shards.len() == 1 { "shard" } else { "shards" };
        format!("{what} {}", ranges(self.shards.iter().copied()))
    }
}

/// Cuts shards (in ascending order) into arrays whose indices are below `limit`, which is at least 1.
pub fn pieces(shards: &[u32], limit: u32) -> Vec<Piece> {
    let of = |shards: &[u32]| Piece { offset: shards[0] / limit * limit, shards: shards.to_vec() };
    shards.chunk_by(|one, next| one / limit == next / limit).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays(shards: &[u32], limit: u32) -> Vec<(u32, String)> {
        pieces(shards, limit).iter().map(|piece| (piece.offset, piece.array(None))).collect()
    }

    #[test]
    fn no_index_reaches_the_limit_and_every_shard_is_in_one_array() {
        let all: Vec<u32> = (0..2_500).collect();
        assert_eq!(arrays(&all, 1_001), [(0, "0-1000".into()), (1_001, "0-1000".into()), (2_002, "0-497".into())]);
        assert_eq!(arrays(&[3, 7, 1_003, 1_004], 1_001), [(0, "3,7".into()), (1_001, "2-3".into())]);
        assert_eq!(arrays(&[0, 1], 1), [(0, "0".into()), (1, "0".into())]);
        assert_eq!(arrays(&all[..1_001], 1_001).len(), 1);
        for limit in [1, 2, 999, 5_000] {
            let cut = pieces(&all, limit);
            let again: Vec<u32> = cut.iter().flat_map(|piece| piece.shards.clone()).collect();
            assert_eq!(again, all);
            assert!(cut.iter().all(|piece| piece.shards.iter().all(|shard| shard - piece.offset < limit)));
        }
    }

    #[test]
    fn so_many_at_once_are_a_part_of_the_array() {
        let piece = &pieces(&[0, 1, 2, 5], 1_001)[0];
        assert_eq!(piece.array(Some(2)), "0-2,5%2");
        assert_eq!(piece.told(), "shards 0-2,5");
    }
}
