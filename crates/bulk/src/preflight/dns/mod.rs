//! SPF, DKIM and DMARC for the domains that a campaign sends from, where DNS answers.
//!
//! Nothing here stops a run but one thing that is certain: a DKIM key in DNS that is not ours, with which every signature
//! would be wrong. What is not answered is a note. A domain that belongs to the account's own provider is the provider's
//! business and is not asked about.

mod lookup;
mod policy;
mod services;
mod spf;
#[cfg(test)]
pub(super) mod table;

use std::collections::BTreeSet;
use std::net::IpAddr;

use hongyan_proto::said::said;

use super::accounts::AccountFacts;
use super::code::Code;
use super::finding::{Book, Place};
use crate::dkim::{Difference, PublicKey, Published, Signer};
pub use lookup::{Answer, Dns, Lookup};
pub(super) use services::service;
use spf::{Sender, Spf};

/// How many domains are asked about; campaigns with more are rare, and the rest is said.
pub const MOST_DOMAINS: usize = 8;

/// A signature as it will be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// The public half of the key that signs.
    pub key: PublicKey,
}

impl From<&Signer> for Signing {
    fn from(signer: &Signer) -> Self {
        let (domain, selector) = (signer.domain().to_owned(), signer.selector().to_owned());
        Self { domain, selector, key: signer.public().clone() }
    }
}

/// What a campaign sends as.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    /// Pairs of the From domain and the reverse-path's.
    pub(super) domains: BTreeSet<(String, String)>,
    /// How letters are signed, where they are.
    pub(super) signing: Option<Signing>,
}

/// Asks about all of it.
pub(super) fn check(book: &mut Book, dns: &dyn Lookup, identity: &Identity, accounts: &[AccountFacts]) {
    let mut asker = Asker { book, dns, told: BTreeSet::new() };
    let signed = identity.signing.as_ref().map(|signing| (signing, asker.dkim(signing)));
    let (asked, rest): (Vec<_>, Vec<_>) =
        identity.domains.iter().enumerate().partition(|(at, _)| *at < MOST_DOMAINS);
    for (_, (from, path)) in asked {
        for account in accounts {
            asker.domain(from, path, account, signed);
        }
    }
    if !rest.is_empty() {
        let more = rest.len();
        asker.unanswered(
            format!("{more} more domains of senders (the first {MOST_DOMAINS} were)"),
            format!("另有 {more} 个发件域名（只检查前 {MOST_DOMAINS} 个）"),
        );
    }
}

/// What is certain about one of the two ways to stand for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Yes,
    No,
    Unknown,
}

struct Asker<'a> {
    book: &'a mut Book,
    dns: &'a dyn Lookup,
    /// What was said already: accounts share domains.
    told: BTreeSet<(Code, String)>,
}

