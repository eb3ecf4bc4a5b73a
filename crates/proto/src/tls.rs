//! What a client demands of a connection that was opened in clear, in any of the protocols.

/// When TLS is used on a connection that was opened in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tls {
    /// STARTTLS (POP3: STLS), or nothing is sent.
    #[default]
    Required,
    /// STARTTLS where it is offered.
    IfOffered,
    /// Stay in clear.
    Never,
}
