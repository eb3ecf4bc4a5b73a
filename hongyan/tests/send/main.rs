//! `hongyan send`, run as a person runs it, against the sandbox.

mod accounts;
mod bad_input;
mod changing;
mod envelope;
mod mails;
mod outcomes;
mod place;
mod trace;
mod trust;
