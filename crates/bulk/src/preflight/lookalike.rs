//! Addresses that are valid and nevertheless wrong: domains with typing errors, letters of other scripts that look
//! alike, characters that cannot be seen, mailboxes that no person reads.
//!
//! Tables, not distances: `gmx.com` is one letter from `gmail.com`, and an existing domain must never be doubted.

/// Typing errors of large providers that were seen in sign-up forms, and what was meant. Domains that mail providers
/// have registered for themselves are not among them.
const TYPOS: &[(&str, &str)] = &[
    ("gmial.com", "gmail.com"),
    ("gamil.com", "gmail.com"),
    ("gmai.com", "gmail.com"),
    ("gmal.com", "gmail.com"),
    ("gmali.com", "gmail.com"),
    ("gmaill.com", "gmail.com"),
    ("gmil.com", "gmail.com"),
    ("gnail.com", "gmail.com"),
    ("gmaul.com", "gmail.com"),
    ("gmqil.com", "gmail.com"),
    ("ggmail.com", "gmail.com"),
    ("gmail.co", "gmail.com"),
    ("gmail.cm", "gmail.com"),
    ("gmail.om", "gmail.com"),
    ("gmail.cn", "gmail.com"),
    ("gmail.com.cn", "gmail.com"),
    ("hotmial.com", "hotmail.com"),
    ("hotmal.com", "hotmail.com"),
    ("hotmai.com", "hotmail.com"),
    ("hotamil.com", "hotmail.com"),
    ("hotmil.com", "hotmail.com"),
    ("hotmail.co", "hotmail.com"),
    ("hotmail.cm", "hotmail.com"),
    ("outlok.com", "outlook.com"),
    ("outllok.com", "outlook.com"),
    ("outloook.com", "outlook.com"),
    ("outlook.co", "outlook.com"),
    ("outlook.cm", "outlook.com"),
    ("yaho.com", "yahoo.com"),
    ("yahooo.com", "yahoo.com"),
    ("yhaoo.com", "yahoo.com"),
    ("yahoo.co", "yahoo.com"),
    ("yahoo.cm", "yahoo.com"),
    ("iclould.com", "icloud.com"),
    ("icoud.com", "icloud.com"),
    ("iclod.com", "icloud.com"),
    ("icloud.co", "icloud.com"),
    ("icloud.cn", "icloud.com"),
    ("qq.cm", "qq.com"),
    ("qq.co", "qq.com"),
    ("qq.cn", "qq.com"),
    ("qq.om", "qq.com"),
    ("qqq.com", "qq.com"),
    ("qq.com.cn", "qq.com"),
    ("foxmial.com", "foxmail.com"),
    ("foxmai.com", "foxmail.com"),
    ("foxmail.cn", "foxmail.com"),
    ("163.cm", "163.com"),
    ("163.co", "163.com"),
    ("163.cn", "163.com"),
    ("163.com.cn", "163.com"),
    ("162.com", "163.com"),
    ("126.cm", "126.com"),
    ("126.co", "126.com"),
    ("126.cn", "126.com"),
    ("aliyun.cn", "aliyun.com"),
    ("sina.co", "sina.com"),
    ("sian.com", "sina.com"),
    ("souhu.com", "sohu.com"),
    ("yeah.com", "yeah.net"),
    ("139.cn", "139.com"),
    ("189.com", "189.cn"),
];

/// Ends that are no top-level domains, and what was meant.
const ENDS: &[(&str, &str)] = &[
    ("con", "com"),
    ("cmo", "com"),
    ("ocm", "com"),
    ("comm", "com"),
    ("coom", "com"),
    ("vom", "com"),
    ("xom", "com"),
    ("cpm", "com"),
    ("cim", "com"),
    ("c0m", "com"),
    ("come", "com"),
    ("ner", "net"),
    ("nte", "net"),
    ("ogr", "org"),
    ("cnn", "cn"),
];

