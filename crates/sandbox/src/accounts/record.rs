//! What can happen to accounts, as values: applied to them, and written down for the next start.

use hongyan_proto::imap::Date;
use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::mailboxes::SpecialUse;
use serde::{Deserialize, Serialize};

use super::mailbox::Mail;

/// Names a mailbox as long as it lives, whatever it is called.
pub(crate) type Number = u32;

/// What this program writes down; anything else is not read.
pub(super) const FORMAT: u32 = 1;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Record {
    /// The first of all.
    Format { version: u32 },
    /// From here on these are the users whom mail is sorted to.
    Users { names: Vec<String> },
    /// This user has got the mail up to this number of the store.
    Through { user: String, id: u64 },
    /// There is a mailbox.
    Mailbox {
        number: Number,
        user: String,
        name: String,
        #[serde(with = "special", skip_serializing_if = "Option::is_none", default)]
        special_use: Option<SpecialUse>,
        uid_validity: u32,
        uid_next: u32,
        mod_seq: u64,
        forgotten: u64,
    },
    /// A mailbox is called otherwise.
    Renamed { number: Number, name: String },
    /// A mailbox is there no more.
    Deleted { number: Number },
    /// A mailbox's UIDs count from 1 again.
    Renumbered { number: Number, uid_validity: u32 },
    /// A user wants to see a mailbox, or no longer.
    Subscribed { user: String, name: String, wanted: bool },
    /// A mail is in a mailbox.
    Mail {
        number: Number,
        uid: u32,
        id: u64,
        size: u64,
        #[serde(skip_serializing_if = "is_zero", default)]
        more_as_lines: u64,
        unix: i64,
        offset: i16,
        #[serde(with = "flags", skip_serializing_if = "none", default)]
        flags: Flags,
        mod_seq: u64,
    },
    /// A mail has these flags now.
    Flags {
        number: Number,
        uid: u32,
        #[serde(with = "flags")]
        flags: Flags,
        mod_seq: u64,
    },
    /// Mails are in a mailbox no more.
    Gone { number: Number, uids: Vec<u32>, mod_seq: u64 },
    /// UIDL says this of a mail.
    UniqueId { number: Number, uid: u32, unique_id: Option<Box<str>> },
}

impl Record {
    /// A mail of this number in the store, in a mailbox.
    pub(super) fn mail(number: Number, uid: u32, mail: &Arrival, mod_seq: u64) -> Self {
        let Arrival { id, size, more_as_lines, date: Date { unix, offset }, flags } = mail.clone();
        Self::Mail { number, uid, id, size, more_as_lines, unix, offset, flags, mod_seq }
    }
}

/// A mail that comes into a mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: u64,
    pub(crate) size: u64,
    /// How many octets longer it is as lines, for POP3.
    pub(crate) more_as_lines: u64,
    pub(crate) date: Date,
    pub(crate) flags: Flags,
}

impl Arrival {
    /// Of a mail that is in a mailbox already.
    pub(super) fn again(mail: &Mail) -> Self {
        let Mail { id, size, more_as_lines, date, flags, .. } = mail.clone();
        Self { id, size, more_as_lines, date, flags }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn none(flags: &Flags) -> bool {
    flags.names().next().is_none()
}

/// Flags as IMAP writes them.
mod flags {
    use super::{Deserialize, Flags};

    pub(super) fn serialize<S: serde::Serializer>(flags: &Flags, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(flags)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Flags, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Ok(text.trim_matches(['(', ')']).split_ascii_whitespace().collect())
    }
}

/// A use as LIST writes it.
mod special {
    use super::{Deserialize, SpecialUse};

    pub(super) fn serialize<S: serde::Serializer>(
        special: &Option<SpecialUse>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(special.map_or("", SpecialUse::attribute))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SpecialUse>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Ok(SpecialUse::EVERY.into_iter().find(|special| special.attribute() == text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_line_and_reads_back() {
        let flags = ["\\Seen", "$Forwarded"].into_iter().collect();
        let arrival =
            Arrival { id: 7, size: 10, more_as_lines: 1, date: Date { unix: 5, offset: 480 }, flags };
        let records = [
            Record::Format { version: FORMAT },
            Record::Mailbox {
                number: 1,
                user: "王".into(),
                name: "a\nb".into(),
                special_use: Some(SpecialUse::Sent),
                uid_validity: 3,
                uid_next: 4,
                mod_seq: 5,
                forgotten: 0,
            },
            Record::mail(1, 2, &arrival, 3),
            Record::Gone { number: 1, uids: vec![2, 9], mod_seq: 4 },
            Record::UniqueId { number: 1, uid: 2, unique_id: Some("x".into()) },
        ];
        for record in records {
            let line = serde_json::to_string(&record).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record, "{line}");
        }
    }
}
