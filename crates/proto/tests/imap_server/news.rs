//! Several sessions over the same mailbox: what each is told adds up to what is there.

use std::collections::BTreeMap;

use hongyan_proto::imap::server::mailboxes::Mailboxes;
use hongyan_proto::imap::{Flags, UidSet};
use proptest::prelude::*;

use crate::harness::{Wire, some_day};
use crate::mail::SHORT;
use crate::store::World;

/// What a client makes of what it hears.
#[derive(Debug, Default)]
struct Picture {
    /// UIDs by sequence number, as far as they are known.
    uids: Vec<Option<u32>>,
    flags: BTreeMap<u32, String>,
    /// A removal was told of while a command ran during which numbers must stay.
    slipped: bool,
}

impl Picture {
    fn hear(&mut self, line: &str, numbers_stay: bool) {
        let Some(text) = line.strip_prefix("S: * ") else { return };
        if let Some(set) = text.strip_prefix("VANISHED ") {
            self.slipped |= numbers_stay;
            let gone = UidSet::parse(set.as_bytes()).expect("a set");
            gone.iter().for_each(|uid| self.vanish(uid));
            return;
        }
        let Some((number, rest)) = text.split_once(' ') else { return };
        let Ok(number) = number.parse::<usize>() else { return };
        match rest.split_once(' ').map_or(rest, |(word, _)| word) {
            "EXISTS" => {
                assert!(number >= self.uids.len(), "EXISTS never falls: {line}");
                self.uids.resize(number, None);
            }
            "EXPUNGE" => {
                self.slipped |= numbers_stay;
                self.uids.remove(number - 1);
            }
            "FETCH" => {
                let uid = rest.split_once("UID ").map(|(_, rest)| {
                    rest.split([' ', ')']).next().and_then(|uid| uid.parse().ok()).expect("a UID")
                });
                if let Some(uid) = uid {
                    let known = self.uids[number - 1].replace(uid);
                    assert!(known.is_none_or(|known| known == uid), "{line} was {known:?}");
                }
                if let (Some(uid), Some((_, flags))) = (self.uids[number - 1], rest.split_once("FLAGS (")) {
                    let flags = flags.split(')').next().expect("an end").replace("\\Recent", "");
                    self.flags.insert(uid, flags.trim().replace("  ", " "));
                }
            }
            _ => {}
        }
    }
}

impl Picture {
    /// A message goes; where its UID was not known, it is one between those that are.
    fn vanish(&mut self, uid: u32) {
        let known = self.uids.iter().position(|known| *known == Some(uid));
        let between = || {
            let behind = self.uids.iter().position(|known| known.is_some_and(|known| known > uid));
            let before = &self.uids[..behind.unwrap_or(self.uids.len())];
            before.iter().rposition(Option::is_none).filter(|&at| before[at..].iter().all(Option::is_none))
        };
        self.uids.remove(known.or_else(between).expect("something that was told of"));
    }
}

