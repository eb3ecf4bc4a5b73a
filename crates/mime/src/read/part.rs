//! One part of a message, as offsets into its raw bytes.

use std::ops::Range;

use crate::read::field::Field;
use crate::read::media::MediaType;
use crate::read::transfer::Encoding;

/// Which of several fields or parameters of one name counts where only one may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The first; of Content-Types the first multipart whose boundary occurs, so that no part is hidden.
    #[default]
    Revealing,
    /// Always the first.
    First,
    /// Always the last.
    Last,
}

/// One part of a message: a leaf, a multipart or a message inside the message.
#[derive(Clone, Debug)]
pub struct Part {
    /// The part that holds this one; `None` for the root.
    pub parent: Option<usize>,
    /// Parts directly inside, in order.
    pub children: Vec<usize>,
    /// Position among its siblings, from 1.
    pub number: usize,
    /// Levels above it; 0 for the root.
    pub depth: usize,
    /// The header section, without the blank line that ends it.
    pub header: Range<usize>,
    /// The body: all behind the blank line, without the line break that belongs to the next boundary.
    pub body: Range<usize>,
    /// Its media type; the default of its place where it names none.
    pub media_type: MediaType,
    /// Its transfer encoding.
    pub encoding: Encoding,
    /// The boundary by which its body was split.
    pub boundary: Option<Vec<u8>>,
    pub(crate) fields: Range<usize>,
    /// The Content-Disposition that counts.
    pub(crate) disposition: Option<Field>,
    /// The Content-Type that counts for parameters.
    pub(crate) content_type: Option<Field>,
}

impl Part {
    /// Whether the body was split into parts, or is a message that was opened.
    pub fn is_container(&self) -> bool {
        !self.children.is_empty()
    }

    /// Whether this is a message inside a transfer encoding, to be decoded before it can be opened.
    pub fn is_embedded(&self) -> bool {
        self.children.is_empty() && self.media_type.is_message() && !self.encoding.is_identity()
    }
}
