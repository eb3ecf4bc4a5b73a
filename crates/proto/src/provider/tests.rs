//! The table is whole, and every host and domain finds its provider.

use std::collections::HashMap;

use super::*;

fn name(provider: Option<&Provider>) -> Option<&'static str> {
    provider.map(|provider| provider.name.en)
}

#[test]
fn domains_hosts_and_mail_exchangers_find_their_provider() {
    for (asked, found) in [
        ("qq.com", "QQ Mail"),
        ("foxmail.com", "QQ Mail"),
        ("smtp.qq.com", "QQ Mail"),
        ("mx3.qq.com", "QQ Mail"),
        ("smtp.exmail.qq.com", "Tencent company mail"),
        ("mxbiz1.qq.com", "Tencent company mail"),
        ("SMTP.163.COM.", "NetEase 163"),
        ("163mx01.mxmail.netease.com", "NetEase 163"),
        ("gmail-smtp-in.l.google.com", "Gmail"),
        ("smtp-mail.outlook.com", "Outlook.com"),
        ("example-com.mail.protection.outlook.com", "Microsoft 365"),
        ("smtp.office365.com", "Microsoft 365"),
        ("mta5.am0.yahoodns.net", "Yahoo Mail"),
        ("smtp.mail.me.com", "iCloud Mail"),
        ("mail.gmx.com", "GMX (gmx.com)"),
        ("in1-smtp.messagingengine.com", "Fastmail"),
    ] {
        assert_eq!(name(Provider::find(asked)), Some(found), "{asked}");
    }
    for stranger in ["", ".", "com", "example.org", "notqq.com", "qq.com.example.org", "127.0.0.1", "::1"] {
        assert_eq!(name(Provider::find(stranger)), None, "{stranger}");
    }
}

#[test]
fn a_subdomain_of_an_address_is_not_the_domain() {
    assert_eq!(name(Provider::of_domain("Gmail.com")), Some("Gmail"));
    assert_eq!(name(Provider::of_domain("lab.nyu.edu")), None);
}

#[test]
fn every_entry_is_whole_and_no_two_entries_claim_a_domain() {
    let mut seen = HashMap::new();
    for provider in PROVIDERS {
        let name = provider.name.en;
        assert!(!name.is_empty() && !provider.name.zh.is_empty());
        assert!(!provider.domains.is_empty() && !provider.smtp.is_empty(), "{name}");
        assert!(provider.imap.is_some() || provider.pop3.is_some(), "{name}");
        for domain in provider.domains.iter().chain(provider.zones) {
            assert_eq!(seen.insert(domain, name), None, "{domain}");
            assert_eq!(*domain, domain.to_ascii_lowercase(), "{name}");
        }
        for server in provider.imap.iter().chain(&provider.pop3).chain(provider.smtp) {
            let implicit = matches!(server.port, 993 | 995 | 465 | 994);
            assert_eq!(server.security == Security::Implicit, implicit, "{name} {}", server.host);
        }
        let made_elsewhere = matches!(provider.password, PasswordKind::AuthorizationCode | PasswordKind::App);
        assert_eq!(made_elsewhere, !provider.password_from.en.is_empty(), "{name}");
        assert_eq!(made_elsewhere, !provider.password_from.zh.is_empty(), "{name}");
        assert!(provider.password != PasswordKind::OAuth2Only || provider.oauth2, "{name}");
        assert!(provider.help.is_none_or(|page| page.starts_with("https://")), "{name}");
    }
}

#[test]
fn quirks_are_with_those_who_have_them() {
    let with = |quirk| PROVIDERS.iter().filter(|p| p.has(quirk)).map(|p| p.name.en).collect::<Vec<_>>();
    let netease = ["NetEase 163", "NetEase 126", "NetEase yeah.net"];
    assert_eq!(with(Quirk::IdBeforeSelect), netease);
    assert_eq!(with(Quirk::SaslIrRejected), netease);
    assert_eq!(with(Quirk::FrequencyLimitIs550), ["QQ Mail"]);
    assert_eq!(with(Quirk::LabelsAsFolders), ["Gmail"]);
    assert_eq!(with(Quirk::KeepsSent), ["Gmail", "Outlook.com", "Microsoft 365"]);
    assert_eq!(with(Quirk::UidRangesRefused), ["QQ Mail"]);
    assert_eq!(with(Quirk::Pop3Last30Days), ["QQ Mail"]);
    assert_eq!(with(Quirk::GbkReplies), ["QQ Mail"]);
    assert_eq!(with(Quirk::GarbageAfterQuit), [&["QQ Mail"][..], &netease].concat());
    assert_eq!(with(Quirk::SenderIsLogin), [&["QQ Mail"][..], &netease].concat());
}
