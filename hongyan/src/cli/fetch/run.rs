//! The fetching itself: connect, fetch, say what happened; with `--watch` again and again.

use std::io::stderr;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{interval, sleep};

use super::report::{self, Done};
use super::{Args, Trace, folders, trouble};
use crate::account::Protocol;
use crate::cli::exit::Exit;
use crate::cli::outcome::{Manner, octets};
use crate::cli::paint::{Color, Paint};
use crate::cli::server::Target;
use crate::cli::system::runtime;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trace::{Screen, Wanted};
use crate::cli::trouble::Trouble;
use crate::mailbox::{Lock, Maildir};
use crate::net::smtp::NewTap;
use crate::net::{imap, pop3};
use crate::proto::sasl::Credentials;
use crate::receive::{self, Error, Progress, Report};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);
/// How long a watcher waits after the first failure, and at most after many.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Everything that a fetch needs; all of it was checked.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) target: Target,
    pub(super) credentials: Option<Credentials>,
    pub(super) maildir: Maildir,
    pub(super) lock: Lock,
}

impl Run<'_> {
    /// Fetches, and tells what happened; with --watch until somebody ends it.
    pub(super) fn run(self) -> Result<Exit, Trouble> {
        let runtime = runtime()?;
        self.target.warn();
        runtime.block_on(async {
            match self.args.mail.watch {
                None => self.once().await,
                Some(seconds) => self.watch(Duration::from_secs(seconds.into())).await,
            }
        })
    }

    async fn once(&self) -> Result<Exit, Trouble> {
        let (options, began) = (self.options(), Instant::now());
        let mut reports = Vec::new();
        let error = self.shown(&options.progress, self.fetch(&options, &mut reports)).await.err();
        self.tell(&reports, error.as_ref(), began)
    }

    fn options(&self) -> receive::Options {
        receive::Options { policy: self.args.policy(), ..Default::default() }
    }

    async fn fetch(&self, options: &receive::Options, reports: &mut Vec<Report>) -> Result<(), Error> {
        if self.target.server.protocol == Protocol::Pop3 {
            return self.maildrop(options, reports).await;
        }
        let mut session = self.imap().await?;
        let done = self.folders(&mut session, options, reports).await;
        if session.is_open() {
            session.logout().await;
        }
        done
    }

    async fn maildrop(&self, options: &receive::Options, reports: &mut Vec<Report>) -> Result<(), Error> {
        let how = pop3::Options { tap: self.tap(), ..self.target.pop3(self.credentials.clone()) };
        let session = pop3::Session::connect(&self.target.place(), &how).await?;
        let account = self.target.account_key();
        let report = reports.push_mut(Report::default());
        receive::maildrop(session, &account, &self.lock, &self.maildir, options, report).await
    }

    async fn imap(&self) -> Result<imap::Session, Error> {
        let how = imap::Options { tap: self.tap(), ..self.target.imap(self.credentials.clone()) };
        Ok(imap::Session::connect(&self.target.place(), &how).await?)
    }

    async fn folders(
        &self,
        session: &mut imap::Session,
        options: &receive::Options,
        reports: &mut Vec<Report>,
    ) -> Result<(), Error> {
        let account = self.target.account_key();
        for (folder, name) in folders::wanted(session, &self.args.mail).await? {
            let maildir = self.maildir.create_folder(&name).map_err(Error::Maildir)?;
            let report = reports.push_mut(Report::default());
            receive::folder(session, &account, &folder, &self.lock, &maildir, options, report).await?;
        }
        for note in session.take_notes() {
            if let imap::Note::Alert(words) = note {
                let language = Language::of_the_environment();
                let said = language.choose("the server wants you to know", "服务器提醒");
                tell(&format!("fetch: {said}: {}", safe(&words)));
            }
        }
        Ok(())
    }

    /// Fetches whenever there may be something, and tells where there was. What fails is tried again, later and later.
    async fn watch(&self, every: Duration) -> Result<Exit, Trouble> {
        let mut pause = FIRST_PAUSE;
        let server = safe(&self.target.server.to_string());
        self.mention(
            format!("Watching {server} for mail; Ctrl-C ends it."),
            format!("正在等待 {server} 的新邮件；按 Ctrl-C 结束。"),
        );
        loop {
            let (options, began) = (self.options(), Instant::now());
            let mut reports = Vec::new();
            let error = tokio::select! {
                done = self.round(&options, &mut reports, every) => done.err(),
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Ok),
            };
            let passing = match &error {
                None => true,
                Some(Error::Server(failure)) => !failure.is_permanent(),
                Some(_) => false,
            };
            let exit = self.tell_news(&reports, error.as_ref(), began)?;
            if !passing {
                return Ok(exit);
            }
            if error.is_none() {
                pause = FIRST_PAUSE;
                continue;
            }
            self.mention(
                format!("Trying again in {} s; Ctrl-C ends it.", pause.as_secs()),
                format!("{} 秒后重试；按 Ctrl-C 结束。", pause.as_secs()),
            );
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Ok),
            }
        }
    }

    /// What a person who waits should know.
    fn mention(&self, en: String, zh: String) {
        if !self.args.output.quiet && !self.args.output.json {
            tell(&Language::of_the_environment().choose(en, zh));
        }
    }

    /// One fetch after the other, until something fails: by IMAP over one connection.
    async fn round(
        &self,
        options: &receive::Options,
        reports: &mut Vec<Report>,
        every: Duration,
    ) -> Result<(), Error> {
        if self.target.server.protocol == Protocol::Pop3 {
            let began = Instant::now();
            self.maildrop(options, reports).await?;
            // Told before the wait; what cannot be written is told when the round ends.
            let _ = self.tell_news(&std::mem::take(reports), None, began);
            sleep(every).await;
            return Ok(());
        }
        let mut session = self.imap().await?;
        loop {
            let began = Instant::now();
            let mut news = Vec::new();
            let done = self.folders(&mut session, options, &mut news).await;
            if done.is_err() {
                reports.append(&mut news);
                return done;
            }
            let _ = self.tell_news(&news, None, began);
            session.idle(every).await?;
        }
    }

    /// Tells what a watcher wants to know: that there was something, or that something went wrong.
    fn tell_news(&self, reports: &[Report], error: Option<&Error>, began: Instant) -> Result<Exit, Trouble> {
        let quiet = |report: &Report| {
            report.fetched + report.deleted + report.flags_changed == 0 && report.refused.is_empty()
        };
        if error.is_none() && reports.iter().all(quiet) {
            return Ok(Exit::Ok);
        }
        self.tell(reports, error, began)
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
                    bar.set_message(octets(progress.octets(), Language::of_the_environment()));
                },
            }
        }
    }

    fn tell(&self, reports: &[Report], error: Option<&Error>, began: Instant) -> Result<Exit, Trouble> {
        let done = Done { target: &self.target, reports, error, took: began.elapsed() };
        let (output, exit) = (&self.args.output, done.exit());
        if output.json {
            report::json(&done)?;
        } else if !output.quiet || exit != Exit::Ok {
            report::text(&done);
        }
        match error {
            None => {}
            Some(Error::Server(failure)) => report::failure(&done, failure),
            Some(Error::Maildir(error)) => return Err(trouble::maildir(error)),
            Some(Error::Locked(error)) => return Err(trouble::locked(error)),
            Some(Error::State(error)) => return Err(trouble::state(error)),
            Some(Error::Keep(error)) => return Err(trouble::keep(error)),
            Some(Error::Io(error)) => return Err(trouble::io(error)),
        }
        Ok(exit)
    }
}
