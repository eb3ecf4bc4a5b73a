//! The sending itself: connect, encode for what the server offers, hand over, say what happened.

use std::io::{stderr, stdout};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::output::Copy;
use super::report::{self, Facts};
use super::{Json, Output, Trace, message, problem};
use crate::cli::exit::Exit;
use crate::cli::outcome::{Manner, Outcome};
use crate::cli::paint::{Color, Paint};
use crate::cli::progress::{Bar, WORTH_A_BAR};
use crate::cli::server::Target;
use crate::cli::system::runtime;
use crate::cli::terminal::{Language, say, tell};
use crate::cli::trace::{Kept, Screen, Wanted};
use crate::cli::trouble::Trouble;
use crate::composed::{self, Composed};
use crate::net::smtp::{Body, Mail, Options, Session, Watched};
use crate::proto::outcome::Delivery;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::{Capabilities, Envelope};

/// Everything that a sending needs; all of it was checked.
pub(super) struct Run<'a> {
    pub(super) mail: message::Mail,
    pub(super) envelope: Envelope,
    pub(super) target: Target,
    pub(super) credentials: Option<Credentials>,
    pub(super) copy: Option<Copy>,
    pub(super) shown: &'a Output,
}

impl Run<'_> {
    /// Sends, and tells the outcome.
    pub(super) fn run(mut self) -> Result<Exit, Trouble> {
        let runtime = runtime()?;
        self.target.warn();
        let kept: Option<Kept> =
            (self.shown.json == Some(Json::Transcript)).then(|| Arc::new(Mutex::new(Vec::new())));
        let options = self.options(kept.clone());
        let recipients: Vec<_> = self.envelope.to.iter().map(|to| to.address.clone()).collect();
        runtime.block_on(async {
            let mut session = match Session::connect(&self.target.place(), &options).await {
                Ok(session) => session,
                Err(failure) => {
                    self.keep_for_later()?;
                    return Ok(self.tell(&Delivery::failed(recipients, &failure), None, kept.as_ref()));
                }
            };
            let mail = match self.encode(session.capabilities()) {
                Ok(mail) => mail,
                Err(trouble) => {
                    session.quit().await;
                    return Err(trouble);
                }
            };
            let size = mail.envelope.size;
            let delivery = session.send(mail).await;
            // Where the conversation is shown or reported, the outcome is told at its end.
            if kept.is_some() || self.shown.trace.is_some() {
                session.quit().await;
                return Ok(self.tell(&delivery, Some(size), kept.as_ref()));
            }
            let exit = self.tell(&delivery, Some(size), None);
            session.quit().await;
            Ok(exit)
        })
    }

    fn options(&mut self, kept: Option<Kept>) -> Options {
        let language = Language::of_the_environment();
        let wanted = Wanted {
            shown: self
                .shown
                .trace
                .map(|_| (Manner { language, paint: Paint::on(&stderr(), Color::Auto) }, Screen::Error)),
            content: self.shown.trace == Some(Trace::Full),
            kept,
            began: Instant::now(),
        };
        let mut options = self.target.options();
        options.session.credentials = self.credentials.take();
        options.tap = wanted.listener();
        options
    }

    /// The mail as this server takes it; a copy of it is written now.
    fn encode(&mut self, server: &Capabilities) -> Result<Mail, Trouble> {
        let offered = composed::offered(server, self.target.chunking);
        let mut encoder = self.mail.encoder(offered).map_err(|error| problem::compose(&error))?;
        if let Some(copy) = self.copy.take() {
            copy.write(&mut encoder)?;
            encoder.restart().map_err(super::output::reading)?;
        }
        let envelope = composed::envelope_for(&encoder, std::mem::take(&mut self.envelope));
        let bar = envelope.size >= WORTH_A_BAR && self.shown.trace.is_none() && !self.shown.quiet;
        let content = Composed(encoder);
        let body: Box<dyn Body> = match bar.then(|| Bar::new(envelope.size)) {
            Some(bar) => Box::new(Watched::new(content, move |sent| bar.stands_at(sent))),
            None => Box::new(content),
        };
        Ok(Mail { envelope, body })
    }

    /// Writes the copy that was asked for although there is no server, as every server would take it.
    fn keep_for_later(&mut self) -> Result<(), Trouble> {
        let Some(copy) = self.copy.take() else { return Ok(()) };
        let mut encoder = self.mail.plainly().map_err(|error| problem::compose(&error))?;
        copy.write(&mut encoder)
    }

    /// Says what became of it.
    fn tell(&self, delivery: &Delivery, size: Option<u64>, kept: Option<&Kept>) -> Exit {
        let exit = Exit::of(delivery);
        let server = self.target.server.to_string();
        let provider = self.target.provider();
        let outcome = Outcome { delivery, size, server: &server, provider };
        let language = Language::of_the_environment();
        if self.shown.json.is_some() {
            let lines = kept.and_then(|kept| kept.lock().ok());
            let message_id = self.mail.message_id.as_deref();
            let transcript = lines.as_ref().map(|lines| &lines[..]);
            report::delivery(
                &Facts { message_id, size, server: &server, delivery, provider, transcript },
                exit,
            );
        }
        if exit != Exit::Ok {
            let paint = Paint::on(&stderr(), Color::Auto);
            tell(outcome.text("send", Manner { language, paint }).trim_end());
        } else if self.shown.json.is_none() && !self.shown.quiet {
            let paint = Paint::on(&stdout(), Color::Auto);
            say(outcome.text("send", Manner { language, paint }).trim_end());
        }
        exit
    }
}
