//! `hongyan bulk`: a campaign from its folder to the proof of who got what.

mod accounts;
mod bounces;
mod check;
mod doubts;
mod live;
mod making;
mod message_id;
mod moving;
mod new;
mod opened;
mod pause;
mod preview;
mod rehearse;
mod report;
mod resolve;
mod retry;
mod run;
mod status;
mod suppress;
mod test;
mod unsubscribe_server;
mod watching;
mod words;
pub(super) mod worker;
mod write_back;

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
    New(new::Args),
    Preview(preview::Args),
    Check(Box<check::Args>),
    Rehearse(Box<rehearse::Args>),
    Test(Box<test::Args>),
    Run(Box<run::Args>),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Status(status::Args),
    Resolve(Box<resolve::Args>),
    Retry(retry::Args),
    Report(report::Args),
    Move(moving::Args),
    UnsubscribeServer(unsubscribe_server::Args),
    Bounces(Box<bounces::Args>),
    Suppress(suppress::Args),
}

impl Args {
    pub(super) fn run(self) -> Exit {
        match self.command {
            Command::New(args) => args.run(),
            Command::Preview(args) => args.run(),
            Command::Check(args) => args.run(),
            Command::Rehearse(args) => args.run(),
            Command::Test(args) => args.run(),
            Command::Run(args) => args.run(),
            Command::Pause(args) => args.run(),
            Command::Resume(args) => args.run(),
            Command::Status(args) => args.run(),
            Command::Resolve(args) => args.run(),
            Command::Retry(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Move(args) => args.run(),
            Command::UnsubscribeServer(args) => args.run(),
            Command::Bounces(args) => args.run(),
            Command::Suppress(args) => args.run(),
        }
    }
}
