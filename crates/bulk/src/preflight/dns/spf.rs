//! SPF (RFC 7208), as far as it can be evaluated from here: whether a domain's record allows whoever will send.
//!
//! Who hands mail to a provider does not know which of its machines will send, but each provider names the record that
//! lists them; so a sender is a set of such names and, for a server of one's own, its addresses. Macros depend on the
//! message and are not evaluated: a record that could only match by one is unsure.

use std::net::IpAddr;

use super::lookup::{Answer, Lookup};

/// RFC 7208 §4.6.4: terms that ask DNS.
const MOST_LOOKUPS: u32 = 10;

/// Who will send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sender {
    /// Records that stand for it.
    pub(super) records: Vec<&'static str>,
    /// Its addresses, where they are known.
    pub(super) addresses: Vec<IpAddr>,
}

/// What a record says of a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spf {
    /// There is none.
    Missing,
    /// It allows the sender.
    Allowed,
    /// It does not, and ends with this (`-all`, `~all`, `?all`, nothing).
    NotAllowed(String),
    /// It is wrong, so that receivers may treat it as none: why, in English and Chinese.
    Wrong(&'static str, &'static str),
    /// It depends on what cannot be known here.
    Unsure,
    /// This name was not answered, for this reason.
    Unanswered(String, String),
}

/// What the record of `domain` says of `sender`.
pub(super) fn evaluate(dns: &dyn Lookup, domain: &str, sender: &Sender) -> Spf {
    let mut walk = Walk { dns, sender, lookups: 0, unsure: false };
    match walk.record(domain) {
        Ok(Some(record)) => match walk.terms(domain, &record) {
            Ok(true) => Spf::Allowed,
            Ok(false) if walk.unsure => Spf::Unsure,
            Ok(false) => Spf::NotAllowed(end(&record)),
            Err(spf) => spf,
        },
        Ok(None) => Spf::Missing,
        Err(spf) => spf,
    }
}

/// How a record ends, for those that nothing in it names.
fn end(record: &str) -> String {
    let terms: Vec<&str> = record.split_ascii_whitespace().collect();
    let ends = |term: &&&str| term.to_ascii_lowercase().ends_with("all") || redirect(term).is_some();
    terms.iter().rev().find(ends).map(|term| (*term).to_owned()).unwrap_or_default()
}

fn redirect(term: &str) -> Option<&str> {
    let (name, value) = term.split_once('=')?;
    name.eq_ignore_ascii_case("redirect").then_some(value)
}

const TWO: Spf =
    Spf::Wrong("the domain has two SPF records; only one may be there", "域名有两条 SPF 记录，只能有一条");
const MANY: Spf = Spf::Wrong(
    "it needs more than 10 DNS lookups, and receivers stop there (RFC 7208 §4.6.4)",
    "需要超过 10 次 DNS 查询，收信方会就此放弃（RFC 7208 §4.6.4）",
);
const UNKNOWN: Spf = Spf::Wrong("it holds a term that SPF does not know", "含有 SPF 不认识的内容");
const NOWHERE: Spf = Spf::Wrong("it includes a domain without an SPF record", "include 的域名没有 SPF 记录");

struct Walk<'a> {
    dns: &'a dyn Lookup,
    sender: &'a Sender,
    lookups: u32,
    unsure: bool,
}

