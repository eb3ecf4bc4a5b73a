//! One connection to a server, opened and logged in.

use std::fmt;

use hongyan_proto::TlsInfo;
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::pop3::reply::ResponseCode;
use hongyan_proto::pop3::{Answer, Capabilities, Client, Command, Config, Event, Listed, Stat, Typed, Uids};

use super::Options;
use super::incoming::{Incoming, Nowhere};
use crate::drive::Connection;
use crate::reach::reach;
use crate::server::Server;
use crate::sink::{MAX_REFUSED, Sink};

/// Commands that are handed to the machine ahead of what it writes.
const AHEAD: usize = 512;

/// A POP3 session: greeted and, where credentials were given, logged in.
///
/// Each call ends with its last reply. One whose future is dropped leaves the session in the middle of a reply;
/// it can then only be dropped as well, and says so ([`Kind::Local`]).
pub struct Session {
    connection: Connection,
    client: Client,
    place: String,
    /// A call has begun and not ended.
    busy: bool,
}

/// A message to which the server said no, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its number.
    pub number: u32,
    /// The server's words.
    pub failure: Failure,
}

impl Session {
    /// Connects, and opens a session: greeting, CAPA, TLS and login as the options say. A server that breaks down
    /// when name and password come in one flight is asked once more, over a new connection, a command at a time.
    ///
    /// # Errors
    /// The first thing that did not work, with its stage.
    pub async fn connect(server: &Server, options: &Options) -> Result<Self, Failure> {
        match Self::connect_once(server, options).await {
            Err((_, true)) => Self::connect_once(server, &options.plainly()).await,
            outcome => outcome,
        }
        .map_err(|(failure, _)| failure)
    }

    /// The failure, and whether pipelining may be why.
    async fn connect_once(server: &Server, options: &Options) -> Result<Self, (Failure, bool)> {
        let mut config = options.session.clone();
        config.host.clone_from(&server.host);
        config.port = server.port;
        let (tap, patience) = (options.tap.as_ref(), config.timeouts.command);
        let reached = reach(server, &options.route, &options.tls, tap, config.tls, patience)
            .await
            .map_err(|failure| (failure, false))?;
        Self::open_once(reached.connection, reached.place, config, reached.tls).await
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
        Self::open_once(connection, place.into(), config, tls).await.map_err(|(failure, _)| failure)
    }

    async fn open_once(
        connection: Connection,
        place: String,
        config: Config,
        tls: Option<TlsInfo>,
    ) -> Result<Self, (Failure, bool)> {
        let client = Client::new(config, tls, tokio::time::Instant::now().into_std());
        let mut session = Self { connection, client, place, busy: false };
        let mut nowhere = Nowhere::<u32>::new();
        let mut incoming = Incoming::new(&mut nowhere);
        loop {
            match session.next(&mut incoming).await {
                Ok(Event::Ready) => return Ok(session),
                Ok(_) => {}
                Err(failure) => return Err((failure, session.client.is_overtaxed())),
            }
        }
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        self.client.capabilities()
    }

    /// What the server said first.
    pub fn greeting(&self) -> &str {
        self.client.greeting()
    }

