//! What a domain wants done with mail that comes in its name: DMARC (RFC 7489), and which domains stand for each other.

use super::lookup::{Answer, Lookup};

/// A domain's DMARC policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dmarc {
    /// Where the record stands.
    pub(super) at: String,
    /// `none`, `quarantine` or `reject`.
    pub(super) policy: String,
    /// Whether the signing domain must be the From domain itself.
    pub(super) strict_dkim: bool,
    /// Whether the reverse-path's domain must be.
    pub(super) strict_spf: bool,
}

/// The policy for a domain: its own, else its organization's.
pub(super) fn dmarc(dns: &dyn Lookup, domain: &str) -> Answer<Dmarc> {
    let organization = organization(domain);
    let mut asked = vec![domain];
    asked.extend(Some(organization).filter(|parent| *parent != domain));
    for at in asked {
        let name = format!("_dmarc.{at}");
        let texts = match dns.txt(&name) {
            Answer::Found(texts) => texts,
            Answer::Nothing => continue,
            Answer::Unanswered(why) => return Answer::Unanswered(why),
        };
        // Of two records neither counts (RFC 7489 §6.6.3).
        let mut records = texts
            .iter()
            .map(|text| tags(text))
            .filter(|tags| tags.first().is_some_and(|(name, value)| name == "v" && value == "DMARC1"));
        if let (Some(tags), None) = (records.next(), records.next()) {
            let of =
                |wanted: &str| tags.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            let policy = if at == domain { of("p") } else { of("sp").or(of("p")) };
            let strict = |tag| of(tag).is_some_and(|value| value.eq_ignore_ascii_case("s"));
            return Answer::Found(vec![Dmarc {
                at: name,
                policy: policy.unwrap_or("none").to_ascii_lowercase(),
                strict_dkim: strict("adkim"),
                strict_spf: strict("aspf"),
            }]);
        }
    }
    Answer::Nothing
}

/// `name=value; …`
fn tags(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// Ends below which domains are given to anybody, where they have more than one label: the most used ones of the public
/// suffix list. For an end that is missing here, two domains of strangers count as related: a hint less, never a false one.
const SHARED_ENDS: &[&str] = &[
    "com.cn", "net.cn", "org.cn", "gov.cn", "edu.cn", "ac.cn", "com.hk", "com.tw", "edu.tw", "org.tw",
    "com.mo", "com.sg", "co.uk", "org.uk", "ac.uk", "me.uk", "co.jp", "ne.jp", "or.jp", "ac.jp", "co.kr",
    "or.kr", "com.au", "net.au", "org.au", "edu.au", "co.nz", "co.in", "com.br", "com.mx", "com.tr",
    "com.my", "co.za", "com.ar", "com.vn", "co.th", "co.id", "com.ph",
];

/// The part of a domain that somebody registered.
pub(super) fn organization(domain: &str) -> &str {
    let end = |labels: usize| {
        let mut dots = domain.rmatch_indices('.').map(|(at, _)| at);
        dots.nth(labels - 1).map_or(domain, |at| &domain[at + 1..])
    };
    let two = end(2);
    if SHARED_ENDS.iter().any(|shared| shared.eq_ignore_ascii_case(two)) { end(3) } else { two }
}

/// Whether a domain stands for the From domain (RFC 7489 §3.1).
pub(super) fn aligned(domain: &str, from: &str, strict: bool) -> bool {
    if strict {
        return domain.eq_ignore_ascii_case(from);
    }
    organization(domain).eq_ignore_ascii_case(organization(from))
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;

    #[test]
    fn a_policy_is_the_domain_s_own_or_its_organization_s() {
        let dns = Table::new()
            .txt("_dmarc.example.org", "v=DMARC1; p=reject; sp=quarantine; adkim=s; aspf=r")
            .txt("_dmarc.own.example.org", "v=DMARC1;p=none")
            .txt("_dmarc.two.example", "v=DMARC1; p=none")
            .txt("_dmarc.two.example", "v=DMARC1; p=reject")
            .txt("_dmarc.other.example", "hello")
            .silent("_dmarc.silent.example");
        let policy = |domain: &str| match dmarc(&dns, domain) {
            Answer::Found(mut found) => found.remove(0).policy,
            Answer::Nothing => "nothing".into(),
            Answer::Unanswered(why) => why,
        };
        for (domain, expected) in [
            ("example.org", "reject"),
            ("mail.example.org", "quarantine"),
            ("own.example.org", "none"),
            ("two.example", "nothing"),
            ("other.example", "nothing"),
            ("silent.example", "silence"),
        ] {
            assert_eq!(policy(domain), expected, "{domain}");
        }
    }

    #[test]
    fn domains_of_one_organization_stand_for_each_other() {
        for (domain, from, relaxed) in [
            ("mail.example.org", "example.org", true),
            ("example.org", "news.example.org", true),
            ("example.com", "example.org", false),
            ("a.com.cn", "b.com.cn", false),
            ("x.a.com.cn", "a.com.cn", true),
            ("EXAMPLE.org", "example.ORG", true),
        ] {
            assert_eq!(aligned(domain, from, false), relaxed, "{domain} {from}");
            assert_eq!(aligned(domain, from, true), domain.eq_ignore_ascii_case(from), "{domain} {from}");
        }
    }
}