impl Walk<'_> {
    fn record(&self, domain: &str) -> Result<Option<String>, Spf> {
        let mut found = match self.dns.txt(domain) {
            Answer::Found(texts) => texts,
            Answer::Nothing => Vec::new(),
            Answer::Unanswered(why) => return Err(Spf::Unanswered(domain.to_owned(), why)),
        };
        found.retain(|text| {
            let version = text.split_ascii_whitespace().next().unwrap_or_default();
            version.eq_ignore_ascii_case("v=spf1")
        });
        if found.len() > 1 { Err(TWO) } else { Ok(found.pop()) }
    }

    /// Whether a term of the record allows the sender.
    fn terms(&mut self, domain: &str, record: &str) -> Result<bool, Spf> {
        let mut instead = None;
        for term in record.split_ascii_whitespace().skip(1) {
            if let Some((name, value)) = term.split_once('=')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            {
                if name.eq_ignore_ascii_case("redirect") {
                    instead = Some(value);
                }
                continue;
            }
            let (allows, mechanism) = match term.as_bytes().first() {
                Some(b'+') => (true, &term[1..]),
                Some(b'-' | b'~' | b'?') => (false, &term[1..]),
                _ => (true, term),
            };
            if mechanism.eq_ignore_ascii_case("all") {
                return Ok(allows);
            }
            if self.mechanism(domain, mechanism)? {
                return Ok(allows);
            }
        }
        let Some(other) = instead else { return Ok(false) };
        if self.is_the_sender(other) {
            return Ok(true);
        }
        self.include(other)
    }

    fn mechanism(&mut self, domain: &str, mechanism: &str) -> Result<bool, Spf> {
        let at = mechanism.find([':', '/']).unwrap_or(mechanism.len());
        let (name, rest) = mechanism.split_at(at);
        let value = rest.strip_prefix(':');
        match (name.to_ascii_lowercase().as_str(), value) {
            ("ip4" | "ip6", Some(range)) => {
                let range = range.parse::<Range>().map_err(|()| UNKNOWN)?;
                Ok(self.sender.addresses.iter().any(|address| range.holds(*address)))
            }
            ("include", Some(other)) if self.is_the_sender(other) => Ok(true),
            ("include", Some(other)) => self.include(other),
            ("a", _) => {
                let (host, bits) = place(domain, rest).ok_or(UNKNOWN)?;
                self.of_host(host, bits)
            }
            ("mx", _) => {
                let (host, bits) = place(domain, rest).ok_or(UNKNOWN)?;
                self.count()?;
                let exchangers = match self.dns.exchangers(host) {
                    Answer::Found(hosts) => hosts,
                    Answer::Nothing => Vec::new(),
                    Answer::Unanswered(why) => return Err(Spf::Unanswered(host.to_owned(), why)),
                };
                exchangers.iter().take(10).try_fold(false, |found, host| Ok(found || self.holds(host, bits)?))
            }
            ("ptr", _) | ("exists", Some(_)) => {
                self.count()?;
                self.unsure = true;
                Ok(false)
            }
            _ => Err(UNKNOWN),
        }
    }

    fn is_the_sender(&self, record: &str) -> bool {
        self.sender.records.iter().any(|known| known.eq_ignore_ascii_case(record.trim_end_matches('.')))
    }

    fn count(&mut self) -> Result<(), Spf> {
        self.lookups += 1;
        if self.lookups > MOST_LOOKUPS { Err(MANY) } else { Ok(()) }
    }

    fn include(&mut self, other: &str) -> Result<bool, Spf> {
        self.count()?;
        if other.contains('%') {
            self.unsure = true;
            return Ok(false);
        }
        match self.record(other)? {
            Some(record) => self.terms(other, &record),
            None => Err(NOWHERE),
        }
    }

    fn of_host(&mut self, host: &str, bits: Bits) -> Result<bool, Spf> {
        self.count()?;
        self.holds(host, bits)
    }

    fn holds(&mut self, host: &str, (four, six): Bits) -> Result<bool, Spf> {
        if host.contains('%') {
            self.unsure = true;
            return Ok(false);
        }
        if self.sender.addresses.is_empty() {
            return Ok(false);
        }
        let known = match self.dns.addresses(host) {
            Answer::Found(addresses) => addresses,
            Answer::Nothing => return Ok(false),
            Answer::Unanswered(why) => return Err(Spf::Unanswered(host.to_owned(), why)),
        };
        Ok(known.iter().any(|&base| {
            let bits = if base.is_ipv4() { four } else { six };
            self.sender.addresses.iter().any(|address| Range { base, bits }.holds(*address))
        }))
    }
}

/// Lengths of prefixes, for IPv4 and IPv6.
type Bits = (u8, u8);

/// The host of an `a` or `mx` term, and how much of its addresses counts: `:host/24//64`.
fn place<'a>(domain: &'a str, rest: &'a str) -> Option<(&'a str, Bits)> {
    let (host, lengths) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.strip_prefix(':').unwrap_or(domain);
    let (four, six) = match lengths.split_once("//") {
        Some((four, six)) => (four, six.parse().ok()?),
        None => (lengths, 128),
    };
    let four = four.strip_prefix('/').map_or(Some(32), |bits| bits.parse().ok())?;
    (four <= 32 && six <= 128).then_some((host, (four, six)))
}

