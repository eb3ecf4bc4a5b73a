//! `hongyan bulk`: a campaign from its folder to the proof of who got what.

use clap::Subcommand;

use super::exit::Exit;

/// Sends each row of a sheet its own letter, and proves who got what
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// One line for each step.
#[derive(Debug, Subcommand)]
enum Command {}

impl Args {
    pub(super) fn run(self) -> Exit {
        match self.command {}
    }
}
