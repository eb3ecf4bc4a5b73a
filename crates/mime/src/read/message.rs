//! A parsed message: the offsets that the pass found, and decoding on demand.

use std::borrow::Cow;
use std::ops::Range;

use crate::address::Address;
use crate::read::address_list;
use crate::read::charset::{self, Hint};
use crate::read::date::DateTime;
use crate::read::field::Field;
use crate::read::finding::{Code, Finding, Findings, Notes, Severity};
use crate::read::limits::{Limits, MAX_FIELD_VALUE};
use crate::read::lines::LineEnd;
use crate::read::parameter::plain::{self, Quick};
use crate::read::parameter::{Parameterized, RawParameters};
use crate::read::part::{Duplicates, Part};
use crate::read::source::Segment;
use crate::read::structure::{Pass, Structure};
use crate::read::{text, transfer, undeclared, word};

/// A message over its raw bytes. Parsing finds structure only; accessors decode when called.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    raw: &'a [u8],
    parts: Vec<Part>,
    fields: Vec<Field>,
    segments: Vec<Segment>,
    findings: Findings,
    truncated: bool,
    line_end: LineEnd,
    duplicates: Duplicates,
    hint: Hint<'a>,
}

/// Bytes of a Date that are looked at.
const MAX_DATE: usize = 1_000;

impl<'a> Message<'a> {
    /// Reads the structure of `raw` within the default [`Limits`]. Any bytes are a message, if a poor one.
    pub fn parse(raw: &'a [u8]) -> Self {
        Self::parse_with(raw, Limits::default(), Duplicates::Revealing)
    }

    /// As [`Message::parse`], with bounds and a choice between duplicates of one's own.
    pub fn parse_with(raw: &'a [u8], limits: Limits, duplicates: Duplicates) -> Self {
        let Structure { parts, fields, segments, findings, truncated, line_end } =
            Pass::run(raw, limits, duplicates);
        let hint = Hint::of(raw, &raw[parts[0].header.clone()]);
        Self { raw, parts, fields, segments, findings, truncated, line_end, duplicates, hint }
    }

