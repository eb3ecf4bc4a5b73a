//! Which server a mail goes through or is fetched from: the options about it, and the order in which options, environment and
//! configuration are asked.
//!
//! `--server`; else the account named by `--account`; else `HONGYAN_SERVER` (`HONGYAN_RECEIVE` for fetching); else the account called
//! `default`. The configuration is read only when an account is wanted. A mail never goes to a server that
//! nobody named: not to a sandbox that happens to run either, in which a real mail would rest unread.

mod target;

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::exit::Exit;
use super::trouble::Trouble;
use crate::account::{self, Account, Protocol, Server, TlsWish};
use crate::net::connect::Proxy;
use crate::net::tls::{Identity, Policy, Roots};
use crate::proto::provider::{self, Provider};
use crate::said::{Problem, said};
pub(crate) use target::Target;

/// The server that mail is sent through.
#[derive(Debug, Default, Args)]
#[group(skip)]
#[command(next_help_heading = "The server")]
pub(crate) struct Options {
    /// Where to send: smtp://user@host:587 (STARTTLS) or smtps://user@host:465 (TLS from the start)
    ///
    /// The password is asked for, or comes from HONGYAN_PASSWORD or the account's password_command. HONGYAN_SERVER
    /// stands in for this option.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "account")]
    server: Option<String>,
    #[command(flatten)]
    how: How,
    /// Wait for each reply before the next command, as if the server did not offer PIPELINING
    #[arg(long)]
    no_pipelining: bool,
    /// Send by DATA, as if the server did not offer CHUNKING
    #[arg(long)]
    no_chunking: bool,
}

/// The server that mail is fetched from.
#[derive(Clone, Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "The server")]
pub(crate) struct Receiving {
    /// Where the mail is: imaps://user@host, pop3s://user@host; imap:// and pop3:// mean STARTTLS
    ///
    /// The password is asked for, or comes from HONGYAN_PASSWORD or the account's password_command. HONGYAN_RECEIVE
    /// stands in for this option.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "account")]
    server: Option<String>,
    #[command(flatten)]
    how: How,
    /// Wait for each reply before the next command
    #[arg(long)]
    no_pipelining: bool,
}

/// Which account, and what a connection demands.
#[derive(Clone, Debug, Default, Args)]
#[group(skip)]
struct How {
    /// An account of the configuration; without this and --server, the one called `default`
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// `required`: STARTTLS or nothing, the default except for this machine itself; `none`: in clear, password too
    #[arg(long, value_name = "WHEN")]
    tls: Option<Tls>,
    /// Trust the certificates in this PEM file, and no others
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,
    /// Go through socks5://host:port or http://host:port; HONGYAN_PROXY stands in for this option
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    proxy: Option<String>,
    /// How long to wait for each answer, in place of the minutes that RFC 5321 asks for
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: Option<u32>,
}

/// TLS or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tls {
    Required,
    None,
}

/// How to find the server for one purpose.
struct Purpose {
    variable: Option<&'static str>,
    protocols: &'static [Protocol],
}

const SENDING: Purpose = Purpose { variable: Some("HONGYAN_SERVER"), protocols: &[Protocol::Smtp] };
const FETCHING: Purpose =
    Purpose { variable: Some("HONGYAN_RECEIVE"), protocols: &[Protocol::Imap, Protocol::Pop3] };
const FETCHING_BY_POP3: Purpose = Purpose { variable: Some("HONGYAN_RECEIVE"), protocols: &[Protocol::Pop3] };
const AT_IMAP: Purpose = Purpose { variable: None, protocols: &[Protocol::Imap] };

impl Options {
    /// The server to send through.
    pub(crate) fn target(&self) -> Result<Target, Trouble> {
        self.find()?.ok_or_else(|| nowhere(account::config_path().as_deref()))
    }

