//! Clients of other makers that fetch mail from `hongyan sandbox`: by POP3 and IMAP, in clear, after STLS or STARTTLS
//! and under TLS, as far as each of them can.
//!
//! What they fetched is held against what was sent, octet for octet. curl, poplib and imaplib give it as it is on the
//! wire, with CRLF; mpop, fetchmail, getmail6, mbsync and mutt write lines that end with LF, and some of them add
//! header lines of their own, which are named here.

use crate::peers;
use crate::place::arrived;
use crate::program::argument;
use crate::sandbox::{ASCII_PASSWORD, ASCII_USER, Sandbox};
use crate::servers::{PASSWORD, USER};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Dots at the beginning of lines, a `From ` that is no mbox's, 8-bit text, a long line, many lines.
fn messages() -> Vec<String> {
    let header = |subject: &str, more: &str| {
        format!("From: shop@example.org\r\nTo: {ASCII_USER}@example.net\r\nSubject: {subject}\r\n{more}\r\n")
    };
    let utf8 =
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    vec![
        header("dots", "") + ".\r\n..\r\n.dot\r\n\r\nend\r\n",
        header("=?utf-8?B?5bel6LWE?=", utf8) + "工资条\r\nFrom the beginning of a line\r\n",
        header("long", "") + &"x".repeat(990) + "\r\n" + &"line after line\r\n".repeat(5000),
    ]
}

/// A sandbox that has them for the second user.
fn filled() -> Sandbox {
    let sandbox = Sandbox::start(&[]);
    sandbox.receive(ASCII_USER, &messages());
    sandbox
}

/// Holds what a client wrote against what was sent, LF for CRLF, in any order, without header lines that the client
/// added: those that begin with one of `added`.
#[track_caller]
fn assert_fetched(fetched: Vec<Vec<u8>>, added: &[&str]) {
    let plain = |message: Vec<u8>| {
        let text = String::from_utf8(message).expect("the messages are UTF-8");
        let (header, body) = text.split_once("\n\n").expect("a header");
        let kept = |line: &&str| !added.iter().any(|name| line.starts_with(name));
        format!("{}\n\n{body}", header.lines().filter(kept).collect::<Vec<_>>().join("\n"))
    };
    let mut fetched: Vec<String> = fetched.into_iter().map(plain).collect();
    let mut sent: Vec<String> = messages().iter().map(|message| message.replace("\r\n", "\n")).collect();
    fetched.sort();
    sent.sort();
    assert_eq!(fetched, sent);
}

/// The files in a folder of files.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| fs::read(entry.expect("a readable folder").path()).expect("a message")).collect()
}

/// An empty Maildir, another one each time.
fn maildir(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.place.join(name);
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(path.join(folder)).expect("our own folder can be written");
    }
    path
}

/// A configuration file that nobody else may read, as clients insist on where it holds a password.
fn private(sandbox: &Sandbox, name: &str, content: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = sandbox.place.write(name, content);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
    path
}

#[test]
fn curl() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let ca = sandbox.ca();
    let curl = |url: &str, more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sS", "--cacert", argument(&ca), url]).args(more);
        sandbox.client(&mut command)
    };
    let ascii = ["--user", &format!("{ASCII_USER}:{ASCII_PASSWORD}")];
    let (pop3, imap) =
        (format!("pop3://localhost:{}", sandbox.pop3), format!("imap://localhost:{}", sandbox.imap));
    let (pop3s, imaps) =
        (format!("pop3s://localhost:{}", sandbox.pop3s), format!("imaps://localhost:{}", sandbox.imaps));
    for (pop3, imap, tls) in [(&pop3, &imap, &[][..]), (&pop3, &imap, &["--ssl-reqd"]), (&pop3s, &imaps, &[])]
    {
        for (number, message) in (1..).zip(messages()) {
            let more = [&ascii[..], tls].concat();
            assert_eq!(curl(&format!("{pop3}/{number}"), &more), message);
            assert_eq!(curl(&format!("{imap}/INBOX;MAILINDEX={number}"), &more), message);
            assert_eq!(curl(&format!("{imap}/INBOX;UID={number}"), &more), message);
        }
    }
    // Every login, with a password that is not ASCII.
    let login = format!("{USER}:{PASSWORD}");
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "+APOP"] {
        let options = format!("AUTH={mechanism}");
        let more = ["--ssl-reqd", "--user", &login, "--login-options", &options];
        curl(&format!("{pop3}/"), &more);
        if mechanism != "+APOP" {
            assert!(curl(&format!("{imap}/"), &more).contains("\\Drafts"));
        }
    }
    // Looking, putting in, taking out.
    assert_eq!(curl(&format!("{imap}/INBOX?SUBJECT%20dots"), &ascii).trim_end(), "* SEARCH 1");
    let file = sandbox.place.write("put.eml", &messages()[1]);
    curl(&format!("{imap}/Sent"), &[&ascii[..], &["--upload-file", argument(&file)]].concat());
    assert_eq!(curl(&format!("{imap}/Sent;MAILINDEX=1"), &ascii), messages()[1]);
    curl(&format!("{imap}/INBOX"), &[&ascii[..], &["-X", "STORE 1 +FLAGS \\Deleted"]].concat());
    curl(&format!("{imap}/INBOX"), &[&ascii[..], &["-X", "EXPUNGE"]].concat());
    curl(&format!("{pop3}/1"), &[&ascii[..], &["-X", "DELE", "--head"]].concat());
    let left = format!("1 {}\r\n", messages()[2].len());
    assert_eq!(curl(&format!("{pop3}/"), &ascii), left);
}

