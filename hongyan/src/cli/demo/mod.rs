//! `hongyan demo`: one mail all the way, from its files to a server and back to a Maildir, with everything shown on the way.
//!
//! The mail goes through the same composing, client, server and reader as any other, over TLS, with a login,
//! on this machine alone. It counts as arrived when the server has kept, byte for byte, what was composed.

mod fetching;
mod letter;

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use hongyan_mime::compose::{Date, Encoder};
use hongyan_mime::read::{self, safe};
use hongyan_net::smtp::{Options, Server, Session};
use hongyan_net::tls::{Connector, Policy, Roots};
use hongyan_proto::address::Address;
use hongyan_proto::outcome::Delivery;
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::smtp::{Capabilities, Config, Envelope};
use hongyan_sandbox::{Keep, Message, Sandbox, User};
use tokio::time::timeout;

use super::exit::Exit;
use super::figures::grouped;
use super::inspect;
use super::outcome::{Manner, Outcome};
use super::paint::{Color, Paint, Style};
use super::sandbox::not_started;
use super::send::problem;
use super::system::{called, printed, random, runtime};
use super::terminal::Language;
use super::trace::{Screen, Wanted};
use super::trouble::Trouble;
use crate::composed;
use crate::said::said;

/// How long all of it may take. It takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long after the server has accepted the mail it may take to be seen in its folder.
const AFTER_REPLY: Duration = Duration::from_secs(5);

/// Show one mail all the way: composed, sent, received, taken apart, fetched
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the mail, its envelope and the server's certificate are to lie
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

impl Args {
    /// Shows it.
    pub(crate) fn run(self) -> Exit {
        let manner =
            Manner { language: Language::of_the_environment(), paint: Paint::on(&io::stdout(), self.color) };
        let shown = runtime().and_then(|runtime| {
            let demo = Demo { dir: self.dir, manner, step: 0 }.show();
            runtime.block_on(async { timeout(PATIENCE, demo).await.unwrap_or_else(|_| Err(late())) })
        });
        shown.unwrap_or_else(|trouble| trouble.report("demo"))
    }
}

struct Demo {
    dir: PathBuf,
    manner: Manner,
    step: u32,
}

impl Demo {
    async fn show(mut self) -> Result<Exit, Trouble> {
        let mut encoder = self.compose()?;
        let mut composed = Vec::new();
        encoder.read_to_end(&mut composed).and_then(|_| encoder.restart()).map_err(unread)?;

        let password = Secret::new(format!("{:016x}", words()?[0]));
        let sandbox = self.start(&password).await?;
        let mut news = sandbox.store().subscribe();
        let exit = self.send(&sandbox, password.clone(), encoder).await?;
        if exit != Exit::Ok {
            return Ok(exit);
        }
        let Ok(Ok(message)) = timeout(AFTER_REPLY, news.recv()).await else {
            return Err(wrong(
                "the server said that it kept the mail, and did not",
                "服务器说已收下邮件，但并没有",
            ));
        };
        let same = self.inspect(&message, &composed)? & self.fetch(&sandbox, password, &composed).await?;
        self.places(&sandbox, &message)?;
        sandbox.stop().await;
        if !same {
            return Err(wrong("what arrived is not what was sent", "收到的内容与发出的不同"));
        }
        Ok(Exit::Ok)
    }

    fn compose(&mut self) -> Result<Encoder, Trouble> {
        self.title("A mail is composed", "写一封邮件")?;
        let offset = chrono::Local::now().offset().local_minus_utc() / 60;
        let date = Date::new(SystemTime::now(), i16::try_from(offset).unwrap_or(0));
        let encoder = letter::draft(date, words()?).encoder(composed::offered(&offers(), true));
        let encoder = encoder.map_err(|error| problem::compose(&error))?;
        let bytes = grouped(encoder.len());
        self.text(
            &format!("Text, HTML with a picture and a link, a sound, and 工资条.pdf: {bytes} bytes."),
            &format!("正文、带图片和链接的 HTML、声音和附件“工资条.pdf”，共 {bytes} 字节。"),
        )?;
        Ok(encoder)
    }

