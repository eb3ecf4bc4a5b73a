//! Our client against our server: every flow, with everything offered, with each extension withheld, and with
//! none.

use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::imap::client::{
    About, Answer, Change, Client, Command, Config, Criterion, Event, Folder, Meta, Mode, Resync, Special,
    What,
};
use hongyan_proto::imap::server::Config as Offers;
use hongyan_proto::imap::server::config::CAPABILITIES;
use hongyan_proto::imap::server::mailboxes::{Mailboxes, SpecialUse};
use hongyan_proto::imap::{Date, Flags, UidSet};
use hongyan_proto::machine::Ticket;
use hongyan_proto::outcome::Failure;
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};

use crate::harness::{Wire, open, some_day};
use crate::mail::{NESTED, SHORT, TERRY};
use crate::store::World;

/// Both ends of one connection.
struct Pair {
    client: Client,
    wire: Wire,
    now: Instant,
    framer: Framer,
    outbox: Outbox,
    /// What the server said and the client has not read.
    coming: Vec<u8>,
    /// The content that the client sends.
    sends: Vec<u8>,
    /// What has been received of a content.
    content: Vec<u8>,
    folders: Vec<Folder>,
    metas: Vec<Meta>,
    mails: Vec<(u32, Vec<u8>)>,
    done: Vec<Result<Answer, Failure>>,
    ready: bool,
    over: bool,
}

impl Pair {
    fn new(client: Config, server: Offers, world: &World) -> Self {
        let now = Instant::now();
        let mut pair = Self {
            client: Client::new(client, None, now),
            wire: Wire::new(server, world),
            now,
            framer: Framer::new(),
            outbox: Outbox::new(),
            coming: Vec::new(),
            sends: Vec::new(),
            content: Vec::new(),
            folders: Vec::new(),
            metas: Vec::new(),
            mails: Vec::new(),
            done: Vec::new(),
            ready: false,
            over: false,
        };
        pair.run();
        pair
    }

    fn flush(&mut self) {
        let said = self.outbox.bytes().to_vec();
        self.outbox.clear();
        self.wire.hear(&said);
    }

    /// More of what the server said is where the client reads; false when there is nothing.
    fn fill(&mut self) -> bool {
        self.coming.extend(self.wire.take_said());
        let room = self.framer.spare();
        let n = room.len().min(self.coming.len());
        room[..n].copy_from_slice(&self.coming[..n]);
        self.framer.filled(n);
        self.coming.drain(..n);
        n > 0
    }

