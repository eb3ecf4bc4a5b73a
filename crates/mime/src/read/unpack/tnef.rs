//! TNEF ([MS-OXTNEF]): a stream of attributes, each with its level, id, length and checksum. Attributes of the
//! message come first; each attachment begins with its rendering data, and what follows is about it.
//!
//! Lengths are believed only as far as there are bytes; what is cut off or broken ends the reading, is said, and
//! what was read until then is given.

use encoding_rs::Encoding;

use crate::read::finding::Code;
use crate::read::limits::MAX_DEPTH;
use crate::read::unpack::mapi::{self, Value, id};
use crate::read::unpack::{Packer, UnpackedFile, UnpackedKind, rtf};

const SIGNATURE: u32 = 0x223e_9f78;

/// Attributes that matter ([MS-OXTNEF] §2.1.3.2), the low words of their ids.
mod attribute {
    pub(super) const OEM_CODEPAGE: u16 = 0x9007;
    pub(super) const MESSAGE_PROPERTIES: u16 = 0x9003;
    pub(super) const BODY: u16 = 0x800c;
    pub(super) const RENDERING: u16 = 0x9002;
    pub(super) const TITLE: u16 = 0x8010;
    pub(super) const TRANSPORT_NAME: u16 = 0x9001;
    pub(super) const DATA: u16 = 0x800f;
    pub(super) const ATTACHMENT_PROPERTIES: u16 = 0x9005;
}

/// Bytes to be read, little-endian.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'b> {
    all: &'b [u8],
    at: usize,
}

impl<'b> Bytes<'b> {
    fn new(all: &'b [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let taken = self.all.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(taken)
    }

    /// Past the bytes that make a length of `len` a multiple of four; missing ones at the very end are no loss.
    pub(super) fn pad(&mut self, len: usize) -> Option<()> {
        let padding = len.next_multiple_of(4) - len;
        self.at = (self.at + padding).min(self.all.len());
        Some(())
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(*self.take(2)?.first_chunk()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }
}

/// Reads the stream `content`; false where it is none. `depth` messages are around it.
pub(super) fn unpack(content: &[u8], packer: &mut Packer<'_>, depth: usize) -> bool {
    let mut bytes = Bytes::new(content);
    if bytes.u32() != Some(SIGNATURE) || bytes.u16().is_none() {
        return false;
    }
    let before = packer.files.len();
    let mut reader =
        Reader { packer, depth, codepage: encoding_rs::WINDOWS_1252, open: None, has_body: false };
    let whole = reader.attributes(&mut bytes);
    reader.close();
    if !whole {
        reader.packer.notes.add(Code::TnefBroken, Some(&bytes.at.to_string()));
    }
    if depth == 0 {
        let names: Vec<&str> =
            reader.packer.files[before..].iter().filter_map(|file| file.name.as_deref()).take(8).collect();
        let shown = names.join(", ");
        reader.packer.notes.add(Code::Tnef, Some(&shown));
    }
    true
}

/// An attachment being read.
#[derive(Default)]
struct Attachment<'b> {
    title: Option<String>,
    transport: Option<String>,
    short: Option<String>,
    long: Option<String>,
    display: Option<String>,
    media_type: Option<String>,
    content_id: Option<String>,
    data: Option<&'b [u8]>,
    object: Option<&'b [u8]>,
}

struct Reader<'r, 'n, 'b> {
    packer: &'r mut Packer<'n>,
    depth: usize,
    codepage: &'static Encoding,
    open: Option<Attachment<'b>>,
    has_body: bool,
}

impl<'b> Reader<'_, '_, 'b> {
    /// Reads attribute by attribute; false where the stream ends within one.
    fn attributes(&mut self, bytes: &mut Bytes<'b>) -> bool {
        while bytes.at < bytes.all.len() {
            let begin = bytes.at;
            let Some((attribute, data)) = next(bytes) else {
                bytes.at = begin;
                return false;
            };
            self.attribute(attribute, data);
        }
        true
    }

    fn attribute(&mut self, attribute: u16, data: &'b [u8]) {
        match attribute {
            attribute::OEM_CODEPAGE => {
                let number = Bytes::new(data).u32().unwrap_or(0);
                self.codepage = codepage(number).unwrap_or(self.codepage);
            }
            attribute::MESSAGE_PROPERTIES => self.message_properties(data),
            attribute::BODY if !self.has_body => {
                let text = self.string8(data);
                self.body(text.into_bytes(), "text/plain", Some("utf-8"), "body.txt");
            }
            attribute::RENDERING => {
                self.close();
                self.open = Some(Attachment::default());
            }
            attribute::TITLE => {
                let title = self.string8(data);
                self.attachment().title = Some(title);
            }
            attribute::TRANSPORT_NAME => {
                let name = self.string8(data);
                self.attachment().transport = Some(name);
            }
            attribute::DATA => self.attachment().data = Some(data),
            attribute::ATTACHMENT_PROPERTIES => self.attachment_properties(data),
            _ => {}
        }
    }

