//! XLS of Excel 97–2003 (BIFF8, [MS-XLS]): a stream of records in a compound file. It is held in memory, which its 65,536
//! rows allow.

mod book;
mod cells;
mod records;
mod texts;

use std::path::Path;
use std::sync::Arc;

use super::super::error::SheetErrorKind;
use super::super::grid::{Fault, Grid};
use super::super::limits::{Limit, MAX_XLS};
use super::compound::{Compound, refuse_encrypted};
use super::{Chosen, choose, damaged};
use book::Book;
use cells::Cells;

/// A workbook with one of its sheets chosen.
#[derive(Clone, Debug)]
pub(crate) struct Xls {
    book: Arc<Book>,
    sheet: usize,
}

impl Xls {
    /// Reads the workbook and chooses a sheet.
    pub(crate) fn open(path: &Path, asked: Option<&str>) -> Result<(Self, Chosen), Fault> {
        if std::fs::metadata(path)?.len() > MAX_XLS {
            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Xls)));
        }
        let data = std::fs::read(path)?;
        let file = Compound::read(&data)?;
        refuse_encrypted(&file)?;
        let stream = match file.stream("Workbook")? {
            Some(stream) => stream,
            None if file.has("Book") => {
                return Err(Fault::of_file(SheetErrorKind::OtherWorkbook("Excel 5.0/95")));
            }
            None if file.has("WordDocument") || file.has("PowerPoint Document") => {
                let other = hongyan_proto::said::said("another Office document", "其他 Office 文档");
                return Err(Fault::of_file(SheetErrorKind::NotASheet(other)));
            }
            None => return Err(damaged("there is no workbook in it")),
        };
        drop(file);
        drop(data);
        let book = Arc::new(Book::read(stream)?);
        let listed: Vec<_> = book.sheets.iter().map(|sheet| sheet.listed.clone()).collect();
        let (sheet, others) =
            choose(&listed, asked, |index| match Cells::new(Arc::clone(&book), index).next() {
                Some(row) => row.map(|_| true),
                None => Ok(false),
            })?;
        let merged = book.merged(sheet)?;
        let name = listed[sheet].name.clone();
        Ok((Self { book, sheet }, Chosen { name, others, merged }))
    }

    /// The chosen sheet's rows from the first one.
    pub(crate) fn grid(&self) -> Grid {
        Box::new(Cells::new(Arc::clone(&self.book), self.sheet))
    }
}
