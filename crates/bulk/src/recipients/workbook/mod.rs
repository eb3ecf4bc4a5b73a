//! Workbooks: XLSX and ODS (archives of XML) and XLS (records in a compound file).

pub(crate) mod archive;
mod compound;
pub(crate) mod marks;
pub(crate) mod ods;
pub(crate) mod xls;
pub(crate) mod xlsx;
pub(crate) mod xml;

use super::error::SheetErrorKind;
use super::grid::{Fault, Merged};

/// A sheet that was chosen from a workbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Its name.
    pub(crate) name: String,
    /// Others that have content and are not hidden, where none was named.
    pub(crate) others: Vec<String>,
    /// Its merged ranges, by their first row.
    pub(crate) merged: Vec<Merged>,
}

/// A sheet that a workbook has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) hidden: bool,
}

/// The sheet of this name, else the first one that is shown and has content, with the others of that sort.
pub(crate) fn choose(
    sheets: &[Listed],
    asked: Option<&str>,
    mut has_content: impl FnMut(usize) -> Result<bool, Fault>,
) -> Result<(usize, Vec<String>), Fault> {
    if let Some(asked) = asked {
        let same = |other: &str| other == asked || other.trim() == asked.trim();
        let found = sheets.iter().position(|sheet| same(&sheet.name));
        return found.map(|index| (index, Vec::new())).ok_or_else(|| {
            let have = sheets.iter().map(|sheet| sheet.name.clone()).collect();
            Fault::of_file(SheetErrorKind::NoSheet { asked: asked.to_owned(), have })
        });
    }
    let mut with_content = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        if !sheet.hidden && has_content(index)? {
            with_content.push(index);
        }
    }
    let (first, others) = with_content.split_first().ok_or_else(|| Fault::of_file(SheetErrorKind::Empty))?;
    Ok((*first, others.iter().map(|index| sheets[*index].name.clone()).collect()))
}

/// A workbook whose content makes no sense, in the words of whoever found out.
pub(crate) fn damaged(what: impl ToString) -> Fault {
    Fault::of_file(SheetErrorKind::Damaged(what.to_string()))
}
