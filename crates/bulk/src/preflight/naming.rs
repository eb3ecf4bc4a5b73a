//! Files that name somebody else: the payslip of row 4 in the letter of row 5.
//!
//! No fixed rule knows which column is in a file's name: `1001.pdf`, `张三_2026-10.pdf`, `zhang@example.org.xlsx` are
//! all usual, and a small number of one column is in many names by chance. So the scheme is learned from the campaign:
//!
//! 1. A column can tell people apart when at least nine in ten of its values in the first [`SAMPLE`] rows differ.
//! 2. It is part of the scheme when at least half of the sampled files name a value of it: the row's own, or (the whole
//!    sheet shifted by a row) another row's that cannot be there by chance ([`telling`]).
//! 3. A file whose name holds another row's value of such a column, and not its own row's, names somebody else.
//!
//! A value counts where it stands for itself: at the ends of words, and the longest one that fits wins, so that neither
//! `张三` in `张三丰.pdf` nor `10` in `1001.pdf` is anything. The column that the name is made of always holds and never
//! alarms; what it is checked against are the others.

use std::collections::{BTreeSet, HashMap};

use super::twice::{Twice, hash};

/// How many rows the scheme is learned from.
pub(super) const SAMPLE: usize = 2_000;
/// The most columns that are looked at: 12 octets a row each.
const MOST_COLUMNS: usize = 4;
/// Values longer than this are in no file's name (octets; names of files end at 255).
const LONGEST: usize = 120;

/// A value as it is compared: without blanks around it, in small letters; `None` where it is nothing to find.
fn key(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_lowercase())
}

/// Whether a value in a name cannot be there by chance: a word, or a number of at least six digits.
fn telling(value: &str) -> bool {
    let (mut letters, mut digits) = (0, 0);
    for c in value.chars() {
        letters += usize::from(c.is_alphabetic()) + usize::from(c > '\u{2e7f}');
        digits += usize::from(c.is_ascii_digit());
    }
    letters >= 3 || digits >= 6
}

/// The name of a file without its folder and its ending, in small letters.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 && ending.is_ascii() => stem,
        _ => name,
    };
    stem.to_lowercase()
}

/// Every value in `text` that `known` has, as octet ranges: from left to right, at ends of words, the longest first.
/// `lengths` are those, in octets, that a value can have.
fn found_in(text: &str, lengths: &BTreeSet<usize>, known: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let fits = |len: &&usize| {
            let end = at + **len;
            end <= text.len()
                && text.is_char_boundary(end)
                && joint(text, at)
                && joint(text, end)
                && known(&text[at..end])
        };
        match lengths.iter().rev().find(fits) {
            Some(len) => {
                found.push((at, at + len));
                at += len;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Whether a word of letters and digits of the ASCII kind may begin or end here.
fn joint(text: &str, at: usize) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    // `zhang01` is a name with a number behind it; `1001` is one number.
    !(word(before) && word(after)) || digit(before) != digit(after)
}

/// Rows that were seen in order to learn the scheme.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// By row: its number, its values in small letters, its files' stems.
    rows: Vec<(Vec<Option<String>>, Vec<String>)>,
}

impl Sample {
    /// Notes a row's cells, as text, and its own files. False when enough were seen.
    pub(super) fn add(&mut self, cells: impl Iterator<Item = String>, files: &[String]) -> bool {
        let cells = cells.map(|cell| key(&cell)).collect();
        self.rows.push((cells, files.iter().map(|path| stem(path)).collect()));
        self.rows.len() < SAMPLE
    }

    /// The columns that are part of the scheme, by their positions.
    fn columns(&self) -> Vec<usize> {
        let columns = self.rows.first().map_or(0, |(cells, _)| cells.len());
        let mut chosen: Vec<(usize, usize)> =
            (0..columns).filter_map(|column| Some((self.hits(column)?, column))).collect();
        chosen.sort_by_key(|&(hits, column)| (std::cmp::Reverse(hits), column));
        chosen.into_iter().take(MOST_COLUMNS).map(|(_, column)| column).collect()
    }

    /// How many files name a value of this column; `None` where it is no part of the scheme.
    fn hits(&self, column: usize) -> Option<usize> {
        let mut rows: HashMap<&str, usize> = HashMap::new();
        let mut lengths = BTreeSet::new();
        let mut values = 0;
        for (cells, _) in &self.rows {
            if let Some(value) = cells.get(column).and_then(Option::as_deref) {
                *rows.entry(value).or_default() += 1;
                lengths.insert(value.len());
                values += 1;
            }
        }
        // Nine in ten differ; of a few rows, all of them.
        if values < 2 || rows.len() * 10 < values * 9 {
            return None;
        }
        let (mut files, mut own, mut others) = (0, 0, 0);
        for (cells, stems) in &self.rows {
            let Some(mine) = cells.get(column).and_then(Option::as_deref) else { continue };
            for stem in stems {
                files += 1;
                let found = found_in(stem, &lengths, |text| rows.contains_key(text));
                let mut texts = found.iter().map(|&(from, to)| &stem[from..to]);
                if texts.clone().any(|text| text == mine) {
                    own += 1;
                } else if texts.any(telling) {
                    others += 1;
                }
            }
        }
        (files > 0 && (own + others) * 2 >= files).then_some(own + others)
    }
}

/// A column of the scheme, with the values of all rows.
#[derive(Debug)]
struct Known {
    column: usize,
    rows: Twice,
    lengths: BTreeSet<usize>,
}

/// The scheme of a campaign's file names.
#[derive(Debug, Default)]
pub(super) struct Scheme(Vec<Known>);

/// A file names somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// The column whose value is in the name.
    pub(super) column: usize,
    /// The value, in small letters.
    pub(super) value: String,
    /// A row that has this value.
    pub(super) row: u64,
}