    fn run(&mut self) {
        let mut drained = false;
        while !self.over {
            match self.client.poll(self.now, &mut self.outbox) {
                Step::Read => {
                    let limit = self.client.line_limit();
                    match self.framer.line(limit) {
                        Line::Whole(line) => {
                            drained = false;
                            self.client.input(self.now, Input::Line(line));
                        }
                        Line::Overlong => panic!("a line that the client does not take"),
                        Line::Partial => {
                            self.flush();
                            if self.fill() {
                                continue;
                            }
                            if std::mem::replace(&mut drained, true) {
                                return;
                            }
                            self.client.input(self.now, Input::Drained);
                        }
                    }
                }
                Step::StartTls => {
                    self.flush();
                    self.fill();
                    let leftover = self.framer.drop_pending();
                    self.client.input(self.now, Input::TlsUp(TlsInfo { leftover, ..TlsInfo::default() }));
                }
                Step::Compress => self.flush(),
                Step::Pause(until) => self.now = until,
                Step::Send(outgoing) => {
                    self.flush();
                    let end = usize::try_from(outgoing.len).expect("a short one");
                    let sends = self.sends[..end].to_vec();
                    self.wire.hear(&sends);
                    self.client.input(self.now, Input::Sent { end: self.outbox.position() });
                }
                Step::Receive(coding) => {
                    self.flush();
                    self.content.clear();
                    let (mut decoder, mut octets) = (Decoder::new(coding), 0);
                    let Self { framer, content, .. } = self;
                    let mut done =
                        framer.content(&mut decoder, &mut |piece| content.extend_from_slice(piece));
                    while !done {
                        assert!(self.fill(), "the content does not end");
                        let Self { framer, content, .. } = self;
                        done = framer.content(&mut decoder, &mut |piece| content.extend_from_slice(piece));
                    }
                    octets += self.content.len() as u64;
                    self.client.input(self.now, Input::Received(octets));
                }
                Step::Take(n) => {
                    self.flush();
                    loop {
                        if let Some(taken) = self.framer.take(n) {
                            self.client.input(self.now, Input::Taken(taken));
                            break;
                        }
                        assert!(self.fill(), "the literal does not end");
                    }
                }
                Step::Event(event) => self.on_event(event),
                Step::Closed => {
                    self.flush();
                    self.over = true;
                }
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Ready => self.ready = true,
            Event::Folder(folder) => self.folders.push(folder),
            Event::Meta(meta) => self.metas.push(*meta),
            Event::Content(_) => {}
            Event::Inline(octets) => self.content = octets,
            Event::Message(meta) => self.mails.push((meta.uid, std::mem::take(&mut self.content))),
            Event::Done(_, answer) => self.done.push(answer),
            Event::Note(note) => panic!("{note:?}, of {:?}", self.wire.log),
            Event::Failed(failure) => panic!("{failure:?}, of {:?}", self.wire.log),
        }
    }

    /// Asks for something, and waits until it is answered.
    #[track_caller]
    fn ask(&mut self, command: Command) -> Answer {
        let shown = format!("{command:?}");
        self.client.submit(command);
        self.run();
        let answer = self.done.pop().unwrap_or_else(|| panic!("{shown}: no answer; {:?}", self.wire.log));
        assert!(self.done.is_empty(), "one answer");
        answer.unwrap_or_else(|failure| panic!("{shown}: {failure:?}"))
    }
}

fn all() -> UidSet {
    UidSet::starting_at(1)
}

fn uids(uids: &[u32]) -> UidSet {
    uids.iter().copied().collect()
}

fn world() -> World {
    let mut world = World::new();
    world.create("已发送", Some(SpecialUse::Sent)).expect("it is made");
    for octets in [TERRY, NESTED, SHORT] {
        world.lock().put("INBOX", octets.as_bytes(), Flags::default(), some_day()).expect("it is kept");
    }
    world
}

fn client() -> Config {
    Config {
        tls: Tls::Never,
        credentials: Some(Credentials { user: "mrc".into(), proof: Proof::Password(Secret::new("secret")) }),
        plaintext_auth: true,
        ..Config::default()
    }
}

/// One session in which everything is done once.
fn everything(mut pair: Pair, without: &[&str]) {
    let offered = |name: &str| !without.contains(&name);
    let world = pair.wire.world.clone();
    assert!(pair.ready, "{without:?}: {:?}", pair.wire.log);

    pair.ask(Command::List { pattern: "*".into() });
    let names: Vec<_> = pair.folders.iter().map(|folder| (folder.name.as_str(), folder.special)).collect();
    assert_eq!(names, [("INBOX", None), ("已发送", Some(Special::Sent))], "{without:?}");

    pair.ask(Command::Create { name: "归档/2024 年".into() });
    let Answer::Status(status) = pair.ask(Command::Status { name: "INBOX".into() }) else {
        panic!("a status")
    };
    assert_eq!((status.messages, status.unseen, status.uid_next), (Some(3), Some(3), Some(4)));

    let select = |mode, resync| Command::Select { name: "INBOX".into(), mode, resync };
    let Answer::Selected(selected) = pair.ask(select(Mode::Write, None)) else { panic!("a mailbox") };
    assert_eq!((selected.exists, selected.read_only, selected.uid_next), (3, false, Some(4)));
    assert_eq!(selected.highest_mod_seq.is_some(), offered("CONDSTORE"));

    pair.ask(Command::About { uids: all(), what: About::Everything, changed_since: None });
    let sizes: Vec<_> = pair.metas.drain(..).map(|meta| (meta.uid, meta.size, meta.date)).collect();
    let size = |text: &str| Some(text.len() as u64);
    let date = Some(some_day());
    assert_eq!(sizes, [(1, size(TERRY), date), (2, size(NESTED), date), (3, size(SHORT), date)]);

    pair.ask(Command::Fetch { uids: uids(&[1, 2, 3]), what: What::Whole });
    let mails: Vec<_> = pair.mails.drain(..).collect();
    assert_eq!(mails, [(1, TERRY.into()), (2, NESTED.into()), (3, SHORT.into())], "octet for octet");
    pair.ask(Command::Fetch { uids: uids(&[3]), what: What::Header });
    assert!(SHORT.as_bytes().starts_with(&pair.mails.pop().expect("a header").1));

    let found = |pair: &mut Pair, criteria| match pair.ask(Command::Search(criteria)) {
        Answer::Found(found, _) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&mut pair, vec![Criterion::All]), uids(&[1, 2, 3]));
    assert_eq!(found(&mut pair, vec![Criterion::Subject("你好".into())]), uids(&[3]));
    let either = Criterion::Or(
        Box::new(Criterion::From("gray".into())),
        Box::new(Criterion::Not(Box::new(Criterion::Larger(100)))),
    );
    assert_eq!(found(&mut pair, vec![either, Criterion::Since(2024, 2, 6)]), uids(&[1, 3]));
    assert_eq!(
        found(&mut pair, vec![Criterion::Flag("\\Seen".into())]),
        uids(&[]),
        "BODY.PEEK marks nothing"
    );

