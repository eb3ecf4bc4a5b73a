//! Reading the index: a page of what a query finds, and a single mail.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params_from_iter};

use crate::index::compile::{Compiled, compile};
use crate::index::{Index, IndexError, store};
use crate::maildir::Flags;
use crate::query::Query;

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The name, decoded; `None` where the field has none.
    pub name: Option<String>,
    /// `local@domain`, or what stands there in its place.
    pub address: String,
}

/// A mail, as the index knows it. Texts are the mail's: see [`hongyan_mime::read::safe`] before they reach a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The number that people call it by.
    pub id: i64,
    /// The folder's name, for people.
    pub folder: String,
    /// Where its file was when the index was last brought up to date.
    pub path: PathBuf,
    /// The folder's Maildir.
    pub maildir: PathBuf,
    /// The file's name up to the first `:`, which no program changes.
    pub unique: OsString,
    /// Its flags.
    pub flags: Flags,
    /// Its octets.
    pub size: u64,
    /// Seconds since 1970-01-01T00:00:00Z: its Date; where there is none, or one in the future, when the file was
    /// written.
    pub date: i64,
    /// Minutes east of UTC that its Date names.
    pub zone: Option<i16>,
    /// Its Subject, at most [`MAX_INDEXED_SUBJECT`](crate::index::MAX_INDEXED_SUBJECT) octets.
    pub subject: Option<String>,
    /// The first mailbox in From.
    pub from: Option<Who>,
    /// The first mailbox in To, else in Cc.
    pub to: Option<Who>,
    /// Mailboxes in To and Cc.
    pub recipients: u64,
    /// Attachments.
    pub attachments: u64,
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
}

/// In which order mails are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Date,
    /// What says most of the words that are looked for first; then the newest.
    Relevance,
}

/// A page of mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The mails.
    pub mails: Vec<Mail>,
    /// How many there are over all pages.
    pub total: u64,
}

/// What is read of a mail.
const COLUMNS: &str = "mail.id, folder.name, folder.directory, mail.place, mail.file, mail.flags, mail.size, \
                       mail.date, mail.zone, mail.subject, mail.author, mail.author_address, mail.recipient, \
                       mail.recipient_address, mail.recipients, mail.attachments, mail.message_id";

impl Index {
    /// The mails that a query finds: `limit` of them at most, behind the first `offset`.
    ///
    /// # Errors
    /// Why the index cannot be read.
    pub fn search(&self, query: &Query, order: Order, offset: u64, limit: u64) -> Result<Page, IndexError> {
        // One view of the index for both: another process may be adding to it.
        let page = self.connection.unchecked_transaction().and_then(|transaction| {
            let compiled = compile(query, &self.connection)?;
            let total = self.count(&compiled)?;
            let mails = self.found(&compiled, order, offset, limit)?;
            transaction.commit()?;
            Ok(Page { mails, total })
        });
        page.map_err(|error| self.failed(error))
    }

    /// The mail with this number.
    ///
    /// # Errors
    /// Why the index cannot be read.
    pub fn get(&self, id: i64) -> Result<Option<Mail>, IndexError> {
        let sql =
            format!("SELECT {COLUMNS} FROM mail JOIN folder ON folder.id = mail.folder WHERE mail.id = ?1");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut query| query.query_row([id], |row| self.mail(row)).optional());
        found.map_err(|error| self.failed(error))
    }

    fn count(&self, compiled: &Compiled) -> rusqlite::Result<u64> {
        let (sql, values) = match &compiled.only_words {
            Some(words) => (
                "SELECT count(*) FROM words WHERE words MATCH ?".to_owned(),
                vec![Value::Text(words.clone())],
            ),
            None => (format!("SELECT count(*) FROM mail WHERE {}", compiled.sql), compiled.values.clone()),
        };
        let count: i64 = self.connection.query_row(&sql, params_from_iter(values), |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn found(
        &self,
        compiled: &Compiled,
        order: Order,
        offset: u64,
        limit: u64,
    ) -> rusqlite::Result<Vec<Mail>> {
        let mut values = Vec::new();
        // The page is found by numbers and dates alone, and only its mails are read.
        let inner = match (order, &compiled.ranked) {
            (Order::Relevance, Some(ranked)) => {
                values.push(Value::Text(ranked.clone()));
                // Materialized: else the words would be looked for once for every mail.
                format!(
                    "WITH found (id, score) AS MATERIALIZED (SELECT rowid, rank FROM words WHERE words MATCH ?) \
                     SELECT mail.id AS id, found.score AS rank, mail.date AS date FROM mail \
                     LEFT JOIN found ON found.id = mail.id \
                     WHERE {} ORDER BY found.score IS NULL, found.score, mail.date DESC, mail.id DESC",
                    compiled.sql
                )
            }
            _ => format!(
                "SELECT mail.id AS id, 0 AS rank, mail.date AS date FROM mail WHERE {} \
                 ORDER BY mail.date DESC, mail.id DESC",
                compiled.sql
            ),
        };
        values.extend(compiled.values.iter().cloned());
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        values.push(Value::Integer(i64::try_from(offset).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT {COLUMNS} FROM ({inner} LIMIT ? OFFSET ?) AS page JOIN mail ON mail.id = page.id \
             JOIN folder ON folder.id = mail.folder \
             ORDER BY page.rank IS NULL, page.rank, page.date DESC, page.id DESC"
        );
        let mut query = self.connection.prepare(&sql)?;
        query.query_map(params_from_iter(values), |row| self.mail(row))?.collect()
    }

    fn mail(&self, row: &Row<'_>) -> rusqlite::Result<Mail> {
        let directory: String = row.get(2)?;
        let file: Vec<u8> = row.get(4)?;
        let who = |name: usize, address: usize| {
            let found: Option<String> = row.get(address)?;
            let name = row.get(name)?;
            Ok::<_, rusqlite::Error>(found.map(|address| Who { name, address }))
        };
        let count = |at: usize| row.get(at).map(|count: i64| u64::try_from(count).unwrap_or(0));
        let maildir = match directory.as_str() {
            "" => self.maildir.path().to_owned(),
            directory => self.maildir.path().join(directory),
        };
        let unique = store::unique(&file).to_vec();
        let place = store::place(row.get(3)?);
        Ok(Mail {
            id: row.get(0)?,
            folder: row.get(1)?,
            path: maildir.join(place).join(OsString::from_vec(file)),
            maildir,
            unique: OsString::from_vec(unique),
            flags: store::flags(row.get(5)?),
            size: count(6)?,
            date: row.get(7)?,
            zone: row.get(8)?,
            subject: row.get(9)?,
            from: who(10, 11)?,
            to: who(12, 13)?,
            recipients: count(14)?,
            attachments: count(15)?,
            message_id: row.get(16)?,
        })
    }
}
