//! Why a key cannot be used or a message cannot be signed, and what to do next, in both languages.

use std::fmt;
use std::io;
use std::path::PathBuf;

use hongyan_proto::said::{Problem, Said, said};

/// Why a message cannot be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// It could not be read.
    Io(io::Error),
    /// The body has a CR or LF that is no line end.
    BareBreak {
        /// Which octet of the body, from 0.
        octet: u64,
    },
    /// A line of the header is no field, or does not end with CRLF.
    HeaderLine {
        /// Which line, from 1.
        line: u64,
    },
    /// The header does not end.
    NoEnd,
    /// The header is longer than [`MAX_HEADER`](super::MAX_HEADER).
    HeaderTooLarge,
    /// There is no `From`: RFC 6376 §5.4 wants it signed.
    NoFrom,
    /// The cryptography refuses.
    Refused,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

impl std::error::Error for SignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for SignError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl SignError {
    /// What is wrong, in both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Io(error) => said(
                format!("the message to be signed cannot be read: {error}"),
                format!("无法读取要签名的邮件：{error}"),
            ),
            Self::BareBreak { octet } => said(
                format!(
                    "the body has a line break other than CRLF at octet {octet}: a DKIM signature would not last"
                ),
                format!("正文第 {octet} 字节处有不是 CRLF 的换行：DKIM 签名会失效"),
            ),
            Self::HeaderLine { line } => said(
                format!("line {line} of the header is no field that ends with CRLF"),
                format!("邮件头第 {line} 行不是以 CRLF 结尾的字段"),
            ),
            Self::NoEnd => said("no empty line ends the header", "邮件头没有以空行结束"),
            Self::HeaderTooLarge => said(
                format!("the header is longer than {} octets", super::MAX_HEADER),
                format!("邮件头超过 {} 字节", super::MAX_HEADER),
            ),
            Self::NoFrom => said("a message without From cannot be signed", "没有 From 的邮件无法签名"),
            Self::Refused => said("the DKIM key could not sign", "DKIM 密钥无法签名"),
        }
    }
}

/// Why a private key cannot be used. No part of a key is ever told.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Everybody on this machine can read the file.
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no PEM text.
    NotPem,
    /// It is PEM, but not of a private key that DKIM knows.
    Kind {
        /// What it is.
        label: String,
    },
    /// It is locked by a passphrase.
    Encrypted,
    /// It is the public half.
    Public,
    /// An RSA key of another size than 2048 to 4096 bits.
    Size {
        /// How many bits.
        bits: usize,
    },
    /// The key is damaged.
    Damaged {
        /// What the cryptography says.
        why: String,
    },
    /// The system gives no random numbers.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for KeyError {}

impl KeyError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        let make = || said("make a key with `hongyan dkim keygen`", "请用 hongyan dkim keygen 生成密钥");
        let (what, next) = match self {
            Self::Unreadable { path, error } => (
                said(
                    format!("the DKIM key {} cannot be read: {error}", path.display()),
                    format!("无法读取 DKIM 密钥 {}：{error}", path.display()),
                ),
                if error.kind() == io::ErrorKind::NotFound {
                    make()
                } else {
                    said("check the file and its permissions", "请检查该文件及其权限")
                },
            ),
            Self::Exposed { path, mode } => (
                said(
                    format!(
                        "everybody on this machine can use the DKIM key {} (mode {mode:04o})",
                        path.display()
                    ),
                    format!("本机所有用户都能使用 DKIM 密钥 {}（权限 {mode:04o}）", path.display()),
                ),
                said(format!("chmod 600 {}", path.display()), format!("请执行 chmod 600 {}", path.display())),
            ),
            Self::NotPem => (said("the DKIM key is no PEM file", "DKIM 密钥不是 PEM 文件"), make()),
            Self::Kind { label } => (
                said(
                    format!("the DKIM key is neither RSA nor Ed25519 but `{label}`"),
                    format!("DKIM 密钥既不是 RSA 也不是 Ed25519，而是 {label}"),
                ),
                make(),
            ),
            Self::Encrypted => (
                said("the DKIM key is locked by a passphrase", "DKIM 密钥受口令保护"),
                said(
                    "unlock it with `openssl pkey -in KEY -out NEW` and chmod 600 NEW",
                    "请用 openssl pkey -in KEY -out NEW 解除口令，再执行 chmod 600 NEW",
                ),
            ),
            Self::Public => (
                said("this is the public half of a DKIM key", "这是 DKIM 密钥的公钥部分"),
                said("name the file with the private key", "请指定私钥文件"),
            ),
            Self::Size { bits } => (
                said(
                    format!("the RSA key has {bits} bits; 2048 to 4096 can be used"),
                    format!("RSA 密钥为 {bits} 位；可用 2048 到 4096 位"),
                ),
                make(),
            ),
            Self::Damaged { why } => {
                (said(format!("the DKIM key is damaged: {why}"), format!("DKIM 密钥已损坏：{why}")), make())
            }
            Self::Random => (
                said("the system gives no random numbers", "系统无法提供随机数"),
                said("look whether /dev/urandom can be read", "请检查 /dev/urandom 是否可读"),
            ),
        };
        Problem::new(what, next)
    }
}

/// Why a text cannot be a domain or a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// What was given.
    pub given: String,
    /// Whether it was given as a selector.
    pub selector: bool,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for NameError {}

impl NameError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        let given = &self.given;
        if self.selector {
            return Problem::new(
                said(format!("`{given}` cannot be a DKIM selector"), format!("{given} 不能用作 DKIM 选择器")),
                said(
                    "use letters, digits and hyphens, as `mail2026`",
                    "请使用字母、数字和连字符，例如 mail2026",
                ),
            );
        }
        Problem::new(
            said(format!("`{given}` is no domain"), format!("{given} 不是域名")),
            said("name the domain of the sender's address", "请填写发件地址的域名"),
        )
    }
}

/// Why a signer cannot be made of what a campaign says.
#[derive(Debug)]
pub enum SetupError {
    /// The domain or the selector.
    Name(NameError),
    /// The key.
    Key(KeyError),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SetupError {}

impl From<NameError> for SetupError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<KeyError> for SetupError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl SetupError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Name(error) => error.problem(),
            Self::Key(error) => error.problem(),
        }
    }
}
