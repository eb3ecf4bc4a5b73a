//! Whom an answer goes to.
//!
//! Reply-To, else From (RFC 5322 §3.6.3); to everybody also To and Cc, or where the writer says it
//! Mail-Followup-To alone; to a list what its List-Post says (RFC 2369 §3.4). Our own addresses are left out as
//! long as somebody is left. What cannot be written to is left out, and counted.

use std::collections::HashSet;

use super::subject::plain;
use crate::mime::address::{Address, Mailbox};
use crate::mime::read::Message;

/// How far an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To whoever wrote the mail.
    Author,
    /// To everybody who has it.
    All,
    /// To the list that it came by.
    List,
}

/// The addresses that are ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own(HashSet<String>);

impl Own {
    /// What is an address among `texts`, with a name or without.
    pub(crate) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let known = texts.into_iter().filter_map(|text| Mailbox::parse(text).ok());
        Self(known.map(|mailbox| key(&mailbox)).collect())
    }

    fn has(&self, mailbox: &Mailbox) -> bool {
        self.0.contains(&key(mailbox))
    }
}

/// The people of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipients {
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    /// How many addresses of the mail are none.
    pub(crate) unusable: usize,
}

impl Recipients {
    /// Of an answer to `message`. Nobody may be left.
    pub(crate) fn of(message: &Message<'_>, reach: Reach, own: &Own) -> Self {
        let mut found = Self::default();
        let author = found.first_of(message, &["Reply-To", "From", "Sender", "Return-Path"]);
        match reach {
            Reach::Author => {
                // Whoever answers a mail of their own goes on writing to those it went to.
                if author.iter().all(|mailbox| own.has(mailbox)) {
                    found.to = found.list(message, &["To"]);
                }
                if found.to.is_empty() {
                    found.to = author;
                }
            }
            Reach::List => {
                found.to = found.list(message, &["Mail-Followup-To"]);
                if found.to.is_empty() {
                    found.to = posts(message);
                }
            }
            Reach::All => {
                found.to = found.list(message, &["Mail-Followup-To"]);
                if found.to.is_empty() {
                    found.cc = found.list(message, &["To", "Cc"]);
                    found.to = author;
                }
            }
        }
        found.settle(own)
    }

    /// Each person once, and ourselves only where nobody else is left.
    fn settle(mut self, own: &Own) -> Self {
        let mut seen = HashSet::new();
        self.to.retain(|mailbox| seen.insert(key(mailbox)));
        self.cc.retain(|mailbox| seen.insert(key(mailbox)) && !own.has(mailbox));
        if self.to.iter().chain(&self.cc).any(|mailbox| !own.has(mailbox)) {
            self.to.retain(|mailbox| !own.has(mailbox));
        }
        if self.to.is_empty() {
            self.to = std::mem::take(&mut self.cc);
        }
        self
    }

    fn first_of(&mut self, message: &Message<'_>, names: &[&str]) -> Vec<Mailbox> {
        let mut lists = names.iter().map(|name| self.list(message, &[name]));
        lists.find(|list| !list.is_empty()).unwrap_or_default()
    }

    /// The usable addresses in the fields of these names, those in groups too.
    fn list(&mut self, message: &Message<'_>, names: &[&str]) -> Vec<Mailbox> {
        let mut list = Vec::new();
        for name in names {
            for mailbox in message.address_list(0, name).iter().flat_map(Address::mailboxes) {
                match usable(mailbox) {
                    Some(mailbox) => list.push(mailbox),
                    None => self.unusable += 1,
                }
            }
        }
        list
    }
}

/// The mailbox as it can be written into a header; `None` where its address is none.
pub(crate) fn usable(mailbox: &Mailbox) -> Option<Mailbox> {
    let read = Mailbox::parse(&mailbox.address).ok().filter(|read| read.name.is_none())?;
    let name = mailbox.name.as_deref().map(plain).filter(|name| !name.is_empty());
    // A name that only repeats the address says nothing.
    let name = name.filter(|name| !name.eq_ignore_ascii_case(&read.address));
    Some(Mailbox { name, address: read.address })
}

/// By what two addresses are taken for one.
fn key(mailbox: &Mailbox) -> String {
    mailbox.address.to_lowercase()
}

/// Where List-Post says that mail to the list goes.
fn posts(message: &Message<'_>) -> Vec<Mailbox> {
    let Some(field) = message.field(0, "List-Post") else { return Vec::new() };
    let text = message.value_text(field);
    let urls = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    urls.filter_map(|(url, _)| mailto(url.trim())).take(1).collect()
}

