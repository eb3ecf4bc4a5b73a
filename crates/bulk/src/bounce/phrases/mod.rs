//! What servers write, as phrases: more exact than their codes, and the same from one server to the next.
//!
//! [`refusals`] has what says who or what is refused, [`failures`] what says that a mailbox or a server fails. Phrases are in lower
//! case, in words as [`normal`] leaves them; `*` stands for up to [`GAP`] octets of anything.

mod failures;
mod nobody;
mod refusals;

use super::reason::Reason;

/// Phrases that all mean one reason.
type Said = (Reason, &'static [&'static str]);

/// How far apart the halves of a phrase may stand, in octets.
const GAP: usize = 80;

/// Octets of a text that phrases are looked for in. Reports say why within their first screen.
const MOST: usize = 32 << 10;

/// The reason that a text names in words that can mean one thing only. What says most is looked for first, so that "relay
/// access denied" is not taken for "access denied", and "mailbox for X is full" not for "no mailbox".
pub(super) fn exact(normal: &str) -> Option<Reason> {
    first(normal, refusals::EXACT.iter().chain(failures::EXACT))
}

/// The reason that a text names in words that stand in other reports as well.
pub(super) fn broad(normal: &str) -> Option<Reason> {
    first(normal, refusals::BROAD.iter().chain(failures::BROAD))
}

fn first<'s>(normal: &str, mut groups: impl Iterator<Item = &'s Said>) -> Option<Reason> {
    let text = &normal[..normal.floor_char_boundary(MOST.min(normal.len()))];
    groups.find(|(_, said)| said.iter().any(|phrase| holds(text, phrase))).map(|(reason, _)| *reason)
}

/// Whether a text holds a phrase.
pub(super) fn holds(text: &str, phrase: &str) -> bool {
    let Some((head, rest)) = phrase.split_once('*') else {
        return text.contains(phrase);
    };
    text.match_indices(head).any(|(at, _)| {
        let after = &text[at + head.len()..];
        let within = after.floor_char_boundary((GAP + rest.len()).min(after.len()));
        holds(&after[..within], rest)
    })
}

/// A text as phrases are written: lower case, single blanks, straight quotes, `¶` between paragraphs; without addresses, links, enhanced codes and
/// the codes that stand on every line of a long reply, since those have words in them that nobody said.
pub(super) fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len().min(MOST + MOST / 4));
    let mut paragraphs = 0;
    for line in text.lines() {
        if line.trim().is_empty() {
            paragraphs += 1;
        } else {
            if paragraphs > 0 && !normal.is_empty() {
                normal.push_str(" ¶");
            }
            paragraphs = 0;
            add_words(line, &mut normal);
        }
    }
    normal
}

fn add_words(line: &str, normal: &mut String) {
    for word in line.split_whitespace() {
        if normal.len() > MOST {
            break;
        }
        let lower = word.to_lowercase().replace(['’', '‘', '`'], "'");
        let kept = match () {
            () if is_continued_code(&lower) || is_enhanced_code(&lower) => continue,
            () if lower.contains("://") => link(&lower),
            () if lower.contains('@') => without_address(&lower),
            () => lower,
        };
        if kept.is_empty() {
            continue;
        }
        let joins = normal.is_empty() || (is_wide(normal) && is_wide_start(&kept));
        if !joins {
            normal.push(' ');
        }
        normal.push_str(&kept);
    }
}

