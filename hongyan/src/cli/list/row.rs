//! A mail in a list, for programs: a line of columns with tabs between them, or a JSON object.

use std::io::{self, Write};

use hongyan_mailbox::index::{Mail, Who};
use hongyan_mailbox::maildir::Flags;
use hongyan_mime::read::safe;
use serde::Serialize;

use super::date;

/// A mail.
#[derive(Serialize)]
pub(super) struct Row<'m> {
    id: i64,
    folder: &'m str,
    path: String,
    unread: bool,
    flags: Vec<&'static str>,
    size: u64,
    date: Option<String>,
    subject: Option<&'m str>,
    from: Option<Person<'m>>,
    to: Option<Person<'m>>,
    recipients: u64,
    attachments: u64,
    message_id: Option<&'m str>,
    #[serde(skip)]
    mail: &'m Mail,
}

#[derive(Serialize)]
struct Person<'m> {
    name: Option<&'m str>,
    address: &'m str,
}

impl<'m> Person<'m> {
    fn of(who: &'m Who) -> Self {
        Self { name: who.name.as_deref(), address: &who.address }
    }
}

/// What the flags are called.
const NAMES: [(Flags, &str); 6] = [
    (Flags::SEEN, "seen"),
    (Flags::REPLIED, "answered"),
    (Flags::FLAGGED, "flagged"),
    (Flags::PASSED, "forwarded"),
    (Flags::DRAFT, "draft"),
    (Flags::TRASHED, "trashed"),
];

impl<'m> Row<'m> {
    pub(super) fn of(mail: &'m Mail) -> Self {
        let set = NAMES.iter().filter(|(flag, _)| mail.flags.contains(*flag));
        Self {
            id: mail.id,
            folder: &mail.folder,
            path: mail.path.to_string_lossy().into_owned(),
            unread: !mail.flags.contains(Flags::SEEN),
            flags: set.map(|(_, name)| *name).collect(),
            size: mail.size,
            date: date::whole(mail.date, mail.zone),
            subject: mail.subject.as_deref(),
            from: mail.from.as_ref().map(Person::of),
            to: mail.to.as_ref().map(Person::of),
            recipients: mail.recipients,
            attachments: mail.attachments,
            message_id: mail.message_id.as_deref(),
            mail,
        }
    }

    /// Prints it as a line: number, marks, date, who, subject, with tabs between them.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let marks: String = marks(self.mail).into_iter().filter(|mark| *mark != ' ').collect();
        let date = self.date.as_deref().unwrap_or_default();
        let subject = safe::line(self.subject.unwrap_or_default());
        writeln!(out, "{}\t{marks}\t{date}\t{}\t{subject}", self.id, safe::line(&who(self.mail)))
    }
}

/// Three columns of marks; the letters are those of a Maildir.
pub(super) fn marks(mail: &Mail) -> [char; 3] {
    let is = |flag| mail.flags.contains(flag);
    let state = [
        (is(Flags::TRASHED), 'T'),
        (is(Flags::DRAFT), 'D'),
        (!is(Flags::SEEN), 'N'),
        (is(Flags::REPLIED), 'R'),
        (is(Flags::PASSED), 'P'),
    ];
    let state = state.iter().find(|(holds, _)| *holds).map_or(' ', |(_, mark)| *mark);
    let flagged = if is(Flags::FLAGGED) { 'F' } else { ' ' };
    let attached = if mail.attachments > 0 { '@' } else { ' ' };
    [state, flagged, attached]
}

/// Folders in which all mails are from the same person: whom they are to says more.
const SENT: [&str; 8] =
    ["Sent", "Drafts", "Outbox", "Sent Messages", "Sent Items", "已发送", "已发送邮件", "草稿箱"];

/// Whom a mail is from; of a sent one, whom it is to.
pub(super) fn who(mail: &Mail) -> String {
    let shown = |who: &Who| match who.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => who.address.clone(),
    };
    let top = mail.folder.split('/').next().unwrap_or_default();
    if SENT.contains(&top)
        && let Some(to) = &mail.to
    {
        let more = mail.recipients.saturating_sub(1);
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        return format!("→ {}{more}", shown(to));
    }
    mail.from.as_ref().map(shown).unwrap_or_default()
}
