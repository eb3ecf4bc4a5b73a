//! No peer: a bare receiver that shows what POP3, IMAP and the disk allow. `proto=pop3` keeps up to `depth=` RETR unanswered,
//! `proto=imap` fetches everything in one command. Every message goes to a file under tmp/; at the end one syncfs makes them
//! all safe, they are renamed into new/, and the folder is fsynced. It keeps no state.
use rust_peers::arg;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;

fn main() {
    let (proto, user): (String, String) = (arg("proto", "pop3".into()), arg("user", "small".into()));
    let to = TcpStream::connect(("127.0.0.1", arg("port", 110u16))).unwrap();
    to.set_nodelay(true).unwrap();
    let from = BufReader::with_capacity(1 << 18, to.try_clone().unwrap());
    let mut talk = Talk { to, from, line: Vec::new() };
    let mut maildir = Maildir::open(arg("dir", String::new()));
    talk.line();
    if proto == "imap" {
        imap(&mut talk, &user, &mut maildir);
    } else {
        pop3(&mut talk, &user, &mut maildir, arg("depth", 64));
    }
    maildir.publish();
    talk.say(if proto == "imap" { "z LOGOUT\r\n" } else { "QUIT\r\n" });
    talk.line();
}

struct Talk {
    to: TcpStream,
    from: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Talk {
    fn say(&mut self, text: &str) {
        self.to.write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> &[u8] {
        self.line.clear();
        assert_ne!(self.from.read_until(b'\n', &mut self.line).unwrap(), 0, "the server went away");
        &self.line
    }
}

fn imap(talk: &mut Talk, user: &str, maildir: &mut Maildir) {
    talk.say(&format!("a LOGIN {user} pw\r\nb EXAMINE INBOX\r\nc FETCH 1:* (UID FLAGS BODY.PEEK[])\r\n"));
    let mut body = Vec::new();
    while !talk.line().starts_with(b"c ") {
        let Some(open) = talk.line.iter().rposition(|&b| b == b'{') else { continue };
        if let Some(digits) = talk.line[open + 1..].strip_suffix(b"}\r\n") {
            body.resize(std::str::from_utf8(digits).unwrap().parse().unwrap(), 0);
            talk.from.read_exact(&mut body).unwrap();
            maildir.write(&body);
        }
    }
}

fn pop3(talk: &mut Talk, user: &str, maildir: &mut Maildir, depth: usize) {
    talk.say(&format!("USER {user}\r\nPASS pw\r\nUIDL\r\n"));
    (0..3).for_each(|_| assert!(talk.line().starts_with(b"+OK")));
    let mut count = 0;
    while talk.line() != b".\r\n" {
        count += 1;
    }
    let (mut asked, mut got, mut body) = (0, 0, Vec::new());
    while got < count {
        // Filled up by half a window at a time, so that what belongs together stays together.
        if asked < count && asked - got <= depth / 2 {
            let last = count.min(got + depth);
            let ask: String = (asked + 1..=last).map(|n| format!("RETR {n}\r\n")).collect();
            talk.say(&ask);
            asked = last;
        }
        assert!(talk.line().starts_with(b"+OK"));
        body.clear();
        while talk.line() != b".\r\n" {
            body.extend_from_slice(talk.line.strip_prefix(b".").unwrap_or(&talk.line));
        }
        maildir.write(&body);
        got += 1;
    }
}

struct Maildir {
    path: String,
    written: usize,
}

impl Maildir {
    fn open(path: String) -> Self {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(format!("{path}/{part}")).unwrap();
        }
        Self { path, written: 0 }
    }

    fn write(&mut self, message: &[u8]) {
        self.written += 1;
        let path = format!("{}/tmp/{}.bound", self.path, self.written);
        File::create_new(path).unwrap().write_all(message).unwrap();
    }

    fn publish(&self) {
        let new = File::open(format!("{}/new", self.path)).unwrap();
        assert_eq!(unsafe { libc::syncfs(new.as_raw_fd()) }, 0);
        for n in 1..=self.written {
            fs::rename(format!("{}/tmp/{n}.bound", self.path), format!("{}/new/{n}.bound", self.path)).unwrap();
        }
        new.sync_all().unwrap();
    }
}
