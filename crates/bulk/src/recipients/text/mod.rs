//! Text files: CSV and TSV, JSON Lines. Read in pieces; nothing of them is held but the row at hand.

pub(crate) mod charset;
pub(crate) mod decode;
pub(crate) mod delimited;
pub(crate) mod delimiter;
pub(crate) mod lines;
pub(crate) mod records;
