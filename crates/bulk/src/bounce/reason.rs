//! Why a message was not delivered, in as many words as there are things that a sender can do about it.
//!
//! `docs/bounces.md` says what each means, and is what this follows.

use std::fmt;

use hongyan_proto::said::{Said, said};

/// Why a message was not delivered to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is no such mailbox.
    NoSuchUser,
    /// The mailbox has moved, and mail is not forwarded.
    Moved,
    /// The domain does not exist or has no mail server.
    NoSuchHost,
    /// The domain says that it takes no mail (RFC 7504, RFC 7505).
    AcceptsNoMail,
    /// The mailbox is full.
    MailboxFull,
    /// The mailbox is disabled, suspended or not used any more.
    MailboxInactive,
    /// Refused for this recipient by a filter or setting of theirs, after the message was seen.
    Filtered,
    /// The message is too large.
    TooLarge,
    /// Too much at a time.
    SlowDown,
    /// Who sends is refused: address, domain, IP, its reputation, its name in DNS.
    Blocked,
    /// SPF, DKIM or DMARC does not pass.
    Authentication,
    /// Refused as spam, or by a rule of theirs.
    Policy,
    /// The message is malformed, or of a kind that is not taken.
    Content,
    /// The message is said to carry a virus.
    Virus,
    /// The server does not relay for this sender or to this domain.
    Relaying,
    /// The server could not be reached, or not in the time allowed.
    Unreachable,
    /// Something is wrong on their side.
    ServerError,
    /// A command or an address was not understood.
    Syntax,
    /// One's own provider keeps the address on its list of those not to be written to.
    ProviderList,
    /// Nothing says why.
    Undetermined,
}

/// What a reason does to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Suppressed at once, where the reason was said for certain.
    AtOnce,
    /// Suppressed when it repeats.
    WhenRepeated,
    /// Never.
    Never,
}

impl Reason {
    /// All of them, in the order of `docs/bounces.md`.
    pub const ALL: [Self; 20] = [
        Self::NoSuchUser,
        Self::Moved,
        Self::NoSuchHost,
        Self::AcceptsNoMail,
        Self::MailboxFull,
        Self::MailboxInactive,
        Self::Filtered,
        Self::TooLarge,
        Self::SlowDown,
        Self::Blocked,
        Self::Authentication,
        Self::Policy,
        Self::Content,
        Self::Virus,
        Self::Relaying,
        Self::Unreachable,
        Self::ServerError,
        Self::Syntax,
        Self::ProviderList,
        Self::Undetermined,
    ];

    /// `no_such_user`, `mailbox_full` …: stable, for programs and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSuchUser => "no_such_user",
            Self::Moved => "moved",
            Self::NoSuchHost => "no_such_host",
            Self::AcceptsNoMail => "accepts_no_mail",
            Self::MailboxFull => "mailbox_full",
            Self::MailboxInactive => "mailbox_inactive",
            Self::Filtered => "filtered",
            Self::TooLarge => "too_large",
            Self::SlowDown => "slow_down",
            Self::Blocked => "blocked",
            Self::Authentication => "authentication",
            Self::Policy => "policy",
            Self::Content => "content",
            Self::Virus => "virus",
            Self::Relaying => "relaying",
            Self::Unreachable => "unreachable",
            Self::ServerError => "server_error",
            Self::Syntax => "syntax",
            Self::ProviderList => "provider_list",
            Self::Undetermined => "undetermined",
        }
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Whether the address cannot be delivered to, whatever is sent and whoever sends it.
    pub const fn is_hard(self) -> bool {
        matches!(self, Self::NoSuchUser | Self::Moved | Self::NoSuchHost | Self::AcceptsNoMail)
    }

    /// What it does to the address.
    pub const fn effect(self) -> Effect {
        match self {
            Self::NoSuchUser | Self::Moved | Self::NoSuchHost | Self::AcceptsNoMail => Effect::AtOnce,
            Self::MailboxFull | Self::MailboxInactive | Self::Filtered => Effect::WhenRepeated,
            _ => Effect::Never,
        }
    }

    /// In words.
    pub fn said(self) -> Said {
        match self {
            Self::NoSuchUser => said("there is no such mailbox", "没有这个邮箱"),
            Self::Moved => said("the mailbox has moved", "邮箱已迁移"),
            Self::NoSuchHost => {
                said("the domain does not exist or has no mail server", "域名不存在或没有邮件服务器")
            }
            Self::AcceptsNoMail => said("the domain takes no mail", "该域名声明不接收邮件"),
            Self::MailboxFull => said("the mailbox is full", "邮箱已满"),
            Self::MailboxInactive => {
                said("the mailbox is disabled or not used any more", "邮箱已停用或被禁用")
            }
            Self::Filtered => said("refused by a filter of the recipient's", "被收件人的过滤规则拒收"),
            Self::TooLarge => said("the message is too large", "邮件太大"),
            Self::SlowDown => said("too much mail at a time", "发送过于频繁"),
            Self::Blocked => {
                said("the sender, its domain or its IP address is refused", "发件人、其域名或 IP 地址被拒绝")
            }
            Self::Authentication => said("SPF, DKIM or DMARC does not pass", "SPF、DKIM 或 DMARC 未通过"),
            Self::Policy => {
                said("refused as spam or by a rule of theirs", "被当作垃圾邮件或因对方规则被拒绝")
            }
            Self::Content => said("the message's form is not accepted", "邮件的格式或内容类型不被接受"),
            Self::Virus => said("the message is said to carry a virus", "邮件被认为带有病毒"),
            Self::Relaying => said("the server does not relay", "服务器拒绝转发"),
            Self::Unreachable => {
                said("the server could not be reached in the time allowed", "在规定时间内无法连接对方服务器")
            }
            Self::ServerError => said("something is wrong at the recipient's server", "对方服务器出错"),
            Self::Syntax => said("a command or an address was not understood", "命令或地址未被理解"),
            Self::ProviderList => said(
                "the sending provider has the address on its own list",
                "发信服务商已将该地址列入其禁发名单",
            ),
            Self::Undetermined => said("no cause was given", "未说明原因"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
