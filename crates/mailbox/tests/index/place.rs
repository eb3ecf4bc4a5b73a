//! A Maildir for one test.

use std::fs;
use std::path::{Path, PathBuf};

use hongyan_mailbox::index::{Index, Order, Page, Refreshed};
use hongyan_mailbox::{Maildir, Query};

/// A Maildir of the test's own, made anew.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) maildir: Maildir,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("index").join(name);
        let _ = fs::remove_dir_all(&path);
        let maildir = Maildir::create(&path).unwrap();
        Self { path, maildir }
    }

    /// Puts a mail into a file, `cur/1:2,S` or `.Sent/new/2`.
    pub(crate) fn put(&self, file: &str, mail: &[u8]) {
        let path = self.path.join(file);
        if let Some(folder) = file.strip_prefix('.').and_then(|rest| rest.split('/').next()) {
            Maildir::create(self.path.join(format!(".{folder}"))).unwrap();
        }
        fs::write(path, mail).unwrap();
    }

    pub(crate) fn open(&self) -> Index {
        Index::open(&self.maildir).unwrap()
    }

    /// The index, brought up to date.
    pub(crate) fn refreshed(&self) -> (Index, Refreshed) {
        let mut index = self.open();
        let refreshed = index.refresh(|_, _| {}).unwrap();
        (index, refreshed)
    }
}

/// A mail with this subject, sender, day of January 2026 and text.
pub(crate) fn mail(subject: &str, from: &str, day: u8, text: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: reader@example.net\r\nSubject: {subject}\r\n\
         Date: {day} Jan 2026 12:00:00 +0800\r\nMessage-ID: <{day}.{}@example.org>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        subject.len()
    )
    .into_bytes()
}

/// What a query finds, by its subjects, the newest first.
pub(crate) fn found(index: &Index, query: &str) -> Vec<String> {
    subjects(&index.search(&Query::parse(query).unwrap(), Order::Date, 0, 100).unwrap())
}

pub(crate) fn subjects(page: &Page) -> Vec<String> {
    page.mails.iter().map(|mail| mail.subject.clone().unwrap_or_default()).collect()
}
