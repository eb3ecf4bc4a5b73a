//! A part encoded once and shared by every message of a campaign.

use super::boundary::{Boundaries, Marks, Seed};
use super::encoder::{Encoder, Plan};
use super::layout::Layout;
use super::{BodyKind, Bytes, ComposeError, FileError, Names, Offered, Part};
use std::io::Read;
use std::sync::Arc;

/// A part, header and body, in the form in which it is sent. Messages that hold it share its bytes.
#[derive(Debug)]
pub struct EncodedPart {
    bytes: Bytes,
    kind: BodyKind,
    marks: Marks,
}

impl EncodedPart {
    /// Encodes `part` into memory for servers that take what `offered` says; the default suits all.
    ///
    /// # Errors
    /// As for a draft that has the part; `File` when a file changes meanwhile.
    pub fn new(part: &Part, names: Names, offered: Offered) -> Result<Arc<Self>, ComposeError> {
        let mut layout = Layout::new(offered);
        let node = layout.part(part)?;
        let seed = Seed::new().mix_bytes(b"encoded once");
        let mut boundaries = Boundaries::new(seed.value(), layout.taken());
        let mut plan = Plan { kind: node.kind(), ..Plan::default() };
        node.write(&mut plan, names, &mut boundaries)?;
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(plan);
        bytes.reserve_exact(usize::try_from(encoder.len()).unwrap_or(0));
        encoder.read_to_end(&mut bytes).map_err(read_failed)?;
        let marks = Marks::of(&bytes);
        Ok(Arc::new(EncodedPart { kind: encoder.body_kind(), bytes: bytes.into(), marks }))
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.bytes.as_slice().len() as u64
    }

    /// Never: a part has a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a server must take to get it.
    pub fn body_kind(&self) -> BodyKind {
        self.kind
    }

    /// Its bytes as they are sent, header and all.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }
}

/// The encoder's errors all come from files.
fn read_failed(error: std::io::Error) -> ComposeError {
    match error.downcast::<FileError>() {
        Ok(file) => ComposeError::File(file),
        Err(error) => FileError::from_io(std::path::PathBuf::new(), error).into(),
    }
}
