//! The reader against hand-written messages, other readers and real mail.

mod bodies;
mod corpus;
mod fixtures;
mod headers;
mod structure;
