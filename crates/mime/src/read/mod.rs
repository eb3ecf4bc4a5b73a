//! Reading messages without losing anything.
//!
//! [`Message::parse`] makes one pass over the raw bytes (borrowed, or a memory map) and finds header fields,
//! boundaries and part ranges as offsets. Everything else is decoded when asked for: header text, addresses,
//! dates, file names, bodies, charsets. No byte is unaccounted for ([`Message::segments`]) and no part is
//! hidden; what real mail gets wrong is repaired, and every repair, defect and ambiguity is a [`Finding`].
//!
//! [`inspect`] gathers all of it into one [`Summary`]; [`tree`] draws that as lines. [`safe`] makes what a
//! message says fit for a terminal and its file names fit for a disk.

mod address_list;
mod beginning;
mod bodies;
mod charset;
mod date;
mod describe;
mod field;
mod finding;
mod flowed;
mod html;
mod inspect;
mod limits;
mod lines;
mod lint;
mod media;
mod message;
mod parameter;
mod part;
mod reading;
mod related;
pub mod safe;
mod source;
mod structure;
mod text;
mod transfer;
mod tree;
mod undeclared;
mod unpack;
mod uri;
mod word;

pub use bodies::Bodies;
pub use date::DateTime;
pub use field::Field;
pub use finding::{Code, Finding, Severity};
pub use html::to_text as html_to_text;
pub use inspect::{Defect, PartSummary, Person, Summary, inspect};
pub use limits::{
    Limits, MAX_ADDRESSES, MAX_BOUNDARY, MAX_DEPTH, MAX_EMBEDDED, MAX_EMBEDDED_BYTES, MAX_FIELD_VALUE,
    MAX_FIELDS, MAX_FINDINGS, MAX_GUESSES, MAX_PARAMETERS, MAX_PARTS, MAX_TEXT, MAX_TEXT_TOTAL, MAX_UNPACKED,
    MAX_UNPACKED_BYTES,
};
pub use media::MediaType;
pub use message::{Message, addresses};
pub use parameter::RawParameters;
pub use part::{Duplicates, Part};
pub use reading::{Text, TextPiece, TextSource};
pub use related::Related;
pub use source::{Segment, SegmentKind};
pub use transfer::Encoding;
pub use tree::tree;
pub use unpack::{Unpacked, UnpackedFile, UnpackedKind};
