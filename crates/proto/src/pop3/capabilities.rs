//! What a server says it can do (CAPA, RFC 2449 §5).
//!
//! Unknown capabilities are kept for people and ignored otherwise.

use std::fmt;

/// The most lines of a reply to CAPA.
pub const MAX_CAPABILITIES: usize = 256;

/// The capabilities of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The server answered CAPA; otherwise nothing is known, and RFC 1939 is all there is to go by.
    pub known: bool,
    /// TOP.
    pub top: bool,
    /// USER and PASS.
    pub user: bool,
    /// UIDL.
    pub uidl: bool,
    /// Commands may be sent before the replies to earlier ones have come (RFC 2449 §6.6).
    pub pipelining: bool,
    /// STLS (RFC 2595 §4).
    pub start_tls: bool,
    /// Replies may begin with a response code (RFC 2449 §6.4).
    pub resp_codes: bool,
    /// `[AUTH]` is said where, and only where, name or password is wrong (RFC 3206).
    pub auth_resp_code: bool,
    /// UTF8 (RFC 6856 §2), and whether names and passwords may be in UTF-8.
    pub utf8: Option<bool>,
    /// LANG (RFC 6856 §3).
    pub lang: bool,
    /// AUTH (RFC 5034): the mechanisms, upper case, in the server's order.
    pub sasl: Vec<String>,
    /// The least number of seconds between two logins (RFC 2449 §6.5).
    pub login_delay: Option<u32>,
    /// How long messages stay that are not deleted (RFC 2449 §6.7).
    pub expire: Option<Expire>,
    /// What the server calls itself (RFC 2449 §6.9).
    pub implementation: Option<String>,
    /// What nothing here knows, as sent.
    pub other: Vec<String>,
}

/// RFC 2449 §6.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// Never.
    Never,
    /// After so many days; 0: perhaps as soon as they were fetched.
    Days(u32),
}

impl Capabilities {
    /// Takes in a line of the reply.
    pub fn add(&mut self, line: &str) {
        let line = line.trim();
        let (keyword, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let mut words = rest.split_ascii_whitespace();
        match keyword.to_ascii_uppercase().as_str() {
            "TOP" => self.top = true,
            "USER" => self.user = true,
            "UIDL" => self.uidl = true,
            "PIPELINING" => self.pipelining = true,
            "STLS" => self.start_tls = true,
            "RESP-CODES" => self.resp_codes = true,
            "AUTH-RESP-CODE" => self.auth_resp_code = true,
            "UTF8" => self.utf8 = Some(words.any(|word| word.eq_ignore_ascii_case("USER"))),
            "LANG" => self.lang = true,
            "SASL" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.sasl.contains(&mechanism) {
                        self.sasl.push(mechanism);
                    }
                }
            }
            "LOGIN-DELAY" => self.login_delay = words.next().and_then(|word| word.parse().ok()),
            "EXPIRE" => {
                self.expire = match words.next() {
                    Some(word) if word.eq_ignore_ascii_case("NEVER") => Some(Expire::Never),
                    Some(word) => word.parse().ok().map(Expire::Days),
                    None => None,
                }
            }
            "IMPLEMENTATION" => self.implementation = Some(rest.trim().to_string()),
            "" => {}
            _ => self.other.push(line.to_string()),
        }
    }
}

/// As CAPA answers, one capability a line, each ended by LF.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (self.top, "TOP"),
            (self.user, "USER"),
            (self.uidl, "UIDL"),
            (self.resp_codes, "RESP-CODES"),
            (self.auth_resp_code, "AUTH-RESP-CODE"),
            (self.pipelining, "PIPELINING"),
            (self.start_tls, "STLS"),
            (self.lang, "LANG"),
        ];
        for (_, keyword) in flags.iter().filter(|(offered, _)| *offered) {
            writeln!(f, "{keyword}")?;
        }
        if let Some(user) = self.utf8 {
            writeln!(f, "UTF8{}", if user { " USER" } else { "" })?;
        }
        if !self.sasl.is_empty() {
            writeln!(f, "SASL {}", self.sasl.join(" "))?;
        }
        if let Some(seconds) = self.login_delay {
            writeln!(f, "LOGIN-DELAY {seconds}")?;
        }
        match self.expire {
            Some(Expire::Never) => writeln!(f, "EXPIRE NEVER")?,
            Some(Expire::Days(days)) => writeln!(f, "EXPIRE {days}")?,
            None => {}
        }
        for line in &self.other {
            writeln!(f, "{line}")?;
        }
        match &self.implementation {
            Some(name) => writeln!(f, "IMPLEMENTATION {name}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Capabilities {
        let mut found = Capabilities::default();
        text.lines().for_each(|line| found.add(line));
        found
    }

    #[test]
    fn what_is_offered_is_read_and_printed() {
        let text = "TOP\nUSER\nUIDL\nRESP-CODES\nAUTH-RESP-CODE\nPIPELINING\nSTLS\nLANG\nUTF8 USER\n\
                    SASL PLAIN CRAM-MD5\nLOGIN-DELAY 900\nEXPIRE 60\nX-GOOGLE-RICO\nIMPLEMENTATION Shlemazle v302\n";
        let found = read(text);
        assert_eq!(found.sasl, ["PLAIN", "CRAM-MD5"]);
        assert_eq!((found.login_delay, found.expire), (Some(900), Some(Expire::Days(60))));
        assert_eq!(found.to_string(), text);
    }

    #[test]
    fn capabilities_are_read_in_any_case_and_half_written() {
        let found = read("sasl plain  Login\nsasl PLAIN\nutf8\nexpire never\nlogin-delay x USER\n\n  top  ");
        assert_eq!(found.sasl, ["PLAIN", "LOGIN"]);
        assert_eq!((found.utf8, found.expire), (Some(false), Some(Expire::Never)));
        assert_eq!((found.login_delay, found.top, found.other.len()), (None, true, 0));
    }
}
