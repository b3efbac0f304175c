//! What a store has of a plan: where each unit is, and what is there that is not as it should be.

use std::path::{Path, PathBuf};

use super::segment::{self, Found, Head};
use super::{Doing, StoreError, segments};
use crate::experiment::plan::Plan;

/// Where every unit of a plan is.
#[derive(Clone, Debug, Default)]
pub struct Index {
    segments: Vec<PathBuf>,
    /// By unit: every time that somebody ran it.
    places: Vec<Vec<Place>>,
    /// What is of other plans or builds.
    pub foreign: Vec<Foreign>,
    /// What is not what was written.
    pub corrupt: Vec<Corrupt>,
    /// So many segments end within a record: their runs were killed, or are still writing.
    pub torn: usize,
}

/// A record of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    segment: usize,
    offset: u64,
}

/// A record that does not belong to the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The name of the segment.
    pub segment: String,
    pub unit: String,
    pub build: String,
}

/// A record that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The name of the segment.
    pub segment: String,
    /// Bytes from its beginning.
    pub offset: u64,
    /// Its unit, if so much can be read.
    pub unit: Option<usize>,
}

impl Index {
    pub(super) fn of(folder: &Path, plan: &Plan) -> Result<Index, StoreError> {
        let units = plan.by_id();
        let mut index =
            Index { segments: segments(folder)?, places: vec![Vec::new(); plan.units.len()], ..Index::default() };
        let paths = index.segments.clone();
        for (number, path) in paths.iter().enumerate() {
            let name = name(path);
            let scanned = segment::scan(path, |offset, found| {
                let corrupt = |unit| Corrupt { segment: name.clone(), offset, unit };
                let known = |head: &Head| units.get(head.unit.as_str()).copied();
                match found {
                    Found::Record(payload) => match segment::parts(payload) {
                        None => index.corrupt.push(corrupt(None)),
                        Some((head, _)) => {
                            if let Some(unit) = known(&head).filter(|_| head.build == plan.build) {
                                index.places[unit].push(Place { segment: number, offset });
                            } else {
                                let Head { unit, build } = head;
                                index.foreign.push(Foreign { segment: name.clone(), unit, build });
                            }
                        }
                    },
                    Found::Corrupt(payload) => {
                        let unit = payload.and_then(segment::parts).and_then(|(head, _)| known(&head));
                        index.corrupt.push(corrupt(unit));
                    }
                    Found::Torn => index.torn += 1,
                }
            });
            scanned.map_err(|error| StoreError { doing: Doing::Read, path: path.clone(), error })?;
        }
        Ok(index)
    }

    /// Whether a unit is there.
    #[must_use]
    pub fn has(&self, unit: usize) -> bool {
        !self.places[unit].is_empty()
    }

    /// Every record of a unit, in the order of the segments' names.
    #[must_use]
    pub fn places(&self, unit: usize) -> &[Place] {
        &self.places[unit]
    }

    /// The units that are not there, in the order of the plan.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        (0..self.places.len()).filter(|&unit| !self.has(unit)).collect()
    }

    /// The name of the segment that a record is in.
    #[must_use]
    pub fn segment(&self, place: Place) -> String {
        name(&self.segments[place.segment])
    }

    /// A record again: what `unit::lines` reads. `None` where it is no longer what it was.
    pub fn read(&self, place: Place) -> Result<Option<Vec<u8>>, StoreError> {
        let path = &self.segments[place.segment];
        let payload = segment::read(path, place.offset).map_err(|error| StoreError {
            doing: Doing::Read,
            path: path.clone(),
            error,
        })?;
        Ok(payload.and_then(|payload| segment::parts(&payload).map(|(_, records)| records.to_vec())))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
