//! Drafts: what `reply` and `forward` share, from what the original says to a mail that was sent and filed.
//!
//! Everything of the original is hostile until it was looked at: addresses are parsed anew, identifiers checked,
//! texts made one line before they stand in a header.

pub(crate) mod carried;
mod desk;
pub(crate) mod letter;
pub(crate) mod options;
pub(crate) mod original;
pub(crate) mod paper;
pub(crate) mod quote;
pub(crate) mod recipients;
pub(crate) mod sheet;
pub(crate) mod subject;
pub(crate) mod thread;
pub(crate) mod wrap;

#[cfg(test)]
mod tests;
