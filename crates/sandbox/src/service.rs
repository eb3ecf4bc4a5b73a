//! What a sandbox listens for: three protocols, each in clear (and by STARTTLS) and under TLS.

use std::fmt;

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// SMTP in clear and by STARTTLS.
    Smtp,
    /// SMTP under TLS from the first octet.
    Smtps,
    /// POP3 in clear and by STLS.
    Pop3,
    /// POP3 under TLS from the first octet.
    Pop3s,
    /// IMAP in clear and by STARTTLS.
    Imap,
    /// IMAP under TLS from the first octet.
    Imaps,
}

/// What is spoken, TLS or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 1939.
    Pop3,
    /// RFC 9051, RFC 3501.
    Imap,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Smtp, Self::Smtps, Self::Pop3, Self::Pop3s, Self::Imap, Self::Imaps];

    /// What is spoken.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Smtp | Self::Smtps => Protocol::Smtp,
            Self::Pop3 | Self::Pop3s => Protocol::Pop3,
            Self::Imap | Self::Imaps => Protocol::Imap,
        }
    }

    /// Whether TLS comes first (RFC 8314 §3).
    pub const fn implicit_tls(self) -> bool {
        matches!(self, Self::Smtps | Self::Pop3s | Self::Imaps)
    }

    /// What one client too many is told, in clear.
    pub(crate) const fn too_many(self) -> &'static [u8] {
        match self.protocol() {
            Protocol::Smtp => b"421 4.3.2 too many connections, try again later\r\n",
            Protocol::Pop3 => b"-ERR [SYS/TEMP] too many connections, try again later\r\n",
            Protocol::Imap => b"* BYE [UNAVAILABLE] too many connections, try again later\r\n",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "SMTP",
            Self::Smtps => "SMTPS",
            Self::Pop3 => "POP3",
            Self::Pop3s => "POP3S",
            Self::Imap => "IMAP",
            Self::Imaps => "IMAPS",
        })
    }
}
