//! `hongyan dkim keygen`: a key into a file that nobody else can read, and the DNS record in every form that people
//! have to type it in. A key that is there is never written over: mails signed with it are still on their way.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::unusable;
use crate::bulk::dkim::{Algorithm, BITS, NameError, PrivateKey, Record, generate, lookup_name};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::system::{called, printed, shell_word};
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Makes a key and prints the DNS record for it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The domain of the sender's address
    #[arg(long, value_name = "DOMAIN")]
    domain: String,

    /// What the key is called in the DNS [default: hongyan and the month, as hongyan202611]
    #[arg(long, value_name = "NAME")]
    selector: Option<String>,

    /// RSA is what every receiver knows; Ed25519 is short and fast, but many do not know it yet
    #[arg(long = "type", value_name = "TYPE", default_value = "rsa")]
    kind: Kind,

    /// The size of an RSA key, 2048 to 4096
    #[arg(long, value_name = "BITS", default_value_t = BITS)]
    bits: usize,

    /// Write the key to this file, which must not exist
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Rsa,
    Ed25519,
}

/// What a script wants to know.
#[derive(Serialize)]
struct Made<'a> {
    file: String,
    algorithm: &'static str,
    bits: usize,
    domain: &'a str,
    selector: &'a str,
    name: String,
    host: String,
    value: &'a str,
    strings: Vec<&'a str>,
    zone_line: String,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Trouble> {
        let selector = self
            .selector
            .clone()
            .unwrap_or_else(|| format!("hongyan{}", chrono::Local::now().format("%Y%m")));
        let algorithm = match self.kind {
            Kind::Rsa => Algorithm::Rsa,
            Kind::Ed25519 => Algorithm::Ed25519,
        };
        if self.output.symlink_metadata().is_ok() {
            return Err(not_written(&self.output, &ErrorKind::AlreadyExists.into()));
        }
        let wrong = |error: NameError| Trouble::from(Exit::Usage, error.problem());
        // Before the work: an RSA key takes a while.
        lookup_name(&self.domain, &selector).map_err(wrong)?;
        let pem = generate(algorithm, self.bits).map_err(|error| unusable(&error))?;
        let key = PrivateKey::from_pem(&pem).map_err(|error| unusable(&error))?;
        let record = Record::new(&self.domain, &selector, key.public()).map_err(wrong)?;
        write(&self.output, &pem).map_err(|error| not_written(&self.output, &error))?;
        let told = if self.json { self.json(&key, &record) } else { self.tell(&key, &record) };
        printed(told).map(|()| Exit::Ok)
    }

    fn json(&self, key: &PrivateKey, record: &Record) -> io::Result<()> {
        let made = Made {
            file: self.output.display().to_string(),
            algorithm: key.algorithm().signature(),
            bits: key.public().bits(),
            domain: &record.domain,
            selector: &record.selector,
            name: record.name(),
            host: record.host(),
            value: &record.value,
            strings: record.strings(),
            zone_line: record.zone_line(),
        };
        json::pretty(&mut stdout().lock(), &made)
    }

    fn tell(&self, key: &PrivateKey, record: &Record) -> io::Result<()> {
        let language = Language::of_the_environment();
        let out = &mut stdout().lock();
        let paint = Paint::on(&stdout(), self.color);
        let title = |en: &str, zh: &str| paint.the(Style::Title, language.choose(en, zh).to_owned());
        let file = shell_word(&self.output.display().to_string());
        let kind = match key.algorithm() {
            Algorithm::Rsa => format!("RSA {}", key.public().bits()),
            Algorithm::Ed25519 => "Ed25519".to_owned(),
        };
        let (domain, selector) = (&record.domain, &record.selector);
        match language {
            Language::English => {
                writeln!(out, "The private key ({kind}) is in {file}; nobody else may read it.\n")?;
            }
            Language::Chinese => writeln!(out, "私钥（{kind}）已存入 {file}，请勿让他人读取。\n")?,
        }

        writeln!(
            out,
            "{}",
            title(&format!("TXT record for the DNS of {domain}"), &format!("{domain} 的 DNS TXT 记录"))
        )?;
        let rows = [
            (language.choose("type  ", "记录类型"), "TXT".to_owned()),
            (language.choose("host  ", "主机记录"), record.host()),
            (language.choose("name  ", "完整名称"), record.name()),
            (language.choose("value ", "记录值  "), record.value.clone()),
        ];
        for (name, value) in rows {
            writeln!(out, "  {}  {value}", paint.the(Style::Name, name))?;
        }
        writeln!(
            out,
            "  {}\n",
            paint.the(
                Style::Quiet,
                language.choose(
                    "(in a web panel: the host and the value, the value in one piece, without quotation marks)",
                    "（阿里云、腾讯云 DNSPod 等控制台：填主机记录与记录值，记录值整段粘贴，不加引号）",
                )
            )
        )?;

        writeln!(out, "{}", title("The same as a line of a zone file", "写入区域文件（zone file）时"))?;
        writeln!(out, "  {}\n", record.zone_line())?;

        writeln!(out, "{}", title("In campaign.toml", "campaign.toml 中"))?;
        let path = self.output.canonicalize().unwrap_or_else(|_| self.output.clone());
        // A string of JSON is one of TOML as well.
        let quoted = serde_json::Value::String(path.display().to_string());
        writeln!(out, "  [dkim]\n  domain = \"{domain}\"\n  selector = \"{selector}\"\n  key = {quoted}\n")?;

        let check = format!("{} dkim check --domain {domain} --selector {selector} --key {file}", called());
        match language {
            Language::English => writeln!(out, "next, when the record is in the DNS: {check}"),
            Language::Chinese => writeln!(out, "下一步，记录添加到 DNS 后：{check}"),
        }
    }
}

/// A new file that only its owner can read, safe on disk.
fn write(path: &Path, pem: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(pem.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is of no use to anybody, and the file is ours.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn not_written(path: &Path, error: &io::Error) -> Trouble {
    let path = path.display();
    if error.kind() == ErrorKind::AlreadyExists {
        return Trouble::new(
            Exit::CannotCreate,
            said(format!("{path} is there already"), format!("{path} 已存在")),
            said(
                "name another file: a key in use is never written over",
                "请换一个文件名：正在使用的密钥不会被覆盖",
            ),
        );
    }
    Trouble::new(
        Exit::CannotCreate,
        said(
            format!("the key cannot be written to {path}: {error}"),
            format!("无法将密钥写入 {path}：{error}"),
        ),
        said("name another file with -o", "请用 -o 指定另一个文件"),
    )
}
