//! The IMAP client machine: conversations, their grammar, what servers mean to do wrong.

mod grammar;
mod harness;
mod hostile;
mod script;
mod transcripts;
