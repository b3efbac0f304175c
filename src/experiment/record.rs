//! What one replication under one policy came to: the record that a unit of work returns and that `merge` folds.

use serde::{Deserialize, Serialize};

/// One replication under one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Position in `Scenario::policies`.
    pub policy: usize,
    pub replication: u32,
    /// Of every event that fired.
    pub digest: u64,
    /// One per metric, in the order of `metric::all()`; NaN where the metric does not apply (printed as an empty field).
    #[serde(with = "bits")]
    pub values: Vec<f64>,
    /// Every outage episode, in the order of (end, lane).
    pub episodes: Vec<Episode>,
    /// One per bin of the comparison's timeline.
    pub timeline: Vec<Bin>,
    /// What revocations of callers' tokens came to; `None` where callers have no tokens.
    pub inbound: Option<Inbound>,
}

/// An outage episode of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// `gateway-1/orders`.
    pub lane: String,
    pub start_ns: u64,
    pub end_ns: u64,
    /// A cause of model.md §3, as `failed.<cause>` has it.
    pub first_cause: String,
    pub failed: u64,
}

/// What revocations of callers' tokens came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// By gateway, whatever the revocation.
    pub gateways: Vec<GatewayTotal>,
    /// In the order of their instants.
    pub revocations: Vec<Revocation>,
}

/// What a gateway did in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayTotal {
    /// Calls accepted on a revoked token.
    pub accepted: u64,
    /// Calls refused though their token was good.
    pub false_rejections: u64,
}

/// A revocation and what it came to at each gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Fault, occurrence (from 0), whom: `password-change/0/shop/user-7`.
    pub name: String,
    pub at_ns: u64,
    /// By gateway.
    pub gateways: Vec<Exposure>,
}

/// What a revocation came to at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Columns", into = "Columns")]
pub struct Exposure {
    /// `None`: it never heard of it.
    pub heard_ns: Option<u64>,
    /// Calls accepted all the same.
    pub accepted: u64,
    /// From the revocation to the last of them; 0 without one.
    pub exposure_ns: u64,
    /// Calls refused for it though their token was good.
    pub false_rejections: u64,
}

/// An exposure without the names of its fields: there are tens of thousands in a record.
type Columns = (Option<u64>, u64, u64, u64);

impl From<Columns> for Exposure {
    fn from((heard_ns, accepted, exposure_ns, false_rejections): Columns) -> Exposure {
        Exposure { heard_ns, accepted, exposure_ns, false_rejections }
    }
}

impl From<Exposure> for Columns {
    fn from(of: Exposure) -> Columns {
        (of.heard_ns, of.accepted, of.exposure_ns, of.false_rejections)
    }
}

/// What fell into one bin of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BinColumns", into = "BinColumns")]
pub struct Bin {
    pub ok: u64,
    pub failed: u64,
    pub forbidden: u64,
    pub idp_token_requests: u64,
}

/// A bin without the names of its fields: there are thousands in a record.
type BinColumns = (u64, u64, u64, u64);

impl From<BinColumns> for Bin {
    fn from((ok, failed, forbidden, idp_token_requests): BinColumns) -> Bin {
        Bin { ok, failed, forbidden, idp_token_requests }
    }
}

impl From<Bin> for BinColumns {
    fn from(of: Bin) -> BinColumns {
        (of.ok, of.failed, of.forbidden, of.idp_token_requests)
    }
}

/// Floats as their bits: exact, NaN included.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<u64>::deserialize(deserializer)?.into_iter().map(f64::from_bits).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_the_same_and_says_a_pair_of_revocation_and_gateway_in_few_bytes() {
        let exposure = |heard_ns| Exposure { heard_ns, accepted: 12, exposure_ns: 61_000_000, false_rejections: 0 };
        let revocation = Revocation {
            name: "storm/0/shop/user-1".into(),
            at_ns: 3_600_000_000_000,
            gateways: vec![exposure(Some(3_600_061_000_000)), exposure(None)],
        };
        let totals = vec![GatewayTotal { accepted: 12, false_rejections: 1 }; 2];
        let record = Record {
            policy: 1,
            replication: 2,
            digest: u64::MAX,
            values: vec![0.1, 2.0],
            episodes: Vec::new(),
            timeline: vec![Bin { ok: 1, failed: 2, forbidden: 3, idp_token_requests: 4 }],
            inbound: Some(Inbound { gateways: totals, revocations: vec![revocation.clone(); 1_000] }),
        };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        assert!(text.len() < 2_000 * 65, "{}", text.len());
    }
}