    let store = |which: &[u32], change, flags: &str| Command::Store {
        uids: uids(which),
        change,
        flags: flags.split(' ').collect(),
        unchanged_since: None,
    };
    pair.ask(store(&[1, 2], Change::Add, "\\Seen $Forwarded"));
    pair.ask(store(&[2], Change::Remove, "$Forwarded"));
    let flags = |world: &World| -> Vec<String> {
        world.lock().snapshot("INBOX").messages.iter().map(|meta| meta.flags.to_string()).collect()
    };
    assert_eq!(flags(&world), ["(\\Seen $Forwarded)", "(\\Seen)", "()"]);
    if pair.client.can_resync() {
        let refused = Command::Store {
            uids: all(),
            change: Change::Add,
            flags: "\\Flagged".split(' ').collect(),
            unchanged_since: Some(4),
        };
        assert_eq!(pair.ask(refused), Answer::Stored(uids(&[1, 2])));
        pair.metas.clear();
    }

    pair.sends = TERRY.into();
    let date = Date::parse(b"17-Jul-1996 02:44:25 -0700");
    let append = Command::Append {
        to: "已发送".into(),
        flags: Flags::seen(),
        date,
        len: TERRY.len() as u64,
        ticket: Ticket(1),
    };
    let Answer::Arrived(arrived) = pair.ask(append) else { panic!("an arrival") };
    assert_eq!(arrived.map(|arrived| arrived.uids), offered("UIDPLUS").then(|| uids(&[1])));
    let sent = world.lock().snapshot("已发送").messages[0].clone();
    assert_eq!((sent.size, Some(sent.internal_date), sent.flags.seen), (TERRY.len() as u64, date, true));

    pair.ask(Command::Copy { uids: uids(&[1, 3]), to: "归档/2024 年".into() });
    assert_eq!(world.lock().snapshot("归档/2024 年").messages.len(), 2);
    if offered("MOVE") {
        pair.ask(Command::Move { uids: uids(&[2]), to: "已发送".into() });
        assert_eq!(found(&mut pair, vec![Criterion::All]), uids(&[1, 3]));
    }
    pair.ask(store(&[1, 3], Change::Add, "\\Deleted"));
    if offered("UIDPLUS") {
        pair.ask(Command::UidExpunge(uids(&[3, 4])));
        assert_eq!(
            world.lock().snapshot("INBOX").messages.last().map(|meta| meta.uid),
            Some(if offered("MOVE") { 1 } else { 2 })
        );
    }
    pair.ask(Command::Expunge);
    let left = world.lock().snapshot("INBOX");
    assert_eq!(left.messages.len(), usize::from(!offered("MOVE")));
    assert_eq!(pair.client.selected().map(|selected| selected.exists), Some(left.messages.len() as u32));

