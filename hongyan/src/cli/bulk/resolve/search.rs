//! Looks for the mails of those in doubt in the folder for sent mail of the account that sent them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hongyan_bulk::ledger::{Ledger, LedgerError, RecipientId, Time};
use hongyan_bulk::report::Entries;
use hongyan_bulk::resolve::{Found, Whom, accepted, sent};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::{ByAccount, list};
use crate::account::Protocol;
use crate::cli::bulk::message_id::MessageIds;
use crate::cli::bulk::opened::Named;
use crate::cli::exit::Exit;
use crate::cli::outcome::why;
use crate::cli::sent::for_sent;
use crate::cli::server::{self, Target};
use crate::cli::terminal::{Language, safe, say, tell};
use crate::cli::trouble::Trouble;
use crate::net::imap::Session;
use crate::proto::outcome::Failure;
use crate::proto::provider::Quirk;
use crate::said::said;

/// How to search.
pub(super) struct Search<'a> {
    pub(super) server: &'a server::Receiving,
    pub(super) folder: Option<&'a str>,
    pub(super) wait: Duration,
    /// Nothing is printed for people.
    pub(super) quiet: bool,
}

/// What a search in one account brought.
#[derive(Debug, Serialize)]
pub(super) struct Searched {
    account: String,
    server: String,
    folder: String,
    /// Whether the provider is known to file what it takes for delivery, so that not to be found means something.
    keeps_sent: bool,
    found: Vec<One>,
    not_found: Vec<One>,
}

/// Somebody who was looked for.
#[derive(Clone, Debug, Serialize)]
struct One {
    row: u64,
    address: String,
    message_id: String,
    uid: Option<u32>,
    #[serde(skip)]
    id: RecipientId,
}

impl Search<'_> {
    /// Searches for all of them and records who was found.
    pub(super) fn run(
        &self,
        runtime: &Runtime,
        campaign: &Named,
        ledger: &impl Ledger,
        whom: &Whom,
    ) -> Result<Vec<Searched>, Trouble> {
        let broken = |error: LedgerError| campaign.trouble(&error);
        let mut wanted = runtime.block_on(self.wanted(ledger, whom)).map_err(broken)?;
        if self.server.names_one() {
            // The one that a person named is asked for everybody.
            let all = std::mem::take(&mut wanted).into_values().flatten().collect();
            wanted.insert(String::new(), all);
        }
        let mut searched = Vec::new();
        for (account, people) in wanted {
            let target = self.target(&account)?;
            let credentials = target.credentials()?;
            target.warn();
            let one = runtime.block_on(async {
                let mut session = Session::connect(&target.place(), &target.imap(credentials)).await?;
                let searched = self.look(&mut session, &target, account, people).await;
                session.logout().await;
                searched
            });
            let (one, validity) = one.map_err(|failure| failed(&target, &failure))?;
            runtime.block_on(record(ledger, &one, validity)).map_err(broken)?;
            if !self.quiet {
                one.tell();
            }
            searched.push(one);
        }
        Ok(searched)
    }

    /// Whom to look for, by the account that sent to them.
    async fn wanted(&self, ledger: &impl Ledger, whom: &Whom) -> Result<ByAccount<Vec<One>>, LedgerError> {
        let ids = MessageIds::of(ledger.manifest());
        ids.tell_unknown();
        let mut wanted: ByAccount<Vec<One>> = BTreeMap::new();
        for filter in whom.filters() {
            let mut entries = Entries::new(ledger, filter);
            while let Some(entry) = entries.next().await? {
                let account = list::account(ledger, &entry).await?;
                let Some(id) = ids.of_entry(&entry, account.as_deref()) else { continue };
                let message_id = id.trim_matches(['<', '>']).to_owned();
                let one = One {
                    row: entry.row.number,
                    address: entry.address.as_str().to_owned(),
                    message_id,
                    uid: None,
                    id: entry.id,
                };
                wanted.entry(account.unwrap_or_else(|| "default".to_owned())).or_default().push(one);
            }
        }
        Ok(wanted)
    }

    /// The IMAP server to look at.
    fn target(&self, account: &str) -> Result<Target, Trouble> {
        let target = if self.server.names_one() {
            Some(self.server.target()?).filter(|target| target.server.protocol == Protocol::Imap)
        } else {
            server::Options::of_account(account).imap()?
        };
        target.ok_or_else(|| {
            let (en, zh) = match account {
                "" => ("it is no IMAP server".to_owned(), "它不是 IMAP 服务器".to_owned()),
                name => (
                    format!("nothing says where the account {name:?} keeps its sent mail"),
                    format!("不知道账户 {name:?} 的已发送邮件在哪里"),
                ),
            };
            Trouble::new(
                Exit::Config,
                said(en, zh),
                said(
                    "give the account imap = \"imaps://…\", or name another with --account or --server",
                    "请为账户设置 imap = \"imaps://…\"，或用 --account、--server 指定",
                ),
            )
        })
    }

    async fn look(
        &self,
        session: &mut Session,
        target: &Target,
        account: String,
        people: Vec<One>,
    ) -> Result<(Searched, Option<u32>), Failure> {
        let folder = match self.folder {
            Some(folder) => folder.to_owned(),
            None => {
                let folders = session.folders("*").await?;
                for_sent(&folders).map_or_else(|| "Sent".to_owned(), |folder| folder.name.clone())
            }
        };
        let mut ids: Vec<String> = people.iter().map(|one| one.message_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let result = sent::search(session, &folder, &ids, Instant::now() + self.wait).await?;
        let each =
            people.into_iter().map(|one| One { uid: result.found.get(&one.message_id).copied(), ..one });
        let (found, not_found) = each.partition(|one| one.uid.is_some());
        let keeps_sent = target.provider().is_some_and(|provider| provider.has(Quirk::KeepsSent));
        let server = target.server.to_string();
        Ok((Searched { account, server, folder, keeps_sent, found, not_found }, result.validity))
    }
}

