//! What came back: bounces, complaints, people who want no more mail, and all that is none of these.
//!
//! [`read`] takes any mail and says what it is ([`Kind`]), and of each recipient what happened and why ([`Report`]).
//! `docs/bounces.md` has the reasons and the rules. In short: a machine-readable report (RFC 3464) first, then the words that
//! servers write; an answer that came by itself (RFC 3834), a delay and an ordinary mail never suppress anybody.
//!
//! - `layout`: the report's words, its fields, the returned header.
//! - `fields`, `notice`, `prose`: who it is about: by the standard, in JSON, in words.
//! - `classify`: why, from `phrases` and `codes`.
//! - `reply`, `feedback`: what is no bounce.
//! - `letter`: which of our letters it was.

mod address;
mod classify;
mod codes;
mod feedback;
mod fields;
mod layout;
mod letter;
mod notice;
mod phrases;
mod prose;
mod reason;
mod reply;
mod report;
mod sign;

use hongyan_mime::read::{Message, safe};

pub use codes::Stage;
pub use fields::{Action, MAX_RECIPIENTS};
pub use layout::{MAX_FIELDS, MAX_RETURNED, MAX_WORDS};
pub use letter::{Letter, of_message_id};
pub use reason::{Effect, Reason};
pub use report::{MAX_DIAGNOSTIC, Report};

use crate::token::Key;

use feedback::Feedback;
use fields::Group;
use layout::Layout;
use letter::Token;
use notice::Notice;

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something was not delivered.
    Bounce,
    /// Something was not delivered yet.
    Delayed,
    /// Something was delivered.
    Delivered,
    /// It answers by itself.
    Reply,
    /// A reader called a mail of ours spam.
    Complaint,
    /// A feedback report that is no complaint.
    Feedback,
    /// Somebody wants no more mail.
    Unsubscribe,
    /// Anything else.
    Other,
}

impl Kind {
    /// `bounce`, `delayed` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Reply => "reply",
            Self::Complaint => "complaint",
            Self::Feedback => "feedback",
            Self::Unsubscribe => "unsubscribe",
            Self::Other => "other",
        }
    }
}

/// What was read in a mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What it is.
    pub kind: Kind,
    /// Of each recipient that it is about, what happened. Empty for [`Kind::Reply`], [`Kind::Feedback`], [`Kind::Other`] and
    /// the two with [`Reading::people`].
    pub recipients: Vec<Report>,
    /// Who complained or wants no more mail, as far as the mail says.
    pub people: Vec<String>,
    /// Whether a valid token says so; else it is only what a mail claims, and counts where the address is the letter's.
    pub proven: bool,
    /// Which letter it is about.
    pub letter: Option<Letter>,
    /// What the evidence is, on one line.
    pub words: String,
    /// Whether something of it was longer than is read: [`MAX_WORDS`], [`MAX_FIELDS`], [`MAX_RECIPIENTS`].
    pub truncated: bool,
}

/// Reads a mail. With the key that its campaign's tokens were signed with, the address that it came to says which letter
/// it is about, and nobody can make that up.
pub fn read(raw: &[u8], key: Option<&Key>) -> Reading {
    let message = Message::parse(raw);
    let layout = Layout::of(&message);
    let returned = Message::parse(&layout.returned);
    let subject = message.subject().unwrap_or_default();
    let came_to = letter::came_to(&message);
    let texts = came_to.iter().chain([&subject]);
    let tokens: Vec<Token> =
        key.map_or_else(Vec::new, |key| texts.flat_map(|text| letter::tokens(text, key)).collect());
    let mut reading = Reader { message: &message, layout: &layout, returned: &returned, came_to: &came_to }
        .reading(&subject, &tokens);
    // Where what came back is a bounce itself, that one knows who failed.
    if matches!(reading.kind, Kind::Other | Kind::Bounce)
        && layout.fields.is_empty()
        && sign::is_from_a_mail_system(&returned)
    {
        reading = forwarded(&message, &layout.returned).unwrap_or(reading);
    }
    reading.truncated |= layout.truncated || message.is_truncated();
    let by_token = tokens.first().map(Token::letter);
    reading.letter = by_token.or(reading.letter);
    reading
}

