//! One connection to a server, opened and logged in.

use std::fmt;
use std::time::Duration;

use hongyan_proto::TlsInfo;
use hongyan_proto::imap::client::{
    Answer, Capabilities, Changes, Client, Command, Config, Event, Note, Selected,
};
use hongyan_proto::outcome::{Failure, Kind, Stage};

use super::Options;
use super::contents::Dropping;
use crate::drive::{Connection, Contents};
use crate::reach::reach;
use crate::server::Server;

/// The most notes that are kept until somebody takes them; further ones are dropped.
pub const MAX_NOTES: usize = 100;

/// An IMAP session, greeted and logged in.
pub struct Session {
    pub(super) connection: Connection,
    pub(super) client: Client,
    place: String,
    notes: Vec<Note>,
}

impl Session {
    /// Connects and logs in: greeting, TLS, login, ID, ENABLE, COMPRESS as the options say.
    ///
    /// # Errors
    /// The first thing that did not work, with its stage.
    pub async fn connect(server: &Server, options: &Options) -> Result<Self, Failure> {
        let mut config = options.session.clone();
        config.host.clone_from(&server.host);
        config.port = server.port;
        let patience = config.timeouts.greeting;
        let reached =
            reach(server, &options.route, &options.tls, options.tap.as_ref(), config.tls, patience).await?;
        Self::open(reached.connection, reached.place, config, reached.tls).await
    }

    /// Opens a session over a connection that is there, whatever it runs over; `place` names it for people.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn open(
        connection: Connection,
        place: impl Into<String>,
        config: Config,
        tls: Option<TlsInfo>,
    ) -> Result<Self, Failure> {
        let client = Client::new(config, tls, tokio::time::Instant::now().into_std());
        let mut session = Self { connection, client, place: place.into(), notes: Vec::new() };
        loop {
            match session.next(&mut Dropping).await? {
                Event::Ready => return Ok(session),
                _ => continue,
            }
        }
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        self.client.capabilities()
    }

    /// TLS, where it is up.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.client.tls()
    }

    /// Where the connection leads: address and port, and the proxy in between.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The mailbox that is open.
    pub fn selected(&self) -> Option<&Selected> {
        self.client.selected()
    }

    /// True where [`Resync`](super::Resync) has a meaning: QRESYNC was agreed on.
    pub fn can_resync(&self) -> bool {
        self.client.can_resync()
    }

    /// Why the session ended, where it did.
    pub fn failure(&self) -> Option<&Failure> {
        self.client.failure()
    }

    /// False once the session has ended.
    pub fn is_open(&self) -> bool {
        self.client.is_open()
    }

    /// What the server wants people to see (ALERT), and what it said that made no sense, since this was last asked:
    /// at most [`MAX_NOTES`].
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Asks whether the server is there, and for news of the open mailbox (NOOP).
    ///
    /// # Errors
    /// The session has ended.
    pub async fn check(&mut self) -> Result<Changes, Failure> {
        self.changes(Command::Noop).await
    }

    /// Waits until something changes in the open mailbox, at most for this long: by IDLE, renewed in time, or by
    /// NOOP from time to time where the server does not offer it. No changes means that the time is over.
    ///
    /// Dropping the future ends the wait; the session can be used on.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn idle(&mut self, patience: Duration) -> Result<Changes, Failure> {
        self.changes(Command::Idle(patience)).await
    }

    async fn changes(&mut self, command: Command) -> Result<Changes, Failure> {
        match self.run(command).await? {
            Answer::Changes(changes) => Ok(changes),
            _ => Ok(Changes::default()),
        }
    }

    /// Takes leave (LOGOUT) and closes the connection. Nothing is decided here.
    pub async fn logout(mut self) {
        self.client.submit(Command::Logout);
        while self.connection.drive(&mut self.client, &mut Dropping).await.is_some() {}
    }

    /// One command without content, from its writing to its answer.
    pub(super) async fn run(&mut self, command: Command) -> Result<Answer, Failure> {
        self.run_with(command, &mut Dropping, |_| {}).await
    }

    /// The same, with what comes on the way.
    pub(super) async fn run_with(
        &mut self,
        command: Command,
        contents: &mut impl Contents,
        mut each: impl FnMut(Event),
    ) -> Result<Answer, Failure> {
        let id = self.client.submit(command);
        loop {
            match self.next(contents).await? {
                Event::Done(done, answer) if done == id => return answer,
                other => each(other),
            }
        }
    }

    /// The client's next event; an error once the session has ended.
    pub(super) async fn next(&mut self, contents: &mut impl Contents) -> Result<Event, Failure> {
        loop {
            match self.connection.drive(&mut self.client, contents).await {
                Some(Event::Note(note)) => {
                    if self.notes.len() < MAX_NOTES {
                        self.notes.push(note);
                    }
                }
                Some(Event::Failed(failure)) => return Err(failure),
                Some(event) => return Ok(event),
                None => return Err(self.gone()),
            }
        }
    }

    /// Why there is no session any more.
    fn gone(&self) -> Failure {
        self.failure()
            .cloned()
            .unwrap_or_else(|| Failure::new(Stage::Idle, Kind::Unreachable, "the session has ended"))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("place", &self.place)
            .field("selected", &self.selected().map(|selected| &selected.name))
            .field("failure", &self.failure())
            .finish_non_exhaustive()
    }
}
