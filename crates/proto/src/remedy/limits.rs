//! Rate limits: the server says "slow down", whatever its code says. Asked first, because many of them come
//! with the code of a dead address.

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Stage::{Content, Data, End, Greeting, Hello, Idle, Mail, Rcpt};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

pub(super) static RULES: &[Rule] = &[
    Rule::limit(
        "limit.connections",
        MINUTE,
        &[ANY.says(&[
            "hl:icc",
            "too many connections",
            "too many concurrent",
            "concurrent connection",
            "connection limit",
            "sender thread limit",
        ])],
        t(
            "The server has too many connections from this account or address at once. Use fewer \
             connections, wait a minute, and go on; the addresses are good.",
            "来自这个账号或 IP 的并发连接太多。请减少同时打开的连接，等一分钟再继续；收件地址本身\
             没有问题。",
        ),
    ),
    Rule::limit(
        "limit.netease-session",
        MINUTE,
        &[ANY.says(&["mi:dmc", "rp:drc"])],
        t(
            "NetEase takes no more messages or recipients on this connection. Go on with a new \
             connection and send fewer messages on each.",
            "网易限制每个连接的邮件数或收件人数，本次连接已达上限。请重新连接后继续，并减少每个连\
             接发送的邮件。",
        ),
    ),
    Rule::limit(
        "limit.netease-quarter",
        15 * MINUTE,
        &[ANY.says(&["mi:sfq"])],
        t(
            "NetEase counts too many messages from this sender within 15 minutes. Wait 15 minutes, \
             then go on more slowly.",
            "网易：发件人在 15 分钟内的发信数量超过限制。请等 15 分钟，再放慢速度继续。",
        ),
    ),
    Rule::limit(
        "limit.netease-recipients",
        15 * MINUTE,
        &[ANY.says(&["rp:qrc", "rp:trc"])],
        t(
            "NetEase counts too many recipients from this sender in a short time. Wait at least 15 \
             minutes, then go on with fewer recipients at a time.",
            "网易：短时间内累计的收件人数量超过限制。请至少等 15 分钟，再减少每次的收件人继续。",
        ),
    ),
    Rule::limit(
        "limit.netease-day",
        DAY,
        &[ANY.says(&["rp:orq", "mi:stc"])],
        t(
            "NetEase's limit for one day is reached for this sender. Go on tomorrow, or send the rest \
             from another account; the addresses are good.",
            "网易：当天的发信数量已达上限。请明天再继续，或改用其他账号发送剩余邮件；收件地址本身\
             没有问题。",
        ),
    ),
    Rule::limit(
        "limit.netease-address",
        15 * MINUTE,
        &[ANY.says(&["hl:ifc", "hl:ifq"])],
        t(
            "NetEase counts too many messages from this IP address in a short time and refuses \
             connections for now. Wait, then go on more slowly.",
            "网易：这个 IP 短期内发信过多，暂时被禁止连接。请稍等，再放慢速度继续。",
        ),
    ),
    Rule::limit(
        "limit.netease-suspect",
        2 * MINUTE,
        &[ANY.code(&[451]).says(&["dt:spm"])],
        t(
            "NetEase finds that the message looks like spam, and refuses it for now. Try again after \
             two minutes; if it stays so, change the wording, leave out links, and check SPF, DKIM and \
             DMARC of the sender's domain.",
            "网易：邮件带有垃圾邮件特征，被临时拒收。请两分钟后重试；若仍被拒，请修改内容、减少链\
             接，并检查发件域名的 SPF、DKIM、DMARC。",
        ),
    ),
    Rule::limit(
        "limit.day",
        DAY,
        &[
            ANY.says(&[
                "daily user sending",
                "daily sending",
                "daily smtp relay",
                "daily message quota",
                "sending limit exceeded",
            ]),
            ANY.enhanced(&[(0, 4, 5)]).says(&["limit", "quota"]),
        ],
        t(
            "The account's sending limit for one day is reached. Go on tomorrow, or send the rest from \
             another account; the addresses are good.",
            "账号当天的发信数量已达上限。请明天再继续，或改用其他账号发送剩余邮件；收件地址本身没\
             有问题。",
        ),
    ),
    Rule::limit(
        "limit.frequency",
        15 * MINUTE,
        &[ANY.at(&[Mail, Rcpt, Data, Content, End, Idle, Greeting, Hello]).says(&["frequency limited"])],
        t(
            "The provider says that mail is sent too often: slow down. Wait, then go on with longer \
             pauses. In spite of the code this is temporary, and the addresses are good.",
            "服务商提示发信频率过高：请放慢速度。等一段时间，再加长间隔继续。虽然返回码是 5xx，这\
             只是暂时的，收件地址本身没有问题。",
        ),
    ),
    Rule::limit(
        "limit.rate",
        15 * MINUTE,
        &[
            ANY.at(&[Mail, Rcpt, Data, Content, End, Idle, Greeting, Hello]).says(&[
                "unusual rate",
                "too quickly",
                "at a rate that",
                "rate limit",
                "ratelimit",
                "relay limit",
                "sending rate",
                "throttl",
                "too many messages",
                "too many emails",
                "too much mail",
            ]),
            ANY.enhanced(&[(4, 7, 28), (4, 7, 500)]),
        ],
        t(
            "The server takes mail from this sender, or for this recipient, less often than it came. \
             Wait, then go on more slowly; the addresses are good.",
            "服务器认为来自该发件人或发往该收件人的邮件过于频繁。请稍等，再放慢速度继续；收件地址\
             本身没有问题。",
        ),
    ),
];