#[test]
fn mpop() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let fetch = |port: u16, tls: &str, auth: &str, keep: &str| {
        let maildir = maildir(&sandbox, &format!("mpop-{port}-{}-{auth}-{keep}", tls.len()));
        let config = format!(
            "account default\nhost localhost\nport {port}\nuser {ASCII_USER}\npasswordeval echo {ASCII_PASSWORD}\n\
             auth {auth}\n{tls}\ntls_trust_file {ca}\nkeep {keep}\nreceived_header off\n\
             delivery maildir {maildir}\nuidls_file {maildir}.uidls\n",
            ca = argument(&sandbox.ca()),
            maildir = argument(&maildir),
        );
        let config = private(&sandbox, "mpoprc", &config);
        sandbox.client(Command::new("mpop").args(["-q", "-C", argument(&config)]));
        maildir
    };
    for auth in ["user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        assert_fetched(arrived(&fetch(sandbox.pop3, "tls off", auth, "on"), 3), &[]);
    }
    assert_fetched(arrived(&fetch(sandbox.pop3s, "tls on\ntls_starttls off", "plain", "on"), 3), &[]);
    assert_fetched(arrived(&fetch(sandbox.pop3, "tls on\ntls_starttls on", "user", "off"), 3), &[]);
    assert_eq!(arrived(&fetch(sandbox.pop3, "tls off", "user", "off"), 0).len(), 0, "deleted the last time");
}

#[test]
fn fetchmail() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let ca = sandbox.ca();
    let fetch = |name: &str, protocol: &str, port: u16, tls: &str, keep: &str| {
        let into = sandbox.place.folder_of("root", name);
        let deliver = sandbox.place.write("deliver.sh", format!("cat > {}/$$\n", argument(&into)));
        let config = format!(
            "set no bouncemail\nset invisible\n\
             poll localhost with proto {protocol} port {port} user {ASCII_USER} password {ASCII_PASSWORD} \
             {tls} {keep} fetchall no rewrite mda \"sh {}\"\n",
            argument(&deliver)
        );
        let config = private(&sandbox, "fetchmailrc", &config);
        let home = sandbox.place.folder_of("root", "fetchmail");
        let mut command = Command::new("fetchmail");
        command.env("FETCHMAILHOME", &home).args(["--nosyslog", "-f", argument(&config)]);
        // It ends with 1 where there was nothing to fetch, and that is a failure here.
        sandbox.client(&mut command);
        assert_fetched(files(&into), &[]);
    };
    let trust = format!("sslcertck sslcertfile {}", argument(&ca));
    let (clear, begun, whole) = ("sslproto ''", format!("sslproto tls1.2+ {trust}"), format!("ssl {trust}"));
    fetch("f1", "pop3", sandbox.pop3, clear, "keep");
    fetch("f2", "pop3", sandbox.pop3, &begun, "keep");
    fetch("f3", "pop3", sandbox.pop3s, &whole, "keep");
    fetch("f4", "imap", sandbox.imap, clear, "keep");
    fetch("f5", "imap", sandbox.imap, &begun, "keep");
    fetch("f6", "imap", sandbox.imaps, &whole, "nokeep");
    sandbox.receive(ASCII_USER, &messages());
    fetch("f7", "pop3", sandbox.pop3, clear, "nokeep");
    assert_eq!(sandbox.kept(0).len(), 0);
}

