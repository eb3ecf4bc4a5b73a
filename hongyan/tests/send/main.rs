//! `hongyan send`, `reply` and `forward`, run as a person runs them, against the sandbox.

mod accounts;
mod bad_input;
mod changing;
mod copies;
mod drafts;
mod editor;
mod envelope;
mod forward;
mod mails;
mod outcomes;
mod place;
mod reply;
mod trace;
mod trust;
