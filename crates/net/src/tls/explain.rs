//! What went wrong in a handshake, in words that say what to look at.

use std::fmt;
use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

/// A handshake that failed on what the peer said or showed. Wrapped in the `io::Error` that reaches the
/// machine; its text is for people.
#[derive(Debug)]
pub struct Refusal {
    /// What rustls found.
    pub error: Error,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Error::InvalidCertificate(error) => certificate(error, f),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                f.write_str("the server answered in clear: it does not speak TLS on this port")
            }
            Error::AlertReceived(alert) => match alert {
                AlertDescription::ProtocolVersion => {
                    f.write_str("the other side speaks no TLS version that we do")
                }
                AlertDescription::CertificateRequired => {
                    f.write_str("the server asks for a client certificate")
                }
                AlertDescription::UnknownCA => {
                    f.write_str("the other side does not trust our certificate's issuer")
                }
                alert => write!(f, "the other side refused the TLS handshake: {alert:?}"),
            },
            Error::PeerIncompatible(why) => write!(f, "no TLS version or cipher in common: {why:?}"),
            error => write!(f, "the TLS handshake failed: {error}"),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

fn certificate(error: &CertificateError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the server's certificate is not good: ")?;
    match error {
        CertificateError::ExpiredContext { not_after, .. } => write!(f, "it expired on {}", date(*not_after)),
        CertificateError::Expired => f.write_str("it has expired"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            write!(f, "it is valid from {} on; is this machine's clock right?", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            write!(f, "it is not for `{}`, ", expected.to_str())?;
            if presented.is_empty() {
                return f.write_str("and names no host at all (no subjectAltName)");
            }
            f.write_str("but for ")?;
            for (n, name) in presented.iter().take(MAX_NAMES).enumerate() {
                let mut text = String::new();
                hongyan_proto::transcript::escape(plain_name(name).as_bytes(), &mut text);
                write!(f, "{}`{text}`", if n == 0 { "" } else { ", " })?;
            }
            if presented.len() > MAX_NAMES {
                write!(f, " and {} more", presented.len() - MAX_NAMES)
            } else {
                Ok(())
            }
        }
        CertificateError::UnknownIssuer => f.write_str("nobody trusted here has issued it"),
        // An issuer is found by its name; this one has a name that is trusted, and another key.
        CertificateError::BadSignature => f.write_str(
            "nobody trusted here has issued it; its issuer has the name of one that is, but another key (a file from \
             an earlier time?)",
        ),
        CertificateError::Revoked => f.write_str("it was revoked"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            f.write_str("it was not issued for servers")
        }
        CertificateError::Other(OtherError(error)) => write!(f, "{error}"),
        error => write!(f, "{error}"),
    }
}

/// How many of a certificate's names are told.
const MAX_NAMES: usize = 8;

/// `DnsName("mail.example.org")` as rustls presents it, without what is around the name.
fn plain_name(name: &str) -> &str {
    name.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map_or(name, |(name, _)| name)
}

/// The day, `2026-12-31`, in UTC (Howard Hinnant's civil calendar from day numbers).
fn date(time: UnixTime) -> String {
    let days = time.as_secs() / 86_400 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400)
}

/// Puts words to a handshake's error.
pub(super) fn refusal(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(found) => io::Error::new(io::ErrorKind::InvalidData, Refusal { error: found.clone() }),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "the other side closed the connection during the TLS handshake")
        }
        None => error,
    }
}

/// What is wrong, where the error is one of TLS: an unknown or self-signed issuer, an expired certificate,
/// a wrong name and which names it has, a server that does not speak TLS.
pub fn explain(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?;
    if let Some(refusal) = inner.downcast_ref::<Refusal>() {
        return Some(refusal.to_string());
    }
    inner.downcast_ref::<Error>().map(|error| Refusal { error: error.clone() }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn days_are_told_as_the_calendar_has_them() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(UnixTime::since_unix_epoch(Duration::from_secs(seconds))), day);
        }
    }
}
