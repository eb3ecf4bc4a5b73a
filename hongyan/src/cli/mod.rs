//! The command line: which command was called, and with what it exits.

mod exit;

use std::process::ExitCode;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    exit::USAGE.into()
}