#[derive(Clone, Debug)]
enum Act {
    Arrives,
    Store(usize, usize, &'static str),
    UidStore(usize, usize, &'static str),
    Expunge(usize),
    Noop(usize),
    Fetch(usize),
    UidFetch(usize),
    Search(usize),
    Move(usize, usize),
    Poke(usize),
}

fn acts() -> impl Strategy<Value = Act> {
    let flags = prop::sample::select(
        &["+FLAGS (\\Deleted)", "+FLAGS.SILENT (\\Deleted)", "FLAGS (\\Seen)", "-FLAGS (\\Seen $x)"][..],
    );
    prop_oneof![
        3 => Just(Act::Arrives),
        3 => (0..2_usize, 1..8_usize, flags.clone()).prop_map(|(who, n, flags)| Act::Store(who, n, flags)),
        2 => (0..2_usize, 1..20_usize, flags).prop_map(|(who, uid, flags)| Act::UidStore(who, uid, flags)),
        2 => (0..2_usize).prop_map(Act::Expunge),
        2 => (0..2_usize).prop_map(Act::Noop),
        2 => (0..2_usize).prop_map(Act::Fetch),
        1 => (0..2_usize).prop_map(Act::UidFetch),
        1 => (0..2_usize).prop_map(Act::Search),
        1 => (0..2_usize, 1..8_usize).prop_map(|(who, n)| Act::Move(who, n)),
        2 => (0..2_usize).prop_map(Act::Poke),
    ]
}

struct Client {
    wire: Wire,
    picture: Picture,
    heard: usize,
}

impl Client {
    fn new(world: &World, qresync: bool) -> Self {
        let mut wire = Wire::selected(world);
        if qresync {
            wire.hear(b"q ENABLE QRESYNC\r\n");
            wire.log.clear();
        }
        Self { wire, picture: Picture::default(), heard: 0 }
    }

    fn say(&mut self, command: &str) {
        self.wire.hear(format!("{command}\r\n").as_bytes());
        let stay = command.starts_with("a FETCH")
            || command.starts_with("a STORE")
            || command.starts_with("a SEARCH");
        self.listen(stay);
    }

    fn listen(&mut self, numbers_stay: bool) {
        for line in &self.wire.log[self.heard..] {
            self.picture.hear(line, numbers_stay);
        }
        self.heard = self.wire.log.len();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever two sessions do to a mailbox, and whether they hear EXPUNGE or VANISHED: what each has been told
    /// is how it stands, and numbers never slip away under a command that uses them.
    #[test]
    fn what_clients_are_told_is_what_is_there(
        acts in prop::collection::vec(acts(), 1..60), qresync in any::<[bool; 2]>()
    ) {
        let mut world = World::new();
        world.create("other", None).expect("it is made");
        let put = |world: &World| {
            let put = world.lock().put("INBOX", SHORT.as_bytes(), Flags::default(), some_day());
            put.expect("it is kept");
        };
        put(&world);
        let mut clients = qresync.map(|qresync| Client::new(&world, qresync));
        for client in &mut clients {
            client.picture.uids.resize(1, None);
            client.say("a UID FETCH 1:* (UID FLAGS)");
        }
        for act in acts {
            match act {
                Act::Arrives => put(&world),
                Act::Store(who, n, flags) => clients[who].say(&format!("a STORE {n} {flags}")),
                Act::UidStore(who, uid, flags) => clients[who].say(&format!("a UID STORE {uid} {flags}")),
                Act::Expunge(who) => clients[who].say("a EXPUNGE"),
                Act::Noop(who) => clients[who].say("a NOOP"),
                Act::Fetch(who) => clients[who].say("a FETCH 1:* (UID FLAGS)"),
                Act::UidFetch(who) => clients[who].say("a UID FETCH 1:* (FLAGS)"),
                Act::Search(who) => clients[who].say("a SEARCH ALL"),
                Act::Move(who, n) => clients[who].say(&format!("a MOVE {n} other")),
                Act::Poke(who) => {
                    clients[who].say("a IDLE");
                    put(&world);
                    clients[who].wire.changed();
                    clients[who].listen(false);
                    clients[who].say("DONE");
                }
            }
        }
        for client in &mut clients {
            client.say("a NOOP");
            let told = client.picture.uids.len();
            client.say("a UID FETCH 1:* (UID FLAGS)");
            let now = world.lock().snapshot("INBOX");
            let there: Vec<_> = now.messages.iter().map(|meta| Some(meta.uid)).collect();
            prop_assert_eq!(told, there.len());
            prop_assert_eq!(&client.picture.uids, &there);
            for meta in &now.messages {
                let flags = meta.flags.to_string();
                prop_assert_eq!(&client.picture.flags[&meta.uid], flags.trim_matches(['(', ')']));
            }
            prop_assert!(!client.picture.slipped, "{:?}", client.wire.log);
        }
    }
}

/// Two sessions mark the same messages: neither undoes what the other did.
#[test]
fn sessions_do_not_overwrite_each_other() {
    let world = World::new();
    world.lock().put("INBOX", SHORT.as_bytes(), Flags::default(), some_day()).expect("it is kept");
    let (mut a, mut b) = (Wire::selected(&world), Wire::selected(&world));
    a.talk(
        "a1 STORE 1 +FLAGS (\\Answered)",
        &["S: * 1 FETCH (FLAGS (\\Answered \\Recent))", "S: a1 OK changed"],
    );
    b.talk("b1 STORE 1 +FLAGS (\\Seen)", &["S: * 1 FETCH (FLAGS (\\Seen \\Answered))", "S: b1 OK changed"]);
    a.talk("a2 NOOP", &["S: * 1 FETCH (FLAGS (\\Seen \\Answered \\Recent))", "S: a2 OK nothing more"]);
}