/// Records those who were found as accepted, with where that is.
async fn record(ledger: &impl Ledger, searched: &Searched, validity: Option<u32>) -> Result<(), LedgerError> {
    let mut outcomes = Vec::new();
    for one in &searched.found {
        let found = Found {
            place: searched.server.clone(),
            folder: searched.folder.clone(),
            validity,
            uid: one.uid.unwrap_or_default(),
        };
        let before = RecipientId(one.id.0 - 1);
        let entries = ledger.page(before, 1, Default::default()).await?;
        let entry = entries.iter().find(|entry| entry.id == one.id);
        outcomes.extend(entry.and_then(|entry| accepted(entry, &found, Time::now())));
    }
    if outcomes.is_empty() { Ok(()) } else { ledger.settle(outcomes).await }
}

impl Searched {
    /// Says who was found and who not.
    fn tell(&self) {
        let language = Language::of_the_environment();
        let (folder, server) = (safe(&self.folder), safe(&self.server));
        say(&language.choose(format!("{folder} at {server}:"), format!("{server} 的 {folder}：")));
        for (people, word) in [
            (&self.found, language.choose("found", "已找到")),
            (&self.not_found, language.choose("not found", "未找到")),
        ] {
            for one in people {
                let row = language.choose(format!("row {}", one.row), format!("第 {} 行", one.row));
                let uid = one.uid.map(|uid| format!("  UID {uid}")).unwrap_or_default();
                say(&format!("  {word}  {row}  {}{uid}", safe(&one.address)));
            }
        }
        if !self.not_found.is_empty() {
            tell(&if self.keeps_sent {
                language.choose(
                    "  Not found is not \"not sent\": the provider files what it sends, but the copy may have come late or been deleted.",
                    "  未找到不等于没有发送：服务商会保存已发送的邮件，但副本可能较晚出现或已被删除。",
                ).to_owned()
            } else {
                language.choose(
                    "  Not found proves nothing here: this server is not known to keep a copy of what programs send.",
                    "  未找到在这里不能证明什么：不清楚该服务器是否保存程序发送的邮件。",
                ).to_owned()
            });
        }
    }
}

fn failed(target: &Target, failure: &Failure) -> Trouble {
    let language = Language::of_the_environment();
    let (server, why) = (target.server.to_string(), why(failure, language));
    let remedy = failure.remedy(target.provider());
    Trouble::new(
        Exit::of_failure(failure),
        said(
            format!("the folder for sent mail could not be searched, nothing was decided: {server}: {why}"),
            format!("无法搜索已发送文件夹，没有做任何决定：{server}：{why}"),
        ),
        said(remedy.en, remedy.zh),
    )
}
