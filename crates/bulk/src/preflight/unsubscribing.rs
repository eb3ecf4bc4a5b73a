//! Whether people can get off the list, where they must be able to (RFC 2369, RFC 8058).

use std::collections::HashMap;

use hongyan_proto::said::{Said, said};

use super::code::Code;
use super::finding::{Book, Place};
use crate::campaign::{Campaign, FILE, Kind, Unsubscribe};

/// From so many a day on, Gmail demands one click.
const MANY: u64 = 5_000;

/// What a letter lacks so that people can get off the list.
pub(super) fn check(book: &mut Book, campaign: &Campaign, domains: &HashMap<String, u64>) {
    let config = campaign.config();
    if config.message.kind != Kind::Marketing {
        return;
    }
    let by_hand = config.headers.keys().any(|name| name.eq_ignore_ascii_case("List-Unsubscribe"));
    let way = config.unsubscribe.as_ref();
    let has = |what: fn(&Unsubscribe) -> &Option<String>| way.is_some_and(|way| what(way).is_some());
    let (url, mailto) = (has(|way| &way.url), has(|way| &way.mailto));
    if !url && !mailto && !by_hand {
        book.found(Code::UnsubscribeMissing, Place::file(FILE), || {
            said(
                "kind = \"marketing\", and there is neither url nor mailto under [unsubscribe]",
                "kind = \"marketing\"，但 [unsubscribe] 中没有 url 或 mailto",
            )
        });
        return;
    }
    let gmail: u64 = ["gmail.com", "googlemail.com"].iter().filter_map(|domain| domains.get(*domain)).sum();
    if gmail > MANY && !url {
        book.found(Code::UnsubscribeOneClick, Place::file(FILE), || one_click(gmail));
    }
}

fn one_click(gmail: u64) -> Said {
    said(
        format!("{gmail} letters go to Gmail, which wants a List-Unsubscribe-Post from about 5,000 a day on"),
        format!("有 {gmail} 封发往 Gmail；每天约 5,000 封以上时 Gmail 要求一键退订"),
    )
}
