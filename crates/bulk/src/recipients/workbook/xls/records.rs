//! The records of a workbook's stream ([MS-XLS] §2.1.4): a type, a length, content.

use super::super::super::grid::Fault;
use super::super::damaged;

pub(super) const FORMULA: u16 = 0x0006;
pub(super) const EOF: u16 = 0x000a;
pub(super) const DATE_1904: u16 = 0x0022;
pub(super) const FILE_PASS: u16 = 0x002f;
pub(super) const CONTINUE: u16 = 0x003c;
pub(super) const BOUND_SHEET: u16 = 0x0085;
pub(super) const MUL_RK: u16 = 0x00bd;
pub(super) const R_STRING: u16 = 0x00d6;
pub(super) const XF: u16 = 0x00e0;
pub(super) const MERGED_CELLS: u16 = 0x00e5;
pub(super) const SST: u16 = 0x00fc;
pub(super) const LABEL_SST: u16 = 0x00fd;
pub(super) const NUMBER: u16 = 0x0203;
pub(super) const LABEL: u16 = 0x0204;
pub(super) const BOOL_ERR: u16 = 0x0205;
pub(super) const STRING: u16 = 0x0207;
pub(super) const ROW: u16 = 0x0208;
pub(super) const RK: u16 = 0x027e;
pub(super) const FORMAT: u16 = 0x041e;
pub(super) const BOF: u16 = 0x0809;

/// A record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'s> {
    pub(super) kind: u16,
    pub(super) data: &'s [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

/// The record that begins here; `None` at the end of the stream.
pub(super) fn record(stream: &[u8], at: usize) -> Result<Option<Record<'_>>, Fault> {
    let Some(head) = stream.get(at..at.saturating_add(4)) else { return Ok(None) };
    let kind = u16::from_le_bytes([head[0], head[1]]);
    let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let data = stream.get(at + 4..at + 4 + length).ok_or_else(|| damaged("a record is cut off"))?;
    Ok(Some(Record { kind, data, end: at + 4 + length }))
}

/// The record's content and that of those that continue it, and where the next one begins.
pub(super) fn continued<'s>(stream: &'s [u8], first: Record<'s>) -> Result<(Vec<&'s [u8]>, usize), Fault> {
    let mut pieces = vec![first.data];
    let mut end = first.end;
    while let Some(next) = record(stream, end)?.filter(|next| next.kind == CONTINUE) {
        pieces.push(next.data);
        end = next.end;
    }
    Ok((pieces, end))
}
