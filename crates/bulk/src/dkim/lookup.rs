//! Asking the DNS for a DKIM record.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use hongyan_proto::said::{Said, said};

use super::error::NameError;
use super::name;

/// How long one try of a question may take; each is tried twice over UDP, then over TCP.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What asks the DNS.
pub type Resolver = hickory_resolver::TokioResolver;

/// Why the DNS gave no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// There is no TXT record of that name.
    Missing {
        /// The name.
        name: String,
    },
    /// No server answered, or one failed.
    Failed {
        /// The name.
        name: String,
        /// What went wrong.
        why: String,
    },
    /// This machine does not say which DNS server to ask.
    NoServer {
        /// What went wrong.
        why: String,
    },
}

impl LookupError {
    /// What is wrong, in both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Missing { name } => {
                said(format!("there is no TXT record at {name}"), format!("DNS 中没有 TXT 记录 {name}"))
            }
            Self::Failed { name, why } => {
                said(format!("{name} could not be looked up: {why}"), format!("无法查询 {name}：{why}"))
            }
            Self::NoServer { why } => said(
                format!("this machine names no DNS server: {why}"),
                format!("本机没有配置 DNS 服务器：{why}"),
            ),
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

impl std::error::Error for LookupError {}

/// Asks `server`, or those that this machine is set up with. Needs a tokio runtime with I/O and time.
///
/// # Errors
/// [`LookupError::NoServer`].
pub fn resolver(server: Option<SocketAddr>) -> Result<Resolver, LookupError> {
    let no_server = |error: hickory_resolver::net::NetError| LookupError::NoServer { why: error.to_string() };
    let mut builder = match server {
        None => Resolver::builder_tokio().map_err(no_server)?,
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            let server = NameServerConfig::new(server.ip(), true, connections.into());
            let config = ResolverConfig::from_name_servers(vec![server]);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    builder.options_mut().timeout = TIMEOUT;
    builder.build().map_err(no_server)
}

/// The name at which the record of this domain and selector stands: `selector._domainkey.domain`.
///
/// # Errors
/// A domain or selector that cannot be in the DNS.
pub fn lookup_name(domain: &str, selector: &str) -> Result<String, NameError> {
    Ok(format!("{}._domainkey.{}", name::selector(selector)?, name::domain(domain)?))
}

/// The TXT records at this name ([`lookup_name`], [`Record::name`](super::Record::name)), the strings of each joined.
/// More than one is a mistake of whoever keeps the zone: receivers may take any of them.
///
/// # Errors
/// [`LookupError::Missing`], [`LookupError::Failed`].
pub async fn published(resolver: &Resolver, name: &str) -> Result<Vec<String>, LookupError> {
    let name = name.to_owned();
    let failed = |why: String| LookupError::Failed { name: name.clone(), why };
    // With the dot at the end no search domain is appended.
    let asked = Name::from_str_relaxed(format!("{name}.")).map_err(|error| failed(error.to_string()))?;
    let lookup = match resolver.txt_lookup(asked).await {
        Ok(lookup) => lookup,
        Err(error) if error.is_nx_domain() || error.is_no_records_found() => {
            return Err(LookupError::Missing { name });
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let texts = lookup.answers().iter().filter_map(|answer| match &answer.data {
        RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { Err(LookupError::Missing { name }) } else { Ok(texts) }
}
