//! Who a report is about, where it says so to people only: qmail, Exim, Sendmail, Exchange, Notes, the providers.
//!
//! No server's form is known here. Addresses are told by where they stand: alone on a line, at its beginning, behind `RCPT TO`
//! or "recipient"; and whoever returned the mail, whom it was returned to, and whom one may write to for help is never meant.

use super::address::{self, Found};
use super::fields::MAX_RECIPIENTS;

/// A recipient named in a report's words, and what is said of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) address: String,
    /// The lines about it; all lines where it is the only one.
    pub(super) words: String,
}

/// What is known besides the words.
pub(super) struct Known<'k> {
    /// Whom the report came to, and who sent it.
    pub(super) correspondents: &'k [String],
    /// Whom the returned message was for.
    pub(super) sent_to: &'k [String],
    /// `X-Failed-Recipients`.
    pub(super) failed: &'k [String],
}

/// The recipients that the words are about, and whether there were more than are read.
pub(super) fn named(words: &str, known: &Known<'_>) -> (Vec<Named>, bool) {
    let lines: Vec<&str> = words.lines().collect();
    let mut standing: Vec<(String, usize)> = Vec::new();
    let mut passing: Vec<(String, usize)> = Vec::new();
    let mut own: Vec<(String, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for found in address::find(line) {
            let text = found.text.trim_end_matches('.');
            let is_sent_to = known.sent_to.iter().any(|sent| address::same(sent, text));
            let is_own = holds(known.correspondents, text);
            if !is_sent_to && is_office(text) {
                continue;
            }
            let list = match place(line, &found) {
                // Whoever writes to himself and fails is named like anybody else.
                Place::Standing if is_own && !is_sent_to && line.trim_end().ends_with(':') => &mut own,
                _ if is_own && !is_sent_to => continue,
                Place::Standing => &mut standing,
                Place::Passing => &mut passing,
                Place::Sender => continue,
            };
            list.push((text.to_owned(), at));
        }
    }
    if standing.is_empty() && !passing.iter().any(|(address, _)| holds(known.sent_to, address)) {
        standing = own;
    }
    let chosen: Vec<String> = choose(&standing, &passing, known);
    let more = chosen.len() > MAX_RECIPIENTS;
    let chosen = &chosen[..chosen.len().min(MAX_RECIPIENTS)];
    (about(chosen, &lines, words), more)
}

/// Who is meant: whoever the header names; else who stands by itself; else who was sent to and is mentioned; else the only one
/// who was sent to; else the only one mentioned.
fn choose(standing: &[(String, usize)], passing: &[(String, usize)], known: &Known<'_>) -> Vec<String> {
    let unique = |list: &mut dyn Iterator<Item = &String>| {
        let mut seen: Vec<String> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        for address in list {
            if keys.insert(address.to_lowercase()) {
                seen.push(address.clone());
            }
        }
        seen
    };
    if !known.failed.is_empty() {
        return unique(&mut known.failed.iter());
    }
    let stands = unique(&mut standing.iter().map(|(address, _)| address));
    if !stands.is_empty() {
        return stands;
    }
    let mentioned = unique(&mut passing.iter().map(|(address, _)| address));
    let both: Vec<String> =
        mentioned.iter().filter(|address| holds(known.sent_to, address)).cloned().collect();
    match (both.is_empty(), known.sent_to, mentioned.as_slice()) {
        (false, _, _) => both,
        (true, [only], _) => vec![only.clone()],
        (true, [], [only]) => vec![only.clone()],
        _ => Vec::new(),
    }
}

/// The lines about each: from one that names it to one that names another, wherever.
fn about(chosen: &[String], lines: &[&str], words: &str) -> Vec<Named> {
    if let [only] = chosen {
        return vec![Named { address: only.clone(), words: words.to_owned() }];
    }
    let mut texts = vec![String::new(); chosen.len()];
    let index: std::collections::HashMap<String, usize> =
        chosen.iter().enumerate().map(|(at, address)| (address.to_lowercase(), at)).collect();
    let mut current: Option<usize> = None;
    for line in lines {
        let here = address::find(line)
            .into_iter()
            .find_map(|found| index.get(&found.text.trim_end_matches('.').to_lowercase()).copied());
        current = here.or(current);
        if let Some(at) = current {
            texts[at].push_str(line);
            texts[at].push('\n');
        }
    }
    chosen.iter().zip(texts).map(|(address, words)| Named { address: address.clone(), words }).collect()
}