/// The domain that was probably meant; `None` where nothing is wrong with this one.
pub(super) fn meant(domain: &str) -> Option<String> {
    let domain = domain.to_ascii_lowercase();
    if let Some((_, right)) = TYPOS.iter().find(|(wrong, _)| *wrong == domain) {
        return Some((*right).to_owned());
    }
    let (name, end) = domain.rsplit_once('.')?;
    let (_, right) = ENDS.iter().find(|(wrong, _)| *wrong == end)?;
    Some(format!("{name}.{right}"))
}

/// Whether nobody reads what is sent there.
pub(super) fn unread(local: &str) -> bool {
    const NOBODY: &[&str] = &[
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "mailer-daemon",
        "bounce",
        "bounces",
        "devnull",
    ];
    NOBODY.iter().any(|name| local.eq_ignore_ascii_case(name))
}

/// What is wrong with how an address looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// It holds this character, which shows as nothing or as a blank.
    Unseen(char),
    /// It holds this letter, which looks like a Latin one, among Latin letters.
    Mixed(char),
    /// All of its letters look like Latin ones, and none is.
    Disguised(char),
}

/// Looks at the local part and at each label of the domain on its own, as readers do.
pub(super) fn looks(address: &str) -> Option<Looks> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    std::iter::once(local).chain(domain.split('.')).find_map(piece)
}

fn piece(text: &str) -> Option<Looks> {
    if text.is_ascii() {
        return None;
    }
    if let Some(c) = text.chars().find(|&c| unseen(c)) {
        return Some(Looks::Unseen(c));
    }
    let twin = text.chars().find(|&c| twins_latin(c))?;
    if text.chars().any(|c| c.is_ascii_alphabetic()) {
        return Some(Looks::Mixed(twin));
    }
    let letters = text.chars().filter(|c| c.is_alphabetic());
    letters.into_iter().all(twins_latin).then_some(Looks::Disguised(twin))
}

/// Blanks that are none, joiners, marks of direction.
fn unseen(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Cyrillic, Greek and full-width letters that look like Latin ones (from the confusables of UTS #39).
fn twins_latin(c: char) -> bool {
    "аеорсхуіјѕһԁԛԝӏАВЕЗІЈКМНОРСТУХҮαικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ".contains(c)
        || matches!(c, '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' | '\u{ff10}'..='\u{ff19}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_of_a_large_provider_is_recognised_and_no_existing_one_is_doubted() {
        for (domain, right) in [
            ("gmial.com", Some("gmail.com")),
            ("QQ.con", Some("qq.com")),
            ("163.con", Some("163.com")),
            ("example.ocm", Some("example.com")),
            ("gmail.com", None),
            ("qq.com", None),
            ("gmx.com", None),
            ("mail.com", None),
            ("example.co", None),
            ("example.cm", None),
            ("vip.qq.com", None),
            ("localhost", None),
        ] {
            assert_eq!(meant(domain).as_deref(), right, "{domain}");
        }
    }

    #[test]
    fn no_domain_of_a_known_provider_is_in_the_table() {
        for domain in hongyan_proto::provider::PROVIDERS.iter().flat_map(|provider| provider.domains) {
            assert_eq!(meant(domain), None, "{domain}");
        }
    }

    #[test]
    fn letters_of_another_script_among_latin_ones_are_seen() {
        for (address, expected) in [
            ("zhang@example.org", None),
            ("张三@例子.中国", None),
            ("zhang三@example.org", None),
            ("иван@пример.рф", None),
            ("zhаng@example.org", Some(Looks::Mixed('а'))),
            ("a@gооgle.com", Some(Looks::Mixed('о'))),
            ("a@аррӏе.com", Some(Looks::Disguised('а'))),
            ("a\u{200b}b@example.org", Some(Looks::Unseen('\u{200b}'))),
            ("a@exa\u{ad}mple.org", Some(Looks::Unseen('\u{ad}'))),
            ("ｚhang@example.org", Some(Looks::Mixed('ｚ'))),
        ] {
            assert_eq!(looks(address), expected, "{address:?}");
        }
        assert!(unread("No-Reply") && !unread("noreply.zhang"));
    }
}
