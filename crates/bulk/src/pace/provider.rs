//! How fast a provider's own accounts may send, where the campaign does not say.
//!
//! Published limits where there are any; else what careful senders use, which is slow: a provider that says "slow
//! down" is heard anyway (`550 frequency limited`), but each time costs reputation.

use hongyan_proto::provider::Provider;

/// What one account of a provider's may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderPace {
    /// Messages in a minute.
    pub per_minute: Option<u32>,
    /// Messages in 24 hours.
    pub per_day: Option<u32>,
    /// Connections at a time.
    pub connections: u16,
    /// Messages over one connection.
    pub per_connection: u32,
    /// The largest message in octets, encoded.
    pub message: Option<u64>,
}

/// A server that nothing is known of: as fast as it takes mail.
const UNKNOWN: ProviderPace =
    ProviderPace { per_minute: None, per_day: None, connections: 4, per_connection: 1000, message: None };

const MIB: u64 = 1024 * 1024;

/// The domain of a provider's addresses, and what its accounts may do.
const KNOWN: &[(&str, ProviderPace)] = &[
    // Not published: a few a minute. EHLO of smtp.qq.com has said SIZE 73400320; 4 connections of 8 messages are used.
    (
        "qq.com",
        ProviderPace {
            per_minute: Some(10),
            per_day: Some(500),
            connections: 2,
            per_connection: 8,
            message: Some(73_400_320),
        },
    ),
    (
        "163.com",
        ProviderPace {
            per_minute: Some(10),
            per_day: Some(200),
            connections: 2,
            per_connection: 7,
            message: Some(50 * MIB),
        },
    ),
    (
        "126.com",
        ProviderPace {
            per_minute: Some(10),
            per_day: Some(200),
            connections: 2,
            per_connection: 7,
            message: Some(50 * MIB),
        },
    ),
    (
        "yeah.net",
        ProviderPace {
            per_minute: Some(10),
            per_day: Some(200),
            connections: 2,
            per_connection: 7,
            message: Some(50 * MIB),
        },
    ),
    // 2,000 a day and 25 MB is Workspace; personal accounts are held to 500.
    (
        "gmail.com",
        ProviderPace {
            per_minute: Some(20),
            per_day: Some(500),
            connections: 2,
            per_connection: 50,
            message: Some(25_000_000),
        },
    ),
    // Exchange Online: 30 a minute, 10,000 recipients a day.
    (
        "outlook.com",
        ProviderPace {
            per_minute: Some(30),
            per_day: Some(10_000),
            connections: 2,
            per_connection: 50,
            message: Some(35_000_000),
        },
    ),
    (
        "office365.com",
        ProviderPace {
            per_minute: Some(30),
            per_day: Some(10_000),
            connections: 2,
            per_connection: 50,
            message: Some(35_000_000),
        },
    ),
    (
        "yahoo.com",
        ProviderPace {
            per_minute: Some(20),
            per_day: Some(500),
            connections: 2,
            per_connection: 20,
            message: Some(25_000_000),
        },
    ),
];

impl ProviderPace {
    /// What is known of the provider of a server.
    pub fn of(provider: Option<&Provider>) -> Self {
        let known = |provider: &Provider| {
            let of_its = |(domain, _): &&(&str, Self)| provider.domains.contains(domain);
            KNOWN.iter().find(of_its).map(|(_, pace)| *pace)
        };
        provider.and_then(known).unwrap_or(UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_pace_belongs_to_a_provider() {
        for (domain, pace) in KNOWN {
            let provider = Provider::of_domain(domain).unwrap_or_else(|| panic!("{domain} is no provider"));
            assert_eq!(ProviderPace::of(Some(provider)).message, pace.message, "{domain}");
        }
        assert_eq!(ProviderPace::of(None), UNKNOWN);
    }
}