/// Addresses that begin alike.
struct Range {
    base: IpAddr,
    bits: u8,
}

impl Range {
    fn holds(&self, address: IpAddr) -> bool {
        let same =
            |a: u128, b: u128, width: u8| self.bits == 0 || (a ^ b) >> (width.saturating_sub(self.bits)) == 0;
        match (self.base, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

impl std::str::FromStr for Range {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse().map_err(|_| ())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| ())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.unwrap_or(most);
        if bits <= most { Ok(Self { base, bits }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;

    fn dns() -> Table {
        Table::new()
            .txt("one.example", "v=spf1 include:spf.mail.qq.com ~all")
            .txt("far.example", "v=spf1 include:middle.example -all")
            .txt("middle.example", "v=spf1 ip4:192.0.2.0/24 include:_spf.google.com -all")
            .txt("_spf.google.com", "v=spf1 ip4:203.0.113.0/24 ~all")
            .txt("redirect.example", "v=spf1 redirect=middle.example")
            .txt("a.example", "some other text")
            .txt("a.example", "v=spf1 a:mail.a.example mx/24 ip6:2001:db8::/32 -all")
            .address("mail.a.example", "198.51.100.7")
            .exchanger("a.example", "mx.a.example")
            .address("mx.a.example", "198.51.100.200")
            .txt("two.example", "v=spf1 -all")
            .txt("two.example", "v=spf1 +all")
            .txt("bad.example", "v=spf1 ipv4:192.0.2.1 -all")
            .txt("range.example", "v=spf1 ip4:192.0.2.1/33 -all")
            .txt("gone.example", "v=spf1 include:nothing.example -all")
            .txt("loop.example", "v=spf1 include:loop.example -all")
            .txt("macro.example", "v=spf1 exists:%{i}.spf.example -all")
            .txt("deny.example", "v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/24 -all")
            .txt("open.example", "v=spf1 +all")
            .txt("down.example", "v=spf1 include:silent.example -all")
            .silent("silent.example")
    }

    #[test]
    fn a_record_allows_the_sender_or_does_not() {
        let qq = Sender { records: vec!["spf.mail.qq.com"], addresses: vec![] };
        let google = Sender { records: vec!["_spf.google.com"], addresses: vec![] };
        let host = |address: &str| Sender { records: vec![], addresses: vec![address.parse().unwrap()] };
        let not = |end: &str| Spf::NotAllowed(end.into());
        for (domain, sender, expected) in [
            ("one.example", &qq, Spf::Allowed),
            ("far.example", &google, Spf::Allowed),
            ("far.example", &qq, not("-all")),
            ("redirect.example", &google, Spf::Allowed),
            ("redirect.example", &qq, not("redirect=middle.example")),
            ("far.example", &host("192.0.2.77"), Spf::Allowed),
            ("far.example", &host("198.51.100.7"), not("-all")),
            ("a.example", &host("198.51.100.7"), Spf::Allowed),
            ("a.example", &host("198.51.100.90"), Spf::Allowed),
            ("a.example", &host("198.51.101.90"), not("-all")),
            ("a.example", &host("2001:db8::25"), Spf::Allowed),
            ("deny.example", &host("192.0.2.1"), not("-all")),
            ("deny.example", &host("192.0.2.2"), Spf::Allowed),
            ("open.example", &qq, Spf::Allowed),
            ("macro.example", &qq, Spf::Unsure),
            ("nothing.example", &qq, Spf::Missing),
            ("two.example", &qq, TWO),
            ("bad.example", &qq, UNKNOWN),
            ("range.example", &qq, UNKNOWN),
            ("gone.example", &qq, NOWHERE),
            ("loop.example", &qq, MANY),
            ("down.example", &qq, Spf::Unanswered("silent.example".into(), "silence".into())),
        ] {
            assert_eq!(evaluate(&dns(), domain, sender), expected, "{domain} {sender:?}");
        }
    }
}
