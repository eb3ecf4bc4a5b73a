//! Mailboxes in memory: one world, which every session of a test sees.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use hongyan_proto::imap::server::mailboxes::{
    Change, Mailbox, Mailboxes, Meta, No, Piece, Place, Section, SectionText, Snapshot, SpecialUse, Transfer,
    Transferred,
};
use hongyan_proto::imap::server::structure::{Envelope, Part};
use hongyan_proto::imap::{Date, Flags};
use hongyan_proto::machine::Ticket;

use crate::mail;

/// The mailboxes of one user. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<Inner>>);

#[derive(Default)]
pub(crate) struct Inner {
    boxes: BTreeMap<String, Box_>,
    subscribed: Vec<String>,
    /// By ticket.
    pub(crate) contents: Vec<Vec<u8>>,
    /// How far back removals are known: nothing from before is.
    pub(crate) forgotten: bool,
}

struct Box_ {
    special: Option<SpecialUse>,
    now: Arc<Snapshot>,
    tickets: BTreeMap<u32, usize>,
    /// What was removed, and at which modification sequence.
    removed: Vec<(u32, u64)>,
    told: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::default();
        world.lock().make("INBOX", None);
        world
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panicked")
    }
}

impl Inner {
    pub(crate) fn make(&mut self, name: &str, special: Option<SpecialUse>) {
        let uid_validity = 3_857_529_045 - self.boxes.len() as u32;
        let now = Snapshot { uid_validity, uid_next: 1, highest_mod_seq: 1, messages: Vec::new() };
        let made =
            Box_ { special, now: Arc::new(now), tickets: BTreeMap::new(), removed: Vec::new(), told: 1 };
        self.boxes.insert(name.to_string(), made);
    }

    pub(crate) fn subscribe(&mut self, name: &str) {
        self.subscribed.push(name.to_string());
    }

    fn box_(&mut self, name: &str) -> Result<&mut Box_, No> {
        self.boxes.get_mut(name).ok_or_else(No::nonexistent)
    }

    pub(crate) fn snapshot(&mut self, name: &str) -> Arc<Snapshot> {
        self.box_(name).expect("it is there").now.clone()
    }

    /// Puts a message in and returns its UID.
    pub(crate) fn put(
        &mut self,
        name: &str,
        octets: &[u8],
        flags: Flags,
        internal_date: Date,
    ) -> Result<u32, No> {
        let ticket = self.contents.len();
        let box_ = self.box_(name)?;
        let size = octets.len() as u64;
        let uid = box_.add(Meta { uid: 0, size, internal_date, mod_seq: 0, flags }, ticket);
        self.contents.push(octets.to_vec());
        Ok(uid)
    }

    /// The messages have these UIDs from now on.
    pub(crate) fn renumber(&mut self, name: &str, uids: &[u32]) {
        let box_ = self.box_(name).expect("it is there");
        let now = Arc::make_mut(&mut box_.now);
        assert_eq!(now.messages.len(), uids.len());
        let tickets = std::mem::take(&mut box_.tickets);
        // None of them was told of.
        box_.told = 1;
        for (meta, &uid) in now.messages.iter_mut().zip(uids) {
            box_.tickets.insert(uid, tickets[&meta.uid]);
            meta.uid = uid;
        }
        now.uid_next = uids.last().map_or(1, |last| last + 1);
    }

    pub(crate) fn set_uid_validity(&mut self, name: &str, uid_validity: u32) {
        Arc::make_mut(&mut self.box_(name).expect("it is there").now).uid_validity = uid_validity;
    }

    /// Messages change their modification sequences to these, the mailbox's is this.
    pub(crate) fn set_mod_seqs(&mut self, name: &str, mod_seqs: &[u64], highest: u64) {
        let now = Arc::make_mut(&mut self.box_(name).expect("it is there").now);
        for (meta, &mod_seq) in now.messages.iter_mut().zip(mod_seqs) {
            meta.mod_seq = mod_seq;
        }
        now.highest_mod_seq = highest;
    }

    pub(crate) fn remove(&mut self, name: &str, uids: &[u32]) {
        self.box_(name).expect("it is there").remove(|meta| uids.contains(&meta.uid));
    }

    pub(crate) fn drop_box(&mut self, name: &str) {
        self.boxes.remove(name);
    }

    fn content(&mut self, name: &str, uid: u32) -> Result<(usize, &[u8]), No> {
        let box_ = self.box_(name)?;
        let ticket = *box_.tickets.get(&uid).ok_or_else(No::gone)?;
        Ok((ticket, &self.contents[ticket]))
    }
}

