//! What a command says to the shell with its exit code: those of sysexits.h, so that scripts, cron and
//! mail programs know what to do next.

use std::process::{ExitCode, Termination};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked for was done.
    Ok = 0,
    /// The command line is wrong (EX_USAGE).
    Usage = 64,
    /// What was given is wrong: an address, a message, a field (EX_DATAERR).
    Data = 65,
    /// A file to be read is missing or cannot be read (EX_NOINPUT).
    NoInput = 66,
    /// The host is unknown (EX_NOHOST).
    NoHost = 68,
    /// The server cannot be reached, or refused (EX_UNAVAILABLE).
    Unavailable = 69,
    /// A file to be written cannot be (EX_CANTCREAT).
    CannotCreate = 73,
    /// Reading or writing failed on the way (EX_IOERR).
    Io = 74,
    /// Not now, or nobody knows whether; look again later (EX_TEMPFAIL).
    TempFail = 75,
    /// The other side does not keep to the protocol (EX_PROTOCOL).
    Protocol = 76,
    /// The login was refused, or the server could not show who it is (EX_NOPERM).
    NoPerm = 77,
    /// The configuration is wrong or something in it is missing (EX_CONFIG).
    Config = 78,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
