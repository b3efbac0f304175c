//! `outages.csv`: every outage episode, written as the replications arrive and kept nowhere.

use super::csv::row;
use super::number::seconds;
use crate::experiment::record::Record;

/// The name of the file.
pub const NAME: &str = "outages.csv";
/// The columns.
pub const HEADER: [&str; 8] = ["point", "policy", "replication", "lane", "start_s", "end_s", "first_cause", "failed"];

/// The rows of one replication under one policy at a point of a sweep.
#[must_use]
pub fn rows(point: usize, policy: &str, record: &Record) -> String {
    let point = point.to_string();
    let replication = record.replication.to_string();
    let row_of = |episode: &crate::experiment::record::Episode| {
        row(&[
            &point,
            policy,
            &replication,
            &episode.lane,
            &seconds(episode.start_ns),
            &seconds(episode.end_ns),
            &episode.first_cause,
            &episode.failed.to_string(),
        ])
    };
    record.episodes.iter().map(row_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::Episode;

    #[test]
    fn an_episode_is_a_row_exact_to_the_nanosecond() {
        let episode = Episode {
            lane: "gateway-1/orders".into(),
            start_ns: 3_600_000_000_001,
            end_ns: 7_200_000_000_000,
            first_cause: "stale-token".into(),
            failed: 12,
        };
        let record = Record {
            policy: 0,
            replication: 3,
            digest: 0,
            values: vec![],
            episodes: vec![episode],
            timeline: vec![],
            inbound: None,
        };
        assert_eq!(
            rows(0, "ttl, only", &record),
            "0,\"ttl, only\",3,gateway-1/orders,3600.000000001,7200,stale-token,12\n"
        );
    }
}
