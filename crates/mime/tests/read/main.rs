//! The reader against hand-written messages, other readers and real mail.

mod addresses;
mod bodies;
mod corpus;
mod differential;
mod fixtures;
mod headers;
mod hostile;
mod oracles;
mod reading;
mod safety;
mod structure;
mod summary;
mod unpack;
