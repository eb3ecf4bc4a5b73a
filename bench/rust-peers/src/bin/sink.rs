//! A cheap SMTP sink, so that the sender and not the server is the bottleneck: a thread per
//! connection, PIPELINING, CHUNKING and (cert= key=) STARTTLS, replies batched until the input is
//! used up. `XSTAT` answers with the messages and bytes taken since the last XSTAT.
use rust_peers::arg;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

static MSGS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

enum State {
    Command,
    Data,
    Chunk(u64, bool),
}

/// `quickack=1`: acknowledge at once, so that a client which leaves Nagle on is not held up for 40 ms.
fn quick_ack(fd: i32) {
    let on: libc::c_int = 1;
    unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_QUICKACK, (&raw const on).cast(), 4) };
}

/// Serves one connection; returns true when the client asked for STARTTLS.
fn serve<S: Read + Write>(s: &mut S, fd: i32, tls_offered: bool, greet: bool) -> io::Result<bool> {
    let quick = arg("quickack", 0) == 1;
    let mut buf = vec![0u8; 1 << 18];
    let (mut start, mut end) = (0usize, 0usize);
    let mut out: Vec<u8> = Vec::with_capacity(4096);
    if greet {
        out.extend_from_slice(b"220 sink ESMTP\r\n");
    }
    let mut state = State::Command;
    loop {
        // Use what is in the buffer.
        loop {
            let b = &buf[start..end];
            match state {
                State::Command => {
                    let Some(n) = memchr::memchr(b'\n', b) else { break };
                    let line = &b[..n + 1];
                    start += n + 1;
                    let verb = line[..4.min(line.len())].to_ascii_uppercase();
                    match &verb[..] {
                        b"EHLO" => {
                            out.extend_from_slice(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n");
                            if tls_offered {
                                out.extend_from_slice(b"250-STARTTLS\r\n");
                            }
                            out.extend_from_slice(b"250 SIZE 4000000000\r\n");
                        }
                        b"DATA" => {
                            out.extend_from_slice(b"354 go\r\n");
                            state = State::Data;
                        }
                        b"BDAT" => {
                            let t = String::from_utf8_lossy(&line[4..]).trim().to_ascii_uppercase();
                            let mut words = t.split(' ');
                            let n = words.next().and_then(|w| w.parse().ok()).unwrap_or(0);
                            state = State::Chunk(n, words.next() == Some("LAST"));
                        }
                        b"STAR" => {
                            s.write_all(b"220 go\r\n")?;
                            s.flush()?;
                            return Ok(true);
                        }
                        b"QUIT" => {
                            out.extend_from_slice(b"221 bye\r\n");
                            s.write_all(&out)?;
                            s.flush()?;
                            return Ok(false);
                        }
                        b"XSTA" => {
                            let (m, n) = (MSGS.swap(0, Relaxed), BYTES.swap(0, Relaxed));
                            out.extend_from_slice(format!("250 {m} {n}\r\n").as_bytes());
                        }
                        _ => out.extend_from_slice(b"250 ok\r\n"),
                    }
                }
                State::Data => {
                    // A lone dot first thing is an empty message; otherwise CRLF.CRLF ends it.
                    match memchr::memmem::find(b, b"\r\n.\r\n") {
                        Some(n) => {
                            BYTES.fetch_add(n as u64 + 2, Relaxed);
                            MSGS.fetch_add(1, Relaxed);
                            start += n + 5;
                            out.extend_from_slice(b"250 ok\r\n");
                            state = State::Command;
                        }
                        None => {
                            let used = b.len().saturating_sub(4);
                            BYTES.fetch_add(used as u64, Relaxed);
                            start += used;
                            break;
                        }
                    }
                }
                State::Chunk(left, last) => {
                    let used = (b.len() as u64).min(left);
                    BYTES.fetch_add(used, Relaxed);
                    start += used as usize;
                    if used < left {
                        state = State::Chunk(left - used, last);
                        break;
                    }
                    if last {
                        MSGS.fetch_add(1, Relaxed);
                    }
                    out.extend_from_slice(b"250 ok\r\n");
                    state = State::Command;
                }
            }
        }
        if !out.is_empty() {
            s.write_all(&out)?;
            s.flush()?;
            out.clear();
        }
        if start == end {
            start = 0;
            end = 0;
        } else if start > 0 {
            buf.copy_within(start..end, 0);
            end -= start;
            start = 0;
        }
        if quick {
            quick_ack(fd);
        }
        let n = s.read(&mut buf[end..])?;
        if n == 0 {
            return Ok(false);
        }
        end += n;
    }
}

fn main() -> io::Result<()> {
    let (cert, key) = (arg("cert", String::new()), arg("key", String::new()));
    let tls = (!cert.is_empty()).then(|| {
        let chain = CertificateDer::pem_file_iter(&cert).unwrap().map(|c| c.unwrap()).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Arc::new(
            rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, PrivateKeyDer::from_pem_file(&key).unwrap())
                .unwrap(),
        )
    });
    let listener = TcpListener::bind(("127.0.0.1", arg("port", 2525u16)))?;
    for conn in listener.incoming() {
        let (mut conn, tls): (TcpStream, _) = (conn?, tls.clone());
        std::thread::spawn(move || -> io::Result<()> {
            conn.set_nodelay(true)?;
            let fd = conn.as_raw_fd();
            if serve(&mut conn, fd, tls.is_some(), true)?
                && let Some(config) = tls
            {
                let session = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
                serve(&mut rustls::StreamOwned::new(session, conn), fd, false, false)?;
            }
            Ok(())
        });
    }
    Ok(())
}