    /// The server to send through; `None` where nothing names one.
    pub(crate) fn find(&self) -> Result<Option<Target>, Trouble> {
        let found = self.how.find(self.server.as_deref(), &SENDING)?;
        Ok(found.map(|target| Target {
            pipelining: !self.no_pipelining,
            chunking: !self.no_chunking,
            ..target
        }))
    }

    /// As if a person had named this account.
    pub(crate) fn of_account(name: &str) -> Self {
        Self { how: How { account: Some(name.to_owned()), ..How::default() }, ..Self::default() }
    }

    /// Whether a person named a server or an account.
    pub(crate) fn names_one(&self) -> bool {
        self.server.is_some() || self.how.account.is_some()
    }

    /// The account that a person named.
    pub(crate) fn account(&self) -> Option<&str> {
        self.how.account.as_deref()
    }

    /// The IMAP server of the same account, where it has one.
    pub(crate) fn imap(&self) -> Result<Option<Target>, Trouble> {
        if self.server.is_some() { Ok(None) } else { self.how.find(None, &AT_IMAP) }
    }
}

impl Receiving {
    /// The server to fetch from, by IMAP or POP3.
    pub(crate) fn target(&self) -> Result<Target, Trouble> {
        self.found(&FETCHING)
    }

    /// The server to speak POP3 with.
    pub(crate) fn pop3(&self) -> Result<Target, Trouble> {
        self.found(&FETCHING_BY_POP3)
    }

    /// Whether a person named an account.
    pub(crate) fn names_account(&self) -> bool {
        self.how.account.is_some()
    }

    /// Whether a person named a server or an account.
    pub(crate) fn names_one(&self) -> bool {
        self.server.is_some() || self.names_account()
    }

    fn found(&self, purpose: &Purpose) -> Result<Target, Trouble> {
        let found = self.how.find(self.server.as_deref(), purpose)?;
        let target =
            found.ok_or_else(|| nothing_to_fetch_from(account::config_path().as_deref(), purpose))?;
        Ok(Target { pipelining: !self.no_pipelining, ..target })
    }
}

impl How {
    /// The server that is named by `option`, the environment or the configuration, in this order.
    fn find(&self, option: Option<&str>, purpose: &Purpose) -> Result<Option<Target>, Trouble> {
        let Purpose { variable, protocols } = *purpose;
        if let Some(url) = option {
            let server = Server::parse(url, protocols)
                .map_err(|problem| Trouble::from(Exit::Usage, problem).about("--server"))?;
            return self.with(server, None).map(Some);
        }
        if self.account.is_none()
            && let Some(variable) = variable
            && let Some(url) = environment(variable)?
        {
            let server = Server::parse(&url, protocols)
                .map_err(|problem| Trouble::from(Exit::Config, problem).about(variable))?;
            return self.with(server, None).map(Some);
        }
        let Some(account) = self.configured()? else { return Ok(None) };
        match of_account(&account, protocols)? {
            Some(server) => self.with(server, Some(account)).map(Some),
            None if protocols == SENDING.protocols => Err(Trouble::new(
                Exit::Config,
                said("the account has no server", "账户没有设置服务器"),
                said("add server = \"smtps://…\" to it", "请为它加上 server = \"smtps://…\""),
            )),
            None => Ok(None),
        }
    }

    /// The account of the configuration that is named, or `default` if there is one.
    fn configured(&self) -> Result<Option<Account>, Trouble> {
        let name = self.account.as_deref().unwrap_or("default");
        let path = account::config_path();
        let found = match &path {
            Some(path) => {
                account::load(path, name).map_err(|problem| Trouble::from(Exit::Config, problem))?
            }
            None => None,
        };
        match (found, &self.account) {
            (None, Some(name)) => Err(no_account(name, path.as_deref())),
            (found, _) => Ok(found),
        }
    }

