//! IMAP servers that lie about lengths, numbers, names and what they were asked for.

use hongyan::mailbox::maildir::FolderName;
use hongyan::net::imap::Session;
use hongyan::proto::outcome::Kind;
use hongyan::proto::tls::Tls;
use hongyan::receive::Policy;

use super::script::{Instead, MAILS, Say, Scripted, text};
use super::{Ended, PATIENCE, Yard, tells_password};
use crate::place::By;

/// A fetch from a server that says this instead, and deletes; what is here afterwards.
async fn against(instead: Instead) -> (Ended, Vec<Vec<u8>>, Scripted) {
    let server = Scripted::imap(instead).await;
    let yard = Yard::new();
    let ended = yard.fetch(By::Imap, server.port, Policy::Delete).await;
    let here = yard.here();
    (ended, here, server)
}

fn deletes(server: &Scripted) -> bool {
    server.heard().contains("Deleted") || server.heard().contains("EXPUNGE")
}

#[tokio::test]
async fn a_good_server_is_fetched_from() {
    let (ended, here, server) = against(Instead::default()).await;
    ended.done.unwrap();
    assert_eq!(here, MAILS.map(|mail| mail.as_bytes().to_vec()));
    assert!(deletes(&server));
}

#[tokio::test]
async fn what_cannot_be_is_an_error_and_nothing_is_deleted() {
    for (place, said) in [
        // contents that do not end, or whose length cannot be
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {4294967295}\r\nabc"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {4294967296}\r\nabc"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {-1}\r\nabc)\r\n$ OK\r\n"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\nabc)\r\n$ OK\r\n"),
        // shorter than announced, with the no to the command in it
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {100}\r\nabc\r\n$ NO it broke\r\n"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {100}\r\nabc\r\n* BYE it broke\r\n"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {3}\r\nabc\r\n$ OK\r\n"),
        ("WHOLE", "* 1 FETCH (UID 1 BODY[] {3}\r\nabc BODY[] {3}\r\ndef)\r\n$ OK\r\n"),
        ("WHOLE", "* 1 FETCH (BODY[] {3}\r\nabc)\r\n$ OK\r\n"),
        ("WHOLE", "* 1 FETCH (UID 0 BODY[] {3}\r\nabc)\r\n$ OK\r\n"),
        ("WHOLE", "* BYE BODY[] {3}\r\nabc)\r\n$ OK\r\n"),
        ("WHOLE", "$ NO not today\r\n"),
        ("WHOLE", "$ BAD what?\r\n"),
        ("SELECT", "$ NO [NONEXISTENT] no such mailbox\r\n"),
        ("SELECT", "* 2 EXISTS\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n$ OK\r\n"),
        ("ABOUT", "* 1 FETCH (UID 4294967296 FLAGS () RFC822.SIZE 5)\r\n$ OK\r\n"),
        ("ABOUT", "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5\r\n$ OK\r\n"),
        ("ABOUT", "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n$ OK\r\n"),
        ("ABOUT", "$ NO\r\n"),
        ("hello", "* BYE\r\n"),
        ("hello", "\u{0}\u{0}\r\n"),
        ("LOGIN", "$ NO [AUTHENTICATIONFAILED] no\r\n"),
        ("LOGIN", "+ c2VjcmV0\r\n"),
    ] {
        let (ended, here, server) = against(Instead::of(place, text(said))).await;
        ended.failure();
        assert_eq!(here, [[0; 0]; 0], "{place}: {said}");
        assert!(!deletes(&server), "{place}: {said}");
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_kept_and_what_did_not_come_is_not_deleted() {
    for said in [
        "* 1 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n$ OK\r\n",
        "* 1 FETCH (UID 4294967295 BODY[] {3}\r\nabc)\r\n$ OK\r\n",
        // the content of one that was not asked for is not that of the next
        "* 1 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n$ OK\r\n",
        "* 1 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n* 1 FETCH (UID 1 BODY[] NIL)\r\n$ OK\r\n",
        "* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] NIL)\r\n$ OK\r\n",
        // parts, where the whole was asked for
        "* 1 FETCH (UID 1 BODY[TEXT] {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[HEADER] {3}\r\nabc)\r\n$ OK\r\n",
        "* 1 FETCH (UID 1 BODY[1] {3}\r\nabc)\r\n* 2 FETCH (UID 2 RFC822.HEADER {3}\r\nabc)\r\n$ OK\r\n",
        "* 1 FETCH (UID 1 BODY[1] \"abc\")\r\n* 2 FETCH (UID 2 RFC822.TEXT {3}\r\nabc)\r\n$ OK\r\n",
        "* 1 FETCH (UID 1 BODY[]<7> {3}\r\nabc)\r\n* 2 FETCH (UID 2 BINARY[1] {3}\r\nabc)\r\n$ OK\r\n",
        "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n$ OK\r\n",
        "$ OK\r\n",
    ] {
        let (ended, here, server) = against(Instead::of("WHOLE", text(said))).await;
        ended.done.unwrap();
        assert_eq!(ended.report.refused.len(), 2, "{said}");
        assert_eq!((here, ended.report.deleted), (vec![], 0), "{said}");
        assert!(!deletes(&server), "{said}");
    }
}

#[tokio::test]
async fn a_message_that_comes_twice_is_kept_as_it_came_first() {
    let said = "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n* 1 FETCH (UID 1 BODY[] {3}\r\ndef)\r\n$ OK\r\n";
    let (ended, here, _) = against(Instead::of("WHOLE", text(said))).await;
    ended.done.unwrap();
    assert_eq!(here, [b"abc"]);
    assert_eq!((ended.report.fetched, ended.report.deleted, ended.report.refused.len()), (1, 1, 1));
}

#[tokio::test]
async fn numbers_at_the_ends_of_what_is_possible_are_numbers() {
    let most = "9999999999999999999";
    let select = format!(
        "* 4294967295 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 0] .\r\n* OK [UIDNEXT 0] .\r\n\
         * OK [HIGHESTMODSEQ {most}] .\r\n$ OK\r\n"
    );
    let about = format!(
        "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE {most} MODSEQ ({most}))\r\n\
         * 2 FETCH (UID 2 FLAGS () RFC822.SIZE {most})\r\n\
         * 4294967295 FETCH (UID 4294967295 FLAGS () RFC822.SIZE 0)\r\n$ OK\r\n"
    );
    let whole = "* 1 FETCH (UID 4294967295 BODY[] {1}\r\nc)\r\n* 1 FETCH (UID 2 BODY[] {0}\r\n)\r\n\
                 * 9 FETCH (UID 1 BODY[] \"a\")\r\n$ OK\r\n";
    let all = Instead::of("SELECT", text(select)).and("ABOUT", text(about)).and("WHOLE", text(whole));
    let (ended, here, server) = against(all).await;
    ended.done.unwrap();
    assert_eq!(here, [&b""[..], b"a", b"c"]);
    // To delete the last UID there can be, `*` would have to be written, which is another message by then.
    assert_eq!((ended.report.left, ended.report.deleted), (vec![u32::MAX], 2));
    assert!(
        !server.heard().contains("STORE 1:2,*") && server.heard().contains("STORE 1:2 "),
        "{}",
        server.heard()
    );
    assert_eq!((ended.report.there, ended.report.fetched), (4_294_967_295, 3));
}

#[tokio::test]
async fn what_has_no_end_is_an_error_in_bounded_time() {
    let long = 1 << 30;
    for (place, said) in [
        // A line of a gigabyte; nothing of it is kept.
        ("hello", vec![Say::Times(b"x".to_vec(), long)]),
        ("LOGIN", vec![Say::Times(b"x".to_vec(), long)]),
        ("SELECT", vec![Say::Times(b"x".to_vec(), long)]),
        ("ABOUT", vec![Say::Times(b"x".to_vec(), long)]),
        ("WHOLE", vec![Say::Times(b"x".to_vec(), long)]),
        // A million lines that say nothing.
        ("LOGIN", vec![Say::Times(b"* OK hm\r\n".to_vec(), 1_000_000)]),
        ("SELECT", vec![Say::Times(b"* FLAGS (a b c)\r\n".to_vec(), 1_000_000)]),
        ("SELECT", vec![Say::Each("* # FETCH (UID # FLAGS ())\r\n", 1_000_000)]),
        ("WHOLE", vec![Say::Each("* # EXISTS\r\n", 1_000_000)]),
        ("WHOLE", vec![Say::Times(b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n".to_vec(), 1_000_000)]),
        ("WHOLE", vec![Say::Times(b"* 1 FETCH (UID 1 FLAGS ())\r\n".to_vec(), 1_000_000)]),
        ("STORE", vec![Say::Times(b"* 1 FETCH (FLAGS (\\Deleted))\r\n".to_vec(), 1_000_000)]),
        // More messages than there are.
        ("ABOUT", vec![Say::Times(b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\r\n".to_vec(), 1_000_000)]),
    ] {
        let (ended, ..) = against(Instead::of(place, said.clone())).await;
        let failure = ended.failure();
        assert_eq!(failure.kind, Kind::Protocol, "{place}, {said:?}: {failure}");
    }
}

/// In whatever order they are told of: here the one in which a set takes them worst.
#[tokio::test]
async fn messages_that_do_not_come_are_counted_and_not_listed_one_by_one() {
    let about = vec![
        Say::Down("* # FETCH (UID #0 FLAGS () RFC822.SIZE 5)\r\n", 20_000),
        Say::Text(b"$ OK\r\n".to_vec()),
    ];
    let all = Instead::of("SELECT", text("* 20000 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n$ OK\r\n"))
        .and("ABOUT", about)
        .and("WHOLE", text("$ OK\r\n"));
    let (ended, ..) = against(all).await;
    assert!(ended.failure().to_string().contains("20000"), "{ended:?}");
    assert_eq!(ended.report.refused.len(), 0);
}

#[tokio::test]
async fn a_server_that_takes_us_for_logged_in_or_offers_no_tls_gets_no_password() {
    for (hello, capability) in [
        ("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\r\n", "$ OK\r\n"),
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n", "$ OK\r\n"),
        ("* OK hi\r\n", "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n$ OK\r\n"),
        ("* OK hi\r\n", "$ BAD\r\n"),
        ("* OK hi\r\n", "$ OK\r\n"),
        ("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", ""),
    ] {
        for starttls in ["$ NO\r\n", "$ BAD\r\n", "$ OK\r\nthis is no TLS\r\n", "* BYE\r\n"] {
            let instead = Instead::of("hello", text(hello))
                .and("CAPABILITY", text(capability))
                .and("other", text(starttls));
            let server = Scripted::imap(instead).await;
            let yard = Yard::new();
            let ended =
                yard.fetch_with(By::Imap, server.port, Policy::Delete, Tls::Required, None, &["INBOX"]).await;
            assert!(
                matches!(
                    ended.failure().kind,
                    Kind::Tls | Kind::Capability | Kind::Refused | Kind::Unreachable | Kind::Timeout
                ),
                "{ended:?}"
            );
            let heard = server.heard();
            assert!(!tells_password(heard.as_bytes()) && !heard.contains("LOGIN"), "{heard}");
        }
    }
}

/// What a server's LIST leads to.
async fn folders(
    said: Vec<Say>,
) -> Result<Vec<hongyan::net::imap::Folder>, hongyan::proto::outcome::Failure> {
    let server = Scripted::imap(Instead::of("LIST", said)).await;
    let mut options = hongyan::net::imap::Options::default();
    options.session.tls = Tls::Never;
    options.session.plaintext_auth = true;
    options.session.timeouts = hongyan::net::imap::Timeouts::all(PATIENCE);
    let proof =
        hongyan::proto::sasl::Proof::Password(hongyan::proto::sasl::Secret::new(crate::place::PASSWORD));
    options.session.credentials = Some(hongyan::proto::sasl::Credentials { user: "wang".into(), proof });
    let place = hongyan::net::Server { host: "127.0.0.1".into(), port: server.port, implicit_tls: false };
    Session::connect(&place, &options).await?.folders("*").await
}

#[tokio::test]
async fn names_of_mailboxes_stay_in_the_folder_whatever_they_are() {
    let long = "long".repeat(25_000);
    let names = [
        "../../x".into(),
        "../beside".into(),
        "..".into(),
        ".".into(),
        "/etc/passwd".into(),
        "a/../../b".into(),
        "~root".into(),
        "cur".into(),
        "new/../cur".into(),
        "hongyan".into(),
        ".hongyan".into(),
        "a\u{1b}[2Jb".into(),
        "a\tb".into(),
        "\u{202e}txt.exe".into(),
        "a".repeat(300),
        long,
    ];
    for name in &names {
        for delimiter in ["NIL", "\"/\"", "\".\"", "\"\\\\\"", "\"~\""] {
            let said = format!("* LIST () {delimiter} {{{}}}\r\n{name}\r\n$ OK\r\n", name.len());
            let Ok(there) = folders(text(&said)).await else {
                assert!(name.len() > 65_536, "{delimiter} {name:?}");
                continue;
            };
            let yard = Yard::new();
            for folder in there {
                let maildir = hongyan::mailbox::Maildir::create(yard.maildir()).unwrap();
                let name = FolderName::parse(&folder.name, folder.delimiter);
                let made = maildir.create_folder(&name).unwrap();
                assert_eq!(made.path().parent(), Some(maildir.path()), "{made:?}");
                assert!(made.path().file_name().unwrap().len() < 255);
            }
            yard.assert_tidy();
        }
    }
}

#[tokio::test]
async fn a_folder_with_such_a_name_is_fetched_into_the_maildir_or_not_at_all() {
    let long = "x".repeat(100_000);
    for (name, fetched) in [
        ("../../x", true),
        ("a\u{1b}b", true),
        ("a\rb", false),
        ("a\nA9 LOGOUT", false),
        ("a\0b", false),
        (long.as_str(), false),
    ] {
        let server = Scripted::imap(Instead::default()).await;
        let yard = Yard::new();
        let ended = yard.fetch_with(By::Imap, server.port, Policy::Keep, Tls::Never, None, &[name]).await;
        assert_eq!(ended.done.is_ok(), fetched, "{name:?}: {ended:?}");
        assert!(!server.heard().contains("A9"), "{}", server.heard());
        assert_eq!(yard.here(), [[0; 0]; 0]);
    }
}

#[tokio::test]
async fn more_names_than_anybody_has_are_an_error() {
    let there =
        folders(vec![Say::Each("* LIST () NIL f#\r\n", 50_000), Say::Text(b"$ OK\r\n".to_vec())]).await;
    assert_eq!(there.unwrap().len(), 50_000);
    let name = "n".repeat(60_000);
    for said in [
        vec![Say::Each("* LIST () NIL f#\r\n", 200_000)],
        vec![Say::Times(format!("* LIST () NIL {name}\r\n").into_bytes(), 10_000)],
        vec![Say::Times(format!("* LIST () NIL {{60000}}\r\n{name}\r\n").into_bytes(), 10_000)],
    ] {
        let failure = folders(said).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Protocol, "{failure}");
    }
}
