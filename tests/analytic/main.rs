//! Theory against simulation (docs/model.md, section 11): fixed seeds, two-sided tests at 99.9 %, Holm's correction within a test.
//! A test that fails here shows a bug of the model or a wrong formula. Changing its seed or its bound would hide it.

#[path = "../support/mod.rs"]
mod support;

mod arrivals;
mod collision;
mod coverage;
mod exposure;
mod fetches;
mod page;
mod probe;
mod queue;
mod restart;
