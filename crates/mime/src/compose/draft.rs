//! A message before it is one: plain data, any field of which may be set in any order.

use super::boundary::{Boundaries, Seed};
use super::encoder::{Encoder, Plan};
use super::header::Header;
use super::layout::Layout;
use super::part::{Part, PartHeaders};
use super::{BodyKind, ComposeError, Date, Names, Offered, Text, fields};
use crate::address::{Address, Mailbox};
use std::collections::HashSet;
use std::time::SystemTime;

/// What a person or a program wants to send. `From` and `Date` are needed, all else may be left out.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The authors.
    pub from: Vec<Mailbox>,
    /// Who sends, where that is not the one author. Needed with several authors.
    pub sender: Option<Mailbox>,
    /// Where answers go.
    pub reply_to: Vec<Address>,
    /// The recipients.
    pub to: Vec<Address>,
    /// Those who get a copy.
    pub cc: Vec<Address>,
    /// Those who get a copy that the others do not know of. Never written into the message; one that has
    /// no other recipients says `To: undisclosed-recipients:;`.
    pub bcc: Vec<Address>,
    /// The subject, in any script.
    pub subject: Option<String>,
    /// When it was written; see [`Draft::stamp`].
    pub date: Option<Date>,
    /// The message's own identifier, with or without angle brackets; see [`Draft::stamp`].
    pub message_id: Option<String>,
    /// The messages that this one answers.
    pub in_reply_to: Vec<String>,
    /// The thread that this message belongs to, oldest first.
    pub references: Vec<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Further header fields. Ones that the draft has a field for, and `Content-*`, are refused.
    pub extra: Vec<(String, String)>,
    /// The text.
    pub text: Option<Text>,
    /// The text as HTML.
    pub html: Option<Text>,
    /// Fields of the HTML part, for `Content-Location` and `Content-Base`. Its media type is not looked at.
    pub html_headers: PartHeaders,
    /// What the HTML shows, by `cid:` or location.
    pub inline: Vec<Part>,
    /// What is attached.
    pub attachments: Vec<Part>,
    /// A tree made by hand, in place of `text` and `html`; `inline` and `attachments` stand beside it.
    pub body: Option<Part>,
    /// How file names other than short ASCII ones are written.
    pub names: Names,
}

impl Draft {
    /// Fills in the date and the Message-ID where they are not set. The identifier is made of the time and
    /// `random`, which the caller draws anew for each message, at `domain`.
    pub fn stamp(&mut self, now: SystemTime, offset_minutes: i16, domain: &str, random: [u64; 2]) {
        let date = *self.date.get_or_insert_with(|| Date::new(now, offset_minutes));
        self.message_id.get_or_insert_with(|| {
            let domain = idna::domain_to_ascii(domain).unwrap_or_default();
            let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
            let domain = if !domain.is_empty() && domain.bytes().all(word) { &domain } else { "localhost" };
            format!("{:x}.{:016x}{:016x}@{domain}", date.seconds, random[0], random[1])
        });
    }

    /// All of `to`, `cc` and `bcc`, each address once, in order. Domains are compared without regard to case.
    pub fn envelope_recipients(&self) -> Vec<&Mailbox> {
        let mut seen = HashSet::new();
        let all = [&self.to, &self.cc, &self.bcc].into_iter().flatten().flat_map(Address::mailboxes);
        all.filter(|mailbox| {
            let (local, domain) = mailbox.address.rsplit_once('@').unwrap_or((&mailbox.address, ""));
            seen.insert((local, domain.to_lowercase()))
        })
        .collect()
    }

    /// Finds out whether this can become a message at all, before a server is asked what it takes. Reads no
    /// file.
    ///
    /// # Errors
    /// As [`Draft::encoder`], but for what a server decides.
    pub fn check(&self) -> Result<(), ComposeError> {
        let utf8 = fields::check(self, Offered::ALL)?;
        Layout::checking().draft(self)?;
        fields::write(self, &mut Header::new(&mut Vec::new(), utf8))
    }

    /// The message for a server that takes what `offered` says. Files are not read yet, except that content
    /// which is sent as it is, is searched once for our boundaries.
    ///
    /// # Errors
    /// [`ComposeError`] naming the field, address, part or file that is wrong.
    pub fn encoder(&self, offered: Offered) -> Result<Encoder, ComposeError> {
        let utf8 = fields::check(self, offered)?;
        let mut layout = Layout::new(offered);
        let root = layout.draft(self)?;
        let mut plan = Plan { head: Vec::with_capacity(self.expected_len()), utf8, ..Plan::default() };
        fields::write(self, &mut Header::new(&mut plan.head, utf8))?;
        let seed = Seed::new().mix_bytes(&plan.head);
        let mut boundaries = Boundaries::new(seed.value(), layout.taken());
        root.write(&mut plan, self.names, &mut boundaries)?;
        if !root.ends_line(&plan.head) {
            plan.head.extend_from_slice(b"\r\n");
        }
        plan.kind = root.kind().max(if utf8 { BodyKind::EightBit } else { BodyKind::SevenBit });
        Ok(Encoder::new(plan))
    }

    /// About how long the buffer gets, so that it is allocated once.
    fn expected_len(&self) -> usize {
        const FIELDS: usize = 1536;
        const PART: usize = 512;
        let texts =
            [&self.text, &self.html].into_iter().flatten().map(|t| t.as_str().len() * 4 / 3).sum::<usize>();
        FIELDS + texts + PART * (self.inline.len() + self.attachments.len())
    }
}
