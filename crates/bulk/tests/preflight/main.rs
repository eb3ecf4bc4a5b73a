//! Preflight over whole campaigns in folders, DNS from a server of the tests' own, and a long sheet.

mod dns;
mod folder;
mod long;
mod rules;