    /// The raw bytes.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// All parts in the order of the raw message; the first is the root, and there always is one.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The raw message as labelled segments without gap or overlap.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What the pass over the structure noticed; [`crate::read::inspect`] decodes all and notices more.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.clone().finish()
    }

    pub(crate) fn structural(&self) -> &Findings {
        &self.findings
    }

    /// Whether a bound was reached and structure was left unread.
    pub fn is_truncated(&self) -> bool {
        self.truncated || self.findings.overflowed()
    }

    /// Whether the structure can be read in two ways.
    pub fn is_ambiguous(&self) -> bool {
        self.findings.as_slice().iter().any(|finding| finding.severity() == Severity::Ambiguity)
    }

    pub(crate) fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// The part's address in the tree: `1` is the root, `1.2` its second part.
    pub fn path(&self, part: usize) -> String {
        let mut numbers = Vec::new();
        let mut at = Some(part);
        while let Some(part) = at {
            numbers.push(self.parts[part].number.to_string());
            at = self.parts[part].parent;
        }
        numbers.reverse();
        numbers.join(".")
    }

    /// The part with the path `path`.
    pub fn part_at(&self, path: &str) -> Option<usize> {
        let mut numbers = path.split('.').map(|number| number.parse::<usize>().ok());
        let mut part = (numbers.next()? == Some(1)).then_some(0)?;
        for number in numbers {
            part = *self.parts[part].children.get(number?.checked_sub(1)?)?;
        }
        Some(part)
    }

    /// The header fields of a part, in order.
    pub fn fields(&self, part: usize) -> &[Field] {
        &self.fields[self.parts[part].fields.clone()]
    }

    /// The fields of a part called `name`, letter case aside.
    pub fn fields_named<'s>(
        &'s self,
        part: usize,
        name: &'s str,
    ) -> impl DoubleEndedIterator<Item = &'s Field> {
        self.fields(part).iter().filter(move |field| field.is(self.raw, name))
    }

    /// The field of a part called `name` that counts: the first (or the last, by [`Duplicates`]).
    pub fn field(&self, part: usize, name: &str) -> Option<&Field> {
        match self.duplicates {
            Duplicates::Revealing | Duplicates::First => {
                self.fields(part).iter().find(|field| field.is(self.raw, name))
            }
            Duplicates::Last => self.fields(part).iter().rfind(|field| field.is(self.raw, name)),
        }
    }

    /// A field's raw value, folding included.
    pub fn value(&self, field: &Field) -> &'a [u8] {
        &self.raw[field.value()]
    }

    /// A field's value as text: unfolded, encoded words decoded (RFC 2047), raw bytes read by their charset.
    pub fn value_text(&self, field: &Field) -> String {
        self.text_of_field(field, &mut Notes::default())
    }

    pub(crate) fn text_of_field(&self, field: &Field, notes: &mut Notes) -> String {
        let value = self.bounded_value(field, notes).trim_ascii();
        word::decode_text(value, &self.hint, notes).into_owned()
    }

    fn bounded_value(&self, field: &Field, notes: &mut Notes) -> &'a [u8] {
        let value = self.value(field);
        if value.len() > MAX_FIELD_VALUE {
            notes.add(Code::ValueTooLong, Some(&MAX_FIELD_VALUE.to_string()));
        }
        &value[..value.len().min(MAX_FIELD_VALUE)]
    }

    /// The root's Subject as text.
    pub fn subject(&self) -> Option<String> {
        self.field(0, "Subject").map(|field| self.value_text(field))
    }

    /// The addresses in the root's From.
    pub fn from(&self) -> Vec<Address> {
        self.address_list(0, "From")
    }

    /// The addresses in all of the root's To fields.
    pub fn to(&self) -> Vec<Address> {
        self.address_list(0, "To")
    }

    /// The addresses in all of the root's Cc fields.
    pub fn cc(&self) -> Vec<Address> {
        self.address_list(0, "Cc")
    }

    /// The addresses in all fields of a part called `name`.
    pub fn address_list(&self, part: usize, name: &str) -> Vec<Address> {
        let fields = self.fields_named(part, name);
        fields.flat_map(|field| self.addresses_of_field(field, &mut Notes::default())).collect()
    }

    pub(crate) fn addresses_of_field(&self, field: &Field, notes: &mut Notes) -> Vec<Address> {
        let value = self.bounded_value(field, notes);
        let text = charset::decode_raw_header(value, &self.hint, notes);
        address_list::parse(&text, notes)
    }

    /// The addresses in one field, whatever it is called.
    pub fn addresses_in(&self, field: &Field) -> Vec<Address> {
        self.addresses_of_field(field, &mut Notes::default())
    }

    /// The date in one field, whatever it is called; `None` where it cannot be read.
    pub fn date_in(&self, field: &Field) -> Option<DateTime> {
        self.date_of_field(field, &mut Notes::default())
    }

    /// The root's Date; `None` where there is none or it cannot be read.
    pub fn date(&self) -> Option<DateTime> {
        self.date_of_field(self.field(0, "Date")?, &mut Notes::default())
    }

    pub(crate) fn date_of_field(&self, field: &Field, notes: &mut Notes) -> Option<DateTime> {
        let value = self.value(field);
        DateTime::parse(&value[..value.len().min(MAX_DATE)], notes)
    }

    /// The root's Message-ID without its brackets.
    pub fn message_id(&self) -> Option<String> {
        let text = self.value_text(self.field(0, "Message-ID")?);
        let inner = match (text.find('<'), text.find('>')) {
            (Some(open), Some(close)) if open < close => text[open + 1..close].trim(),
            _ => text.trim_matches(['<', '>', ' ']),
        };
        (!inner.is_empty()).then(|| inner.to_owned())
    }

    /// A part's body as it stands in the raw message.
    pub fn body(&self, part: usize) -> &'a [u8] {
        &self.raw[self.parts[part].body.clone()]
    }

    /// A part's body with its transfer encoding removed, whole; borrowed where there is none.
    pub fn decoded(&self, part: usize) -> Cow<'a, [u8]> {
        self.decode(part, &mut Notes::default())
    }

    pub(crate) fn decode(&self, part: usize, notes: &mut Notes) -> Cow<'a, [u8]> {
        transfer::decode(self.body(part), self.content_encoding(part, notes), notes)
    }

    /// The transfer encoding of a part's own content: that of a container applies to none (RFC 2045 §6.4), and
    /// what is plainly encoded though nothing says so is decoded all the same.
    fn content_encoding(&self, part: usize, notes: &mut Notes) -> transfer::Encoding {
        let part = &self.parts[part];
        if part.is_container() {
            return transfer::Encoding::Binary;
        }
        if !part.encoding.is_identity()
            || part.media_type.is_multipart()
            || part.media_type.as_str().starts_with("message/")
        {
            return part.encoding;
        }
        let body = &self.raw[part.body.clone()];
        let Some(found) = undeclared::encoding_of(body, part.media_type.is_text()) else {
            return part.encoding;
        };
        notes.add(Code::UndeclaredEncoding, Some(&format!("{} / {}", part.encoding.name(), found.name())));
        found
    }

    /// Decodes a part's body into `sink` in pieces of bounded size, for content too large to hold.
    ///
    /// # Errors
    /// The first error of `sink`; nothing is passed to it after that.
    pub fn decode_to<E>(&self, part: usize, mut sink: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.decode_noted(part, &mut Notes::default(), &mut sink)
    }

    pub(crate) fn decode_noted<E>(
        &self,
        part: usize,
        notes: &mut Notes,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        transfer::decode_to(self.body(part), self.content_encoding(part, notes), notes, sink)
    }

    /// A part's content as text in the charset it names, or seems to be in.
    pub fn text(&self, part: usize) -> Cow<'a, str> {
        self.text_noted(part, &mut Notes::default())
    }

    pub(crate) fn text_noted(&self, part: usize, notes: &mut Notes) -> Cow<'a, str> {
        let label = self.charset(part);
        let html = self.parts[part].media_type.as_str() == "text/html";
        text::decode(self.decode(part, notes), label.as_deref(), html, notes)
    }

    /// The charset that a part names, in lower case.
    pub fn charset(&self, part: usize) -> Option<String> {
        self.parameter(part, "Content-Type", "charset").map(|label| label.trim().to_ascii_lowercase())
    }

    /// What a part says it is there for (RFC 2183), in lower case: `attachment`, `inline`.
    pub fn disposition(&self, part: usize) -> Option<String> {
        let field = self.parts[part].disposition?;
        let value = self.bounded_value(&field, &mut Notes::default());
        let parsed = Parameterized::parse(value, &mut Notes::default());
        let token = String::from_utf8_lossy(&parsed.main).to_ascii_lowercase();
        (!token.is_empty()).then_some(token)
    }

    /// The file name that a part carries, decoded but not made safe: see [`crate::read::safe::FileNames`].
    pub fn file_name(&self, part: usize) -> Option<String> {
        let none = |field, name| self.quick(part, field, name) == Quick::None;
        if none("Content-Disposition", "filename") && none("Content-Type", "name") {
            return None;
        }
        self.file_name_noted(part, &mut Notes::default())
    }

    pub(crate) fn file_name_noted(&self, part: usize, notes: &mut Notes) -> Option<String> {
        let disposition = self.parameter_noted(part, "Content-Disposition", "filename", notes);
        let mut of_type = Notes::default();
        let content_type = self.parameter_noted(part, "Content-Type", "name", &mut of_type);
        // The same name again for readers that only know encoded words: meant so, and nothing to repair.
        let again = disposition.is_some() && disposition == content_type;
        for note in of_type.iter().filter(|note| !(again && note.code == Code::WordInParameter)) {
            notes.add(note.code, note.detail.as_deref());
        }
        if let (Some(a), Some(b)) = (&disposition, &content_type)
            && a != b
        {
            notes.add(Code::TwoFileNames, Some(&format!("{a} / {b}")));
        }
        disposition.or(content_type).filter(|name| !name.trim().is_empty())
    }

    /// A parameter of a part's field, decoded (RFC 2231, and encoded words where they were misused).
    pub fn parameter(&self, part: usize, field: &str, name: &str) -> Option<String> {
        match self.quick(part, field, name) {
            Quick::Value(value) => Some(String::from_utf8_lossy(value).into_owned()),
            Quick::None => None,
            Quick::Unclear => self.parameter_noted(part, field, name, &mut Notes::default()),
        }
    }

    /// A parameter found without taking its field apart, which most can be.
    fn quick(&self, part: usize, field: &str, name: &str) -> Quick<'a> {
        match self.parameter_field(part, field) {
            None => Quick::None,
            Some(field) if field.value().len() > MAX_FIELD_VALUE => Quick::Unclear,
            Some(field) => plain::find(self.value(&field), name),
        }
    }

    fn parameter_field(&self, part: usize, field: &str) -> Option<Field> {
        match field {
            "Content-Type" => self.parts[part].content_type,
            "Content-Disposition" => self.parts[part].disposition,
            other => self.field(part, other).copied(),
        }
    }

    fn parameter_noted(&self, part: usize, field: &str, name: &str, notes: &mut Notes) -> Option<String> {
        let field = self.parameter_field(part, field)?;
        let value = self.bounded_value(&field, notes);
        // Raw GBK or Shift_JIS has bytes that look like quotes and backslashes: such a value is decoded first.
        let decoded = match std::str::from_utf8(value) {
            Ok(_) => Cow::Borrowed(value),
            Err(_) => {
                Cow::Owned(charset::decode_raw_header(value, &self.hint, notes).into_owned().into_bytes())
            }
        };
        let parsed = Parameterized::parse(&decoded, notes);
        let last = self.duplicates == Duplicates::Last;
        parsed.text(name, last, &self.hint, notes)
    }

    /// A part's field as it is written, nothing decoded.
    pub fn raw_parameters(&self, part: usize, field: &str) -> Option<RawParameters> {
        let notes = &mut Notes::default();
        let parsed = Parameterized::parse(self.bounded_value(self.field(part, field)?, notes), notes);
        let parameters = parsed.parameters.iter().map(|p| (p.name.to_vec(), p.value.to_vec())).collect();
        Some(RawParameters { main: parsed.main.into_owned(), parameters })
    }

    /// Bytes of the raw message that hold a part's header and body.
    pub fn extent(&self, part: usize) -> Range<usize> {
        self.parts[part].header.start..self.parts[part].body.end
    }
}

/// Reads the value of an address field leniently, as real mail has it, with what was noticed.
///
/// For text that a person types see [`crate::address::parse_list_strict`].
pub fn addresses(value: &str) -> (Vec<Address>, Vec<Code>) {
    let mut notes = Notes::default();
    let list = address_list::parse(value, &mut notes);
    (list, notes.iter().map(|note| note.code).collect())
}