impl Asker<'_> {
    fn domain(&mut self, from: &str, path: &str, account: &AccountFacts, signed: Option<(&Signing, Stands)>) {
        let own = |domain: &str| {
            account
                .provider
                .is_some_and(|one| one.domains.iter().any(|known| known.eq_ignore_ascii_case(domain)))
        };
        if own(from) || !from.contains('.') {
            return;
        }
        let spf = if own(path) { Stands::Yes } else { self.spf(path, account) };
        let dmarc = match policy::dmarc(self.dns, from) {
            Answer::Found(mut found) => found.pop(),
            Answer::Nothing => {
                self.once(Code::DmarcMissing, from, || {
                    (
                        said(
                            format!("there is no DMARC record at _dmarc.{from}"),
                            format!("_dmarc.{from} 没有 DMARC 记录"),
                        ),
                        Code::DmarcMissing.next(),
                    )
                });
                None
            }
            Answer::Unanswered(why) => {
                self.unanswered(
                    format!("the DMARC policy of {from} ({why})"),
                    format!("{from} 的 DMARC 策略（{why}）"),
                );
                None
            }
        };
        let (strict_spf, strict_dkim) =
            dmarc.as_ref().map_or((false, false), |dmarc| (dmarc.strict_spf, dmarc.strict_dkim));
        let by_spf = if policy::aligned(path, from, strict_spf) { spf } else { Stands::No };
        let by_dkim = match signed {
            Some((signing, stands)) if policy::aligned(&signing.domain, from, strict_dkim) => stands,
            _ => Stands::No,
        };
        if by_spf == Stands::No && by_dkim == Stands::No {
            let said_policy = dmarc.map(|dmarc| (dmarc.at, dmarc.policy));
            self.once(Code::DmarcUnaligned, from, || {
                let (en, zh) = match said_policy {
                    Some((at, policy)) => {
                        (format!("{at} asks for p={policy}"), format!("{at} 要求 p={policy}"))
                    }
                    None => ("receivers may take it for forged".into(), "收信方可能视为伪造".into()),
                };
                (
                    said(
                        format!(
                            "mail from {from} through {} is vouched for by neither SPF nor DKIM; {en}",
                            account.host
                        ),
                        format!("经 {} 以 {from} 发信，SPF 和 DKIM 都无法证明；{zh}", account.host),
                    ),
                    Code::DmarcUnaligned.next(),
                )
            });
        }
    }

    fn spf(&mut self, path: &str, account: &AccountFacts) -> Stands {
        let records = services::records(&account.host, account.provider);
        let mut sender = Sender { records: records.to_vec(), addresses: Vec::new() };
        if records.is_empty() {
            sender.addresses = match account.host.parse::<IpAddr>() {
                Ok(address) => vec![address],
                Err(_) => match self.dns.addresses(&account.host) {
                    Answer::Found(addresses) => addresses,
                    Answer::Nothing | Answer::Unanswered(_) => Vec::new(),
                },
            };
            // What this machine or this network hands mail to is nobody's sender.
            sender.addresses.retain(|address| is_public(*address));
        }
        let known = !sender.records.is_empty() || !sender.addresses.is_empty();
        match spf::evaluate(self.dns, path, &sender) {
            Spf::Allowed => Stands::Yes,
            Spf::Missing => {
                let include =
                    records.first().map_or_else(|| "mx".to_owned(), |record| format!("include:{record}"));
                self.once(Code::SpfMissing, path, || {
                    (
                        said(format!("{path} has no SPF record"), format!("{path} 没有 SPF 记录")),
                        said(
                            format!("add a TXT record to {path}: \"v=spf1 {include} ~all\""),
                            format!("请为 {path} 添加 TXT 记录：\"v=spf1 {include} ~all\""),
                        ),
                    )
                });
                Stands::No
            }
            Spf::NotAllowed(end) if known && !records.is_empty() => {
                let host = &account.host;
                let include = records[0];
                self.once(Code::SpfSender, &format!("{path} {host}"), || {
                    let end = if end.is_empty() { "neutral" } else { &end };
                    (
                        said(
                            format!("the SPF record of {path} ({end}) does not include {include}, which {host} sends as"),
                            format!("{path} 的 SPF 记录（{end}）不包含 {host} 所用的 {include}"),
                        ),
                        said(
                            format!("add include:{include} to the SPF record of {path}"),
                            format!("请在 {path} 的 SPF 记录中加入 include:{include}"),
                        ),
                    )
                });
                Stands::No
            }
            Spf::NotAllowed(_) | Spf::Unsure => {
                self.unanswered(
                    format!("SPF of {path}: from which address {} sends on is not known here", account.host),
                    format!("{path} 的 SPF：无法得知 {} 用哪个地址对外发信", account.host),
                );
                Stands::Unknown
            }
            Spf::Wrong(en, zh) => {
                self.once(Code::SpfWrong, path, || {
                    (
                        said(format!("the SPF record of {path}: {en}"), format!("{path} 的 SPF 记录：{zh}")),
                        Code::SpfWrong.next(),
                    )
                });
                Stands::No
            }
            Spf::Unanswered(name, why) => {
                self.unanswered(
                    format!("SPF of {path}: {name} ({why})"),
                    format!("{path} 的 SPF：{name}（{why}）"),
                );
                Stands::Unknown
            }
        }
    }

    fn dkim(&mut self, signing: &Signing) -> Stands {
        let Signing { domain, selector, key } = signing;
        let name = format!("{selector}._domainkey.{domain}");
        match self.dns.txt(&name) {
            Answer::Found(texts) => {
                let differences = texts.iter().map(|text| match Published::parse(text) {
                    Ok(published) => Ok(published.differences(key)),
                    Err(error) => Err(error.said()),
                });
                // Receivers may take any of several records: one that fits is enough.
                let fits = |found: &Result<Vec<Difference>, _>| {
                    found.as_ref().is_ok_and(|found| found.iter().all(|one| one.harmless()))
                };
                let found: Vec<_> = differences.collect();
                if found.iter().any(fits) {
                    return Stands::Yes;
                }
                self.once(Code::DkimOther, &name, || {
                    let why = match found.into_iter().next() {
                        Some(Ok(found)) => {
                            found.into_iter().find(|one| !one.harmless()).map(Difference::said)
                        }
                        Some(Err(said)) => Some(said),
                        None => None,
                    };
                    let why = why.unwrap_or_default();
                    (
                        said(format!("{name}: {}", why.en), format!("{name}：{}", why.zh)),
                        Code::DkimOther.next(),
                    )
                });
                Stands::No
            }
            Answer::Nothing => {
                self.once(Code::DkimMissing, &name, || {
                    (
                        said(format!("there is no record at {name}"), format!("{name} 没有记录")),
                        Code::DkimMissing.next(),
                    )
                });
                Stands::No
            }
            Answer::Unanswered(why) => {
                self.unanswered(
                    format!("the DKIM key at {name} ({why})"),
                    format!("{name} 的 DKIM 公钥（{why}）"),
                );
                Stands::Unknown
            }
        }
    }

    /// Says a thing once, whatever many accounts it is true for.
    fn once(
        &mut self,
        code: Code,
        about: &str,
        words: impl FnOnce() -> (hongyan_proto::said::Said, hongyan_proto::said::Said),
    ) {
        if self.told.insert((code, about.to_owned())) {
            self.book.advised(code, Place::campaign(), words);
        }
    }

    fn unanswered(&mut self, en: String, zh: String) {
        self.once(Code::DnsUnanswered, &en.clone(), || (said(en, zh), Code::DnsUnanswered.next()));
    }
}

