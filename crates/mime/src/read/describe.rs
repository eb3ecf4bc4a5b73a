//! What a part's header says that the structure depends on: media type, boundary, transfer encoding.

use std::ops::Range;

use memchr::memmem;

use crate::read::field::Field;
use crate::read::finding::{Code, Notes};
use crate::read::limits::{MAX_FIELD_VALUE, MAX_GUESSES};
use crate::read::lines::trim_blank_end;
use crate::read::media::MediaType;
use crate::read::parameter::Parameterized;
use crate::read::parameter::plain::{self, Quick};
use crate::read::part::{Duplicates, Part};
use crate::read::structure::{Pass, spend};
use crate::read::transfer::Encoding;

/// The first and the last field of one name.
#[derive(Clone, Copy)]
pub(super) struct Given {
    first: Field,
    last: Field,
}

impl Given {
    fn add(given: &mut Option<Self>, field: Field) {
        given.get_or_insert(Self { first: field, last: field }).last = field;
    }

    fn counts(self, duplicates: Duplicates) -> Field {
        if duplicates == Duplicates::Last { self.last } else { self.first }
    }
}

/// The fields that say what a part is, found in one go.
#[derive(Default)]
struct Named {
    content_type: Option<Given>,
    encoding: Option<Given>,
    disposition: Option<Given>,
}

impl Named {
    fn among(fields: &[Field], raw: &[u8]) -> Self {
        let mut found = Self::default();
        for field in fields {
            let given = match field.name().len() {
                12 if field.is(raw, "Content-Type") => &mut found.content_type,
                25 if field.is(raw, "Content-Transfer-Encoding") => &mut found.encoding,
                19 if field.is(raw, "Content-Disposition") => &mut found.disposition,
                _ => continue,
            };
            Given::add(given, *field);
        }
        found
    }
}

impl Pass<'_> {
    /// The part whose header section is `header`, with its body still without an end.
    pub(super) fn describe(
        &mut self,
        part: usize,
        parent: Option<usize>,
        header: Range<usize>,
        body: usize,
        fields: Range<usize>,
    ) -> Part {
        let in_digest = parent.is_some_and(|p| self.out.parts[p].media_type.as_str() == "multipart/digest");
        let default = if in_digest { MediaType::MESSAGE } else { MediaType::TEXT_PLAIN };
        let mut media_type = None;
        let mut boundary = None;
        let named = Named::among(&self.out.fields[fields.clone()], self.raw);
        let chosen = self.single(named.content_type, "Content-Type", part, Code::TwoContentTypes);
        if let Some(field) = chosen.map(|field| self.revealing(field, &fields)) {
            let mut value = &self.raw[field.value()];
            value = &value[..value.len().min(MAX_FIELD_VALUE)];
            let main_end = value.iter().position(|byte| matches!(byte, b';' | b'(')).unwrap_or(value.len());
            media_type = MediaType::parse(value[..main_end].trim_ascii());
            let mut notes = Notes::default();
            let quick = match &media_type {
                Some(found) if found.is_multipart() => plain::find(value, "boundary"),
                _ => Quick::Unclear,
            };
            if let Quick::Value(found) = quick {
                boundary = Some(found.to_vec());
            } else if media_type.as_ref().is_none_or(MediaType::is_multipart) {
                let parsed = Parameterized::parse(value, &mut notes);
                media_type = media_type.or_else(|| MediaType::parse(&parsed.main));
                let last = self.duplicates == Duplicates::Last;
                if media_type.as_ref().is_some_and(MediaType::is_multipart) {
                    boundary = parsed.bytes("boundary", last, &mut notes).map(|bytes| bytes.into_owned());
                    notes.file(part, field.value(), &mut self.out.findings);
                }
            }
            if media_type.is_none() && !value.trim_ascii().is_empty() {
                let shown = String::from_utf8_lossy(value.trim_ascii());
                self.out.findings.add(Code::BadContentType, part, field.value(), Some(&shown));
            }
        }
        let encoding = self.encoding(part, named.encoding);
        let disposition = named.disposition.map(|given| given.counts(self.duplicates));
        let content_type = named.content_type.map(|given| given.counts(self.duplicates));
        Part {
            parent,
            children: Vec::new(),
            number: parent.map_or(1, |parent| self.out.parts[parent].children.len() + 1),
            depth: parent.map_or(0, |parent| self.out.parts[parent].depth + 1),
            header,
            body: body..body,
            media_type: media_type.unwrap_or(default),
            encoding,
            boundary,
            fields,
            disposition,
            content_type,
        }
    }

    /// The transfer encoding that the fields name.
    fn encoding(&mut self, part: usize, given: Option<Given>) -> Encoding {
        match self.single(given, "Content-Transfer-Encoding", part, Code::TwoEncodings) {
            Some(field) => {
                let mut notes = Notes::default();
                let encoding = Encoding::of_label(&self.raw[field.value()], &mut notes);
                notes.file(part, field.value(), &mut self.out.findings);
                encoding
            }
            None => Encoding::SevenBit,
        }
    }

    /// The field that counts of those called `name`; `conflict` is noted where they differ.
    fn single(&mut self, given: Option<Given>, name: &str, part: usize, conflict: Code) -> Option<Field> {
        let raw = self.raw;
        let Given { first, last } = given?;
        if first == last {
            return Some(first);
        }
        let (a, b) = (raw[first.value()].trim_ascii(), raw[last.value()].trim_ascii());
        if a.eq_ignore_ascii_case(b) {
            self.out.findings.add(Code::RepeatedField, part, last.range(), Some(name));
        } else {
            let shown = format!("{} / {}", String::from_utf8_lossy(a), String::from_utf8_lossy(b));
            self.out.findings.add(conflict, part, first.range().start..last.range().end, Some(&shown));
        }
        Some(if self.duplicates == Duplicates::Last { last } else { first })
    }

    /// In place of `field`, of several Content-Types, the first whose boundary occurs behind the header.
    fn revealing(&mut self, field: Field, fields: &Range<usize>) -> Field {
        let raw = self.raw;
        let all = self.out.fields[fields.clone()].iter().filter(|other| other.is(raw, "Content-Type"));
        let all: Vec<Field> = all.copied().collect();
        if self.duplicates != Duplicates::Revealing || all.len() < 2 {
            return field;
        }
        let shows_parts = |other: &Field| {
            let value = &raw[other.value()];
            let parsed =
                Parameterized::parse(&value[..value.len().min(MAX_FIELD_VALUE)], &mut Notes::default());
            let boundary = parsed.bytes("boundary", false, &mut Notes::default()).unwrap_or_default();
            let boundary = trim_blank_end(&boundary);
            if boundary.is_empty() || self.guesses == MAX_GUESSES {
                return false;
            }
            self.guesses += 1;
            spend(raw.len() - other.range().end);
            let needle = [&[self.line_end.byte(), b'-', b'-'], boundary].concat();
            memmem::find(&raw[other.range().end..], &needle).is_some()
        };
        all.into_iter().find(shows_parts).unwrap_or(field)
    }
}
