//! What a connection runs over: TCP, TLS over it, any other stream of octets, compression over any of them.
//!
//! Nagle's algorithm is off on every TCP link: the driver gathers what belongs together into one write,
//! and nothing may wait for a peer's delayed acknowledgement (40 ms a message, seen with other clients).
//! A peer that leaves it on, and writes the replies to one flight one by one, waits for ours:
//! [`Link::acknowledge`].

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use crate::deflate::Deflated;

/// Any stream of octets: an in-memory pipe in a test, one that splits or delays.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A link in clear.
pub enum Plain {
    /// TCP.
    Tcp(TcpStream),
    /// Anything else.
    Other(Box<dyn Stream>),
}

/// A link.
pub enum Link {
    /// In clear.
    Plain(Plain),
    /// Under TLS.
    Tls(Box<TlsStream<Plain>>),
    /// Compressed, over any other.
    Deflated(Box<Deflated>),
    /// Ended: by a handshake that failed or was given up.
    Ended,
}

impl From<TcpStream> for Link {
    fn from(stream: TcpStream) -> Self {
        Self::Plain(Plain::from(stream))
    }
}

impl From<TcpStream> for Plain {
    fn from(stream: TcpStream) -> Self {
        // This fails where the peer is gone already; the first read or write will say so.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }
}

impl Link {
    /// A link over any stream of octets.
    pub fn other(stream: impl Stream + 'static) -> Self {
        Self::Plain(Plain::Other(Box::new(stream)))
    }

    /// True under TLS.
    pub fn is_tls(&self) -> bool {
        match self {
            Self::Tls(_) => true,
            Self::Deflated(deflated) => deflated.link().is_tls(),
            Self::Plain(_) | Self::Ended => false,
        }
    }

    /// Compresses both directions from here on; `received` is what has arrived already behind the agreement on
    /// that.
    pub(crate) fn compress(&mut self, received: &[u8]) {
        let link = std::mem::replace(self, Self::Ended);
        *self = match link {
            Self::Ended | Self::Deflated(_) => link,
            Self::Plain(_) | Self::Tls(_) => Self::Deflated(Box::new(Deflated::new(link, received))),
        };
    }

    /// Acknowledges at once what has been received, where there is nothing to send that would carry the
    /// acknowledgement. Elsewhere than on Linux, the system decides.
    pub(crate) fn acknowledge(&self) {
        let plain = match self {
            Self::Plain(plain) => plain,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Deflated(deflated) => return deflated.link().acknowledge(),
            Self::Ended => return,
        };
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Plain::Tcp(stream) = plain {
            // Only a hint: without it the peer waits a little longer.
            let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = plain;
    }

    /// The link in clear, where it is one; what is left has [`Ended`](Self::Ended).
    pub(crate) fn take_plain(&mut self) -> io::Result<Plain> {
        match std::mem::replace(self, Self::Ended) {
            Self::Plain(plain) => Ok(plain),
            Self::Tls(_) => Err(io::Error::other("TLS is up already")),
            Self::Deflated(_) => Err(io::Error::other("TLS cannot begin under compression")),
            Self::Ended => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(stream) => stream.fmt(f),
            Self::Other(_) => f.write_str("Other"),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(plain) => plain.fmt(f),
            Self::Tls(stream) => write!(f, "Tls({:?})", stream.get_ref().0),
            Self::Deflated(deflated) => deflated.fmt(f),
            Self::Ended => f.write_str("Ended"),
        }
    }
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Other(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Other(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Other(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

fn ended<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl AsyncRead for Link {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Deflated(deflated) => Pin::new(&mut **deflated).poll_read(cx, buf),
            Self::Ended => ended(),
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Deflated(deflated) => Pin::new(&mut **deflated).poll_write(cx, buf),
            Self::Ended => ended(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Deflated(deflated) => Pin::new(&mut **deflated).poll_write_vectored(cx, bufs),
            Self::Ended => ended(),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(plain) => plain.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Deflated(deflated) => deflated.is_write_vectored(),
            Self::Ended => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Deflated(deflated) => Pin::new(&mut **deflated).poll_flush(cx),
            Self::Ended => ended(),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Deflated(deflated) => Pin::new(&mut **deflated).poll_shutdown(cx),
            Self::Ended => Poll::Ready(Ok(())),
        }
    }
}
