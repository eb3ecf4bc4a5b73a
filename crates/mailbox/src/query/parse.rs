//! Reading a query: recursive descent over its characters.

use chrono::{DateTime, TimeZone};

use crate::index::words;
use crate::query::date::Span;
use crate::query::{
    Field, MAX_CONDITIONS, MAX_NESTING, MAX_QUERY, Query, QueryError, QueryErrorKind as Kind, State, Words,
};

/// Reads all of `text`.
pub(super) fn parse<Z: TimeZone>(text: &str, now: &DateTime<Z>) -> Result<Query, QueryError> {
    let mut parser = Parser { text, at: 0, conditions: 0, nesting: 0, now };
    if text.len() > MAX_QUERY {
        return Err(parser.error(Kind::TooLong, MAX_QUERY, text.len()));
    }
    parser.skip_blanks();
    if parser.peek().is_none() {
        return Ok(Query::EVERYTHING);
    }
    let query = parser.alternatives(None)?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.error_here(Kind::StrayParenthesis)),
    }
}

struct Parser<'t, Z: TimeZone> {
    text: &'t str,
    at: usize,
    conditions: usize,
    nesting: usize,
    now: &'t DateTime<Z>,
}

/// A value as it was typed.
struct Value {
    text: String,
    start: usize,
    /// Whether it stood in quotation marks.
    quoted: bool,
}

impl<Z: TimeZone> Parser<'_, Z> {
    fn error(&self, kind: Kind, from: usize, to: usize) -> QueryError {
        QueryError { kind, at: from..to }
    }

    /// An error about the next character, or the end.
    fn error_here(&self, kind: Kind) -> QueryError {
        let width = self.peek().map_or(0, char::len_utf8);
        self.error(kind, self.at, self.at + width)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Conditions, with `OR` between the alternatives; words without a field of their own stand in `field`.
    fn alternatives(&mut self, field: Option<Field>) -> Result<Query, QueryError> {
        let mut any = vec![self.conditions(field)?];
        while self.keyword("OR") {
            any.push(self.conditions(field)?);
        }
        Ok(one_or(any, Query::Any))
    }

    /// Conditions that must all hold, up to an `OR` or what ends the group.
    fn conditions(&mut self, field: Option<Field>) -> Result<Query, QueryError> {
        let mut every = Vec::new();
        loop {
            self.skip_blanks();
            let ends = self.peek().is_none_or(is_close) || self.is_keyword("OR");
            if ends && every.is_empty() {
                return Err(self.error_here(Kind::Empty));
            }
            if ends {
                return Ok(one_or(every, Query::Every));
            }
            if self.keyword("AND") {
                self.skip_blanks();
                if every.is_empty() || self.peek().is_none_or(is_close) {
                    return Err(self.error_here(Kind::Empty));
                }
            }
            every.push(self.condition(field)?);
        }
    }

    /// Whether this word, as a sign of the language, comes next.
    fn is_keyword(&self, word: &str) -> bool {
        let rest = self.text[self.at..].strip_prefix(word);
        rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| c.is_whitespace() || is_paren(c)))
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn condition(&mut self, field: Option<Field>) -> Result<Query, QueryError> {
        self.skip_blanks();
        let start = self.at;
        let Some(c) = self.peek() else { return Err(self.error_here(Kind::Empty)) };
        if c == '-' || c == '－' || self.is_keyword("NOT") {
            if !self.keyword("NOT") {
                self.next();
            }
            return self.nested(start, |parser| Ok(Query::Not(Box::new(parser.condition(field)?))));
        }
        if is_open(c) {
            return self.group(field);
        }
        if is_close(c) {
            return Err(self.error_here(Kind::Empty));
        }
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(self.error_here(Kind::TooMany));
        }
        match self.name() {
            Some(name) => self.named(name, start),
            None => {
                let value = self.value()?;
                self.words(field, value)
            }
        }
    }

    /// One level deeper.
    fn nested(
        &mut self,
        start: usize,
        inner: impl FnOnce(&mut Self) -> Result<Query, QueryError>,
    ) -> Result<Query, QueryError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.error(Kind::TooDeep, start, self.at));
        }
        let query = inner(self)?;
        self.nesting -= 1;
        Ok(query)
    }

    fn group(&mut self, field: Option<Field>) -> Result<Query, QueryError> {
        let open = self.at;
        self.next();
        let unclosed = self.error(Kind::OpenGroup, open, self.at);
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(unclosed);
        }
        self.nested(open, |parser| {
            let query = parser.alternatives(field)?;
            parser.next().map(|_| query).ok_or(unclosed)
        })
    }

    /// The name of a condition: ASCII letters and a colon. `http://…` is no condition.
    fn name(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let behind = &rest[len..];
        let colon = behind.chars().next().filter(|c| matches!(c, ':' | '：'))?;
        if len == 0 || behind.starts_with("://") {
            return None;
        }
        self.at += len + colon.len_utf8();
        Some(rest[..len].to_ascii_lowercase())
    }

    /// The condition `name:`, which began at `start`.
    fn named(&mut self, name: String, start: usize) -> Result<Query, QueryError> {
        if let Some(field) = field(&name) {
            if self.peek().is_some_and(is_open) {
                return self.group(Some(field));
            }
            let value = self.value_of(&name, start)?;
            return self.words(Some(field), value);
        }
        if !CONDITIONS.contains(&name.as_str()) {
            return Err(self.error(Kind::UnknownCondition(name), start, self.at));
        }
        if self.peek().is_some_and(is_open) {
            return Err(self.error_here(Kind::NoGroup(name)));
        }
        let value = self.value_of(&name, start)?;
        let wrong = |kind| Err(self.error(kind, value.start, self.at));
        let lower = value.text.to_lowercase();
        match name.as_str() {
            "has" if matches!(lower.as_str(), "attachment" | "attachments" | "file" | "附件") => {
                Ok(Query::Attachment)
            }
            "has" => wrong(Kind::UnknownValue { name, known: "attachment" }),
            "is" => match state(&lower) {
                Some(state) => Ok(Query::Is(state)),
                None => wrong(Kind::UnknownValue { name, known: STATES }),
            },
            "after" | "before" | "on" => {
                let today = self.now.naive_local().date();
                let Some(span) = Span::parse(&lower, today) else { return wrong(Kind::NotADate) };
                let (from, until) = span.seconds(&self.now.timezone());
                Ok(match name.as_str() {
                    "after" => Query::After(from),
                    "before" => Query::Before(from),
                    _ => Query::Every(vec![Query::After(from), Query::Before(until)]),
                })
            }
            "larger" | "smaller" => match size(&lower) {
                Some(octets) if name == "larger" => Ok(Query::Larger(octets)),
                Some(octets) => Ok(Query::Smaller(octets)),
                None => wrong(Kind::NotASize),
            },
            "folder" => Ok(Query::Folder(value.text)),
            "thread" => Ok(Query::Thread(without_brackets(&value.text))),
            _ => Ok(Query::Id(without_brackets(&value.text))),
        }
    }

    /// The value of the condition `name:`, which began at `start`.
    fn value_of(&mut self, name: &str, start: usize) -> Result<Value, QueryError> {
        let value = self.value()?;
        if value.text.is_empty() {
            return Err(self.error(Kind::NoValue(name.to_owned()), start, self.at));
        }
        Ok(value)
    }

    /// What stands in quotation marks, or up to a blank, a parenthesis or a quotation mark.
    fn value(&mut self) -> Result<Value, QueryError> {
        let start = self.at;
        let mut text = String::new();
        if self.peek().is_some_and(is_quote) {
            let width = self.next().map_or(1, char::len_utf8);
            loop {
                match self.next() {
                    Some(c) if is_quote(c) => return Ok(Value { text, start, quoted: true }),
                    Some(c) => text.push(c),
                    None => return Err(self.error(Kind::OpenQuote, start, start + width)),
                }
            }
        }
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && !is_paren(*c) && !is_quote(*c)) {
            text.push(c);
            self.next();
        }
        Ok(Value { text, start, quoted: false })
    }

    fn words(&self, field: Option<Field>, value: Value) -> Result<Query, QueryError> {
        let (text, beginning) = match value.text.strip_suffix('*') {
            Some(text) if !value.quoted => (text.to_owned(), true),
            _ => (value.text, false),
        };
        if words::Phrase::of(&text, beginning).is_none() {
            return Err(self.error(Kind::NothingToFind, value.start, self.at));
        }
        Ok(Query::Words(Words { field, text, beginning }))
    }
}

