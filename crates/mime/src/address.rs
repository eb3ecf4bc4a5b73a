//! Mailboxes and groups as they stand in header fields (RFC 5322 §3.4, RFC 6532).

/// One mailbox: an optional display name and an address (`local@domain`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The display name as text, decoded; `None` where the field had none.
    pub name: Option<String>,
    /// `local@domain` without angle brackets; may hold UTF-8 (RFC 6532).
    pub address: String,
}

/// An element of an address list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A single mailbox.
    Mailbox(Mailbox),
    /// `name: a@b, c@d;` (RFC 5322 §3.4), possibly without members.
    Group {
        /// The group's display name, decoded.
        name: String,
        /// Its members in order.
        members: Vec<Mailbox>,
    },
}
