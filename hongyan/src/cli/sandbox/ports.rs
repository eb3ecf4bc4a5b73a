//! Where the sandbox listens: the usual ports, or those that are named.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hongyan_sandbox::{Config, Service};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The usual ports: 2000 above those of real servers, and clear of those that only root may open.
const fn usual(service: Service) -> u16 {
    match service {
        Service::Smtp => 2525,
        Service::Smtps => 2465,
        Service::Pop3 => 2110,
        Service::Pop3s => 2995,
        Service::Imap => 2143,
        Service::Imaps => 2993,
    }
}

/// What is said on the command line. Where a port is named, only those that are named are opened; `none`
/// takes one out of the usual ones.
#[derive(Debug, clap::Args)]
pub(super) struct Ports {
    /// Listen for SMTP, plain and by STARTTLS [default: 2525]. An address with it, as 127.0.0.1:2525, is
    /// where to listen. Where ports are named, only those are opened; `none` leaves one out
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    smtp: Option<Port>,

    /// Listen for SMTP under TLS from the start [default: 2465]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    smtps: Option<Port>,

    /// Listen for POP3, plain and by STLS [default: 2110]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    pop3: Option<Port>,

    /// Listen for POP3 under TLS from the start [default: 2995]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    pop3s: Option<Port>,

    /// Listen for IMAP, plain and by STARTTLS [default: 2143]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    imap: Option<Port>,

    /// Listen for IMAP under TLS from the start [default: 2993]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = port)]
    imaps: Option<Port>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    At(SocketAddr),
    None,
}

/// `2525`, `127.0.0.1:2525`, `[::1]:2525` or `none`.
fn port(text: &str) -> Result<Port, String> {
    if text == "none" {
        return Ok(Port::None);
    }
    if let Ok(port) = text.parse::<u16>() {
        return Ok(Port::At(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
    }
    let text = text.strip_prefix("localhost").map_or(text.to_owned(), |port| format!("127.0.0.1{port}"));
    text.parse().map(Port::At).map_err(|_| "write a port, 127.0.0.1:2525, [::1]:2525 or none".to_owned())
}

impl Ports {
    /// Address and ports, and whether other machines can reach them.
    pub(super) fn config(&self) -> Result<(Config, bool), Trouble> {
        let given = |service| match service {
            Service::Smtp => self.smtp,
            Service::Smtps => self.smtps,
            Service::Pop3 => self.pop3,
            Service::Pop3s => self.pop3s,
            Service::Imap => self.imap,
            Service::Imaps => self.imaps,
        };
        let named = Service::ALL.iter().any(|service| matches!(given(*service), Some(Port::At(_))));
        let at = |service| match given(service) {
            Some(Port::At(at)) => Some(at),
            None if !named => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), usual(service))),
            Some(Port::None) | None => None,
        };
        let mut ips = Service::ALL.into_iter().filter_map(at).map(|at| at.ip());
        let address = ips.next().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if ips.any(|other| other != address) {
            return Err(Trouble::new(
                Exit::Usage,
                said("the ports are not at the same address", "各端口的地址不同"),
                said("run a second sandbox for the other address", "请为另一个地址再运行一个沙箱"),
            ));
        }
        let exposed = !address.is_loopback();
        let port = |service| at(service).map(|at| at.port());
        let config = Config {
            address,
            exposed,
            smtp: port(Service::Smtp),
            smtps: port(Service::Smtps),
            pop3: port(Service::Pop3),
            pop3s: port(Service::Pop3s),
            imap: port(Service::Imap),
            imaps: port(Service::Imaps),
            ..Config::default()
        };
        Ok((config, exposed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        ports: Ports,
    }

    fn opened(line: &str) -> Vec<(Service, u16)> {
        let line = Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).ok().unwrap();
        let (config, exposed) = line.ports.config().ok().unwrap();
        assert!(!exposed);
        Service::ALL.into_iter().filter_map(|service| Some((service, config.port(service)?))).collect()
    }

    #[test]
    fn the_usual_ports_unless_some_are_named_and_none_leaves_one_out() {
        let usual = Service::ALL.map(|service| (service, usual(service)));
        assert_eq!(opened(""), usual);
        assert_eq!(opened("--smtp 0 --imap 143"), [(Service::Smtp, 0), (Service::Imap, 143)]);
        assert_eq!(opened("--pop3 none --pop3s none"), [usual[0], usual[1], usual[4], usual[5]]);
        assert_eq!(opened("--pop3 localhost:1 --imap none"), [(Service::Pop3, 1)]);
    }
}
