//! What a message may do to whoever looks at it: nothing.
//!
//! Data of a message reaches a terminal only through [`line()`] or [`text`], and a file system only through
//! [`FileNames`].

mod names;
mod terminal;

pub use names::{FileNames, MAX_FILE_NAME};
pub use terminal::{line, text};
