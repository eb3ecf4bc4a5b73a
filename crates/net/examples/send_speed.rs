//! How fast messages leave that cost nothing to compose: `send_speed port=2525 n=10000 conns=1 size=2500`.
//!
//! `chunking=0` pipelines DATA, `tls=1` uses STARTTLS with any certificate. Without a server it is of no
//! use; `bench/` has one, and bare blocking programs to hold the result against.

use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hongyan_net::smtp::{Mail, Options, Server, Session};
use hongyan_net::tls::{Connector, Policy, Roots};
use hongyan_proto::address::Address;
use hongyan_proto::smtp::client::Tls;
use hongyan_proto::smtp::{Config, Envelope};

fn arg(name: &str, default: u64) -> u64 {
    std::env::args()
        .skip(1)
        .find_map(|arg| arg.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        .map_or(default, |value| value.parse().expect("a number"))
}

fn main() {
    let (n, conns, size) = (arg("n", 10_000), arg("conns", 1), arg("size", 2_500));
    let tls = arg("tls", 0) == 1;
    let options = Options {
        session: Config {
            hello: "bench.example".into(),
            tls: if tls { Tls::Required } else { Tls::Never },
            chunking: arg("chunking", 1) == 1,
            ..Config::default()
        },
        tls: Connector::new(Policy { roots: Roots::Unchecked, identity: None }),
        ..Options::default()
    };
    let server = Server { host: "127.0.0.1".into(), port: arg("port", 2525) as u16, implicit_tls: false };
    let line = b"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n";
    let content: Arc<[u8]> = line.iter().copied().cycle().take(size as usize / 78 * 78).collect();
    let from = Address::parse("from@example.org").expect("an address");
    let to = Address::parse("to@example.org").expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let start = Instant::now();
    let (next, accepted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let failed = Arc::new(Mutex::new(None));
    runtime.block_on(async {
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..conns {
            let (server, options, content, from, to) =
                (server.clone(), options.clone(), content.clone(), from.clone(), to.clone());
            let (next, accepted, failed) = (next.clone(), accepted.clone(), failed.clone());
            sending.spawn(async move {
                let mut session = Session::connect(&server, &options).await.expect("a session");
                let source = |_: &_| {
                    (next.fetch_add(1, Relaxed) < n).then(|| Mail {
                        envelope: Envelope {
                            from: Some(from.clone()),
                            to: vec![to.clone().into()],
                            size: content.len() as u64,
                            ..Envelope::default()
                        },
                        body: Box::new(Cursor::new(content.clone())),
                    })
                };
                let count = |_, delivery: hongyan_proto::outcome::Delivery| {
                    accepted.fetch_add(u64::from(delivery.is_accepted()), Relaxed);
                };
                let ended = session.send_all(source, count).await;
                if let Some(failure) = ended.failure {
                    *failed.lock().expect("no panic") = Some(failure);
                }
                session.quit().await;
            });
        }
        while let Some(ended) = sending.join_next().await {
            ended.expect("no panic");
        }
    });
    let took = start.elapsed().as_secs_f64();
    let accepted = accepted.load(Relaxed);
    if let Some(failure) = failed.lock().expect("no panic").take() {
        println!("{failure}");
    }
    let megabytes = accepted as f64 * content.len() as f64 / 1e6;
    println!(
        "{accepted} accepted in {took:.3} s: {:.0}/s, {:.0} MB/s",
        accepted as f64 / took,
        megabytes / took
    );
}
