//! `hongyan recv`, and the program called as `recv`: a session with a POP3 server, command by command.
//!
//! At a terminal it is a prompt that explains each reply; with a pipe, a script of commands is answered with the
//! server's own lines. Either way: what was marked is deleted by QUIT alone, never by an end of input.

mod command;
mod editor;
mod explain;
mod interactive;
mod kept;
mod mail;
mod script;
mod talk;

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::exit::Exit;
use super::outcome::{self, Manner};
use super::paint::{Color, Paint};
use super::server;
use super::system::runtime;
use super::terminal::{Language, tell};
use super::trace::{Screen, Wanted};
use super::trouble::Trouble;
use crate::net::pop3::{Options, Session};
use talk::Talk;

const EXAMPLES: &str = "\
Examples (`recv` is `hongyan recv`):
  With the account called `default`; it logs in and asks for commands:
    recv
  With a server that is named here; the password is asked for:
    recv --server pop3s://me@example.org@pop.example.org
  To type USER and PASS oneself, and see the conversation explained:
    recv --no-login --trace --server pop3://127.0.0.1:2110
  A script of commands: the server's replies are printed as they are:
    printf 'stat\\nlist\\nquit\\n' | recv
    echo 'raw 1' | recv > first.eml

Commands: USER PASS STAT LIST RETR TOP UIDL DELE RSET NOOP CAPA QUIT, as POP3 has them, in any
case of letters; `raw N` shows message N as it came, `save N FILE` writes it to a file, `help`
explains them. QUIT alone deletes what is marked: the end of the input takes the marks back.

An account, in ~/.config/hongyan/config.toml (or the file that HONGYAN_CONFIG names):
  [account.default]
  user = \"wang@example.org\"
  pop3 = \"pop3s://pop.example.org\"   # QQ, 163, Gmail: known by the address alone
  password_command = \"secret-tool lookup mail example\"

Exit codes: 0 all went well; 69 the server refused a command of the script, or cannot be reached;
64 a line of the script is no command; 68 unknown host; 73, 74 files; 75 lost, or QUIT not
confirmed; 76 protocol; 77 login or certificate; 78 configuration. The first trouble counts.";

/// Talk with a POP3 server: list, read, save and delete mail, command by command
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    server: server::Receiving,
    /// Do not log in by itself: USER and PASS are typed
    #[arg(long)]
    no_login: bool,
    /// Say NOOP after so many seconds without a command, so that the server does not give up; 0: never
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    keep_alive: u32,
    /// Show the conversation on standard error, each line explained; =full with the mail's content
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "lines", hide_possible_values = true)]
    trace: Option<Trace>,
}

/// How much of the conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Trace {
    /// Commands and replies
    Lines,
    /// The content too
    Full,
}

impl Args {
    /// Holds the session.
    pub(crate) fn run(self) -> Exit {
        self.hold().unwrap_or_else(|trouble| trouble.report("recv"))
    }

    fn hold(&self) -> Result<Exit, Trouble> {
        let language = Language::of_the_environment();
        let target = self.server.pop3()?;
        let credentials = if self.no_login { None } else { target.credentials()? };
        let logged_in = credentials.is_some();
        let runtime = runtime()?;
        target.warn();
        let options = Options { tap: self.tap(language), ..target.pop3(credentials) };
        runtime.block_on(async {
            let url = target.server.to_string();
            let session = match Session::connect(&target.place(), &options).await {
                Ok(session) => session,
                Err(failure) => {
                    let manner = Manner { language, paint: Paint::on(&stderr(), Color::Auto) };
                    let what = language.choose("no session", "未能开始会话");
                    let text = outcome::failed(what, &failure, &url, target.provider(), "recv", manner);
                    tell(text.trim_end());
                    return Ok(Exit::of_failure(&failure));
                }
            };
            let user = target.user.as_deref().filter(|_| logged_in);
            let talk = Talk::new(session, url, target.provider(), user);
            if stdin().is_terminal() {
                let manner = Manner { language, paint: Paint::on(&stdout(), Color::Auto) };
                let keep_alive = (self.keep_alive > 0).then(|| Duration::from_secs(self.keep_alive.into()));
                Ok(interactive::Prompt::new(talk, manner, keep_alive)?.run().await)
            } else {
                script::run(talk, stdin().lock(), stdout().lock()).await
            }
        })
    }

    fn tap(&self, language: Language) -> Option<crate::net::smtp::NewTap> {
        let trace = self.trace?;
        let shown = Some((Manner { language, paint: Paint::on(&stderr(), Color::Auto) }, Screen::Error));
        Wanted { shown, content: trace == Trace::Full, kept: None, began: Instant::now() }.listener()
    }
}
