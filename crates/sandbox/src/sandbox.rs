//! Starting and stopping a sandbox, and what it tells about itself.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hongyan_net::tls::Acceptor;
use hongyan_proto::imap::server as imap;
use hongyan_proto::pop3::server as pop3;
use hongyan_proto::smtp::server as smtp;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::certificate;
use crate::config::{Config, Keep, ListenIn};
use crate::connection::{self, pop3::Taken};
use crate::error::StartError;
use crate::servers;
use crate::service::Service;
use crate::store::Store;

/// How long to wait when the system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);
/// How long one connection too many is spoken to.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// A running sandbox. Dropping it ends it at once; [`stop`](Self::stop) ends it in good order.
pub struct Sandbox {
    ports: BTreeMap<Service, SocketAddr>,
    ca_pem: String,
    ca_file: Option<PathBuf>,
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// Who has connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where from.
    pub address: SocketAddr,
    /// Connections are numbered from 1, in the order in which they came.
    pub number: u64,
    /// Which port it came to.
    pub service: Service,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) smtp: Arc<smtp::Config>,
    pub(crate) pop3: Arc<pop3::Config>,
    pub(crate) imap: Arc<imap::Config>,
    /// The maildrops that POP3 sessions have.
    pub(crate) taken: Taken,
    pub(crate) acceptor: Acceptor,
    pub(crate) store: Store,
    pub(crate) listen_in: Option<ListenIn>,
    pub(crate) content: Duration,
    stopping: Duration,
    places: Arc<Semaphore>,
    connections: AtomicU64,
    turned_away: AtomicU64,
}

impl Sandbox {
    /// Opens the ports and the store. To be called within a tokio runtime with its time and I/O drivers
    /// on; connections run on that runtime.
    ///
    /// # Errors
    /// [`StartError`], which says what to do next. Nothing is left behind but an empty folder.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let address = config.address;
        if !address.is_loopback() && !config.exposed {
            return Err(StartError::Exposed(address));
        }
        let made = certificate::make(&config.name, address)
            .map_err(|error| StartError::Certificate(config.name.clone(), error))?;
        let mut listening = Vec::new();
        for service in Service::ALL {
            if let Some(port) = config.port(service) {
                listening.push((service, listen(SocketAddr::new(address, port)).await?));
            }
        }
        if listening.is_empty() {
            return Err(StartError::NoListener);
        }
        let users = config.users.iter().map(|user| user.name.clone()).collect();
        let store = Store::open(&config.keep, users)?;
        let ca_file = config.ca_file.clone().or(match &config.keep {
            Keep::Folder(folder) => Some(folder.join("ca.pem")),
            Keep::Memory { .. } => None,
        });
        if let Some(path) = &ca_file {
            write_whole(path, made.ca_pem.as_bytes()).map_err(|e| StartError::CaFile(path.clone(), e))?;
        }

        let shared = Arc::new(shared(&config, store, made.acceptor));
        let (stopping, stop) = watch::channel(false);
        let ports = listening.iter().map(|(service, (_, bound))| (*service, *bound)).collect();
        let listeners = listening.into_iter().map(|(service, (listener, _))| {
            tokio::spawn(serve(listener, service, shared.clone(), stop.clone()))
        });
        let listeners = listeners.collect();
        Ok(Self { ports, ca_pem: made.ca_pem, ca_file, shared, stopping, listeners })
    }

    /// Where a service listens, if it was asked for.
    pub fn at(&self, service: Service) -> Option<SocketAddr> {
        self.ports.get(&service).copied()
    }

    /// Where SMTP is spoken, in clear and by STARTTLS.
    pub fn smtp(&self) -> Option<SocketAddr> {
        self.at(Service::Smtp)
    }

    /// Where SMTP is spoken under TLS from the first octet.
    pub fn smtps(&self) -> Option<SocketAddr> {
        self.at(Service::Smtps)
    }

    /// Where POP3 is spoken, in clear and by STLS.
    pub fn pop3(&self) -> Option<SocketAddr> {
        self.at(Service::Pop3)
    }

    /// Where POP3 is spoken under TLS from the first octet.
    pub fn pop3s(&self) -> Option<SocketAddr> {
        self.at(Service::Pop3s)
    }

    /// Where IMAP is spoken, in clear and by STARTTLS.
    pub fn imap(&self) -> Option<SocketAddr> {
        self.at(Service::Imap)
    }

    /// Where IMAP is spoken under TLS from the first octet.
    pub fn imaps(&self) -> Option<SocketAddr> {
        self.at(Service::Imaps)
    }

    /// The certificate that clients have to trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file that holds it, where there is one.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// What has been received; it may be kept beyond the sandbox's end.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// How many connections have been made.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many of them were turned away because there were too many at a time.
    pub fn turned_away(&self) -> u64 {
        self.shared.turned_away.load(Ordering::Relaxed)
    }

    /// Takes no more connections, tells those that wait 421, lets messages on their way in arrive
    /// ([`Limits::stopping`](crate::Limits::stopping)), then ends the rest.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        for listener in self.listeners.drain(..) {
            // A listener that panicked has ended, too.
            let _ = listener.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("ports", &self.ports).finish_non_exhaustive()
    }
}

fn shared(config: &Config, store: Store, acceptor: Acceptor) -> Shared {
    let limits = config.limits;
    Shared {
        smtp: Arc::new(servers::smtp(config)),
        pop3: Arc::new(servers::pop3(config)),
        imap: Arc::new(servers::imap(config)),
        taken: Taken::default(),
        acceptor,
        store,
        listen_in: config.listen_in.clone(),
        content: limits.content,
        stopping: limits.stopping,
        places: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
        connections: AtomicU64::new(0),
        turned_away: AtomicU64::new(0),
    }
}

async fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(wanted).await.map_err(|e| StartError::Listen(wanted, e))?;
    let bound = listener.local_addr().map_err(|e| StartError::Listen(wanted, e))?;
    Ok((listener, bound))
}

/// Takes connections until it is told to stop, then sees those to their end that it has.
async fn serve(
    listener: TcpListener,
    service: Service,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                    let peer = Peer { address, number, service };
                    match shared.places.clone().try_acquire_owned() {
                        Ok(place) => {
                            let served = connection::serve(stream, peer, shared.clone(), stop.clone());
                            connections.spawn(async move {
                                served.await;
                                drop(place);
                            });
                        }
                        Err(_) => {
                            shared.turned_away.fetch_add(1, Ordering::Relaxed);
                            connections.spawn(turn_away(stream, service));
                        }
                    }
                }
                // Out of sockets, or the client has gone again.
                Err(_) => sleep(BREATH).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let patience = shared.stopping;
    // What has not ended by then is aborted with the set.
    let _ = timeout(patience, async { while connections.join_next().await.is_some() {} }).await;
}

async fn turn_away(mut stream: TcpStream, service: Service) {
    if !service.implicit_tls() {
        // It may be gone; it was not going to be served anyway.
        let _ = timeout(TURNED_AWAY, stream.write_all(service.too_many())).await;
    }
}

/// Writes a file so that nobody ever sees a part of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    fs::write(&new, bytes).and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        // The first error is the one to be told.
        let _ = fs::remove_file(&new);
    })
}
