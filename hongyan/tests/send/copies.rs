//! The copy of a mail that was sent, at the account's IMAP server.

use std::fs;
use std::path::PathBuf;

use hongyan::sandbox::{Config, User};

use crate::place::{Place, World};

const ORIGINAL: &str =
    "From: Ann <ann@example.org>\r\nSubject: Lunch\r\nMessage-ID: <1@example.org>\r\n\r\nAt noon?\r\n";

fn users() -> Config {
    Config { users: vec![User::new("me@example.org", "secret")], ..Config::default() }
}

/// With an account that sends and receives at the sandbox, and further keys.
fn place(name: &str, world: &World, keys: &str) -> Place {
    let place = Place::new(name).set("HONGYAN_PASSWORD", "secret");
    place.write("mail.eml", ORIGINAL).write(
        ".config/hongyan/config.toml",
        format!(
            "[account.default]\nfrom = \"me@example.org\"\nuser = \"me@example.org\"\nserver = \"{}\"\n\
             imap = \"imap://127.0.0.1:{}\"\ntls = \"none\"\n{keys}",
            world.url(),
            world.imap
        ),
    );
    place
}

/// What is in a mailbox of the user: flags and contents.
fn mailbox(world: &World, name: &str) -> Vec<(bool, Vec<u8>)> {
    let mails = world.store.accounts().mails("me@example.org", name).unwrap_or_default();
    let content = |id| world.store.get(id).unwrap().unwrap().content().unwrap().into_owned();
    mails.iter().map(|mail| (mail.flags.seen, content(mail.id))).collect()
}