    fn attachment(&mut self) -> &mut Attachment<'b> {
        self.open.get_or_insert_with(Attachment::default)
    }

    fn message_properties(&mut self, data: &'b [u8]) {
        let (mut plain, mut html, mut rich, mut page) = (None, None, None, None);
        let whole = mapi::each(&mut Bytes::new(data), |property, value| match (property, value) {
            (id::BODY, value) => plain = Some(value),
            (id::BODY_HTML, value) => html = Some(value),
            (id::RTF_COMPRESSED, Value::Binary(value)) => rich = Some(value),
            (id::INTERNET_CODEPAGE, Value::Number(number)) => page = codepage(number),
            _ => {}
        });
        if !whole {
            self.packer.notes.add(Code::TnefBroken, Some("?"));
        }
        if let Some(text) = plain.map(|value| self.text(value)).filter(|text| !text.trim().is_empty()) {
            self.body(text.into_bytes(), "text/plain", Some("utf-8"), "body.txt");
        }
        match html {
            Some(Value::Binary(bytes)) => {
                let charset = page.map(Encoding::name);
                self.body(bytes.to_vec(), "text/html", charset, "body.html");
            }
            Some(value) => {
                let text = self.text(value);
                self.body(text.into_bytes(), "text/html", Some("utf-8"), "body.html");
            }
            None => {}
        }
        if let Some(text) = rich.and_then(rtf::decompress) {
            self.body(text, "text/rtf", None, "body.rtf");
        }
    }

    fn attachment_properties(&mut self, data: &'b [u8]) {
        let mut found = Vec::new();
        let whole = mapi::each(&mut Bytes::new(data), |property, value| found.push((property, value)));
        if !whole {
            self.packer.notes.add(Code::TnefBroken, Some("?"));
        }
        for (property, value) in found {
            let text = || Some(self.text(value)).filter(|text| !text.is_empty());
            match property {
                id::ATTACH_LONG_FILENAME => {
                    let text = text();
                    self.attachment().long = text;
                }
                id::ATTACH_FILENAME => {
                    let text = text();
                    self.attachment().short = text;
                }
                id::DISPLAY_NAME => {
                    let text = text();
                    self.attachment().display = text;
                }
                id::ATTACH_MIME_TAG => {
                    let text = text().map(|text| text.to_ascii_lowercase());
                    self.attachment().media_type = text;
                }
                id::ATTACH_CONTENT_ID => {
                    let text = text().map(|text| text.trim_matches(['<', '>']).to_owned());
                    self.attachment().content_id = text;
                }
                id::ATTACH_DATA => match value {
                    Value::Object(object) => self.attachment().object = Some(object),
                    Value::Binary(data) => self.attachment().data = Some(data),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// The message's own words.
    fn body(&mut self, content: Vec<u8>, media_type: &str, charset: Option<&'static str>, name: &str) {
        if content.is_empty() {
            return;
        }
        self.has_body |= media_type == "text/plain";
        self.packer.add(UnpackedFile {
            kind: UnpackedKind::Body,
            name: Some(name.to_owned()),
            media_type: media_type.to_owned(),
            charset,
            content_id: None,
            depth: self.depth,
            content,
        });
    }

    /// Ends the attachment that is open.
    fn close(&mut self) {
        let Some(attachment) = self.open.take() else { return };
        let names =
            [attachment.long, attachment.title, attachment.transport, attachment.short, attachment.display];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        let embedded = attachment.object.filter(|object| object.starts_with(&SIGNATURE.to_le_bytes()));
        let content = attachment.object.or(attachment.data).unwrap_or_default();
        if name.is_none() && content.is_empty() {
            return;
        }
        let media_type = match embedded {
            Some(_) => Some("application/ms-tnef".to_owned()),
            None => attachment.media_type.filter(|found| found.contains('/')),
        };
        self.packer.add(UnpackedFile {
            kind: if embedded.is_some() { UnpackedKind::Message } else { UnpackedKind::Attachment },
            name,
            media_type: media_type.unwrap_or_default(),
            charset: None,
            content_id: attachment.content_id,
            depth: self.depth,
            content: content.to_vec(),
        });
        if let Some(embedded) = embedded
            && self.depth < MAX_DEPTH
        {
            unpack(embedded, self.packer, self.depth + 1);
        }
    }

    fn text(&self, value: Value<'_>) -> String {
        match value {
            Value::Unicode(bytes) => {
                let text = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0;
                text.trim_end_matches('\0').to_owned()
            }
            Value::String8(bytes) | Value::Binary(bytes) => self.string8(bytes),
            Value::Number(_) | Value::Object(_) => String::new(),
        }
    }

    /// Text in the message's code page, without the NUL that ends it.
    fn string8(&self, bytes: &[u8]) -> String {
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        match std::str::from_utf8(&bytes[..end]) {
            Ok(text) => text.to_owned(),
            Err(_) => self.codepage.decode_without_bom_handling(&bytes[..end]).0.into_owned(),
        }
    }
}

/// The next attribute's id and data; its checksum is not asked, since broken writers are many.
fn next<'b>(bytes: &mut Bytes<'b>) -> Option<(u16, &'b [u8])> {
    let level = bytes.take(1)?[0];
    if !matches!(level, 1 | 2) {
        return None;
    }
    let attribute = bytes.u32()?;
    let len = bytes.u32()? as usize;
    let data = bytes.take(len)?;
    bytes.u16()?;
    Some((attribute as u16, data))
}

/// The charset of a Windows code page.
fn codepage(number: u32) -> Option<&'static Encoding> {
    let label = match number {
        932 => "shift_jis".to_owned(),
        936 | 54936 => "gb18030".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        866 => "ibm866".to_owned(),
        874 | 1250..=1258 => format!("windows-{number}"),
        20127 => "windows-1252".to_owned(),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        28591..=28606 => format!("iso-8859-{}", number - 28590),
        50220..=50222 => "iso-2022-jp".to_owned(),
        51932 => "euc-jp".to_owned(),
        51949 => "euc-kr".to_owned(),
        65001 => "utf-8".to_owned(),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}
