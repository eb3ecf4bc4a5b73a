//! Campaigns as people run them: the program, a folder, and the sandbox for a server.

mod dying;
mod killed;
mod newcomer;
mod place;
mod started;