    fn with(&self, server: Server, account: Option<Account>) -> Result<Target, Trouble> {
        let of = |pick: fn(&Account) -> Option<&PathBuf>| account.as_ref().and_then(pick).cloned();
        let ca = self.ca.clone().or_else(|| of(|a| a.ca.as_ref()));
        let unchecked = account.as_ref().and_then(|a| a.insecure.as_deref());
        let roots = match (ca, unchecked) {
            (Some(file), _) => Roots::File(readable(file)?),
            (None, Some(host)) if host.eq_ignore_ascii_case(&server.host) => Roots::Unchecked,
            (None, Some(host)) => return Err(other_host(host, &server.host)),
            (None, None) => Roots::Platform,
        };
        let wish = match self.tls {
            Some(Tls::Required) => Some(TlsWish::Required),
            Some(Tls::None) => Some(TlsWish::None),
            None => account.as_ref().and_then(|a| a.tls),
        };
        let security = server.security(wish, &roots).map_err(|p| Trouble::from(Exit::Usage, p))?;
        let user = account.as_ref().and_then(|a| a.user.clone()).or_else(|| server.user.clone());
        if user.as_ref().is_some_and(|user| user.chars().any(char::is_control)) {
            return Err(Trouble::new(
                Exit::Config,
                said("the login name has a control character in it", "登录名含有控制字符"),
                said("correct `user`", "请改正 user"),
            ));
        }
        Ok(Target {
            security,
            certificates: Policy { roots, identity: identity(account.as_ref())? },
            proxy: self.proxy(account.as_ref())?,
            user,
            server,
            account,
            timeout: self.timeout.map(|seconds| Duration::from_secs(seconds.into())),
            pipelining: true,
            chunking: true,
        })
    }

    fn proxy(&self, account: Option<&Account>) -> Result<Option<Proxy>, Trouble> {
        if let Some(url) = &self.proxy {
            let login = url.rsplit_once('@').map_or("", |(before, _)| before);
            if login.rsplit("//").next().is_some_and(|login| login.contains(':')) {
                return Err(Trouble::new(
                    Exit::Usage,
                    said(
                        "--proxy holds a password, which other users of this machine could read in the process list",
                        "--proxy 里写有密码，本机的其他用户能在进程列表里看到它",
                    ),
                    said(
                        "give the whole address by HONGYAN_PROXY",
                        "请用环境变量 HONGYAN_PROXY 给出完整的地址",
                    ),
                ));
            }
        }
        let (url, source) = match (&self.proxy, environment("HONGYAN_PROXY")?) {
            (Some(url), _) => (url.clone(), "--proxy"),
            (None, Some(url)) => (url, "HONGYAN_PROXY"),
            (None, None) => match account.and_then(|a| a.proxy.clone()) {
                Some(url) => (url, "the account's `proxy`"),
                None => return Ok(None),
            },
        };
        let exit = if self.proxy.is_some() { Exit::Usage } else { Exit::Config };
        url.parse().map(Some).map_err(|error: crate::net::connect::ProxyError| {
            Trouble::new(
                exit,
                said(format!("{source}: {error}"), format!("{source}：{error}")),
                said(
                    "write socks5://host:port or http://host:port",
                    "请写成 socks5://host:port 或 http://host:port",
                ),
            )
        })
    }
}

/// A variable of the environment that is set to something.
fn environment(name: &str) -> Result<Option<String>, Trouble> {
    match std::env::var_os(name).filter(|value| !value.is_empty()).map(std::ffi::OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(Trouble::new(
            Exit::Config,
            said(
                format!("the environment variable {name} is not UTF-8"),
                format!("环境变量 {name} 不是 UTF-8"),
            ),
            said("set it again", "请重新设置"),
        )),
    }
}

