//! IMAP sessions against servers that follow a script.

mod compressed;
mod scripted;
mod session;
