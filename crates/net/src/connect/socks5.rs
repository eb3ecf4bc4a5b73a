//! SOCKS5 (RFC 1928) with user name and password (RFC 1929). Names go to the proxy unresolved.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::proxy::{Login, No};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) async fn ask(
    link: &mut (impl AsyncRead + AsyncWrite + Unpin),
    login: Option<&Login>,
    host: &str,
    port: u16,
) -> Result<(), No> {
    let request = request(host, port)?;
    let methods: &[u8] =
        if login.is_some() { &[VERSION, 2, NO_LOGIN, PASSWORD] } else { &[VERSION, 1, NO_LOGIN] };
    link.write_all(methods).await?;
    let mut chosen = [0; 2];
    link.read_exact(&mut chosen).await?;
    match (chosen, login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, PASSWORD], Some(login)) => log_in(link, login).await?,
        ([VERSION, 0xff], None) => return Err(No::Login("it asks for a user name and password".into())),
        ([VERSION, 0xff], Some(_)) => return Err(No::Login("it takes no user name and password".into())),
        ([VERSION, method], _) => {
            return Err(No::Protocol(format!("it chose method {method}, which was not offered")));
        }
        ([version, _], _) => return Err(No::Protocol(format!("it answered with version {version}"))),
    }
    link.write_all(&request).await?;
    let mut head = [0; 4];
    link.read_exact(&mut head).await?;
    let [version, reply, _, kind] = head;
    if version != VERSION {
        return Err(No::Protocol(format!("it answered with version {version}")));
    }
    if reply != 0 {
        return Err(No::Refused(meaning(reply)));
    }
    // The address that the proxy bound, which nobody needs, and its port.
    let len = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(link.read_u8().await?),
        kind => return Err(No::Protocol(format!("it named an address of kind {kind}"))),
    };
    link.read_exact(&mut [0; 257][..len + 2]).await?;
    Ok(())
}

async fn log_in(link: &mut (impl AsyncRead + AsyncWrite + Unpin), login: &Login) -> Result<(), No> {
    let mut request = vec![PASSWORD_VERSION];
    for text in [login.user.as_str(), login.password.reveal()] {
        request.extend([u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        request.extend_from_slice(text.as_bytes());
    }
    link.write_all(&request).await?;
    let mut answer = [0; 2];
    link.read_exact(&mut answer).await?;
    match answer {
        [_, 0] => Ok(()),
        _ => Err(No::Login("user name or password is wrong".into())),
    }
}

fn request(host: &str, port: u16) -> Result<Vec<u8>, No> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            request.push(IPV4);
            request.extend(ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            request.push(IPV6);
            request.extend(ip.octets());
        }
        Err(_) => {
            let too_long = |_| No::Refused("the host name is longer than 255 octets".into());
            request.extend([NAME, u8::try_from(host.len()).map_err(too_long)?]);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// RFC 1928 §6.
fn meaning(reply: u8) -> String {
    match reply {
        1 => "it failed".into(),
        2 => "its rules do not allow it".into(),
        3 => "the network is unreachable".into(),
        4 => "the host is unreachable or unknown".into(),
        5 => "the connection was refused".into(),
        6 => "there was no answer in time".into(),
        7 | 8 => "it does not support what was asked".into(),
        reply => format!("it answered with code {reply}"),
    }
}