/// The account's server for one of the protocols, the first that it has: named in it, or its provider's.
fn of_account(account: &Account, protocols: &[Protocol]) -> Result<Option<Server>, Trouble> {
    for protocol in protocols {
        let (key, url) = match protocol {
            Protocol::Smtp => ("server", &account.server),
            Protocol::Imap => ("imap", &account.imap),
            Protocol::Pop3 => ("pop3", &account.pop3),
        };
        if let Some(url) = url {
            return Server::parse(url, &[*protocol]).map(Some).map_err(|problem| {
                Trouble::from(Exit::Config, problem).about(&format!("the account's `{key}`"))
            });
        }
    }
    Ok(protocols.iter().find_map(|protocol| known(account, *protocol)))
}

/// The server of the provider that the account's address belongs to.
fn known(account: &Account, protocol: Protocol) -> Option<Server> {
    let address = [&account.user, &account.from].into_iter().flatten().find(|text| text.contains('@'))?;
    let domain = address.rsplit_once('@')?.1.trim_end_matches('>');
    let provider = Provider::of_domain(domain)?;
    let server = match protocol {
        Protocol::Smtp => *provider.smtp.first()?,
        Protocol::Imap => provider.imap?,
        Protocol::Pop3 => provider.pop3?,
    };
    Some(Server {
        protocol,
        implicit_tls: server.security == provider::Security::Implicit,
        user: None,
        host: server.host.to_owned(),
        port: server.port,
    })
}

/// The account's own certificate.
fn identity(account: Option<&Account>) -> Result<Option<Identity>, Trouble> {
    let Some((chain, key)) = account.map(|account| (&account.certificate, &account.key)) else {
        return Ok(None);
    };
    match (chain.clone(), key.clone()) {
        (Some(chain), Some(key)) => Ok(Some(Identity { chain: readable(chain)?, key: readable(key)? })),
        (None, None) => Ok(None),
        _ => Err(Trouble::new(
            Exit::Config,
            said(
                "of `certificate` and `key` the account has only one",
                "账户的 certificate 和 key 只设置了一个",
            ),
            said("give both, or neither", "请同时设置，或都不设置"),
        )),
    }
}

/// A certificate file is looked at before anything else, so that a wrong name is found at once.
fn readable(file: PathBuf) -> Result<PathBuf, Trouble> {
    match std::fs::File::open(&file) {
        Ok(_) => Ok(file),
        Err(error) => Err(Trouble::new(
            Exit::NoInput,
            said(
                format!("the certificates {} cannot be read: {error}", file.display()),
                format!("无法读取证书文件 {}：{error}", file.display()),
            ),
            said(
                "check --ca, or `ca`, `certificate` and `key` in the account",
                "请检查 --ca 或账户中的 ca、certificate、key",
            ),
        )),
    }
}

fn other_host(insecure: &str, host: &str) -> Trouble {
    Trouble::new(
        Exit::Config,
        said(
            format!("the account's `insecure` names {insecure:?}, and its server is {host}"),
            format!("账户的 insecure 指定的是 {insecure:?}，而服务器是 {host}"),
        ),
        said(
            "it must name the one host whose certificate is not to be checked; better: take it out, and name the server's certificate as `ca`",
            "它只能指定不检查证书的那一台主机；更好的办法是去掉它，并用 ca 指定服务器的证书",
        ),
    )
}

pub(crate) fn no_account(name: &str, path: Option<&Path>) -> Trouble {
    let path = path.map_or_else(|| "hongyan/config.toml".into(), |path| path.display().to_string());
    Trouble::new(
        Exit::Config,
        said(format!("there is no account {name:?} in {path}"), format!("{path} 中没有名为 {name:?} 的账户")),
        said(format!("add a table [account.{name}] to it"), format!("请在其中添加 [account.{name}]")),
    )
}