#[test]
fn getmail6() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let ca = sandbox.ca();
    let fetch = |kind: &str, port: u16, tls: &str, delete: bool| {
        let into = maildir(&sandbox, kind);
        let home = sandbox.place.folder_of("mail", &format!("{kind}.home"));
        let config = format!(
            "[retriever]\ntype = {kind}\nserver = localhost\nport = {port}\nusername = {ASCII_USER}\n\
             password = {ASCII_PASSWORD}\n{tls}\n[destination]\ntype = Maildir\npath = {}/\n\
             [options]\ndelivered_to = false\nreceived = false\nread_all = true\ndelete = {delete}\n",
            argument(&into)
        );
        sandbox.place.write(&format!("{kind}.home/getmailrc"), config);
        // It refuses to deliver as root.
        crate::place::run(Command::new("chown").args(["-R", "mail"]).args([&into, &home]));
        let mut command = Command::new("setpriv");
        command.args(["--reuid=mail", "--regid=mail", "--clear-groups", "getmail", "-q"]).env("HOME", &home);
        command.args([&format!("--getmaildir={}", argument(&home)), "--rcfile=getmailrc"]);
        sandbox.client(&mut command);
        assert_fetched(arrived(&into, 3), &["Return-Path: ", "X-getmail-retrieved-from-mailbox: "]);
    };
    let tls = format!("ca_certs = {}", argument(&ca));
    fetch("SimplePOP3Retriever", sandbox.pop3, "", false);
    fetch("SimplePOP3SSLRetriever", sandbox.pop3s, &tls, false);
    fetch("SimpleIMAPRetriever", sandbox.imap, "", false);
    fetch("SimpleIMAPSSLRetriever", sandbox.imaps, &tls, true);
    assert_eq!(sandbox.kept(0).len(), 0);
}

#[test]
fn mbsync_both_ways() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let sync = |near: &str, port: u16, tls: &str, mechanism: &str| {
        let near = sandbox.place.folder_of("root", near);
        let config = format!(
            "IMAPAccount box\nHost localhost\nPort {port}\nUser {ASCII_USER}\nPass {ASCII_PASSWORD}\nSSLType {tls}\n\
             CertificateFile {ca}\nAuthMechs {mechanism}\n\nIMAPStore far\nAccount box\n\n\
             MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n\
             Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync All\nExpunge Both\nSyncState *\n",
            ca = argument(&sandbox.ca()),
            near = argument(&near),
        );
        let config = private(&sandbox, "mbsyncrc", &config);
        sandbox.client(Command::new("mbsync").args(["-q", "-c", argument(&config), "all"]));
        near
    };
    // It marks a message that it carries over, to find it again.
    const MARK: &[&str] = &["X-TUID: "];
    for (near, port, tls, mechanism) in
        [("s1", sandbox.imap, "None", "LOGIN"), ("s2", sandbox.imap, "STARTTLS", "PLAIN")]
    {
        assert_fetched(arrived(&sync(near, port, tls, mechanism).join("INBOX"), 3), MARK);
    }
    let near = sync("s3", sandbox.imaps, "IMAPS", "CRAM-MD5");
    assert_fetched(arrived(&near.join("INBOX"), 3), MARK);
    let mut folders: Vec<_> =
        fs::read_dir(&near).expect("it was made").map(|e| e.expect("an entry").file_name()).collect();
    folders.sort();
    assert_eq!(folders, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);

    // Here: one is thrown away, one gets a flag, one is new in Sent. There: the same, after the next time.
    let mut names: Vec<_> = fs::read_dir(near.join("INBOX/new"))
        .expect("a Maildir")
        .map(|e| e.expect("an entry").path())
        .collect();
    names.sort_by_key(|path| fs::metadata(path).map(|file| file.len()).unwrap_or(0));
    for (path, flags) in names.iter().zip(["ST", "FS"]) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("ASCII");
        let stem = name.split(":2,").next().unwrap_or(name);
        fs::rename(path, near.join(format!("INBOX/cur/{stem}:2,{flags}"))).expect("a Maildir of our own");
    }
    let written = messages()[0].replace("\r\n", "\n").replace("Subject: dots", "Subject: written here");
    fs::write(near.join("Sent/new/1.written.here"), &written).expect("a Maildir of our own");
    // It leaves alone what was changed in the same second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    sync("s3", sandbox.imaps, "IMAPS", "CRAM-MD5");
    let imap = |path: &str, more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sS", &format!("imap://127.0.0.1:{}/{path}", sandbox.imap)]).args(more);
        command.args(["--user", &format!("{ASCII_USER}:{ASCII_PASSWORD}")]);
        sandbox.client(&mut command)
    };
    assert_eq!(imap("INBOX?UNDELETED", &[]).trim_end(), "* SEARCH 1 2");
    let flags = imap("INBOX", &["-X", "FETCH 1 FLAGS"]);
    assert!(flags.contains("\\Seen") && flags.contains("\\Flagged"), "{flags}");
    let there = imap("Sent;MAILINDEX=1", &[]).replace("\r\n", "\n");
    let unmarked: Vec<&str> = there.lines().filter(|line| !line.starts_with(MARK[0])).collect();
    assert_eq!(unmarked.join("\n") + "\n", written);
}

