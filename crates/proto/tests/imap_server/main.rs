//! The IMAP server machine in memory: conversations as text, hostile input, news, faults.

mod faults;
mod harness;
mod hostile;
mod mail;
mod news;
mod pair;
mod store;
mod transcripts;
