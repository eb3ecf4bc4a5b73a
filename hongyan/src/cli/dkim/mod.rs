//! `hongyan dkim`: making the key that mails are signed with, and looking whether the DNS knows it.

mod check;
mod keygen;

use clap::Subcommand;

use super::exit::Exit;
use super::trouble::Trouble;
use crate::bulk::dkim::KeyError;

/// Makes the key that mails are signed with (DKIM), and checks its DNS record
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// One line for each step.
#[derive(Debug, Subcommand)]
enum Command {
    Keygen(keygen::Args),
    Check(check::Args),
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let (command, result) = match self.command {
            Command::Keygen(args) => ("dkim keygen", args.run()),
            Command::Check(args) => ("dkim check", args.run()),
        };
        result.unwrap_or_else(|trouble| trouble.report(command))
    }
}

/// Why a key cannot be used.
fn unusable(error: &KeyError) -> Trouble {
    let exit = match error {
        KeyError::Unreadable { .. } => Exit::NoInput,
        KeyError::Random => Exit::Io,
        _ => Exit::Config,
    };
    Trouble::from(exit, error.problem())
}