fn drafts(place: &Place) -> Vec<PathBuf> {
    let folder = fs::read_dir(place.path(".local/state/hongyan/drafts")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_copy_is_what_was_sent_and_is_filed_as_seen() {
    let world = World::start(users());
    let place = place("copy", &world, "");
    place.write("a.bin", b"\0\r\n\xff");
    let ran = place.run(&["reply", "mail.eml", "--text", "好！", "-a", "a.bin"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let last = ran.out.lines().last().unwrap();
    assert!(last.starts_with("A copy is in Sent (imap://127.0.0.1:"), "{ran:?}");
    let copies = mailbox(&world, "Sent");
    let [(true, copy)] = &copies[..] else { panic!("{copies:?}") };
    let ids = world.store.ids().unwrap();
    let sent = world.store.get(ids[0]).unwrap().unwrap();
    assert!(*copy == *sent.content().unwrap(), "octet for octet");
    assert!(drafts(&place).is_empty());
    let ran = place.run(&["forward", "mail.eml", "--to", "b@example.org", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["sent_copy"]["place"]), (0, &"imap".into()), "{ran:?}");
    assert_eq!(mailbox(&world, "Sent").len(), 2);
}

#[test]
fn the_account_decides_where_the_copy_goes() {
    let world = World::start(users());
    for (keys, imap, local) in [
        ("sent = \"none\"\n", 0, 0),
        ("sent = \"maildir\"\nmaildir = \"~/M\"\n", 0, 1),
        ("sent = \"imap\"\n", 1, 0),
    ] {
        let place = place("way", &world, keys);
        let ran = place.run(&["reply", "mail.eml", "--text", "y"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{keys}: {ran:?}");
        assert_eq!(mailbox(&world, "Sent").len(), imap, "{keys}");
        let there = fs::read_dir(place.path("M/.Sent/cur")).map_or(0, Iterator::count);
        assert_eq!(there, local, "{keys}");
    }
    // Where another server is named, the account's has no part in it.
    let place = place("way", &world, "").set("HONGYAN_SERVER", &world.url());
    let ran = place.run(&["reply", "mail.eml", "--text", "y"]);
    assert_eq!((ran.code, mailbox(&world, "Sent").len()), (0, 1), "{ran:?}");
    let config = fs::read_to_string(place.path(".config/hongyan/config.toml")).unwrap();
    let without: String =
        config.lines().filter(|line| !line.starts_with("imap")).map(|line| format!("{line}\n")).collect();
    place.write(".config/hongyan/config.toml", format!("{without}sent = \"imap\"\n"));
    let ran = place.run(&["reply", "mail.eml", "--text", "y", "--account", "default"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(
        ran.err.starts_with("reply: the account's `sent` is \"imap\", and it has no IMAP server\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_server_that_keeps_no_copy_leaves_the_mail_sent_and_the_copy_here() {
    for fault in [
        "imap-append=NO [OVERQUOTA] full",
        "imap-login=NO wrong",
        "imap-append=drop",
        "imap-search=drop",
        "imap-list=BAD what",
    ] {
        let rule = fault.parse().unwrap();
        let world = World::start(Config { faults: vec![rule], ..users() });
        let place = place("unfiled-imap", &world, "");
        let ran = place.run(&["reply", "mail.eml", "--text", "Yes!"]);
        assert_eq!(ran.code, 0, "{fault}: {ran:?}");
        assert!(ran.out.starts_with("Sent to ann@example.org"), "{ran:?}");
        assert!(
            ran.err
                .starts_with("reply: the mail was sent, but its copy could not be filed: imap://127.0.0.1:"),
            "{fault}: {}",
            ran.err
        );
        let kept = drafts(&place);
        let [copy] = &kept[..] else { panic!("{kept:?}") };
        assert!(ran.err.contains(&format!("hongyan import --folder Sent {}", copy.display())), "{}", ran.err);
        assert!(fs::read_to_string(copy).unwrap().contains("Yes!"));
    }
}

#[test]
fn send_keeps_a_copy_where_it_is_asked_to() {
    let world = World::start(users());
    let place = place("send-sent", &world, "");
    let ran = place.send(&["--text", "x", "a@example.org", "--sent"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let copies = mailbox(&world, "Sent");
    let sent = world.store.get(world.store.ids().unwrap()[0]).unwrap().unwrap();
    assert!(copies.len() == 1 && copies[0].1 == *sent.content().unwrap());
    assert!(drafts(&place).is_empty());
    assert_eq!(place.send(&["--text", "x", "a@example.org"]).code, 0);
    assert_eq!(mailbox(&world, "Sent").len(), 1, "only where it is asked to");
    let elsewhere = place.set("HONGYAN_SERVER", &world.url());
    let ran = elsewhere.send(&["--text", "x", "a@example.org", "--sent"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.err.starts_with("send: nothing says where sent mail is kept\n"), "{}", ran.err);
    for folder in ["Mail/tmp", "Mail/new", "Mail/cur"] {
        fs::create_dir_all(elsewhere.path(folder)).unwrap();
    }
    let ran = elsewhere.send(&["--text", "x", "a@example.org", "--sent", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["sent_copy"]["place"]), (0, &"maildir".into()), "{ran:?}");
    assert_eq!(fs::read_dir(elsewhere.path("Mail/.Sent/cur")).unwrap().count(), 1);
}

#[test]
fn a_server_that_cannot_search_gets_its_copy() {
    let world = World::start(Config { faults: vec!["imap-search=NO no".parse().unwrap()], ..users() });
    let place = place("no-search", &world, "");
    let ran = place.run(&["reply", "mail.eml", "--text", "Yes!"]);
    assert_eq!((ran.code, ran.err.as_str(), mailbox(&world, "Sent").len()), (0, "", 1), "{ran:?}");
}

#[test]
fn nobody_at_the_imap_port() {
    let world = World::start(users());
    let place = place("no-imap", &world, "");
    let config = fs::read_to_string(place.path(".config/hongyan/config.toml")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.write(
        ".config/hongyan/config.toml",
        config.replace(&format!("imap://127.0.0.1:{}", world.imap), &format!("imap://127.0.0.1:{port}")),
    );
    let ran = place.run(&["reply", "mail.eml", "--text", "Yes!", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["exit"]), (0, &0.into()), "{ran:?}");
    let copy = &object["sent_copy"];
    assert!(copy["folder"].is_null() && copy["error"].as_str().unwrap().contains("refused"), "{object}");
    assert!(fs::metadata(copy["kept"].as_str().unwrap()).is_ok());
}
