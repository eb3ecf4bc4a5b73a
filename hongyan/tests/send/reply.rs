//! `hongyan reply`: who gets it, what it says, and what of a hostile original does not get through.

use std::fs;

use hongyan::mime::read::{Message, inspect};
use hongyan::sandbox::Config;

use crate::place::{Place, Ran, World};

const ORIGINAL: &str = "From: Ann <ann@example.org>\r\nTo: tester@example.org, Bob <bob@example.org>\r\n\
    Cc: carol@example.org\r\nDate: Thu, 20 Nov 2025 03:09:00 +0800\r\nSubject: Lunch\r\n\
    Message-ID: <1@example.org>\r\nReferences: <0@example.org>\r\n\r\nAt noon?\r\n-- \r\nAnn\r\n";

fn world() -> World {
    World::start(Config::default())
}

fn place(name: &str, world: &World) -> Place {
    let place = Place::new(name);
    place.write(
        ".config/hongyan/config.toml",
        format!(
            "[account.default]\nfrom = \"Me <tester@example.org>\"\nserver = \"{}\"\ntls = \"none\"\n",
            world.url()
        ),
    );
    place.write("mail.eml", ORIGINAL);
    place
}

fn recipients(world: &World) -> Vec<String> {
    world.last().0.envelope.to.iter().map(|to| to.address.clone()).collect()
}

/// The value of a field of the last mail, as text.
fn field(mail: &[u8], name: &str) -> Option<String> {
    let message = Message::parse(mail);
    message.field(0, name).map(|field| message.value_text(field))
}

fn text(mail: &[u8]) -> String {
    Message::parse(mail).best_text().text
}

