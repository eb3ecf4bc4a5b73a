//! Why a draft cannot become a message. Each error names the thing and says what to do; what came from
//! data is shown escaped, so that an error can be printed on a terminal.

use super::BodyKind;
use crate::address::AddressError;
use std::path::PathBuf;
use std::{error, fmt, io};

/// Why a draft cannot become a message.
#[derive(Debug)]
#[non_exhaustive]
pub enum ComposeError {
    /// CR, LF or NUL in something that goes into a header: it could forge further headers.
    ForbiddenByte {
        /// The header field, or the part of it (`file name`).
        field: String,
        /// 13, 10 or 0.
        byte: u8,
    },
    /// A field that every message needs (RFC 5322 §3.6) is not set.
    Missing {
        /// `From`, `Date` or `Sender`.
        field: &'static str,
    },
    /// A further header's name is not made of printable ASCII without `:` (RFC 5322 §3.6.8).
    HeaderName {
        /// The name as given.
        name: String,
    },
    /// A further header that is made here, or belongs to a field of the draft.
    ReservedHeader {
        /// The name as given.
        name: String,
    },
    /// Not an address (`local@domain`).
    Address {
        /// The header field.
        field: &'static str,
        /// The address as given.
        address: String,
        /// What is wrong with it, and where.
        why: AddressError,
    },
    /// The address can only be written to a server that offers `SMTPUTF8`.
    NeedsUtf8 {
        /// The header field.
        field: &'static str,
        /// The address as given.
        address: String,
    },
    /// Not an identifier (`left@right`, RFC 5322 §3.6.4).
    Identifier {
        /// `Message-ID`, `In-Reply-To`, `References` or `Content-ID`.
        field: &'static str,
        /// The identifier as given.
        value: String,
    },
    /// The date is outside the years 1900 to 9999 or its offset beyond a day.
    Date,
    /// Not a media type, or one that this body cannot have.
    MediaType {
        /// The type as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No charset of that name is known (<https://encoding.spec.whatwg.org/#names-and-labels>).
    UnknownCharset {
        /// The label as given.
        label: String,
    },
    /// The bytes are not text in that charset.
    NotInCharset {
        /// The charset: the one named, or the best guess.
        charset: String,
        /// Whether the charset was named (or marked by the bytes themselves) and not guessed.
        named: bool,
    },
    /// The text has NUL bytes: UTF-16 without a mark, or not text at all.
    NotText,
    /// Longer than a limit of this crate.
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length in bytes.
        len: u64,
        /// The most there may be.
        limit: u64,
    },
    /// Parts nested deeper than the limit.
    TooDeep {
        /// The most there may be.
        limit: usize,
    },
    /// More multiparts than the limit.
    TooManyMultiparts {
        /// The most there may be.
        limit: usize,
    },
    /// A multipart without parts, or `related` whose root is not among them.
    EmptyMultipart,
    /// A part encoded beforehand holds bytes that the server does not take.
    NeedsKind {
        /// What the part needs.
        kind: BodyKind,
    },
    /// A file cannot be read as content.
    File(FileError),
}

