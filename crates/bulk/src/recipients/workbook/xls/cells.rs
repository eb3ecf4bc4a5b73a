//! The cells of a sheet, row by row.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::super::grid::{Cell, Fault, RawRow};
use super::super::super::shown::{general, is_imprecise};
use super::super::compound::{long, short};
use super::super::damaged;
use super::book::Book;
use super::records::{
    BOF, BOOL_ERR, EOF, FORMULA, LABEL, LABEL_SST, MUL_RK, NUMBER, R_STRING, RK, ROW, Record, STRING,
    continued, record,
};
use super::texts::Pieces;

/// The rows of a sheet that is being read.
pub(super) struct Cells {
    book: Arc<Book>,
    at: usize,
    /// Charts stand within a sheet as sheets of their own.
    depth: usize,
    hidden: HashSet<u16>,
    row: Option<RawRow>,
    /// The column and the style of a formula whose text follows.
    waiting: Option<(u32, u16)>,
    ended: bool,
}

impl Cells {
    pub(super) fn new(book: Arc<Book>, sheet: usize) -> Self {
        let at = book.sheets[sheet].start;
        Self { book, at, depth: 0, hidden: HashSet::new(), row: None, waiting: None, ended: false }
    }

    fn next_row(&mut self) -> Result<Option<RawRow>, Fault> {
        let book = Arc::clone(&self.book);
        while let Some(next) = record(&book.stream, self.at)? {
            let at = self.at;
            self.at = next.end;
            let data = next.data;
            match next.kind {
                BOF => self.depth += 1,
                EOF if self.depth <= 1 => {
                    // It is met again behind the last row.
                    self.at = at;
                    return Ok(self.finished());
                }
                EOF => self.depth -= 1,
                _ if self.depth > 1 => {}
                // `fDyZero`: without height.
                ROW if short(data, 12)? & 0x20 != 0 => {
                    self.hidden.insert(short(data, 0)?);
                }
                STRING => {
                    if let Some((column, style)) = self.waiting.take() {
                        let (pieces, end) = continued(&book.stream, next)?;
                        self.at = end;
                        let text = Pieces::new(pieces).text()?;
                        let cell = self.text(&text, style);
                        self.put(column, cell);
                    }
                }
                NUMBER | RK | MUL_RK | LABEL_SST | LABEL | R_STRING | BOOL_ERR | FORMULA => {
                    let number = u64::from(short(data, 0)?) + 1;
                    match &self.row {
                        Some(row) if row.number > number => return Err(damaged("its rows are not in order")),
                        Some(row) if row.number < number => {
                            // It is read again for the next row.
                            self.at = at;
                            if let Some(row) = self.finished() {
                                return Ok(Some(row));
                            }
                            continue;
                        }
                        Some(_) => {}
                        None => self.row = Some(RawRow { number, ..RawRow::default() }),
                    }
                    self.cell(&book, next)?;
                }
                _ => {}
            }
        }
        Err(damaged("the sheet is cut off"))
    }

    /// The row at hand, if it shows anything.
    fn finished(&mut self) -> Option<RawRow> {
        self.waiting = None;
        let mut row = self.row.take()?;
        row.hidden = u16::try_from(row.number - 1).is_ok_and(|number| self.hidden.contains(&number));
        row.cells.sort_by_key(|(column, _)| *column);
        (!row.cells.is_empty()).then_some(row)
    }

    fn put(&mut self, column: u32, cell: Option<Cell>) {
        if let (Some(row), Some(cell)) = (&mut self.row, cell) {
            row.cells.push((column, cell));
        }
    }

