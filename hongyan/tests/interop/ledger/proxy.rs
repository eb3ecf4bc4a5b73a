//! A TCP proxy between a ledger and its database, which cuts, holds and lets through again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Passes octets both ways, until it is told otherwise. It ends with the process.
#[derive(Clone)]
pub(crate) struct Proxy(Arc<State>);

struct State {
    port: u16,
    to: AtomicU16,
    cut: AtomicBool,
    held: AtomicBool,
    /// Cuts by itself when so many more octets have come from the database; 0: never.
    left: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let state = State {
            port: listener.local_addr().expect("bound").port(),
            to: AtomicU16::new(port),
            cut: AtomicBool::new(false),
            held: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            open: Mutex::default(),
        };
        let proxy = Proxy(Arc::new(state));
        let accepting = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !accepting.0.cut.load(Ordering::SeqCst) {
                    accepting.join(client);
                }
            }
        });
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// Breaks every connection, and refuses new ones.
    pub(crate) fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        self.break_all();
    }

    /// Breaks every connection; new ones are let through.
    pub(crate) fn break_all(&self) {
        for stream in self.0.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Breaks every connection once so many more octets have come from the database.
    pub(crate) fn break_after(&self, octets: usize) {
        self.0.left.store(octets, Ordering::SeqCst);
    }

    /// Lets everything through again.
    pub(crate) fn mend(&self) {
        self.0.cut.store(false, Ordering::SeqCst);
        self.0.held.store(false, Ordering::SeqCst);
    }

    /// Passes nothing on, and breaks nothing: as a network that swallows everything.
    pub(crate) fn hold(&self) {
        self.0.held.store(true, Ordering::SeqCst);
    }

    fn join(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.0.to.load(Ordering::SeqCst))) else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let copies = || [client.try_clone().expect("a handle"), server.try_clone().expect("a handle")];
        self.0.open.lock().expect("no panic").extend(copies());
        let ([from_client, to_server], [to_client, from_server]) = (copies(), copies());
        let (up, down) = (self.clone(), self.clone());
        std::thread::spawn(move || up.pass(from_client, to_server, false));
        std::thread::spawn(move || down.pass(from_server, to_client, true));
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, counted: bool) {
        let mut buffer = [0; 1 << 14];
        while let Ok(count) = from.read(&mut buffer) {
            while self.0.held.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if count == 0 || counted && self.spend(count) || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// Whether this was one too many; then all are broken.
    fn spend(&self, count: usize) -> bool {
        let left = self.0.left.load(Ordering::SeqCst);
        if left == 0 {
            return false;
        }
        self.0.left.store(left.saturating_sub(count), Ordering::SeqCst);
        if left > count {
            return false;
        }
        self.break_all();
        true
    }
}
