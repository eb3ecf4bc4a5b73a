//! Mailboxes as a whole: LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::status::StatusDataItemName;

use crate::faults::ImapPlace;

use super::Server;
use super::line::{Outcome, mailbox};
use super::listing::List;
use super::mailboxes::{No, SEPARATOR, Snapshot, SpecialUse};

/// What STATUS can be asked for (RFC 9051 §6.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    Deleted,
    Size,
    HighestModSeq,
}

const ITEMS: [(&str, Item); 8] = [
    ("MESSAGES", Item::Messages),
    ("RECENT", Item::Recent),
    ("UIDNEXT", Item::UidNext),
    ("UIDVALIDITY", Item::UidValidity),
    ("UNSEEN", Item::Unseen),
    ("DELETED", Item::Deleted),
    ("SIZE", Item::Size),
    ("HIGHESTMODSEQ", Item::HighestModSeq),
];

impl Item {
    pub(super) fn of(name: &StatusDataItemName) -> Option<Self> {
        Some(match name {
            StatusDataItemName::Messages => Self::Messages,
            StatusDataItemName::Recent => Self::Recent,
            StatusDataItemName::UidNext => Self::UidNext,
            StatusDataItemName::UidValidity => Self::UidValidity,
            StatusDataItemName::Unseen => Self::Unseen,
            StatusDataItemName::Deleted => Self::Deleted,
            StatusDataItemName::Size => Self::Size,
            StatusDataItemName::HighestModSeq => Self::HighestModSeq,
            StatusDataItemName::DeletedStorage => return None,
        })
    }

    fn named(name: &str) -> Option<Self> {
        ITEMS.iter().find(|(known, _)| *known == name).map(|(_, item)| *item)
    }

    fn value(self, snapshot: &Snapshot, first_recent: u32) -> u64 {
        let count = |fits: fn(&crate::imap::Flags) -> bool| {
            snapshot.messages.iter().filter(|meta| fits(&meta.flags)).count() as u64
        };
        match self {
            Self::Messages => snapshot.messages.len() as u64,
            Self::Recent => snapshot.messages.iter().filter(|meta| meta.uid >= first_recent).count() as u64,
            Self::UidNext => u64::from(snapshot.uid_next),
            Self::UidValidity => u64::from(snapshot.uid_validity),
            Self::Unseen => count(|flags| !flags.seen),
            Self::Deleted => count(|flags| flags.deleted),
            Self::Size => snapshot.messages.iter().map(|meta| meta.size).sum(),
            Self::HighestModSeq => snapshot.highest_mod_seq,
        }
    }
}

impl Server {
    pub(super) fn on_list(&mut self, tag: &str, list: &List) {
        let Some(effect) = self.begin(tag, ImapPlace::List, &list.subject()) else { return };
        let items = match &list.status {
            None => Vec::new(),
            Some(names) => {
                let items: Vec<_> = names.iter().filter_map(|name| Item::named(name)).collect();
                if items.is_empty() || items.len() < names.len() {
                    let bad = Outcome::bad("STATUS takes items such as MESSAGES or UNSEEN");
                    self.settle(tag, effect, bad);
                    return;
                }
                items
            }
        };
        let known = match self.with_mailboxes(|mailboxes| mailboxes.list()) {
            Ok(known) => known,
            Err(no) => {
                self.settle(tag, effect, no.into());
                return;
            }
        };
        let Some((lines, there)) = list.answer(known, self.session.utf8) else {
            let bad = Outcome::bad("a pattern is in modified UTF-7, or in UTF-8 after ENABLE UTF8=ACCEPT");
            self.settle(tag, effect, bad);
            return;
        };
        self.speech.octets().extend_from_slice(&lines);
        if !items.is_empty() {
            for name in there {
                // One that cannot be looked into is listed without it (RFC 5819 §2).
                let _ = self.tell_status(&name, &items);
            }
        }
        self.settle(tag, effect, Outcome::done("that is all"));
    }