impl Box_ {
    fn add(&mut self, meta: Meta, ticket: usize) -> u32 {
        let now = Arc::make_mut(&mut self.now);
        let uid = now.uid_next;
        now.uid_next += 1;
        now.highest_mod_seq += 1;
        now.messages.push(Meta { uid, mod_seq: now.highest_mod_seq, ..meta });
        self.tickets.insert(uid, ticket);
        uid
    }

    fn remove(&mut self, goes: impl Fn(&Meta) -> bool) {
        let now = Arc::make_mut(&mut self.now);
        let gone: Vec<u32> = now.messages.iter().filter(|meta| goes(meta)).map(|meta| meta.uid).collect();
        if gone.is_empty() {
            return;
        }
        now.highest_mod_seq += 1;
        now.messages.retain(|meta| !gone.contains(&meta.uid));
        for uid in gone {
            self.tickets.remove(&uid);
            self.removed.push((uid, now.highest_mod_seq));
        }
    }
}

impl Mailboxes for World {
    fn list(&mut self) -> Result<Vec<Mailbox>, No> {
        let inner = self.lock();
        let subscribed = |name: &str| inner.subscribed.iter().any(|known| known == name);
        let mut all: Vec<_> = inner
            .boxes
            .iter()
            .map(|(name, box_)| Mailbox {
                name: name.clone(),
                exists: true,
                subscribed: subscribed(name),
                special: box_.special,
            })
            .collect();
        for name in inner.subscribed.iter().filter(|name| !inner.boxes.contains_key(*name)) {
            all.push(Mailbox { name: name.clone(), subscribed: true, ..Mailbox::default() });
        }
        Ok(all)
    }

    fn create(&mut self, name: &str, special: Option<SpecialUse>) -> Result<(), No> {
        let mut inner = self.lock();
        if inner.boxes.contains_key(name) {
            return Err(No::already_exists());
        }
        inner.make(name, special);
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), No> {
        self.lock().boxes.remove(name).map(drop).ok_or_else(No::nonexistent)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), No> {
        let mut inner = self.lock();
        if inner.boxes.contains_key(to) {
            return Err(No::already_exists());
        }
        inner.box_(from)?;
        let below = format!("{from}/");
        let names: Vec<String> = inner.boxes.keys().cloned().collect();
        for name in names {
            if name == from || name.starts_with(&below) {
                let box_ = inner.boxes.remove(&name).expect("it was there");
                inner.boxes.insert(format!("{to}{}", &name[from.len()..]), box_);
            }
        }
        if from == "INBOX" {
            inner.make("INBOX", None);
        }
        Ok(())
    }

    fn subscribe(&mut self, name: &str, wanted: bool) -> Result<(), No> {
        let mut inner = self.lock();
        inner.subscribed.retain(|known| known != name);
        if wanted {
            inner.subscribe(name);
        }
        Ok(())
    }

    fn snapshot(&mut self, name: &str) -> Result<Arc<Snapshot>, No> {
        Ok(self.lock().box_(name)?.now.clone())
    }

    fn claim_recent(&mut self, name: &str) -> u32 {
        match self.lock().box_(name) {
            Ok(box_) => std::mem::replace(&mut box_.told, box_.now.uid_next),
            Err(_) => u32::MAX,
        }
    }

    fn first_recent(&mut self, name: &str) -> u32 {
        self.lock().box_(name).map_or(u32::MAX, |box_| box_.told)
    }

    fn store(
        &mut self,
        name: &str,
        uids: &[u32],
        change: &Change,
        unchanged_since: Option<u64>,
    ) -> Result<Vec<u32>, No> {
        let mut inner = self.lock();
        let now = Arc::make_mut(&mut inner.box_(name)?.now);
        let mut refused = Vec::new();
        let next = now.highest_mod_seq + 1;
        for meta in now.messages.iter_mut().filter(|meta| uids.contains(&meta.uid)) {
            if unchanged_since.is_some_and(|since| meta.mod_seq > since) {
                refused.push(meta.uid);
                continue;
            }
            let flags = change.apply(&meta.flags);
            if flags != meta.flags {
                meta.flags = flags;
                meta.mod_seq = next;
                now.highest_mod_seq = next;
            }
        }
        Ok(refused)
    }

