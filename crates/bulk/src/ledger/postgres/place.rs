//! Which database, as whom, and how the way there is protected.
//!
//! A place is written as a URL, as libpq reads it: `postgres://user@host:port/database?sslmode=…`. Stricter than libpq,
//! because a worker runs unattended:
//! - a password never stands in the URL, where every user of the machine could read it in the list of processes; it
//!   comes from `PGPASSWORD` or from the password file (`PGPASSFILE`, `~/.pgpass`);
//! - without `sslmode`, and with `allow` or `prefer`, a database on another machine is reached by TLS with its certificate
//!   verified, or not at all; on this machine (a socket in the file system, `localhost`, loopback addresses) in clear;
//! - `require` encrypts without asking who answers, unless `sslrootcert` names whom to trust; `verify-ca` and
//!   `verify-full` verify, name included;
//! - `disable` is the one way to a clear connection over a network, and has to be written.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hongyan_net::tls::{Connector, Identity, Policy, Roots};
use hongyan_proto::said::said;
use tokio_postgres::config::{Config, Host, SslMode};

use super::passfile;
use crate::ledger::LedgerError;

/// How long the database may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long sent octets may stay unacknowledged before the connection counts as gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
/// Where PostgreSQL keeps its sockets on most systems.
const SOCKETS: &str = "/var/run/postgresql";

/// A database, and how to get there. Holds the password, and never prints it.
#[derive(Clone)]
pub struct Place {
    pub(super) config: Config,
    pub(super) tls: Connector,
    shown: String,
    url: String,
}

impl Place {
    /// Reads a URL; what it does not say comes from `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGSSLMODE` and
    /// `PGSSLROOTCERT`, the password from `PGPASSWORD` or the password file.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where it is no such URL, holds a password, or the password file is open to others.
    pub fn parse(url: &str) -> Result<Self, LedgerError> {
        Self::with(url, &|name| std::env::var_os(name))
    }

    /// The same with an environment of the caller's.
    ///
    /// # Errors
    /// As [`Place::parse`].
    pub fn with(url: &str, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, LedgerError> {
        let text =
            |name: &str| environment(name).and_then(|v| v.into_string().ok()).filter(|v| !v.is_empty());
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(malformed("it does not begin with postgres://", "它不以 postgres:// 开头"));
        }
        let (rest, mut wishes) = Wishes::taken_from(url)?;
        let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
            let why =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            malformed(&why, &why)
        })?;
        if config.get_password().is_some() {
            return Err(LedgerError::Refused(said(
                "the database's URL holds a password, which everybody on this machine can read in the list of \
                 processes: take it out, and put it into PGPASSWORD or into ~/.pgpass (host:port:database:user:password, \
                 readable by you only)",
                "数据库 URL 里写了密码，本机的任何人都能在进程列表里看到它：请从 URL 里删掉，改放到环境变量 PGPASSWORD 或 \
                 ~/.pgpass 文件里（格式：主机:端口:数据库:用户:密码，且只有您自己可读）",
            )));
        }
        complete(&mut config, &text)?;
        let local = config
            .get_hosts()
            .iter()
            .enumerate()
            .all(|(at, host)| is_local(host, config.get_hostaddrs().get(at)));
        let sockets = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        wishes.mode = wishes.mode.or_else(|| text("PGSSLMODE"));
        wishes.roots = wishes.roots.or_else(|| text("PGSSLROOTCERT"));
        let url = url_of(&config, &rest, &wishes);
        let mode = wishes.mode.unwrap_or_default();
        let authority = wishes.roots.filter(|name| name != "system");
        let trusted = authority.as_ref().map_or(Roots::Platform, |path| Roots::File(PathBuf::from(path)));
        let (tls, roots) = match mode.as_str() {
            "disable" => (false, Roots::Platform),
            _ if sockets => (false, Roots::Platform),
            "" | "allow" | "prefer" => (!local, trusted),
            "require" if authority.is_none() => (true, Roots::Unchecked),
            "require" | "verify-ca" | "verify-full" => (true, trusted),
            other => {
                let other = other.escape_debug();
                return Err(malformed(
                    &format!(
                        "sslmode `{other}` is none of disable, prefer, require, verify-ca and verify-full"
                    ),
                    &format!(
                        "sslmode `{other}` 不是 disable、prefer、require、verify-ca 或 verify-full 之一"
                    ),
                ));
            }
        };
        config.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT).tcp_user_timeout(UNACKNOWLEDGED);
        config.keepalives_idle(UNACKNOWLEDGED).keepalives_interval(UNACKNOWLEDGED / 3).keepalives_retries(3);
        if config.get_application_name().is_none() {
            config.application_name("hongyan");
        }
        if let Some(password) = password(&config, wishes.passfile.or_else(|| text("PGPASSFILE")), &text)? {
            config.password(password);
        }
        let identity = match (wishes.certificate, wishes.key) {
            (Some(chain), Some(key)) => Some(Identity { chain: chain.into(), key: key.into() }),
            (None, None) => None,
            _ => {
                return Err(malformed(
                    "sslcert and sslkey belong together",
                    "sslcert 和 sslkey 必须一起给出",
                ));
            }
        };
        let shown = shown(&config);
        Ok(Self { config, tls: Connector::new(Policy { roots, identity }), shown, url })
    }

    /// `user@host:port/database`, for people; without the password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A URL of the same place, by which it is found also where the environment's variables are others; without the
    /// password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether this is the database that a [URL of a place](Self::url) names; how it is reached may differ.
    pub fn is_at(&self, url: &str) -> bool {
        let database = |url: &str| url.split('?').next().map(str::to_owned);
        database(&self.url) == database(url)
    }

    /// Whether the way there is by TLS.
    pub fn encrypted(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// Whether, by TLS, only a database with a certificate that counts is talked to.
    pub fn verified(&self) -> bool {
        self.encrypted() && self.tls.verifies()
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.shown).finish()
    }
}

