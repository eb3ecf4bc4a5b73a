//! What is known of the accounts before anything is sent: the sender against the login, the largest message.

use std::borrow::Cow;

use hongyan_proto::provider::{Provider, Quirk};
use hongyan_proto::said::said;

use super::code::Code;
use super::dns;
use super::estimate::Limits;
use super::finding::{Book, Column, Place};
use crate::campaign::{self, Config};
use crate::pace::ProviderPace;

/// What is known of an account that a campaign sends through.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    /// Its name in the configuration.
    pub name: String,
    /// The server's host name.
    pub host: String,
    /// The login name, where there is one.
    pub login: Option<String>,
    /// Whose server it is, where that is known.
    pub provider: Option<&'static Provider>,
    /// What the server said after SIZE (RFC 1870), where it was asked.
    pub size: Option<u64>,
    /// How fast it may send.
    pub limits: Limits,
}

impl AccountFacts {
    /// What follows from a configuration alone.
    pub fn new(name: &str, host: &str, login: Option<&str>, config: &Config) -> Self {
        let provider = Provider::of_host(host);
        let account: Option<&campaign::Account> = config.send.accounts.iter().find(|one| one.name == name);
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            login: login.map(str::to_owned),
            provider,
            size: None,
            limits: Limits::of(config, account, ProviderPace::of(provider)),
        }
    }

    /// The largest message that it takes, and who says so; `None` where nobody does.
    pub fn largest(&self) -> Option<(u64, Cow<'static, str>)> {
        // SIZE 0 is no limit (RFC 1870 §4).
        let said = self
            .size
            .filter(|size| *size > 0)
            .map(|size| (size, Cow::Owned(format!("{} (SIZE)", self.host))));
        let service = dns::service(&self.host).and_then(|service| service.message);
        let known = service.or(ProviderPace::of(self.provider).message);
        let by =
            || self.provider.map_or_else(|| Cow::Owned(self.host.clone()), |one| Cow::Borrowed(one.name.en));
        [said, known.map(|size| (size, by()))].into_iter().flatten().min_by_key(|(size, _)| *size)
    }

    /// Looks at the sender of a row's letter: QQ and 163 take none but the login.
    pub(super) fn sender(&self, book: &mut Book, row: u64, column: Option<Column>, from: &str, path: &str) {
        let Some(login) = self.login.as_deref().filter(|login| login.contains('@')) else { return };
        let other = [from, path].into_iter().find(|sender| !sender.eq_ignore_ascii_case(login));
        let Some(other) = other else { return };
        let name = &self.name;
        let code = match self.provider {
            Some(provider) if provider.has(Quirk::SenderIsLogin) => Code::SenderLogin,
            _ if from.eq_ignore_ascii_case(login) => return,
            _ => Code::SenderOther,
        };
        book.found(code, Place::cell(row, column), || {
            said(
                format!("the sender is {other}, account {name:?} logs in as {login}"),
                format!("发件人是 {other}，账户“{name}”以 {login} 登录"),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(host: &str, login: &str) -> AccountFacts {
        AccountFacts::new("default", host, Some(login), &Config::default())
    }

    #[test]
    fn a_provider_that_wants_the_login_as_sender_gets_no_other() {
        for (host, login, from, path, expected) in [
            ("smtp.qq.com", "1@qq.com", "1@qq.com", "1@qq.com", None),
            ("smtp.qq.com", "1@qq.com", "1@QQ.com", "1@qq.com", None),
            ("smtp.qq.com", "1@qq.com", "2@qq.com", "2@qq.com", Some("sender.login")),
            ("smtp.163.com", "a@163.com", "a@163.com", "bounces@example.org", Some("sender.login")),
            ("mail.example.org", "a@example.org", "b@example.org", "b@example.org", Some("sender.other")),
            ("mail.example.org", "a@example.org", "a@example.org", "bounces@example.org", None),
            ("mail.example.org", "a", "b@example.org", "b@example.org", None),
        ] {
            let mut book = Book::new(&[]);
            account(host, login).sender(&mut book, 2, None, from, path);
            let codes: Vec<_> = book.close().0.iter().map(|finding| finding.code.name()).collect();
            assert_eq!(codes, Vec::from_iter(expected), "{host} {from} {path}");
        }
    }

    #[test]
    fn the_smallest_known_limit_counts() {
        for (host, size, expected) in [
            ("smtp.gmail.com", None, Some(25_000_000)),
            ("smtp.gmail.com", Some(35_882_577), Some(25_000_000)),
            ("smtp.gmail.com", Some(1_000), Some(1_000)),
            ("smtp.qq.com", None, Some(73_400_320)),
            ("smtp.qcloudmail.com", None, Some(4_000_000)),
            ("mail.example.org", Some(0), None),
            ("mail.example.org", None, None),
        ] {
            let account = AccountFacts { size, ..account(host, "x") };
            assert_eq!(account.largest().map(|(size, _)| size), expected, "{host} {size:?}");
        }
    }
}