/// The address of a `mailto:` (RFC 6068).
fn mailto(url: &str) -> Option<Mailbox> {
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("mailto") {
        return None;
    }
    let address = rest.split('?').next().unwrap_or(rest);
    let mut octets = Vec::with_capacity(address.len());
    let mut bytes = address.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            octets.push(byte);
            continue;
        }
        let hex = [bytes.next()?, bytes.next()?];
        octets.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
    }
    Mailbox::parse(&String::from_utf8(octets).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(header: &str, reach: Reach) -> (String, String) {
        let raw = format!("{header}\r\n\r\ntext\r\n");
        let own = Own::of(["Me <me@example.org>", "me@work.example", "no address"]);
        let found = Recipients::of(&Message::parse(raw.as_bytes()), reach, &own);
        let list = |list: &[Mailbox]| list.iter().map(Mailbox::to_string).collect::<Vec<_>>().join(", ");
        (list(&found.to), list(&found.cc))
    }

    #[test]
    fn an_answer_goes_to_reply_to_or_from() {
        for (header, to) in [
            ("From: Ann <a@x.example>", "Ann <a@x.example>"),
            ("From: a@x.example\r\nReply-To: Bob <b@x.example>", "Bob <b@x.example>"),
            ("From: a@x.example\r\nReply-To:", "a@x.example"),
            ("From: a@x.example, b@x.example\r\nSender: c@x.example", "a@x.example, b@x.example"),
            ("Sender: c@x.example", "c@x.example"),
            ("Return-Path: <c@x.example>", "c@x.example"),
            ("Subject: from nobody", ""),
            ("From: undisclosed:;", ""),
            ("From: =?gbk?B?zfXOsA==?= <w@x.example>", "王伟 <w@x.example>"),
            // A mail of our own: on to those it went to.
            ("From: ME@example.org\r\nTo: b@x.example, me@work.example", "b@x.example"),
            ("From: me@example.org\r\nTo: me@work.example", "me@work.example"),
            ("From: me@example.org", "me@example.org"),
        ] {
            assert_eq!(people(header, Reach::Author).0, to, "{header}");
        }
    }

    #[test]
    fn an_answer_to_all_leaves_ourselves_out_and_nobody_twice() {
        for (header, to, cc) in [
            (
                "From: a@x.example\r\nTo: me@example.org, b@x.example\r\nCc: c@x.example, A@X.example, Me@Work.Example",
                "a@x.example",
                "b@x.example, c@x.example",
            ),
            ("From: a@x.example\r\nReply-To: r@x.example\r\nTo: b@x.example", "r@x.example", "b@x.example"),
            (
                "From: a@x.example\r\nTo: l@x.example\r\nMail-Followup-To: l@x.example, b@x.example",
                "l@x.example, b@x.example",
                "",
            ),
            ("From: me@example.org\r\nTo: b@x.example\r\nCc: c@x.example", "b@x.example, c@x.example", ""),
            (
                "From: a@x.example\r\nTo: team: b@x.example, c@x.example;",
                "a@x.example",
                "b@x.example, c@x.example",
            ),
            ("From: a@x.example\r\nTo: undisclosed-recipients:;", "a@x.example", ""),
        ] {
            assert_eq!(people(header, Reach::All), (to.into(), cc.into()), "{header}");
        }
    }

    #[test]
    fn an_answer_to_a_list_goes_where_the_list_says() {
        for (header, to) in [
            ("From: a@x.example\r\nList-Post: <mailto:l@x.example>", "l@x.example"),
            ("List-Post: <https://x.example/post>, <MAILTO:l%2Bp@x.example?subject=x>", "l+p@x.example"),
            ("List-Post: <mailto:l@x.example>\r\nMail-Followup-To: m@x.example", "m@x.example"),
            ("List-Post: NO (this list is closed)", ""),
            ("List-Post: <mailto:l@x.example%0d%0aBcc:%20evil@x.example>", ""),
            ("From: a@x.example", ""),
        ] {
            assert_eq!(people(header, Reach::List).0, to, "{header}");
        }
    }

    #[test]
    fn what_is_no_address_is_left_out_and_counted() {
        let raw = "From: a@x.example\r\nTo: b@x.example, nobody, <c@@x>, =?utf-8?Q?=0D=0ABcc=3A_e?= <d@x.example>\r\n\r\n";
        let found = Recipients::of(&Message::parse(raw.as_bytes()), Reach::All, &Own::default());
        assert!(found.unusable >= 2, "{found:?}");
        assert_eq!(found.cc[0].address, "b@x.example");
        for mailbox in found.to.iter().chain(&found.cc) {
            assert!(!mailbox.to_string().contains(['\r', '\n', '\0']), "{mailbox:?}");
        }
    }

    #[test]
    fn thousands_of_people_are_all_answered() {
        let to = (0..5_000).map(|n| format!("p{n}@x.example")).collect::<Vec<_>>().join(",\r\n ");
        let raw = format!("From: a@x.example\r\nTo: {to}\r\n\r\n");
        let found = Recipients::of(&Message::parse(raw.as_bytes()), Reach::All, &Own::default());
        assert_eq!((found.to.len(), found.cc.len(), found.unusable), (1, 5_000, 0));
    }
}