/// Nothing says where to send.
fn nowhere(path: Option<&Path>) -> Trouble {
    let what = said(
        "no server is configured, so there is nowhere to send the mail to",
        "还没有设置服务器，不知道该把邮件发到哪里",
    );
    if let Some(place) = sandbox() {
        let next = said(
            format!(
                "your sandbox listens at {place}: add --server smtp://{place}, or export HONGYAN_SERVER=smtp://{place}; nothing leaves this machine then"
            ),
            format!(
                "你的沙箱正在 {place} 运行：请加上 --server smtp://{place}，或执行 export HONGYAN_SERVER=smtp://{place}；这样邮件不会离开本机"
            ),
        );
        return Trouble::new(Exit::Config, what, next);
    }
    let path = path.map_or_else(|| "~/.config/hongyan/config.toml".into(), |path| path.display().to_string());
    let account = "[account.default]\n    from = \"you@example.org\"\n    server = \"smtps://smtp.example.org\"\n    user = \"you@example.org\"";
    Trouble::from(
        Exit::Config,
        Problem::new(
            what,
            said(
                format!(
                    "name one with --server smtps://you@smtp.example.org, or write to {path}:\n    {account}\n  \
                     To try things out without any server: run `hongyan sandbox` in another window, then \
                     add --server smtp://127.0.0.1:{SANDBOX_PORT}"
                ),
                format!(
                    "请用 --server smtps://you@smtp.example.org 指定，或写入 {path}：\n    {account}\n  \
                     只想试一试：在另一个窗口运行 hongyan sandbox，然后加上 --server smtp://127.0.0.1:{SANDBOX_PORT}"
                ),
            ),
        ),
    )
}

/// Nothing says where mail is to be fetched.
fn nothing_to_fetch_from(path: Option<&Path>, purpose: &Purpose) -> Trouble {
    let path = path.map_or_else(|| "~/.config/hongyan/config.toml".into(), |path| path.display().to_string());
    let imap = purpose.protocols.contains(&Protocol::Imap);
    let scheme = if imap { "imap" } else { "pop3" };
    let account = format!(
        "[account.default]\n    user = \"you@example.org\"\n    {scheme} = \"{scheme}s://{scheme}.example.org\""
    );
    Trouble::new(
        Exit::Config,
        said("no server is configured to fetch mail from", "还没有设置收信服务器"),
        said(
            format!(
                "name one with --server {scheme}s://you@{scheme}.example.org, or write to {path}:\n    {account}\n  \
                 (QQ, 163, Gmail and others are known by the address alone)\n  \
                 To try things out without any server: run `hongyan sandbox` in another window, and use the {scheme}:// address it prints"
            ),
            format!(
                "请用 --server {scheme}s://you@{scheme}.example.org 指定，或写入 {path}：\n    {account}\n  \
                 （QQ、163、Gmail 等只需写邮箱地址即可）\n  \
                 只想试一试：在另一个窗口运行 hongyan sandbox，然后使用它显示的 {scheme}:// 地址"
            ),
        ),
    )
}

/// The port that `hongyan sandbox` listens at when it is not told another.
const SANDBOX_PORT: u16 = 2525;

/// Where a mail server answers on this machine at the sandbox's port; asked only to make an advice exact.
fn sandbox() -> Option<String> {
    const PATIENCE: Duration = Duration::from_millis(200);
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, SANDBOX_PORT));
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).ok()?;
    (greeting == *b"220 ").then(|| place.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_of_a_known_provider_need_not_be_named() {
        let account = |user: Option<&str>, from: Option<&str>| Account {
            user: user.map(str::to_owned),
            from: from.map(str::to_owned),
            ..Account::default()
        };
        for (user, from, expected) in [
            (Some("10001@qq.com"), None, Some("smtps://smtp.qq.com:465")),
            (None, Some("Wang Wei <wang@163.com>"), Some("smtps://smtp.163.com:465")),
            (Some("wang"), Some("wang@gmail.com"), Some("smtps://smtp.gmail.com:465")),
            (Some("wang"), None, None),
            (Some("wang@example.org"), None, None),
        ] {
            let server = known(&account(user, from), Protocol::Smtp).map(|server| server.to_string());
            assert_eq!(server.as_deref(), expected, "{user:?} {from:?}");
        }
    }
}