    pair.ask(Command::Noop);
    pair.client.take_changes();
    pair.client.submit(Command::Idle(Duration::from_secs(600)));
    pair.run();
    world.lock().put("INBOX", SHORT.as_bytes(), Flags::default(), some_day()).expect("it is kept");
    pair.wire.changed();
    pair.run();
    if offered("IDLE") {
        let Some(Ok(Answer::Changes(changes))) = pair.done.pop() else { panic!("news: {:?}", pair.wire.log) };
        assert_eq!(changes.exists, Some(left.messages.len() as u32 + 1));
    }

    pair.done.clear();
    pair.client.submit(Command::Logout);
    pair.run();
    assert!(pair.over && pair.wire.closed, "{without:?}: {:?}", pair.wire.log);
}

#[test]
fn every_flow_goes_with_everything_offered() {
    everything(Pair::new(client(), open(), &world()), &[]);
    let compressed = Config { compress: true, ..client() };
    everything(Pair::new(compressed, open(), &world()), &[]);
    let without_utf8 = Config { utf8: false, resync: false, pipelining: false, ..client() };
    everything(Pair::new(without_utf8, open(), &world()), &[]);
}

#[test]
fn every_flow_goes_with_each_extension_withheld_and_with_none() {
    let extensions = &CAPABILITIES[1..];
    let sets = extensions.iter().map(|name| vec![*name]).chain([extensions.to_vec()]);
    for mut without in sets {
        // Where the one is withheld, the other would be offered in its place.
        if without.contains(&"LITERAL+") {
            without.push("LITERAL-");
        }
        let offers = Offers { without: without.iter().map(|name| name.to_string()).collect(), ..open() };
        everything(Pair::new(client(), offers, &world()), &without);
    }
}

#[test]
fn every_flow_goes_behind_starttls_and_with_every_mechanism() {
    for mechanism in ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"] {
        for sasl_ir in [true, false] {
            let config = Config { tls: Tls::Required, plaintext_auth: false, ..client() };
            let without = if sasl_ir { vec![] } else { vec!["SASL-IR".to_string()] };
            let offers = Offers { mechanisms: vec![mechanism.into()], clear_login: false, without, ..open() };
            let pair = Pair::new(config, offers, &world());
            assert!(pair.ready && pair.client.tls().is_some(), "{mechanism}: {:?}", pair.wire.log);
            everything(pair, &[]);
        }
    }
}

#[test]
fn the_ways_of_163_com_are_no_obstacle() {
    let mut offers = open();
    offers.quirks.id_required = true;
    offers.quirks.initial_response_refused = true;
    everything(Pair::new(client(), offers, &world()), &[]);
}

/// A mailbox that is opened again, with what is known of it: only what is new is told.
#[test]
fn what_happened_in_between_is_told_when_a_mailbox_is_opened_again() {
    let mut world = world();
    let mut pair = Pair::new(client(), open(), &world);
    let select = |resync| Command::Select { name: "INBOX".into(), mode: Mode::Write, resync };
    let Answer::Selected(before) = pair.ask(select(None)) else { panic!("a mailbox") };
    let known = Resync {
        uid_validity: before.uid_validity.expect("there is one"),
        mod_seq: before.highest_mod_seq.expect("there is one"),
        known: None,
    };
    drop(pair);
    world.lock().remove("INBOX", &[2]);
    let seen = hongyan_proto::imap::server::mailboxes::Change::Add(Flags::seen());
    world.store("INBOX", &[3], &seen, None).expect("it is stored");
    world.lock().put("INBOX", SHORT.as_bytes(), Flags::default(), some_day()).expect("it is kept");

    let mut pair = Pair::new(client(), open(), &world);
    let Answer::Selected(now) = pair.ask(select(Some(known.clone()))) else { panic!("a mailbox") };
    assert!(now.resynced);
    assert_eq!(now.vanished, uids(&[2]));
    let changed: Vec<_> = now.changed.iter().map(|meta| (meta.uid, meta.flags.seen)).collect();
    assert_eq!(changed, [(3, true), (4, false)]);

    world.lock().set_uid_validity("INBOX", 7);
    let mut pair = Pair::new(client(), open(), &world);
    let Answer::Selected(now) = pair.ask(select(Some(known))) else { panic!("a mailbox") };
    assert!(!now.resynced && now.uid_validity == Some(7));
}
