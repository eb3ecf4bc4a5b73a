//! MAPI properties as TNEF carries them ([MS-OXTNEF] §2.1.3.4): a count, then for each its type, its id, perhaps
//! a name, and its values padded to four bytes.

use crate::read::unpack::tnef::Bytes;

/// Properties read of one list; Outlook writes some dozens.
const MAX_PROPERTIES: u32 = 10_000;

/// Properties that matter to whoever reads a message ([MS-OXPROPS]).
pub(super) mod id {
    pub(in crate::read::unpack) const DISPLAY_NAME: u16 = 0x3001;
    pub(in crate::read::unpack) const ATTACH_DATA: u16 = 0x3701;
    pub(in crate::read::unpack) const ATTACH_FILENAME: u16 = 0x3704;
    pub(in crate::read::unpack) const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub(in crate::read::unpack) const ATTACH_MIME_TAG: u16 = 0x370e;
    pub(in crate::read::unpack) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(in crate::read::unpack) const BODY: u16 = 0x1000;
    pub(in crate::read::unpack) const RTF_COMPRESSED: u16 = 0x1009;
    pub(in crate::read::unpack) const BODY_HTML: u16 = 0x1013;
    pub(in crate::read::unpack) const INTERNET_CODEPAGE: u16 = 0x3fde;
}

/// The value of a property that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'b> {
    Number(u32),
    /// Text in the code page of the message.
    String8(&'b [u8]),
    /// Text in UTF-16.
    Unicode(&'b [u8]),
    Binary(&'b [u8]),
    /// An object: the sixteen bytes of its interface are passed over.
    Object(&'b [u8]),
}

/// Walks a property list, giving ids and first values; false where the list is cut or broken.
pub(super) fn each<'b>(bytes: &mut Bytes<'b>, mut take: impl FnMut(u16, Value<'b>)) -> bool {
    let Some(count) = bytes.u32() else { return false };
    for _ in 0..count.min(MAX_PROPERTIES) {
        if property(bytes, &mut take).is_none() {
            return false;
        }
    }
    count <= MAX_PROPERTIES
}

fn property<'b>(bytes: &mut Bytes<'b>, take: &mut impl FnMut(u16, Value<'b>)) -> Option<()> {
    let kind = bytes.u16()?;
    let id = bytes.u16()?;
    if id >= 0x8000 {
        named(bytes)?;
    }
    let many = kind & 0x1000 != 0;
    match kind & 0x0fff {
        // Fixed lengths.
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => {
            let value = fixed(bytes, many, 4)?;
            if let Some(number) = value.first_chunk::<4>() {
                take(id, Value::Number(u32::from_le_bytes(*number)));
            }
        }
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => {
            fixed(bytes, many, 8)?;
        }
        0x48 => {
            fixed(bytes, many, 16)?;
        }
        0x00 | 0x01 => {}
        // Strings, binaries and objects, each with its length, and a count also where there is but one.
        kind @ (0x0d | 0x1e | 0x1f | 0x102) => {
            let count = bytes.u32()?;
            for at in 0..count {
                let len = bytes.u32()? as usize;
                let value = bytes.take(len)?;
                bytes.pad(len)?;
                let value = match kind {
                    0x1e => Value::String8(value),
                    0x1f => Value::Unicode(value),
                    0x0d => Value::Object(value.get(16..).unwrap_or_default()),
                    _ => Value::Binary(value),
                };
                if at == 0 {
                    take(id, value);
                }
            }
        }
        _ => return None,
    }
    Some(())
}

/// Values of `width` bytes each.
fn fixed<'b>(bytes: &mut Bytes<'b>, many: bool, width: usize) -> Option<&'b [u8]> {
    let count = if many { bytes.u32()? as usize } else { 1 };
    bytes.take(count.checked_mul(width)?)
}

/// The name of a property that has one: a set and a number or a string.
fn named(bytes: &mut Bytes<'_>) -> Option<()> {
    bytes.take(16)?;
    if bytes.u32()? == 0 {
        bytes.u32()?;
        return Some(());
    }
    let len = bytes.u32()? as usize;
    bytes.take(len)?;
    bytes.pad(len)
}
