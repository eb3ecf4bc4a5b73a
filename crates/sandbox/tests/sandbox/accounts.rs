//! Whose mail is whose, and what of it is still so after a restart.

use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::Mailboxes;
use hongyan_proto::imap::server::mailboxes::{Change, Section, SectionText, SpecialUse, Transfer};
use hongyan_sandbox::accounts::{INBOX, POSTMASTER};
use hongyan_sandbox::{Accounts, Config, Keep, Sandbox, Store, User};

use crate::client::{Client, Folder, start};

fn config(folder: &Folder, users: &[&str]) -> Config {
    let users = users.iter().map(|name| User::new(*name, "secret")).collect();
    Config { users, keep: Keep::Folder(folder.0.clone()), ..Config::default() }
}

async fn to(sandbox: &Sandbox, recipients: &[&str]) {
    let mut client = Client::hello(sandbox).await;
    client.say("MAIL FROM:<a@x>").await;
    for recipient in recipients {
        assert!(client.say(&format!("RCPT TO:<{recipient}>")).await.starts_with("250"));
    }
    client.say("DATA").await;
    assert!(client.say(&format!("To: {}\r\n\r\nhello\r\n.", recipients.join(", "))).await.starts_with("250"));
}

/// The numbers in the store of what is in an INBOX.
fn inbox(accounts: &Accounts, user: &str) -> Vec<u64> {
    accounts.mails(user, INBOX).map(|mails| mails.iter().map(|mail| mail.id).collect()).unwrap_or_default()
}

/// Everything that an account's clients can see.
fn all(store: &Store, user: &str) -> String {
    let accounts = store.accounts();
    let mut view = accounts.view(user).expect("no error");
    let mut lines = Vec::new();
    let mut listed = view.list().expect("no error");
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    for mailbox in listed {
        let name = mailbox.name.clone();
        lines.push(format!("{mailbox:?}"));
        if mailbox.exists {
            lines.push(format!("{:?}", view.snapshot(&name).expect("it is listed")));
            lines.push(format!("{:?}", view.vanished(&name, 1).expect("it is listed")));
            lines.push(format!("{:?}", accounts.mails(user, &name).expect("it is listed")));
        }
    }
    lines.join("\n")
}

