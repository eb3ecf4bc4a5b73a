//! What a server says it can do (the reply to EHLO, RFC 5321 §4.1.1.1).
//!
//! Unknown keywords are kept for people and ignored otherwise; a keyword with parameters that cannot be
//! read counts as offered without them.

use crate::reply::Reply;

/// The extensions offered in the reply to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The name that the server gave itself.
    pub domain: String,
    /// RFC 2920.
    pub pipelining: bool,
    /// RFC 3030 BDAT.
    pub chunking: bool,
    /// RFC 3030 BODY=BINARYMIME.
    pub binary_mime: bool,
    /// RFC 6152 BODY=8BITMIME.
    pub eight_bit_mime: bool,
    /// RFC 6531.
    pub smtp_utf8: bool,
    /// RFC 1870: offered, and the largest message in octets where one was named (0 counts as none).
    pub size: Option<Option<u64>>,
    /// RFC 3207.
    pub start_tls: bool,
    /// RFC 4954: the mechanisms, upper case, in the server's order.
    pub auth: Vec<String>,
    /// RFC 2034.
    pub enhanced_status_codes: bool,
    /// RFC 3461.
    pub dsn: bool,
    /// RFC 8689.
    pub require_tls: bool,
    /// RFC 6710: offered; the profile's name may be empty.
    pub mt_priority: Option<String>,
    /// RFC 2852: offered, and the least number of seconds where one was named.
    pub deliver_by: Option<Option<u64>>,
    /// RFC 4865: the longest interval in seconds.
    pub future_release: Option<u64>,
    /// RFC 9422.
    pub limits: Limits,
    /// Keywords that nothing here knows, as sent.
    pub other: Vec<String>,
}

/// RFC 9422 LIMITS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Transactions in one session.
    pub mail_max: Option<u32>,
    /// Recipients of one transaction.
    pub rcpt_max: Option<u32>,
    /// Recipient domains of one transaction.
    pub rcpt_domain_max: Option<u32>,
}

impl Capabilities {
    /// Reads the reply to EHLO. A reply to HELO has one line and so offers nothing.
    pub fn from_reply(reply: &Reply) -> Self {
        let mut lines = reply.lines();
        let domain = lines.next().unwrap_or_default().split(' ').next().unwrap_or_default().to_string();
        let mut found = Self { domain, ..Self::default() };
        for line in lines {
            found.keyword(line.trim());
        }
        found
    }

    fn keyword(&mut self, line: &str) {
        // Old servers write AUTH=LOGIN.
        let (keyword, rest) = line.split_once([' ', '=']).unwrap_or((line, ""));
        let mut words = rest.split_ascii_whitespace();
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "CHUNKING" => self.chunking = true,
            "BINARYMIME" => self.binary_mime = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtp_utf8 = true,
            "STARTTLS" => self.start_tls = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "DSN" => self.dsn = true,
            "REQUIRETLS" => self.require_tls = true,
            "SIZE" => self.size = Some(words.next().and_then(|n| n.parse().ok()).filter(|&n| n > 0)),
            "MT-PRIORITY" => self.mt_priority = Some(words.next().unwrap_or_default().to_string()),
            "DELIVERBY" => self.deliver_by = Some(words.next().and_then(|n| n.parse().ok())),
            "FUTURERELEASE" => {
                self.future_release = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(u64::MAX));
            }
            "AUTH" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            "LIMITS" => words.for_each(|word| self.limits.limit(word)),
            _ if line.is_empty() => {}
            _ => self.other.push(line.to_string()),
        }
    }

    /// The largest message in octets that the server says it takes.
    pub fn max_size(&self) -> Option<u64> {
        self.size.flatten()
    }
}

impl Limits {
    fn limit(&mut self, word: &str) {
        let Some((name, Ok(n))) = word.split_once('=').map(|(name, n)| (name, n.parse::<u32>())) else {
            return;
        };
        let limit = match name.to_ascii_uppercase().as_str() {
            "MAILMAX" => &mut self.mail_max,
            "RCPTMAX" => &mut self.rcpt_max,
            "RCPTDOMAINMAX" => &mut self.rcpt_domain_max,
            _ => return,
        };
        // A limit of none is no limit that anybody could keep.
        *limit = (n > 0).then_some(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Code;

    fn read(text: &str) -> Capabilities {
        Capabilities::from_reply(&Reply::new(Code::new(250).unwrap(), None, text))
    }

    #[test]
    fn what_qq_offers_is_understood() {
        let c = read(
            "smtp.qq.com\nPIPELINING\nSIZE 73400320\nSTARTTLS\nAUTH LOGIN PLAIN XOAUTH XOAUTH2\nAUTH=LOGIN\nMAILCOMPRESS\n8BITMIME",
        );
        assert!(c.pipelining && c.start_tls && c.eight_bit_mime && !c.chunking && !c.smtp_utf8);
        assert_eq!(c.max_size(), Some(73_400_320));
        assert_eq!(c.auth, ["LOGIN", "PLAIN", "XOAUTH", "XOAUTH2"]);
        assert_eq!((c.domain.as_str(), c.other), ("smtp.qq.com", vec!["MAILCOMPRESS".to_string()]));
    }

    #[test]
    fn parameters_are_read_and_odd_ones_forgiven() {
        let c = read(
            "x\nsize\nLIMITS RCPTMAX=20 MAILMAX=x rcptdomainmax=1 FOO\nFUTURERELEASE 864000 2030-01-01T00:00:00Z\nDELIVERBY\nMT-PRIORITY MIXER",
        );
        assert_eq!((c.size, c.max_size()), (Some(None), None));
        assert_eq!(c.limits, Limits { mail_max: None, rcpt_max: Some(20), rcpt_domain_max: Some(1) });
        assert_eq!((c.future_release, c.deliver_by), (Some(864_000), Some(None)));
        assert_eq!(c.mt_priority.as_deref(), Some("MIXER"));
    }

    #[test]
    fn a_reply_to_helo_offers_nothing() {
        assert_eq!(
            read("mx.example Hello"),
            Capabilities { domain: "mx.example".into(), ..Default::default() }
        );
    }
}
