//! `campaign.toml` as it is written. A key that nobody knows is an error: a setting with a typing error would be none.
//!
//! Values marked *template* may hold `{{ column }}`. Paths are relative to the campaign's folder and may not leave it.
//! Durations are written `90s`, `15m`, `4h`, `2d`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What the campaign is called; its folder's name where this says nothing.
    #[serde(default)]
    pub name: String,
    /// The letter.
    pub message: Message,
    /// To whom.
    pub recipients: Recipients,
    /// What goes with it.
    #[serde(default)]
    pub attach: Attach,
    /// Further header fields of each letter: *templates*.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Through which accounts.
    #[serde(default)]
    pub send: Send,
    /// How fast.
    #[serde(default)]
    pub pace: Pace,
    /// When to try again.
    #[serde(default)]
    pub retry: Retry,
    /// When to stop by itself.
    #[serde(default)]
    pub stop: Stop,
    /// Signing.
    pub dkim: Option<Dkim>,
    /// How to get off the list.
    pub unsubscribe: Option<Unsubscribe>,
    /// Where what could not be delivered comes back to.
    pub bounces: Option<Bounces>,
}

/// The letter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Message {
    /// Who it is from: an address, with a name or without; the account's where this says nothing. *Template.*
    pub from: Option<String>,
    /// The subject. *Template.*
    pub subject: String,
    /// A file with the text: a template. Without one, the text is made from the HTML.
    pub text: Option<String>,
    /// A file with the HTML: a template in which what comes from the sheet is escaped.
    pub html: Option<String>,
    /// Where answers go. *Template.*
    pub reply_to: Option<String>,
    /// What sort of mail it is.
    #[serde(default)]
    pub kind: Kind,
}

/// What sort of mail it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Each letter belongs to its reader: payslips, grades, invoices.
    #[default]
    Personal,
    /// Advertising and newsletters: must be possible to unsubscribe from.
    Marketing,
}

/// To whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipients {
    /// The sheet: XLSX, XLS, ODS, CSV, TSV or JSONL.
    pub file: String,
    /// Which sheet of a workbook; the first one where this says nothing.
    pub sheet: Option<String>,
    /// Which row holds the names of the columns, as a person counts; found out where this says nothing.
    pub header: Option<u64>,
    /// What separates the columns of a CSV; found out where this says nothing.
    pub delimiter: Option<char>,
    /// The charset of a CSV, as `gb18030`; found out where this says nothing.
    pub charset: Option<String>,
    /// Addresses: *template*, as `{{ 邮箱 }}`.
    pub to: String,
    /// Further addresses: *template*; may become empty.
    pub cc: Option<String>,
    /// Addresses that the others do not see: *template*; may become empty.
    pub bcc: Option<String>,
}

/// What goes with the letter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attach {
    /// Files that everybody gets.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Pictures of the HTML, beside those that are found in it.
    #[serde(default)]
    pub inline: Vec<String>,
    /// Files of each row's own: *templates*, as `files/{{ 工号 }}.pdf`. One that becomes empty is left out.
    #[serde(default)]
    pub own: Vec<String>,
    /// What the reader sees the own files called, in the same order: *templates*; their own names where this is short.
    #[serde(default)]
    pub own_names: Vec<String>,
    /// Two rows may name the same file.
    #[serde(default)]
    pub own_may_repeat: bool,
}

/// Through which accounts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Send {
    /// Accounts of the configuration that share the work; the one called `default` where there are none.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// An address for the reverse-path, where it is not the sender's: *template*.
    pub envelope_from: Option<String>,
}

/// An account's share.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// Its name in the configuration.
    pub name: String,
    /// The most messages in a day of 24 hours.
    pub per_day: Option<u32>,
    /// The most messages in a minute, where it differs from the campaign's.
    pub per_minute: Option<u32>,
}

/// How fast. What is not said here is as the provider wants it, else as fast as the server takes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pace {
    /// Messages in a second, over each account.
    pub per_second: Option<u32>,
    /// Messages in a minute, over each account.
    pub per_minute: Option<u32>,
    /// Messages in an hour, over each account.
    pub per_hour: Option<u32>,
    /// Messages in a day of 24 hours, over each account.
    pub per_day: Option<u32>,
    /// Connections at a time, for each account.
    pub connections: Option<u16>,
    /// Messages over one connection.
    pub per_connection: Option<u32>,
    /// How many messages of a connection may be in doubt at most after a crash: 32 where this says nothing.
    pub window: Option<u16>,
    /// The time of the day in which mail is sent; always where this says nothing.
    pub hours: Option<Window>,
    /// Limits for recipients in these domains, `*` for all others.
    #[serde(default)]
    pub to: BTreeMap<String, Destination>,
}

/// A time of the day, in the system's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// `09:00`.
    pub from: String,
    /// `18:00`; earlier than `from` means: until then on the next day.
    pub to: String,
    /// `mon`, `tue` …; every day where there are none.
    #[serde(default)]
    pub days: Vec<String>,
}

/// Limits for recipients in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Destination {
    /// Messages in a minute.
    pub per_minute: Option<u32>,
    /// Messages in an hour.
    pub per_hour: Option<u32>,
}

/// When to try again what was deferred.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Retry {
    /// How often in all: 6.
    pub attempts: u32,
    /// How long after the first attempt: `5m`; doubled each time.
    pub first: String,
    /// The longest wait: `4h`.
    pub longest: String,
    /// What becomes of those in doubt.
    pub doubt: Doubt,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 6, first: "5m".into(), longest: "4h".into(), doubt: Doubt::Hold }
    }
}

/// What becomes of those in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doubt {
    /// Nothing, until somebody decides.
    #[default]
    Hold,
    /// They get the letter once more, with the same Message-ID.
    Resend,
    /// They are left out.
    Skip,
}

/// When to stop by itself, so that a mistake does not reach everybody.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Stop {
    /// So many refusals in a row: 20; 0 never.
    pub in_a_row: u32,
    /// So many percent of the last 200: 30; 0 never.
    pub percent: u8,
}

impl Default for Stop {
    fn default() -> Self {
        Self { in_a_row: 20, percent: 30 }
    }
}

/// Signing (RFC 6376, RFC 8463).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dkim {
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// The private key: a PEM file that lies outside what is sent; relative to the folder, or with `~/` or `/`.
    pub key: String,
}

/// How to get off the list (RFC 2369, RFC 8058).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unsubscribe {
    /// An address that takes `unsubscribe` mails; they are read by `hongyan bulk bounces`.
    pub mailto: Option<String>,
    /// The HTTPS address of `hongyan bulk unsubscribe-server` as readers reach it, without the token.
    pub url: Option<String>,
    /// The file with the key that tokens are signed with; made where there is none. `~/.config/hongyan/token.key`
    /// where this says nothing.
    pub key: Option<String>,
}

/// Where what could not be delivered comes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bounces {
    /// The reverse-path of each letter, with `{token}` in it: `bounces+{token}@example.org` (VERP). Without one, the
    /// letter is recognised by its Message-ID.
    pub verp: Option<String>,
}