    pub(super) fn on_status(&mut self, tag: &str, mailbox: &Mailbox<'_>, items: &[Item]) {
        let name = self.mailbox(mailbox);
        let Some(effect) = self.begin(tag, ImapPlace::Status, subject(&name)) else { return };
        let outcome = name.and_then(|name| {
            self.tell_status(&name, items)?;
            Ok(Outcome::done("that is how it stands"))
        });
        self.catch_up_all();
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    fn tell_status(&mut self, name: &str, items: &[Item]) -> Result<(), No> {
        let (snapshot, first_recent) =
            self.with_mailboxes(|mailboxes| Ok((mailboxes.snapshot(name)?, mailboxes.first_recent(name))))?;
        if items.contains(&Item::HighestModSeq) {
            self.enable_condstore();
        }
        let value = |item: &Item| {
            let name = ITEMS.iter().find(|(_, known)| known == item).map_or("", |(name, _)| name);
            format!("{name} {}", item.value(&snapshot, first_recent))
        };
        let values: Vec<_> = items.iter().map(value).collect();
        let utf8 = self.session.utf8;
        let out = self.speech.octets();
        out.extend_from_slice(b"* STATUS ");
        mailbox(out, name, utf8);
        out.extend_from_slice(format!(" ({})\r\n", values.join(" ")).as_bytes());
        Ok(())
    }

    pub(super) fn on_create(&mut self, tag: &str, name: &[u8], special: Option<&str>) {
        // RFC 9051 §6.3.4: a separator at the end says that more is to lie below it.
        let name = name.strip_suffix(SEPARATOR.to_string().as_bytes()).unwrap_or(name);
        let name = self.mailbox_name(name);
        let Some(effect) = self.begin(tag, ImapPlace::Mailbox, subject(&name)) else { return };
        let outcome = name.and_then(|name| {
            let special = match special {
                None => None,
                Some(attribute) => {
                    let known = SpecialUse::EVERY.into_iter();
                    let found =
                        known.into_iter().find(|use_| use_.attribute().eq_ignore_ascii_case(attribute));
                    Some(found.ok_or(No::new("USEATTR", "there is no such use"))?)
                }
            };
            if name == "INBOX" {
                return Err(No::already_exists().into());
            }
            self.with_mailboxes(|mailboxes| mailboxes.create(&name, special))?;
            Ok(Outcome::done("created"))
        });
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    pub(super) fn on_delete(&mut self, tag: &str, mailbox: &Mailbox<'_>) {
        let name = self.mailbox(mailbox);
        let Some(effect) = self.begin(tag, ImapPlace::Mailbox, subject(&name)) else { return };
        let outcome = name.and_then(|name| {
            if name == "INBOX" {
                return Err(No::new("CANNOT", "INBOX stays").into());
            }
            self.with_mailboxes(|mailboxes| mailboxes.delete(&name))?;
            if self.selected.as_ref().is_some_and(|selected| selected.name == name) {
                self.selected = None;
                if self.session.qresync {
                    self.untagged(format_args!("OK [CLOSED] it is no longer selected"));
                }
            }
            Ok(Outcome::done("deleted"))
        });
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    pub(super) fn on_rename(&mut self, tag: &str, from: &Mailbox<'_>, to: &Mailbox<'_>) {
        let from = self.mailbox(from);
        let to = self.mailbox(to);
        let Some(effect) = self.begin(tag, ImapPlace::Mailbox, subject(&from)) else { return };
        let outcome = from.and_then(|from| {
            let to = to?;
            if to == "INBOX" {
                return Err(No::already_exists().into());
            }
            if to.strip_prefix(&from).is_some_and(|rest| rest.starts_with(SEPARATOR)) {
                return Err(No::new("CANNOT", "a mailbox cannot lie below itself").into());
            }
            self.with_mailboxes(|mailboxes| mailboxes.rename(&from, &to))?;
            if from != "INBOX" {
                self.follow(&from, &to);
            }
            Ok(Outcome::done("renamed"))
        });
        self.catch_up_all();
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    /// A selected mailbox that was renamed stays selected.
    fn follow(&mut self, from: &str, to: &str) {
        let Some(selected) = &mut self.selected else { return };
        match selected.name.strip_prefix(from) {
            Some("") => selected.name = to.to_string(),
            Some(rest) if rest.starts_with(SEPARATOR) => selected.name = format!("{to}{rest}"),
            _ => {}
        }
    }

    pub(super) fn on_subscribe(&mut self, tag: &str, mailbox: &Mailbox<'_>, wanted: bool) {
        let name = self.mailbox(mailbox);
        let Some(effect) = self.begin(tag, ImapPlace::Mailbox, subject(&name)) else { return };
        let outcome = name.and_then(|name| {
            self.with_mailboxes(|mailboxes| mailboxes.subscribe(&name, wanted))?;
            Ok(Outcome::done(if wanted { "subscribed" } else { "no longer subscribed" }))
        });
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }
}

/// For faults: the name, where it is one.
pub(super) fn subject(name: &Result<String, Outcome>) -> &str {
    name.as_ref().map_or("", String::as_str)
}
