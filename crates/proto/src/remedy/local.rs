//! What stops a message on this side: files, sizes, and wishes that the server cannot keep.

use std::io::ErrorKind;

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "local.no-recipient",
        &[ANY.kind(&[Kind::Local]).cause(&["no recipient"])],
        t(
            "The message has no recipient. Name at least one with --to, --cc or --bcc.",
            "邮件没有收件人。请用 --to、--cc 或 --bcc 指定至少一个。",
        ),
    ),
    Rule::new(
        "local.not-found",
        &[ANY.kind(&[Kind::Local, Kind::Tls]).io(&[ErrorKind::NotFound])],
        t(
            "A file that the message needs is not there, or is there no more. Check the path; a \
             relative path counts from the current folder. Nothing was sent for this message.",
            "邮件需要的文件不存在，或已被移走。请检查路径（相对路径从当前目录算起）。这封邮件没有\
             发出。",
        ),
    ),
    Rule::new(
        "local.permission",
        &[ANY.kind(&[Kind::Local]).io(&[ErrorKind::PermissionDenied])],
        t(
            "A file may not be read by this user. Change its permissions, or run the program as a user \
             who may read it.",
            "当前用户无权读取该文件。请修改文件权限，或以有权限的用户运行。",
        ),
    ),
    Rule::new(
        "local.directory",
        &[ANY.kind(&[Kind::Local]).io(&[ErrorKind::IsADirectory])],
        t(
            "This is a folder, and only files can be attached. Pack it first (for instance with zip) \
             and attach the archive.",
            "这是一个文件夹，只能添加文件。请先打包（例如 zip），再添加压缩包。",
        ),
    ),
    Rule::new(
        "local.disk-full",
        &[ANY.io(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded])],
        t("The disk of this computer is full. Make room and try again.", "本机磁盘已满。请清理空间后重试。"),
    ),
    Rule::new(
        "local.changed",
        &[
            ANY.kind(&[Kind::Local]).io(&[ErrorKind::UnexpectedEof]),
            ANY.kind(&[Kind::Local]).cause(&["did it change", "changed while"]),
        ],
        t(
            "A file changed while it was being sent, so the message was broken off and certainly not \
             delivered. Wait until the file is finished, or attach a copy, and send again.",
            "文件在发送过程中发生了变化，发送已中止，邮件肯定没有送达。请等文件写完，或改用副本，\
             然后重新发送。",
        ),
    ),
    Rule::new(
        "local.line-ends",
        &[ANY.kind(&[Kind::Local]).cause(&["the content holds a"])],
        t(
            "The message holds a bare CR, LF or NUL, which SMTP cannot carry. A raw .eml file must end \
             its lines with CR LF; let the program compose the message, or convert the file \
             (unix2dos).",
            "邮件内容含有单独的 CR、LF 或 NUL，SMTP 无法传送。原始 .eml 文件必须用 CR LF 换行；请\
             让程序来生成邮件，或转换文件（unix2dos）。",
        ),
    ),
    Rule::new(
        "local.ended",
        &[ANY.kind(&[Kind::Local]).cause(&["the session was ended"])],
        t(
            "The session was ended on this side before this message had its turn. It was not sent: \
             send it again.",
            "在轮到这封邮件之前，本端结束了会话。邮件没有发出：请重新发送。",
        ),
    ),
    Rule::new(
        "size.offered",
        &[ANY.kind(&[Kind::Capability]).cause(&["the server takes at most"])],
        t(
            "The message is larger than the server takes. Note that attachments grow by a third on the \
             way. Make them smaller, send them in several messages, or put them on a share and send \
             the link.",
            "邮件超过服务器允许的大小（附件编码后会增大约三分之一）。请压缩附件、分多封发送，或上\
             传到网盘后发送链接。",
        ),
    ),
    Rule::new(
        "capability.eight-bit",
        &[ANY.kind(&[Kind::Capability]).cause(&["8bitmime", "binarymime"])],
        t(
            "The server takes no 8-bit content. Let the program compose the message, then it encodes \
             it; a raw .eml file must use quoted-printable or base64 for this server.",
            "服务器不接受 8 位内容。请让程序生成邮件，程序会自动编码；原始 .eml 文件需改用 quoted-printable 或 base64。",
        ),
    ),
    Rule::new(
        "capability.utf8",
        &[
            ANY.kind(&[Kind::Capability]).cause(&["smtputf8"]),
            ANY.enhanced(&[(0, 6, 7), (0, 6, 8), (0, 6, 9)]),
        ],
        t(
            "An address is not in plain ASCII before the @, and this server or the way behind it \
             cannot carry such addresses (SMTPUTF8). Use an ASCII address, or a provider that offers \
             SMTPUTF8. Names and subjects in any script are no problem.",
            "某个地址的 @ 前含有非 ASCII 字符，而该服务器或其后的途径不支持这样的地址（SMTPUTF8）。\
             请使用 ASCII 地址，或支持 SMTPUTF8 的服务商。姓名和主题使用中文没有问题。",
        ),
    ),
    Rule::new(
        "capability.requiretls",
        &[ANY.kind(&[Kind::Capability]).cause(&["requiretls"]), ANY.enhanced(&[(5, 7, 30), (5, 7, 10)])],
        t(
            "The server cannot promise TLS on the whole way (REQUIRETLS). Send without that wish, or \
             through a provider that offers it.",
            "服务器无法保证全程 TLS（REQUIRETLS）。请去掉该要求，或改用支持它的服务商。",
        ),
    ),
    Rule::new(
        "capability.hold",
        &[ANY.kind(&[Kind::Capability]).cause(&["futurerelease", "to be held"])],
        t(
            "The server cannot hold the message until later (FUTURERELEASE), or not so long. Send it \
             at the time itself, for instance from cron.",
            "服务器不支持定时投递（FUTURERELEASE），或不支持这么久。请到时间再发送，例如使用 cron。",
        ),
    ),
    Rule::new(
        "capability.deliver-by",
        &[ANY.kind(&[Kind::Capability]).cause(&["deliverby", "promise delivery"])],
        t(
            "The server cannot promise delivery by a given time (DELIVERBY). Send without that wish.",
            "服务器无法保证在指定时间前送达（DELIVERBY）。请去掉该要求。",
        ),
    ),
];
