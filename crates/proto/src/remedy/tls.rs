//! TLS: certificates, handshakes, ports. A remedy may let in one server by name, never all.

use std::io::ErrorKind;

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind::{Capability, Tls};
use crate::outcome::Stage::StartTls;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "tls.unavailable",
        &[ANY.at(&[StartTls]).code(&[4])],
        t(
            "The server cannot start TLS just now. Try again in a few minutes; if it stays so, use \
             smtps://HOST:465 where the provider has it. Do not go on without TLS.",
            "服务器暂时无法启用 TLS。请过几分钟再试；若一直如此，且服务商支持，请改用 smtps://主机\
             :465。不要在没有 TLS 的情况下继续。",
        ),
    ),
    Rule::new(
        "tls.refused",
        &[ANY.at(&[StartTls]).code(&[5])],
        t(
            "The server refused STARTTLS. Use smtps://HOST:465 where the provider has it, or ask \
             whoever runs the server.",
            "服务器拒绝了 STARTTLS。如果服务商支持，请改用 smtps://主机:465，或联系服务器管理员。",
        ),
    ),
    Rule::new(
        "tls.not-offered",
        &[ANY.at(&[StartTls]).kind(&[Capability])],
        t(
            "The server does not offer STARTTLS, so passwords and mail would travel readable. Use \
             smtps://HOST:465. If it is a server of your own in a trusted network, --tls none sends \
             without encryption to this server.",
            "服务器不支持 STARTTLS，密码和邮件会以明文传送。请改用 smtps://主机:465。如果是可信网\
             络中自己的服务器，可用 --tls none 对该服务器不加密发送。",
        ),
    ),
    Rule::new(
        "tls.requiretls",
        &[ANY.kind(&[Tls]).cause(&["requiretls"])],
        t(
            "The message was to travel over TLS only (REQUIRETLS), and this connection has none. \
             Connect with TLS, or send without REQUIRETLS.",
            "邮件要求全程 TLS（REQUIRETLS），但当前连接没有加密。请用 TLS 连接，或去掉 REQUIRETLS 要\
             求。",
        ),
    ),
    Rule::new(
        "tls.ca-file",
        &[ANY.cause(&["in pem form"])],
        t(
            "The file with certificates or keys is not in PEM form (\"-----BEGIN CERTIFICATE-----\"). \
             Check that it is the right file; openssl x509 -inform der -in FILE converts the binary \
             form.",
            "证书或密钥文件不是 PEM 格式（应含“-----BEGIN CERTIFICATE-----”）。请检查文件是否正确；\
             二进制格式可用 openssl x509 -inform der -in 文件 转换。",
        ),
    ),
    Rule::new(
        "tls.expired",
        &[ANY.kind(&[Tls]).cause(&[
            "it expired on",
            "it has expired",
            "certificate expired",
            "certificate: expired",
        ])],
        t(
            "The server's certificate has expired. If the clock of this computer is right, whoever \
             runs the server must renew it; until then allow this server's certificate by name only if \
             you know why it is so.",
            "服务器的证书已过期。如果本机时间正确，需要服务器管理员更新证书；在此之前，只有确知原\
             因时才可单独允许该服务器的证书。",
        ),
    ),
    Rule::new(
        "tls.not-yet-valid",
        &[ANY.kind(&[Tls]).cause(&["it is valid from", "not valid yet", "notvalidyet"])],
        t(
            "The server's certificate is not valid yet. Most often the clock of this computer is \
             wrong: set it and try again.",
            "服务器的证书尚未生效。多数情况是本机时间不对：请校准时间后重试。",
        ),
    ),
    Rule::new(
        "tls.name",
        &[ANY.kind(&[Tls]).cause(&["it is not for `", "not valid for name", "notvalidforname"])],
        t(
            "The certificate belongs to another host name. Connect by the name that is in the \
             certificate (the provider's own host, not an alias or an IP address). If the name is \
             right, somebody may be in between.",
            "证书属于另一个主机名。请使用证书中的主机名连接（服务商自己的主机名，而不是别名或 IP）。\
             如果主机名无误，则可能有人在中间拦截。",
        ),
    ),
    Rule::new(
        "tls.revoked",
        &[ANY.kind(&[Tls]).cause(&["revoked"])],
        t(
            "The server's certificate was revoked: it must no longer be trusted. Do not send; ask \
             whoever runs the server.",
            "服务器的证书已被吊销，不可再信任。请不要发送，并联系服务器管理员。",
        ),
    ),
    Rule::new(
        "tls.issuer",
        &[ANY.kind(&[Tls]).cause(&["trusted here", "self-signed", "unknownissuer", "causedasendentity"])],
        t(
            "Nobody whom this computer trusts vouches for the server's certificate. For a server of \
             your own or your company give its certificate authority with --ca FILE, or allow this one \
             server's certificate by name in its account. On a public provider this means that \
             somebody may be in between.",
            "本机信任的机构都没有为该服务器的证书背书。如果是自己或公司的服务器，请用 --ca 文件 指\
             定其 CA，或在账号中单独允许这一台服务器的证书。如果是公共邮箱，则可能有人在中间拦截。",
        ),
    ),
    Rule::new(
        "tls.purpose",
        &[ANY.kind(&[Tls]).cause(&["not issued for servers", "extended key usage", "invalidpurpose"])],
        t(
            "The certificate that the server shows was not issued for servers. Whoever runs it must \
             install the right one; until then allow this server's certificate by name only if you \
             know why it is so.",
            "服务器出示的证书不是服务器用途的证书。需要管理员安装正确的证书；在此之前，只有确知原\
             因时才可单独允许该服务器的证书。",
        ),
    ),
    Rule::new(
        "tls.client-certificate",
        &[ANY.kind(&[Tls]).cause(&[
            "asks for a client certificate",
            "does not trust our certificate",
            "certificaterequired",
            "badcertificate",
            "unknownca",
            "certificateunknown",
            "accessdenied",
        ])],
        t(
            "The server wants a certificate from this side, or does not accept the one it got. Give \
             the client certificate and key that belong to the account.",
            "服务器要求客户端证书，或不接受所提供的证书。请提供与账号对应的客户端证书和私钥。",
        ),
    ),
    Rule::new(
        "tls.not-tls",
        &[ANY.kind(&[Tls]).cause(&["answered in clear", "invalidcontenttype"])],
        t(
            "The server does not speak TLS at once on this port. Ports 465, 993 and 995 are for \
             smtps://, imaps:// and pop3s://; for ports 587 and 25 use smtp:// with STARTTLS, for 143 and 110 \
             imap:// and pop3://.",
            "该端口不是一开始就使用 TLS。465、993、995 端口用 smtps://、imaps://、pop3s://；587 和 25 端口请用 smtp:// \
             加 STARTTLS，143 和 110 端口用 imap:// 和 pop3://。",
        ),
    ),
    Rule::new(
        "tls.version",
        &[ANY.kind(&[Tls]).cause(&[
            "no tls version",
            "protocolversion",
            "handshakefailure",
            "peer is incompatible",
            "insufficientsecurity",
        ])],
        t(
            "The server and this program have no version or cipher of TLS in common; the server may be \
             so old that it knows nothing safer than TLS 1.1. Whoever runs it must update it.",
            "服务器与本程序没有共同的 TLS 版本或加密套件；服务器可能过旧，只支持 TLS 1.1 以下。需\
             要服务器管理员升级。",
        ),
    ),
    Rule::new(
        "tls.cut",
        &[
            ANY.kind(&[Tls]).cause(&[
                "during the tls handshake",
                "tls handshake took too long",
                "handshake eof",
            ]),
            ANY.kind(&[Tls]).io(&[ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset]),
        ],
        t(
            "The connection was cut, or stood still, during the TLS handshake. A firewall or virus \
             scanner may meddle, or the port does not speak TLS: try port 465 (smtps://) and 587 \
             (STARTTLS).",
            "TLS 握手时连接中断或没有响应。可能是防火墙或杀毒软件干扰，或该端口不支持 TLS：请分别\
             尝试 465（smtps://）和 587（STARTTLS）。",
        ),
    ),
];
