//! `hongyan sandbox`: a mail server for trying things, in the foreground until Ctrl-C.

mod listing;
mod not_started;
mod ports;
mod users;
mod welcome;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hongyan_proto::smtp::server::faults::Rule;
use hongyan_proto::transcript::{Content, Tap, Transcript, Who};
use hongyan_sandbox::{Config, Keep, Like, Limits, Peer, Sandbox};

use super::exit::Exit;
use super::paint::{Color, Paint, Style};
use super::stop::Stop;
use super::system::{printed, runtime};
use super::terminal::Language;
use super::trouble::Trouble;
use listing::Listing;
use ports::Ports;
use users::Users;

pub(crate) use not_started::not_started;

/// The folder that mail is kept in where none is named.
const DIR: &str = "sandbox-mail";

/// How long, after the end was asked for, the last lines may take to be printed.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Run a mail server for trying things; it passes nothing on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing but this machine can reach it, unless an address is named that others can.

A fault rule is PLACE[:NTH][:PATTERN][%PERCENT]=ACTION, for example
  rcpt:*@bad.example=550 5.1.1 nobody   recipients at bad.example are refused
  mail:2=421 4.3.2 busy                 the second MAIL, and its connection
  data%10=451 4.3.0 try again           one message in ten, drawn by --seed
  end:1=drop                            no answer to the first mail: in doubt
  greeting=delay 3000                   in milliseconds
Places: connect greeting ehlo helo starttls auth mail rcpt data bdat content end
rset noop quit; those of POP3 and IMAP begin with pop3- and imap-: pop3-retr,
imap-fetch; the guide has them all.
NTH: 3, 3+, 2-5, with c behind it to count in each connection anew.
Actions: an answer (550 5.1.1 text; -ERR text; NO text), delay MS, drop [OCTETS], truncate [OCTETS], garbage,
bytewise [MS], extra ANSWER, late.")]
pub(crate) struct Args {
    #[command(flatten)]
    ports: Ports,

    /// Keep mail in this folder: an .eml and a .json for each [default: sandbox-mail]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Keep mail in memory instead, at most so many MiB; the oldest makes room
    #[arg(long, value_name = "MIB", conflicts_with = "dir", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: Option<u64>,

    /// Write the certificate that clients have to trust to this file [default: ca.pem in the folder]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Who may log in: a file with a NAME:PASSWORD on each line. HONGYAN_SANDBOX_USERS holds the same;
    /// without either there is one user `test`, whose password is made up and shown
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,

    /// Take mail from those who have logged in only
    #[arg(long)]
    login_required: bool,

    /// Take mail under TLS only
    #[arg(long)]
    tls_required: bool,

    /// Do something wrong; may be given more than once (see below)
    #[arg(long, value_name = "RULE")]
    fault: Vec<Rule>,

    /// What the faults' chances are drawn from: the same seed gives the same run
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Behave like a certain provider's server: qq, 163 or gmail
    #[arg(long, value_name = "PROVIDER")]
    like: Option<Like>,

    /// The largest message, in bytes [default: 104857600]
    #[arg(long, value_name = "BYTES")]
    size: Option<u64>,

    /// Say where it listens, and nothing else
    #[arg(long, conflicts_with = "trace")]
    quiet: bool,

    /// Show every conversation
    #[arg(long)]
    trace: bool,

    /// Print JSON, an object on each line
    #[arg(long, conflicts_with_all = ["trace", "quiet"])]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

impl Args {
    /// Runs the server until it is asked to end.
    pub(crate) fn run(self) -> Exit {
        match runtime().and_then(|runtime| runtime.block_on(self.serve())) {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("sandbox"),
        }
    }

    async fn serve(self) -> Result<(), Trouble> {
        let users = Users::gather(self.users.as_deref())?;
        let (config, exposed) = self.config(&users)?;
        let faults = config.faults.len();
        let stop = Stop::install()?;
        let sandbox = Sandbox::start(config).await.map_err(|error| not_started(&error))?;
        let paint = Paint::on(&io::stdout(), self.color);
        let told = if self.json {
            welcome::json(&mut io::stdout().lock(), &sandbox, &users)
        } else {
            let welcome = welcome::Welcome {
                sandbox: &sandbox,
                users: &users,
                faults,
                seed: self.seed,
                exposed,
                lists: !self.quiet,
                language: Language::of_the_environment(),
            };
            welcome.print(&mut io::stdout().lock(), paint)
        };
        printed(told)?;

        let listing = (!self.quiet).then(|| Listing::start(sandbox.store().subscribe(), self.json, paint));
        let ended = match &listing {
            Some(listing) => tokio::select! {
                () = stop.asked() => Ok(()),
                broken = listing.broken() => broken,
            },
            None => {
                stop.asked().await;
                Ok(())
            }
        };
        sandbox.stop().await;
        // With the store the listing's news have ended.
        if let Some(listing) = listing {
            listing.finish(LAST_LINES).await;
        }
        ended
    }

    /// What to start, and whether other machines can reach it.
    fn config(&self, users: &Users) -> Result<(Config, bool), Trouble> {
        let (config, exposed) = self.ports.config()?;
        let keep = match self.memory {
            Some(mib) => {
                Keep::Memory { messages: hongyan_sandbox::config::MEMORY_MESSAGES, octets: mib << 20 }
            }
            None => Keep::Folder(self.dir.clone().unwrap_or_else(|| DIR.into())),
        };
        let defaults = Limits::default();
        let config = Config {
            users: users.accounts(),
            login_required: self.login_required,
            // Elsewhere than on this machine somebody may listen.
            clear_login: !exposed,
            tls_required: self.tls_required,
            keep,
            faults: self.fault.clone(),
            seed: self.seed,
            like: self.like,
            limits: Limits { message: self.size.unwrap_or(defaults.message), ..defaults },
            ca_file: self.ca.clone(),
            listen_in: self.trace.then(|| listen_in(Paint::on(&io::stdout(), self.color))),
            ..config
        };
        Ok((config, exposed))
    }
}

/// Prints every line of every connection after the connection's number.
fn listen_in(paint: Paint) -> hongyan_sandbox::config::ListenIn {
    Arc::new(move |peer: &Peer| -> Option<Box<dyn Tap>> {
        let number = peer.number;
        Some(Box::new(Transcript::new(Content::Length, move |who: Who, line: &str| {
            let style = match who {
                _ if line.starts_with("-- ") => Style::Quiet,
                Who::Client => Style::Name,
                Who::Server => Style::Plain,
            };
            let (number, line) = (paint.the(Style::Quiet, format!("#{number}")), paint.the(style, line));
            // A closed output ends the program through the listing of mail.
            let _ = writeln!(io::stdout().lock(), "{number} {line}");
        })))
    })
}
