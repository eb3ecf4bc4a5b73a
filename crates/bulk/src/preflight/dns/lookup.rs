//! Asking DNS, by a trait so that tests can answer from a table; and the answer of the real one.
//!
//! The real one lives on a thread of its own: whoever asks may be inside a runtime or not. All questions together have a
//! limited time, after which each is unanswered at once: without a network a check is not kept waiting for every name.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

/// How long one question may take.
const EACH: Duration = Duration::from_secs(4);
/// How long all questions of a check may take together.
const TOGETHER: Duration = Duration::from_secs(20);

/// What DNS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// These records; at least one.
    Found(Vec<T>),
    /// There is no such name, or it has no such record.
    Nothing,
    /// It did not say, for this reason.
    Unanswered(String),
}

/// Somebody who can be asked.
pub trait Lookup: Send + Sync {
    /// The texts at a name, the strings of each put together.
    fn txt(&self, name: &str) -> Answer<String>;
    /// The addresses of a name, IPv4 and IPv6.
    fn addresses(&self, name: &str) -> Answer<IpAddr>;
    /// The mail exchangers of a domain.
    fn exchangers(&self, name: &str) -> Answer<String>;
}

/// A question: a name, and which records are wanted.
type Question = (String, Vec<RecordType>, mpsc::Sender<Answer<RData>>);

/// The real DNS.
#[derive(Debug)]
pub struct Dns {
    questions: Mutex<mpsc::Sender<Question>>,
    until: Instant,
}

impl Dns {
    /// As the system is configured.
    ///
    /// # Errors
    /// Where there is no configuration, or no thread can be started.
    pub fn of_the_system() -> io::Result<Self> {
        Self::start(|| {
            TokioResolver::builder_tokio().and_then(|mut builder| {
                (builder.options_mut().timeout, builder.options_mut().attempts) = (EACH / 2, 2);
                builder.build()
            })
        })
    }

    /// The name server at this address, and no other.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn at(server: SocketAddr) -> io::Result<Self> {
        Self::start(move || {
            let mut udp = ConnectionConfig::udp();
            udp.port = server.port();
            let server = NameServerConfig::new(server.ip(), true, vec![udp]);
            let config = ResolverConfig::from_name_servers(vec![server]);
            let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            let options = builder.options_mut();
            (options.timeout, options.attempts) = (EACH / 4, 1);
            options.use_hosts_file = ResolveHosts::Never;
            builder.build()
        })
    }

    fn start(make: impl FnOnce() -> Result<TokioResolver, NetError> + Send + 'static) -> io::Result<Self> {
        let (questions, asked) = mpsc::channel::<Question>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("preflight-dns".into()).spawn(move || {
            runtime.block_on(async {
                let resolver = make();
                // The thread waits for questions here: nothing else runs on its runtime between them.
                while let Ok((name, kinds, answer)) = asked.recv() {
                    let said = match &resolver {
                        Ok(resolver) => ask(resolver, &name, &kinds).await,
                        Err(error) => Answer::Unanswered(error.to_string()),
                    };
                    // Whoever asked may have given up.
                    let _ = answer.send(said);
                }
            });
        })?;
        Ok(Self { questions: Mutex::new(questions), until: Instant::now() + TOGETHER })
    }

    fn records<T>(&self, name: &str, kinds: &[RecordType], of: impl Fn(RData) -> Option<T>) -> Answer<T> {
        let left = self.until.saturating_duration_since(Instant::now()).min(EACH);
        if left.is_zero() {
            return Answer::Unanswered("it takes too long".into());
        }
        let (send, receive) = mpsc::channel();
        let name = format!("{}.", name.trim_end_matches('.'));
        let asked = self.questions.lock().is_ok_and(|asker| asker.send((name, kinds.to_vec(), send)).is_ok());
        let answer = if asked { receive.recv_timeout(left).ok() } else { None };
        match answer {
            Some(Answer::Found(records)) => {
                let found: Vec<T> = records.into_iter().filter_map(of).collect();
                if found.is_empty() { Answer::Nothing } else { Answer::Found(found) }
            }
            Some(Answer::Nothing) => Answer::Nothing,
            Some(Answer::Unanswered(why)) => Answer::Unanswered(why),
            None => Answer::Unanswered("no answer in time".into()),
        }
    }
}

async fn ask(resolver: &TokioResolver, name: &str, kinds: &[RecordType]) -> Answer<RData> {
    let mut records = Vec::new();
    for kind in kinds {
        match tokio::time::timeout(EACH, resolver.lookup(name, *kind)).await {
            Ok(Ok(lookup)) => records.extend(lookup.answers().iter().map(|record| record.data.clone())),
            Ok(Err(error)) if error.is_no_records_found() => {}
            Ok(Err(error)) => return Answer::Unanswered(error.to_string()),
            Err(_) => return Answer::Unanswered("no answer in time".into()),
        }
    }
    if records.is_empty() { Answer::Nothing } else { Answer::Found(records) }
}

impl Lookup for Dns {
    fn txt(&self, name: &str) -> Answer<String> {
        self.records(name, &[RecordType::TXT], |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        })
    }

    fn addresses(&self, name: &str) -> Answer<IpAddr> {
        self.records(name, &[RecordType::A, RecordType::AAAA], |data| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        })
    }

    fn exchangers(&self, name: &str) -> Answer<String> {
        self.records(name, &[RecordType::MX], |data| match data {
            RData::MX(mx) => Some(mx.exchange.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        })
    }
}
