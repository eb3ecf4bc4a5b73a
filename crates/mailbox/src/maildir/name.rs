//! File names of messages: making unique ones, and taking apart what other programs made.
//!
//! A new name is `SECONDS.MmicrosPprocessQcounterRrandom.host` (<https://cr.yp.to/proto/maildir.html>); delivered, the
//! size is added (`,S=octets`, Maildir++), so that a listing needs no `stat`. What stands before the first `:` is the
//! message's unique name, which no program changes; behind it come the flags, which any may change at any time.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Flags;

/// The longest part of a host's name that goes into a file name, in octets.
const MAX_HOST: usize = 64;

/// How many names this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Makes unique names. The random part tells processes apart that share a host name, a process number and a clock, as
/// in containers.
#[derive(Debug)]
pub(super) struct Names {
    process: u32,
    tail: String,
}

impl Names {
    pub(super) fn new() -> Self {
        let system = rustix::system::uname();
        let host = escape_host(system.nodename().to_bytes());
        let mut random = [0; 4];
        // Without random numbers the other parts still tell names apart, and an existing one is never overwritten.
        let _ = getrandom::getrandom(&mut random);
        Self { process: std::process::id(), tail: format!("R{:08x}.{host}", u32::from_be_bytes(random)) }
    }

    pub(super) fn next(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let counter = MADE.fetch_add(1, Ordering::Relaxed);
        let Self { process, tail } = self;
        format!("{}.M{}P{process}Q{counter}{tail}", now.as_secs(), now.subsec_micros())
    }
}

/// A host's name as part of a file name: `/` and `:` as the Maildir page has it, and everything else that is not
/// plainly part of a host's name, as `\` and three octal digits.
fn escape_host(host: &[u8]) -> String {
    let mut out = String::new();
    for &octet in host {
        let fits = octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
        let written = if fits { char::from(octet).to_string() } else { format!("\\{octet:03o}") };
        if out.len() + written.len() > MAX_HOST {
            break;
        }
        out.push_str(&written);
    }
    if out.is_empty() { "localhost".into() } else { out }
}

/// The unique name in a file name: what stands before the first `:`.
pub(super) fn unique(name: &OsStr) -> &OsStr {
    let octets = name.as_bytes();
    OsStr::from_bytes(&octets[..memchr::memchr(b':', octets).unwrap_or(octets.len())])
}

/// The flags in a file name: what stands behind `:2,`. None, where it says something else.
pub(super) fn flags(name: &OsStr) -> Flags {
    let octets = name.as_bytes();
    match memchr::memchr(b':', octets).and_then(|colon| octets[colon..].strip_prefix(b":2,")) {
        Some(letters) => Flags::parse(letters),
        None => Flags::NONE,
    }
}

/// The size in octets that a file name states (`,S=n`).
pub(super) fn size(name: &OsStr) -> Option<u64> {
    let unique = unique(name).as_bytes();
    let stated = unique.split(|&b| b == b',').find_map(|field| field.strip_prefix(b"S="))?;
    std::str::from_utf8(stated).ok()?.parse().ok()
}

/// The file name in `cur` for a unique name with these flags.
pub(super) fn with_flags(unique: &OsStr, flags: Flags) -> OsString {
    let mut name = unique.to_owned();
    name.push(":2,");
    name.push(flags.to_string());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_taken_apart_as_the_maildir_page_and_maildirpp_have_it() {
        for (name, unique_is, flags_are, size_is) in [
            ("1.M2P3Q4.host,S=17:2,FS", "1.M2P3Q4.host,S=17", "FS", Some(17)),
            ("1.host:2,", "1.host", "", None),
            ("1.host", "1.host", "", None),
            ("1.host,S=5,W=6:2,SabZ", "1.host,S=5,W=6", "SZab", Some(5)),
            ("1.host,S=x:2,S", "1.host,S=x", "S", None),
            ("1.host,S=99999999999999999999999:2,S", "1.host,S=99999999999999999999999", "S", None),
            // The experimental form of the page: no flags to read, none to lose.
            ("1.host:1,experimental", "1.host", "", None),
            ("1.host:2,S:2,F", "1.host", "2:,FS", None),
        ] {
            let name = OsStr::new(name);
            assert_eq!(unique(name), OsStr::new(unique_is), "{name:?}");
            assert_eq!(flags(name), Flags::parse(flags_are.as_bytes()), "{name:?}");
            assert_eq!(size(name), size_is, "{name:?}");
        }
    }

    #[test]
    fn a_host_name_cannot_leave_the_folder_or_look_like_flags() {
        for (host, written) in [
            ("mail.example.org", "mail.example.org"),
            ("a/b:c", "a\\057b\\072c"),
            ("a,S=1", "a\\054S\\0751"),
            ("鸿", "\\351\\270\\277"),
            ("", "localhost"),
        ] {
            assert_eq!(escape_host(host.as_bytes()), written);
        }
        assert!(escape_host(&[b'a'; 300]).len() <= MAX_HOST);
        assert!(escape_host(&[b'/'; 300]).len() <= MAX_HOST);
    }

    #[test]
    fn many_makers_at_once_never_make_the_same_name() {
        let made: Vec<String> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let names = Names::new();
                        (0..1000).map(|_| names.next()).collect::<Vec<_>>()
                    })
                })
                .collect();
            makers.into_iter().flat_map(|maker| maker.join().expect("makes names")).collect()
        });
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), 8000);
    }
}
