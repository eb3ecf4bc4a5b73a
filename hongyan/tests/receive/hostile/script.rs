//! Servers that hold a good conversation but for what they are told to say instead.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is said in one place.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// This, with the command's tag where `$` stands.
    Text(Vec<u8>),
    /// The same again and again, so many times.
    Times(Vec<u8>, usize),
    /// One line for each of these numbers, which stands where `#` does.
    Each(&'static str, u32),
    /// The same line with numbers that become fewer.
    Down(&'static str, u32),
    /// Nothing more, and the connection is closed.
    Close,
}

/// Text with tags.
pub(super) fn text(text: impl AsRef<[u8]>) -> Vec<Say> {
    vec![Say::Text(text.as_ref().to_vec())]
}

/// What is said where.
#[derive(Clone, Debug, Default)]
pub(super) struct Instead(Vec<(&'static str, Vec<Say>)>);

impl Instead {
    pub(super) fn of(place: &'static str, said: Vec<Say>) -> Self {
        Self(vec![(place, said)])
    }

    pub(super) fn and(mut self, place: &'static str, said: Vec<Say>) -> Self {
        self.0.push((place, said));
        self
    }

    fn at(&self, place: &str) -> Option<&[Say]> {
        self.0.iter().find(|(known, _)| *known == place).map(|(_, said)| &said[..])
    }
}

/// A server, and all that it heard.
pub(super) struct Scripted {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

/// The two messages that every good server here has.
pub(super) const MAILS: [&str; 2] =
    ["Subject: one\r\n\r\nHello.\r\n", "Subject: two\r\n\r\nAnother one.\r\n"];

impl Scripted {
    pub(super) async fn imap(instead: Instead) -> Self {
        Self::start(instead, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS] hi\r\n", imap).await
    }

    pub(super) async fn pop3(instead: Instead) -> Self {
        Self::start(instead, "+OK hi\r\n", pop3).await
    }

    async fn start(
        instead: Instead,
        hello: &'static str,
        answer: fn(&str) -> (&'static str, String),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (kept, instead) = (heard.clone(), Arc::new(instead));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, instead.clone(), hello, answer, kept.clone()));
            }
        });
        Self { port, heard }
    }

    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

/// Talks until somebody has enough of it.
async fn talk(
    stream: TcpStream,
    instead: Arc<Instead>,
    hello: &'static str,
    answer: fn(&str) -> (&'static str, String),
    heard: Arc<Mutex<Vec<u8>>>,
) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let first = instead.at("hello").map_or_else(|| text(hello), <[Say]>::to_vec);
    if !say(&mut write, &first, "").await {
        return;
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        if !matches!(read.read_until(b'\n', &mut line).await, Ok(n) if n > 0) {
            return;
        }
        heard.lock().unwrap().extend_from_slice(&line);
        let command = String::from_utf8_lossy(&line).trim_end().to_owned();
        let tag = command.split(' ').next().unwrap_or_default().to_owned();
        let (place, good) = answer(&command);
        let said = instead.at(place).map_or_else(|| text(good), <[Say]>::to_vec);
        if !say(&mut write, &said, &tag).await {
            return;
        }
    }
}

async fn say(write: &mut (impl AsyncWriteExt + Unpin), said: &[Say], tag: &str) -> bool {
    for one in said {
        let done = match one {
            Say::Text(text) => {
                let mut out = Vec::with_capacity(text.len());
                for &octet in text {
                    if octet == b'$' { out.extend_from_slice(tag.as_bytes()) } else { out.push(octet) }
                }
                write.write_all(&out).await
            }
            Say::Times(text, times) => {
                // In large pieces: what is looked at is the client's pace.
                let at_once = (65_536 / text.len().max(1)).clamp(1, *times);
                let piece = text.repeat(at_once);
                let mut done = Ok(());
                for _ in 0..times / at_once {
                    done = write.write_all(&piece).await;
                    if done.is_err() {
                        break;
                    }
                }
                done
            }
            Say::Each(line, most) => numbered(write, line, 1..=*most).await,
            Say::Down(line, most) => numbered(write, line, (1..=*most).rev()).await,
            Say::Close => return false,
        };
        if done.is_err() {
            return false;
        }
    }
    true
}

async fn numbered(
    write: &mut (impl AsyncWriteExt + Unpin),
    line: &str,
    numbers: impl Iterator<Item = u32>,
) -> std::io::Result<()> {
    let mut piece = Vec::new();
    for number in numbers {
        piece.extend_from_slice(line.replace('#', &number.to_string()).as_bytes());
        if piece.len() > 65_536 {
            write.write_all(&piece).await?;
            piece.clear();
        }
    }
    write.write_all(&piece).await
}

/// Where in the conversation a command is, and what a good server says to it.
fn imap(command: &str) -> (&'static str, String) {
    let upper = command.to_ascii_uppercase();
    let has = |word: &str| upper.contains(word);
    let content = |item: &str, part: fn(&str) -> &str| {
        let one = |(n, mail): (usize, &&str)| {
            let (n, mail) = (n + 1, part(mail));
            format!("* {n} FETCH (UID {n} {item} {{{}}}\r\n{mail})\r\n", mail.len())
        };
        MAILS.iter().enumerate().map(one).collect::<String>() + "$ OK\r\n"
    };
    if has(" CAPABILITY") {
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS\r\n$ OK\r\n".into())
    } else if has(" AUTHENTICATE") || has(" LOGIN") {
        ("LOGIN", "$ OK [CAPABILITY IMAP4rev1 UIDPLUS] in\r\n".into())
    } else if has(" LIST ") {
        ("LIST", "* LIST () \"/\" INBOX\r\n$ OK\r\n".into())
    } else if has(" SELECT ") || has(" EXAMINE ") {
        ("SELECT", "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 3] .\r\n$ OK\r\n".into())
    } else if has("BODY.PEEK[HEADER]") {
        ("HEADER", content("BODY[HEADER]", |mail| mail.split_inclusive("\r\n\r\n").next().unwrap()))
    } else if has("BODY.PEEK[]") {
        ("WHOLE", content("BODY[]", |mail| mail))
    } else if has(" UID FETCH ") {
        let one = |(n, mail): (usize, &&str)| {
            format!("* {0} FETCH (UID {0} FLAGS () RFC822.SIZE {1})\r\n", n + 1, mail.len())
        };
        ("ABOUT", MAILS.iter().enumerate().map(one).collect::<String>() + "$ OK\r\n")
    } else if has(" STORE ") {
        ("STORE", "$ OK\r\n".into())
    } else if has(" EXPUNGE") {
        ("EXPUNGE", "$ OK\r\n".into())
    } else if has(" SEARCH ") {
        ("SEARCH", "* SEARCH 1 2\r\n$ OK\r\n".into())
    } else if has(" LOGOUT") {
        ("LOGOUT", "* BYE\r\n$ OK\r\n".into())
    } else {
        ("other", "$ BAD\r\n".into())
    }
}

/// The same for POP3.
fn pop3(command: &str) -> (&'static str, String) {
    let mut words = command.split(' ');
    let word = words.next().unwrap_or_default().to_ascii_uppercase();
    let mail = words.next().and_then(|n| MAILS.get(n.parse::<usize>().ok()?.checked_sub(1)?));
    let listing = |of: fn(usize) -> String| {
        let lines: String = (0..MAILS.len()).map(|n| format!("{} {}\r\n", n + 1, of(n))).collect();
        format!("+OK\r\n{lines}.\r\n")
    };
    match word.as_str() {
        "CAPA" => ("CAPA", "+OK\r\nUSER\r\nTOP\r\nUIDL\r\n.\r\n".into()),
        "USER" => ("USER", "+OK\r\n".into()),
        "PASS" => ("PASS", "+OK\r\n".into()),
        "STAT" => ("STAT", "+OK 2 60\r\n".into()),
        "LIST" => ("LIST", listing(|n| MAILS[n].len().to_string())),
        "UIDL" => ("UIDL", listing(|n| format!("id-{n}"))),
        "RETR" => ("RETR", format!("+OK\r\n{}.\r\n", mail.unwrap_or(&""))),
        "TOP" => {
            let head = mail.unwrap_or(&"\r\n\r\n").split_inclusive("\r\n\r\n").next().unwrap_or_default();
            ("TOP", format!("+OK\r\n{head}.\r\n"))
        }
        "DELE" => ("DELE", "+OK\r\n".into()),
        "QUIT" => ("QUIT", "+OK\r\n".into()),
        _ => ("other", "-ERR\r\n".into()),
    }
}
