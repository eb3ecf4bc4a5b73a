//! A line for each mail as it arrives. It is printed by a thread of its own: a terminal that is slow, or a
//! disk, holds up no client.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hongyan_mime::read::{Message as Mail, safe};
use hongyan_sandbox::Message;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::paint::{Paint, Style};
use crate::cli::system::printed;
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;

/// Bytes at the beginning of a mail in which its Subject is looked for.
const SUBJECT_WITHIN: u64 = 64 << 10;

/// Recipients that a line names; the others are counted.
const NAMED: usize = 3;

/// The thread that prints.
pub(super) struct Listing {
    /// Set to why it ended.
    ended: watch::Receiver<Option<io::ErrorKind>>,
}

impl Listing {
    /// Prints what `news` brings, until there is no more of it.
    pub(super) fn start(mut news: broadcast::Receiver<Arc<Message>>, json: bool, paint: Paint) -> Self {
        let (ending, ended) = watch::channel(None);
        thread::spawn(move || {
            loop {
                let printed = match news.blocking_recv() {
                    Ok(message) if json => json::line(&mut io::stdout().lock(), &Arrived::of(&message)),
                    Ok(message) => print(&mut io::stdout().lock(), &message, paint),
                    Err(RecvError::Lagged(missed)) => tell_missed(&mut io::stdout().lock(), missed, json),
                    Err(RecvError::Closed) => return,
                };
                if let Err(error) = printed {
                    // Whoever listened for this may be gone, too.
                    let _ = ending.send(Some(error.kind()));
                    return;
                }
            }
        });
        Self { ended }
    }

    /// Waits for the output to break, or to have no reader any more; for ever where it does not.
    pub(super) async fn broken(&self) -> Result<(), Trouble> {
        let mut ended = self.ended.clone();
        loop {
            if let Some(kind) = *ended.borrow_and_update() {
                return printed(Err(kind.into()));
            }
            if ended.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until all is printed, but no longer than `patience`.
    pub(super) async fn finish(mut self, patience: Duration) {
        let closed = async { while self.ended.changed().await.is_ok() {} };
        // What is not printed by then is kept all the same.
        let _ = tokio::time::timeout(patience, closed).await;
    }
}

/// A mail that has arrived, for programs.
#[derive(Serialize)]
struct Arrived<'a> {
    event: &'static str,
    id: u64,
    time: &'a str,
    from: &'a str,
    to: Vec<&'a str>,
    subject: Option<String>,
    size: u64,
    file: Option<String>,
    protocol: &'a str,
    user: Option<&'a str>,
    peer: &'a str,
    /// Where a client put it, where it did not come by SMTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<&'a str>,
}

impl<'a> Arrived<'a> {
    fn of(message: &'a Message) -> Self {
        let envelope = &message.envelope;
        Self {
            event: "mail",
            id: message.id,
            time: &envelope.time,
            from: &envelope.from,
            to: envelope.to.iter().map(|to| to.address.as_str()).collect(),
            subject: subject(message),
            size: envelope.size,
            file: message.path().map(|path| path.to_string_lossy().into_owned()),
            protocol: &envelope.protocol,
            user: envelope.user.as_deref(),
            peer: &envelope.peer,
            mailbox: envelope.put.as_ref().map(|put| put.mailbox.as_str()),
        }
    }
}

fn print(out: &mut impl Write, message: &Message, paint: Paint) -> io::Result<()> {
    let Arrived { time, mut from, mut to, subject, size, file, protocol, user, mailbox, .. } =
        Arrived::of(message);
    if let Some(mailbox) = mailbox {
        (from, to) = (user.unwrap_or_default(), vec![mailbox]);
    }
    let mut to_shown = to.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if to.len() > NAMED {
        to_shown.push_str(&format!(", … +{}", to.len() - NAMED));
    }
    let from = if from.is_empty() { "<>" } else { from };
    let subject = subject.map(|subject| format!("  “{}”", safe::line(&subject))).unwrap_or_default();
    let file = file.map(|file| format!("  {}", safe::line(&file))).unwrap_or_default();
    // hh:mm:ss of the RFC 3339 form.
    let clock = paint.the(Style::Quiet, format!("{}Z", time.get(11..19).unwrap_or(time)));
    let (to, arrow) = (safe::line(&to_shown), paint.the(Style::Quiet, "→"));
    let subject = paint.the(Style::Strong, subject);
    let bytes = Language::of_the_environment().choose("bytes", "字节");
    let rest = format!("  {} {bytes}  {protocol}{file}", grouped(size));
    writeln!(out, "{clock}  {} {arrow} {to}{subject}{}", safe::line(from), paint.the(Style::Quiet, rest))
}

fn tell_missed(out: &mut impl Write, missed: u64, json: bool) -> io::Result<()> {
    if json {
        return json::line(out, &Missed { event: "missed", mails: missed });
    }
    let missed = grouped(missed);
    let text = Language::of_the_environment().choose(
        format!("… {missed} mails came faster than they could be shown; they are kept …"),
        format!("…… 另有 {missed} 封邮件来不及显示，均已保存 ……"),
    );
    writeln!(out, "{text}")
}

/// Mails that are kept, but were not told of, for programs.
#[derive(Serialize)]
struct Missed {
    event: &'static str,
    mails: u64,
}

/// The Subject; none where there is none, or where the mail is gone already.
fn subject(message: &Message) -> Option<String> {
    let subject = |beginning: &[u8]| Mail::parse(header(beginning)).subject();
    match message.path() {
        None => subject(&message.content().ok()?),
        Some(path) => {
            let mut beginning = Vec::new();
            File::open(path).ok()?.take(SUBJECT_WITHIN).read_to_end(&mut beginning).ok()?;
            subject(&beginning)
        }
    }
}

/// The header section alone, so that nothing else is looked at.
fn header(mail: &[u8]) -> &[u8] {
    let bounded = &mail[..mail.len().min(usize::try_from(SUBJECT_WITHIN).unwrap_or(usize::MAX))];
    memchr::memmem::find(bounded, b"\r\n\r\n").map_or(bounded, |end| &bounded[..end + 2])
}