#[test]
fn mutt() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let run = |url: &str, tls: (&str, &str), keys: &str| {
        let config = format!(
            "set imap_user=\"{ASCII_USER}\" imap_pass=\"{ASCII_PASSWORD}\" pop_pass=\"{ASCII_PASSWORD}\"\n\
             set pop_authenticators=\"user\" certificate_file=\"{ca}\"\n\
             set ssl_starttls={} ssl_force_tls={}\nset folder=\"{url}\" spoolfile=\"{url}\" record=\"\"\n\
             set confirmcreate=no confirmappend=no quit=yes delete=yes move=no mark_old=no resolve=no\n\
             set mbox_type=Maildir sleep_time=0 wait_key=no\npush \"{keys}\"\n",
            tls.0,
            tls.1,
            ca = argument(&sandbox.ca()),
        );
        let config = private(&sandbox, "muttrc", &config);
        // It wants a terminal.
        let line = format!("mutt -n -F {} -f {url}", argument(&config));
        sandbox.client(Command::new("script").args(["-qec", &line, "/dev/null"]).env("TERM", "xterm"));
    };
    let (clear, begun, whole) = (("no", "no"), ("yes", "yes"), ("no", "yes"));
    let at = |scheme: &str, port: u16, path: &str| format!("{scheme}://{ASCII_USER}@localhost:{port}/{path}");
    // By POP3, mutt forgets what keys it was given once it looks at another message than the first.
    for (name, url, tls, which) in [
        ("m1", at("imap", sandbox.imap, "INBOX"), clear, "~A"),
        ("m2", at("imap", sandbox.imap, "INBOX"), begun, "~A"),
        ("m3", at("imaps", sandbox.imaps, "INBOX"), whole, "~A"),
        ("m4", at("pop", sandbox.pop3, ""), clear, "~s dots"),
        ("m5", at("pop", sandbox.pop3, ""), begun, "~s dots"),
        ("m6", at("pops", sandbox.pop3s, ""), whole, "~s dots"),
    ] {
        let into = sandbox.place.text(name);
        let copy = format!("<tag-prefix><copy-message>{into}<enter>");
        run(&url, tls, &format!("<tag-pattern>{which}<enter>{copy}<exit>"));
        let into = sandbox.place.join(name);
        let mut copied = [files(&into.join("new")), files(&into.join("cur"))].concat();
        if which != "~A" {
            assert_eq!(copied.len(), 1);
            copied.extend(messages()[1..].iter().map(|message| message.replace("\r\n", "\n").into_bytes()));
        }
        assert_fetched(copied, &["Content-Length: ", "Lines: "]);
    }
    run(&at("imaps", sandbox.imaps, "INBOX"), whole, "<delete-pattern>~s long<enter><sync-mailbox><exit>");
    run(&at("imap", sandbox.imap, "INBOX"), clear, "<delete-pattern>~s dots<enter><sync-mailbox><exit>");
    let left = sandbox.kept(1);
    assert!(left[0].text().contains("工资条"));
}

#[test]
fn python_poplib_and_imaplib() {
    let Some(_peers) = peers() else { return };
    let sandbox = filled();
    let script = sandbox.place.write("client.py", include_str!("clients/fetching_client.py"));
    let ports = [sandbox.pop3, sandbox.pop3s, sandbox.imap, sandbox.imaps].map(|port| port.to_string());
    let mut command = Command::new("python3");
    command.arg(script).args(&ports).arg(sandbox.ca()).args([ASCII_USER, ASCII_PASSWORD]);
    command.args((0..messages().len()).map(|number| sandbox.place.join(&format!("sent-{number}.eml"))));
    sandbox.client(&mut command);
}
