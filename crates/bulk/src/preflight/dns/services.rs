//! Who sends for whom: the SPF record that lists the machines of a provider or a sending service, and the largest
//! message that a sending service takes. The services are no mailbox providers, so `proto::provider` does not have them.

use hongyan_proto::provider::Provider;

/// A domain of a provider's addresses, and the records that stand for its machines.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("qq.com", &["spf.mail.qq.com", "qq.com"]),
    ("exmail.qq.com", &["spf.mail.qq.com"]),
    ("163.com", &["spf.163.com", "163.com"]),
    ("126.com", &["spf.163.com", "126.com"]),
    ("yeah.net", &["spf.163.com", "yeah.net"]),
    ("aliyun.com", &["spf.mxhichina.com", "spf.qiye.aliyun.com"]),
    ("gmail.com", &["_spf.google.com"]),
    ("outlook.com", &["spf.protection.outlook.com", "outlook.com"]),
    ("office365.com", &["spf.protection.outlook.com"]),
    ("yahoo.com", &["_spf.mail.yahoo.com"]),
    ("icloud.com", &["icloud.com", "_spf.icloud.com"]),
    ("zoho.com", &["zoho.com", "zohomail.com", "one.zoho.com"]),
    ("yandex.ru", &["_spf.yandex.net"]),
    ("mail.ru", &["_spf.mail.ru"]),
    ("fastmail.com", &["spf.messagingengine.com"]),
    ("gandi.net", &["_mailcust.gandi.net"]),
    ("ovh.net", &["mx.ovh.com"]),
];

const MB: u64 = 1_000_000;

/// A service that sends for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::preflight) struct Service {
    /// The end of its hosts' names.
    host: &'static str,
    /// The records that stand for its machines.
    pub(super) records: &'static [&'static str],
    /// The largest message, in octets, where it is published.
    pub(in crate::preflight) message: Option<u64>,
}

const SERVICES: &[Service] = &[
    Service { host: "amazonaws.com", records: &["amazonses.com"], message: Some(40 * MB) },
    Service { host: "qcloudmail.com", records: &["qcloudmail.com"], message: Some(4 * MB) },
    Service { host: "smtpdm.aliyun.com", records: &["spf1.dm.aliyun.com"], message: None },
    Service { host: "sendgrid.net", records: &["sendgrid.net"], message: None },
    Service { host: "mailgun.org", records: &["mailgun.org"], message: None },
];

/// The service that a host belongs to.
pub(in crate::preflight) fn service(host: &str) -> Option<&'static Service> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    SERVICES.iter().find(|service| {
        host.strip_suffix(service.host).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The records that stand for whoever runs a host; none where nobody knows.
pub(super) fn records(host: &str, provider: Option<&Provider>) -> &'static [&'static str] {
    if let Some(service) = service(host) {
        return service.records;
    }
    let of = |provider: &Provider| {
        PROVIDERS.iter().find(|(domain, _)| provider.domains.contains(domain)).map(|(_, records)| *records)
    };
    provider.and_then(of).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_belongs_to_a_service_or_a_provider() {
        let smtp = |host: &str| records(host, Provider::of_host(host)).first().copied();
        for (host, expected) in [
            ("smtp.qq.com", Some("spf.mail.qq.com")),
            ("smtp.exmail.qq.com", Some("spf.mail.qq.com")),
            ("smtp.gmail.com", Some("_spf.google.com")),
            ("email-smtp.us-east-1.amazonaws.com", Some("amazonses.com")),
            ("smtp.qcloudmail.com", Some("qcloudmail.com")),
            ("smtpdm.aliyun.com", Some("spf1.dm.aliyun.com")),
            ("notqcloudmail.com", None),
            ("mail.example.org", None),
        ] {
            assert_eq!(smtp(host), expected, "{host}");
        }
        for (domain, _) in PROVIDERS {
            assert!(Provider::of_domain(domain).is_some(), "{domain} is no provider");
        }
    }
}
