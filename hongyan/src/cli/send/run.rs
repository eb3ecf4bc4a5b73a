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
use crate::cli::sent::Filed;
use crate::cli::server::Target;
use crate::cli::system::runtime;
use crate::cli::terminal::{Language, say, tell};
use crate::cli::trace::{Kept, Screen, Wanted};
use crate::cli::trouble::Trouble;
use crate::composed::{self, Composed};
use crate::net::smtp::{Body, Mail, Options, Session, Watched};
use crate::proto::outcome::Delivery;
use crate::proto::provider::Provider;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::{Capabilities, Envelope};

/// Everything that a sending needs; all of it was checked.
pub(in crate::cli) struct Run<'a> {
    /// Who speaks when something went wrong.
    pub(in crate::cli) command: &'static str,
    pub(in crate::cli) mail: message::Mail,
    pub(in crate::cli) envelope: Envelope,
    pub(in crate::cli) target: Target,
    pub(in crate::cli) credentials: Option<Credentials>,
    /// Files that get the mail as the server gets it, before it does.
    pub(in crate::cli) copies: Vec<Copy>,
    pub(in crate::cli) shown: &'a Output,
}

/// A sending that is over, and has been told about.
pub(in crate::cli) struct Done {
    pub(in crate::cli) exit: Exit,
    pub(in crate::cli) delivery: Delivery,
    message_id: Option<String>,
    size: Option<u64>,
    server: String,
    provider: Option<&'static Provider>,
    kept: Option<Kept>,
}

impl Done {
    /// Prints the object that `--json` asks for.
    pub(in crate::cli) fn report(&self, copy: Option<&Filed>) {
        let lines = self.kept.as_ref().and_then(|kept| kept.lock().ok());
        let Self { delivery, size, server, provider, .. } = self;
        let (message_id, transcript) = (self.message_id.as_deref(), lines.as_ref().map(|lines| &lines[..]));
        let (size, provider) = (*size, *provider);
        let facts = Facts { message_id, size, server, delivery, provider, transcript, copy };
        report::delivery(&facts, self.exit);
    }
}

impl Run<'_> {
    /// Sends, and tells a person the outcome.
    pub(in crate::cli) fn run(mut self) -> Result<Done, Trouble> {
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
                    return Ok(self.tell(Delivery::failed(recipients, &failure), None, kept));
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
                return Ok(self.tell(delivery, Some(size), kept));
            }
            let done = self.tell(delivery, Some(size), None);
            session.quit().await;
            Ok(done)
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

    /// The mail as this server takes it; the copies of it are written now.
    fn encode(&mut self, server: &Capabilities) -> Result<Mail, Trouble> {
        let offered = composed::offered(server, self.target.chunking);
        let mut encoder = self.mail.encoder(offered).map_err(|error| problem::compose(&error))?;
        for copy in self.copies.drain(..) {
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

    /// Writes the copies that were asked for although there is no server, as every server would take it.
    fn keep_for_later(&mut self) -> Result<(), Trouble> {
        for copy in self.copies.drain(..) {
            let mut encoder = self.mail.plainly().map_err(|error| problem::compose(&error))?;
            copy.write(&mut encoder)?;
        }
        Ok(())
    }

    /// Says what became of it.
    fn tell(&self, delivery: Delivery, size: Option<u64>, kept: Option<Kept>) -> Done {
        let exit = Exit::of(&delivery);
        let server = self.target.server.to_string();
        let provider = self.target.provider();
        let outcome = Outcome { delivery: &delivery, size, server: &server, provider };
        let language = Language::of_the_environment();
        if exit != Exit::Ok {
            let paint = Paint::on(&stderr(), Color::Auto);
            tell(outcome.text(self.command, Manner { language, paint }).trim_end());
        } else if self.shown.json.is_none() && !self.shown.quiet {
            let paint = Paint::on(&stdout(), Color::Auto);
            say(outcome.text(self.command, Manner { language, paint }).trim_end());
        }
        Done { exit, delivery, message_id: self.mail.message_id.clone(), size, server, provider, kept }
    }
}
