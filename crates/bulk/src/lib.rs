//! Bulk mail: a sheet in, a letter and a file of its own for each row, and a proof for every recipient out.
//!
//! - [`campaign`]: a folder with a `campaign.toml`; what is in it, and what of it is frozen when a run begins.
//! - [`recipients`]: sheets in every format, read row by row as they show themselves, and addresses as people write them.
//! - [`writeback`]: the sheet once more, with what became of each row.
//! - [`row`]: columns and rows, whatever sheet they come from.
//! - [`template`]: what a letter says, compiled against the columns of the sheet.
//! - [`letter`]: a row becomes the octets of its letter.
//! - [`load`]: a campaign is frozen, and its sheet becomes a ledger.
//! - [`ledger`]: what is known of each recipient, durable before anything depends on it.
//! - [`run`]: letters leave the ledger, go over connections, and come back as outcomes.
//! - [`pace`]: how fast mail may go.
//! - [`preflight`]: everything that can be found before the first mail leaves.
//! - [`dkim`]: signing; [`token`]: what says which letter came back; [`unsubscribe`]: getting off the list.
//! - [`report`]: the proof of who got what; [`resolve`]: what becomes of those in doubt.
//! - [`example`]: a campaign to begin with.
//! - [`composed`]: a composed message as a session sends it.
//! - [`bounce`]: what came back, and what it says of whom.
//! - [`suppression`]: who is not written to any more, across campaigns.

pub mod bounce;
pub mod campaign;
pub mod composed;
pub mod dkim;
pub mod example;
pub mod ledger;
pub mod letter;
pub mod load;
pub mod pace;
pub mod preflight;
pub mod recipients;
pub mod report;
pub mod resolve;
pub mod row;
pub mod run;
pub mod suppression;
pub mod template;
pub mod token;
pub mod unsubscribe;
pub mod writeback;
