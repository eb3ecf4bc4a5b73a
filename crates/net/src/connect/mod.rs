//! From a host name to a connection: lookup, happy eyeballs, a proxy in between.
//!
//! Every failure names what was tried: the host that is unknown, each address with what became of it, the
//! proxy and its words.

mod eyeballs;
mod http;
mod proxy;
mod socks5;

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hongyan_proto::outcome::{Failure, Kind, Stage};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use eyeballs::STAGGER;
pub use proxy::{Proxy, ProxyError};

/// How to get through.
#[derive(Clone, Debug)]
pub struct Route {
    /// Go through this.
    pub proxy: Option<Proxy>,
    /// For one address to answer: 30 seconds.
    pub each: Duration,
    /// For all of it, the lookup and the proxy included: 2 minutes.
    pub total: Duration,
}

impl Default for Route {
    fn default() -> Self {
        Self { proxy: None, each: Duration::from_secs(30), total: Duration::from_secs(120) }
    }
}

/// A connection.
#[derive(Debug)]
pub struct Reached {
    /// Over it, the other side has not said anything yet that was read.
    pub stream: TcpStream,
    /// `192.0.2.1:25`, or `mx.example:25 through socks5://127.0.0.1:1080`: for the transcript.
    pub place: String,
}

/// Connects to a host (a name, IDN included, or an IP address, in brackets or not) at a port.
///
/// # Errors
/// [`Stage::Resolve`] or [`Stage::Connect`], [`Kind::Unreachable`] or [`Kind::Timeout`]; [`Kind::Auth`]
/// where a proxy refuses the login.
pub async fn connect(host: &str, port: u16, route: &Route) -> Result<Reached, Failure> {
    let host = normal(host).ok_or_else(|| {
        Failure::new(Stage::Resolve, Kind::Local, format!("`{}` is not a host name", host.escape_debug()))
    })?;
    match timeout(route.total, through(&host, port, route)).await {
        Ok(reached) => reached,
        Err(_) => {
            let text =
                format!("no connection to {host} port {port} within {} seconds", route.total.as_secs());
            Err(Failure::new(Stage::Connect, Kind::Timeout, text))
        }
    }
}

async fn through(host: &str, port: u16, route: &Route) -> Result<Reached, Failure> {
    let Some(proxy) = &route.proxy else {
        let (stream, address) = direct(host, port, route.each).await?;
        return Ok(Reached { stream, place: address.to_string() });
    };
    let (mut stream, _) = direct(&proxy.host, proxy.port, route.each).await.map_err(|failure| {
        let text = format!(
            "the proxy {proxy}: {}",
            failure.cause.as_ref().map_or(String::new(), ToString::to_string)
        );
        Failure::new(failure.stage, failure.kind, text)
    })?;
    proxy.ask(&mut stream, host, port).await?;
    Ok(Reached { stream, place: format!("{} through {proxy}", at(host, port)) })
}

/// A host as it is looked up, and named to others: without brackets, as A-labels. `None` where it can be
/// no host.
pub(crate) fn normal(host: &str) -> Option<String> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let name = if bare.is_ascii() { bare.to_owned() } else { idna::domain_to_ascii(bare).ok()? };
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())).then_some(name)
}

/// Host and port as one word.
fn at(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

async fn direct(host: &str, port: u16, each: Duration) -> Result<(TcpStream, SocketAddr), Failure> {
    let addresses = resolve(host, port).await?;
    let race = eyeballs::race(addresses, each, TcpStream::connect);
    race.await.map_err(|tried| unreachable(host, port, &tried))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let unknown = |why: &str| {
        let text = format!("the host `{}` was not found{why}", host.escape_debug());
        Failure::new(Stage::Resolve, Kind::Unreachable, text)
    };
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses = found.map_err(|error| unknown(&format!(": {}", words(&error))))?.collect::<Vec<_>>();
    if addresses.is_empty() { Err(unknown("")) } else { Ok(addresses) }
}

fn unreachable(host: &str, port: u16, tried: &[(SocketAddr, io::Error)]) -> Failure {
    let mut text = format!("no connection to {host} port {port}: ");
    for (n, (address, error)) in tried.iter().enumerate() {
        let _ = write!(text, "{}{address}: {}", if n == 0 { "" } else { "; " }, words(error));
    }
    let late = tried.iter().all(|(_, error)| error.kind() == io::ErrorKind::TimedOut);
    Failure::new(Stage::Connect, if late { Kind::Timeout } else { Kind::Unreachable }, text)
}

/// An error's text without the system's number for it.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
}