/// What a URL asks for that the driver's own reader does not know.
#[derive(Default)]
struct Wishes {
    mode: Option<String>,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    passfile: Option<String>,
}

impl Wishes {
    /// Takes these parameters out of the URL; the rest is for the driver.
    fn taken_from(url: &str) -> Result<(String, Self), LedgerError> {
        let mut wishes = Self::default();
        let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), wishes)) };
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match key {
                "sslmode" => &mut wishes.mode,
                "sslrootcert" => &mut wishes.roots,
                "sslcert" => &mut wishes.certificate,
                "sslkey" => &mut wishes.key,
                "passfile" => &mut wishes.passfile,
                _ => {
                    rest.push(pair);
                    continue;
                }
            };
            let value = decoded(value);
            *place = Some(value.ok_or_else(|| {
                malformed("a `%` is not followed by two digits", "`%` 后面不是两位十六进制数")
            })?);
        }
        let rest = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        Ok((rest, wishes))
    }
}

/// Percent-decoding (RFC 3986 §2.1); `None` for a broken escape, what is not UTF-8, and control characters.
fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok().filter(|text| !text.chars().any(char::is_control))
}

/// What neither the URL nor libpq's variables say is what libpq would take.
fn complete(config: &mut Config, text: &dyn Fn(&str) -> Option<String>) -> Result<(), LedgerError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host(text("PGHOST").unwrap_or_else(|| SOCKETS.into()));
    } else if config.get_hosts().is_empty() {
        let names: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
        for name in names {
            config.host(name);
        }
    }
    if config.get_ports().is_empty()
        && let Some(port) = text("PGPORT")
    {
        config.port(port.parse().map_err(|_| malformed("PGPORT is no port", "PGPORT 不是端口号"))?);
    }
    if config.get_user().is_none()
        && let Some(user) = text("PGUSER").or_else(|| text("USER")).or_else(|| text("LOGNAME"))
    {
        config.user(user);
    }
    if config.get_dbname().is_none()
        && let Some(name) = text("PGDATABASE").or_else(|| config.get_user().map(str::to_owned))
    {
        config.dbname(name);
    }
    Ok(())
}

