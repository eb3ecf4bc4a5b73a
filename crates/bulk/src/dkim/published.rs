//! What stands in the DNS: reading a record (RFC 6376 §3.6.1), and whether signatures of a key pass with it.

use std::fmt;

use encodify::base64::LENIENT;
use hongyan_proto::said::{Said, said};

use super::key::{Algorithm, PublicKey};

/// The longest record that is read, in octets: a key of 4096 bits has 740.
pub const MAX_RECORD: usize = 16 * 1024;

/// A record as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// `k=`.
    pub algorithm: Algorithm,
    /// `p=`; `None` where it is empty: the key was revoked.
    pub key: Option<PublicKey>,
    /// `t=y`: the domain is testing.
    pub testing: bool,
    /// `t=s`: `i=` may not name a subdomain.
    pub strict: bool,
    /// `h=` allows SHA-256.
    pub sha256: bool,
    /// `s=` allows mail.
    pub email: bool,
}

/// Why a text is no DKIM record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// It is not a list of `tag=value`.
    NotTags,
    /// A tag stands twice.
    Twice(String),
    /// It is of another version than `DKIM1`.
    Version,
    /// `k=` names a kind of key that is not known.
    Kind(String),
    /// There is no `p=`.
    NoKey,
    /// `p=` is no key of its kind: base64 that was cut, quoted or split wrongly.
    BadKey,
    /// It is longer than [`MAX_RECORD`].
    TooLong,
}

impl RecordError {
    /// What is wrong, in both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::NotTags => said("it is no list of tag=value", "不是 tag=value 列表"),
            Self::Twice(tag) => said(format!("`{tag}=` stands twice"), format!("{tag}= 出现了两次")),
            Self::Version => said("its version is not DKIM1", "版本不是 DKIM1"),
            Self::Kind(kind) => {
                said(format!("its kind of key, `{kind}`, is not known"), format!("不认识的密钥类型 {kind}"))
            }
            Self::NoKey => said("it has no key (p=)", "没有公钥（p=）"),
            Self::BadKey => said(
                "its key (p=) is damaged: it was cut off, or its strings were joined wrongly",
                "公钥（p=）已损坏：被截断，或多段字符串拼接有误",
            ),
            Self::TooLong => {
                said(format!("it is longer than {MAX_RECORD} octets"), format!("超过 {MAX_RECORD} 字节"))
            }
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

impl std::error::Error for RecordError {}

/// Why signatures of a key do not pass with a record, or only as a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The record revokes the key.
    Revoked,
    /// It is of another kind.
    OtherKind,
    /// It is another key.
    OtherKey,
    /// It does not allow SHA-256.
    NoSha256,
    /// It is not for mail.
    NotForMail,
    /// `t=y`: receivers may treat the mail as if it were not signed.
    Testing,
}

impl Difference {
    /// Whether signatures pass all the same.
    pub const fn harmless(self) -> bool {
        matches!(self, Self::Testing)
    }

    /// `revoked`, `other-key` …: for scripts.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::OtherKind => "other-kind",
            Self::OtherKey => "other-key",
            Self::NoSha256 => "no-sha256",
            Self::NotForMail => "not-for-mail",
            Self::Testing => "testing",
        }
    }

    /// What it is, in both languages.
    pub fn said(self) -> Said {
        match self {
            Self::Revoked => said("the record revokes the key (p= is empty)", "记录已吊销密钥（p= 为空）"),
            Self::OtherKind => {
                said("the record is of another kind of key (k=)", "记录中的密钥类型（k=）与密钥文件不同")
            }
            Self::OtherKey => said("the record holds another key", "记录中的公钥与密钥文件不符"),
            Self::NoSha256 => said("the record does not allow SHA-256 (h=)", "记录不允许 SHA-256（h=）"),
            Self::NotForMail => said("the record is not for mail (s=)", "记录不适用于邮件（s=）"),
            Self::Testing => said(
                "the record says that the domain is testing (t=y): receivers may ignore the signature",
                "记录声明该域名处于测试状态（t=y）：收件方可能忽略签名",
            ),
        }
    }
}

impl Published {
    /// Reads a TXT record, its strings joined.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        if text.len() > MAX_RECORD {
            return Err(RecordError::TooLong);
        }
        let tags = tags(text)?;
        let tag = |name: &str| tags.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let first = tags.first().map(|(name, _)| *name);
        if tag("v").is_some_and(|version| version != "DKIM1" || first != Some("v")) {
            return Err(RecordError::Version);
        }
        let algorithm = match tag("k").unwrap_or("rsa") {
            "rsa" => Algorithm::Rsa,
            "ed25519" => Algorithm::Ed25519,
            other => return Err(RecordError::Kind(other.to_owned())),
        };
        let listed = |name: &str, wanted: &[&str]| {
            tag(name).is_none_or(|list| list.split(':').any(|item| wanted.contains(&item.trim())))
        };
        let flag =
            |wanted: &str| tag("t").is_some_and(|list| list.split(':').any(|item| item.trim() == wanted));
        let p: String = tag("p").ok_or(RecordError::NoKey)?.split_ascii_whitespace().collect();
        let key = if p.is_empty() {
            None
        } else {
            let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet);
            let octets = Some(&p).filter(|p| p.bytes().all(plain)).and_then(|p| LENIENT.decode(p).ok());
            let key = octets.and_then(|octets| PublicKey::read(algorithm, &octets));
            Some(key.ok_or(RecordError::BadKey)?)
        };
        Ok(Self {
            algorithm,
            key,
            testing: flag("y"),
            strict: flag("s"),
            sha256: listed("h", &["sha256"]),
            email: listed("s", &["*", "email"]),
        })
    }

    /// What keeps signatures of this key from passing; empty where nothing does.
    pub fn differences(&self, key: &PublicKey) -> Vec<Difference> {
        let of_the_key = match &self.key {
            None => Some(Difference::Revoked),
            Some(_) if self.algorithm != key.algorithm() => Some(Difference::OtherKind),
            Some(published) if published != key => Some(Difference::OtherKey),
            Some(_) => None,
        };
        let rest = [
            (!self.sha256, Difference::NoSha256),
            (!self.email, Difference::NotForMail),
            (self.testing, Difference::Testing),
        ];
        of_the_key.into_iter().chain(rest.into_iter().filter_map(|(is, what)| is.then_some(what))).collect()
    }
}

/// A list of tags (RFC 6376 §3.2), with blanks around names and values gone.
fn tags(text: &str) -> Result<Vec<(&str, &str)>, RecordError> {
    let mut tags: Vec<(&str, &str)> = Vec::new();
    let text = text.trim();
    for tag in text.strip_suffix(';').unwrap_or(text).split(';') {
        let (name, value) = tag.split_once('=').ok_or(RecordError::NotTags)?;
        let name = name.trim();
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(RecordError::NotTags);
        }
        if tags.iter().any(|(known, _)| *known == name) {
            return Err(RecordError::Twice(name.to_owned()));
        }
        tags.push((name, value.trim()));
    }
    Ok(tags)
}
