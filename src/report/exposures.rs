//! `exposures.csv`: every revocation of callers' tokens at every gateway, written as the replications arrive and kept nowhere.
//! It is there where callers have tokens.

use super::csv::row;
use super::number::micros;
use crate::experiment::record::{Exposure, Record, Revocation};

/// The name of the file.
pub const NAME: &str = "exposures.csv";
/// The columns.
pub const HEADER: [&str; 10] = [
    "point",
    "policy",
    "replication",
    "revocation",
    "gateway",
    "at_s",
    "heard_s",
    "accepted",
    "exposure_s",
    "false_rejections",
];

/// The rows of one replication under one policy at a point of a sweep. Times are exact to the microsecond.
#[must_use]
pub fn rows(point: usize, policy: &str, record: &Record) -> String {
    let point = point.to_string();
    let replication = record.replication.to_string();
    let line = |revocation: &Revocation, gateway: usize, of: &Exposure| {
        row(&[
            &point,
            policy,
            &replication,
            &revocation.name,
            &format!("gateway-{}", gateway + 1),
            &micros(revocation.at_ns),
            &of.heard_ns.map_or_else(String::new, micros),
            &of.accepted.to_string(),
            &micros(of.exposure_ns),
            &of.false_rejections.to_string(),
        ])
    };
    let lines = |revocation: &Revocation| -> String {
        revocation.gateways.iter().enumerate().map(|(gateway, of)| line(revocation, gateway, of)).collect()
    };
    record.inbound.iter().flat_map(|inbound| &inbound.revocations).map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::Inbound;
    use crate::report::sample;

    #[test]
    fn a_revocation_is_a_row_a_gateway_exact_to_the_microsecond() {
        let gateways = vec![
            Exposure { heard_ns: Some(3_600_061_234_567), accepted: 2, exposure_ns: 41_000_000, false_rejections: 0 },
            Exposure { heard_ns: None, accepted: 0, exposure_ns: 0, false_rejections: 3 },
        ];
        let name = "password-change/0/shop/user-7".into();
        let revocations = vec![Revocation { name, at_ns: 3_600_000_000_000, gateways }];
        let inbound = Some(Inbound { gateways: Vec::new(), revocations });
        let record = Record { inbound, ..sample::record(3, 0, &sample::comparison(0).layout) };
        let expected = "2,ttl-only,3,password-change/0/shop/user-7,gateway-1,3600,3600.061235,2,0.041,0\n\
                        2,ttl-only,3,password-change/0/shop/user-7,gateway-2,3600,,0,0,3\n";
        assert_eq!(rows(2, "ttl-only", &record), expected);
    }
}
