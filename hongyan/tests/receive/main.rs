//! Fetching from the sandbox into a Maildir: what is fetched and what is skipped, what is deleted and when, and what
//! interruptions at every point leave behind.

mod fetching;
mod hostile;
mod ids;
mod interrupted;
mod killed;
mod place;
