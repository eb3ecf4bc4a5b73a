//! A campaign is a folder with a `campaign.toml`: what is to be sent, to whom, how fast, and what to do in doubt.

mod config;

pub use config::{
    Account, Attach, Bounces, Config, Destination, Dkim, Doubt, Kind, Message, Pace, Recipients, Retry, Send,
    Stop, Unsubscribe, Window,
};

/// The name of a campaign's description in its folder.
pub const FILE: &str = "campaign.toml";
/// The name of a campaign's ledger in its folder.
pub const LEDGER: &str = "ledger.sqlite";
