//! mail-auth as the receiver: one record, no network.

use std::borrow::Borrow;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use mail_auth::common::cache::NoCache;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{
    AuthenticatedMessage, DkimResult, MX, MessageAuthenticator, Parameters, RecordSet, ResolverCache, Txt,
};

use hongyan_bulk::dkim::Record;

/// Receives mail of a domain that has this one record.
pub(crate) struct Verifier {
    records: Records,
    authenticator: MessageAuthenticator,
    runtime: tokio::runtime::Runtime,
}

struct Records {
    name: String,
    key: Arc<DomainKey>,
}

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known: Box<str> = self.name.as_str().into();
        (known.borrow() == name).then(|| Txt::DomainKey(self.key.clone()))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

impl Verifier {
    pub(crate) fn new(record: &Record) -> Self {
        let key = DomainKey::parse(record.strings().concat().as_bytes()).expect("mail-auth reads the record");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        // Whatever is not in the cache would be asked of nobody.
        let config = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        let authenticator = {
            let _inside = runtime.enter();
            MessageAuthenticator::new(config, ResolverOpts::default()).expect("a resolver that knows nobody")
        };
        Self {
            records: Records { name: format!("{}.", record.name()), key: Arc::new(key) },
            authenticator,
            runtime,
        }
    }

    /// What became of each signature.
    pub(crate) fn results(&self, message: &[u8]) -> Vec<DkimResult> {
        let message = AuthenticatedMessage::parse(message).expect("a message");
        let parameters = Parameters {
            params: &message,
            cache_txt: Some(&self.records),
            cache_mx: None::<&NoCache<Box<str>, RecordSet<MX>>>,
            cache_ptr: None::<&NoCache<IpAddr, RecordSet<Box<str>>>>,
            cache_ipv4: None::<&NoCache<Box<str>, RecordSet<Ipv4Addr>>>,
            cache_ipv6: None::<&NoCache<Box<str>, RecordSet<Ipv6Addr>>>,
        };
        let outputs = self.runtime.block_on(self.authenticator.verify_dkim(parameters));
        outputs.iter().map(|output| output.result().clone()).collect()
    }

    /// Whether the first signature, the one on top, passes.
    pub(crate) fn passes(&self, message: &[u8]) -> bool {
        self.results(message).first() == Some(&DkimResult::Pass)
    }
}

/// Whether the last line of a body that is not empty has nothing but blanks. RFC 6376 §3.4.4 makes it an empty line,
/// which goes; mail-auth 0.13 keeps a line end for it. dkimpy, asked in `make interop`, does as we do.
pub(crate) fn ends_in_blanks(body: &[u8]) -> bool {
    let lines: Vec<&[u8]> = body.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let full = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    let after = body.split(|octet| *octet == b'\n').skip(full);
    after.into_iter().any(|line| line.iter().any(|octet| matches!(octet, b' ' | b'\t')))
}
