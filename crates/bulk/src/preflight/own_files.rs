//! The rows' own files: there, readable, not empty, each for one row, and none left over.
//!
//! Two files are held for the same by their sizes and their first and last octets while the sheet goes by; those that look
//! alike are then compared by SHA-256.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use hongyan_proto::said::said;

use super::addressees::pairs;
use super::code::Code;
use super::finding::{Book, Place};
use super::twice::{Twice, hash};
use crate::campaign::{Attach, PathProblem};

/// Octets at either end of a file that are looked at.
const ENDS: u64 = 4096;
/// How deep below the folders of own files it is looked for files that nobody uses.
const DEPTH: u32 = 8;
/// How many files are looked at there.
pub const MOST_LISTED: usize = 2_000_000;

/// What a path that leads nowhere is called.
pub(super) fn code_of(problem: &PathProblem) -> Code {
    match problem {
        PathProblem::Missing(_) => Code::FileMissing,
        PathProblem::Link(_) => Code::FileLink,
        PathProblem::NoFile => Code::FileNone,
        PathProblem::Denied | PathProblem::Failed(_) | PathProblem::Changed => Code::FileUnreadable,
        PathProblem::Empty
        | PathProblem::TooLong
        | PathProblem::Control
        | PathProblem::Absolute
        | PathProblem::Differs
        | PathProblem::Leaves => Code::FileOutside,
    }
}

/// Everything that was seen of the rows' own files.
#[derive(Debug, Default)]
pub(super) struct OwnFiles {
    paths: Twice,
    contents: Twice,
}

impl OwnFiles {
    /// Notes a row's file, which was opened at `place`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn add(&mut self, row: u64, path: &str, place: &Path) -> io::Result<()> {
        self.paths.add(hash(path), row);
        let looks = looks(place)?;
        if let Some(looks) = looks {
            self.contents.add(looks, row);
        }
        Ok(())
    }

    /// Pairs of a row and an earlier one that name the same file.
    pub(super) fn same_paths(&mut self) -> Vec<(u64, u64)> {
        pairs(&mut self.paths)
    }

    /// Pairs of a row and an earlier one whose files may have the same content.
    pub(super) fn same_looks(&mut self) -> Vec<(u64, u64)> {
        pairs(&mut self.contents)
    }

    /// Finds the files beside those that are used. To be asked when every row was noted.
    pub(super) fn unused(
        &mut self,
        book: &mut Book,
        folder: &Path,
        attach: &Attach,
        used: &BTreeSet<String>,
    ) {
        self.paths.sort();
        let roots: BTreeSet<&str> = attach.own.iter().filter_map(|own| root(own)).collect();
        let endings: BTreeSet<&str> = attach.own.iter().filter_map(|own| ending(own)).collect();
        let mut left = MOST_LISTED;
        for root in roots {
            let mut found = Vec::new();
            list(&folder.join(root), root, DEPTH, &mut left, &mut found);
            found.sort_unstable();
            for path in found {
                let wanted =
                    endings.is_empty() || ending(&path).is_some_and(|ending| endings.contains(ending));
                if wanted && !used.contains(&path) && self.paths.rows(hash(&path)).next().is_none() {
                    book.found(Code::FileUnused, Place::file(path.clone()), || {
                        said(path.clone(), path.clone())
                    });
                }
            }
        }
    }
}

/// What a file looks like; `None` where there is nothing in it.
fn looks(place: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(place)?;
    let size = file.metadata()?.len();
    let mut ends = Vec::with_capacity(ENDS as usize * 2);
    file.by_ref().take(ENDS).read_to_end(&mut ends)?;
    if size > ENDS {
        file.seek(SeekFrom::Start(size.saturating_sub(ENDS).max(ENDS)))?;
        file.take(ENDS).read_to_end(&mut ends)?;
    }
    Ok((size > 0).then(|| hash((size, ends))))
}

/// The folder that a template's paths certainly lie in; `None` where that is the campaign's own.
fn root(template: &str) -> Option<&str> {
    let fixed = template.split(['{', '}']).next().unwrap_or_default();
    let folder = fixed.rsplit_once('/')?.0.trim_start_matches("./").trim_end_matches('/');
    (!folder.is_empty()).then_some(folder)
}

/// The ending of a file's name, where it is written as it is.
fn ending(path: &str) -> Option<&str> {
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    let plain = !ending.is_empty() && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then_some(ending)
}

/// The files in a folder, as paths from the campaign's. What begins with a dot, and what office programs leave beside an
/// open file, is nobody's.
fn list(folder: &Path, path: &str, depth: u32, left: &mut usize, found: &mut Vec<String>) {
    // A folder that cannot be read has nothing to say here: whatever is needed of it was asked for by its row.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let hidden =
            name.starts_with('.') || name.starts_with("~$") || name == "Thumbs.db" || name == "desktop.ini";
        if hidden || *left == 0 {
            continue;
        }
        *left -= 1;
        let path = format!("{path}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => list(&entry.path(), &path, depth - 1, left, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_own_files_is_what_the_template_says_before_its_first_field() {
        for (template, expected) in [
            ("files/{{ 工号 }}.pdf", Some("files")),
            ("./files/2026/{{ a }}/{{ b }}.pdf", Some("files/2026")),
            ("files/a-{{ b }}.pdf", Some("files")),
            ("{{ 文件 }}", None),
            ("{% if a %}files/{{ a }}{% endif %}", None),
        ] {
            assert_eq!(root(template), expected, "{template}");
        }
        assert_eq!(ending("files/{{ 工号 }}.pdf"), Some("pdf"));
        assert_eq!(ending("files/{{ a }}.{{ b }}"), None);
    }
}
