//! At a terminal: what a person sees, and what nobody sees.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::place::{PASSWORD, Place, World};

/// The program at a terminal of its own.
struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<Mutex<String>>,
    /// How much of the screen was looked for already.
    seen: usize,
}

impl Terminal {
    fn start(place: &Place, arguments: &[&str], password: Option<&str>) -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = place.command(arguments);
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        if let Some(password) = password {
            command.env("HONGYAN_PASSWORD", password);
        }
        let end = || Stdio::from(OwnedFd::from(slave.try_clone().unwrap()));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keys = File::from(master);
        let mut output = keys.try_clone().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let kept = screen.clone();
        std::thread::spawn(move || {
            let mut room = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut room) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&room[..n]));
            }
        });
        Self { child, keys, screen, seen: 0 }
    }

    /// Waits until this is on the screen, behind what was waited for before.
    fn until(&mut self, text: &str) {
        let began = Instant::now();
        loop {
            let screen = self.screen.lock().unwrap().clone();
            if let Some(at) = screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{text:?} does not come: {screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn key(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn exit(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            if began.elapsed() > Duration::from_secs(20) {
                let _ = self.child.kill();
                panic!("it does not end: {}", self.screen.lock().unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }
}

#[test]
fn commands_are_typed_and_explained_and_messages_are_shown_readably() {
    let (world, place) = (World::new(), Place::new("prompt"));
    let mut terminal = Terminal::start(&place, &["--server", &world.url()], Some(PASSWORD));
    terminal.until("Logged in as wang");
    terminal.until("3 messages");
    terminal.until("pop3> ");
    terminal.key("retr 1\r");
    terminal.until("From:    李雷 <lilei@example.org>");
    terminal.until("Subject: 周报");
    terminal.until("hello");
    terminal.until("pop3> ");
    terminal.key("retr 3\r");
    terminal.until("\\x1b[31mred");
    terminal.until("pop3> ");
    terminal.key("retr 9\r");
    terminal.until("-ERR");
    terminal.until("There is no such message any more");
    terminal.until("pop3> ");
    terminal.key("dele 1\r");
    terminal.until("pop3 (1 marked)> ");
    terminal.key("quit\r");
    terminal.until("goodbye; 1 message deleted");
    assert_eq!(terminal.exit(), 0);
    assert!(place.script(&world.url(), "stat\n").out.starts_with("+OK 2 "));
}

#[test]
fn passwords_are_neither_shown_nor_remembered() {
    let (world, place) = (World::new(), Place::new("hidden"));
    let url = world.url();
    let mut terminal = Terminal::start(&place, &["--no-login", "--server", &url], None);
    terminal.until("pop3> ");
    terminal.key("user wang\r");
    terminal.until("now the password");
    terminal.until("pop3> ");
    terminal.key("pass wrong-5f1c\r");
    terminal.until("-ERR");
    terminal.until("pop3> ");
    terminal.key("user wang\r");
    terminal.until("now the password");
    terminal.until("pop3> ");
    terminal.key("pass\r");
    terminal.until("Password (not shown): ");
    terminal.key(PASSWORD);
    terminal.key("\r");
    terminal.until("logged in");
    terminal.until("pop3> ");
    terminal.key("dele 2\r");
    terminal.until("(1 marked)> ");
    // The end of the input deletes nothing.
    terminal.key("\u{4}");
    terminal.until("1 marked message not deleted");
    assert_eq!(terminal.exit(), 0);
    let history = std::fs::read_to_string(place.path(".local/state/hongyan/recv-history")).unwrap();
    assert!(history.contains("user wang") && history.contains("dele 2"), "{history}");
    for secret in [PASSWORD, "wrong-5f1c"] {
        assert!(!terminal.screen().contains(secret) && !history.contains(secret), "{secret} was seen");
    }
    assert!(place.script(&url, "stat\n").out.starts_with("+OK 3 "));
}

#[test]
fn the_connection_is_kept_alive_and_its_end_is_told_at_the_prompt() {
    let (world, place) = (World::failing(&["pop3-noop:2=drop"]), Place::new("alive"));
    let url = world.url();
    let arguments = ["--keep-alive", "1", "--trace", "--server", &url];
    let mut terminal = Terminal::start(&place, &arguments, Some(PASSWORD));
    terminal.until("pop3> ");
    terminal.until("C: NOOP");
    terminal.until("S: +OK");
    terminal.until("C: NOOP");
    terminal.until("the server has closed the connection");
    terminal.key("\r");
    assert_eq!(terminal.exit(), 75);
}
