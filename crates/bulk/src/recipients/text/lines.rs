//! JSON Lines: an object on each line. The keys of the first one are the columns; values stay what they are.

use std::collections::HashSet;
use std::path::Path;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::super::limits::{Limit, MAX_COLUMNS, MAX_RECORD};
use super::charset::Charset;
use super::decode::Pieces;

/// The number of a line, and its object.
type Numbered = (u64, Map<String, Value>);

/// The objects of a file with the numbers of their lines.
pub(crate) struct Lines {
    pieces: Pieces,
    buffer: String,
    at: usize,
    /// The number of the next line.
    number: u64,
    ended: bool,
}

impl Lines {
    /// From the first line.
    pub(crate) fn open(path: &Path, charset: Charset) -> Result<Self, Fault> {
        let pieces = Pieces::open(path, charset)?;
        Ok(Self { pieces, buffer: String::new(), at: 0, number: 1, ended: false })
    }

    /// The next line without its end; `None` after the last one.
    fn line(&mut self) -> Result<Option<&str>, Fault> {
        let mut searched = self.at;
        let end = loop {
            if let Some(end) = self.buffer[searched..].find('\n') {
                break searched + end;
            }
            if self.buffer.len() - self.at > MAX_RECORD {
                return Err(Fault::in_row(self.number, SheetErrorKind::TooLarge(Limit::Record)));
            }
            if self.at > 0 {
                self.buffer.drain(..self.at);
                self.at = 0;
            }
            searched = self.buffer.len();
            if !self.pieces.next_into(&mut self.buffer)? {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                break self.buffer.len();
            }
        };
        let from = self.at;
        self.at = (end + 1).min(self.buffer.len());
        self.number += 1;
        Ok(Some(&self.buffer[from..end]))
    }

    /// The next line as it is written, with its number; `None` after the last one.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, &str)>, Fault> {
        let number = self.number;
        Ok(self.line()?.map(|line| (number, line)))
    }

    fn object(&mut self) -> Result<Option<Numbered>, Fault> {
        loop {
            let number = self.number;
            let Some(line) = self.line()? else { return Ok(None) };
            if line.len() > MAX_RECORD {
                return Err(Fault::in_row(number, SheetErrorKind::TooLarge(Limit::Record)));
            }
            if line.trim().is_empty() {
                continue;
            }
            let kind = match serde_json::from_str(line) {
                Ok(Value::Object(object)) if object.len() <= MAX_COLUMNS as usize => {
                    return Ok(Some((number, object)));
                }
                Ok(Value::Object(_)) => SheetErrorKind::TooLarge(Limit::Columns),
                Ok(_) => SheetErrorKind::NotAnObject,
                Err(error) => SheetErrorKind::NotJson(said_of(&error)),
            };
            return Err(Fault::in_row(number, kind));
        }
    }
}

/// The parser's words with the column only: it counts lines within the one it was given.
fn said_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("{words} at character {}", error.column())
}

/// The keys of the first object in the order in which they stand there; `None` where there is no object.
pub(crate) fn first_keys(path: &Path, charset: Charset) -> Result<Option<Vec<String>>, Fault> {
    let mut lines = Lines::open(path, charset)?;
    loop {
        let number = lines.number;
        let Some(line) = lines.line()? else { return Ok(None) };
        if line.trim().is_empty() {
            continue;
        }
        let kind = match serde_json::from_str(line) {
            Ok(Keys(keys)) if keys.len() <= MAX_COLUMNS as usize => return Ok(Some(keys)),
            Ok(_) => SheetErrorKind::TooLarge(Limit::Columns),
            Err(error) if error.is_data() => SheetErrorKind::NotAnObject,
            Err(error) => SheetErrorKind::NotJson(said_of(&error)),
        };
        return Err(Fault::in_row(number, kind));
    }
}

/// An object's keys in their order, each once.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Keys;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys: Vec<String> = Vec::new();
                let mut seen = HashSet::new();
                while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    if seen.insert(key.clone()) {
                        keys.push(key);
                    }
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Iterator for Lines {
    type Item = Result<Numbered, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.object().transpose();
        self.ended = match &next {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(fault)) => {
                !matches!(fault.kind, SheetErrorKind::NotAnObject | SheetErrorKind::NotJson(_))
            }
        };
        next
    }
}
