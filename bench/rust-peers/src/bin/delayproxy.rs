//! Stands before a server and holds back whatever it says by `ms=` milliseconds, without limiting
//! the rate: `delayproxy listen=2600 to=2525 ms=20` gives a round trip of 20 ms.
use rust_peers::arg;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

fn pump(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (tx, rx) = sync_channel::<(Instant, Vec<u8>)>(4096);
    spawn(move || {
        let mut buf = vec![0u8; 1 << 16];
        while let Ok(n) = from.read(&mut buf) {
            if n == 0 || tx.send((Instant::now() + delay, buf[..n].to_vec())).is_err() {
                break;
            }
        }
    });
    spawn(move || {
        while let Ok((due, bytes)) = rx.recv() {
            let wait = due.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                sleep(wait);
            }
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn main() -> io::Result<()> {
    let delay = Duration::from_millis(arg("ms", 20));
    for client in TcpListener::bind(("127.0.0.1", arg("listen", 2600u16)))?.incoming() {
        let client = client?;
        let Ok(server) = TcpStream::connect(("127.0.0.1", arg("to", 2525u16))) else { continue };
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        pump(client.try_clone()?, server.try_clone()?, Duration::ZERO);
        pump(server, client, delay);
    }
    Ok(())
}
