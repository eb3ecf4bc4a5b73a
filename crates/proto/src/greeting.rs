//! Which protocol a server speaks that does not speak the one that was expected, by its first line.

/// What answers, as a noun with its article; `None` where nothing here knows it.
pub fn whose(line: &[u8]) -> Option<&'static str> {
    let starts = |head: &str| line.get(..head.len()).is_some_and(|l| l.eq_ignore_ascii_case(head.as_bytes()));
    Some(match line {
        _ if starts("+OK") || starts("-ERR") => "a POP3 server",
        _ if starts("* OK") || starts("* PREAUTH") || starts("* BYE") => "an IMAP server",
        _ if starts("HTTP/") || starts("<!DOCTYPE") || starts("<html") => "a web server",
        _ if starts("SSH-") => "an SSH server",
        _ if starts("RFB ") => "a VNC server",
        _ if starts("220 ") || starts("220-") || starts("421 ") || starts("554 ") || starts("554-") => {
            let text = line.to_ascii_uppercase();
            let has = |word: &[u8]| text.windows(word.len()).any(|w| w == word);
            if has(b"FTP") && !has(b"SMTP") { "an FTP server" } else { "an SMTP server" }
        }
        // A TLS alert or handshake record.
        [0x15 | 0x16, 0x03, 0..=4, ..] => "a server that wants TLS from the first octet",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_tell_who_answers() {
        for (line, who) in [
            (&b"220 mx.example ESMTP Postfix"[..], Some("an SMTP server")),
            (b"220-mx.example ESMTP", Some("an SMTP server")),
            (b"554 5.7.1 no", Some("an SMTP server")),
            (b"220 (vsFTPd 3.0.5)", Some("an FTP server")),
            (b"* OK [CAPABILITY IMAP4rev1] ready", Some("an IMAP server")),
            (b"+OK ready", Some("a POP3 server")),
            (b"HTTP/1.1 400 Bad Request", Some("a web server")),
            (b"SSH-2.0-OpenSSH_9.6", Some("an SSH server")),
            (b"\x15\x03\x01\x00\x02\x02\x46", Some("a server that wants TLS from the first octet")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(whose(line), who, "{}", line.escape_ascii());
        }
    }
}