fn is_local(host: &Host, address: Option<&IpAddr>) -> bool {
    match (host, address) {
        (Host::Unix(_), _) => true,
        (Host::Tcp(_), Some(address)) => address.is_loopback(),
        (Host::Tcp(name), None) => {
            name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
        }
    }
}

/// From the environment, else from the password file.
fn password(
    config: &Config,
    file: Option<String>,
    text: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, LedgerError> {
    if let Some(password) = text("PGPASSWORD") {
        return Ok(Some(password));
    }
    let Some(file) = file.map(PathBuf::from).or_else(|| Some(PathBuf::from(text("HOME")?).join(".pgpass")))
    else {
        return Ok(None);
    };
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(folder)) if folder.as_os_str() == SOCKETS => "localhost".into(),
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => String::new(),
    };
    let wanted = passfile::Wanted {
        host: &host,
        port: &config.get_ports().first().copied().unwrap_or(5432).to_string(),
        database: config.get_dbname().unwrap_or_default(),
        user: config.get_user().unwrap_or_default(),
    };
    passfile::find(&file, &wanted)
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => String::new(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (user, database) = (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
    format!("{user}@{host}:{port}/{database}").escape_debug().to_string()
}

/// What the parts of a place are as one URL; `rest` is what the driver read.
fn url_of(config: &Config, rest: &str, wishes: &Wishes) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{}:{port}", encoded(name)),
            Host::Unix(folder) => format!("{}:{port}", encoded(&folder.to_string_lossy())),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let (user, database) = (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
    let mut url = format!("postgres://{}@{hosts}/{}", encoded(user), encoded(database));
    // Where it is stands before; how to get there, where that was said, follows.
    let is_place = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        ["host", "port", "user", "dbname"].contains(&key)
    };
    let kept = rest.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<String> =
        kept.split('&').filter(|pair| !pair.is_empty() && !is_place(pair)).map(str::to_owned).collect();
    for (key, value) in [
        ("sslmode", &wishes.mode),
        ("sslrootcert", &wishes.roots),
        ("sslcert", &wishes.certificate),
        ("sslkey", &wishes.key),
        ("passfile", &wishes.passfile),
    ] {
        pairs.extend(value.as_ref().map(|value| format!("{key}={}", encoded(value))));
    }
    if !pairs.is_empty() {
        url.push('?');
        url.push_str(&pairs.join("&"));
    }
    url
}

