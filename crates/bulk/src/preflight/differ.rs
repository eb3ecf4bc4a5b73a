//! The rows that differ most from the others: where a template surprises, it does so in them.
//!
//! What is usual is learned from the first [`SAMPLE`] letters: the pieces (words, Chinese characters in pairs, files) that
//! half of them have, how many others a letter has, how long it is. A letter's distance is what it lacks of the usual
//! pieces, how far it is from the usual number of others, and from the usual length. Names and numbers are different
//! everywhere and so cost nothing; a paragraph that only one row gets costs much. The three furthest are kept while the
//! sheet goes by, and the nearest of the sample stands for the ordinary row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::diff::{self, Line};

/// How many letters are learned from.
const SAMPLE: usize = 200;
/// How many rows are shown.
const SHOWN: usize = 3;
/// The longest text that is looked at, in octets; of a longer one the beginning.
const LOOKED_AT: usize = 64 * 1024;

/// A row's letter as a person reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    /// The row, as a person counts.
    pub(super) row: u64,
    /// To whom.
    pub(super) to: &'a str,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    /// Its own files.
    pub(super) files: &'a [String],
}

impl<'a> Letter<'a> {
    /// Subject, files and text, line by line.
    fn each_line(&self, mut each: impl FnMut(&str)) {
        each(self.subject);
        self.files.iter().for_each(|file| each(file));
        self.text.lines().for_each(each);
    }

    fn kept(&self) -> Read {
        let mut lines = Vec::new();
        self.each_line(|line| lines.push(line.trim_end().to_owned()));
        Read { row: self.row, to: self.to.to_owned(), lines }
    }
}

/// A letter that is kept.
#[derive(Clone, Debug)]
struct Read {
    row: u64,
    to: String,
    lines: Vec<String>,
}

/// A row that differs, held against the ordinary one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Different {
    /// The row.
    pub row: u64,
    /// To whom.
    pub to: String,
    /// What is different, line by line.
    pub lines: Vec<Line>,
}

/// The ordinary row and those that differ most from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// The ordinary row.
    pub ordinary: u64,
    /// To whom that is.
    pub to: String,
    /// The furthest first.
    pub rows: Vec<Different>,
}

/// A letter's pieces and its length.
struct Shape {
    /// Sorted, without repetition.
    pieces: Vec<u32>,
    length: usize,
}

impl Shape {
    fn of(letter: &Letter<'_>) -> Self {
        let (mut pieces, mut length) = (Vec::new(), 0);
        letter.each_line(|line| {
            if length <= LOOKED_AT {
                split(line, &mut |piece| pieces.push(hash(piece)));
            }
            length += line.len();
        });
        pieces.sort_unstable();
        pieces.dedup();
        Self { pieces, length }
    }
}

fn hash(text: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish() as u32
}

/// Words, and Chinese characters two by two.
fn split(line: &str, each: &mut impl FnMut(&str)) {
    for word in line.split(|c: char| c.is_whitespace()) {
        let mut from = 0;
        let mut before: Option<usize> = None;
        for (at, c) in word.char_indices() {
            if c <= '\u{2e7f}' {
                before = None;
                continue;
            }
            if from < at && before.is_none() {
                each(&word[from..at]);
            }
            let end = at + c.len_utf8();
            each(&word[before.unwrap_or(at)..end]);
            (before, from) = (Some(at), end);
        }
        if from < word.len() {
            each(&word[from..]);
        }
    }
}

/// What is usual.
struct Usual {
    /// Sorted.
    pieces: Vec<u32>,
    others: usize,
    length: usize,
}

impl Usual {
    fn learn(shapes: &[&Shape]) -> Self {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        shapes
            .iter()
            .flat_map(|shape| &shape.pieces)
            .for_each(|piece| *counts.entry(*piece).or_default() += 1);
        let mut pieces: Vec<u32> =
            counts.into_iter().filter(|(_, n)| n * 2 > shapes.len()).map(|(p, _)| p).collect();
        pieces.sort_unstable();
        let mut usual = Self { pieces, others: 0, length: 0 };
        usual.others = median(shapes.iter().map(|shape| usual.split(shape).1));
        usual.length = median(shapes.iter().map(|shape| shape.length));
        usual
    }

    /// How many of the usual pieces a letter lacks, and how many others it has.
    fn split(&self, shape: &Shape) -> (usize, usize) {
        let has = shape.pieces.iter().filter(|piece| self.pieces.binary_search(piece).is_ok()).count();
        (self.pieces.len() - has, shape.pieces.len() - has)
    }