    async fn start(&mut self, password: &Secret) -> Result<Sandbox, Trouble> {
        self.title("A mail server is started on this machine", "在本机启动一台邮件服务器")?;
        let sandbox = Sandbox::start(hongyan_sandbox::Config {
            smtp: Some(0),
            imap: Some(0),
            users: vec![User::new(letter::FROM, password.reveal())],
            login_required: true,
            tls_required: true,
            offers: offers(),
            keep: Keep::Folder(self.dir.clone()),
            ..hongyan_sandbox::Config::default().closed()
        });
        let sandbox = sandbox.await.map_err(|error| not_started(&error))?;
        let address = sandbox.smtp().map(|address| address.to_string()).unwrap_or_default();
        self.text(
            &format!("It listens at {address}, wants TLS and a login, and passes nothing on."),
            &format!("地址 {address}，要求 TLS 和登录，收到的邮件不会转发出去。"),
        )?;
        Ok(sandbox)
    }

    async fn send(&mut self, sandbox: &Sandbox, password: Secret, encoder: Encoder) -> Result<Exit, Trouble> {
        self.title(
            "The mail is sent; C: is what we say, S: what the server says",
            "发送邮件（C: 是客户端，S: 是服务器）",
        )?;
        let port = sandbox.smtp().map(|address| address.port()).unwrap_or_default();
        let server = Server { host: "localhost".to_owned(), port, implicit_tls: false };
        let ca = sandbox.ca_file().map(Path::to_path_buf).unwrap_or_default();
        let wanted = Wanted {
            shown: Some((self.manner, Screen::Output)),
            content: false,
            kept: None,
            began: Instant::now(),
        };
        let proof = Proof::Password(password);
        let options = Options {
            session: Config {
                hello: String::new(),
                credentials: Some(Credentials { user: letter::FROM.to_owned(), proof }),
                ..Config::default()
            },
            tls: Connector::new(Policy { roots: Roots::File(ca), identity: None }),
            tap: wanted.listener(),
            ..Options::default()
        };
        let address = |text| Address::parse(text).map_err(|error| wrong(&error.to_string(), text));
        let to = address(letter::TO)?;
        let envelope = Envelope {
            from: Some(address(letter::FROM)?),
            to: vec![to.clone().into()],
            ..Envelope::default()
        };
        let size = encoder.len();
        let delivery = match Session::connect(&server, &options).await {
            Err(failure) => Delivery::failed([to], &failure),
            Ok(mut session) => {
                let delivery = session.send(composed::mail(encoder, envelope)).await;
                session.quit().await;
                delivery
            }
        };
        let outcome =
            Outcome { delivery: &delivery, size: Some(size), server: "the sandbox", provider: None };
        self.print(&format!("\n{}", outcome.text("demo", self.manner)))?;
        Ok(Exit::of(&delivery))
    }

    /// Shows what arrived; whether it is what was composed.
    fn inspect(&mut self, message: &Message, composed: &[u8]) -> Result<bool, Trouble> {
        self.title("What arrived, taken apart", "收到的邮件，逐层展开")?;
        let arrived = message.content().map_err(unread)?;
        let Manner { language, paint } = self.manner;
        let mut out = io::stdout().lock();
        let length = arrived.len() as u64;
        printed(inspect::summary(&mut out, &read::inspect(&arrived), length, language, paint))?;
        drop(out);
        let same = *arrived == *composed;
        let text = if same {
            language.choose("Byte for byte what was sent.", "与发出的内容逐字节相同。")
        } else {
            language.choose("NOT what was sent.", "与发出的内容不同！")
        };
        let style = if same { Style::Good } else { Style::Bad };
        self.print(&format!("\n{}\n", paint.the(style, text)))?;
        Ok(same)
    }

