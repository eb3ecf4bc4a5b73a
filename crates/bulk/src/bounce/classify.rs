//! From what was said of a recipient to a reason: words before codes, exact before loose, near before far.

use hongyan_proto::reply::Enhanced;

use super::codes::{self, Stage, Weight};
use super::phrases;
use super::reason::Reason;

/// All that was said of one recipient.
#[derive(Debug, Default)]
pub(super) struct Said<'s> {
    /// The server's answer: Diagnostic-Code, or the like.
    pub(super) diagnostic: &'s str,
    /// The report's status, which is often the reporting server's own and says little.
    pub(super) status: Option<Enhanced>,
    /// What stands behind it.
    pub(super) comment: &'s str,
    /// What the report says to people.
    pub(super) words: &'s str,
    /// Whether it is not given up yet.
    pub(super) delayed: bool,
    /// What `Action` says.
    pub(super) action: &'s str,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) reason: Reason,
    pub(super) hard: bool,
    /// Whether it was said in words or in a code that means nothing else.
    pub(super) exact: bool,
    /// Whether a temporary code was given.
    pub(super) temporary: bool,
    /// The code that says most.
    pub(super) status: Option<Enhanced>,
    pub(super) code: Option<u16>,
}

/// Decides.
pub(super) fn classify(said: &Said<'_>) -> Finding {
    let answers = answers(said.words);
    let diagnostic = phrases::normal(said.diagnostic);
    let answered = phrases::normal(&answers);
    let words = phrases::normal(said.words);
    let stage = Stage::of(&diagnostic).or_else(|| Stage::of(&words));

    let mut statuses = codes::statuses(said.diagnostic);
    statuses.extend(codes::statuses(&answers));
    statuses.extend(said.status);
    statuses.extend(codes::statuses(said.words));
    statuses.retain(|status| status.class != 2);
    let code = codes::reply_code(said.diagnostic).or_else(|| codes::reply_code(&answers));
    let status = statuses.iter().copied().find(|status| !is_vague(*status)).or(statuses.first().copied());
    let temporary = is_temporary(said, status, code);

    let by_code = |weight| {
        statuses.iter().find_map(|status| {
            codes::of_status(*status, stage).filter(|(_, found)| *found == weight).map(|(reason, _)| reason)
        })
    };
    let comment = phrases::normal(said.comment);
    let exact_code = by_code(Weight::Exact);
    let found = phrases::exact(&diagnostic)
        .or_else(|| phrases::exact(&answered))
        .or_else(|| phrases::exact(&comment))
        .or(exact_code)
        .or_else(|| phrases::broad(&diagnostic))
        .or_else(|| phrases::exact(&words))
        .or_else(|| phrases::broad(&answered))
        .or_else(|| phrases::broad(&comment))
        .or_else(|| phrases::broad(&words))
        .map(|reason| (reason, true))
        .or_else(|| Some((by_code(Weight::Loose)?, false)))
        .or_else(|| Some((codes::of_reply(code?, stage)?, false)))
        .or_else(|| (said.delayed || said.action == "expired").then_some((Reason::Unreachable, false)));
    let (reason, exact) = found.unwrap_or((Reason::Undetermined, false));
    let reason = match reason {
        Reason::NoSuchUser if exact_code != Some(Reason::NoSuchUser) => {
            whose_user(stage, &statuses, code, &words)
        }
        // A name server's word under a temporary code is what it says.
        Reason::NoSuchHost if temporary && said.status.is_none_or(|status| status.class == 4) => {
            Reason::Unreachable
        }
        reason => reason,
    };
    let hard = reason.is_hard() && !(reason == Reason::AcceptsNoMail && temporary);
    Finding { reason, hard, exact, temporary, status, code }
}

/// What "user unknown" means: in answer to RCPT, that there is none. In answer to the message, that a server which knew the
/// mailbox a moment ago does not want this one for it; and so it is taken where a server is quoted and nothing says what it
/// answered, unless the code is about the address. In the greeting and at MAIL it is about who sends.
fn whose_user(stage: Option<Stage>, statuses: &[Enhanced], code: Option<u16>, words: &str) -> Reason {
    const NO_ADDRESS: [&str; 6] = [
        "address not found",
        "couldn't be found",
        "could not be found",
        "has rejected address",
        "invalid user address",
        "address unknown",
    ];
    let is_about_address = statuses.iter().any(|status| status.subject == 1);
    let is_about_mailbox = statuses.first().is_some_and(|status| status.subject == 2);
    match stage {
        Some(Stage::Rcpt) => Reason::NoSuchUser,
        Some(Stage::Mail | Stage::Hello | Stage::Connect) => Reason::Blocked,
        Some(Stage::Data) => Reason::Filtered,
        None if is_about_address => Reason::NoSuchUser,
        None if is_about_mailbox => Reason::Filtered,
        None if NO_ADDRESS.iter().any(|said| words.contains(said)) => Reason::NoSuchUser,
        None if code.is_some() => Reason::Filtered,
        None => Reason::NoSuchUser,
    }
}

fn is_temporary(said: &Said<'_>, status: Option<Enhanced>, code: Option<u16>) -> bool {
    said.delayed
        || status.is_some_and(|status| status.class == 4)
        || said.status.is_some_and(|status| status.class == 4)
        || code.is_some_and(|code| code < 500)
}

/// `5.0.0` and its like: that it failed, and no more.
fn is_vague(status: Enhanced) -> bool {
    matches!((status.subject, status.detail), (0, _) | (5, 0) | (3, 0) | (4, 0))
}

/// The lines of a text in which a server is quoted: those with a reply code in them, and what they go on with.
fn answers(words: &str) -> String {
    let mut answers = String::new();
    let mut quoting = false;
    for line in words.lines().take(MAX_LINES) {
        let line = line.trim();
        if line.is_empty() {
            quoting = false;
            answers.push('\n');
        } else if codes::reply_code(line).is_some() || !codes::statuses(line).is_empty() {
            quoting = true;
        }
        if quoting {
            answers.push_str(line);
            answers.push('\n');
        }
    }
    answers
}

/// Lines of a report in which answers are looked for.
const MAX_LINES: usize = 2_000;
