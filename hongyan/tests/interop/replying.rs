//! `hongyan reply`: its copy in the folder that Dovecot names for sent mail.

use std::fs;
use std::process::Command;

use crate::peers;
use crate::place::Place;
use crate::process::{Running, free_port};
use crate::program::said;

/// Dovecot with IMAP on `port`, one user `user` with the password `secret`, whose folder for sent mail is `Gesendet`.
fn dovecot(place: &Place, port: u16) -> Running {
    let mailboxes = place.folder_of("nobody", "mailboxes");
    let config = place.write(
        "dovecot.conf",
        format!(
            "base_dir = {run}\nstate_dir = {run}\nlog_path = /dev/stderr\nprotocols = imap\nlisten = 127.0.0.1\nssl = no\n\
             disable_plaintext_auth = no\nmail_location = maildir:{mailboxes}/%u\nfirst_valid_uid = 1\n\
             passdb {{\n  driver = static\n  args = password=secret\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={mailboxes}/%u\n}}\n\
             namespace inbox {{\n  inbox = yes\n  mailbox Gesendet {{\n    special_use = \\Sent\n    auto = create\n  }}\n}}\n\
             service imap-login {{\n  inet_listener imap {{\n    port = {port}\n  }}\n  inet_listener imaps {{\n    port = 0\n  }}\n}}\n",
            run = place.text("run"),
            mailboxes = mailboxes.display(),
        ),
    );
    let log = place.join("dovecot.log");
    Running::start(Command::new("dovecot").arg("-F").arg("-c").arg(config), log, &[port])
}

#[test]
fn an_answers_copy_is_filed_where_dovecot_says() {
    let Some(_peers) = peers() else { return };
    let place = Place::new("replying");
    let (imap, smtp) = (free_port(), free_port());
    let _dovecot = dovecot(&place, imap);
    let port = smtp.to_string();
    let mut sandbox = Command::new(env!("CARGO_BIN_EXE_hongyan"));
    sandbox.args(["sandbox", "--smtp", &port, "--dir", &place.text("arrived")]);
    sandbox.env("HONGYAN_SANDBOX_USERS", "user:secret");
    let _sandbox = Running::start(&sandbox, place.join("sandbox.log"), &[smtp]);
    let config = place.write(
        "config.toml",
        format!(
            "[account.default]\nfrom = \"user@example.org\"\nuser = \"user\"\nserver = \"smtp://127.0.0.1:{smtp}\"\n\
             imap = \"imap://127.0.0.1:{imap}\"\ntls = \"none\"\npassword_command = \"echo secret\"\n"
        ),
    );
    let mail = place
        .write("mail.eml", "From: Ann <ann@example.org>\nSubject: Lunch\nMessage-ID: <1@x>\n\nAt noon?\n");
    let file = place.write("every.bin", (0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    let output = Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_hongyan"), "reply"])
        .args([&mail, &"--text".into(), &"好！".into(), &"-a".into(), &file])
        .env("HONGYAN_CONFIG", config)
        .env("XDG_STATE_HOME", place.join("state"))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program was built with this test");
    assert!(output.status.success(), "{}", said(&output));
    let told = format!("A copy is in Gesendet (imap://127.0.0.1:{imap})");
    assert!(said(&output).contains(&told), "{}", said(&output));
    let folder = place.join("mailboxes/user/.Gesendet/cur");
    let copies: Vec<_> =
        fs::read_dir(&folder).expect("Dovecot's folder").map(|e| e.expect("a file").path()).collect();
    let [copy] = &copies[..] else { panic!("{copies:?}") };
    assert!(copy.to_string_lossy().ends_with(":2,S"), "{copy:?}");
    // Dovecot keeps lines with LF.
    let copy = fs::read(copy).expect("its copy");
    let mut files =
        fs::read_dir(place.join("arrived")).expect("the sandbox's folder").map(|e| e.expect("a file").path());
    let arrived = files.find(|path| path.extension().is_some_and(|extension| extension == "eml"));
    let sent = fs::read(arrived.expect("a mail arrived")).expect("what the sandbox got");
    let lines = |mail: &[u8]| String::from_utf8_lossy(mail).replace("\r\n", "\n");
    assert_eq!(lines(&copy), lines(&sent));
}
