//! What FETCH can be asked for, and how a piece of a message is named in the answer.

use imap_codec::imap_types::core::AString;
use imap_codec::imap_types::fetch::{MessageDataItemName, Part, Section as Asked};

use super::line::string;
use super::mailboxes::{Section, SectionText};

/// The most levels of a part's number; deeper ones are no part of anything.
const MAX_LEVELS: usize = 100;

/// An item of FETCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    ModSeq,
    Envelope,
    Structure {
        /// BODYSTRUCTURE.
        extended: bool,
    },
    Section {
        /// As it is called in the answer.
        label: Vec<u8>,
        section: Section,
        /// From which octet, how many.
        partial: Option<(u64, u64)>,
        /// Looking at it marks as read.
        marks: bool,
    },
}

impl Item {
    /// # Errors
    /// What is not offered.
    pub(super) fn of(name: &MessageDataItemName<'_>) -> Result<Self, &'static str> {
        Ok(match name {
            MessageDataItemName::Uid => Self::Uid,
            MessageDataItemName::Flags => Self::Flags,
            MessageDataItemName::InternalDate => Self::InternalDate,
            MessageDataItemName::Rfc822Size => Self::Size,
            MessageDataItemName::ModSeq => Self::ModSeq,
            MessageDataItemName::Envelope => Self::Envelope,
            MessageDataItemName::Body => Self::Structure { extended: false },
            MessageDataItemName::BodyStructure => Self::Structure { extended: true },
            MessageDataItemName::Rfc822 => Self::whole("RFC822", SectionText::Whole, true),
            MessageDataItemName::Rfc822Header => Self::whole("RFC822.HEADER", SectionText::Header, false),
            MessageDataItemName::Rfc822Text => Self::whole("RFC822.TEXT", SectionText::Text, true),
            MessageDataItemName::BodyExt { section, partial, peek } => {
                let section = section.as_ref().map_or_else(Section::default, section_of);
                if section.part.len() > MAX_LEVELS {
                    return Err("no message is as deep as that");
                }
                let partial = partial.map(|(from, most)| (u64::from(from), u64::from(most.get())));
                let label = label(&section, partial.map(|partial| partial.0));
                Self::Section { label, section, partial, marks: !peek }
            }
            MessageDataItemName::Binary { .. } | MessageDataItemName::BinarySize { .. } => {
                return Err("BINARY is not offered");
            }
        })
    }

    fn whole(label: &str, text: SectionText, marks: bool) -> Self {
        let section = Section { part: Vec::new(), text };
        Self::Section { label: label.into(), section, partial: None, marks }
    }

    pub(super) fn marks(&self) -> bool {
        matches!(self, Self::Section { marks: true, .. })
    }
}

fn section_of(asked: &Asked<'_>) -> Section {
    let way = |part: &Part| part.0.as_ref().iter().map(|n| n.get()).collect();
    let optional = |part: &Option<Part>| part.as_ref().map_or_else(Vec::new, way);
    let names = |names: &[AString<'_>]| {
        names.iter().map(|name| String::from_utf8_lossy(name.as_ref()).into_owned()).collect()
    };
    match asked {
        Asked::Part(part) => Section { part: way(part), text: SectionText::Whole },
        Asked::Header(part) => Section { part: optional(part), text: SectionText::Header },
        Asked::HeaderFields(part, fields) => {
            Section { part: optional(part), text: SectionText::Fields(names(fields.as_ref())) }
        }
        Asked::HeaderFieldsNot(part, fields) => {
            Section { part: optional(part), text: SectionText::FieldsNot(names(fields.as_ref())) }
        }
        Asked::Text(part) => Section { part: optional(part), text: SectionText::Text },
        Asked::Mime(part) => Section { part: way(part), text: SectionText::Mime },
    }
}

/// `BODY[1.HEADER.FIELDS (FROM)]<0>`
fn label(section: &Section, from: Option<u64>) -> Vec<u8> {
    let mut out = b"BODY[".to_vec();
    let way: Vec<_> = section.part.iter().map(u32::to_string).collect();
    out.extend_from_slice(way.join(".").as_bytes());
    let (word, names): (&str, &[String]) = match &section.text {
        SectionText::Whole => ("", &[]),
        SectionText::Header => ("HEADER", &[]),
        SectionText::Text => ("TEXT", &[]),
        SectionText::Mime => ("MIME", &[]),
        SectionText::Fields(names) => ("HEADER.FIELDS", names),
        SectionText::FieldsNot(names) => ("HEADER.FIELDS.NOT", names),
    };
    if !section.part.is_empty() && !word.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(word.as_bytes());
    if !names.is_empty() {
        out.extend_from_slice(b" (");
        for (i, name) in names.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            let atom = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if atom && !name.is_empty() {
                out.extend_from_slice(name.as_bytes());
            } else {
                string(&mut out, name.as_bytes(), false);
            }
        }
        out.push(b')');
    }
    out.push(b']');
    if let Some(from) = from {
        out.extend_from_slice(format!("<{from}>").as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_named_as_they_were_asked_for() {
        for (part, text, from, expected) in [
            (vec![], SectionText::Whole, None, "BODY[]"),
            (vec![], SectionText::Whole, Some(5), "BODY[]<5>"),
            (vec![1, 2], SectionText::Whole, None, "BODY[1.2]"),
            (vec![1, 2], SectionText::Mime, None, "BODY[1.2.MIME]"),
            (vec![], SectionText::Text, Some(0), "BODY[TEXT]<0>"),
            (
                vec![3],
                SectionText::Fields(vec!["From".into(), "a b".into()]),
                None,
                "BODY[3.HEADER.FIELDS (From \"a b\")]",
            ),
            (vec![], SectionText::FieldsNot(vec!["X-Y".into()]), None, "BODY[HEADER.FIELDS.NOT (X-Y)]"),
        ] {
            let label = label(&Section { part, text }, from);
            assert_eq!(String::from_utf8_lossy(&label), expected);
        }
    }
}
