//! A sequence diagram of an explanation: who asked whom for what, until calls failed, and what ended it.
//!
//! [`of`] makes a neutral [`Sequence`] of an explanation's chain; [`svg`] draws it for pages, [`mermaid`] writes it for Markdown.

mod call;
mod cast;
mod draft;
mod fold;
mod layout;
mod mermaid;
mod svg;
mod words;

pub use call::of_call;
pub use draft::of;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::time::SimTime;

/// A diagram: lifelines from left to right, steps from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    pub title: String,
    /// What the diagram shows, in a sentence or two, for who cannot see it.
    pub about: String,
    pub participants: Vec<Participant>,
    /// In the order of time.
    pub steps: Vec<Step>,
}

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    pub name: String,
}

/// What happens. Participants are positions in [`Sequence::participants`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something goes from one to another, who are two.
    Message { at: Option<SimTime>, from: usize, to: usize, arrow: Arrow, text: String, look: Look },
    /// Something happens at one, or at all from the first to the last.
    Note { at: Option<SimTime>, first: usize, last: usize, text: String, look: Look },
    /// What is left out here, or repeats itself.
    Fold(String),
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    Request,
    Answer,
    /// An answer that says no.
    Refusal,
}

/// Whether a step is good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    Bad,
    Good,
}
