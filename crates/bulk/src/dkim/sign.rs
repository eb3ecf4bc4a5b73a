//! Making the `DKIM-Signature` field (RFC 6376 §3.5, §3.7).
//!
//! ```text
//! a=, c=relaxed/relaxed, d=, s=, t=, h= (every name once more than it stands, see `fields`), bh=, b=
//! ```
//! The same message, key and time give the same field, octet for octet.

use std::io::BufRead;
use std::path::Path;

use encodify::base64::STANDARD;

use super::body::BodyHash;
use super::error::{NameError, SetupError, SignError};
use super::fields::{self, Field};
use super::key::{PrivateKey, PublicKey};
use super::name;
use super::record::Record;
use crate::campaign;

/// The longest header that is signed, in octets.
pub const MAX_HEADER: usize = 1024 * 1024;

/// How wide the lines of the field are.
const WIDTH: usize = 76;

/// Signs messages for a domain. To be shared by all who send: signing needs no `&mut`.
///
/// It costs the caller's thread: with RSA of 2048 bits most of it is the key's arithmetic, with Ed25519 the hashing.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    selector: String,
    key: PrivateKey,
}

impl Signer {
    /// Signs for this domain with the key of this selector.
    ///
    /// # Errors
    /// A domain or selector that cannot be in the DNS.
    pub fn new(domain: &str, selector: &str, key: PrivateKey) -> Result<Self, NameError> {
        Ok(Self { domain: name::domain(domain)?, selector: name::selector(selector)?, key })
    }

    /// As a campaign wants it; `folder` is the campaign's.
    ///
    /// # Errors
    /// A name that cannot be in the DNS, a key that cannot be used.
    pub fn from_config(dkim: &campaign::Dkim, folder: &Path) -> Result<Self, SetupError> {
        let path = crate::token::whole(folder, &dkim.key);
        Ok(Self::new(&dkim.domain, &dkim.selector, PrivateKey::open(&path)?)?)
    }

    /// `d=`, in ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `s=`.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// What verifies it.
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// What must stand in the DNS for it.
    pub fn record(&self) -> Record {
        Record::of_checked(self.domain.clone(), self.selector.clone(), self.key.public())
    }

    /// The field for a message, folded and with CRLF at its end, to be put before all others. `header` is the message's
    /// header as it will be sent, with or without the empty line that ends it; `body` is what follows that line;
    /// `time` is now in seconds since 1970.
    ///
    /// The body must end every line with CRLF: content that goes as binary (RFC 3030) cannot be signed.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign(&self, header: &[u8], mut body: impl BufRead, time: i64) -> Result<String, SignError> {
        let fields = fields::fields(header)?;
        if !fields.iter().any(|field| field.name.eq_ignore_ascii_case(b"from")) {
            return Err(SignError::NoFrom);
        }
        let body = hash(&mut body)?;
        let (names, signed) = fields::signed(&fields);
        let mut field = self.unsigned(&names, &body, time);
        let signature = self.key.sign(&canonical(&signed, &field)?)?;
        let mut fold = Folded::at_end_of(&mut field);
        fold.octets(&STANDARD.encode(signature));
        field.push_str("\r\n");
        Ok(field)
    }

    /// The same for a whole message, from its first octet to its last.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign_message(&self, mut message: impl BufRead, time: i64) -> Result<String, SignError> {
        let header = header(&mut message)?;
        self.sign(&header, message, time)
    }

    /// The field up to `b=`.
    fn unsigned(&self, names: &[&str], body: &[u8; 32], time: i64) -> String {
        let algorithm = self.key.algorithm().signature();
        let mut field = String::with_capacity(1024);
        let mut fold = Folded { out: &mut field, column: 0 };
        fold.words(&format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={}; t={time};",
            self.domain, self.selector
        ));
        fold.line();
        for (at, name) in names.iter().enumerate() {
            let before = if at == 0 { "h=" } else { ":" };
            fold.word(&format!("{before}{name}"));
        }
        field.push_str(";\r\n\tbh=");
        field.push_str(&STANDARD.encode(body));
        field.push_str(";\r\n\tb=");
        field
    }
}

/// What is signed (RFC 6376 §3.7): these fields, then the signature's own with nothing after `b=` and no CRLF.
pub(super) fn canonical(signed: &[Field<'_>], unsigned: &str) -> Result<Vec<u8>, SignError> {
    let mut canonical = Vec::with_capacity(2048);
    for field in signed {
        fields::relax(*field, &mut canonical);
        canonical.extend_from_slice(b"\r\n");
    }
    let (name, value) = unsigned.split_once(':').ok_or(SignError::Refused)?;
    fields::relax(Field { name: name.as_bytes(), value: value.as_bytes() }, &mut canonical);
    Ok(canonical)
}

fn hash(body: &mut impl BufRead) -> Result<[u8; 32], SignError> {
    let mut hash = BodyHash::new();
    loop {
        let piece = body.fill_buf()?;
        if piece.is_empty() {
            return hash.finish();
        }
        hash.update(piece)?;
        let taken = piece.len();
        body.consume(taken);
    }
}

/// Reads a message's header with the empty line that ends it.
fn header(message: &mut impl BufRead) -> Result<Vec<u8>, SignError> {
    let mut header = Vec::with_capacity(2048);
    loop {
        let piece = message.fill_buf()?;
        if piece.is_empty() {
            return Err(SignError::NoEnd);
        }
        let before = header.len();
        header.extend_from_slice(piece);
        // The end may lie across two pieces.
        let from = before.saturating_sub(3);
        let end = if header.starts_with(b"\r\n") {
            Some(2)
        } else {
            memchr::memmem::find(&header[from..], b"\r\n\r\n").map(|at| from + at + 4)
        };
        let taken = end.map_or(header.len(), |end| end) - before;
        message.consume(taken);
        if let Some(end) = end {
            header.truncate(end);
        }
        if header.len() > MAX_HEADER {
            return Err(SignError::HeaderTooLarge);
        }
        if end.is_some() {
            return Ok(header);
        }
    }
}

/// Writes lines of at most [`WIDTH`] where it can; a continued line begins with a tab.
struct Folded<'a> {
    out: &'a mut String,
    column: usize,
}

impl<'a> Folded<'a> {
    fn at_end_of(out: &'a mut String) -> Self {
        let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
        Self { out, column }
    }

    fn line(&mut self) {
        self.out.push_str("\r\n\t");
        self.column = 1;
    }

    /// Words with a blank between them, which folding takes the place of.
    fn words(&mut self, text: &str) {
        for (at, word) in text.split(' ').enumerate() {
            if self.column + 1 + word.len() > WIDTH {
                self.line();
            } else if at > 0 {
                self.out.push(' ');
                self.column += 1;
            }
            self.out.push_str(word);
            self.column += word.len();
        }
    }

    /// One word, on the next line where this one is full.
    fn word(&mut self, word: &str) {
        if self.column + word.len() > WIDTH {
            self.line();
        }
        self.out.push_str(word);
        self.column += word.len();
    }

    /// Base64, which may be folded anywhere.
    fn octets(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.column >= WIDTH {
                self.line();
            }
            let (piece, after) = rest.split_at((WIDTH - self.column).min(rest.len()));
            self.out.push_str(piece);
            self.column += piece.len();
            rest = after;
        }
    }
}
