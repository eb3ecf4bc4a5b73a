//! Which campaigns are in a database, and which one is meant.

use hongyan_proto::said::said;
use tokio_postgres::{Client, Row as Found};

use super::fault::Fault;
use super::fault::damaged;
use crate::ledger::{LedgerError, Manifest};

/// A campaign in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Its number in this database.
    pub(super) id: i64,
    /// What was frozen.
    pub manifest: Manifest,
}

/// How many campaigns a refusal names.
const NAMED: usize = 10;

/// All of them, newest first.
pub(super) async fn all(client: &Client) -> Result<Vec<Campaign>, Fault> {
    let rows =
        client.query("SELECT id, manifest FROM hongyan.campaign ORDER BY loaded DESC, id DESC", &[]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Found) -> Result<Campaign, Fault> {
    let manifest: &str = row.try_get(1)?;
    let manifest =
        serde_json::from_str(manifest).map_err(|error| damaged(&format!("a manifest: {error}")))?;
    Ok(Campaign { id: row.try_get(0)?, manifest })
}

/// The one with this key or name, or the only one where nothing is named.
pub(super) async fn find(client: &Client, wanted: Option<&str>) -> Result<Campaign, Fault> {
    let mut fit = all(client).await?;
    let known = list(&fit);
    if let Some(wanted) = wanted {
        let by_key = fit.iter().position(|campaign| campaign.manifest.key == wanted);
        match by_key {
            Some(at) => fit = vec![fit.swap_remove(at)],
            None => fit.retain(|campaign| campaign.manifest.name == wanted),
        }
    }
    match (fit.pop(), fit.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(LedgerError::Refused(said(
            format!("several campaigns are meant by that; name one by its key with --campaign: {known}"),
            format!("有多个活动符合；请用 --campaign 加密钥指定其中一个：{known}"),
        ))
        .into()),
        (None, _) if known.is_empty() => Err(LedgerError::Refused(said(
            "there is no campaign in this database: bring one there with `hongyan bulk move DIR --to postgres://…`",
            "这个数据库里还没有任何活动：请先用 `hongyan bulk move 目录 --to postgres://…` 把活动搬进来",
        ))
        .into()),
        (None, _) => Err(LedgerError::Refused(said(
            format!("there is no such campaign in this database; there are: {known}"),
            format!("这个数据库里没有该活动；现有：{known}"),
        ))
        .into()),
    }
}

fn list(campaigns: &[Campaign]) -> String {
    let one = |campaign: &Campaign| {
        format!("{} ({})", campaign.manifest.name.escape_debug(), campaign.manifest.key.escape_debug())
    };
    let mut names: Vec<String> = campaigns.iter().take(NAMED).map(one).collect();
    if campaigns.len() > NAMED {
        names.push("…".into());
    }
    names.join(", ")
}
