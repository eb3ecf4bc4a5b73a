//! `hongyan bulk`: a campaign from its folder to the proof of who got what.

mod accounts;
mod making;
mod rehearse;
mod run;
mod test;
mod watching;

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
enum Command {
    Rehearse(Box<rehearse::Args>),
    Test(Box<test::Args>),
    Run(Box<run::Args>),
}

impl Args {
    pub(super) fn run(self) -> Exit {
        match self.command {
            Command::Rehearse(args) => args.run(),
            Command::Test(args) => args.run(),
            Command::Run(args) => args.run(),
        }
    }
}
