//! What happened, as one JSON object on standard output; and the envelope of a mail that is only shown.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::outcome::why;
use crate::cli::sent::Filed;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trace::Line;
use crate::cli::trouble::Trouble;
use crate::proto::outcome::{Delivery, Stage, Verdict};
use crate::proto::provider::Provider;
use crate::proto::smtp::Envelope;

/// The object.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    /// Without angle brackets; `null` where the mail has none or came to nothing.
    message_id: Option<&'a str>,
    /// In octets, once it was known.
    size: Option<u64>,
    /// As a person would write it.
    server: Option<&'a str>,
    /// What the program exits with.
    exit: u8,
    recipients: Vec<Recipient<'a>>,
    /// What kept the mail from being sent at all.
    error: Option<Error<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<&'a [Line]>,
    /// What became of the copy for the folder of sent mail, where one was to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_copy: Option<&'a Filed>,
}

#[derive(Serialize)]
struct Recipient<'a> {
    address: &'a str,
    /// `accepted`, `deferred`, `rejected`, `in_doubt`.
    verdict: &'static str,
    code: Option<u16>,
    enhanced: Option<String>,
    /// The server's words.
    reply: Option<&'a str>,
    /// Where it failed.
    stage: Option<&'static str>,
    /// Why, where the server did not say it.
    cause: Option<String>,
    /// What to do next.
    remedy: Option<String>,
    /// The remedy's stable name.
    remedy_id: Option<&'static str>,
}

#[derive(Serialize)]
struct Error<'a> {
    what: &'a str,
    next: &'a str,
}

/// What there is to report on a mail that a server was spoken to about.
pub(super) struct Facts<'a> {
    pub(super) message_id: Option<&'a str>,
    pub(super) size: Option<u64>,
    pub(super) server: &'a str,
    pub(super) delivery: &'a Delivery,
    pub(super) provider: Option<&'a Provider>,
    pub(super) transcript: Option<&'a [Line]>,
    pub(super) copy: Option<&'a Filed>,
}

/// Prints the object on a delivery.
pub(super) fn delivery(facts: &Facts<'_>, exit: Exit) {
    let language = Language::of_the_environment();
    let each = facts.delivery.each.iter();
    print(&Report {
        message_id: facts.message_id.map(bare),
        size: facts.size,
        server: Some(facts.server),
        exit: exit as u8,
        recipients: each
            .map(|(address, verdict)| recipient(address.as_str(), verdict, facts.provider, language))
            .collect(),
        error: None,
        transcript: facts.transcript,
        sent_copy: facts.copy,
    });
}

/// Prints the object on a mail that could not even be tried.
pub(in crate::cli) fn trouble(trouble: &Trouble) {
    let (exit, what, next) = trouble.parts(Language::of_the_environment());
    print(&Report {
        message_id: None,
        size: None,
        server: None,
        exit: exit as u8,
        recipients: Vec::new(),
        error: Some(Error { what, next }),
        transcript: None,
        sent_copy: None,
    });
}

fn print(report: &Report<'_>) {
    let mut out = io::stdout().lock();
    // The exit code tells what happened even where nobody reads this.
    let _ = json::pretty(&mut out, report).and_then(|()| out.flush());
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn recipient<'a>(
    address: &'a str,
    verdict: &'a Verdict,
    provider: Option<&Provider>,
    language: Language,
) -> Recipient<'a> {
    let failure = verdict.failure();
    let reply = match verdict {
        Verdict::Accepted(reply) => Some(reply),
        _ => failure.and_then(|failure| failure.reply.as_ref()),
    };
    let remedy = verdict.remedy(provider);
    Recipient {
        address,
        verdict: verdict.name(),
        code: reply.map(|reply| reply.code.get()),
        enhanced: reply.and_then(|reply| reply.enhanced).map(|enhanced| enhanced.to_string()),
        reply: reply.map(|reply| reply.text.as_str()),
        stage: failure.map(|failure| stage(failure.stage)),
        cause: failure.filter(|failure| failure.cause.is_some()).map(|failure| why(failure, language)),
        remedy_id: remedy.as_ref().map(|remedy| remedy.id),
        remedy: remedy.map(|remedy| language.choose(remedy.en, remedy.zh)),
    }
}

/// A stable name.
fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Prepare => "prepare",
        Stage::Resolve => "resolve",
        Stage::Connect => "connect",
        Stage::Greeting => "greeting",
        Stage::Hello => "hello",
        Stage::StartTls => "tls",
        Stage::Auth => "auth",
        Stage::Mail => "mail",
        Stage::Rcpt => "rcpt",
        Stage::Data => "data",
        Stage::Content => "content",
        Stage::End => "end",
        Stage::Capability => "capability",
        Stage::Select => "select",
        Stage::List => "list",
        Stage::Fetch => "fetch",
        Stage::Delete => "delete",
        Stage::Store => "store",
        Stage::Idle => "idle",
        Stage::Quit => "quit",
    }
}

/// Says between whom a mail that is only shown would go.
pub(in crate::cli) fn envelope(command: &str, envelope: &Envelope) {
    let from = envelope.from.as_ref().map_or(String::new(), |from| safe(from.as_str()));
    let to: Vec<String> = envelope.to.iter().map(|to| safe(to.address.as_str())).collect();
    let to = to.join(", ");
    tell(&Language::of_the_environment().choose(
        format!("{command}: not sent. It would go from {from} to {to}"),
        format!("{command}：没有发送。发件人将是 {from}，收件人将是 {to}"),
    ));
}
