//! How fast messages come from an IMAP server to a sink that only counts them:
//! `fetch_speed port=143 user=small password=pw [compress=1] [tls=1] [times=3]`.
//!
//! Lists the INBOX, then fetches all of it. Without a server it is of no use; `bench/` has one.

use std::io;
use std::time::Instant;

use hongyan_net::imap::{Meta, Mode, Options, Session, UidSet, What};
use hongyan_net::tls::{Connector, Policy, Roots};
use hongyan_net::{Server, Sink};
use hongyan_proto::imap::client::Config;
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;

fn arg(name: &str, default: &str) -> String {
    std::env::args()
        .skip(1)
        .find_map(|arg| Some(arg.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
        .unwrap_or_else(|| default.to_owned())
}

#[derive(Default)]
struct Counting {
    messages: u64,
    octets: u64,
}

impl Sink<Meta> for Counting {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.octets += piece.len() as u64;
        Ok(())
    }

    fn end(&mut self, _: Meta) -> io::Result<()> {
        self.messages += 1;
        Ok(())
    }
}

fn main() {
    let tls = arg("tls", "0") == "1";
    let options = Options {
        session: Config {
            tls: if tls { Tls::Required } else { Tls::Never },
            credentials: Some(Credentials {
                user: arg("user", "small"),
                proof: Proof::Password(Secret::new(arg("password", "pw"))),
            }),
            plaintext_auth: true,
            compress: arg("compress", "0") == "1",
            ..Config::default()
        },
        tls: Connector::new(Policy { roots: Roots::Unchecked, identity: None }),
        ..Options::default()
    };
    let port = arg("port", "143").parse().expect("a port");
    let server = Server { host: arg("host", "127.0.0.1"), port, implicit_tls: false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for _ in 0..arg("times", "3").parse().expect("a number") {
        runtime.block_on(async {
            let start = Instant::now();
            let mut session = Session::connect(&server, &options).await.expect("a session");
            session.select("INBOX", Mode::Read, None).await.expect("the INBOX");
            let ready = start.elapsed();
            let metas = session.list(&UidSet::starting_at(1)).await.expect("a list");
            let listed = start.elapsed() - ready;
            let uids: UidSet = metas.iter().map(|meta| meta.uid).collect();
            let mut sink = Counting::default();
            let fetching = Instant::now();
            let missing = session.fetch(&uids, What::Whole, &mut sink).await.expect("the messages");
            let took = fetching.elapsed();
            session.logout().await;
            let seconds = took.as_secs_f64();
            println!(
                "ready in {ready:?}; {} listed in {listed:?}; {} fetched in {took:?}: {:.0}/s, {:.0} MB/s; {} missing",
                metas.len(),
                sink.messages,
                sink.messages as f64 / seconds,
                sink.octets as f64 / seconds / 1e6,
                missing.len(),
            );
        });
    }
}
