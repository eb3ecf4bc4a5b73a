//! One connection to a server, opened and ready for mail.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use hongyan_proto::TlsInfo;
use hongyan_proto::outcome::{Delivery, Failure, Kind, Stage, Verdict};
use hongyan_proto::smtp::{Capabilities, Client, Config, Envelope, Event};

use super::bodies::Bodies;
use super::{Body, Mail, Options, Server};
use crate::drive::Connection;
use crate::reach::reach;

/// An SMTP session, greeted and logged in.
pub struct Session {
    connection: Connection,
    client: Client,
    bodies: Bodies,
    place: String,
    /// Messages that were handed in.
    submitted: u32,
    /// How to open it anew; nowhere to be had for a session over somebody else's connection.
    origin: Option<(Server, Options)>,
}

/// How a stream of messages ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Messages that were taken from the source and certainly not by the server, with their numbers: it
    /// takes no more in this session (RFC 9422 MAILMAX), or does not know the BDAT it offers, which
    /// `failure` then says ([`Kind::Capability`]).
    pub unsent: Vec<(u64, Mail)>,
    /// Why the session ended, where it did. What was in flight has been settled accordingly.
    pub failure: Option<Failure>,
}

/// What became of one message.
pub(super) enum One {
    Settled(Delivery, Option<Box<dyn Body>>),
    /// Not begun: see [`Ended::unsent`].
    Unsent(Mail),
}

