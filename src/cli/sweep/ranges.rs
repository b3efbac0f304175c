//! Shards as engines take them: `3,7-9`.

/// `3,7-9`; the shards in ascending order.
pub fn ranges(shards: impl IntoIterator<Item = u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for shard in shards {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == shard => *last = shard,
            Some(_) | None => ranges.push((shard, shard)),
        }
    }
    let told = |(first, last): (u32, u32)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    ranges.into_iter().map(told).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_range() {
        assert_eq!(ranges([3, 7, 8, 9]), "3,7-9");
        assert_eq!(ranges([0, 1, 5]), "0-1,5");
    }
}
