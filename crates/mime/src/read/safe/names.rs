//! File names for attachments: whatever the sender wrote, the name stays inside the directory it is put in,
//! on any common system, and does not hide what it is.

use std::collections::{HashMap, HashSet};

use crate::read::finding::floor_char_boundary;
use crate::read::safe::terminal::must_be_seen;

/// Longest name made, in bytes, its extension and number included: what common file systems take.
pub const MAX_FILE_NAME: usize = 255;

/// Longest extension that is kept whole when a name is cut, in bytes, with its dot.
const MAX_EXTENSION: usize = 32;

/// Names that Windows gives to devices, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Makes safe names, each different from those made before, letter case aside.
///
/// A file system that holds more names equal than letter case does (macOS composes accents) may still find
/// two of them equal: create files with `create_new` and nothing is written over.
#[derive(Clone, Debug, Default)]
pub struct FileNames {
    taken: HashSet<String>,
    /// The number that the next name of the same wish gets.
    next: HashMap<String, usize>,
}

impl FileNames {
    /// No names taken yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A safe name made of `wanted`, or of `fallback` where nothing of it is left.
    ///
    /// The name has no separators, colons or wildcards, no control, bidirectional or invisible characters,
    /// no dot at its start, no dot or blank at its end; it is no device's name, not empty and at most
    /// [`MAX_FILE_NAME`] bytes. A second one of the same name gets a number: `name (2).txt`.
    pub fn make(&mut self, wanted: Option<&str>, fallback: &str) -> String {
        let base =
            wanted.and_then(cleaned).or_else(|| cleaned(fallback)).unwrap_or_else(|| "attachment".to_owned());
        let mut name = bounded(&base, "");
        if self.taken.insert(folded(&name)) {
            return name;
        }
        let number = self.next.entry(folded(&name)).or_insert(2);
        loop {
            name = bounded(&base, &format!(" ({number})"));
            *number += 1;
            if self.taken.insert(folded(&name)) {
                return name;
            }
        }
    }
}

/// Letter case removed, so that names that a file system takes for one are seen as one.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// The name with everything harmful gone; `None` where nothing is left.
fn cleaned(name: &str) -> Option<String> {
    // Only what follows the last separator names the file.
    let last = name.rsplit(['/', '\\']).find(|piece| !piece.trim_matches(['.', ' ']).is_empty())?;
    let mut out = String::with_capacity(last.len());
    for c in last.chars() {
        match c {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => out.push('_'),
            '\t' | '\r' | '\n' => out.push(' '),
            // The replacement character stands for bytes that were no text.
            '\u{fffd}' => out.push('_'),
            c if must_be_seen(c) => {}
            c => out.push(c),
        }
    }
    let trimmed = out.trim().trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    // A name that begins with a hyphen is an option to careless commands.
    let mut kept = match trimmed.strip_prefix('-') {
        Some(rest) => format!("_{rest}"),
        None => trimmed.to_owned(),
    };
    if kept.is_empty() {
        return None;
    }
    if is_device(&kept) {
        kept.insert(0, '_');
    }
    Some(kept)
}

/// Whether Windows takes the name for a device: by what stands before the first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
        })
}

/// `base` with `number` before its extension, cut to [`MAX_FILE_NAME`] bytes between characters.
fn bounded(base: &str, number: &str) -> String {
    let dot = base.rfind('.').filter(|dot| *dot > 0 && base.len() - dot <= MAX_EXTENSION);
    let (stem, extension) = base.split_at(dot.unwrap_or(base.len()));
    let room = MAX_FILE_NAME - extension.len() - number.len();
    let stem = stem[..floor_char_boundary(stem, room)].trim_end_matches(['.', ' ']);
    format!("{stem}{number}{extension}")
}
