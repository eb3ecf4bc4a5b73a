//! The fetching itself: connect, fetch, say what happened; with `--watch` again and again.

use std::io::stderr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::interval;

use super::report::{self, Done};
use super::{Args, Trace, trouble};
use crate::account::Protocol;
use crate::cli::exit::Exit;
use crate::cli::outcome::Manner;
use crate::cli::paint::{Color, Paint};
use crate::cli::server::Target;
use crate::cli::system::runtime;
use crate::cli::terminal::Language;
use crate::cli::trace::{Screen, Wanted};
use crate::cli::trouble::Trouble;
use crate::mailbox::{Lock, Maildir};
use crate::net::pop3;
use crate::net::smtp::NewTap;
use crate::proto::sasl::Credentials;
use crate::receive::{self, Error, Progress, Report};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Everything that a fetch needs; all of it was checked.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) target: Target,
    pub(super) credentials: Option<Credentials>,
    pub(super) maildir: Maildir,
    pub(super) lock: Lock,
}

impl Run<'_> {
    /// Fetches, and tells what happened.
    pub(super) fn run(self) -> Result<Exit, Trouble> {
        let runtime = runtime()?;
        self.target.warn();
        runtime.block_on(self.once())
    }

    async fn once(&self) -> Result<Exit, Trouble> {
        let progress = Arc::new(Progress::default());
        let options =
            receive::Options { policy: self.args.policy(), progress: progress.clone(), ..Default::default() };
        let began = Instant::now();
        let (reports, error) = self.shown(&progress, self.fetch(&options)).await;
        let done =
            Done { target: &self.target, reports: &reports, error: error.as_ref(), took: began.elapsed() };
        self.tell(&done)
    }

    async fn fetch(&self, options: &receive::Options) -> (Vec<Report>, Option<Error>) {
        match self.target.server.protocol {
            Protocol::Pop3 => self.pop3(options).await,
            Protocol::Imap | Protocol::Smtp => unreachable!(),
        }
    }

    async fn pop3(&self, options: &receive::Options) -> (Vec<Report>, Option<Error>) {
        let how = pop3::Options { tap: self.tap(), ..self.target.pop3(self.credentials.clone()) };
        let session = match pop3::Session::connect(&self.target.place(), &how).await {
            Ok(session) => session,
            Err(failure) => return (Vec::new(), Some(failure.into())),
        };
        let mut report = Report::default();
        let account = self.target.account_key();
        let done =
            receive::maildrop(session, &account, &self.lock, &self.maildir, options, &mut report).await;
        (vec![report], done.err())
    }

    fn tap(&self) -> Option<NewTap> {
        let trace = self.args.output.trace?;
        let manner =
            Manner { language: Language::of_the_environment(), paint: Paint::on(&stderr(), Color::Auto) };
        let shown = Some((manner, Screen::Error));
        Wanted { shown, content: trace == Trace::Full, kept: None, began: Instant::now() }.listener()
    }

    /// Runs a fetch with a bar on the terminal.
    async fn shown<T>(&self, progress: &Progress, fetch: impl Future<Output = T>) -> T {
        let output = &self.args.output;
        if output.quiet || output.json || output.trace.is_some() {
            return fetch.await;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{bar:30.cyan/dim} {pos}/{len}  {msg}  ETA {eta}") {
            bar.set_style(style.progress_chars("━━─"));
        }
        let mut ticks = interval(TICK);
        let mut fetch = std::pin::pin!(fetch);
        loop {
            tokio::select! {
                biased;
                done = &mut fetch => {
                    bar.finish_and_clear();
                    return done;
                }
                _ = ticks.tick() => if progress.wanted() > 0 {
                    bar.set_length(progress.wanted());
                    bar.set_position(progress.messages());
                    bar.set_message(indicatif::HumanBytes(progress.octets()).to_string());
                },
            }
        }
    }

    fn tell(&self, done: &Done<'_>) -> Result<Exit, Trouble> {
        let output = &self.args.output;
        let exit = done.exit();
        if output.json {
            report::json(done)?;
        } else if !output.quiet || exit != Exit::Ok {
            report::text(done);
        }
        match done.error {
            None => Ok(exit),
            Some(Error::Server(failure)) => {
                report::failure(done, failure);
                Ok(exit)
            }
            Some(Error::Maildir(error)) => Err(trouble::maildir(error)),
            Some(Error::Locked(error)) => Err(trouble::locked(error)),
            Some(Error::State(error)) => Err(trouble::state(error)),
            Some(Error::Keep(error)) => Err(trouble::keep(error)),
            Some(Error::Io(error)) => Err(trouble::io(error)),
        }
    }
}
