//! What separates the cells of a text file: said in its first line (`sep=;`, as Excel writes and reads it), or the
//! character that gives most rows the same number of cells.

use super::super::grid::Fault;
use super::decode::Pieces;
use super::records::{Record, Records, Source};

/// What is tried, the likelier one first among equals.
const CANDIDATES: [char; 6] = [',', '\t', ';', '|', '，', '；'];
/// Text that is looked at, in octets of UTF-8.
const SAMPLE: usize = 256 << 10;
/// Rows that are looked at.
const ROWS: usize = 100;

/// The beginning of a text file.
#[derive(Debug)]
pub(crate) struct Sample {
    text: String,
    whole: bool,
}

impl Sample {
    /// Reads it.
    pub(crate) fn read(mut pieces: Pieces) -> Result<Self, Fault> {
        let mut text = String::new();
        while text.len() < SAMPLE {
            if !pieces.next_into(&mut text)? {
                return Ok(Self { text, whole: true });
            }
        }
        Ok(Self { text, whole: false })
    }

    /// The delimiter that the first line names, if that is all that the line does.
    pub(crate) fn said(&self) -> Option<char> {
        let line = self.text.split(['\r', '\n']).next()?.trim_matches('"');
        let (key, value) = line.split_at_checked(4)?;
        let mut chars = value.chars();
        let delimiter = chars.next().filter(|_| key.eq_ignore_ascii_case("sep="))?;
        chars.next().is_none().then_some(delimiter)
    }

    /// There is nothing but blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.whole && self.text.trim().is_empty()
    }

    /// The delimiter that fits best; `None` where every row is one cell whatever separates them.
    pub(crate) fn best(&self) -> Option<char> {
        let mut best: Option<(Fit, char)> = None;
        for delimiter in CANDIDATES {
            if let Some(fit) = self.fit(delimiter)
                && best.as_ref().is_none_or(|(other, _)| fit.better(other))
            {
                best = Some((fit, delimiter));
            }
        }
        best.map(|(_, delimiter)| delimiter)
    }

    fn fit(&self, delimiter: char) -> Option<Fit> {
        let mut records = Records::new(Once(Some(self.text.clone())), delimiter);
        let mut record = Record::default();
        let mut widths = Vec::new();
        while widths.len() < ROWS {
            match records.next_into(&mut record) {
                Ok(true) if record.is_blank() => {}
                Ok(true) => widths.push(record.len()),
                Ok(false) => break,
                // Quotation marks that make no sense speak against this delimiter.
                Err(fault) if fault.place.is_some() && widths.len() < ROWS => {
                    widths.push(0);
                    if !matches!(fault.kind, super::super::error::SheetErrorKind::AfterQuote) {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        if !self.whole && widths.len() < ROWS {
            // The last row was cut off.
            widths.pop();
        }
        let usual = *widths.iter().filter(|width| **width > 1).max_by_key(|width| {
            let same = widths.iter().filter(|other| other == width).count();
            (same, **width)
        })?;
        let same = widths.iter().filter(|width| **width == usual).count();
        Some(Fit { same, usual })
    }
}

/// How well a delimiter fits: how many rows have the usual number of cells, and which that is.
struct Fit {
    same: usize,
    usual: usize,
}

impl Fit {
    fn better(&self, other: &Self) -> bool {
        (self.same, self.usual) > (other.same, other.usual)
    }
}

/// A text in one piece.
pub(crate) struct Once(pub(crate) Option<String>);

impl Source for Once {
    fn next_into(&mut self, text: &mut String) -> Result<bool, Fault> {
        match self.0.take() {
            Some(all) => {
                text.push_str(&all);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Sample {
        Sample { text: text.to_owned(), whole: true }
    }

    #[test]
    fn the_delimiter_that_gives_every_row_the_same_number_of_cells_is_taken() {
        let cases = [
            ("姓名,邮箱\n张三,z@example.org\n", Some(',')),
            ("姓名;邮箱\n张三;\"a,b@example.org,c\"\n", Some(';')),
            ("姓名\t邮箱\n张三\tz@example.org\n", Some('\t')),
            ("姓名|邮箱\n张三|z@example.org\n", Some('|')),
            ("姓名，邮箱\n张三，z@example.org\n", Some('，')),
            ("姓名；邮箱\n张三；z@example.org\n", Some('；')),
            ("name;amount\na;1,50\nb;2,50\n", Some(';')),
            ("邮箱\nz@example.org\n", None),
            ("标题\n\n姓名,邮箱\n张三,a;b\n李四,c\n", Some(',')),
        ];
        for (text, expected) in cases {
            assert_eq!(sample(text).best(), expected, "{text}");
        }
    }

    #[test]
    fn the_first_line_may_name_it() {
        assert_eq!(sample("sep=;\r\na;b").said(), Some(';'));
        assert_eq!(sample("SEP=\t\na\tb").said(), Some('\t'));
        assert_eq!(sample("sep=;;\na").said(), None);
        assert_eq!(sample("separate,b\n").said(), None);
        assert_eq!(sample("姓名,b\n").said(), None);
    }
}
