//! How a server's certificate is looked at: strictly, pinned, or not at all.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::certificate;

/// As strict as the verifier inside, with two things added: it says who issued what nobody knows, and it
/// knows a server's own self-signed certificate when that is what the user named.
#[derive(Debug)]
pub(super) struct Strict {
    pub(super) inner: Arc<dyn ServerCertVerifier>,
    /// Certificates that the user named; a server that shows one of them is the one.
    pub(super) pinned: Vec<CertificateDer<'static>>,
}

/// Nobody that is trusted has issued the certificate.
#[derive(Debug)]
pub(super) struct Untrusted {
    /// `None` where it was issued by its own subject.
    pub(super) issuer: Option<String>,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuer {
            None => f.write_str("it is self-signed"),
            Some(issuer) => write!(f, "it was issued by `{issuer}`, which is not trusted here"),
        }
    }
}

impl std::error::Error for Untrusted {}

impl ServerCertVerifier for Strict {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let error = match self.inner.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(error)) => error,
            other => return other,
        };
        // `openssl req -x509` marks its certificates as authorities, which webpki takes from no server.
        // It has checked the dates before it says so.
        let as_authority = format!("{error:?}").contains("CaUsedAsEndEntity");
        if as_authority && self.pinned.contains(certificate) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        if (as_authority || error == CertificateError::UnknownIssuer)
            && let Some(issuer) = certificate::issuer(certificate)
        {
            let untrusted = OtherError(Arc::new(Untrusted { issuer }));
            return Err(Error::InvalidCertificate(CertificateError::Other(untrusted)));
        }
        Err(Error::InvalidCertificate(error))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Takes any certificate, but only from who holds its key.
#[derive(Debug)]
pub(super) struct Unchecked(pub(super) WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
