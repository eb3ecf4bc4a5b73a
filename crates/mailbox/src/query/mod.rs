//! The search language: `from:王 has:attachment after:2026-01-01 报告`.
//!
//! A query is a list of conditions, all of which must hold; `OR` stands between alternatives, `-` before what
//! must not hold, `(…)` groups, `"…"` is a phrase, a word that ends in `*` is the beginning of one. `a b OR c` is
//! `(a b) OR c`. Signs of Chinese input (`：（）“”`) count as their ASCII kin.
//!
//! | condition | holds for mails |
//! |---|---|
//! | `报告`, `budget`, `"monthly report"` | that have it in subject, people, text, attachment names or list name |
//! | `subject:`, `from:`, `body:`, `file:`, `cc:`, `list:` | that have it there |
//! | `to:` | that have it in To or Cc |
//! | `has:attachment` | that carry a file |
//! | `is:unread`, `read`, `flagged`, `answered`, `forwarded`, `draft`, `trashed` | in that state |
//! | `after:D`, `before:D`, `on:D` | of that day or later; of an earlier day; of that day, month or year |
//! | `larger:1M`, `smaller:20K` | of more, of fewer octets |
//! | `folder:Sent` | in that folder, or one below it |
//! | `id:<…@…>`, `thread:<…@…>` | with that Message-ID; of the conversation that it belongs to |
//!
//! `D` is `2026-01-31`, `2026-01`, `2026`, `today`, `yesterday`, or so many days, weeks, months or years ago (`7d`,
//! `2w`, `3m`, `1y`), in the local time zone. A query is data: what it becomes is built by [`crate::index`], from
//! bound values and from words that hold letters and digits only.

mod date;
mod error;
mod parse;

pub use error::{QueryError, QueryErrorKind};

/// The longest query, in octets.
pub const MAX_QUERY: usize = 4096;
/// The most conditions in a query.
pub const MAX_CONDITIONS: usize = 128;
/// How deep groups and negations may be nested.
pub const MAX_NESTING: usize = 32;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// All of these; with none, every mail.
    Every(Vec<Query>),
    /// One of these at least.
    Any(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// Words.
    Words(Words),
    /// At least one attachment.
    Attachment,
    /// A state that the mail is in.
    Is(State),
    /// At this second since 1970-01-01T00:00:00Z or later.
    After(i64),
    /// Before this second since 1970-01-01T00:00:00Z.
    Before(i64),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// In this folder, or below it.
    Folder(String),
    /// This Message-ID, without brackets.
    Id(String),
    /// The conversation of the mail with this Message-ID, without brackets.
    Thread(String),
}

/// Words that stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Where; anywhere without.
    pub field: Option<Field>,
    /// As they were typed.
    pub text: String,
    /// Whether the last of them is only the beginning of a word.
    pub beginning: bool,
}

/// Where words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The Subject.
    Subject,
    /// Names and addresses in From.
    From,
    /// Names and addresses in To and Cc.
    To,
    /// Names and addresses in Cc.
    Cc,
    /// The text.
    Body,
    /// Names of attachments.
    File,
    /// The mailing list: List-Id.
    List,
}

/// A state that a mail is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nobody has seen it.
    Unread,
    /// It was seen.
    Read,
    /// It is marked.
    Flagged,
    /// It was replied to.
    Answered,
    /// It was passed on.
    Forwarded,
    /// It is a draft.
    Draft,
    /// It is to be deleted.
    Trashed,
}

impl Query {
    /// Every mail there is.
    pub const EVERYTHING: Self = Self::Every(Vec::new());

    /// Reads a query as a person types it, dates in the local time zone.
    ///
    /// # Errors
    /// The first place that makes no sense.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_at(text, &chrono::Local::now())
    }

    /// As [`Query::parse`], at another time and in another zone.
    ///
    /// # Errors
    /// The first place that makes no sense.
    pub fn parse_at<Z: chrono::TimeZone>(text: &str, now: &chrono::DateTime<Z>) -> Result<Self, QueryError> {
        parse::parse(text, now)
    }
}