impl Scheme {
    /// What a sample shows.
    pub(super) fn learn(sample: &Sample) -> Self {
        let known = |column| Known { column, rows: Twice::default(), lengths: BTreeSet::new() };
        Self(sample.columns().into_iter().map(known).collect())
    }

    /// Notes a row's values.
    pub(super) fn add(&mut self, row: u64, cell: impl Fn(usize) -> String) {
        for known in &mut self.0 {
            if let Some(value) = key(&cell(known.column)) {
                known.rows.add(hash(&value), row);
                known.lengths.insert(value.len());
            }
        }
    }

    /// Whether a row's file may name somebody else: it does not name its own row in every column of the scheme.
    pub(super) fn doubts(&self, cell: impl Fn(usize) -> String, path: &str) -> bool {
        let stem = stem(path);
        self.0.iter().any(|known| {
            key(&cell(known.column)).is_none_or(|mine| {
                let at = stem.find(&mine);
                at.is_none_or(|at| !joint(&stem, at) || !joint(&stem, at + mine.len()))
                    || known.lengths.iter().any(|&len| len > mine.len())
            })
        })
    }

    /// Makes it searchable, when every row was noted.
    pub(super) fn close(&mut self) {
        self.0.iter_mut().for_each(|known| known.rows.sort());
    }