    fn cell(&mut self, book: &Book, next: Record<'_>) -> Result<(), Fault> {
        let data = next.data;
        let column = u32::from(short(data, 2)?);
        let cell = match next.kind {
            MUL_RK => return self.many(data, column),
            NUMBER => self.number(double(data, 6)?, short(data, 4)?),
            RK => self.number(rk(long(data, 6)?), short(data, 4)?),
            LABEL_SST => {
                let index = long(data, 6)? as usize;
                let text = book
                    .texts
                    .get(index)
                    .ok_or_else(|| damaged(format!("there is no shared text {index}")))?;
                self.text(text, short(data, 4)?)
            }
            BOOL_ERR => match (data.get(6), data.get(7)) {
                (Some(value), Some(0)) => Cell::text(truth(*value)),
                (Some(code), Some(_)) => Some(Cell::Error(error(*code).to_owned())),
                _ => return Err(damaged("a cell is cut off")),
            },
            FORMULA => return self.formula(data, column),
            _ => {
                let (pieces, end) = continued(&book.stream, next)?;
                self.at = end;
                let mut pieces = Pieces::new(pieces);
                for _ in 0..3 {
                    pieces.short()?;
                }
                self.text(&pieces.text()?, short(data, 4)?)
            }
        };
        self.put(column, cell);
        Ok(())
    }

    /// Numbers in neighbouring columns.
    fn many(&mut self, data: &[u8], first: u32) -> Result<(), Fault> {
        let numbers = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
        for (column, six) in (first..).zip(numbers.chunks_exact(6)) {
            let cell = self.number(rk(long(six, 2)?), short(six, 0)?);
            self.put(column, cell);
        }
        Ok(())
    }

    /// What a formula gave when it was calculated last.
    fn formula(&mut self, data: &[u8], column: u32) -> Result<(), Fault> {
        let style = short(data, 4)?;
        let cell = match data.get(6..14) {
            Some([0, _, _, _, _, _, 0xff, 0xff]) => {
                self.waiting = Some((column, style));
                return Ok(());
            }
            Some([1, _, value, _, _, _, 0xff, 0xff]) => Cell::text(truth(*value)),
            Some([2, _, code, _, _, _, 0xff, 0xff]) => Some(Cell::Error(error(*code).to_owned())),
            Some([3, _, _, _, _, _, 0xff, 0xff]) => None,
            Some(_) => self.number(double(data, 6)?, style),
            None => return Err(damaged("a cell is cut off")),
        };
        self.put(column, cell);
        Ok(())
    }

    fn number(&self, number: f64, style: u16) -> Option<Cell> {
        let format = self.book.formats.get(usize::from(style)).and_then(|format| format.as_ref());
        let shown = format.map_or_else(|| general(number), |format| format.show(number, self.book.epoch));
        match Cell::text(&shown)? {
            Cell::Text(shown) if is_imprecise(number) => Some(Cell::Imprecise(shown)),
            cell => Some(cell),
        }
    }

    fn text(&self, text: &str, style: u16) -> Option<Cell> {
        let format = self.book.formats.get(usize::from(style)).and_then(|format| format.as_ref());
        match format.and_then(|format| format.show_text(text)) {
            Some(shown) => Cell::text(&shown),
            None => Cell::text(text),
        }
    }
}

fn truth(value: u8) -> &'static str {
    if value == 0 { "FALSE" } else { "TRUE" }
}

/// A formula's error ([MS-XLS] §2.5.10).
fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        _ => "#ERROR!",
    }
}

fn double(data: &[u8], at: usize) -> Result<f64, Fault> {
    let bits = u64::from(long(data, at)?) | u64::from(long(data, at + 4)?) << 32;
    Ok(f64::from_bits(bits))
}

/// A number in 30 bits: whole, or the upper half of a double; divided by 100 or not ([MS-XLS] §2.5.218).
fn rk(bits: u32) -> f64 {
    let value = if bits & 2 != 0 {
        f64::from(bits.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(bits & !3) << 32)
    };
    if bits & 1 != 0 { value / 100.0 } else { value }
}

impl Iterator for Cells {
    type Item = Result<RawRow, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_row().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_thirty_bits() {
        for (bits, expected) in [
            (0x3ff0_0000, 1.0),
            ((123_i32 << 2 | 2).cast_unsigned(), 123.0),
            ((-123_i32 << 2 | 2).cast_unsigned(), -123.0),
            ((12_345_i32 << 2 | 3).cast_unsigned(), 123.45),
        ] {
            assert!((rk(bits) - expected).abs() < 1e-9, "{bits:x}");
        }
    }
}
