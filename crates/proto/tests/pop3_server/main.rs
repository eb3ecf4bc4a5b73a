//! The POP3 server machine, without a network.

mod harness;
mod hostile;
mod transcripts;
