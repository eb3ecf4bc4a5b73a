//! A query becomes SQL: conditions over `mail`, with the words that are looked for as one expression of FTS5 each.
//!
//! Nothing that a person typed is part of the SQL: values are bound, and an expression of FTS5 is bound too. Within
//! that, words stand in quotation marks and consist of letters, digits and blanks (see [`crate::index::words`]).

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::index::document::key;
use crate::index::store;
use crate::index::words::Phrase;
use crate::maildir::{Flags, FolderName};
use crate::query::{Field, Query, State, Words};

/// A condition in SQL over `mail`, and what is bound to its question marks in order.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    /// An expression of FTS5 with all words that are looked for, to rank by; none where there are none.
    pub(super) ranked: Option<String>,
    /// The expression, where it is the whole condition.
    pub(super) only_words: Option<String>,
}

/// Compiles a query against the index that it is for.
pub(super) fn compile(query: &Query, connection: &Connection) -> rusqlite::Result<Compiled> {
    let mut ranked = Vec::new();
    let condition = Compiler { connection, ranked: &mut ranked }.condition(query, false)?;
    let ranked = (!ranked.is_empty()).then(|| ranked.join(" OR "));
    let only_words = match &condition {
        Condition::Match(expression) => Some(expression.clone()),
        Condition::Sql(..) => None,
    };
    let (sql, values) = condition.into_sql();
    Ok(Compiled { sql, values, ranked, only_words })
}

/// A condition on its way.
enum Condition {
    /// An expression of FTS5.
    Match(String),
    Sql(String, Vec<Value>),
}

impl Condition {
    fn into_sql(self) -> (String, Vec<Value>) {
        match self {
            Self::Match(expression) => {
                let sql = "mail.id IN (SELECT rowid FROM words WHERE words MATCH ?)".to_owned();
                (sql, vec![Value::Text(expression)])
            }
            Self::Sql(sql, values) => (sql, values),
        }
    }
}

struct Compiler<'c> {
    connection: &'c Connection,
    /// The words that are to be there.
    ranked: &'c mut Vec<String>,
}

impl Compiler<'_> {
    /// `negated`: whether a mail is found where this does not hold.
    fn condition(&mut self, query: &Query, negated: bool) -> rusqlite::Result<Condition> {
        let integer = |sql: &str, value: i64| Condition::Sql(sql.to_owned(), vec![Value::Integer(value)]);
        let octets = |octets: u64| i64::try_from(octets).unwrap_or(i64::MAX);
        Ok(match query {
            Query::Every(every) => self.several(every, negated, "AND", "1")?,
            Query::Any(any) => self.several(any, negated, "OR", "0")?,
            Query::Not(inner) => {
                let (sql, values) = self.condition(inner, !negated)?.into_sql();
                Condition::Sql(format!("NOT ({sql})"), values)
            }
            Query::Words(words) => match expression(words) {
                Some(expression) => {
                    if !negated {
                        self.ranked.push(expression.clone());
                    }
                    Condition::Match(expression)
                }
                // Nothing to look for is found nowhere.
                None => Condition::Sql("0".to_owned(), Vec::new()),
            },
            Query::Attachment => Condition::Sql("mail.attachments > 0".to_owned(), Vec::new()),
            Query::Is(state) => is(*state),
            Query::After(second) => integer("mail.date >= ?", *second),
            Query::Before(second) => integer("mail.date < ?", *second),
            Query::Larger(than) => integer("mail.size > ?", octets(*than)),
            Query::Smaller(than) => integer("mail.size < ?", octets(*than)),
            Query::Folder(name) => self.folder(name)?,
            Query::Id(id) => Condition::Sql(
                "mail.key = ? AND mail.message_id = ?".to_owned(),
                vec![Value::Integer(key(id)), Value::Text(id.clone())],
            ),
            Query::Thread(id) => integer("mail.thread = ?", store::thread_of(self.connection, id)?),
        })
    }

    /// Several conditions; those about words alone become one expression.
    fn several(
        &mut self,
        list: &[Query],
        negated: bool,
        operator: &str,
        neutral: &str,
    ) -> rusqlite::Result<Condition> {
        let (mut matches, mut sqls, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for query in list {
            match self.condition(query, negated)? {
                Condition::Match(expression) => matches.push(expression),
                Condition::Sql(sql, more) => {
                    sqls.push(sql);
                    values.extend(more);
                }
            }
        }
        if let Some(expression) = joined(matches, operator) {
            if sqls.is_empty() {
                return Ok(Condition::Match(expression));
            }
            let (sql, more) = Condition::Match(expression).into_sql();
            sqls.push(sql);
            values.extend(more);
        }
        Ok(Condition::Sql(joined(sqls, operator).unwrap_or_else(|| neutral.to_owned()), values))
    }

    /// A folder and those below it, letter case of ASCII aside.
    fn folder(&self, name: &str) -> rusqlite::Result<Condition> {
        let folder = FolderName::parse(name, Some('/'));
        let directory = folder.directory();
        let sql = "SELECT id FROM folder WHERE lower(directory) = lower(?1) \
                   OR (?1 <> '' AND lower(substr(directory, 1, length(?1) + 1)) = lower(?1) || '.')";
        let mut query = self.connection.prepare_cached(sql)?;
        let ids: Result<Vec<i64>, _> = query.query_map(params![directory], |row| row.get(0))?.collect();
        let sql = match ids?.as_slice() {
            [] => "0".to_owned(),
            // A single one can be walked in the order of dates.
            [id] => format!("mail.folder = {id}"),
            ids => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                format!("mail.folder IN ({})", ids.join(", "))
            }
        };
        Ok(Condition::Sql(sql, Vec::new()))
    }
}

/// The pieces in parentheses with the operator between them; `None` where there are none.
fn joined(mut pieces: Vec<String>, operator: &str) -> Option<String> {
    match pieces.len() {
        0 => None,
        1 => pieces.pop(),
        _ => Some(format!("({})", pieces.join(&format!(") {operator} (")))),
    }
}

fn is(state: State) -> Condition {
    let set = |flag| format!("mail.flags & {} <> 0", store::bits(flag));
    let sql = match state {
        // As the index over unread mails has it.
        State::Unread => "mail.flags & 1 = 0".to_owned(),
        State::Read => set(Flags::SEEN),
        State::Flagged => set(Flags::FLAGGED),
        State::Answered => set(Flags::REPLIED),
        State::Forwarded => set(Flags::PASSED),
        State::Draft => set(Flags::DRAFT),
        State::Trashed => set(Flags::TRASHED),
    };
    Condition::Sql(sql, Vec::new())
}

/// An expression of FTS5; `None` where there is no word.
fn expression(words: &Words) -> Option<String> {
    let phrase = Phrase::of(&words.text, words.beginning)?;
    let columns = match words.field {
        None => "",
        Some(Field::Subject) => "subject : ",
        Some(Field::From) => "author : ",
        Some(Field::To) => "{recipient copy} : ",
        Some(Field::Cc) => "copy : ",
        Some(Field::Body) => "body : ",
        Some(Field::File) => "file : ",
        Some(Field::List) => "list : ",
    };
    let beginning = if phrase.beginning { " *" } else { "" };
    Some(format!("{columns}\"{}\"{beginning}", phrase.words))
}
