//! ENVELOPE, BODY and BODYSTRUCTURE as values (RFC 9051 §7.5.2).
//!
//! All texts are octets as they stand in the header, still encoded, unfolded; nothing needs escaping.

/// A message's envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The Date field's text.
    pub date: Option<Vec<u8>>,
    /// The Subject field's text.
    pub subject: Option<Vec<u8>>,
    /// From.
    pub from: Vec<Address>,
    /// Sender; where it is empty, From stands for it.
    pub sender: Vec<Address>,
    /// Reply-To; where it is empty, From stands for it.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// The In-Reply-To field's text.
    pub in_reply_to: Option<Vec<u8>>,
    /// The Message-ID field's text.
    pub message_id: Option<Vec<u8>>,
}

/// An address, or the mark of a group: `mailbox` its name and no `host` where it begins, neither where it
/// ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: Option<Vec<u8>>,
    /// The local part.
    pub mailbox: Option<Vec<u8>>,
    /// The domain.
    pub host: Option<Vec<u8>>,
}

/// Parameters in their order: names and values.
pub type Params = Vec<(Vec<u8>, Vec<u8>)>;

/// A message or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// `text`, `multipart`.
    pub media: Vec<u8>,
    /// `plain`, `mixed`.
    pub subtype: Vec<u8>,
    /// Of Content-Type.
    pub params: Params,
    /// Content-ID.
    pub id: Option<Vec<u8>>,
    /// Content-Description.
    pub description: Option<Vec<u8>>,
    /// Content-Transfer-Encoding; empty means 7BIT.
    pub encoding: Vec<u8>,
    /// The body's octets, as they are.
    pub octets: u64,
    /// The body's lines; counted for text and messages.
    pub lines: u64,
    /// Content-MD5.
    pub md5: Option<Vec<u8>>,
    /// Content-Disposition and its parameters.
    pub disposition: Option<(Vec<u8>, Params)>,
    /// Content-Language.
    pub language: Vec<Vec<u8>>,
    /// Content-Location.
    pub location: Option<Vec<u8>>,
    /// What is in it.
    pub inside: Inside,
}

/// What is in a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Inside {
    /// Octets.
    #[default]
    Leaf,
    /// Parts, of which there is at least one (a multipart without any is written as one empty text part).
    Parts(Vec<Part>),
    /// A message (message/rfc822, message/global).
    Message(Box<(Envelope, Part)>),
}