/// The lines of a text about one address: from one that names it to one that names another.
pub(super) fn lines_about(words: &str, wanted: &str) -> String {
    let mut text = String::new();
    let mut about = false;
    for line in words.lines() {
        let found = address::find(line);
        if !found.is_empty() {
            about = found.iter().any(|found| address::same(found.text.trim_end_matches('.'), wanted));
        }
        if about {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// How an address stands in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// As one that the line is about.
    Standing,
    /// Somewhere in a sentence.
    Passing,
    /// As who sent, or who helps.
    Sender,
}

fn place(line: &str, found: &Found<'_>) -> Place {
    const SENDERS: [&str; 24] = [
        "mail from",
        "mail from:",
        "from:",
        "sender",
        "envelope-from",
        "return-path",
        "reply-to",
        "contact",
        "contacting",
        "assistance",
        "send mail to",
        "send a mail to",
        "write to",
        "help",
        "questions",
        "report",
        "mailto",
        "cc:",
        "size=",
        "message-id",
        "subject",
        "signed by",
        "お問い合わせ",
        "联系",
    ];
    const RECIPIENTS: [&str; 42] = [
        "userid:",
        "user id:",
        "mailbox:",
        "account:",
        "用户：",
        "用户:",
        "邮箱：",
        "地址：",
        "rcpt to:",
        "rcpt to",
        "rcpt:",
        "recipient:",
        "recipients:",
        "recipient",
        "recipient address:",
        "recipient(s):",
        "delivered to",
        "delivered to:",
        "deliver to",
        "deliver your message to",
        "deliver to:",
        "delivering your mail to",
        "delivering your message to",
        "delivering message to",
        "addressed to:",
        "address:",
        "user:",
        "unknown user:",
        "sent to",
        "message to",
        "mail to",
        "email to",
        "message for",
        "to address",
        "could not be delivered to",
        "not delivered to",
        "送信先",
        "宛先:",
        "收件人：",
        "收件人:",
        "收件人",
        "收件地址:",
    ];
    let before = line[..found.start].to_lowercase();
    let after = line[found.end..].trim_start_matches(['>', '"', '\'', ']', ')']);
    let lead = before.trim_end_matches(['<', '"', '\'', '[', '(', ' ', '\t', '*']).trim();
    let lead = lead.trim_start_matches(['-', '*', '·', '•', '>', '|', ' ', '\t', '・']);
    // `554 <a@example.org>... no`, `<<< 550 5.1.1 <a@example.org>`: codes lead, but say nothing of who.
    let coded = lead
        .trim_start_matches(['<', ' '])
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == ' ');
    if SENDERS.iter().any(|said| lead.ends_with(said))
        || before.contains("mail from:<") && !before.contains("rcpt")
    {
        return Place::Sender;
    }
    let begins = lead.is_empty() || (coded.is_empty() && line[..found.start].contains('<'));
    let numbered =
        lead.len() <= 4 && lead.trim_end_matches(['.', ')', ':']).bytes().all(|b| b.is_ascii_digit());
    let ends = after.trim().trim_matches([':', ',', ';', '.', '-']).is_empty()
        || !after.starts_with(char::is_alphanumeric);
    if ((begins || numbered) && ends) || RECIPIENTS.iter().any(|said| lead.ends_with(said)) {
        return Place::Standing;
    }
    Place::Passing
}

fn holds(list: &[String], address: &str) -> bool {
    list.iter().any(|known| address::same(known, address))
}

/// Whether an address is that of an office and not of somebody written to.
fn is_office(address: &str) -> bool {
    const OFFICES: [&str; 12] = [
        "postmaster",
        "mailer-daemon",
        "abuse",
        "mailmaster",
        "noreply",
        "no-reply",
        "helpdesk",
        "hostmaster",
        "mail-daemon",
        "mdaemon",
        "root",
        "admin",
    ];
    let local = address.split('@').next().unwrap_or_default();
    OFFICES.iter().any(|office| local.eq_ignore_ascii_case(office))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(words: &str, sent_to: &[&str]) -> Vec<String> {
        let sent_to: Vec<String> = sent_to.iter().map(ToString::to_string).collect();
        let correspondents = ["sender@example.com".to_owned()];
        let known = Known { correspondents: &correspondents, sent_to: &sent_to, failed: &[] };
        named(words, &known).0.into_iter().map(|named| named.address).collect()
    }

    #[test]
    fn whoever_stands_by_itself_is_meant() {
        let cases = [
            (
                "qmail",
                "I'm afraid I wasn't able to deliver.\n\n<a@example.org>:\n192.0.2.1 does not like recipient.\n",
            ),
            (
                "Exim",
                "The following address(es) failed:\n\n  a@example.org\n    SMTP error after MAIL FROM:<sender@example.com> SIZE=3:\n",
            ),
            (
                "Sendmail",
                "   ----- The following addresses had permanent fatal errors -----\n<a@example.org>\n    (reason: 550 no)\n",
            ),
            (
                "Exchange",
                "did not reach the following recipient(s):\n\na@example.org on Thu, 29 Apr 2010\n    not recognized\n",
            ),
            ("a transcript", ">>> RCPT To:<a@example.org>\n<<< 550 <a@example.org>... User unknown\n"),
            ("a label", "Error:\n  MAIL FROM: x@example.com\n  RCPT TO: a@example.org\n"),
            (
                "Chinese",
                "很抱歉，您的邮件被退回。\n收件人：a@example.org\n如有疑问请联系postmaster@example.net\n",
            ),
        ];
        for (what, words) in cases {
            assert_eq!(who(words, &[]), ["a@example.org"], "{what}");
        }
    }

    #[test]
    fn who_helps_is_not_meant() {
        let words = "Your message to a@example.org failed.\nFor help contact b@example.org\nor write to <postmaster@example.org>\n";
        assert_eq!(who(words, &["a@example.org"]), ["a@example.org"]);
        assert_eq!(who("It failed.\n", &["a@example.org"]), ["a@example.org"], "the only one sent to");
        assert_eq!(
            who("It failed.\n", &["a@example.org", "b@example.org"]),
            [""; 0],
            "one of two: nobody knows which"
        );
    }

    #[test]
    fn each_has_its_own_words() {
        let known = Known { correspondents: &[], sent_to: &[], failed: &[] };
        let (named, _) = named("<a@example.org>:\nmailbox full\n\n<b@example.org>:\nno such user\n", &known);
        assert_eq!(named.len(), 2);
        assert!(named[0].words.contains("full") && !named[0].words.contains("no such"));
        assert!(named[1].words.contains("no such") && !named[1].words.contains("full"));
    }
}