/// A byte named for people.
fn byte_name(byte: u8) -> &'static str {
    match byte {
        b'\r' => "a carriage return (CR)",
        b'\n' => "a line feed (LF)",
        _ => "a NUL byte",
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForbiddenByte { field, byte } => {
                write!(
                    f,
                    "{} has {} in it: remove it, a header is one line",
                    field.escape_debug(),
                    byte_name(*byte)
                )
            }
            Self::Missing { field: "Sender" } => {
                write!(f, "Sender is not set: with more than one From address, name the one who sends")
            }
            Self::Missing { field } => write!(f, "{field} is not set: every message needs it"),
            Self::HeaderName { name } => {
                write!(f, "{name:?} is not a header name: use printable ASCII without spaces and colons")
            }
            Self::ReservedHeader { name } => {
                write!(f, "the header {name:?} cannot be set by hand: use the draft's own field for it")
            }
            Self::Address { field, address, why } => {
                write!(f, "{field}: {address:?} is not an address: {why}")
            }
            Self::NeedsUtf8 { field, address } => {
                write!(f, "{field}: {address:?} needs a server that offers SMTPUTF8, and this one does not")
            }
            Self::Identifier { field, value } => {
                write!(f, "{field}: {value:?} is not an identifier: write left@right, ASCII, without spaces")
            }
            Self::Date => write!(f, "Date is outside the years 1900 to 9999, or its offset beyond 23:59"),
            Self::MediaType { value, why } => write!(f, "{value:?} cannot be the media type here: {why}"),
            Self::UnknownCharset { label } => {
                write!(
                    f,
                    "no charset is called {label:?}: use a name such as utf-8, gb18030, big5 or shift_jis"
                )
            }
            Self::NotInCharset { charset, named: true } => {
                write!(
                    f,
                    "the text is not valid {charset}: name the charset it is really in, or convert it to UTF-8"
                )
            }
            Self::NotInCharset { charset, named: false } => {
                write!(
                    f,
                    "cannot tell the text's charset (nearest guess: {charset}): name it, or convert the text to UTF-8"
                )
            }
            Self::NotText => {
                write!(
                    f,
                    "the text has NUL bytes: name its charset if it is UTF-16, or attach the file instead"
                )
            }
            Self::TooLong { what, len, limit } => {
                write!(f, "{what} is {len} bytes long; at most {limit} are possible")
            }
            Self::TooDeep { limit } => write!(f, "parts are nested more than {limit} deep"),
            Self::TooManyMultiparts { limit } => write!(f, "the message has more than {limit} multiparts"),
            Self::EmptyMultipart => {
                write!(f, "a multipart has no parts, or no part where its root should be")
            }
            Self::NeedsKind { kind } => {
                write!(
                    f,
                    "a shared part was encoded as {} and the server does not take that: encode it again for this server",
                    kind.token()
                )
            }
            Self::File(error) => error.fmt(f),
        }
    }
}

impl error::Error for ComposeError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::File(error) => error::Error::source(error),
            _ => None,
        }
    }
}

impl From<FileError> for ComposeError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

/// A file that cannot be read as content: found when a draft takes it, or while it is sent (then inside
/// the `io::Error` of the reader).
#[derive(Debug)]
pub struct FileError {
    /// The path as given.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: FileProblem,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileProblem {
    /// There is none.
    Missing,
    /// It may not be read.
    Denied,
    /// It is a folder.
    Directory,
    /// It is a named pipe.
    Fifo,
    /// It is a socket.
    Socket,
    /// It is a block or character device.
    Device,
    /// It is not what it was when the draft took it (length, time or identity).
    Changed,
    /// Any other failure of the operating system.
    Io(io::Error),
}

impl FileError {
    pub(super) fn from_io(path: PathBuf, error: io::Error) -> Self {
        let problem = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileProblem::Missing,
            io::ErrorKind::PermissionDenied => FileProblem::Denied,
            io::ErrorKind::IsADirectory => FileProblem::Directory,
            _ => FileProblem::Io(error),
        };
        FileError { path, problem }
    }

    /// As the error of a reader; the kind says whether the file changed (`InvalidData`).
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self.problem {
            FileProblem::Missing => io::ErrorKind::NotFound,
            FileProblem::Denied => io::ErrorKind::PermissionDenied,
            FileProblem::Io(error) => error.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            FileProblem::Missing => write!(f, "{path:?}: there is no such file: check the name"),
            FileProblem::Denied => write!(f, "{path:?}: may not be read: check its permissions"),
            FileProblem::Directory => {
                write!(f, "{path:?}: is a folder: pack it (zip, tar) and attach the archive")
            }
            FileProblem::Fifo => {
                write!(f, "{path:?}: is a pipe, whose length nobody knows: write it to a file first")
            }
            FileProblem::Socket => write!(f, "{path:?}: is a socket, not a file"),
            FileProblem::Device => {
                write!(f, "{path:?}: is a device, not a file: copy its content to a file first")
            }
            FileProblem::Changed => {
                write!(
                    f,
                    "{path:?}: changed while the message was being sent: compose it again when the file is at rest"
                )
            }
            FileProblem::Io(error) => write!(f, "{path:?}: cannot be read: {error}"),
        }
    }
}

impl error::Error for FileError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.problem {
            FileProblem::Io(error) => Some(error),
            _ => None,
        }
    }
}