/// Whether an address can be seen from outside.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            !(four.is_loopback() || four.is_private() || four.is_link_local() || four.is_unspecified())
        }
        IpAddr::V6(six) => !(six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use hongyan_proto::provider::Provider;

    use super::table::Table;
    use super::*;
    use crate::dkim::{Algorithm, PrivateKey, Record};

    fn account(host: &str) -> AccountFacts {
        AccountFacts { provider: Provider::of_host(host), host: host.into(), ..AccountFacts::default() }
    }

    fn codes(
        dns: &dyn Lookup,
        from: &str,
        path: &str,
        host: &str,
        signing: Option<Signing>,
    ) -> Vec<&'static str> {
        let mut book = Book::new(&[]);
        let identity = Identity { domains: [(from.to_owned(), path.to_owned())].into(), signing };
        check(&mut book, dns, &identity, &[account(host)]);
        let mut codes: Vec<_> = book.close().0.iter().map(|finding| finding.code.name()).collect();
        codes.sort_unstable();
        codes
    }

    /// A key, and the record that it needs.
    fn key() -> (PublicKey, String) {
        let pem = crate::dkim::generate(Algorithm::Ed25519, 0).unwrap();
        let key = PrivateKey::from_pem(&pem).unwrap().public().clone();
        let record = Record::new("example.org", "s", &key).unwrap().strings().concat();
        (key, record)
    }

    const POLICY: &str = "v=DMARC1; p=reject";

    #[test]
    fn each_gap_in_dns_is_named_and_a_domain_in_order_is_not() {
        let none = || Table::new().txt("_spf.google.com", "v=spf1 ip4:203.0.113.0/24 ~all");
        let google = || {
            none().txt("example.org", "v=spf1 include:_spf.google.com ~all").txt("_dmarc.example.org", POLICY)
        };
        let (ours, record) = key();
        let (other, _) = key();
        let with_key = |table: Table| table.txt("s._domainkey.example.org", &record);
        let sign = |key: &PublicKey| {
            Some(Signing { domain: "example.org".into(), selector: "s".into(), key: key.clone() })
        };
        /// The rule, DNS, From, host, signature, findings.
        type Case<'a> = (&'a str, Table, &'a str, &'a str, Option<Signing>, &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            ("all is in order", google(), "example.org", "smtp.gmail.com", None, &[]),
            ("signed as well", with_key(google()), "example.org", "smtp.gmail.com", sign(&ours), &[]),
            ("the provider's own domain", none(), "gmail.com", "smtp.gmail.com", None, &[]),
            (
                "nothing at all",
                none(),
                "example.org",
                "smtp.gmail.com",
                None,
                &["dmarc.missing", "dmarc.unaligned", "spf.missing"],
            ),
            (
                "another provider than SPF names",
                google(),
                "example.org",
                "smtp.qq.com",
                None,
                &["dmarc.unaligned", "spf.sender"],
            ),
            (
                "but a signature stands for it",
                with_key(google()),
                "example.org",
                "smtp.qq.com",
                sign(&ours),
                &["spf.sender"],
            ),
            (
                "another key",
                with_key(google()),
                "example.org",
                "smtp.gmail.com",
                sign(&other),
                &["dkim.other"],
            ),
            ("no key", google(), "example.org", "smtp.gmail.com", sign(&ours), &["dkim.missing"]),
            (
                "a domain of the organization",
                google().txt("mail.example.org", "v=spf1 include:_spf.google.com -all"),
                "mail.example.org",
                "smtp.gmail.com",
                None,
                &[],
            ),
            (
                "a strict policy wants the very domain",
                none()
                    .txt("example.org", "v=spf1 include:_spf.google.com ~all")
                    .txt("_dmarc.news.example.org", "v=DMARC1; p=reject; aspf=s"),
                "news.example.org",
                "smtp.gmail.com",
                None,
                &["dmarc.unaligned"],
            ),
            (
                "nobody answers",
                none().silent("example.org").silent("_dmarc.example.org"),
                "example.org",
                "smtp.gmail.com",
                None,
                &["dns.unanswered", "dns.unanswered"],
            ),
            (
                "a relay of one's own whose address is in the record",
                none()
                    .txt("example.org", "v=spf1 mx -all")
                    .txt("_dmarc.example.org", POLICY)
                    .exchanger("example.org", "mail.example.org")
                    .address("mail.example.org", "203.0.113.9"),
                "example.org",
                "mail.example.org",
                None,
                &[],
            ),
            (
                "a relay on this machine sends from nobody knows where",
                none().txt("example.org", "v=spf1 mx -all").txt("_dmarc.example.org", POLICY),
                "example.org",
                "127.0.0.1",
                None,
                &["dns.unanswered"],
            ),
        ];
        for (rule, dns, from, host, signing, expected) in cases {
            let path = if from.starts_with("news.") { "example.org" } else { from };
            assert_eq!(codes(dns, from, path, host, signing.clone()), *expected, "{rule}");
        }
    }

    #[test]
    fn what_is_true_for_two_accounts_is_said_once() {
        let mut book = Book::new(&[]);
        let identity = Identity {
            domains: [("example.org".to_owned(), "example.org".to_owned())].into(),
            signing: None,
        };
        check(&mut book, &Table::new(), &identity, &[account("smtp.gmail.com"), account("smtp.qq.com")]);
        assert_eq!(book.count(Code::SpfMissing), 1);
        assert_eq!(book.count(Code::DmarcMissing), 1);
    }
}