    fn transfer(&mut self, from: &str, uids: &[u32], to: &str, how: Transfer) -> Result<Transferred, No> {
        let mut inner = self.lock();
        let source = inner.box_(from)?;
        let taken: Vec<(Meta, usize)> = source
            .now
            .messages
            .iter()
            .filter(|meta| uids.contains(&meta.uid))
            .map(|meta| (meta.clone(), source.tickets[&meta.uid]))
            .collect();
        let target = inner.box_(to).map_err(|_| No::try_create())?;
        let mut done = Transferred { uid_validity: target.now.uid_validity, uids: Vec::new() };
        for (meta, ticket) in taken {
            done.uids.push((meta.uid, target.add(meta, ticket)));
        }
        if how == Transfer::Move {
            inner.box_(from)?.remove(|meta| done.uids.iter().any(|pair| pair.0 == meta.uid));
        }
        Ok(done)
    }

    fn expunge(&mut self, name: &str, uids: &[u32]) -> Result<(), No> {
        self.lock().box_(name)?.remove(|meta| uids.contains(&meta.uid) && meta.flags.deleted);
        Ok(())
    }

    fn vanished(&mut self, name: &str, since: u64) -> Result<Option<Vec<u32>>, No> {
        let mut inner = self.lock();
        if inner.forgotten {
            return Ok(None);
        }
        let removed = &inner.box_(name)?.removed;
        let mut uids: Vec<u32> = removed.iter().filter(|gone| gone.1 > since).map(|gone| gone.0).collect();
        uids.sort_unstable();
        Ok(Some(uids))
    }

    fn envelope(&mut self, name: &str, uid: u32) -> Result<Envelope, No> {
        self.lock().content(name, uid).map(|(_, octets)| mail::envelope(octets))
    }

    fn structure(&mut self, name: &str, uid: u32) -> Result<Part, No> {
        self.lock().content(name, uid).map(|(_, octets)| mail::structure(octets))
    }

    fn section(&mut self, name: &str, uid: u32, section: &Section) -> Result<Piece, No> {
        let mut inner = self.lock();
        let (ticket, octets) = inner.content(name, uid)?;
        let Some((at, len)) = mail::part(octets, &section.part) else { return Ok(Piece::Missing) };
        let whole = &octets[at..at + len];
        // A part that is a message: what is asked for of it is asked of the message inside.
        let (at, whole) = match (&section.text, section.part.is_empty()) {
            (SectionText::Whole | SectionText::Mime, _) | (_, true) => (at, whole),
            _ => (at + mail::split(whole).0.len(), mail::split(whole).1),
        };
        let header = mail::split(whole).0.len();
        let (from, to) = match &section.text {
            SectionText::Whole if section.part.is_empty() => (0, whole.len()),
            SectionText::Whole | SectionText::Text => (header, whole.len()),
            SectionText::Header | SectionText::Mime => (0, header),
            SectionText::Fields(names) => return Ok(picked(&whole[..header], names, true)),
            SectionText::FieldsNot(names) => return Ok(picked(&whole[..header], names, false)),
        };
        Ok(Piece::Stored {
            ticket: Ticket(ticket as u64),
            offset: (at + from) as u64,
            len: (to - from) as u64,
        })
    }

    fn contains(&mut self, name: &str, uid: u32, place: &Place, text: &str) -> Result<bool, No> {
        let mut inner = self.lock();
        let (_, octets) = inner.content(name, uid)?;
        let (header, body) = mail::split(octets);
        let within =
            |octets: &[u8]| String::from_utf8_lossy(octets).to_lowercase().contains(&text.to_lowercase());
        Ok(match place {
            Place::Field(field) => mail::fields(header)
                .iter()
                .any(|(known, value, _)| known.eq_ignore_ascii_case(field) && within(value.as_bytes())),
            Place::Body => within(body),
            Place::Everywhere => within(octets),
        })
    }

    fn sent(&mut self, name: &str, uid: u32) -> Result<Option<i64>, No> {
        let envelope = self.envelope(name, uid)?;
        let Some(date) = envelope.date else { return Ok(None) };
        let date = String::from_utf8(date).expect("text");
        let words: Vec<&str> = date.split(' ').collect();
        let date = format!("{}-{}-{} 00:00:00 +0000", words[1], words[2], words[3]);
        Ok(Date::parse(date.as_bytes()).map(Date::day))
    }
}

fn picked(header: &[u8], names: &[String], wanted: bool) -> Piece {
    let mut out = Vec::new();
    for (name, _, octets) in mail::fields(header) {
        if names.iter().any(|known| known.eq_ignore_ascii_case(&name)) == wanted {
            out.extend_from_slice(&octets);
        }
    }
    out.extend_from_slice(b"\r\n");
    Piece::Made(out)
}
