//! `hongyan dkim check`: whether what stands in the DNS verifies the signatures of a key.

use std::io::{self, Write, stdout};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;

use super::unusable;
use crate::bulk::dkim::{
    Difference, LookupError, PrivateKey, Published, Record, RecordError, lookup_name, published, resolver,
};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, safe};
use crate::cli::trouble::Trouble;
use crate::said::{Said, said};

/// Looks the record up in the DNS, and compares it with a key
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The domain of the sender's address
    #[arg(long, value_name = "DOMAIN")]
    domain: String,

    /// What the key is called in the DNS
    #[arg(long, value_name = "NAME")]
    selector: String,

    /// The private key that the record must fit
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Ask this DNS server: an address, with a port or without
    #[arg(long, value_name = "ADDRESS", value_parser = server)]
    dns: Option<SocketAddr>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// `192.0.2.1` or `192.0.2.1:5353`.
fn server(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 53)));
    address.map_err(|_| "write an IP address, as 192.0.2.1 or [2001:db8::1]:53".to_owned())
}

/// What was found.
#[derive(Serialize)]
struct Found {
    name: String,
    /// `ok`, or why mails will not pass.
    result: &'static str,
    records: Vec<String>,
    /// The codes of what differs, `testing` among them.
    differences: Vec<&'static str>,
    /// What is wrong, in English; empty where nothing is.
    why: String,
    /// What should stand there, where a key was given.
    expected: Option<String>,
}

/// How it ended.
struct Verdict {
    exit: Exit,
    result: &'static str,
    /// What is wrong, or worth a look.
    said: Vec<Said>,
    differences: Vec<Difference>,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Trouble> {
        let name = lookup_name(&self.domain, &self.selector)
            .map_err(|error| Trouble::from(Exit::Usage, error.problem()))?;
        let key = self.key.as_deref().map(PrivateKey::open).transpose().map_err(|error| unusable(&error))?;
        let expected = match &key {
            Some(key) => Some(
                Record::new(&self.domain, &self.selector, key.public())
                    .map_err(|error| Trouble::from(Exit::Usage, error.problem()))?,
            ),
            None => None,
        };
        let looked_up = runtime()?.block_on(async { published(&resolver(self.dns)?, &name).await });
        let records = match &looked_up {
            Ok(records) => records.as_slice(),
            Err(LookupError::Missing { .. }) => &[],
            Err(error) => return Err(not_looked_up(error)),
        };
        let verdict = judge(records, key.as_ref());
        let exit = verdict.exit;
        let found = Found {
            name,
            result: verdict.result,
            records: records.to_vec(),
            differences: verdict.differences.iter().map(|difference| difference.code()).collect(),
            why: verdict.said.iter().map(|said| said.en.as_str()).collect::<Vec<_>>().join("; "),
            expected: expected.as_ref().map(|record| record.value.clone()),
        };
        let told = if self.json {
            json::pretty(&mut stdout().lock(), &found)
        } else {
            self.tell(&found, &verdict, expected.as_ref())
        };
        printed(told).map(|()| exit)
    }

    fn tell(&self, found: &Found, verdict: &Verdict, expected: Option<&Record>) -> io::Result<()> {
        let language = Language::of_the_environment();
        let paint = Paint::on(&stdout(), self.color);
        let out = &mut stdout().lock();
        for record in &found.records {
            writeln!(out, "{}  {}", paint.the(Style::Name, safe(&found.name)), safe(record))?;
        }
        let good = verdict.exit == Exit::Ok;
        for what in &verdict.said {
            let style = if good { Style::Notice } else { Style::Bad };
            writeln!(out, "{}", paint.the(style, safe(language.of(what))))?;
        }
        if good {
            let en = if expected.is_some() { "the record fits the key" } else { "the record can be used" };
            let zh = if expected.is_some() { "记录与密钥相符" } else { "记录可用" };
            return writeln!(out, "{}", paint.the(Style::Good, language.choose(en, zh)));
        }
        let Some(expected) = expected else { return Ok(()) };
        let (host, value) = (expected.host(), &expected.value);
        match language {
            Language::English => writeln!(out, "put this TXT record into the DNS of {}:", expected.domain)?,
            Language::Chinese => writeln!(out, "请在 {} 的 DNS 中添加 TXT 记录：", expected.domain)?,
        }
        writeln!(out, "  {}  {host}", paint.the(Style::Name, language.choose("host ", "主机记录")))?;
        writeln!(out, "  {}  {value}", paint.the(Style::Name, language.choose("value", "记录值  ")))?;
        let note = language.choose(
            "a change takes until the old answer's time to live is over: minutes to a day",
            "改动要等旧记录的 TTL 过期后才生效：几分钟到一天",
        );
        writeln!(out, "{}", paint.the(Style::Quiet, note))
    }
}

/// What these records mean for mails signed with `key`, or by anybody.
fn judge(records: &[String], key: Option<&PrivateKey>) -> Verdict {
    let bad = |result, said| Verdict { exit: Exit::Data, result, said: vec![said], differences: Vec::new() };
    // Other TXT records may stand there, too: a wildcard's.
    let of_dkim = |record: &&String| {
        !matches!(Published::parse(record), Err(RecordError::NotTags | RecordError::Version))
    };
    let dkim: Vec<&String> = records.iter().filter(of_dkim).collect();
    let record = match dkim[..] {
        [] if records.is_empty() => {
            let what = said("there is no such TXT record in the DNS", "DNS 中没有这条 TXT 记录");
            return Verdict { exit: Exit::Unavailable, ..bad("missing", what) };
        }
        [] => {
            return bad(
                "no-record",
                said("what stands there is no DKIM record", "这里的 TXT 记录不是 DKIM 记录"),
            );
        }
        [record] => record,
        _ => {
            let what = said(
                "there is more than one DKIM record: receivers may take any; remove the others",
                "有多条 DKIM 记录：收件方可能取其中任意一条，请删除多余的",
            );
            return bad("several", what);
        }
    };
    let published = match Published::parse(record) {
        Ok(published) => published,
        Err(error) => return bad("damaged", error.said()),
    };
    let differences = match (key, &published.key) {
        (Some(key), _) => published.differences(key.public()),
        (None, Some(own)) => published.differences(own),
        (None, None) => vec![Difference::Revoked],
    };
    let worst = differences.iter().find(|difference| !difference.harmless());
    Verdict {
        exit: if worst.is_some() { Exit::Data } else { Exit::Ok },
        result: worst.map_or("ok", |difference| difference.code()),
        said: differences.iter().map(|difference| difference.said()).collect(),
        differences,
    }
}

fn not_looked_up(error: &LookupError) -> Trouble {
    let (exit, next) = match error {
        LookupError::NoServer { .. } => {
            (Exit::Config, said("name a DNS server with --dns", "请用 --dns 指定 DNS 服务器"))
        }
        _ => (
            Exit::TempFail,
            said(
                "look at the network, try again, or name a DNS server with --dns",
                "请检查网络后重试，或用 --dns 指定 DNS 服务器",
            ),
        ),
    };
    Trouble::new(exit, error.said(), next)
}
