//! A folder of its own for each test, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hongyan_mailbox::Maildir;
use serde_json::Value;

/// A folder made anew; its mailbox is `Mail`.
pub(crate) struct Place(PathBuf);

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("import_export").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.args(arguments).current_dir(&self.0).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.0).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).spawn().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        use std::io::Write;
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of(child)
    }

    /// The mails of a folder of the mailbox with their flags, sorted by content.
    pub(crate) fn mails(&self, folder: &str) -> Vec<(Vec<u8>, String)> {
        let Ok(maildir) = Maildir::open(self.path(folder)) else { return Vec::new() };
        let entries = maildir.entries().unwrap();
        let mail = |entry: &hongyan_mailbox::maildir::Entry| {
            (fs::read(entry.path(&maildir)).unwrap(), entry.flags().to_string())
        };
        let mut mails: Vec<_> = entries.iter().map(mail).collect();
        mails.sort();
        mails
    }

    /// The files of a directory, by their names.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path(folder)).unwrap().map(|entry| entry.unwrap());
        entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
    }
}

impl Ran {
    pub(crate) fn of(child: std::process::Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).expect("what is printed is UTF-8");
        Self { code: output.status.code().expect("it ends by itself"), out: output.stdout, err }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.out).unwrap()
    }
}

/// Mails that a careless program would change: every line end, no end, lines that look like postmarks, all octets.
pub(crate) fn odd_mails() -> Vec<Vec<u8>> {
    let every: Vec<u8> = (0..=255).collect();
    vec![
        b"From: a@x.example\r\nSubject: crlf\r\n\r\ntext\r\n".to_vec(),
        b"From: a@x.example\nSubject: lf\n\ntext\n".to_vec(),
        b"From: a@x.example\nSubject: no end\n\ntext".to_vec(),
        b"Subject: postmarks\n\nFrom here\n>From there\n>>From a@b Thu Jan  1 00:00:00 1970\n\nFrom a@b Thu Jan  1 00:00:00 1970\n\n".to_vec(),
        b"Subject: header only\r\n".to_vec(),
        b"Date: Thu, 20 Nov 2025 03:09:00 +0800\r\nSubject: =?utf-8?B?5oql5ZGK?= a/b\r\n\r\n\r\n\r\n".to_vec(),
        [b"Subject: every octet\r\n\r\n", &every[..], b"\r\n"].concat(),
        b"To: x\r\nContent-Length: 1\r\n\r\nlonger than it says\r\n".to_vec(),
        [b"Subject: long\r\n\r\n", &b"x".repeat(600_000)[..], b"\n"].concat(),
    ]
}