    /// TLS, where it is up.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.client.tls()
    }

    /// Where the connection leads: address and port, and the proxy in between.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Why the session ended, where it did.
    pub fn failure(&self) -> Option<&Failure> {
        self.client.failure()
    }

    /// False once the session has ended.
    pub fn is_open(&self) -> bool {
        self.client.is_open()
    }

    /// True while the server has said nothing of its own accord, nor closed the connection. Does not wait.
    pub async fn is_quiet(&mut self) -> bool {
        // Lets the runtime see what has arrived since it last looked.
        tokio::task::yield_now().await;
        self.is_open() && self.connection.is_quiet()
    }

    /// True where the session ended, without a word of the server's, while several commands were in flight: with
    /// [`Options::plainly`] it may go well. (Messages have other numbers in another session: only their unique-ids
    /// tell which is which.)
    pub fn is_overtaxed(&self) -> bool {
        self.client.is_overtaxed()
    }

    /// How many messages there are, and their octets (STAT).
    ///
    /// # Errors
    /// The server said no, or the session has ended.
    pub async fn stat(&mut self) -> Result<Stat, Failure> {
        match self.one(Command::Stat).await? {
            Event::Stat(stat) => Ok(stat),
            event => Err(out_of_turn(&event)),
        }
    }

    /// The messages with their sizes (LIST), as the server orders them; those that are marked are not among them.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        match self.one(Command::List).await? {
            Event::Listed(sizes) => Ok(sizes),
            event => Err(out_of_turn(&event)),
        }
    }

    /// The messages with their unique-ids (UIDL); `None` where the server knows no such command.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn uidl(&mut self) -> Result<Option<Uids>, Failure> {
        uids(self.one(Command::Uidl).await)
    }

    /// LIST and UIDL, in one flight where the server allows that.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn survey(&mut self) -> Result<(Vec<Listed>, Option<Uids>), Failure> {
        self.begin()?;
        self.client.ask(Command::List);
        self.client.ask(Command::Uidl);
        let mut nowhere = Nowhere::<u32>::new();
        let mut incoming = Incoming::new(&mut nowhere);
        let sizes = self.next(&mut incoming).await?;
        let ids = self.next(&mut incoming).await?;
        self.busy = false;
        let ids = match ids {
            Event::Refused(_, failure) => Err(failure),
            event => Ok(event),
        };
        match sizes {
            Event::Listed(sizes) => Ok((sizes, uids(ids)?)),
            Event::Refused(_, failure) => Err(failure),
            event => Err(out_of_turn(&event)),
        }
    }

    /// Fetches messages whole (RETR) in this order, as many commands in flight as the server allows; each goes to
    /// the sink as it comes. Returns those that the server refused; the others have come to their end.
    ///
    /// # Errors
    /// The session has ended, because of the server, the link or the sink; also where the server refused more than
    /// [`MAX_REFUSED`] messages: then with the last refusal. Messages that the sink was told the end
    /// of have come whole all the same.
    pub async fn fetch(
        &mut self,
        numbers: &[u32],
        sink: &mut impl Sink<u32>,
    ) -> Result<Vec<Refused>, Failure> {
        self.many(numbers, Command::Retr, sink).await
    }

    /// Fetches the headers of messages and so many lines of their bodies (TOP), as [`fetch`](Self::fetch) does.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn top(
        &mut self,
        numbers: &[u32],
        lines: u32,
        sink: &mut impl Sink<u32>,
    ) -> Result<Vec<Refused>, Failure> {
        self.many(numbers, |number| Command::Top { number, lines }, sink).await
    }

    /// Marks messages as deleted (DELE); [`quit`](Self::quit) deletes them. Returns those that the server refused
    /// to mark.
    ///
    /// # Errors
    /// The session has ended; nothing is deleted then.
    pub async fn delete(&mut self, numbers: &[u32]) -> Result<Vec<Refused>, Failure> {
        self.many(numbers, Command::Dele, &mut Nowhere::new()).await
    }

    /// Takes back all marks of deletion (RSET).
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.one(Command::Rset).await.map(drop)
    }

    /// Asks the server whether it is there (NOOP), which also keeps it from giving up on who is silent.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn noop(&mut self) -> Result<(), Failure> {
        self.one(Command::Noop).await.map(drop)
    }

    /// Sends a command as it was typed. Further lines of the reply go to the sink, their dots undone; `first` is told
    /// what stands behind `+OK` before they come. What changes the connection itself (STLS) or waits for more (AUTH
    /// with a mechanism) has no place here: what follows it could not be told apart.
    ///
    /// # Errors
    /// The server said no, or the session has ended ([`is_open`](Self::is_open) tells which).
    pub async fn command(
        &mut self,
        typed: Typed,
        first: impl FnOnce(&str),
        sink: &mut impl Sink<()>,
    ) -> Result<Answer, Failure> {
        self.begin()?;
        self.client.ask(Command::Typed(Box::new(typed)));
        let mut incoming = Incoming::new(sink);
        let mut first = Some(first);
        let mut tell = |words: &str| {
            if let Some(first) = first.take() {
                first(words);
            }
        };
        loop {
            match self.next(&mut incoming).await? {
                Event::Content { announced, words, .. } => {
                    tell(words.as_deref().unwrap_or_default());
                    self.begin_content(&mut incoming, (), announced)?;
                }
                Event::Answer(answer) => {
                    self.busy = false;
                    tell(&answer.words);
                    return Ok(answer);
                }
                Event::Refused(_, failure) => {
                    self.busy = false;
                    return Err(failure);
                }
                event => return Err(out_of_turn(&event)),
            }
        }
    }

    /// Takes leave (QUIT), and waits for the answer. Only where this goes well has the server deleted what was
    /// marked.
    ///
    /// # Errors
    /// The server said no, or the connection ended without an answer: marked messages may still be there, or not.
    pub async fn quit(mut self) -> Result<(), Failure> {
        match self.one(Command::Quit).await? {
            Event::Quit => {
                // The answer was heard: however the connection ends now, nothing changes.
                let mut nowhere = Nowhere::<u32>::new();
                self.connection.drive(&mut self.client, &mut Incoming::new(&mut nowhere)).await;
                Ok(())
            }
            event => Err(out_of_turn(&event)),
        }
    }

    /// One command whose reply has no content.
    async fn one(&mut self, command: Command) -> Result<Event, Failure> {
        self.begin()?;
        self.client.ask(command);
        let mut nowhere = Nowhere::<u32>::new();
        let event = self.next(&mut Incoming::new(&mut nowhere)).await?;
        self.busy = false;
        match event {
            Event::Refused(_, failure) => Err(failure),
            event => Ok(event),
        }
    }

    async fn many(
        &mut self,
        numbers: &[u32],
        command: impl Fn(u32) -> Command,
        sink: &mut impl Sink<u32>,
    ) -> Result<Vec<Refused>, Failure> {
        self.begin()?;
        let mut refused = Vec::new();
        let mut numbers = numbers.iter();
        let mut incoming = Incoming::new(sink);
        loop {
            if self.client.queued() < AHEAD / 2 {
                let room = AHEAD - self.client.queued();
                numbers.by_ref().take(room).for_each(|number| self.client.ask(command(*number)));
            }
            if self.client.outstanding() == 0 {
                self.busy = false;
                return Ok(refused);
            }
            match self.next(&mut incoming).await? {
                Event::Content { number, announced, .. } => {
                    self.begin_content(&mut incoming, number, announced)?;
                }
                Event::Refused(
                    Command::Retr(number) | Command::Top { number, .. } | Command::Dele(number),
                    failure,
                ) => {
                    if refused.len() >= MAX_REFUSED {
                        self.client.give_up(failure.clone());
                        return Err(failure);
                    }
                    refused.push(Refused { number, failure });
                }
                _ => {}
            }
        }
    }

    fn begin_content<M, S: Sink<M>>(
        &mut self,
        incoming: &mut Incoming<'_, M, S>,
        message: M,
        announced: Option<u64>,
    ) -> Result<(), Failure> {
        incoming.begin(message, announced).map_err(|error| {
            let failure = Failure::io(Stage::Fetch, Kind::Local, error);
            self.client.give_up(failure.clone());
            failure
        })
    }

    /// A call begins.
    fn begin(&mut self) -> Result<(), Failure> {
        if !self.client.is_open() {
            return Err(self.gone());
        }
        if std::mem::replace(&mut self.busy, true) {
            let cause = "an earlier call was given up in the middle of a reply";
            return Err(Failure::new(Stage::Idle, Kind::Local, cause));
        }
        Ok(())
    }

    /// The client's next event; its end is an error.
    async fn next<M, S: Sink<M>>(&mut self, incoming: &mut Incoming<'_, M, S>) -> Result<Event, Failure> {
        match self.connection.drive(&mut self.client, incoming).await {
            Some(Event::Failed(failure)) => Err(failure),
            Some(event) => Ok(event),
            None => Err(self.gone()),
        }
    }

    /// Why there is no session any more.
    fn gone(&self) -> Failure {
        self.failure()
            .cloned()
            .unwrap_or_else(|| Failure::new(Stage::Idle, Kind::Unreachable, "the session has ended"))
    }
}

/// A no to UIDL means that there is none, unless its code says that something else is wrong.
fn uids(answered: Result<Event, Failure>) -> Result<Option<Uids>, Failure> {
    match answered {
        Ok(Event::Uids(uids)) => Ok(Some(uids)),
        Ok(event) => Err(out_of_turn(&event)),
        Err(failure) => match &failure.cause {
            Some(hongyan_proto::outcome::Cause::Said(words))
                if ResponseCode::at_head_of(words.as_bytes()).is_none() =>
            {
                Ok(None)
            }
            _ => Err(failure),
        },
    }
}

/// The machine answers in the order of the commands; this is for what cannot be.
fn out_of_turn(event: &Event) -> Failure {
    Failure::new(Stage::Idle, Kind::Protocol, format!("{event:?} came out of turn"))
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("place", &self.place)
            .field("failure", &self.failure())
            .finish_non_exhaustive()
    }
}
