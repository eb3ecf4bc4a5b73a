//! The reply to EHLO: what is offered on this connection now.

use std::fmt::Write as _;

use crate::sasl::{Channel, is_plaintext, server_mechanisms};
use crate::smtp::Capabilities;

use super::config::Config;
use super::session::Session;

/// What of the configured offers holds for this session: the extensions that a client which said EHLO may
/// use, none for one that said HELO.
pub(super) fn offered(config: &Config, session: &Session) -> Capabilities {
    if !session.esmtp {
        return Capabilities::default();
    }
    let tls = session.tls.is_some();
    let mut offers = config.offers.clone();
    offers.domain.clone_from(&config.name);
    offers.start_tls &= !tls;
    offers.require_tls &= tls;
    offers.size = offers.size.map(|named| Some(named.unwrap_or(config.max_size)));
    offers.auth = mechanisms(config, session);
    offers
}

/// The mechanisms to log in with; none once it has happened or where nobody can.
fn mechanisms(config: &Config, session: &Session) -> Vec<String> {
    if config.users.is_none() || session.user.is_some() {
        return Vec::new();
    }
    let clear = session.tls.is_some() || config.clear_login;
    let spoken = server_mechanisms(Channel { tls: session.tls.as_ref(), ..Channel::default() });
    let usable =
        |m: &&String| (clear || !is_plaintext(m)) && spoken.iter().any(|s| s.eq_ignore_ascii_case(m));
    config.offers.auth.iter().filter(usable).cloned().collect()
}

/// The reply's text: the host name, then a line for each extension. [`Capabilities::from_reply`] reads it.
pub fn text(offers: &Capabilities) -> String {
    let mut text = offers.domain.clone();
    let mut line = |words: &str| {
        text.push('\n');
        text.push_str(words);
    };
    for (offered, keyword) in [
        (offers.pipelining, "PIPELINING"),
        (offers.chunking, "CHUNKING"),
        (offers.binary_mime, "BINARYMIME"),
        (offers.eight_bit_mime, "8BITMIME"),
        (offers.smtp_utf8, "SMTPUTF8"),
        (offers.start_tls, "STARTTLS"),
        (offers.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
        (offers.dsn, "DSN"),
        (offers.require_tls, "REQUIRETLS"),
    ] {
        if offered {
            line(keyword);
        }
    }
    if let Some(size) = offers.size {
        line(&with("SIZE", size));
    }
    if !offers.auth.is_empty() {
        line(&format!("AUTH {}", offers.auth.join(" ")));
    }
    if let Some(profile) = &offers.mt_priority {
        line(format!("MT-PRIORITY {profile}").trim_end());
    }
    if let Some(least) = offers.deliver_by {
        line(&with("DELIVERBY", least));
    }
    if let Some(longest) = offers.future_release {
        line(&with("FUTURERELEASE", Some(longest)));
    }
    let limits = &offers.limits;
    let mut words = String::new();
    for (name, limit) in [
        ("MAILMAX", limits.mail_max),
        ("RCPTMAX", limits.rcpt_max),
        ("RCPTDOMAINMAX", limits.rcpt_domain_max),
    ] {
        if let Some(limit) = limit {
            let _ = write!(words, " {name}={limit}");
        }
    }
    if !words.is_empty() {
        line(&format!("LIMITS{words}"));
    }
    offers.other.iter().for_each(|other| line(other));
    text
}

fn with(keyword: &str, number: Option<u64>) -> String {
    number.map_or(keyword.to_string(), |number| format!("{keyword} {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::TlsInfo;
    use crate::reply::{Code, Reply};
    use crate::smtp::capabilities::Limits;
    use crate::smtp::server::config::everything;

    #[test]
    fn what_is_printed_is_what_a_client_reads() {
        let mut offers = everything();
        offers.domain = "mx.example".into();
        offers.size = Some(Some(1000));
        offers.deliver_by = Some(Some(60));
        offers.mt_priority = Some("MIXER".into());
        offers.limits = Limits { mail_max: Some(1), rcpt_max: Some(2), rcpt_domain_max: Some(3) };
        offers.other = vec!["XFROB a b".into()];
        for offers in [offers, Capabilities { domain: "bare".into(), ..Capabilities::default() }] {
            let reply = Reply::new(Code::new(250).expect("a code"), None, text(&offers));
            assert_eq!(Capabilities::from_reply(&reply), offers);
        }
    }

    struct Nobody;
    impl crate::sasl::Users for Nobody {
        fn password(&self, _: &str) -> Option<crate::sasl::Secret> {
            None
        }
    }

    #[test]
    fn what_is_offered_follows_the_connection() {
        let mut config = Config { users: Some(std::sync::Arc::new(Nobody)), ..Config::default() };
        let mut session = Session { esmtp: true, ..Session::default() };
        let clear = offered(&config, &session);
        assert!(clear.start_tls && !clear.require_tls && !clear.auth.contains(&"PLAIN".into()));
        assert_eq!(clear.auth, ["EXTERNAL", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]);
        session.tls = Some(TlsInfo { exporter: Some(vec![1; 32]), ..TlsInfo::default() });
        let tls = offered(&config, &session);
        assert!(!tls.start_tls && tls.require_tls && tls.auth.contains(&"PLAIN".into()));
        assert!(tls.auth.contains(&"SCRAM-SHA-256-PLUS".into()));
        session.user = Some("u".into());
        assert!(offered(&config, &session).auth.is_empty());
        config.users = None;
        session.user = None;
        assert!(offered(&config, &session).auth.is_empty());
        session.esmtp = false;
        assert_eq!(offered(&config, &session), Capabilities::default());
    }
}