impl Session {
    /// Connects, and opens a session: greeting, EHLO, TLS and login as the options say.
    ///
    /// # Errors
    /// The first thing that did not work, with its stage.
    pub async fn connect(server: &Server, options: &Options) -> Result<Self, Failure> {
        let mut config = options.session.clone();
        config.host.clone_from(&server.host);
        config.port = server.port;
        let (tap, patience) = (options.tap.as_ref(), config.timeouts.command);
        let reached = reach(server, &options.route, &options.tls, tap, config.tls, patience).await?;
        if config.hello.is_empty() {
            config.hello = reached.own.map_or("[127.0.0.1]".into(), literal);
        }
        let mut session = Self::open(reached.connection, reached.place, config, reached.tls).await?;
        session.origin = Some((server.clone(), options.clone()));
        Ok(session)
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
        let place = place.into();
        let mut session =
            Self { connection, client, bodies: Bodies::default(), place, submitted: 0, origin: None };
        loop {
            match session.next().await {
                Some(Event::Ready) => return Ok(session),
                Some(_) => {}
                None => return Err(session.gone()),
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

    /// How many messages were handed in.
    pub fn submitted(&self) -> u32 {
        self.submitted
    }

    /// Why the session ended, where it did.
    pub fn failure(&self) -> Option<&Failure> {
        self.client.failure()
    }

    /// False once the session has ended.
    pub fn is_open(&self) -> bool {
        self.client.is_open()
    }

    /// True while the server has said nothing of its own accord, nor closed the connection. Does not wait,
    /// and cannot see a server that vanished without a word: that takes [`check`](Self::check).
    pub async fn is_quiet(&mut self) -> bool {
        // Lets the runtime see what has arrived since it last looked.
        tokio::task::yield_now().await;
        self.is_open() && self.connection.is_quiet()
    }

    /// Sends a message. Where the server's limit of messages in a session is reached, all of its
    /// recipients are deferred. A server that cannot do what it offers (BDAT, several commands in a flight)
    /// gets the message once more over a new connection, a command at a time.
    pub async fn send(&mut self, mail: Mail) -> Delivery {
        let pipelined =
            self.capabilities().pipelining && self.origin.as_ref().is_some_and(|(_, o)| o.session.pipelining);
        let envelope = pipelined.then(|| mail.envelope.clone());
        match (self.one(mail).await, envelope) {
            (One::Unsent(mail), _) => match self.failure().cloned() {
                Some(failure) => self.send_plainly(mail, failure).await,
                None => Delivery::failed(recipients(mail.envelope), &full()),
            },
            (One::Settled(delivery, Some(mut body)), Some(envelope)) if is_overtaxed(&delivery) => {
                match (self.failure().cloned(), body.restart()) {
                    (Some(failure), Ok(())) => self.send_plainly(Mail { envelope, body }, failure).await,
                    _ => delivery,
                }
            }
            (One::Settled(delivery, _), _) => delivery,
        }
    }

    /// Sends a message over a new connection, without any extension that saves round trips; `failure` is
    /// what becomes of it where there is none to be had.
    async fn send_plainly(&mut self, mail: Mail, failure: Failure) -> Delivery {
        let Some((server, options)) = self.origin.take() else {
            return Delivery::failed(recipients(mail.envelope), &failure);
        };
        self.connection.note("the server cannot do what it offers: once more, a command at a time");
        match Self::connect(&server, &options.plainly()).await {
            Ok(fresh) => *self = fresh,
            Err(failure) => return Delivery::failed(recipients(mail.envelope), &failure),
        }
        match self.one(mail).await {
            One::Settled(delivery, _) => delivery,
            One::Unsent(mail) => Delivery::failed(recipients(mail.envelope), &full()),
        }
    }

    pub(super) async fn one(&mut self, mail: Mail) -> One {
        let ticket = self.submit(0, mail);
        loop {
            match self.next().await.expect("a client settles what was handed in before it ends") {
                Event::Settled(settled, delivery) if settled == ticket => {
                    return One::Settled(delivery, self.bodies.remove(ticket).map(|one| one.body));
                }
                Event::Unsent(unsent, envelope) if unsent == ticket => {
                    let one = self.bodies.remove(ticket).expect("it was added when it was handed in");
                    return match one.into_fresh() {
                        Ok(body) => One::Unsent(Mail { envelope: *envelope, body }),
                        Err(error) => {
                            let failure = Failure::io(Stage::Content, Kind::Local, error);
                            One::Settled(Delivery::failed(recipients(*envelope), &failure), None)
                        }
                    };
                }
                _ => {}
            }
        }
    }

    /// Sends all that `source` gives, with as many messages in flight as the server allows, and reports
    /// each to `settled` with its number in the source, from 0. The source is told what the server offers,
    /// since that decides how a message is best encoded; it is asked when there is room for a message.
    ///
    /// Every message that was taken from the source is either settled or given back.
    pub async fn send_all(
        &mut self,
        mut source: impl FnMut(&Capabilities) -> Option<Mail>,
        settled: impl FnMut(u64, Delivery),
    ) -> Ended {
        let mut number = 0;
        let numbered = |capabilities: &Capabilities| {
            let mail = source(capabilities)?;
            number += 1;
            Some((number - 1, mail))
        };
        self.stream(numbered, settled).await
    }

    pub(super) async fn stream(
        &mut self,
        mut source: impl FnMut(&Capabilities) -> Option<(u64, Mail)>,
        mut settled: impl FnMut(u64, Delivery),
    ) -> Ended {
        let mut ended = Ended::default();
        let (mut dry, mut in_flight) = (!self.is_open(), 0_usize);
        let mut room = true;
        loop {
            if room && !dry {
                match source(self.client.capabilities()) {
                    Some((tag, mail)) => {
                        self.submit(tag, mail);
                        in_flight += 1;
                    }
                    None => dry = true,
                }
            }
            if dry && in_flight == 0 {
                break;
            }
            room = false;
            match self.next().await {
                Some(Event::Wanting) => room = true,
                Some(Event::Settled(ticket, delivery)) => {
                    if let Some(one) = self.bodies.remove(ticket) {
                        in_flight -= 1;
                        settled(one.tag, delivery);
                    }
                }
                Some(Event::Unsent(ticket, envelope)) => {
                    dry = true;
                    if let Some(one) = self.bodies.remove(ticket) {
                        in_flight -= 1;
                        let tag = one.tag;
                        match one.into_fresh() {
                            Ok(body) => ended.unsent.push((tag, Mail { envelope: *envelope, body })),
                            Err(error) => {
                                let failure = Failure::io(Stage::Content, Kind::Local, error);
                                settled(tag, Delivery::failed(recipients(*envelope), &failure));
                            }
                        }
                    }
                }
                Some(Event::Failed(_)) => dry = true,
                Some(Event::Ready | Event::Alive) => {}
                None => break,
            }
        }
        ended.failure = self.failure().cloned();
        ended
    }

    /// Asks the server whether it is there (NOOP).
    ///
    /// # Errors
    /// The session has ended.
    pub async fn check(&mut self) -> Result<(), Failure> {
        self.client.check();
        loop {
            match self.next().await {
                Some(Event::Alive) => return Ok(()),
                Some(_) => {}
                None => return Err(self.gone()),
            }
        }
    }

    /// Takes leave (QUIT) and closes the connection. The mail is safe before this: nothing is decided here.
    pub async fn quit(mut self) {
        self.client.quit();
        while self.next().await.is_some() {}
    }

    fn submit(&mut self, tag: u64, mail: Mail) -> hongyan_proto::machine::Ticket {
        let Mail { envelope, body } = mail;
        let size = envelope.size;
        let ticket = self.client.submit(envelope);
        self.bodies.add(ticket, tag, body, size);
        self.submitted = self.submitted.saturating_add(1);
        ticket
    }

    /// The client's next event.
    async fn next(&mut self) -> Option<Event> {
        self.connection.drive(&mut self.client, &mut self.bodies).await
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
            .field("submitted", &self.submitted)
            .field("failure", &self.failure())
            .finish_non_exhaustive()
    }
}

/// The connection broke down under several commands in a flight, before the server could say anything about
/// the message, which was certainly not taken.
fn is_overtaxed(delivery: &Delivery) -> bool {
    !delivery.each.is_empty()
        && delivery.each.iter().all(|(_, verdict)| match verdict {
            Verdict::Deferred(failure) => {
                failure.reply.is_none()
                    && matches!(failure.stage, Stage::Mail | Stage::Rcpt | Stage::Data)
                    && matches!(failure.kind, Kind::Unreachable | Kind::Timeout | Kind::Protocol)
            }
            _ => false,
        })
}

pub(super) fn recipients(envelope: Envelope) -> impl Iterator<Item = hongyan_proto::address::Address> {
    envelope.to.into_iter().map(|recipient| recipient.address)
}

/// The server takes no more messages in this session.
fn full() -> Failure {
    Failure::new(Stage::Mail, Kind::Refused, "the server takes no more messages in this session")
}

/// An address as EHLO has it (RFC 5321 §4.1.3).
fn literal(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}
