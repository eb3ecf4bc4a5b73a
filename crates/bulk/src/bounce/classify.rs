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
    /// What the sending server has sorted it into.
    pub(super) category: &'s str,
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
    let quoted = quoted(said.diagnostic);
    let diagnostic = phrases::normal(quoted);
    let answered = phrases::normal(&answers);
    let words = phrases::normal(said.words);
    let stage = Stage::of(&diagnostic).or_else(|| Stage::of(&words));

    // What the other server said, and what the reporting one makes of it.
    let mut own = codes::statuses(quoted);
    own.extend(said.status);
    let mut statuses = codes::statuses(quoted);
    statuses.extend(codes::statuses(&answers));
    statuses.extend(said.status);
    statuses.extend(codes::statuses(said.words));
    statuses.retain(|status| status.class != 2);
    let code = codes::reply_code(quoted).or_else(|| codes::reply_code(&answers));
    let status = statuses.iter().copied().find(|status| !is_vague(*status)).or(statuses.first().copied());
    let temporary = is_temporary(said, status, code);

    let comment = phrases::normal(said.comment);
    let by_code = |statuses: &[Enhanced], weight| {
        let meant = statuses.iter().filter_map(|status| codes::of_status(*status, stage));
        meant.filter(|(_, found)| *found == weight).map(|(reason, _)| reason).next()
    };
    let exact_code = by_code(&statuses, Weight::Exact);
    let theirs = codes::statuses(quoted);
    let said_so = if diagnostic.is_empty() { None } else { by_code(&own, Weight::Exact) };
    let answer = phrases::exact(&diagnostic).or(said_so).or_else(|| phrases::exact(&answered));
    let found = of_category(said.category)
        .or(answer)
        .or_else(|| phrases::exact(&comment))
        .or(exact_code)
        .or_else(|| phrases::broad(&diagnostic))
        .or_else(|| denied(&diagnostic, stage))
        .or_else(|| phrases::exact(&words))
        .map(|reason| (reason, true))
        .or_else(|| Some((by_code(&own, Weight::Loose)?, false)))
        .or_else(|| Some((phrases::broad(&answered)?, true)))
        .or_else(|| Some((denied(&answered, stage)?, true)))
        .or_else(|| Some((phrases::broad(&comment).or_else(|| phrases::broad(&words))?, true)))
        .or_else(|| Some((by_code(&statuses, Weight::Loose)?, false)))
        .or_else(|| Some((codes::of_reply(code?, stage)?, false)))
        .or_else(|| (said.delayed || said.action == "expired").then_some((Reason::Unreachable, false)));
    let (reason, exact) = found.unwrap_or((Reason::Undetermined, false));
    let about = if theirs.is_empty() { &statuses } else { &theirs };
    let reason = match reason {
        Reason::NoSuchUser
            if by_code(about, Weight::Exact) != Some(reason) && of_category(said.category).is_none() =>
        {
            let is_answer = answer == Some(Reason::NoSuchUser) && code.is_some();
            whose_user(stage, about, is_answer, &[&diagnostic, &words])
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
fn whose_user(stage: Option<Stage>, statuses: &[Enhanced], is_answer: bool, texts: &[&str]) -> Reason {
    const NO_ADDRESS: [&str; 12] = [
        "542 @ rejected",
        "no such user",
        "no such recipient",
        "no such mailbox",
        "not exist",
        "mailbox unavailable",
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
        None if NO_ADDRESS.iter().any(|said| texts.iter().any(|text| text.contains(said))) => {
            Reason::NoSuchUser
        }
        None if is_answer => Reason::Filtered,
        None => Reason::NoSuchUser,
    }
}

/// What PowerMTA's categories mean.
fn of_category(category: &str) -> Option<Reason> {
    Some(match category {
        "bad-mailbox" => Reason::NoSuchUser,
        "bad-domain" => Reason::NoSuchHost,
        "quota-issues" => Reason::MailboxFull,
        "inactive-mailbox" => Reason::MailboxInactive,
        "virus-related" => Reason::Virus,
        "relaying-issues" => Reason::Relaying,
        "spam-related" | "policy-related" => Reason::Policy,
        "content-related" => Reason::Content,
        "message-expired" | "no-answer-from-host" | "bad-connection" | "routing-errors" => {
            Reason::Unreachable
        }
        _ => return None,
    })
}

/// What the other server said, where the reporting one has put words of its own before it:
/// `5.1.0 - Unknown address error 550-'5.7.1 Access denied' (delivery attempts: 0)`.
fn quoted(diagnostic: &str) -> &str {
    let Some(at) = diagnostic.find("-'").filter(|at| *at > 3 && diagnostic.contains(" - ")) else {
        return diagnostic;
    };
    let code = diagnostic.get(at - 3..at).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    code.map_or(diagnostic, |_| &diagnostic[at - 3..])
}

/// "Denied" and nothing else: at MAIL and before, it is who sends that is denied.
fn denied(text: &str, stage: Option<Stage>) -> Option<Reason> {
    let denied = text.contains("denied") || text.contains("not permitted") || text.contains("not allowed");
    denied.then_some(match stage {
        Some(Stage::Connect | Stage::Hello | Stage::Mail) => Reason::Blocked,
        _ => Reason::Policy,
    })
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
            answers.push_str(quoted(line));
            answers.push('\n');
        }
    }
    answers
}

/// Lines of a report in which answers are looked for.
const MAX_LINES: usize = 2_000;
