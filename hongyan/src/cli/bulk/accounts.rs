//! The accounts that a campaign goes through: where they are, who logs in, and how fast each may go.

use std::collections::BTreeMap;
use std::time::Duration;

use hongyan_bulk::campaign::{self, Config};
use hongyan_bulk::pace::{ProviderPace, Rate};
use hongyan_bulk::run::Route;
use hongyan_mime::address::Mailbox;

use crate::cli::exit::Exit;
use crate::cli::server::{Options, Target};
use crate::cli::trouble::Trouble;
use crate::said::said;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An account of the campaign, found in the configuration.
pub(super) struct Account {
    /// Its name in the campaign, or the server that was named.
    pub(super) name: String,
    pub(super) target: Target,
    /// Who mails are from where the campaign does not say.
    pub(super) sender: Option<Mailbox>,
    /// What the campaign says of it.
    pub(super) wanted: Option<campaign::Account>,
}

/// The accounts that the campaign names; or the one that the command line does, which goes before.
pub(super) fn find(config: &Config, options: &Options) -> Result<Vec<Account>, Trouble> {
    let named = &config.send.accounts;
    if named.is_empty() || options.names_one() {
        let target = options.target()?;
        let name = options.account().unwrap_or("default").to_owned();
        return Ok(vec![Account::new(name, target, named.first().cloned())?]);
    }
    let found = named.iter().map(|one| {
        let target = Options::of_account(&one.name).target()?;
        Account::new(one.name.clone(), target, Some(one.clone()))
    });
    found.collect()
}

impl Account {
    fn new(name: String, target: Target, wanted: Option<campaign::Account>) -> Result<Self, Trouble> {
        let from = target.account.as_ref().and_then(|account| account.from.as_deref());
        let login = target.user.as_deref().filter(|user| user.contains('@'));
        let sender = from.or(login).map(Mailbox::parse).transpose().map_err(|error| {
            Trouble::new(
                Exit::Config,
                said(
                    format!("the sender of the account {name}: {error}"),
                    format!("账户 {name} 的发件人：{error}"),
                ),
                said("correct `from` in the account", "请改正账户中的 from"),
            )
        })?;
        Ok(Self { name, target, sender, wanted })
    }

    /// How a run uses it; asks for the password if need be.
    pub(super) fn route(&self, config: &Config) -> Result<Route, Trouble> {
        self.target.warn();
        let mut options = self.target.options();
        options.session.credentials = self.target.credentials()?;
        let pace = &config.pace;
        let known = ProviderPace::of(self.target.provider());
        Ok(Route {
            name: self.name.clone(),
            server: self.target.place(),
            options,
            connections: usize::from(pace.connections.unwrap_or(known.connections)).max(1),
            per_connection: pace.per_connection.unwrap_or(known.per_connection).max(1),
            rates: self.rates(config),
            provider: self.target.provider(),
        })
    }

    /// What its messages are held to: the campaign's, the account's own, and where neither says anything the provider's.
    pub(super) fn rates(&self, config: &Config) -> Vec<Rate> {
        let (pace, known) = (&config.pace, ProviderPace::of(self.target.provider()));
        let wanted = |pick: fn(&campaign::Account) -> Option<u32>| self.wanted.as_ref().and_then(pick);
        let says_how_fast = pace.per_second.is_some() || pace.per_minute.is_some() || pace.per_hour.is_some();
        let per_minute =
            wanted(|one| one.per_minute).or(pace.per_minute).or(known.per_minute.filter(|_| !says_how_fast));
        let per_day = wanted(|one| one.per_day).or(pace.per_day).or(known.per_day);
        rates(pace.per_second, per_minute, pace.per_hour, per_day)
    }
}

/// Limits as token buckets. A day's may be used up at once; what is said of shorter times is spread over them.
fn rates(
    per_second: Option<u32>,
    per_minute: Option<u32>,
    per_hour: Option<u32>,
    per_day: Option<u32>,
) -> Vec<Rate> {
    let rate = |tokens: Option<u32>, period, share: u32| {
        let tokens = tokens?.max(1);
        Some(Rate { tokens, period, burst: (tokens / share).max(1) })
    };
    let all = [
        rate(per_day, DAY, 1),
        rate(per_hour, HOUR, 10),
        rate(per_minute, MINUTE, 10),
        rate(per_second, SECOND, 1),
    ];
    all.into_iter().flatten().collect()
}

/// The limits for recipients in a domain, by its name in lower case.
pub(super) fn destinations(config: &Config) -> BTreeMap<String, Vec<Rate>> {
    let limits = config.pace.to.iter();
    limits
        .map(|(domain, limit)| {
            (domain.to_ascii_lowercase(), rates(None, limit.per_minute, limit.per_hour, None))
        })
        .collect()
}

/// The accounts' own addresses, by their names.
pub(super) fn senders(accounts: &[Account]) -> BTreeMap<String, Mailbox> {
    accounts.iter().filter_map(|one| Some((one.name.clone(), one.sender.clone()?))).collect()
}
