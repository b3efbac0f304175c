//! `schema`: for editors.

use super::console::{Console, Exit, Outcome};
use crate::scenario::schema;

/// Prints the JSON Schema of scenario files.
pub fn run(console: &Console) -> Outcome {
    console.json_result(&schema::schema())?;
    Ok(Exit::Done)
}
