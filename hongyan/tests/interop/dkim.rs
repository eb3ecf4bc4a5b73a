//! Signatures of ours against dkimpy, an implementation that shares nothing with ours or with mail-auth.

use hongyan::bulk::dkim::{Algorithm, PrivateKey, Signer, generate};

use crate::peers;
use crate::place::{Place, run};
use std::process::Command;

/// Prints for each message what dkimpy thinks of its first signature.
const SCRIPT: &str = "
import json, sys, dkim
record = open(sys.argv[1], 'rb').read()
def dns(name, timeout=5):
    return record if name == sys.argv[2].encode() + b'.' else None
each = [dkim.verify(open(path, 'rb').read(), dnsfunc=dns) for path in sys.argv[3:]]
print(json.dumps(each))
";

/// A Python that has dkimpy: the one on the search path, else Debian's.
fn python() -> &'static str {
    let has_it = |python: &&str| {
        let found = Command::new(python).args(["-c", "import dkim, nacl.signing"]).output();
        found.is_ok_and(|output| output.status.success())
    };
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(has_it)
        .expect("run scripts/install-peers.sh first: no dkimpy")
}

#[test]
fn dkimpy() {
    let Some(_peers) = peers() else { return };
    let python = python();
    let header = "From: =?utf-8?B?5byg5LiJ?= <zhang@example.org>\r\nTo: li@example.com,\r\n wang@example.com\r\n\
                  Subject:\r\n =?utf-8?B?5bel6LWE5p2h?=\r\nDate: Fri, 20 Nov 2026 09:00:00 +0800\r\n\
                  Message-ID: <1.0011@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
                  List-Unsubscribe: <https://example.org/u/abc>,\r\n\t<mailto:leave@example.org>\r\n\
                  List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    let many = "a line of the body\r\n".repeat(50_000);
    let letters = [
        (header, "您好\r\n\r\n工资条在附件里。\r\n"),
        (header, ""),
        (header, "\r\n\r\n\r\n"),
        (header, " \t \r\n\t\r\n"),
        (header, "a \t\r\nb  c\t\td\r\n\t e\r\n\r\n \r\n\t\r\n"),
        (header, ".\r\n..\r\n"),
        (header, &many),
        ("From: zhang@example.org\r\n", "a\r\n"),
        ("FROM:  zhang@example.org \r\nsubJECT:a\r\n", "a\r\n"),
        ("From: 张三 <zhang@example.org>\r\nSubject: 工资条\r\n", "a\r\n"),
        ("To: a@example.org\r\nFrom: b@example.org\r\nTo: c@example.org\r\n", "a\r\n"),
    ];
    for algorithm in [Algorithm::Rsa, Algorithm::Ed25519] {
        let key = PrivateKey::from_pem(&generate(algorithm, 2048).expect("a key")).expect("which we read");
        let signer = Signer::new("example.org", "s1", key).expect("names");
        let place = Place::new("dkimpy");
        let record = place.write("record.txt", signer.record().value);
        let mut files = Vec::new();
        for (at, (header, body)) in letters.iter().enumerate() {
            let field = signer.sign(header.as_bytes(), body.as_bytes(), 1_790_000_000).expect("it is signed");
            files.push(place.write(&format!("{at}.eml"), format!("{field}{header}\r\n{body}")));
            // The same with something changed: dkimpy must notice.
            let (changed, other) = match at % 2 {
                0 => (format!("From: evil@example.net\r\n{header}"), (*body).to_owned()),
                _ => ((*header).to_owned(), format!("more\r\n{body}")),
            };
            files.push(place.write(&format!("{at}.changed.eml"), format!("{field}{changed}\r\n{other}")));
        }
        let name = signer.record().name();
        let printed = run(Command::new(python).args(["-c", SCRIPT]).arg(record).arg(name).args(files));
        let each: Vec<bool> = serde_json::from_slice(&printed).expect("the script prints JSON");
        let expected: Vec<bool> = letters.iter().flat_map(|_| [true, false]).collect();
        assert_eq!(each, expected, "{algorithm:?}");
    }
}
