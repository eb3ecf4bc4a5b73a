//! The certificate made at start: an authority that clients can be told to trust, and a server
//! certificate by it for localhost, the loopback addresses and the sandbox's own name and address.
//!
//! The authority's key is dropped as soon as the one certificate is signed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hongyan_net::tls::{self, Acceptor};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What TLS needs, and what clients need.
pub(crate) struct Made {
    pub(crate) acceptor: Acceptor,
    /// The authority's certificate.
    pub(crate) ca_pem: String,
}

pub(crate) fn make(name: &str, address: IpAddr) -> Result<Made, String> {
    let ca = authority().map_err(|e| e.to_string())?;
    let key = KeyPair::generate().map_err(|e| e.to_string())?;
    let server =
        server(name, address).and_then(|params| params.signed_by(&key, &ca)).map_err(|e| e.to_string())?;
    let end_point = tls::end_point(server.der());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .map_err(|e| e.to_string())?;
    Ok(Made { acceptor: Acceptor { config: Arc::new(config), end_point }, ca_pem: ca.pem() })
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Hongyan sandbox, made at start");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn server(name: &str, address: IpAddr) -> Result<CertificateParams, Error> {
    let mut names = vec!["localhost".to_string()];
    if name != "localhost" && name.parse::<IpAddr>().is_err() {
        names.push(name.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if !addresses.contains(&address) && !address.is_unspecified() {
        addresses.push(address);
    }
    params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
