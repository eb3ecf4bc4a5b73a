//! Composing: a [`Draft`] becomes a streamed [`Encoder`] of exactly known length.
//!
//! The way through: [`Draft`] (plain data) → `layout` (which parts, nested how, each with its transfer
//! encoding) → `boundary` (delimiters that cannot occur in the content) → `write` (headers and small
//! bodies into one buffer, large ones as segments) → [`Encoder`] (a `BufRead` over buffer and segments).
//! Nothing here reads a clock or a random source: the same draft gives the same bytes.
//!
//! What is promised of every message: lines end in CRLF and are never longer than 998 bytes unless the
//! server takes `BINARYMIME`; header lines are folded at 78; no CR, LF or NUL reaches a header from data
//! (a typed [`ComposeError`] names the field instead); `Bcc` is never written.

//!
//! ```
//! use hongyan_mime::address::Mailbox;
//! use hongyan_mime::compose::{Draft, Offered, Part};
//! use std::io::Read;
//!
//! let mut draft = Draft {
//!     from: vec![Mailbox::parse("Zoë <zoe@example.com>")?],
//!     subject: Some("Grüße 你好".into()),
//!     text: Some("Hello\n".into()),
//!     attachments: vec![Part::bytes("工资条.txt", b"1,2".to_vec())],
//!     ..Draft::default()
//! };
//! // The caller brings the clock and the dice.
//! draft.stamp(std::time::UNIX_EPOCH, 480, "example.com", [1, 2]);
//! let mut encoder = draft.encoder(Offered::default())?;
//! let (length, mut message) = (encoder.len(), String::new());
//! encoder.read_to_string(&mut message)?;
//! assert_eq!(message.len() as u64, length);
//! assert!(message.contains("From: =?utf-8?Q?Zo=C3=AB?= <zoe@example.com>\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boundary;
mod bytes;
mod check;
mod coding;
mod date;
mod declared;
mod draft;
mod encoded;
mod encoder;
mod error;
mod fields;
mod file;
mod header;
mod layout;
mod lines;
mod mailboxes;
mod media_type;
mod offered;
mod params;
mod part;
mod raw;
mod sniff;
mod text;
mod words;
mod write;

pub use boundary::MAX_MULTIPARTS;
pub use bytes::Bytes;
pub use check::{MAX_FIELD, MAX_FILE_NAME};
pub use date::Date;
pub use draft::Draft;
pub use encoded::EncodedPart;
pub use encoder::{Encoder, Stretch};
pub use error::{ComposeError, FileError, FileProblem};
pub use file::FileSource;
pub use layout::MAX_DEPTH;
pub use media_type::MediaType;
pub use offered::{BodyKind, Offered};
pub use params::Names;
pub use part::{Body, Disposition, Multipart, Part, PartHeaders};
pub use raw::RawMessage;
pub use sniff::{media_type_of, type_by_content, type_by_name};
pub use text::{CharsetSource, MAX_TEXT, Text};
