//! Exit codes of sysexits.h, as far as they are used.

/// The command line is wrong (EX_USAGE).
pub const USAGE: u8 = 64;
