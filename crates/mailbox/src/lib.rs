//! Received mail on disk: Maildir, mbox, what has been fetched from where, and the index that searches it.
//!
//! - [`maildir`]: one file a message, delivered in groups that are safe on disk before anything is deleted elsewhere.
//! - [`state`]: which messages of an account's folder have been fetched, in a log that survives being cut.
//! - [`mbox`]: many messages in one file, in and out, byte for byte.
//! - [`lock`]: one fetch at a time into a Maildir.
//! - [`fingerprint`]: what a message is recognised by when a server's identifiers cannot be trusted.
//! - [`index`]: lists and full-text search over a Maildir, made again from it at any time.
//! - [`query`]: the language that people search in.
//! - [`raw`]: the bytes of a mail on disk.
//! - [`disk`]: the file operations on which all of that is built, so that tests can let each of them fail.

pub mod disk;
mod escape;
pub mod fingerprint;
pub mod index;
pub mod lock;
pub mod maildir;
pub mod mbox;
pub mod query;
pub mod raw;
pub mod state;

pub use fingerprint::Fingerprint;
pub use index::Index;
pub use lock::Lock;
pub use maildir::Maildir;
pub use query::Query;
pub use raw::Raw;
pub use state::State;
