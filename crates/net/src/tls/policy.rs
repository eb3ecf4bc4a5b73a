//! What a client demands of a server's certificate, and what it shows of its own.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::verify::{Strict, Unchecked};

/// Which certificates count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// What the operating system trusts.
    #[default]
    Platform,
    /// What is issued by the certificates in this PEM file, or is one of them, and nothing else.
    File(PathBuf),
    /// Anything at all. The connection is encrypted to somebody unknown; [`hongyan_proto::TlsInfo`] says
    /// `verified: false`.
    Unchecked,
}

/// A certificate of the client's own, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, then those that lead to its issuer.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What a client asks of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Which server certificates count.
    pub roots: Roots,
    /// Shown to servers that ask for it.
    pub identity: Option<Identity>,
}

/// A policy with its certificates, loaded when first needed, and the sessions to be resumed. Cheap to
/// clone; connections that shall resume each other's sessions share one.
#[derive(Clone)]
pub struct Connector(Arc<Lazy>);

struct Lazy {
    policy: Policy,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Default for Connector {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl Connector {
    /// Nothing is read yet.
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(Lazy { policy, config: OnceLock::new() }))
    }

    /// False where the policy takes any certificate.
    pub fn verifies(&self) -> bool {
        self.0.policy.roots != Roots::Unchecked
    }

    /// The settings, loaded now if they were not before.
    ///
    /// # Errors
    /// A file that cannot be read or holds no certificate or key; names the file.
    pub fn config(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.0.config.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(load(&self.0.policy)?);
        Ok(self.0.config.get_or_init(|| config).clone())
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.policy.fmt(f)
    }
}

/// The provider that everything here uses.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())).clone()
}

fn load(policy: &Policy) -> io::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(&policy.roots)?);
    let Some(identity) = &policy.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&identity.chain)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key)
        .map_err(|error| pem(&identity.key, "a private key", error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| {
        let (chain, key) = (identity.chain.display(), identity.key.display());
        io::Error::new(io::ErrorKind::InvalidData, format!("{chain} with {key}: {error}"))
    })
}

fn verifier(roots: &Roots) -> io::Result<Arc<dyn ServerCertVerifier>> {
    let (inner, pinned): (Arc<dyn ServerCertVerifier>, _) = match roots {
        Roots::Platform => (Arc::new(Verifier::new(provider()).map_err(io::Error::other)?), vec![]),
        Roots::File(path) => {
            let named = certificates(path)?;
            let mut store = RootCertStore::empty();
            for certificate in &named {
                store.add(certificate.clone()).map_err(|error| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
                })?;
            }
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider());
            (builder.build().map_err(io::Error::other)?, named)
        }
        Roots::Unchecked => {
            return Ok(Arc::new(Unchecked(provider().signature_verification_algorithms)));
        }
    };
    Ok(Arc::new(Strict { inner, pinned }))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = |path| CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    match read(path) {
        Ok(found) if found.is_empty() => Err(pem(path, "a certificate", PemError::NoItemsFound)),
        Ok(found) => Ok(found),
        Err(error) => Err(pem(path, "a certificate", error)),
    }
}

fn pem(path: &Path, what: &str, error: PemError) -> io::Error {
    let path = path.display();
    match error {
        PemError::Io(error) => io::Error::new(error.kind(), format!("{path}: {error}")),
        PemError::NoItemsFound => {
            io::Error::new(io::ErrorKind::InvalidData, format!("{path} does not hold {what} in PEM form"))
        }
        error => io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {error}")),
    }
}
