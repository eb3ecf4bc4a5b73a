//! Why a sandbox did not start: what it is about, what is wrong with it, and what to do next.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why a sandbox did not start.
#[derive(Debug)]
pub enum StartError {
    /// Other machines could reach this address, and nobody said that they may.
    Exposed(IpAddr),
    /// No port was to be opened.
    NoListener,
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// Mail cannot be kept in this folder.
    Folder(PathBuf, io::Error),
    /// Another sandbox keeps its mail in this folder.
    FolderInUse(PathBuf),
    /// The certificate cannot be written to this file.
    CaFile(PathBuf, io::Error),
    /// No certificate could be made for this host name.
    Certificate(String, String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exposed(address) => write!(
                f,
                "{address} can be reached from other machines; listen on 127.0.0.1, or say that this is meant"
            ),
            Self::NoListener => f.write_str("there is no port to listen on; name one"),
            Self::Listen(address, error) => {
                let next = match error.kind() {
                    io::ErrorKind::AddrInUse => "; another program has it, choose another port or 0",
                    io::ErrorKind::PermissionDenied => "; ports below 1024 are for root, choose a higher one",
                    io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
                    _ => "",
                };
                write!(f, "cannot listen on {address}: {error}{next}")
            }
            Self::Folder(path, error) => write!(f, "cannot keep mail in {}: {error}", path.display()),
            Self::FolderInUse(path) => write!(
                f,
                "another sandbox keeps its mail in {}; end it, or choose another folder",
                path.display()
            ),
            Self::CaFile(path, error) => {
                write!(f, "cannot write the certificate to {}: {error}", path.display())
            }
            Self::Certificate(name, error) => write!(f, "cannot make a certificate for `{name}`: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(_, error) | Self::Folder(_, error) | Self::CaFile(_, error) => Some(error),
            _ => None,
        }
    }
}