/// Percent-encoding of all but unreserved characters (RFC 3986 §2.3).
fn encoded(text: &str) -> String {
    let one = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn malformed(en: &str, zh: &str) -> LedgerError {
    LedgerError::Refused(said(
        format!(
            "the database's URL cannot be understood, {en}: write it as postgres://user@host:5432/database, or \
             postgres:///database?host=/var/run/postgresql for a database on this machine"
        ),
        format!(
            "看不懂这个数据库 URL，{zh}：请写成 postgres://用户@主机:5432/数据库；本机数据库可写 \
             postgres:///数据库?host=/var/run/postgresql"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Result<Place, LedgerError> {
        Place::with(url, &|name| (name == "USER").then(|| "zhang".into()))
    }

    #[test]
    fn a_clear_connection_over_a_network_has_to_be_written() {
        let cases = [
            ("postgres://u@db.example.org/d", true, true),
            ("postgres://u@db.example.org/d?sslmode=prefer", true, true),
            ("postgres://u@db.example.org/d?sslmode=allow", true, true),
            ("postgres://u@db.example.org/d?sslmode=require", true, false),
            ("postgres://u@db.example.org/d?sslmode=require&sslrootcert=%2Fetc%2Fca.pem", true, true),
            ("postgres://u@db.example.org/d?sslmode=verify-ca", true, true),
            ("postgres://u@db.example.org/d?sslmode=verify-full", true, true),
            ("postgres://u@db.example.org/d?sslmode=disable", false, false),
            ("postgres://u@localhost/d", false, false),
            ("postgres://u@127.0.0.1/d", false, false),
            ("postgres://u@[::1]/d", false, false),
            ("postgres://u@localhost/d?sslmode=verify-full", true, true),
            ("postgres://u@localhost,db.example.org/d", true, true),
            ("postgres://u@localhost/d?hostaddr=192.0.2.1", true, true),
            ("postgres:///d?host=/var/run/postgresql", false, false),
            ("postgres://u@%2Frun%2Fpg/d?sslmode=verify-full", false, false),
        ];
        for (url, encrypted, verified) in cases {
            let place = place(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((place.encrypted(), place.verified()), (encrypted, verified), "{url}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for url in ["postgres://u:geheim@localhost/d", "postgres://u@localhost/d?password=geheim"] {
            let error = place(url).expect_err(url).to_string();
            assert!(error.contains("PGPASSWORD") && !error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_with_an_example() {
        for url in [
            "mysql://localhost/d",
            "postgres://localhost:port/d",
            "postgres://localhost/d?sslmode=never",
            "postgres://localhost/d?sslmode=%zz",
            "postgres://localhost/d?colour=red",
            "postgres://h/d?sslcert=a",
        ] {
            let error = place(url).expect_err(url).to_string();
            assert!(error.contains("postgres://user@host"), "{url}: {error}");
        }
    }

    #[test]
    fn a_places_own_url_leads_to_it_without_the_environment_and_without_the_password() {
        let environment = |name: &str| match name {
            "PGHOST" => Some("/run/own sockets".into()),
            "PGUSER" => Some("李四".into()),
            "PGSSLMODE" => Some("verify-full".into()),
            "PGPASSWORD" => Some("geheim".into()),
            _ => None,
        };
        for (url, own) in [
            (
                "postgres:///mail",
                "postgres://%E6%9D%8E%E5%9B%9B@%2Frun%2Fown%20sockets:5432/mail?sslmode=verify-full",
            ),
            ("postgres://a@[::1]:6000/mail?sslmode=disable", "postgres://a@[::1]:6000/mail?sslmode=disable"),
            (
                "postgresql://a@one.example,two.example/mail?connect_timeout=3&sslrootcert=/etc/our%20ca.pem",
                "postgres://a@one.example:5432,two.example:5432/mail?connect_timeout=3&sslmode=verify-full&sslrootcert=%2Fetc%2Four%20ca.pem",
            ),
            (
                "postgres:///mail?host=db.example.org&port=5433&user=a",
                "postgres://a@db.example.org:5433/mail?sslmode=verify-full",
            ),
        ] {
            let first = Place::with(url, &environment).expect(url);
            assert_eq!(first.url(), own, "{url}");
            let again = Place::with(own, &|_| None).expect(own);
            assert_eq!((again.url(), again.shown()), (own, first.shown()), "{url}");
            assert_eq!(again.encrypted(), first.encrypted(), "{url}");
            assert!(first.is_at(own) && !first.is_at("postgres://a@db.example.net:5432/mail"), "{url}");
        }
    }

    #[test]
    fn what_the_url_leaves_open_comes_from_libpqs_variables() {
        let environment = |name: &str| match name {
            "PGHOST" => Some("db.example.org".into()),
            "PGPORT" => Some("5433".into()),
            "PGUSER" => Some("li".into()),
            "PGDATABASE" => Some("mail".into()),
            "PGPASSWORD" => Some("geheim".into()),
            _ => None,
        };
        let place = Place::with("postgres://", &environment).expect("a place");
        assert_eq!(place.shown(), "li@db.example.org:5433/mail");
        assert_eq!(place.config.get_password(), Some(&b"geheim"[..]));
        assert!(!format!("{place:?}").contains("geheim"));
        assert_eq!(
            super::tests::place("postgres://").expect("a place").shown(),
            "zhang@/var/run/postgresql:5432/zhang"
        );
    }
}
