//! Where composing and sending meet: a composed message as a session sends it.

use std::io::{self, BufRead, Read};

use hongyan_mime::compose::{BodyKind, Encoder, Offered};
use hongyan_net::smtp::{Body, Mail};
use hongyan_proto::smtp::envelope::Body as Kind;
use hongyan_proto::smtp::{Capabilities, Envelope};

/// What the server's offers allow to compose for it; `chunking` is false where BDAT is not to be used, by
/// which alone binary content can go (RFC 3030 §3).
pub fn offered(server: &Capabilities, chunking: bool) -> Offered {
    Offered {
        eight_bit: server.eight_bit_mime,
        binary: server.binary_mime && server.chunking && chunking,
        utf8: server.smtp_utf8,
    }
}

/// The envelope with what it has to say of the content: its length and kind.
pub fn envelope_for(encoder: &Encoder, envelope: Envelope) -> Envelope {
    Envelope {
        size: encoder.len(),
        body: kind_of(encoder.body_kind()),
        utf8: encoder.needs_utf8(),
        ..envelope
    }
}

/// The kind of a content, as an envelope says it.
pub(crate) fn kind_of(kind: BodyKind) -> Kind {
    match kind {
        BodyKind::SevenBit => Kind::SevenBit,
        BodyKind::EightBit => Kind::EightBit,
        BodyKind::Binary => Kind::Binary,
    }
}

/// The message to be handed to a session; `envelope` needs its addresses only.
pub fn mail(encoder: Encoder, envelope: Envelope) -> Mail {
    Mail { envelope: envelope_for(&encoder, envelope), body: Box::new(Composed(encoder)) }
}

/// The content of a composed message.
#[derive(Debug)]
pub struct Composed(pub Encoder);

impl Read for Composed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Composed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Body for Composed {
    fn restart(&mut self) -> io::Result<()> {
        self.0.restart()
    }
}
