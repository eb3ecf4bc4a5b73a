//! Recipients from sheets of every format, as people make them and as nobody should.

mod addresses;
mod hostile;
mod lines;
mod table;
mod text;
mod workbooks;
mod writeback;
