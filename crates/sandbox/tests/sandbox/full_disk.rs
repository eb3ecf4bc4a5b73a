//! A disk that is full: mail is put off with 452, nothing half-written stays, and the session goes on.
//!
//! The disk is a tiny tmpfs in a mount namespace of its own: the test runs itself again inside of it.

use std::path::Path;
use std::process::{Command, Output};

use hongyan_sandbox::accounts::INBOX;
use hongyan_sandbox::{Config, Keep, Mail};

use crate::client::{Client, Folder, start};

/// Names the folder with the tiny disk, inside.
const INSIDE: &str = "HONGYAN_TEST_FULL_DISK";

#[test]
fn a_full_disk_puts_mail_off_and_the_session_goes_on() {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return inside(Path::new(&folder));
    }
    let folder = Folder::new("full");
    std::fs::create_dir_all(&folder.0).expect("it can be made");
    if !on_tiny_disk(&folder.0, "true").is_ok_and(|ran| ran.status.success()) {
        eprintln!("SKIPPED: a full disk (no mount namespaces here)");
        return;
    }
    let test = "exec \"$2\" --exact full_disk::a_full_disk_puts_mail_off_and_the_session_goes_on";
    let ran = on_tiny_disk(&folder.0, test).expect("it ran a moment ago");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// Runs a shell command where `folder` is a disk of 256 KiB; this program is its `$2`.
fn on_tiny_disk(folder: &Path, command: &str) -> std::io::Result<Output> {
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg(format!("mount -t tmpfs -o size=256k tmpfs \"$1\" && {command}"))
        .arg("sh")
        .arg(folder)
        .arg(std::env::current_exe()?)
        .env(INSIDE, folder)
        .output()
}

#[tokio::main(flavor = "current_thread")]
async fn inside(folder: &Path) {
    const FULL: &str = "452 4.3.1 not enough room to keep the message, try again later";
    let sandbox = start(Config { keep: Keep::Folder(folder.into()), ..Config::default() }).await;
    let mut client = Client::hello(&sandbox).await;
    let small = "a line of forty octets, CR and LF counted\r\n".repeat(10);
    // More than the disk has behind what is gathered in memory.
    let large = small.repeat(2000);

    assert_eq!(client.send(&small).await, "250 2.0.0 kept as 1");
    assert_eq!(client.send(&large).await, FULL);
    assert_eq!(client.send(&small).await, "250 2.0.0 kept as 2");
    // By chunks: the one that fails is told so, the one behind it belongs to nothing.
    client.say("MAIL FROM:<a@x>").await;
    client.say("RCPT TO:<b@x>").await;
    client.write(format!("BDAT {}\r\n{large}", large.len()).as_bytes()).await;
    assert_eq!(client.reply().await, FULL);
    client.write(format!("BDAT {} LAST\r\n{small}", small.len()).as_bytes()).await;
    assert_eq!(client.reply().await, "503 5.5.1 say MAIL and RCPT first");

    assert_eq!(std::fs::read_dir(folder.join(".tmp")).expect("it is there").count(), 0);
    assert_eq!(sandbox.store().ids().expect("it can be listed"), [1, 2]);
    // Until the very last page is taken by small ones.
    let mut kept = 0;
    while client.send(&small).await != FULL {
        kept += 1;
        assert!(kept < 100, "the disk has 256 KiB");
    }
    let ids = sandbox.store().ids().expect("it can be listed");
    assert_eq!(ids.len(), 2 + kept);
    for id in ids {
        let message = sandbox.store().get(id).expect("its envelope can be read").expect("it is listed");
        assert_eq!(&*message.content().expect("it is there"), small.as_bytes());
    }

    // In mailboxes, what cannot be written down does not happen, and nothing is lost by it.
    let accounts = sandbox.store().accounts();
    let seen =
        |mails: &[Mail]| mails.iter().map(|mail| (mail.uid, mail.flags.to_string())).collect::<Vec<_>>();
    let mut before = seen(&accounts.mails("b", INBOX).expect("there"));
    assert_eq!(before.len(), 2 + kept);
    let mut refused = None;
    for round in 0..1000 {
        let flags = [format!("$round{round}")].iter().map(String::as_str).collect();
        if let Err(error) = accounts.set_flags("b", INBOX, &[1, 2], &flags) {
            refused = Some(error.kind());
            break;
        }
        before = seen(&accounts.mails("b", INBOX).expect("there"));
    }
    assert_eq!(refused, Some(std::io::ErrorKind::StorageFull));
    assert_eq!(seen(&accounts.mails("b", INBOX).expect("there")), before);
    for id in 3..=12 {
        assert!(sandbox.store().remove(id).expect("what is in the way can go"));
    }
    accounts.set_flags("b", INBOX, &[1], &["\\Flagged"].into_iter().collect()).expect("there is room again");
    let (after, uid_validity) =
        (seen(&accounts.mails("b", INBOX).expect("there")), accounts.uid_validity("b", INBOX));
    assert_eq!((after.len(), &*after[0].1), (before.len() - 10, "(\\Flagged)"));
    drop((client, accounts));
    sandbox.stop().await;
    let sandbox = start(Config { keep: Keep::Folder(folder.into()), ..Config::default() }).await;
    let accounts = sandbox.store().accounts();
    assert_eq!(seen(&accounts.mails("b", INBOX).expect("there")), after);
    assert_eq!(accounts.uid_validity("b", INBOX).expect("there"), uid_validity.expect("there"));
}