    /// Whom a row's file names instead of its own row; to be asked when closed.
    pub(super) fn other(&self, row: u64, cell: impl Fn(usize) -> String, path: &str) -> Option<Other> {
        let stem = stem(path);
        self.0.iter().find_map(|known| {
            let has = |text: &str| known.rows.rows(hash(text)).next().is_some();
            let mine = key(&cell(known.column));
            let found = found_in(&stem, &known.lengths, has);
            let texts = || found.iter().map(|&(from, to)| &stem[from..to]);
            if texts().any(|text| Some(text) == mine.as_deref()) {
                return None;
            }
            texts().find_map(|text| {
                let other = known.rows.rows(hash(text)).find(|&other| other != row)?;
                Some(Other { column: known.column, value: text.to_owned(), row: other })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of (cells, file); gives (row, column, value, other row) of each file that names somebody else.
    fn others(rows: &[(&[&str], &str)]) -> Vec<(u64, usize, String, u64)> {
        let mut sample = Sample::default();
        for (cells, file) in rows.iter().take(SAMPLE) {
            sample.add(cells.iter().map(|cell| (*cell).to_owned()), &[(*file).to_owned()]);
        }
        let mut scheme = Scheme::learn(&sample);
        for (at, (cells, _)) in rows.iter().enumerate() {
            scheme.add(at as u64 + 2, |column| cells[column].to_owned());
        }
        scheme.close();
        let mut out = Vec::new();
        for (at, (cells, file)) in rows.iter().enumerate() {
            let cell = |column: usize| cells[column].to_owned();
            let found = scheme.other(at as u64 + 2, cell, file);
            assert!(found.is_none() || scheme.doubts(cell, file), "{file} was passed over");
            out.extend(found.map(|other| (at as u64 + 2, other.column, other.value, other.row)));
        }
        out
    }

    #[test]
    fn a_file_that_names_another_row_is_found_and_nothing_else() {
        type Case<'a> = (&'a str, &'a [(&'a [&'a str], &'a str)], &'a [(u64, usize, &'a str, u64)]);
        let cases: &[Case] = &[
            (
                "each names its own row",
                &[(&["1001", "张三"], "f/张三_10月.pdf"), (&["1002", "李四"], "f/李四_10月.pdf")],
                &[],
            ),
            (
                "two rows are swapped, the others show the scheme",
                &[
                    (&["1001", "张三"], "f/李四_10月.pdf"),
                    (&["1002", "李四"], "f/张三_10月.pdf"),
                    (&["1003", "王五"], "f/王五_10月.pdf"),
                    (&["1004", "赵六"], "f/赵六_10月.pdf"),
                ],
                &[(2, 1, "李四", 3), (3, 1, "张三", 2)],
            ),
            (
                "every file is one row off",
                &[
                    (&["zhang@example.org"], "zhao@example.org.pdf"),
                    (&["li@example.org"], "zhang@example.org.pdf"),
                    (&["zhao@example.org"], "li@example.org.pdf"),
                ],
                &[(2, 0, "zhao@example.org", 4), (3, 0, "zhang@example.org", 2), (4, 0, "li@example.org", 3)],
            ),
            (
                "a short name inside a longer one is not that person",
                &[(&["张三"], "f/张三.pdf"), (&["张三丰"], "f/张三丰.pdf"), (&["三丰"], "f/三丰.pdf")],
                &[],
            ),
            (
                "but a longer one is somebody else",
                &[
                    (&["张三"], "f/张三丰_10.pdf"),
                    (&["张三丰"], "f/张三丰_11.pdf"),
                    (&["李四"], "f/李四_10.pdf"),
                ],
                &[(2, 0, "张三丰", 3)],
            ),
            (
                "the number of one column is in the names of another by chance",
                &[(&["1", "3"], "f/3.pdf"), (&["2", "1"], "f/1.pdf"), (&["3", "2"], "f/2.pdf")],
                &[],
            ),
            (
                "numbers are whole numbers",
                &[(&["10"], "f/10.pdf"), (&["1"], "f/1.pdf"), (&["101"], "f/101.pdf")],
                &[],
            ),
            (
                "a name of two columns, one of which is another's",
                &[
                    (&["1001", "张三"], "f/1001-张三.pdf"),
                    (&["1002", "李四"], "f/1002-张三.pdf"),
                    (&["1003", "王五"], "f/1003-王五.pdf"),
                ],
                &[(3, 1, "张三", 2)],
            ),
            (
                "what many rows share tells nobody apart",
                &[
                    (&["张三", "财务部"], "f/财务部.pdf"),
                    (&["李四", "财务部"], "f/技术部.pdf"),
                    (&["王五", "技术部"], "f/财务部.pdf"),
                ],
                &[],
            ),
            (
                "capitals and blanks do not matter",
                &[
                    (&["Wang Wei"], "f/wang wei.pdf"),
                    (&[" li na "], "f/Li Na.pdf"),
                    (&["Zhao Min"], "f/LI NA 2.pdf"),
                ],
                &[(4, 0, "li na", 3)],
            ),
        ];
        for (rule, rows, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|&(a, b, c, d)| (a, b, c.to_owned(), d)).collect();
            assert_eq!(others(rows), expected, "{rule}");
        }
    }

    #[test]
    fn of_a_hundred_thousand_rows_the_one_wrong_file_is_found() {
        let name = |n: u32| format!("员工{n:06}");
        let mut sample = Sample::default();
        for n in 0..SAMPLE as u32 {
            sample.add([n.to_string(), name(n)].into_iter(), &[format!("files/{}.pdf", name(n))]);
        }
        let mut scheme = Scheme::learn(&sample);
        (0..100_000).for_each(|n| {
            scheme.add(u64::from(n), |column| if column == 0 { n.to_string() } else { name(n) });
        });
        scheme.close();
        let wrong: Vec<u32> = (0..100_000)
            .filter(|&n| {
                let file = format!("files/{}.pdf", name(if n == 77_777 { 12_345 } else { n }));
                let cell = |column| if column == 0 { n.to_string() } else { name(n) };
                scheme.doubts(cell, &file) && scheme.other(u64::from(n), cell, &file).is_some()
            })
            .collect();
        assert_eq!(wrong, [77_777]);
    }
}
