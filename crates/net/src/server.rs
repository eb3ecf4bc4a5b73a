//! Which server, in any of the protocols.

/// Where a server is, and how its first octet is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name (IDN included) or an IP address.
    pub host: String,
    /// SMTP: 25 between servers, 587 for submission, 465 with TLS from the start. POP3: 110, 995. IMAP: 143, 993.
    pub port: u16,
    /// TLS from the first octet (RFC 8314 §3); otherwise the session's own policy decides on STARTTLS.
    pub implicit_tls: bool,
}
