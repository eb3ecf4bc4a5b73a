//! A campaign's ledger with one recipient of every outcome, made through the ledger's own interface.

use std::collections::BTreeMap;
use std::path::Path;

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{
    Evidence, FrozenFile, Ledger as _, LetterToLoad, Manifest, Outcome, RecipientId, Role, SessionId, State,
    Time,
};
use hongyan_bulk::row::Row;
use hongyan_proto::address::Address;
use serde_json::Value;

/// When it was run: 2026-11-20 17:00:00 +08:00.
pub(crate) const BEGUN: Time = Time(1_795_165_200_000);
/// What its Message-IDs are made of.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff";
/// What people write into sheets, and what others would like them to.
pub(crate) const HOSTILE: [&str; 9] = [
    "=cmd|'/c calc'!A1",
    "+86 138 0013 8000",
    "-1+1",
    "@SUM(A1:A9)",
    "<script>alert(1)</script>",
    "line\nbreak, \"quotes\" and ' & </td>",
    "👨\u{200d}👩\u{200d}👧 张三",
    "_x0041_ 007",
    "\u{202e}gpj.exe\u{1b}[31m",
];

/// A manifest for these columns.
pub(crate) fn manifest(columns: &[&str], campaign: &str) -> Manifest {
    let frozen = |digit: &str, size| FrozenFile { sha256: digit.repeat(64), size };
    Manifest {
        version: 1,
        key: KEY.to_owned(),
        name: "工资条 & <十一月>".to_owned(),
        frozen: BEGUN.0 - 60_000,
        campaign: campaign.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        letters: 0,
        recipients: 0,
        files: BTreeMap::from([
            ("附件/说明.pdf".to_owned(), frozen("a", 1_000)),
            ("letter.html".to_owned(), frozen("b", 200)),
        ]),
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// `campaign.toml`, as far as a report reads it.
pub(crate) const CAMPAIGN: &str = "[message]\nfrom = \"人事部 <hr@example.org>\"\nsubject = \"工资条\"\n\
    [recipients]\nfile = \"people.csv\"\nto = \"{{ 邮箱 }}\"\n[attach]\nshared = [\"附件/说明.pdf\"]\n";

/// The opening of the connection that everybody was sent over.
pub(crate) const OPENING: &str = "S: 220 mx.example.org ESMTP\nC: EHLO [127.0.0.1]\nS: 250 PIPELINING\n\
    C: AUTH PLAIN {24 secret octets}\nS: 235 2.7.0 Accepted\n";

/// How a recipient ended.
pub(crate) fn outcome(
    id: i64,
    state: State,
    session: Option<SessionId>,
    reply: &str,
    cause: &str,
) -> Outcome {
    let conversation = if session.is_some() {
        format!("C: RCPT TO:<row{id}@example.org>\nS: {reply}\nC: {{content: 2634 octets}}\n")
    } else {
        String::new()
    };
    let evidence = Evidence {
        begun: Time(BEGUN.0 + id * 1_000),
        ended: Time(BEGUN.0 + id * 1_000 + 250),
        session,
        reply: reply.to_owned(),
        cause: cause.to_owned(),
        conversation,
        message: session.map(|_| ([id as u8; 32], 2_634)),
    };
    let due = (state == State::Deferred).then_some(Time(BEGUN.0 + 300_000));
    Outcome { id: RecipientId(id), attempt: 1, state, due, evidence }
}

/// Makes the ledger: rows 2 to 11. Accepted (with a file of its own), rejected, deferred, in doubt, suppressed, two of
/// one letter, and three that nothing was done about. Gives the ids by row.
pub(crate) async fn campaign(path: &Path) {
    campaign_of(path, CAMPAIGN).await;
}

/// The same with another `campaign.toml`.
pub(crate) async fn campaign_of(path: &Path, toml: &str) {
    let mut loader = Sqlite::create(path, manifest(&["姓名", "邮箱", "Address"], toml)).unwrap();
    loader.file("files/1.pdf", &FrozenFile { sha256: "c".repeat(64), size: 77 }).unwrap();
    for (at, name) in HOSTILE.iter().enumerate() {
        let number = at as u64 + 2;
        let to = format!("row{number}@example.org");
        let mut recipients = vec![(Role::To, address(&to))];
        if number == 7 {
            recipients.push((Role::Bcc, address("boss@example.org")));
        }
        let files = if number == 2 { vec!["files/1.pdf".to_owned()] } else { Vec::new() };
        let cells = vec![Value::from(*name), Value::from(to), Value::from(number)];
        loader.add(&LetterToLoad { row: Row { number, cells }, recipients, files }).unwrap();
    }
    let ledger = loader.finish().unwrap();
    // Ids are counted from 1, so id 1 is row 2; row 7 has the ids 6 and 7.
    let leased = ledger.lease(6, BEGUN).await.unwrap();
    assert_eq!(leased.len(), 6);
    let ids: Vec<RecipientId> =
        leased.iter().flat_map(|letter| letter.recipients.iter().map(|one| one.id)).collect();
    assert_eq!(ids, (1..=7).map(RecipientId).collect::<Vec<_>>());
    assert_eq!(ledger.begin(ids.clone(), BEGUN).await.unwrap(), ids);
    let session = Some(ledger.session(BEGUN, "default", OPENING.to_owned()).await.unwrap());
    let lost = "the answer to the message: the server closed the connection";
    let no = "550 5.1.1 <row3@example.org>: no such user";
    ledger
        .settle(vec![
            outcome(1, State::Accepted, session, "250 2.0.0 Ok: queued as 4F2", ""),
            outcome(2, State::Rejected, session, no, &format!("RCPT TO: the server said {no}")),
            outcome(
                3,
                State::Deferred,
                session,
                "451 4.7.1 Greylisted",
                "RCPT TO: the server said 451 4.7.1 Greylisted",
            ),
            outcome(4, State::InDoubt, session, "", lost),
            outcome(5, State::Suppressed, None, "", ""),
            outcome(6, State::Accepted, session, "250 2.0.0 Ok", ""),
            outcome(7, State::InDoubt, session, "", lost),
        ])
        .await
        .unwrap();
    ledger.close().await.unwrap();
}
