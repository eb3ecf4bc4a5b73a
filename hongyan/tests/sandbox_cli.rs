//! `hongyan sandbox`, run as a person or a script runs it; the client is written out by hand.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// No step of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn command(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
    command.current_dir(place).env("LC_ALL", "C").env_remove("HONGYAN_SANDBOX_USERS");
    command.arg("sandbox").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A sandbox that runs, with `--json`; it ends with the test.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Its first line.
    ready: Value,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, stdout, ready: Value::Null };
        running.ready = running.event();
        assert_eq!(running.ready["event"], "listening");
        running
    }

    fn event(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    fn client(&self) -> Client {
        Client::connect(self.ready["smtp"].as_str().unwrap().parse().unwrap())
    }

    /// Asks it to end; what it still says, and how it ended.
    fn interrupt(mut self) -> (String, Option<i32>) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self(BufReader::new(stream));
        assert_eq!(client.reply(), "220");
        client
    }

    /// The code of the next reply.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            assert!(line.len() > 3, "the connection ended");
            if line.as_bytes()[3] != b'-' {
                return line[..3].to_owned();
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    fn send(&mut self, mail: &str) -> Vec<String> {
        let script = ["EHLO x", "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "DATA"];
        let mut codes: Vec<String> = script.iter().map(|line| self.say(line)).collect();
        codes.push(self.say(&format!("{mail}.")));
        codes
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn mail_that_arrives_is_kept_and_told_and_the_end_is_in_good_order() {
    let place = place("arrives");
    let mut sandbox =
        Running::start(command(&place, &["--json", "--smtp", "0", "--smtps", "0", "--dir", "mail"]));
    for listener in ["smtp", "smtps"] {
        let address: SocketAddr = sandbox.ready[listener].as_str().unwrap().parse().unwrap();
        assert!(address.ip().is_loopback(), "{address}");
    }
    let ca = fs::read_to_string(place.join(sandbox.ready["ca"].as_str().unwrap())).unwrap();
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));

    let mail = "Subject: =?utf-8?Q?=E9=B8=BF?= \u{1b}[31m\r\n\r\nhello\r\n";
    let codes = sandbox.client().send(mail);
    assert_eq!(codes, ["250", "250", "250", "354", "250"]);
    let arrived = sandbox.event();
    assert_eq!(arrived["event"], "mail");
    assert_eq!((&arrived["from"], &arrived["to"][0]), (&"a@example.org".into(), &"b@example.net".into()));
    assert_eq!(arrived["subject"], "鸿 \u{1b}[31m");
    assert_eq!(arrived["size"], mail.len());
    assert_eq!(fs::read_to_string(place.join(arrived["file"].as_str().unwrap())).unwrap(), mail);
    assert_eq!(sandbox.interrupt(), (String::new(), Some(0)));
}

#[test]
fn people_are_told_where_it_is_how_to_send_and_what_came() {
    let place = place("people");
    let faults = "rcpt:*@bad.example=550 5.1.1 no such user";
    let mut command =
        command(&place, &["--smtp", "0", "--pop3", "0", "--imap", "0", "--trace", "--fault", faults]);
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    let until = |shown: &mut String, stdout: &mut BufReader<ChildStdout>, what: &str| {
        while !shown.contains(what) {
            assert_ne!(stdout.read_line(shown).unwrap(), 0, "no {what:?} in:\n{shown}");
        }
    };
    until(&mut shown, &mut stdout, "Mail that arrives:\n");
    for command in [
        "curl pop3://127.0.0.1:",
        "curl imap://127.0.0.1:",
        "swaks --server 127.0.0.1:",
        "curl -T - smtp://127.0.0.1:",
        "python3 -c",
    ] {
        assert!(shown.contains(command), "{shown}");
    }
    assert!(shown.contains("sandbox-mail/ca.pem") && shown.contains("faults"), "{shown}");
    let address = shown.split("SMTP    ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let mut client = Client::connect(address);
    assert_eq!(client.say("EHLO x"), "250");
    assert_eq!(client.say("MAIL FROM:<>"), "250");
    assert_eq!(client.say("RCPT TO:<x@bad.example>"), "550");
    assert_eq!(client.say("AUTH PLAIN AGFsaWNlAHNlY3JldA=="), "503");
    assert_eq!(client.say("RSET"), "250");
    assert_eq!(client.send("Subject: \u{202e}x\u{1b}[2J\r\n\r\n")[4], "250");
    until(&mut shown, &mut stdout, "00000001.eml");
    // The first line to be copied works as it stands.
    let line = shown.lines().map(str::trim).find(|line| line.contains("hongyan send ")).unwrap();
    let sent = Command::new("sh").args(["-c", line]).current_dir(&place).output().unwrap();
    assert!(sent.status.success(), "{line}: {}", text(&sent.stderr));
    until(&mut shown, &mut stdout, "00000002.eml");
    assert!(shown.contains("a@example.org → b@example.net  “\\u{202e}x\\x1b[2J”"), "{shown}");
    assert!(shown.contains("#1 C: RCPT TO:<x@bad.example>\n#1 S: 550 5.1.1 no such user"), "{shown}");
    assert!(shown.contains("AUTH PLAIN {") && !shown.contains("AGFsaWNl"), "{shown}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_was_sent_comes_out_again_by_pop3_and_imap() {
    let place = place("fetched");
    let ports = ["smtp", "smtps", "pop3", "pop3s", "imap", "imaps"];
    let mut arguments = vec!["--json"];
    let named: Vec<String> = ports.iter().map(|port| format!("--{port}")).collect();
    named.iter().for_each(|name| arguments.extend([name.as_str(), "0"]));
    let mut sandbox = Running::start(command(&place, &arguments));
    let mail = "Subject: there\r\n\r\nand back\r\n";
    assert_eq!(sandbox.client().send(mail)[4], "250");
    assert_eq!(sandbox.event()["event"], "mail");
    let ready = sandbox.ready.clone();
    for port in ports {
        let at: SocketAddr = ready[port].as_str().unwrap().parse().unwrap();
        assert!(at.ip().is_loopback() && at.port() != 0, "{port}");
    }
    let (user, password) = (ready["user"].as_str().unwrap(), ready["password"].as_str().unwrap());
    let talk = |port: &str, said: String| {
        let mut stream = TcpStream::connect(ready[port].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        heard
    };
    let heard = talk("pop3", format!("USER {user}\r\nPASS {password}\r\nRETR 1\r\nQUIT\r\n"));
    assert!(heard.contains(&format!("\r\n{mail}.\r\n+OK")), "{heard}");
    let fetch = "c SELECT INBOX\r\nd FETCH 1 BODY[]\r\ne APPEND Sent {1+}\r\nx\r\nf LOGOUT\r\n";
    let heard = talk("imap", format!("b LOGIN {user} {password}\r\n{fetch}"));
    assert!(heard.contains(&format!("BODY[] {{{}}}\r\n{mail}", mail.len())), "{heard}");
    let put = sandbox.event();
    assert_eq!(
        (&put["mailbox"], &put["user"], &put["protocol"]),
        (&"Sent".into(), &user.into(), &"IMAP".into())
    );
}

#[test]
fn who_may_log_in_is_named_in_the_environment_or_a_file_and_never_shown() {
    let place = place("users");
    fs::write(place.join("users"), "# us\nalice:secret\n").unwrap();
    let arguments = ["--json", "--smtp", "0", "--memory", "1", "--login-required"];
    let by_file = command(&place, &[&arguments[..], &["--users", "users"]].concat());
    let mut by_environment = command(&place, &arguments);
    by_environment.env("HONGYAN_SANDBOX_USERS", "bob:other\nalice:secret");
    for command in [by_file, by_environment] {
        let sandbox = Running::start(command);
        assert!(!sandbox.ready.to_string().contains("secret"), "{}", sandbox.ready);
        let mut client = sandbox.client();
        assert_eq!(client.say("EHLO x"), "250");
        assert_eq!(client.say("MAIL FROM:<a@example.org>"), "530");
        assert_eq!(client.say("AUTH PLAIN AGFsaWNlAHdyb25nIQ=="), "535");
        assert_eq!(client.say("AUTH PLAIN AGFsaWNlAHNlY3JldA=="), "235");
        assert_eq!(client.say("MAIL FROM:<a@example.org>"), "250");
    }
    assert!(!place.join("sandbox-mail").exists(), "in memory means no folder");
}

#[test]
fn what_cannot_be_started_is_said_with_its_exit_code() {
    let place = place("refused");
    let first = Running::start(command(&place, &["--json", "--smtp", "0", "--dir", "mail"]));
    let taken = first.ready["smtp"].as_str().unwrap().to_owned();
    fs::write(place.join("users"), "alice:x\njust-a-password\n").unwrap();
    fs::write(place.join("file"), "").unwrap();
    let cases: [(&[&str], i32, &str); 12] = [
        (&["--smtp", &taken, "--memory", "1"], 69, "another program has it"),
        (&["--smtp", "0", "--dir", "mail"], 73, "another sandbox keeps its mail in mail"),
        (&["--smtp", "0", "--dir", "file"], 73, "cannot keep mail in file"),
        (&["--smtp", "0", "--memory", "1", "--ca", "none/ca.pem"], 73, "none/ca.pem"),
        (&["--smtp", "127.0.0.1:0", "--smtps", "[::1]:0"], 64, "at the same address"),
        (&["--smtp", "example.org:25"], 64, "write a port"),
        (
            &[
                "--smtp", "none", "--smtps", "none", "--pop3", "none", "--pop3s", "none", "--imap", "none",
                "--imaps", "none",
            ],
            64,
            "no port to listen on",
        ),
        (&["--like", "aol"], 64, "known are qq, 163 and gmail"),
        (&["--fault", "nonsense"], 64, "is not a fault rule"),
        (&["--memory", "0"], 64, "--memory"),
        (&["--users", "none"], 66, "none"),
        (&["--users", "users"], 78, "users: line 2 is not of the form NAME:PASSWORD"),
    ];
    for (arguments, code, said) in cases {
        let output: Output = command(&place, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("just-a-password"));
    }
}
