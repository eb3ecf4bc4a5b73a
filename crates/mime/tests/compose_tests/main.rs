//! Composing, from the outside: what a draft becomes, seen byte by byte and through other readers.

mod files;
mod headers;
mod injection;
mod peers;
mod python;
mod raw;
mod roundtrip;
mod structure;
mod support;
