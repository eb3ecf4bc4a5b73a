//! What codes say: enhanced status codes (RFC 3463, 5248, 7372, 7505, 8616), SMTP replies (RFC 5321), and finding both in
//! what a server wrote.

use hongyan_proto::reply::Enhanced;

use super::reason::Reason;

/// Which part of a conversation a server's words answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The connection itself, or its greeting.
    Connect,
    /// HELO or EHLO.
    Hello,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, BDAT, or the message.
    Data,
}

impl Stage {
    /// What a report says of it; the last that is named in these words, which are in lower case.
    pub(super) fn of(words: &str) -> Option<Self> {
        const SAID: [(&str, Stage); 46] = [
            ("in reply to rcpt to", Stage::Rcpt),
            ("in reply to mail from", Stage::Mail),
            ("in reply to end of data", Stage::Data),
            ("in reply to data", Stage::Data),
            ("in reply to helo", Stage::Hello),
            ("in reply to ehlo", Stage::Hello),
            ("while performing the helo", Stage::Hello),
            ("while performing the ehlo", Stage::Hello),
            ("after rcpt to", Stage::Rcpt),
            ("after mail from", Stage::Mail),
            ("after end of data", Stage::Data),
            ("after data", Stage::Data),
            ("after pipelined end of data", Stage::Data),
            ("after ehlo", Stage::Hello),
            ("after helo", Stage::Hello),
            ("after initial connection", Stage::Connect),
            (">>> rcpt to", Stage::Rcpt),
            (">>> mail from", Stage::Mail),
            (">>> data", Stage::Data),
            (">>> bdat", Stage::Data),
            (">>> .", Stage::Data),
            (">>> ehlo", Stage::Hello),
            (">>> helo", Stage::Hello),
            ("failed after i sent the message", Stage::Data),
            ("does not like recipient", Stage::Rcpt),
            ("rcpt to response", Stage::Rcpt),
            ("[rcpt_to]", Stage::Rcpt),
            ("[mail_from]", Stage::Mail),
            ("[data]", Stage::Data),
            ("my name was rejected", Stage::Hello),
            ("but sender was rejected", Stage::Mail),
            ("but greeting failed", Stage::Connect),
            ("did not like our rcpt to", Stage::Rcpt),
            ("did not like our mail from", Stage::Mail),
            ("refused to talk to me", Stage::Connect),
            ("did not like our final data", Stage::Data),
            ("did not like our bdat", Stage::Data),
            ("did not like our data", Stage::Data),
            ("failed on data", Stage::Data),
            ("rejected recipient", Stage::Rcpt),
            ("following rcpt command", Stage::Rcpt),
            ("smtp:rcpt", Stage::Rcpt),
            ("smtp command rcpt", Stage::Rcpt),
            ("smtp command data", Stage::Data),
            ("smtp transmission failure", Stage::Data),
            ("smtp command mail", Stage::Mail),
        ];
        let found = SAID.iter().filter_map(|(said, stage)| Some((words.rfind(said)?, *stage)));
        found.max_by_key(|(at, _)| *at).map(|(_, stage)| stage)
    }
}

/// How much a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// This and nothing else.
    Exact,
    /// Servers use it for this and for other things.
    Loose,
}

/// What an enhanced status code means; `None` where it says no more than "failed".
pub(super) fn of_status(status: Enhanced, stage: Option<Stage>) -> Option<(Reason, Weight)> {
    use Reason::*;
    use Weight::*;
    Some(match (status.subject, status.detail) {
        (1, 0) if stage == Some(Stage::Mail) => (Blocked, Loose),
        (1, 0) => (NoSuchUser, Loose),
        (1, 1) => (NoSuchUser, Exact),
        (1, 2) => (NoSuchHost, Exact),
        (1, 3) => (NoSuchUser, Loose),
        (1, 4) => (Filtered, Loose),
        (1, 5) => return None,
        (1, 6) => (Moved, Exact),
        (1, 7 | 8) => (Blocked, Exact),
        (1, 9) => (ServerError, Loose),
        (1, 10) => (AcceptsNoMail, Exact),
        (1, 351) => (NoSuchUser, Exact),
        (2, 0) => (Filtered, Loose),
        (2, 1) if status.class == 5 => (MailboxInactive, Loose),
        (2, 2) => (MailboxFull, Exact),
        (2, 3) => (TooLarge, Exact),
        (2, 4) => (Filtered, Loose),
        (3, 1) => (ServerError, Loose),
        (3, 2) if status.class == 5 => (AcceptsNoMail, Loose),
        (3, 4) => (TooLarge, Exact),
        (3, 0 | 2 | 3 | 5) => (ServerError, Loose),
        (4, 0 | 1 | 2 | 7 | 8) => (Unreachable, Loose),
        (4, 3) => (ServerError, Loose),
        (4, 4) if status.class == 5 => (NoSuchHost, Loose),
        (4, 4 | 5) => (Unreachable, Loose),
        (4, 6) => (Unreachable, Loose),
        (4, 310 | 316 | 317) => (Unreachable, Loose),
        (4, 14) => (Unreachable, Loose),
        (5, 3) => (SlowDown, Loose),
        (5, 2 | 4) => (Syntax, Loose),
        (5, 1 | 5) => (ServerError, Loose),
        (6, 0) => (Content, Loose),
        (6, _) => (Content, Exact),
        (7, 20..=24 | 26 | 30) => (Authentication, Exact),
        (7, 25) => (Blocked, Exact),
        (7, 27) => (AcceptsNoMail, Exact),
        (7, 28) => (SlowDown, Loose),
        (7, 13) => (MailboxInactive, Exact),
        (7, 509 | 515) => (Authentication, Exact),
        (7, 500..=508 | 510..=514 | 516..=799) => (Blocked, Loose),
        (7, 4) => (Relaying, Loose),
        (7, _) => (Policy, Loose),
        _ => return None,
    })
}