    fn places(&mut self, sandbox: &Sandbox, message: &Message) -> Result<(), Trouble> {
        self.title("Where everything lies, and what to try next", "文件在哪里，接下来可以试什么")?;
        let shown =
            |path: Option<&Path>| safe::line(&path.unwrap_or(Path::new("")).to_string_lossy()).into_owned();
        let mail = shown(message.path());
        let envelope = shown(message.path().map(|path| path.with_extension("json")).as_deref());
        let program = called();
        let rows = [
            (mail.clone(), "the mail, as it came over the wire", "收到的邮件原文"),
            (envelope, "its envelope: from, to, TLS, login", "它的信封：发件人、收件人、TLS、登录"),
            (shown(sandbox.ca_file()), "the server's certificate", "服务器的证书"),
            (String::new(), "", ""),
            (
                format!("{program} inspect --source --brief {mail}"),
                "its true face, line by line",
                "逐行看它的“真面目”",
            ),
            (
                format!("{program} extract {mail} -d {}", shown(Some(&self.dir.join("files")))),
                "its attachments, as files",
                "取出附件",
            ),
            (
                format!("{program} show --maildir {} 1", shown(Some(&self.maildir()))),
                "the mail that was fetched, to be read",
                "阅读收取的邮件",
            ),
            (
                format!("{program} sandbox"),
                "a server like this one, to send to",
                "启动这样一台服务器，随便试",
            ),
            (format!("{program} send --help"), "your own mail", "发自己的邮件"),
        ];
        let width = rows.iter().map(|(what, ..)| console::measure_text_width(what)).max().unwrap_or(0);
        for (what, english, chinese) in &rows {
            let about = self.manner.language.choose(english, chinese);
            if what.is_empty() {
                self.print("\n")?;
                continue;
            }
            let gap = " ".repeat(width - console::measure_text_width(what));
            let paint = self.manner.paint;
            self.print(&format!(
                "   {}{gap}   {}\n",
                paint.the(Style::Name, what),
                paint.the(Style::Quiet, about)
            ))?;
        }
        Ok(())
    }

    fn title(&mut self, english: &str, chinese: &str) -> Result<(), Trouble> {
        self.step += 1;
        let text = format!("{}. {}", self.step, self.manner.language.choose(english, chinese));
        let space = if self.step == 1 { "" } else { "\n" };
        self.print(&format!("{space}{}\n", self.manner.paint.the(Style::Title, text)))
    }

    fn text(&self, english: &str, chinese: &str) -> Result<(), Trouble> {
        self.print(&format!("   {}\n", self.manner.language.choose(english, chinese)))
    }

    fn print(&self, text: &str) -> Result<(), Trouble> {
        printed(io::stdout().lock().write_all(text.as_bytes()))
    }
}

/// What most servers offer, and so what one meets; `hongyan sandbox` offers more.
fn offers() -> Capabilities {
    Capabilities {
        pipelining: true,
        eight_bit_mime: true,
        smtp_utf8: true,
        enhanced_status_codes: true,
        size: Some(None),
        start_tls: true,
        auth: ["SCRAM-SHA-256", "PLAIN", "LOGIN"].map(str::to_owned).to_vec(),
        ..Capabilities::default()
    }
}

fn unread(error: io::Error) -> Trouble {
    Trouble::new(
        Exit::Io,
        said(format!("the mail cannot be read again: {error}"), format!("无法再次读取邮件：{error}")),
        said("look whether something else writes to the folder", "请检查是否有别的程序在写这个文件夹"),
    )
}

fn late() -> Trouble {
    let seconds = PATIENCE.as_secs();
    Trouble::new(
        Exit::TempFail,
        said(format!("it was not done within {seconds} seconds"), format!("{seconds} 秒内没有完成")),
        said("try again when the machine has less to do", "请在机器空闲时再试"),
    )
}

/// What must not be.
fn wrong(en: &str, zh: &str) -> Trouble {
    let next = said("please report this, with everything above", "请把以上内容作为错误报告给我们");
    Trouble::new(Exit::Protocol, said(en, zh), next)
}

/// Two random words, for a Message-ID or a password.
fn words() -> Result<[u64; 2], Trouble> {
    let bytes: [u8; 16] = random()?;
    let word = |half: &[u8]| half.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    Ok([word(&bytes[..8]), word(&bytes[8..])])
}
