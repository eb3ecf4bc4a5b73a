//! The session as both ways of using it see it: commands go out, answers come back, marks are counted.

use std::collections::BTreeSet;

use super::command::Command;
use crate::net::Sink;
use crate::net::pop3::{Answer, Session, Typed};
use crate::proto::outcome::{Cause, Failure, Kind, Stage};
use crate::proto::provider::Provider;

pub(super) struct Talk {
    session: Option<Session>,
    /// As a person would write it.
    pub(super) url: String,
    pub(super) provider: Option<&'static Provider>,
    /// Who is logged in.
    pub(super) user: Option<String>,
    /// USER was said.
    name: Option<String>,
    /// What QUIT will delete.
    pub(super) marked: BTreeSet<u32>,
}

impl Talk {
    pub(super) fn new(
        session: Session,
        url: String,
        provider: Option<&'static Provider>,
        user: Option<&str>,
    ) -> Self {
        let user = user.map(str::to_owned);
        Self { session: Some(session), url, provider, user, name: None, marked: BTreeSet::new() }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// False once there is nobody to talk with.
    pub(super) fn is_open(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_open)
    }

    /// Sends a command. `first` is told what stands behind `+OK`; further lines go to the sink.
    pub(super) async fn say(
        &mut self,
        command: &Command,
        first: impl FnOnce(&str),
        sink: &mut impl Sink<()>,
    ) -> Result<Answer, Failure> {
        let (line, secret) = command.line();
        let typed = Typed::new(line, secret).ok_or_else(|| {
            let cause = "the line holds a control character, or is longer than a command of POP3 can be";
            Failure::new(Stage::Prepare, Kind::Local, cause)
        })?;
        let session = self.session.as_mut().filter(|session| session.is_open()).ok_or_else(ended)?;
        let answer = session.command(typed, first, sink).await?;
        match (command.keyword, command.number()) {
            ("USER", _) => self.name = Some(command.argument.clone()),
            ("PASS", _) => self.user = self.name.take(),
            ("APOP", _) => self.user = command.argument.split(' ').next().map(str::to_owned),
            ("DELE", Some(number)) => {
                self.marked.insert(number);
            }
            ("RSET", _) => self.marked.clear(),
            _ => {}
        }
        Ok(answer)
    }

    /// Says QUIT: only where this goes well is deleted what was marked.
    pub(super) async fn quit(&mut self) -> Result<(), Failure> {
        match self.session.take().filter(Session::is_open) {
            Some(session) => session.quit().await,
            None => Err(ended()),
        }
    }

    /// Ends the session without deleting anything; how many messages were marked.
    pub(super) async fn leave(&mut self) -> usize {
        let marked = std::mem::take(&mut self.marked).len();
        if let Some(mut session) = self.session.take().filter(Session::is_open)
            && (marked == 0 || session.reset().await.is_ok())
        {
            // Nothing hangs on the answer: there is nothing to delete.
            let _ = session.quit().await;
        }
        marked
    }

    /// NOOP, where the server takes it: it does not before the login.
    pub(super) async fn keep_alive(&mut self) -> Result<(), Failure> {
        match &mut self.session {
            Some(session) if self.user.is_some() => session.noop().await,
            _ => Ok(()),
        }
    }

    /// What the server has said or done of its own accord: an end of the connection.
    pub(super) async fn is_quiet(&mut self) -> bool {
        match &mut self.session {
            Some(session) => session.is_quiet().await,
            None => false,
        }
    }
}

/// What follows `-ERR`, where the failure is the server's no to a command.
pub(super) fn refusal(failure: &Failure) -> Option<&str> {
    match &failure.cause {
        Some(Cause::Said(words)) => Some(words),
        _ => None,
    }
}

fn ended() -> Failure {
    Failure::new(Stage::Idle, Kind::Unreachable, "the session has ended")
}
