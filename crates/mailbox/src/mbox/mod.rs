//! mbox: many messages in one file, as other programs exchange them. Read and written as a stream, of any size.
//!
//! Each message follows a line `From sender date`, the postmark. What is written is *mboxrd*: a line of a message that
//! is `From ` behind any number of `>` gets one `>` more, and loses it again when it is read, so nothing is changed
//! for good. One line end behind each message belongs to the file, not to the message.
//!
//! What is read comes from anywhere, so:
//! - a line that begins with `From ` divides messages if what follows looks like a postmark: it has a date, or is `-`
//!   or one address. In files written here every such line divides, as all others were quoted. Those postmarks end in
//!   ` -0000`, which no other known program writes;
//! - the empty line before a postmark belongs to the file. Where there is none, a message written here ended without
//!   a line end, and gets none; in any other file its last line end is its own;
//! - of `>From ` one `>` is taken away, which is right for mboxrd and, of a line that was not `>From ` before, for
//!   mboxo. *mboxcl* and *mboxcl2* state each message's length (`Content-Length`). Where the file can be looked into
//!   ahead ([`Reader::with_lengths`]) and a postmark or the file's end is where the length says, it is believed, and
//!   the content is taken as it stands; where not, it is ignored;
//! - CRLF and LF, in one file or in one message, stay what they are; a byte order mark at the beginning is skipped.

mod postmark;
mod reader;
mod writer;

pub use postmark::{MAX_POSTMARK, Postmark};
pub use reader::{MboxError, Message, Reader};
pub use writer::Writer;
