//! The command line.

use std::process::ExitCode;

/// Reads the arguments, does what they say, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
