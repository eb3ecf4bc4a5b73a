//! The form of `transcripts/imap-client-*.txt`.
//!
//! First `#` lines: `# config:` settings, `# do:` the commands to be given, one after the other (`# do+:` together with
//! the one before), `# sees:` what the client reports, in order; any other is a remark. Then the conversation: each
//! `C:` line is what the client must write, each `S:` line what the server answers, `S|` octets of a literal without
//! a line end (with `\r`, `\n` and `\xNN`). `--` lines are events: `-- TLS up`, `-- compressed`, `-- time passes`,
//! `-- closed by the server`, `-- closed by the client`, `-- content cannot be read`, `-- content cannot be kept`.

use std::collections::VecDeque;
use std::time::Duration;

use hongyan_proto::imap::client::{
    About, CONTENT, Change, Command, Config, Criterion, Mode, Resync, SendId, What,
};
use hongyan_proto::imap::{Date, Flags, UidSet};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;

pub(crate) struct Script {
    pub(crate) config: Config,
    pub(crate) implicit_tls: bool,
    /// With whether it is given together with the one before.
    pub(crate) commands: VecDeque<(Command, bool)>,
    pub(crate) sees: Vec<String>,
    pub(crate) lines: VecDeque<String>,
}

pub(crate) fn parse(text: &str) -> Script {
    let mut script = Script {
        config: Config { tls: Tls::Never, id: SendId::Never, ..Config::default() },
        implicit_tls: false,
        commands: VecDeque::new(),
        sees: Vec::new(),
        lines: VecDeque::new(),
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("# ") {
            Some(setting) => match setting.split_once(": ") {
                Some(("do", words)) => script.commands.push_back((command(words), false)),
                Some(("do+", words)) => script.commands.push_back((command(words), true)),
                Some(("sees", what)) => script.sees.push(what.into()),
                Some(("config", words)) => words.split(' ').for_each(|word| configure(&mut script, word)),
                _ => {} // a remark
            },
            None => script.lines.push_back(line.into()),
        }
    }
    script
}

fn configure(script: &mut Script, word: &str) {
    let config = &mut script.config;
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let mut prove = |proof| {
        let user = config.credentials.take().map_or("fred".into(), |known| known.user);
        config.credentials = Some(Credentials { user, proof });
    };
    match name {
        "tls" => {
            config.tls = match value {
                "required" => Tls::Required,
                "offered" => Tls::IfOffered,
                other => panic!("tls={other}"),
            }
        }
        "implicit-tls" => script.implicit_tls = true,
        "user" => {
            let proof = Proof::Password(Secret::new(""));
            config.credentials = Some(Credentials { user: value.into(), proof });
        }
        "password" => prove(Proof::Password(Secret::new(value))),
        "token" => prove(Proof::Token(Secret::new(value))),
        "plaintext-auth" => config.plaintext_auth = true,
        "id" => config.id = SendId::WhereOffered,
        "id-always" => config.id = SendId::Always,
        "client-id" => {
            let (name, value) = value.split_once(':').expect("name:value");
            config.client_id = vec![(name.into(), value.into())];
        }
        "compress" => config.compress = true,
        "no-pipelining" => config.pipelining = false,
        "no-resync" => config.resync = false,
        "no-utf8" => config.utf8 = false,
        "max-message" => config.max_message = value.parse().expect("a number"),
        "idle" => config.timeouts.idle = Duration::from_secs(value.parse().expect("seconds")),
        "poll" => config.timeouts.poll = Duration::from_secs(value.parse().expect("seconds")),
        other => panic!("config {other}"),
    }
}

fn set(text: &str) -> UidSet {
    UidSet::parse(text.as_bytes()).expect("a set")
}