/// What an SMTP code means in answer to a command; always loosely. 550 is RFC 5321's "mailbox unavailable", whatever
/// for: without words, what it answered is all there is to go by.
pub(super) fn of_reply(code: u16, stage: Option<Stage>) -> Option<Reason> {
    use Reason::*;
    use Stage::*;
    Some(match (code, stage) {
        (521 | 556, _) => AcceptsNoMail,
        (525, _) => MailboxInactive,
        (422 | 452 | 552, Some(Rcpt)) => MailboxFull,
        (552, Some(Mail)) => TooLarge,
        (552, None) => MailboxFull,
        (551, None | Some(Rcpt)) => Moved,
        (550 | 551 | 553, Some(Mail)) | (501 | 550 | 554, Some(Connect | Hello)) => Blocked,
        (550 | 553, None | Some(Rcpt)) => NoSuchUser,
        (530 | 535 | 538, _) => Policy,
        (550 | 551 | 553, Some(Data)) => Filtered,
        (500..=504 | 555, _) => Syntax,
        (421 | 441 | 442 | 447, _) => Unreachable,
        (450, _) => Unreachable,
        (451 | 452 | 454 | 455, _) => ServerError,
        (554, Some(Mail)) => Blocked,
        (554, Some(Data)) => Policy,
        _ => return None,
    })
}

/// The enhanced status codes in a text, in order: `5.1.1`, `#5.1.1`, `550-5.1.1`, `(5.1.1)`. An IP address or a version is
/// none: a code has three numbers, the first of which is 2, 4 or 5.
pub(super) fn statuses(text: &str) -> Vec<Enhanced> {
    const MOST: usize = 64;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < MOST {
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
            at += 1;
        }
        if start == at {
            at += 1;
            continue;
        }
        let before = start.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at).copied();
        let apart = before.is_none_or(|byte| b" \t(#-;:'\"[<,=\n".contains(&byte))
            && after.is_none_or(|byte| b" \t);:,'\"]><-\n\r/".contains(&byte));
        let word = text[start..at].trim_end_matches('.');
        if apart
            && word.len() >= 5
            && let Some((status, "")) = Enhanced::split(word)
        {
            found.push(status);
        }
    }
    found
}

/// The SMTP reply code that a text holds: three digits, 4yz or 5yz, apart from anything else; the first one.
pub(super) fn reply_code(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(2)).find_map(|at| {
        let code = &bytes[at..at + 3];
        if !matches!(code[0], b'4' | b'5') || !(b'0'..=b'5').contains(&code[1]) || !code[2].is_ascii_digit() {
            return None;
        }
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + 3).copied();
        let apart = before.is_none_or(|byte| b" \t(:;<[\"'\n>=".contains(&byte))
            && after.is_none_or(|byte| b" \t-:)]\"'\n\r,;".contains(&byte));
        // `550 days`, `port 425`: what follows a code is a text, an enhanced code or a dash.
        apart.then(|| (code[0] - b'0') as u16 * 100 + (code[1] - b'0') as u16 * 10 + (code[2] - b'0') as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_three_numbers_apart_from_anything_else() {
        let found = |text| statuses(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("550 5.1.1 <a@example.org> unknown"), ["5.1.1"]);
        assert_eq!(found("no host named example.org. (#5.1.2)"), ["5.1.2"]);
        assert_eq!(found("550-5.7.26 The MAIL FROM domain\n550-5.7.26 [a]"), ["5.7.26", "5.7.26"]);
        assert_eq!(found("server version 5.1.1.2 at 5.2.2.1, exim-4.9.2x"), [""; 0]);
        assert_eq!(found("192.0.2.1 said 3.1.1"), [""; 0]);
    }

    #[test]
    fn a_reply_code_is_three_digits_apart_from_anything_else() {
        assert_eq!(reply_code("smtp;550 5.1.1 unknown"), Some(550));
        assert_eq!(reply_code("said: 452-4.2.2 full"), Some(452));
        assert_eq!(reply_code("id 5501 at 4.550.2"), None);
        assert_eq!(reply_code("<<< 554 no"), Some(554));
        assert_eq!(reply_code(""), None);
    }

    #[test]
    fn the_last_command_that_is_named_is_the_one_answered() {
        assert_eq!(Stage::of(">>> rcpt to:<@>\n<<< 250 ok\n>>> data\n<<< 550 no"), Some(Stage::Data));
        assert_eq!(Stage::of("550 no (in reply to rcpt to command)"), Some(Stage::Rcpt));
        assert_eq!(Stage::of("no"), None);
    }
}