#[tokio::test]
async fn mail_is_sorted_by_name_by_local_part_and_else_to_the_first() {
    let folder = Folder::new("sorted");
    let sandbox = start(config(&folder, &["ann", "bob@example.org"])).await;
    to(&sandbox, &["ANN@anywhere.example"]).await;
    to(&sandbox, &["bob@example.org", "ann@example.org"]).await;
    to(&sandbox, &["bob@elsewhere.example"]).await;
    let accounts = sandbox.store().accounts();
    assert_eq!(accounts.users(), ["ann", "bob@example.org"]);
    assert_eq!((inbox(&accounts, "ann"), inbox(&accounts, "bob@example.org")), (vec![1, 2, 3], vec![2]));
    assert_eq!(accounts.mailboxes("ann"), ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    // Gone from the store when it is gone from the last mailbox.
    accounts.remove("ann", INBOX, &[1, 2, 99]).expect("no error");
    assert_eq!(sandbox.store().ids().expect("no error"), [2, 3]);
    accounts.remove("bob@example.org", INBOX, &[1]).expect("no error");
    assert_eq!(sandbox.store().ids().expect("no error"), [3]);
    // And the other way round.
    assert!(sandbox.store().remove(3).expect("no error"));
    assert_eq!(inbox(&accounts, "ann"), Vec::<u64>::new());
}

#[tokio::test]
async fn without_users_each_local_part_has_its_mail() {
    let sandbox = start(Config::default()).await;
    to(&sandbox, &["Ann@x.example", "ann@y.example", "bob@x.example"]).await;
    let accounts = sandbox.store().accounts();
    assert_eq!(accounts.users(), ["ann", "bob"]);
    assert_eq!(inbox(&accounts, "ann"), [1]);
    let mut view = accounts.view("BOB@anywhere").expect("no error");
    assert_eq!(view.snapshot(INBOX).expect("it is there").messages.len(), 1);
    let sandbox = start(Config { users: vec![User::new("ann", "x")], ..Config::default() }).await;
    assert_eq!(sandbox.store().put("ann", "Sent", b"x").await.expect("no error"), 1);
    assert!(sandbox.store().put("ann", "None", b"x").await.is_err());
    assert!(!sandbox.store().accounts().users().iter().any(|user| user == POSTMASTER));
}

#[tokio::test]
async fn what_makes_room_in_memory_is_gone_from_the_mailboxes() {
    let users = vec![User::new("ann", "x")];
    let keep = Keep::Memory { messages: 2, octets: 1000 };
    let sandbox = start(Config { users, keep, ..Config::default() }).await;
    for _ in 0..4 {
        to(&sandbox, &["ann@x"]).await;
    }
    assert_eq!(inbox(&sandbox.store().accounts(), "ann"), [3, 4]);
}

#[tokio::test]
async fn everything_is_the_same_after_a_restart() {
    let folder = Folder::new("restart");
    let sandbox = start(config(&folder, &["ann", "bob"])).await;
    for _ in 0..6 {
        to(&sandbox, &["ann@x", "bob@x"]).await;
    }
    let accounts = sandbox.store().accounts();
    let mut view = accounts.view("ann").expect("no error");
    let flags = |names: &[&str]| names.iter().copied().collect::<Flags>();
    view.create("Work/2026", Some(SpecialUse::Flagged)).expect("no error");
    view.subscribe("Work", true).expect("no error");
    view.subscribe("Nowhere", true).expect("no error");
    let added = Change::Add(flags(&["\\Seen", "$Forwarded"]));
    assert_eq!(view.store(INBOX, &[1, 2, 3], &added, None).expect("no error"), Vec::<u32>::new());
    let mod_seq = view.snapshot(INBOX).expect("there").messages[4].mod_seq;
    assert_eq!(view.store(INBOX, &[1, 5], &added, Some(mod_seq)).expect("no error"), [1], "changed since");
    let moved = view.transfer(INBOX, &[2, 4], "Work/2026", Transfer::Move).expect("no error");
    assert_eq!(moved.uids, [(2, 1), (4, 2)]);
    view.transfer(INBOX, &[1], INBOX, Transfer::Copy).expect("no error");
    view.store(INBOX, &[3, 7], &Change::Add(Flags::deleted()), None).expect("no error");
    view.expunge(INBOX, &[1, 3, 7]).expect("no error");
    view.rename("Work", "Arbeit").expect("no error");
    view.delete("Junk").expect("no error");
    accounts.set_unique_id("ann", INBOX, 5, Some("the same as another's\r\n")).expect("no error");
    let bob = accounts.renumber("bob", INBOX).expect("no error");
    assert_eq!(sandbox.store().put("ann", "Drafts", b"Subject: d\n").await.expect("no error"), 1);
    let before = (all(sandbox.store(), "ann"), all(sandbox.store(), "bob"));
    assert!(before.0.contains("Arbeit/2026") && before.0.contains("$Forwarded"), "{}", before.0);
    drop(view);
    drop(accounts);
    sandbox.stop().await;

    for _ in 0..2 {
        let sandbox = start(config(&folder, &["ann", "bob"])).await;
        assert_eq!((all(sandbox.store(), "ann"), all(sandbox.store(), "bob")), before);
        assert_eq!(sandbox.store().accounts().uid_validity("bob", INBOX).expect("there"), bob);
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn other_users_get_what_they_have_not_had_and_nothing_twice() {
    let folder = Folder::new("others");
    let sandbox = start(config(&folder, &["test"])).await;
    to(&sandbox, &["ann@x"]).await;
    to(&sandbox, &["carol@x"]).await;
    sandbox.stop().await;
    let sandbox = start(config(&folder, &["ann", "bob"])).await;
    let accounts = sandbox.store().accounts();
    assert_eq!((inbox(&accounts, "ann"), inbox(&accounts, "bob")), (vec![1, 2], vec![]));
    assert_eq!(inbox(&accounts, "test"), [1, 2], "kept for whom it was");
    accounts.remove("ann", INBOX, &[1]).expect("no error");
    drop(accounts);
    sandbox.stop().await;
    let sandbox = start(config(&folder, &["ann", "bob"])).await;
    assert_eq!(inbox(&sandbox.store().accounts(), "ann"), [2], "not sorted again");
}

#[tokio::test]
async fn a_folder_that_others_changed_is_what_counts() {
    let folder = Folder::new("changed");
    let sandbox = start(config(&folder, &["ann"])).await;
    for _ in 0..3 {
        to(&sandbox, &["ann@x"]).await;
    }
    let before = sandbox.store().accounts().uid_validity("ann", INBOX).expect("there");
    sandbox.stop().await;
    let path = |name: &str| folder.0.join(name);
    std::fs::remove_file(path("00000002.json")).expect("it is there");
    std::fs::write(path("00000003.json"), "{ broken").expect("it can be written");
    std::fs::write(path("00000009.eml"), "Subject: mine\n").expect("it can be written");
    std::fs::write(path("00000009.json"), "not even that").expect("it can be written");
    let sandbox = start(config(&folder, &["ann"])).await;
    let accounts = sandbox.store().accounts();
    let mails = accounts.mails("ann", INBOX).expect("there");
    let seen: Vec<_> = mails.iter().map(|mail| (mail.uid, mail.id, mail.more_as_lines)).collect();
    assert_eq!(seen, [(1, 1, 0), (3, 3, 0), (4, 9, 1)]);
    assert_eq!(accounts.uid_validity("ann", INBOX).expect("there"), before);
}

#[tokio::test]
async fn a_broken_journal_gives_another_uidvalidity_and_loses_no_mail() {
    type Break = fn(Vec<u8>) -> Vec<u8>;
    let breaks: [(&str, Break, bool); 5] = [
        ("cut off in a line", |text| text[..text.len() - 5].to_vec(), true),
        ("garbage at its end", |text| [&text[..], b"\0\0\0\0"].concat(), true),
        (
            "garbage in its middle",
            |text| String::from_utf8_lossy(&text).replacen("\"mail\"", "\"male\"", 1).into(),
            true,
        ),
        (
            "of another format",
            |text| String::from_utf8_lossy(&text).replacen("\"version\":1", "\"version\":2", 1).into(),
            true,
        ),
        ("empty", |_| Vec::new(), false),
    ];
    for (what, break_it, is_kept_aside) in breaks {
        let folder = Folder::new("broken");
        let sandbox = start(config(&folder, &["ann"])).await;
        for _ in 0..3 {
            to(&sandbox, &["ann@x"]).await;
        }
        let before = sandbox.store().accounts().uid_validity("ann", INBOX).expect("there");
        sandbox.stop().await;
        let journal = folder.0.join(".mailboxes");
        let text = std::fs::read(&journal).expect("it is there");
        std::fs::write(&journal, break_it(text)).expect("it can be written");
        // A UIDVALIDITY is no younger than its second.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        for _ in 0..2 {
            let sandbox = start(config(&folder, &["ann"])).await;
            let accounts = sandbox.store().accounts();
            let mut ids = inbox(&accounts, "ann");
            ids.sort_unstable();
            assert_eq!(ids, [1, 2, 3], "{what}");
            assert!(accounts.uid_validity("ann", INBOX).expect("there") > before, "{what}");
            drop(accounts);
            sandbox.stop().await;
        }
        assert_eq!(folder.0.join(".mailboxes.broken").exists(), is_kept_aside, "{what}");
    }
}

#[tokio::test]
async fn mailbox_names_are_names_and_never_paths() {
    let folder = Folder::new("names");
    let sandbox = start(config(&folder, &["ann"])).await;
    let mut view = sandbox.store().accounts().view("ann").expect("no error");
    for name in ["../../x", "/etc/passwd", "a\\b", ".mailboxes", "收件箱/子"] {
        view.create(name, None).expect("it is a name");
        assert_eq!(view.snapshot(name).expect("it is there").messages.len(), 0);
    }
    assert!(view.create("INBOX", None).is_err() && view.create(&"x".repeat(1001), None).is_err());
    assert!(view.rename("../..", "../../x").is_err(), "taken by what is below it");
    assert!(view.rename("a\\b", "a\\b/c").is_err(), "below itself");
    assert!(view.delete("nothing").is_err());
    let made = (0..2000).filter(|n| view.create(&format!("n{n}"), None).is_ok()).count();
    assert!((900..1000).contains(&made), "{made}");
    let mut names: Vec<_> = std::fs::read_dir(&folder.0)
        .expect("it can be listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, [".lock", ".mailboxes", ".tmp", "ca.pem"]);
}

#[tokio::test]
async fn a_renamed_inbox_stays_empty_and_its_mail_moves() {
    let sandbox = start(Config { users: vec![User::new("ann", "x")], ..Config::default() }).await;
    to(&sandbox, &["ann@x"]).await;
    let mut view = sandbox.store().accounts().view("ann").expect("no error");
    view.rename(INBOX, "Old").expect("no error");
    assert_eq!(view.snapshot(INBOX).expect("it stays").messages.len(), 0);
    assert_eq!(view.snapshot("Old").expect("it is new").messages.len(), 1);
    let whole = Section { part: vec![], text: SectionText::Whole };
    assert!(view.section("Old", 1, &whole).is_ok());
    assert_eq!(view.section(INBOX, 1, &whole).expect_err("gone").code, Some("EXPUNGEISSUED"));
}
