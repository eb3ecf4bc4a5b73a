//! XLSX (ECMA-376): a workbook's sheets, its shared texts and formats; the cells of one sheet row by row.

mod cells;
mod contents;
mod merged;
mod strings;
mod styles;

use std::sync::Arc;

use super::super::error::SheetErrorKind;
use super::super::grid::{Fault, Grid};
use super::super::limits::{Limit, MAX_PART};
use super::super::shown::Epoch;
use super::archive::Archive;
use super::{Chosen, Listed, choose};
use cells::Cells;
use contents::Contents;
use strings::Strings;
use styles::Styles;

/// A workbook with one of its sheets chosen.
#[derive(Clone, Debug)]
pub(crate) struct Xlsx {
    archive: Arc<Archive>,
    strings: Arc<Strings>,
    styles: Arc<Styles>,
    epoch: Epoch,
    /// The part that holds the chosen sheet.
    part: String,
}

impl Xlsx {
    /// Reads everything but the sheets themselves, and chooses one.
    pub(crate) fn open(archive: Archive, asked: Option<&str>) -> Result<(Self, Chosen), Fault> {
        let contents = Contents::read(&archive)?;
        let strings = match &contents.strings {
            Some(part) => Strings::read(&archive, part)?,
            None => Strings::default(),
        };
        let styles = match &contents.styles {
            Some(part) => Styles::read(&archive, part)?,
            None => Styles::default(),
        };
        let mut book = Self {
            archive: Arc::new(archive),
            strings: Arc::new(strings),
            styles: Arc::new(styles),
            epoch: contents.epoch,
            part: String::new(),
        };
        let listed: Vec<Listed> = contents.sheets.iter().map(|(sheet, _)| sheet.clone()).collect();
        let (index, others) = choose(&listed, asked, |index| {
            book.part.clone_from(&contents.sheets[index].1);
            book.has_content()
        })?;
        let (sheet, part) = &contents.sheets[index];
        book.part.clone_from(part);
        let merged = merged::read(&book.archive, part)?;
        Ok((book, Chosen { name: sheet.name.clone(), others, merged }))
    }

    fn has_content(&self) -> Result<bool, Fault> {
        for row in self.grid()? {
            if !row?.cells.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The chosen sheet's rows from the first one.
    pub(crate) fn grid(&self) -> Result<Grid, Fault> {
        let part = self
            .archive
            .part(&self.part, MAX_PART, Limit::Part)?
            .ok_or_else(|| Fault::of_file(SheetErrorKind::Damaged(format!("{} is missing", self.part))))?;
        let (strings, styles) = (Arc::clone(&self.strings), Arc::clone(&self.styles));
        Ok(Box::new(Cells::new(part, strings, styles, self.epoch)))
    }
}
