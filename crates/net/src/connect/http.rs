//! HTTP CONNECT (RFC 9110 §9.3.6) with Basic credentials (RFC 7617).

use encodify::base64::STANDARD;
use hongyan_proto::transcript::escape;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::proxy::{Login, No};

/// The longest answer head, in octets.
const MAX_HEAD: usize = 16 * 1024;
/// How many answers that are not the last one (1xx) are skipped.
const MAX_INTERIM: usize = 8;

pub(super) async fn ask(
    link: &mut (impl AsyncRead + AsyncWrite + Unpin),
    login: Option<&Login>,
    host: &str,
    port: u16,
) -> Result<(), No> {
    let place = super::at(host, port);
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
    if let Some(login) = login {
        let pair = format!("{}:{}", login.user, login.password.reveal());
        let coded = STANDARD.encode(pair.as_bytes());
        request.push_str(&format!("Proxy-Authorization: Basic {coded}\r\n"));
    }
    request.push_str("\r\n");
    link.write_all(request.as_bytes()).await?;
    for _ in 0..MAX_INTERIM {
        let head = head(link).await?;
        let line = head.split(|&b| b == b'\r' || b == b'\n').next().unwrap_or_default();
        match status(line) {
            Some(100..=199) => {}
            Some(200..=299) => return Ok(()),
            Some(407) if login.is_some() => return Err(No::Login(shown(line))),
            Some(407) => return Err(No::Login("it asks for a user name and password".into())),
            Some(_) => return Err(No::Refused(shown(line))),
            None => return Err(No::Protocol(shown(line))),
        }
    }
    Err(No::Protocol("its answer has no end".into()))
}

/// Reads up to the empty line and not an octet further.
async fn head(link: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, No> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        // What is no answer need not come to an end.
        if head.len() == MAX_HEAD || head.len() == 5 && head != b"HTTP/" {
            return Err(No::Protocol(shown(&head[..head.len().min(80)])));
        }
        head.push(link.read_u8().await?);
    }
    Ok(head)
}

/// The status code of `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(line).ok().filter(|line| line.starts_with("HTTP/1."))?;
    line.split(' ').nth(1).filter(|code| code.len() == 3)?.parse().ok()
}

fn shown(line: &[u8]) -> String {
    let mut text = String::from("`");
    escape(line, &mut text);
    text.push('`');
    text
}
