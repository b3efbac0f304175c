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

/// What fell into one bin of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    pub ok: u64,
    pub failed: u64,
    pub forbidden: u64,
    pub idp_token_requests: u64,
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
