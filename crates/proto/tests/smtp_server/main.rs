//! The SMTP server machine in memory: conversations as text, hostile input, logins, faults.

mod faults;
mod harness;
mod hostile;
mod login;
mod transcripts;