fn one_or(mut list: Vec<Query>, several: fn(Vec<Query>) -> Query) -> Query {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            several(list)
        }
        None => several(list),
    }
}

fn is_open(c: char) -> bool {
    matches!(c, '(' | '（')
}

fn is_close(c: char) -> bool {
    matches!(c, ')' | '）')
}

fn is_paren(c: char) -> bool {
    is_open(c) || is_close(c)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '＂')
}

/// Conditions that are not about words.
const CONDITIONS: [&str; 10] =
    ["has", "is", "after", "before", "on", "larger", "smaller", "folder", "id", "thread"];

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "subject" => Field::Subject,
        "from" => Field::From,
        "to" => Field::To,
        "cc" => Field::Cc,
        "body" => Field::Body,
        "file" => Field::File,
        "list" => Field::List,
        _ => return None,
    })
}

/// The values of `is:`, for a message.
const STATES: &str = "unread, read, flagged, answered, forwarded, draft, trashed";

fn state(value: &str) -> Option<State> {
    Some(match value {
        "unread" | "unseen" | "new" => State::Unread,
        "read" | "seen" => State::Read,
        "flagged" | "starred" => State::Flagged,
        "answered" | "replied" => State::Answered,
        "forwarded" | "passed" => State::Forwarded,
        "draft" => State::Draft,
        "trashed" | "deleted" => State::Trashed,
        _ => return None,
    })
}

/// `1M`, `20k`, `2gb`, `4096`; K, M and G are powers of 1024.
fn size(text: &str) -> Option<u64> {
    let text = text.strip_suffix('b').unwrap_or(text);
    let (number, shift) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 10),
        b'm' => (&text[..text.len() - 1], 20),
        b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = number.bytes().all(|b| b.is_ascii_digit()).then_some(number)?.parse().ok()?;
    number.checked_mul(1 << shift)
}

fn without_brackets(id: &str) -> String {
    id.trim_start_matches('<').trim_end_matches('>').to_owned()
}

#[cfg(test)]
mod tests;