/// `550-`, `550-5.7.26`.
fn is_continued_code(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 4
        && matches!(bytes[0], b'2' | b'4' | b'5')
        && bytes[1..3].iter().all(u8::is_ascii_digit)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `5.7.26`, `#5.1.1`, `(5.1.1)`.
fn is_enhanced_code(word: &str) -> bool {
    let bare = word.trim_matches(['(', ')', '#', ':', ';', '[', ']']);
    bare.len() >= 5
        && bare.starts_with(['2', '4', '5'])
        && bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && bare.matches('.').count() == 2
}

/// What Google names the cause with, and what its groups answer with in fifty languages: `https://support.google.com/mail/?p=nosuchuser`.
fn link(word: &str) -> String {
    match word.find("?p=") {
        Some(at) => word[at..].to_owned(),
        None if word.contains("groups.google.com") => "groups.google.com".into(),
        None => String::new(),
    }
}

/// `<a@example.org>...` as `<@>...`.
fn without_address(word: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "@.-_+=/!#$%&*?^{|}~'".contains(c);
    let mut kept = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('@') {
        let start = rest[..at]
            .rfind(|c| !is_part(c))
            .map_or(0, |before| before + rest[before..].chars().next().map_or(1, char::len_utf8));
        let end = at + rest[at..].find(|c| !is_part(c)).unwrap_or(rest.len() - at);
        kept.push_str(&rest[..start]);
        kept.push('@');
        // The dots of `<a@example.org>...` belong to the text, but those of `a@example.org...` are no loss.
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

/// Chinese and Japanese are written without blanks: a line break between their characters is no blank.
fn is_wide(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| c >= '\u{2e80}')
}

fn is_wide_start(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c >= '\u{2e80}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_was_said() {
        let cases = [
            (
                "550-5.7.26 not accepted due to domain's\n550-5.7.26 DMARC policy",
                "not accepted due to domain's dmarc policy",
            ),
            ("<mailbox-full@example.org>:  Host or\r\n domain  name", "<@>: host or domain name"),
            ("see https://example.org/spam/?x=1 now", "see now"),
            ("450 4.2.2 The recipient’s inbox", "450 the recipient's inbox"),
            ("https://support.google.com/mail/?p=NoSuchUser x", "?p=nosuchuser x"),
            ("邮箱\n已满", "邮箱已满"),
            ("user unknown\n\nhost x", "user unknown ¶ host x"),
        ];
        for (text, wanted) in cases {
            assert_eq!(normal(text), wanted);
        }
    }

    #[test]
    fn a_phrase_may_have_a_gap_of_some_octets() {
        assert!(holds("the mailbox of this person is full now", "mailbox*is full"));
        assert!(!holds("is full: the mailbox", "mailbox*is full"));
        let far = format!("mailbox {} is full", "x".repeat(200));
        assert!(!holds(&far, "mailbox*is full"));
        assert!(holds("邮箱：某人的空间已满", "邮箱*已满"));
    }

    #[test]
    fn every_phrase_is_written_as_texts_are_made_normal() {
        for (reason, said) in
            [refusals::EXACT, refusals::BROAD, failures::EXACT, failures::BROAD].into_iter().flatten()
        {
            for phrase in *said {
                assert!(!phrase.is_empty(), "{reason}");
                assert_eq!(&phrase.to_lowercase(), phrase, "{reason}");
                assert!(
                    !phrase.contains(['@', '’']) || phrase.contains("@ ") || phrase.contains("<@>"),
                    "{reason}: {phrase}"
                );
            }
        }
    }

    /// What real servers write, one line a server: the phrase that decides is the one that a person would name.
    #[test]
    fn servers_are_understood() {
        use Reason::*;
        let cases: &[(&str, Reason)] = &[
            (
                "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in local recipient table",
                NoSuchUser,
            ),
            ("550-5.1.1 The email account that you tried to reach does not exist. Please try", NoSuchUser),
            (
                "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728",
                NoSuchUser,
            ),
            ("550 User not found: a@163.com", NoSuchUser),
            ("550 RP:TRC Requested action not taken: mailbox unavailable", NoSuchUser),
            ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", NoSuchUser),
            (
                "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]",
                NoSuchUser,
            ),
            ("Benutzer unbekannt", NoSuchUser),
            ("收件人地址不存在", NoSuchUser),
            ("宛先のメールアドレスが見つかりません", NoSuchUser),
            ("550 Mailbox has been disabled. Please contact the administrator", MailboxInactive),
            ("554 5.2.1 该邮箱已被停用", MailboxInactive),
            ("552 5.2.2 The email account that you tried to reach is over quota", MailboxFull),
            ("550 Mailbox is full / Blocks limit exceeded / Inode limit exceeded", MailboxFull),
            ("452-4.2.2 The recipient's inbox is out of storage space", MailboxFull),
            ("收件人的邮箱空间不足", MailboxFull),
            ("552 5.3.4 Message size exceeds fixed limit", TooLarge),
            ("552 Requested mail action aborted: exceeded mailsize limit", TooLarge),
            ("550 Ip frequency limited [x]", SlowDown),
            ("421 4.7.28 Our system has detected an unusual rate of unsolicited mail", SlowDown),
            ("450 MI:DMC mx30, please visit http://mail.163.com/help/help_spam_16.htm", SlowDown),
            ("550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Spamhaus", Blocked),
            ("554 DT:SPM 163 smtp5", Policy),
            ("550 Mail content denied. http://service.mail.qq.com/", Policy),
            ("554 5.7.1 <a@example.org>: Relay access denied", Relaying),
            ("550 5.7.26 This mail is unauthenticated: SPF did not pass", Authentication),
            ("550 DMARC check failed.", Authentication),
            (
                "Host or domain name not found. Name service error for name=example.org type=MX: Host not found",
                NoSuchHost,
            ),
            ("connect to example.org[192.0.2.1]:25: Connection timed out", Unreachable),
            ("retry timeout exceeded", Unreachable),
            ("Domain example.org does not accept mail (nullMX)", AcceptsNoMail),
            ("451 4.3.0 Error: queue file write error", ServerError),
            (
                "552 5.7.0 This message was blocked because its content presents a potential security issue",
                Policy,
            ),
            ("550 Virus detected: Eicar-Test-Signature", Virus),
        ];
        for (text, wanted) in cases {
            let text = normal(text);
            assert_eq!(exact(&text).or_else(|| broad(&text)), Some(*wanted), "{text}");
        }
    }
}
