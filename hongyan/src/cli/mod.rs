//! The command line: which command was called, and with what it exits.
//!
//! Each command has its own file with an `Args` (what it takes, what its help says) and a `run`. The program
//! called as `send` or `recv` is that command. Commands render; what they do is decided in the library crates.

mod bulk;
mod completions;
mod demo;
mod dkim;
mod draft;
mod exit;
mod export;
mod extract;
mod fetch;
mod figures;
mod forward;
mod import;
mod inspect;
mod json;
mod list;
mod mailbox;
mod man;
mod outcome;
mod pager;
mod paint;
mod progress;
mod raw_mail;
mod recv;
mod reply;
mod sandbox;
mod search;
mod send;
mod sent;
mod server;
mod show;
mod stop;
mod system;
mod terminal;
mod trace;
mod trouble;

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitCode, Termination};

use clap::{Args, Parser, Subcommand};

pub use exit::Exit;

/// Writes, sends and inspects mail, and always shows what happened.
#[derive(Debug, Parser)]
#[command(name = "hongyan", version, about, max_term_width = 100)]
struct Hongyan {
    #[command(subcommand)]
    command: Command,
}

/// One line for each command.
#[derive(Debug, Subcommand)]
enum Command {
    Send(Box<send::Args>),
    Bulk(bulk::Args),
    Worker(Box<bulk::worker::Args>),
    Dkim(dkim::Args),
    Recv(recv::Args),
    Fetch(Box<fetch::Args>),
    List(list::Args),
    Show(show::Args),
    Search(search::Args),
    Reply(Box<reply::Args>),
    Forward(Box<forward::Args>),
    Import(import::Args),
    Export(export::Args),
    Inspect(inspect::Args),
    Extract(extract::Args),
    Sandbox(sandbox::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    fn run(self) -> Exit {
        match self {
            Self::Send(args) => args.run(),
            Self::Bulk(args) => args.run(),
            Self::Worker(args) => args.run(),
            Self::Dkim(args) => args.run(),
            Self::Recv(args) => args.run(),
            Self::Reply(args) => args.run(),
            Self::Forward(args) => args.run(),
            Self::Fetch(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Search(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Inspect(args) => args.run(),
            Self::Extract(args) => args.run(),
            Self::Sandbox(args) => args.run(),
            Self::Demo(args) => args.run(),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}

/// The whole command line, for whatever describes it: completions and man pages.
pub fn command() -> clap::Command {
    <Hongyan as clap::CommandFactory>::command()
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match parse(&arguments) {
        Ok(command) => command.run().report(),
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // Where even this cannot be written there is nobody to tell.
            let _ = error.print();
            exit.report()
        }
    }
}

/// The command that `arguments` call, the program's own name first.
fn parse(arguments: &[OsString]) -> Result<Command, clap::Error> {
    let called =
        arguments.first().and_then(|name| Path::new(name).file_stem()).and_then(|name| name.to_str());
    match called {
        Some("send") => alone("send", arguments).map(|args| Command::Send(Box::new(args))),
        Some("recv") => alone("recv", arguments).map(Command::Recv),
        _ => Ok(Hongyan::try_parse_from(arguments)?.command),
    }
}

/// The arguments of a command that was called as a program of its own.
fn alone<A: Args>(name: &'static str, arguments: &[OsString]) -> Result<A, clap::Error> {
    let whole = clap::Command::new(name).version(env!("CARGO_PKG_VERSION")).max_term_width(100);
    A::from_arg_matches(&A::augment_args(whole).try_get_matches_from(arguments)?)
}
