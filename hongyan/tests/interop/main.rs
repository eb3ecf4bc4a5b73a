//! Hongyan against real servers and real clients: `make interop`.
//!
//! Each test starts servers of its own, in a private folder, on loopback ports, and ends them. Without HONGYAN_INTEROP=1
//! nothing is started and each test says that it was skipped: `make test` needs no other program.

mod clients;
#[path = "../../../crates/bulk/tests/ledger/conformance/mod.rs"]
mod conformance;
mod dkim;
#[path = "../bulk/dying.rs"]
mod dying;
mod fetch;
mod fetching;
mod ledger;
mod place;
mod process;
mod program;
mod replying;
mod sandbox;
mod send;
mod server_check;
mod servers;

use std::path::PathBuf;

/// Proof that the peers may be used, and where scripts/install-peers.sh unpacked them.
struct Peers {
    folder: PathBuf,
}

/// The peers, or `None` and a line that says so, where these tests were not asked for.
fn peers() -> Option<Peers> {
    if std::env::var_os("HONGYAN_INTEROP").is_none() {
        eprintln!("SKIPPED: real servers and clients (make interop runs them)");
        return None;
    }
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers"));
    assert!(folder.join("root/.complete").exists(), "run scripts/install-peers.sh first");
    Some(Peers { folder })
}

impl Peers {
    /// A program of a package that was unpacked, not installed.
    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("root/usr/sbin").join(name)
    }
}
