//! What a workbook's stream says before its sheets: which there are, the texts and the formats that cells refer to.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::{Fault, Merged};
use super::super::super::limits::{Limit, MAX_MERGED};
use super::super::super::shown::{Epoch, NumberFormat, compiled};
use super::super::compound::{long, short};
use super::super::{Listed, damaged};
use super::records::{
    BOF, BOUND_SHEET, DATE_1904, EOF, FILE_PASS, FORMAT, MERGED_CELLS, SST, XF, continued, record,
};
use super::texts::{Pieces, shared};

/// A workbook.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) stream: Vec<u8>,
    pub(super) sheets: Vec<Sheet>,
    pub(super) texts: Vec<Box<str>>,
    pub(super) formats: Vec<Option<Arc<NumberFormat>>>,
    pub(super) epoch: Epoch,
}

/// A sheet of cells, and where its records begin.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) listed: Listed,
    pub(super) start: usize,
}

impl Book {
    pub(super) fn read(stream: Vec<u8>) -> Result<Self, Fault> {
        let mut sheets = Vec::new();
        let mut texts = Vec::new();
        let mut codes = HashMap::new();
        let mut ids = Vec::new();
        let mut epoch = Epoch::Y1900;
        let mut at = 0;
        while let Some(next) = record(&stream, at)? {
            at = next.end;
            let data = next.data;
            match next.kind {
                BOF if short(data, 0)? != 0x0600 => {
                    return Err(Fault::of_file(SheetErrorKind::OtherWorkbook("Excel 5.0/95")));
                }
                FILE_PASS => return Err(Fault::of_file(SheetErrorKind::Encrypted)),
                DATE_1904 if short(data, 0)? == 1 => epoch = Epoch::Y1904,
                BOUND_SHEET => sheets.extend(sheet(data)?),
                FORMAT => {
                    let code = Pieces::new(vec![data.get(2..).unwrap_or_default()]).text()?;
                    codes.insert(u32::from(short(data, 0)?), code);
                }
                XF => ids.push(u32::from(short(data, 2)?)),
                SST => {
                    let (pieces, end) = continued(&stream, next)?;
                    texts = shared(pieces)?;
                    at = end;
                }
                EOF => break,
                _ => {}
            }
        }
        let formats = compiled(&ids, &codes);
        Ok(Self { stream, sheets, texts, formats, epoch })
    }

    /// The merged ranges of a sheet, by their first row.
    pub(super) fn merged(&self, sheet: usize) -> Result<Vec<Merged>, Fault> {
        let mut merged = Vec::new();
        let mut at = self.sheets[sheet].start;
        let mut depth = 0_usize;
        while let Some(next) = record(&self.stream, at)? {
            at = next.end;
            match next.kind {
                BOF => depth += 1,
                EOF if depth <= 1 => break,
                EOF => depth -= 1,
                MERGED_CELLS => {
                    for range in next.data.get(2..).unwrap_or_default().chunks_exact(8) {
                        let (top, bottom) =
                            (u64::from(short(range, 0)?) + 1, u64::from(short(range, 2)?) + 1);
                        let (left, right) = (u32::from(short(range, 4)?), u32::from(short(range, 6)?));
                        if top <= bottom && left <= right {
                            merged.push(Merged { top, bottom, left, right });
                        }
                    }
                }
                _ => {}
            }
            if merged.len() > MAX_MERGED {
                return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Merged)));
            }
        }
        merged.sort_unstable();
        Ok(merged)
    }
}

/// A sheet of cells; `None` for charts and macros.
fn sheet(data: &[u8]) -> Result<Option<Sheet>, Fault> {
    let start = long(data, 0)? as usize;
    let (state, kind) = match data.get(4..6) {
        Some([state, kind]) => (*state, *kind),
        _ => return Err(damaged("a sheet has no name")),
    };
    let mut name = Pieces::new(vec![data.get(6..).unwrap_or_default()]);
    let count = usize::from(name.octet()?);
    let wide = name.octet()? & 1 == 1;
    let name = name.characters(count, wide)?;
    Ok((kind == 0).then_some(Sheet { listed: Listed { name, hidden: state & 3 != 0 }, start }))
}
