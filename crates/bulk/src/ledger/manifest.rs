//! What is frozen when a run begins: whoever resumes it, wherever, sends exactly this.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything of a campaign that is not a row or a row's own file. Kept by the ledger as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the ledger's meaning: 1.
    pub version: u32,
    /// 16 random octets in hexadecimal digits: what the campaign's Message-IDs are made of. No secret.
    pub key: String,
    /// What the campaign is called.
    pub name: String,
    /// When it was frozen, in milliseconds since 1970.
    pub frozen: i64,
    /// `campaign.toml` as it was.
    pub campaign: String,
    /// The sheet's columns in order.
    pub columns: Vec<String>,
    /// How many letters.
    pub letters: u64,
    /// How many recipients.
    pub recipients: u64,
    /// The sheet, templates, shared attachments and pictures, by their paths inside the campaign's folder.
    pub files: BTreeMap<String, FrozenFile>,
}

/// What a file was when it was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenFile {
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// In octets.
    pub size: u64,
}
