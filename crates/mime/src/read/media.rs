//! Media types (RFC 2045 §5, RFC 2046): what a part says that it is.

use std::borrow::Cow;

/// `type/subtype` in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType(Cow<'static, str>);

/// Types that most parts have: kept without allocating.
const COMMON: [&str; 20] = [
    "text/plain",
    "text/html",
    "multipart/mixed",
    "multipart/alternative",
    "multipart/related",
    "multipart/report",
    "multipart/signed",
    "multipart/digest",
    "message/rfc822",
    "message/delivery-status",
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "image/jpeg",
    "image/png",
    "image/gif",
    "text/calendar",
    "text/rfc822-headers",
    "application/pkcs7-signature",
    "application/ms-tnef",
];

impl MediaType {
    /// `text/plain`, what a part without Content-Type is (RFC 2045 §5.2).
    pub const TEXT_PLAIN: Self = Self(Cow::Borrowed("text/plain"));
    /// `message/rfc822`, what a part of a digest without Content-Type is (RFC 2046 §5.1.5).
    pub const MESSAGE: Self = Self(Cow::Borrowed("message/rfc822"));

    /// Reads `type/subtype`, also within quotes or with blanks; `None` where it is not of that form.
    pub(crate) fn parse(token: &[u8]) -> Option<Self> {
        if let Some(common) = COMMON.iter().find(|name| token.eq_ignore_ascii_case(name.as_bytes())) {
            return Some(Self(Cow::Borrowed(common)));
        }
        let token: Vec<u8> =
            token.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'"').collect();
        let slash = token.iter().position(|byte| *byte == b'/')?;
        let is_token = |part: &[u8]| {
            !part.is_empty()
                && part.iter().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(byte))
        };
        if !is_token(&token[..slash]) || !is_token(&token[slash + 1..]) {
            return None;
        }
        Some(Self(Cow::Owned(String::from_utf8(token).ok()?.to_ascii_lowercase())))
    }

    /// The whole, as `text/plain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the slash.
    pub fn top(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(top, _)| top)
    }

    /// What stands behind the slash.
    pub fn sub(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, sub)| sub)
    }

    /// Whether parts lie inside, between boundaries.
    pub fn is_multipart(&self) -> bool {
        self.0.starts_with("multipart/")
    }

    /// Whether a whole message lies inside (RFC 2046 §5.2.1, RFC 6532 §3.7, RFC 5537 §3.4.1).
    pub fn is_message(&self) -> bool {
        matches!(self.as_str(), "message/rfc822" | "message/global" | "message/news")
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.0.starts_with("text/")
    }
}
