//! A mail server for trying things: it takes mail over SMTP, keeps it as files or in memory, shows what
//! was said, and does what it is told to do wrong.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use hongyan_sandbox::{Config, Sandbox};
//!
//! let sandbox = Sandbox::start(Config {
//!     faults: vec!["rcpt:*@bad.example=550 5.1.1 no such user".parse()?],
//!     ..Config::default()
//! })
//! .await?;
//! let mut news = sandbox.store().subscribe();
//! println!("send mail to {:?}", sandbox.smtp());
//! let message = news.recv().await?;
//! println!("{} wrote {} octets", message.envelope.from, message.envelope.size);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//! - [`config`]: everything that can be set; the defaults listen on free ports of 127.0.0.1.
//! - [`sandbox`]: starting, stopping, the ports and the certificate.
//! - [`store`]: what has been received.
//! - [`accounts`]: whose it is, in which mailboxes.
//!
//! The protocol itself is [`hongyan_proto::smtp::server`], run over sockets by [`hongyan_net`].

pub mod accounts;
mod certificate;
pub mod config;
mod connection;
mod error;
mod like;
mod reading;
pub mod sandbox;
mod servers;
mod service;
pub mod store;
mod time;

pub use accounts::{Accounts, Mail};
pub use config::{Config, Keep, Limits, User};
pub use error::StartError;
pub use like::{Like, UnknownLike};
pub use sandbox::{Peer, Sandbox};
pub use service::{Protocol, Service};
pub use store::{Envelope, Message, Store};
