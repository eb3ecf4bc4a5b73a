//! Pages for browsers: plain HTML from the server, which works without JavaScript, loads nothing from elsewhere and
//! speaks English or Chinese, as the browser asks.
//!
//! - [`door`]: connections, bounded in number and time, in clear or under TLS.
//! - [`page`]: the frame of every page, its style and what a browser may do with it.
//! - [`unsubscribe`]: the page on which a reader gets off a list.

pub mod door;
pub mod page;
pub mod unsubscribe;
