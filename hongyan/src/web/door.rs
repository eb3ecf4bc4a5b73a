//! Connections for a web server: bounded in number and in time ([`Limits`]), each in clear or under TLS. Handshakes happen
//! beside each other, so that a slow one holds up nobody.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How much of a server others may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many connections there are at a time; the next ones wait.
    pub connections: usize,
    /// How long a connection may last, from its first octet to its last: a request is small and its answer smaller.
    pub lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 256, lifetime: Duration::from_secs(20) }
    }
}

/// How long to wait where the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(200);

/// Takes connections for [`axum::serve()`].
pub struct Door {
    address: SocketAddr,
    guests: mpsc::Receiver<(Guest, SocketAddr)>,
}

impl Door {
    /// Listens at `address`; under TLS where there is an acceptor. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened at.
    pub async fn open(address: SocketAddr, tls: Option<TlsAcceptor>, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (in_, guests) = mpsc::channel(1);
        tokio::spawn(take(listener, tls, limits, in_));
        Ok(Self { address, guests })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Lets guests in until nobody wants them any more.
async fn take(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    guests: mpsc::Sender<(Guest, SocketAddr)>,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = guests.closed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(NO_ROOM).await;
            continue;
        };
        let end = Box::pin(sleep(limits.lifetime));
        let (tls, guests) = (tls.clone(), guests.clone());
        tokio::spawn(async move {
            let stream = match tls {
                None => Stream::Plain(stream),
                Some(tls) => match timeout(limits.lifetime, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    // A scanner, or somebody who speaks no TLS: there is nobody to tell.
                    Ok(Err(_)) | Err(_) => return,
                },
            };
            let _ = guests.send((Guest { stream, end, _permit: permit }, peer)).await;
        });
    }
}

impl axum::serve::Listener for Door {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        match self.guests.recv().await {
            Some(guest) => guest,
            // The task that lets guests in ends with the runtime only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection whose time is running out.
pub struct Guest {
    stream: Stream,
    end: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Guest {
    /// The stream, as long as there is time.
    fn stream(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut (dyn Both + Unpin)>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream),
            Stream::Tls(stream) => Pin::new(stream.as_mut()),
        })
    }
}

trait Both: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Both for T {}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream(context)?.poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_shutdown(context)
    }
}
