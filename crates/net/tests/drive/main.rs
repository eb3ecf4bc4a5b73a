//! The driver's promises, each with a toy machine over an in-memory link and virtual time.

mod content;
mod ends;
mod lines;
mod tls;
mod toy;
