//! How a program is made to die: a library that kills it at a chosen call, and dice that choose.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `dies.c` into this folder, to be named in `LD_PRELOAD`; `HONGYAN_DIE` says where.
pub(crate) fn library(into: &Path) -> PathBuf {
    let library = into.join("dies.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bulk/dies.c"))
        .arg("-ldl")
        .status()
        .expect("cc, which building needs too");
    assert!(compiled.success());
    library
}

/// How often to kill in all: `HONGYAN_KILLS`, or so often.
pub(crate) fn kills(unless_said: usize) -> usize {
    std::env::var("HONGYAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(unless_said)
}

/// A small generator, so that the same seed gives the same deaths.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Whether a call is made before the death, not at all, or by half.
    pub(crate) fn when(&mut self) -> &'static str {
        ["before", "after", "half"][usize::try_from(self.below(3)).unwrap_or(0)]
    }
}