#[test]
fn an_answer_goes_to_its_author_with_the_words_quoted_below() {
    let world = world();
    let place = place("reply", &world);
    let ran = place.run(&["reply", "mail.eml", "--text", "Yes!"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("Sent to ann@example.org ("), "{ran:?}");
    let (_, mail) = world.last();
    assert_eq!(recipients(&world), ["ann@example.org"]);
    for (name, value) in [
        ("From", "Me <tester@example.org>"),
        ("To", "Ann <ann@example.org>"),
        ("Subject", "Re: Lunch"),
        ("In-Reply-To", "<1@example.org>"),
        ("References", "<0@example.org> <1@example.org>"),
    ] {
        assert_eq!(field(&mail, name).as_deref(), Some(value));
    }
    assert_eq!(
        text(&mail),
        "Yes!\n\nOn 20 November 2025 at 03:09 +0800, Ann <ann@example.org> wrote:\n> At noon?\n"
    );
    // Nothing is left of the draft.
    assert_eq!(fs::read_dir(place.path(".local/state/hongyan/drafts")).unwrap().count(), 0);
}

#[test]
fn the_options_decide_on_people_words_and_files() {
    let world = world();
    let place = place("reply-options", &world);
    place.write("a.bin", b"\0\r\n\xff").write("words.txt", "From a file.\n");
    let ran = place.run(&[
        "reply",
        "mail.eml",
        "--all",
        "--no-quote",
        "-m",
        "words.txt",
        "-a",
        "a.bin",
        "--cc",
        "dave@example.org",
        "--bcc",
        "eve@example.org",
        "-s",
        "Dinner",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, mail) = world.last();
    assert_eq!(
        recipients(&world),
        ["ann@example.org", "bob@example.org", "carol@example.org", "dave@example.org", "eve@example.org"]
    );
    assert_eq!(
        field(&mail, "Cc").as_deref(),
        Some("Bob <bob@example.org>, carol@example.org, dave@example.org")
    );
    assert_eq!((field(&mail, "Bcc"), field(&mail, "Subject").as_deref()), (None, Some("Dinner")));
    let message = Message::parse(&mail);
    assert_eq!(message.text(1), "From a file.\r\n");
    assert_eq!(&*message.decoded(2), b"\0\r\n\xff");
    // Words through a pipe, and the original too.
    let ran = Ran::with_input(place.hongyan(&["reply", "mail.eml", "--no-quote"]), "管道里的话".as_bytes());
    assert_eq!((ran.code, text(&world.last().1).as_str()), (0, "管道里的话\n"), "{ran:?}");
    let ran =
        Ran::with_input(place.hongyan(&["reply", "-", "--text", "y", "--no-quote"]), ORIGINAL.as_bytes());
    assert_eq!((ran.code, field(&world.last().1, "Subject").as_deref()), (0, Some("Re: Lunch")), "{ran:?}");
}

#[test]
fn a_list_is_answered_where_it_says() {
    let world = world();
    let place = place("reply-list", &world);
    place.write("mail.eml", "From: a@example.org\r\nList-Post: <mailto:list@example.org>\r\n\r\nx\r\n");
    let ran = place.run(&["reply", "mail.eml", "--list", "--text", "y"]);
    assert_eq!((ran.code, recipients(&world)), (0, vec!["list@example.org".to_owned()]), "{ran:?}");
    let ran = place.run(&["reply", "mail.eml", "--list", "--all", "--text", "y"]);
    assert_eq!(ran.code, 64);
    place.write("mail.eml", ORIGINAL);
    let ran = place.run(&["reply", "mail.eml", "--list", "--text", "y"]);
    assert_eq!(ran.code, 65);
    assert!(
        ran.err.starts_with("reply: the mail does not say to which list answers go\n  next: "),
        "{}",
        ran.err
    );
}

#[test]
fn what_says_nothing_is_not_sent() {
    let world = world();
    let place = place("reply-empty", &world);
    for arguments in [&["reply", "mail.eml"][..], &["reply", "mail.eml", "--text", " \n"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (65, ""), "{ran:?}");
        assert_eq!(ran.err, "reply: nothing was written, so nothing was sent\n");
    }
    let ran = Ran::with_input(place.hongyan(&["reply", "-"]), ORIGINAL.as_bytes());
    assert_eq!((ran.code, ran.err.as_str()), (65, "reply: nothing was written, so nothing was sent\n"));
    let ran = Ran::with_input(place.hongyan(&["reply", "-", "-m", "-"]), ORIGINAL.as_bytes());
    assert_eq!(ran.code, 64, "{ran:?}");
    assert!(ran.err.starts_with("reply: the mail and -m cannot both be standard input\n"), "{}", ran.err);
    let ran = place.run(&["reply", "none.eml", "--text", "x"]);
    assert_eq!(ran.code, 66, "{ran:?}");
    assert_eq!(world.count(), 0);
}

#[test]
fn a_dry_run_shows_the_mail_and_sends_nothing() {
    let world = world();
    let place = place("reply-dry", &world);
    let ran = place.run(&["reply", "mail.eml", "--text", "Yes!", "--dry-run"]);
    assert_eq!((ran.code, world.count()), (0, 0), "{ran:?}");
    assert!(
        ran.out.contains("\r\nIn-Reply-To: <1@example.org>\r\n") && ran.out.contains("\r\n> At noon?\r\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.err, "reply: not sent. It would go from tester@example.org to ann@example.org\n");
}

#[test]
fn an_original_in_gbk_is_answered_in_chinese() {
    let world = world();
    let place = place("reply-gbk", &world);
    // 王伟, 午饭 and 中午见，好吗？ in GBK, raw.
    let mail: &[u8] =
        b"From: \xcd\xf5\xce\xb0 <w@example.org>\r\nSubject: \xbb\xd8\xb8\xb4\xa3\xba\xce\xe7\xb7\xb9\r\n\
        Date: Thu, 20 Nov 2025 03:09:00 +0800\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n\
        \xd6\xd0\xce\xe7\xbc\xfb\xa3\xac\xba\xc3\xc2\xf0\xa3\xbf\r\n";
    place.write("mail.eml", mail);
    let ran = place.run(&["reply", "mail.eml", "--text", "好"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, mail) = world.last();
    assert_eq!(field(&mail, "Subject").as_deref(), Some("Re: 午饭"));
    assert_eq!(field(&mail, "To").as_deref(), Some("王伟 <w@example.org>"));
    assert_eq!(
        text(&mail),
        "好\n\n2025年11月20日 03:09 +0800，王伟 <w@example.org> 写道：\n> 中午见，好吗？\n"
    );
}

#[test]
fn poor_originals_are_answered_as_far_as_they_go() {
    let world = world();
    let place = place("reply-poor", &world);
    for (header, code, err) in [
        ("Subject: no author", 65, "reply: the mail does not say whom an answer goes to\n"),
        ("From: nobody", 65, "reply: the mail does not say whom an answer goes to\n"),
        ("From: a@example.org", 0, ""),
    ] {
        place.write("mail.eml", format!("{header}\r\n\r\ntext\r\n"));
        let ran = place.run(&["reply", "mail.eml", "--text", "y"]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.starts_with(err), "{}", ran.err);
    }
    let (_, mail) = world.last();
    assert_eq!((field(&mail, "In-Reply-To"), field(&mail, "References")), (None, None));
    assert_eq!(field(&mail, "Subject").as_deref(), Some("Re:"));
    place.write("mail.eml", "Subject: no author\r\n\r\ntext\r\n");
    let ran = place.run(&["reply", "mail.eml", "--text", "y", "--to", "b@example.org"]);
    assert_eq!((ran.code, recipients(&world)), (0, vec!["b@example.org".to_owned()]), "{ran:?}");
    // Whatever bytes there are, an answer either goes or is refused in words.
    for raw in
        [&b""[..], b"\r\n", b"\0\0\0", b"From: \xff\xfe <a@example.org>\nSubject: \x80\n\n\xff\xfe\x00"]
    {
        place.write("mail.eml", raw);
        let ran = place.run(&["reply", "mail.eml", "--text", "y"]);
        assert!(matches!(ran.code, 0 | 65), "{ran:?}");
    }
}

#[test]
fn five_thousand_people_are_answered() {
    let world = world();
    let place = place("reply-many", &world);
    let to = (0..5_000).map(|n| format!("p{n}@example.org")).collect::<Vec<_>>().join(",\r\n ");
    place.write("mail.eml", format!("From: ann@example.org\r\nTo: {to}\r\n\r\nx\r\n"));
    let ran = place.run(&["reply", "mail.eml", "--all", "--text", "y", "--dry-run"]);
    assert_eq!(ran.code, 0);
    let message = Message::parse(ran.out.as_bytes());
    let people = |name| message.address_list(0, name).len();
    assert_eq!((people("To"), people("Cc")), (1, 5_000));
}

#[test]
fn no_original_puts_a_field_of_its_own_into_the_answer() {
    let world = world();
    let place = place("reply-hostile", &world);
    let evil = "\r\nBcc: evil@example.org\r\nX-Evil: yes\r\n\r\nevil body";
    let words = |text: &str| {
        let hex: String = text.bytes().map(|b| format!("={b:02X}")).collect();
        format!("=?utf-8?Q?{hex}?=")
    };
    let hidden = words(evil);
    for header in [
        format!("Subject: x {hidden}"),
        "Subject: x\rBcc: evil@example.org\rX-Evil: yes".to_owned(),
        format!("Subject: x\0y {hidden}"),
        format!("Reply-To: {hidden} <r@example.org>"),
        "Reply-To: \"x\\\r\nX-Evil: yes\" <r@example.org>".to_owned(),
        format!("Reply-To: {} <r@example.org>, <a{hidden}@example.org>", words("a\nb")),
        format!("Cc: {hidden}: c@example.org;"),
        format!("Message-ID: <a{hidden}@example.org>"),
        "Message-ID: <a\rX-Evil: yes@example.org>".to_owned(),
        format!("References: <a@b> <x {hidden}> <c\0d@e> {hidden}"),
        "In-Reply-To: <a\rX-Evil:yes@b>".to_owned(),
        format!("Mail-Followup-To: {hidden} <m@example.org>"),
        format!("Date: {hidden}"),
    ] {
        place.write("mail.eml", format!("From: {hidden} <a@example.org>\r\n{header}\r\n\r\ntext{evil}\r\n"));
        let ran = place.run(&["reply", "mail.eml", "--all", "--text", "y", "--dry-run"]);
        assert_eq!(ran.code, 0, "{header:?}: {ran:?}");
        let head = ran.out.split("\r\n\r\n").next().unwrap();
        for line in head.split("\r\n") {
            let name = line.split(':').next().unwrap();
            let known = [
                "Date",
                "From",
                "To",
                "Cc",
                "Message-ID",
                "In-Reply-To",
                "References",
                "Subject",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding",
            ];
            assert!(line.starts_with(' ') || known.contains(&name), "{header:?}: {line:?}");
            assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        }
        assert!(!ran.err.contains("evil@example.org"), "{}", ran.err);
        assert!(inspect(ran.out.as_bytes()).parts.len() == 1);
    }
}

#[test]
fn a_mail_of_the_mailbox_is_named_by_its_number_or_identifier() {
    let world = world();
    let place = place("reply-number", &world);
    assert_eq!(place.run(&["import", "mail.eml", "--folder", "Archive"]).code, 0);
    for which in ["1", "<1@example.org>", "1@example.org"] {
        let ran = place.run(&["reply", which, "--text", "Yes!"]);
        assert_eq!(
            (ran.code, ran.err.as_str(), recipients(&world)[0].as_str()),
            (0, "", "ann@example.org"),
            "{ran:?}"
        );
    }
    // In the mailbox that the mail lies in, not in the folder.
    assert_eq!(fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().count(), 3);
    let name = fs::read_dir(place.path("Mail/.Archive/cur")).unwrap().next().unwrap().unwrap().file_name();
    assert!(name.to_str().unwrap().ends_with(":2,RS"), "{name:?}");
    let ran = place.run(&["forward", "1", "--to", "b@example.org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let name = fs::read_dir(place.path("Mail/.Archive/cur")).unwrap().next().unwrap().unwrap().file_name();
    assert!(name.to_str().unwrap().ends_with(":2,PRS"), "{name:?}");
    let ran = place.run(&["reply", "99", "--text", "Yes!"]);
    assert_eq!(ran.code, 66, "{ran:?}");
    assert!(ran.err.starts_with("reply: there is no mail 99 in "), "{}", ran.err);
}

#[test]
fn an_answered_mail_in_a_maildir_is_marked_and_the_answer_filed_beside_it() {
    let world = world();
    let place = place("reply-maildir", &world);
    for folder in ["Mail/tmp", "Mail/new", "Mail/cur"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.write("Mail/new/1.M1P1.host,S=300", ORIGINAL);
    let ran = place.run(&["reply", "Mail/new/1.M1P1.host,S=300", "--text", "Yes!"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(place.path("Mail/cur/1.M1P1.host,S=300:2,RS").exists());
    assert!(
        ran.out
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("A copy is in ") && line.ends_with("Mail/.Sent")),
        "{ran:?}"
    );
    let copies: Vec<_> =
        fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [copy] = &copies[..] else { panic!("{copies:?}") };
    assert!(copy.to_str().unwrap().ends_with(":2,S"));
    assert_eq!(fs::read(copy).unwrap(), world.last().1);
    // Also for programs.
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host,S=300:2,RS", "--text", "Yes!", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["sent_copy"]["place"], &object["exit"]), (0, &"maildir".into(), &0.into()));
    assert_eq!(fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().count(), 2);
    // Whoever wants none gets none.
    let config = fs::read_to_string(place.path(".config/hongyan/config.toml")).unwrap();
    place.write(".config/hongyan/config.toml", format!("{config}sent = \"none\"\n"));
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host,S=300:2,RS", "--text", "Yes!"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 1), "{ran:?}");
}