/// A command as `# do:` has it; words are divided by one blank, `_` stands for one within a word.
fn command(words: &str) -> Command {
    let words: Vec<_> = words.split(' ').map(|word| word.replace('_', " ")).collect();
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    let flags = |n: usize| words[n..].iter().map(String::as_str).collect::<Flags>();
    match word(0) {
        "list" => Command::List { pattern: word(1).into() },
        "namespace" => Command::Namespace,
        "select" | "examine" => Command::Select {
            name: word(1).into(),
            mode: if word(0) == "select" { Mode::Write } else { Mode::Read },
            resync: (words.len() > 2).then(|| Resync {
                uid_validity: word(2).parse().expect("UIDVALIDITY"),
                mod_seq: word(3).parse().expect("MODSEQ"),
                known: (words.len() > 4).then(|| set(word(4))),
            }),
        },
        "status" => Command::Status { name: word(1).into() },
        "create" => Command::Create { name: word(1).into() },
        "about" | "flags" => Command::About {
            uids: set(word(1)),
            what: if word(0) == "about" { About::Everything } else { About::Flags },
            changed_since: word(2).parse().ok(),
        },
        "fetch" => Command::Fetch { uids: set(word(1)), what: What::Whole },
        "header" => Command::Fetch { uids: set(word(1)), what: What::Header },
        "search" => Command::Search(words[1..].iter().map(|word| criterion(word)).collect()),
        "+flags" | "-flags" | "=flags" => Command::Store {
            uids: set(word(1)),
            change: match &word(0)[..1] {
                "+" => Change::Add,
                "-" => Change::Remove,
                _ => Change::Replace,
            },
            unchanged_since: word(2).parse().ok(),
            flags: flags(3),
        },
        "copy" => Command::Copy { uids: set(word(1)), to: word(2).into() },
        "move" => Command::Move { uids: set(word(1)), to: word(2).into() },
        "append" => Command::Append {
            to: word(1).into(),
            len: word(2).parse().expect("a length"),
            date: Date::parse(word(3).as_bytes()),
            flags: if words.len() > 4 { flags(4) } else { Flags::default() },
            ticket: CONTENT,
        },
        "expunge" if words.len() > 1 => Command::UidExpunge(set(word(1))),
        "expunge" => Command::Expunge,
        "noop" => Command::Noop,
        "idle" => Command::Idle(Duration::from_secs(word(1).parse().expect("seconds"))),
        "logout" => Command::Logout,
        other => panic!("do {other}"),
    }
}

/// `flag:\Deleted`, `from:Smith`, `since:1994-2-1`, `not:flag:\Seen`.
fn criterion(word: &str) -> Criterion {
    let (name, value) = word.split_once(':').unwrap_or((word, ""));
    let day = || {
        let mut parts = value.splitn(3, '-');
        let mut next = || parts.next().expect("year-month-day");
        let year = next().parse().expect("a year");
        (year, next().parse().expect("a month"), next().parse().expect("a day"))
    };
    match name {
        "all" => Criterion::All,
        "uid" => Criterion::Uids(set(value)),
        "flag" => Criterion::Flag(value.into()),
        "from" => Criterion::From(value.into()),
        "subject" => Criterion::Subject(value.into()),
        "text" => Criterion::Text(value.into()),
        "header" => {
            let (name, value) = value.split_once('=').expect("name=value");
            Criterion::Header(name.into(), value.into())
        }
        "since" => {
            let (year, month, day) = day();
            Criterion::Since(year, month, day)
        }
        "larger" => Criterion::Larger(value.parse().expect("octets")),
        "modseq" => Criterion::ModSeq(value.parse().expect("a MODSEQ")),
        "not" => Criterion::Not(Box::new(criterion(value))),
        "or" => {
            let (one, other) = value.split_once('|').expect("one|other");
            Criterion::Or(Box::new(criterion(one)), Box::new(criterion(other)))
        }
        other => panic!("search {other}"),
    }
}

/// `\r`, `\n` and `\xNN` are octets.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        rest = more;
        match (first, rest) {
            (b'\\', [b'r', more @ ..]) => {
                out.push(b'\r');
                rest = more;
            }
            (b'\\', [b'n', more @ ..]) => {
                out.push(b'\n');
                rest = more;
            }
            (b'\\', [b'x', a, b, more @ ..]) => {
                let hex = std::str::from_utf8(&[*a, *b]).map(|hex| u8::from_str_radix(hex, 16));
                out.push(hex.expect("ASCII").expect("two hex digits"));
                rest = more;
            }
            (octet, _) => out.push(octet),
        }
    }
    out
}