    fn distance(&self, shape: &Shape) -> usize {
        /// Octets that weigh as much as a piece.
        const OCTETS: usize = 16;
        let (lacks, others) = self.split(shape);
        2 * lacks + others.abs_diff(self.others) + shape.length.abs_diff(self.length) / OCTETS
    }
}

fn median(numbers: impl Iterator<Item = usize>) -> usize {
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

/// Finds them while the letters go by, in the order of the rows.
#[derive(Default)]
pub(super) struct Furthest {
    sample: Vec<(Shape, Read)>,
    usual: Option<Usual>,
    ordinary: Option<Read>,
    /// The furthest first; of those as far, the one that came first.
    far: Vec<(usize, Read)>,
}

impl Furthest {
    /// One more letter.
    pub(super) fn add(&mut self, letter: &Letter<'_>) {
        let shape = Shape::of(letter);
        match &self.usual {
            Some(usual) => {
                let distance = usual.distance(&shape);
                self.place(distance, || letter.kept());
            }
            None => {
                self.sample.push((shape, letter.kept()));
                if self.sample.len() == SAMPLE {
                    self.learn();
                }
            }
        }
    }

    fn learn(&mut self) {
        let sample = std::mem::take(&mut self.sample);
        let usual = Usual::learn(&sample.iter().map(|(shape, _)| shape).collect::<Vec<_>>());
        let distances: Vec<usize> = sample.iter().map(|(shape, _)| usual.distance(shape)).collect();
        let nearest = distances.iter().enumerate().min_by_key(|(_, distance)| **distance).map(|(at, _)| at);
        for (at, ((_, letter), distance)) in sample.into_iter().zip(distances).enumerate() {
            if Some(at) == nearest {
                self.ordinary = Some(letter);
            } else {
                self.place(distance, || letter);
            }
        }
        self.usual = Some(usual);
    }

    fn place(&mut self, distance: usize, letter: impl FnOnce() -> Read) {
        let at = self.far.partition_point(|(other, _)| *other >= distance);
        if at < SHOWN {
            self.far.insert(at, (distance, letter()));
            self.far.truncate(SHOWN);
        }
    }

    /// When every letter was seen. `None` where there was none, or only one.
    pub(super) fn close(mut self) -> Option<Differences> {
        if self.usual.is_none() {
            self.learn();
        }
        let ordinary = self.ordinary?;
        let rows: Vec<Different> = self
            .far
            .into_iter()
            .map(|(_, letter)| Different {
                row: letter.row,
                to: letter.to,
                lines: diff::lines(&ordinary.lines, &letter.lines),
            })
            .filter(|different| !different.lines.is_empty())
            .collect();
        (!rows.is_empty()).then_some(Differences { ordinary: ordinary.row, to: ordinary.to, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, more: &[&str]) -> String {
        format!("Dear {name},\nhere is your payslip.\n{}\nKind regards", more.join("\n"))
    }

    fn rows(letters: impl IntoIterator<Item = (u64, String)>) -> Vec<u64> {
        let mut furthest = Furthest::default();
        for (row, text) in letters {
            furthest.add(&Letter { row, to: "", subject: "Payslip", text: &text, files: &[] });
        }
        furthest.close().map(|all| all.rows.iter().map(|one| one.row).collect()).unwrap_or_default()
    }

    #[test]
    fn the_three_rows_with_other_text_are_found_wherever_they_stand() {
        let names = ["Zhang", "Li", "Wang", "Zhao", "Chen"];
        for special in [[3_u64, 40, 77], [150, 201, 999], [400, 500, 600]] {
            let letters = (2..=1_000).map(|row| {
                let name = names[row as usize % names.len()];
                let bonus = ["Your bonus is enclosed.", "Thank you.", "See you at the party"];
                let more = special.iter().position(|&at| at == row).map_or(&[][..], |at| &bonus[at..]);
                (row, text(name, more))
            });
            assert_eq!(rows(letters), special);
        }
    }

    #[test]
    fn a_letter_that_lacks_something_differs_too() {
        let letters = (2..=50).map(|row| (row, if row == 20 { String::new() } else { text("Zhang", &[]) }));
        assert_eq!(rows(letters), [20]);
    }

    #[test]
    fn letters_that_are_alike_differ_in_nothing() {
        assert_eq!(rows((2..=50).map(|row| (row, text("Zhang", &[])))), [0; 0]);
        assert_eq!(rows([(2, text("Zhang", &[]))]), [0; 0]);
        assert_eq!(rows([]), [0; 0]);
    }

    #[test]
    fn words_and_pairs_of_characters_are_the_pieces() {
        let mut pieces = Vec::new();
        split("Dear 张三丰, you", &mut |piece| pieces.push(piece.to_owned()));
        assert_eq!(pieces, ["Dear", "张", "张三", "三丰", ",", "you"]);
    }
}
