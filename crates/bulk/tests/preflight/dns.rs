//! DNS over the wire: a name server of the test's own on loopback, asked by the real resolver.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use hongyan_bulk::preflight::{AccountFacts, Answer, Checks, Dns, Lookup};

use crate::folder::{Folder, NOW, found};

const TXT: u16 = 16;
const A: u16 = 1;

/// Answers from a table of names and texts; for names with `silent` in them not at all. Ends when nobody has asked
/// for ten seconds.
fn server(texts: &'static [(&'static str, &'static [&'static str])]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            if let Some(answer) = answer(&query[..length], texts) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
    address
}

/// An answer as RFC 1035 §4.1 has it.
fn answer(query: &[u8], texts: &[(&str, &[&str])]) -> Option<Vec<u8>> {
    let mut at = 12;
    let mut name = String::new();
    while query[at] != 0 {
        let label = &query[at + 1..at + 1 + usize::from(query[at])];
        name += &format!("{}.", String::from_utf8_lossy(label).to_lowercase());
        at += 1 + label.len();
    }
    let name = name.trim_end_matches('.');
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question = &query[12..at + 5];
    if name.contains("silent") {
        return None;
    }
    let records: Vec<Vec<u8>> = match kind {
        TXT => texts
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, strings)| {
                strings.iter().flat_map(|s| [&[s.len() as u8], s.as_bytes()].concat()).collect()
            })
            .collect(),
        A if name == "mail.example.org" => vec![vec![203, 0, 113, 9]],
        _ => Vec::new(),
    };
    let known = texts.iter().any(|(known, _)| *known == name) || name == "mail.example.org";
    let code = if known { 0x80 } else { 0x83 };
    let mut out = query[..2].to_vec();
    out.extend([0x85, code, 0, 1]);
    out.extend((records.len() as u16).to_be_bytes());
    out.extend([0, 0, 0, 0]);
    out.extend(question);
    for data in records {
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

const NAMES: &[(&str, &[&str])] = &[
    ("example.org", &["v=spf1 ip4:203.0.113.9 ", "-all"]),
    ("_dmarc.example.org", &["v=DMARC1; p=reject"]),
    ("two.example.org", &["first"]),
    ("two.example.org", &["second"]),
];

#[test]
fn the_real_resolver_reads_answers_gaps_and_silence() {
    let dns = Dns::at(server(NAMES)).unwrap();
    assert_eq!(dns.txt("example.org"), Answer::Found(vec!["v=spf1 ip4:203.0.113.9 -all".into()]));
    let Answer::Found(mut both) = dns.txt("two.example.org") else { panic!("two texts") };
    both.sort();
    assert_eq!(both, ["first", "second"]);
    assert_eq!(dns.txt("nothing.example.org"), Answer::Nothing);
    assert_eq!(dns.addresses("mail.example.org"), Answer::Found(vec!["203.0.113.9".parse().unwrap()]));
    let began = Instant::now();
    assert!(matches!(dns.txt("silent.example.org"), Answer::Unanswered(_)));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[test]
fn the_resolver_can_be_asked_from_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dns = Dns::at(server(NAMES)).unwrap();
    let answer = runtime.block_on(async { dns.txt("_dmarc.example.org") });
    assert_eq!(answer, Answer::Found(vec!["v=DMARC1; p=reject".into()]));
}

fn campaign(from: &str) -> Folder {
    Folder::new()
        .with(
            "campaign.toml",
            format!(
                "[message]\nfrom = \"{from}\"\nsubject = \"x\"\ntext = \"a.txt\"\n\
                 [recipients]\nfile = \"a.csv\"\nto = \"{{{{ 邮箱 }}}}\"\n"
            ),
        )
        .with("a.txt", "您好\n")
        .with("a.csv", "邮箱,姓名\na@example.com,张三\n")
}

#[test]
fn a_campaign_s_sender_is_held_against_dns() {
    for (from, expected) in [
        ("hr@example.org", &[][..]),
        ("hr@other.example", &["spf.missing", "dmarc.missing", "dmarc.unaligned"]),
        ("hr@silent.example", &["dns.unanswered", "dns.unanswered"]),
    ] {
        let dns = Dns::at(server(NAMES)).unwrap();
        let folder = campaign(from);
        let config = folder.campaign().config().clone();
        let account = AccountFacts::new("default", "mail.example.org", None, &config);
        let checks = Checks { accounts: &[account], now: NOW, dns: Some(&dns), ..Checks::default() };
        let report = folder.checked_as(&checks);
        let codes: Vec<_> = found(&report).into_iter().filter(|code| !code.starts_with("sheet.")).collect();
        assert_eq!(codes, expected, "{from}");
        assert!(report.may_run(), "DNS alone stops nothing here");
    }
}