/// A bounce that came inside another mail. Who forwards it may have changed it: only another mail system is believed.
fn forwarded(outer: &Message<'_>, inner: &[u8]) -> Option<Reading> {
    let message = Message::parse(inner);
    let layout = Layout::of(&message);
    let returned = Message::parse(&layout.returned);
    let came_to = letter::came_to(&message);
    let reader = Reader { message: &message, layout: &layout, returned: &returned, came_to: &came_to };
    let mut reading = reader.reading(&message.subject().unwrap_or_default(), &[]);
    let believed = sign::is_from_a_mail_system(outer);
    for report in &mut reading.recipients {
        report.certain &= believed;
    }
    (!reading.recipients.is_empty()).then_some(reading)
}

struct Reader<'r> {
    message: &'r Message<'r>,
    layout: &'r Layout,
    returned: &'r Message<'r>,
    came_to: &'r [String],
}

impl Reader<'_> {
    fn reading(&self, subject: &str, tokens: &[Token]) -> Reading {
        if let Some(feedback) = Feedback::of(self.message, self.layout) {
            let kind = if feedback.complaint { Kind::Complaint } else { Kind::Feedback };
            let people = if feedback.complaint { feedback.from } else { Vec::new() };
            return Reading { people, words: line(&feedback.words), ..self.empty(kind) };
        }
        if let Some((notice, id)) = notice::read(&self.layout.words) {
            return self.noticed(notice, id.as_deref());
        }
        let (mut groups, mut more) = fields::groups(&self.layout.fields);
        if groups.is_empty() {
            (groups, more) = fields::groups(&self.layout.words);
            groups.retain(|group| group.action.is_some() || group.status.is_some());
        }
        let from_system = sign::is_from_a_mail_system(self.message);
        if groups.is_empty() {
            if let Some(reading) = self.unsubscribing(subject, tokens, from_system) {
                return reading;
            }
            let says_reply =
                reply::by_its_subject(subject) || (!from_system && reply::by_its_header(self.message));
            if self.layout.receipt || (says_reply && self.message.field(0, "X-Failed-Recipients").is_none()) {
                return Reading { words: line(subject), ..self.empty(Kind::Reply) };
            }
            return self.in_words(subject, from_system);
        }
        // A report that somebody wrote about himself is none: the form alone does not make a mail system.
        let reports = groups.iter().map(|group| self.report(group, groups.len())).collect();
        self.reported(reports, more, None)
    }

    fn empty(&self, kind: Kind) -> Reading {
        Reading {
            kind,
            recipients: Vec::new(),
            people: Vec::new(),
            proven: false,
            letter: letter::referred(self.message, self.returned, None),
            words: String::new(),
            truncated: false,
        }
    }

    fn noticed(&self, notice: Notice, id: Option<&str>) -> Reading {
        match notice {
            Notice::Complaint(people) => Reading {
                people,
                letter: letter::referred(self.message, self.returned, id),
                words: "complaint (Amazon SES)".into(),
                ..self.empty(Kind::Complaint)
            },
            Notice::Delivery(groups) => {
                let reports = groups.iter().map(|group| Report::of_group(group, "")).collect();
                self.reported(reports, groups.len() >= MAX_RECIPIENTS, id)
            }
        }
    }

    fn report(&self, group: &Group, of: usize) -> Report {
        if of == 1 {
            return Report::of_group(group, &self.layout.words);
        }
        let address = group.address.as_deref().or(group.original.as_deref()).unwrap_or_default();
        Report::of_group(group, &prose::lines_about(&self.layout.words, address))
    }

    fn reported(&self, recipients: Vec<Report>, truncated: bool, id: Option<&str>) -> Reading {
        let has = |action| recipients.iter().any(|report| report.action == action);
        let kind = match () {
            () if has(Action::Failed) => Kind::Bounce,
            () if has(Action::Delayed) => Kind::Delayed,
            () if recipients.is_empty() => Kind::Other,
            () => Kind::Delivered,
        };
        let words = recipients.first().map(|report| report.diagnostic.clone()).unwrap_or_default();
        let letter = letter::referred(self.message, self.returned, id);
        Reading { recipients, words, truncated, letter, ..self.empty(kind) }
    }

    /// What a mail without fields says in words.
    fn in_words(&self, subject: &str, from_system: bool) -> Reading {
        let words = &self.layout.words;
        let failed: Vec<String> = self
            .message
            .fields_named(0, "X-Failed-Recipients")
            .flat_map(|field| {
                address::find(&self.message.value_text(field))
                    .iter()
                    .map(|found| found.text.to_owned())
                    .collect::<Vec<_>>()
            })
            .take(MAX_RECIPIENTS)
            .collect();
        let says_failure = sign::subject_says_failure(subject);
        if !from_system && !says_failure && failed.is_empty() && !sign::words_say_failure(words) {
            return self.empty(Kind::Other);
        }
        let mut correspondents = self.came_to.to_vec();
        correspondents.extend(
            self.message.from().iter().flat_map(|from| from.mailboxes()).map(|from| from.address.clone()),
        );
        let sent_to = sent_to(self.returned);
        let known = prose::Known { correspondents: &correspondents, sent_to: &sent_to, failed: &failed };
        let (named, more) = prose::named(words, &known);
        let delayed = sign::says_delay(subject, words);
        let certain = |address: &str| {
            from_system
                && (!failed.is_empty()
                    || sent_to.is_empty()
                    || sent_to.iter().any(|sent| address::same(sent, address)))
        };
        let reports: Vec<Report> = named
            .iter()
            .map(|named| Report::in_words(named, subject, delayed, certain(&named.address)))
            .collect();
        // Somebody who writes about a failure is no mail system: nothing is known without its having a cause.
        let vague = reports.iter().all(|report| report.reason == Reason::Undetermined);
        if reports.is_empty() || (vague && !(from_system && (says_failure || sign::words_say_failure(words))))
        {
            return self.empty(Kind::Other);
        }
        self.reported(reports, more, None)
    }

    /// Who wants no more mail: by a token that was made for that, or by the subject that the List-Unsubscribe field asks for.
    fn unsubscribing(&self, subject: &str, tokens: &[Token], from_system: bool) -> Option<Reading> {
        let token = tokens.iter().find(|token| token.unsubscribe);
        let asks = sign::asks_to_unsubscribe(subject);
        if from_system
            || (token.is_none() && !asks)
            || (token.is_none() && reply::by_its_header(self.message))
        {
            return None;
        }
        // An automatic answer to the unsubscribe address asks for nothing.
        if token.is_some() && !asks && (reply::by_its_header(self.message) || reply::by_its_subject(subject))
        {
            return None;
        }
        let from = self.message.from();
        let people = match from.as_slice() {
            [hongyan_mime::address::Address::Mailbox(mailbox)] => vec![mailbox.address.clone()],
            _ => Vec::new(),
        };
        Some(Reading {
            people,
            proven: token.is_some(),
            words: line(subject),
            ..self.empty(Kind::Unsubscribe)
        })
    }
}

/// Whom a message was for, as its header says.
fn sent_to(returned: &Message<'_>) -> Vec<String> {
    let mut sent = Vec::new();
    for name in ["To", "Cc", "X-Original-To", "X-Envelope-To", "Envelope-To"] {
        let addresses = returned.address_list(0, name);
        let mailboxes = addresses.iter().flat_map(|address| address.mailboxes());
        sent.extend(
            mailboxes
                .map(|mailbox| mailbox.address.clone())
                .filter(|address| address.contains('@'))
                .take(MAX_RECIPIENTS),
        );
        if name == "Cc" && !sent.is_empty() {
            break;
        }
    }
    sent
}

/// A text on one line, fit for a table, a file and a terminal.
fn line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = &joined[..joined.floor_char_boundary(MAX_DIAGNOSTIC.min(joined.len()))];
    safe::line(short).into_owned()
}
