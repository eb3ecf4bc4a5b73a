//! The sandbox over real sockets: what it keeps and where, its limits, its faults, and real clients.

mod accounts;
mod client;
mod clients;
mod corpus;
mod faults;
mod full_disk;
mod imap;
mod keeping;
mod limits;
mod pop3;
mod starting;
