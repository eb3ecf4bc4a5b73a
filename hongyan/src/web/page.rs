//! The frame of every page: its language, its style, and what a browser may do with it, which is nothing but show it
//! and send its form to where it came from.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use encodify::base64::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::said::Said;

/// The style of every page.
const STYLE: &str = include_str!("page.css");

/// The longest `Accept-Language` that is read, in octets.
const MAX_LANGUAGES: usize = 1024;

/// What a browser may do: show this style, send the form back, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// The one of ours that a browser wants most; English where it wants neither.
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let wanted = wanted.filter(|text| text.len() <= MAX_LANGUAGES).unwrap_or_default();
        let quality = |language: &str| {
            let each = wanted.split(',').filter_map(|item| {
                let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
                let primary = tag.trim().split('-').next().unwrap_or_default();
                let given = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f32>().ok());
                given.filter(|_| primary.eq_ignore_ascii_case(language))
            });
            each.fold(0.0, f32::max)
        };
        if quality("zh") > quality("en") { Self::Chinese } else { Self::English }
    }

    /// The text in this language.
    pub fn of_text(self, text: &Said) -> &str {
        match self {
            Self::English => &text.en,
            Self::Chinese => &text.zh,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It asks something.
    Question,
    /// It was done.
    Done,
    /// It could not be done.
    Trouble,
}

impl Mood {
    /// A sign for it, beside what the words say.
    fn sign(self) -> Markup {
        let (class, path) = match self {
            Self::Question => ("sign", "M4 7l8 6 8-6M4 6h16v12H4z"),
            Self::Done => ("sign done", "M5 12.5l4.5 4.5L19 7.5"),
            Self::Trouble => ("sign trouble", "M12 6.5v7M12 17v.5"),
        };
        html! { svg class=(class) viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
    }
}

/// A page. The connection ends with it: there is nothing more to load.
pub fn page(status: StatusCode, language: Language, mood: Mood, title: &str, content: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (mood.sign()) h1 { (title) } (content) } }
        }
    };
    // The address of a page is a secret of its reader's: nobody keeps it or passes it on.
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "Accept-Language"),
        (header::CONNECTION, "close"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    let mut response = (status, fixed, page.into_string()).into_response();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_wants_most() {
        for (wanted, expected) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Language::English),
            ("fr, zh;q=0.3", Language::Chinese),
            ("ZH-Hant-TW", Language::Chinese),
            ("de", Language::English),
            ("en;q=0.1, zh;q=0", Language::English),
            ("zh;q=nonsense", Language::English),
            ("zha", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wanted));
            assert_eq!(Language::of(&headers), expected, "{wanted}");
        }
    }

    #[test]
    fn what_is_put_into_a_page_is_escaped() {
        let evil = "<script>alert(1)</script>";
        let content = html! { p { (evil) } };
        let response = page(StatusCode::OK, Language::English, Mood::Done, evil, content);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = String::from_utf8(runtime.block_on(body).unwrap().to_vec()).unwrap();
        assert!(!body.contains("<script>") && body.contains("&lt;script&gt;"), "{body}");
    }
}
