//! `hongyan bulk unsubscribe-server`: the links in letters lead here. In the foreground until Ctrl-C.

use std::io::{self, Write, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hongyan_bulk::campaign::{Config, LEDGER};
use hongyan_bulk::ledger::{Ledger, Sqlite};
use hongyan_bulk::suppression::Suppressions;
use hongyan_bulk::token::{Key, KeyFileError};
use hongyan_bulk::unsubscribe::Desk;
use serde::Serialize;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::making;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::stop::Stop;
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;
use crate::web::door::{Door, Limits};
use crate::web::unsubscribe::{Happened, service};

/// How long, after the end was asked for, those who are being answered may take.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serve the links by which readers unsubscribe
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A link asks first, and its button takes the reader off; a mail program's one-click
request (RFC 8058) does so at once. Opening a link changes nothing.

Readers reach it under the url of [unsubscribe] in campaign.toml, by HTTPS: put a web
server in front that passes requests on to --listen, or give it a certificate.")]
pub(super) struct Args {
    /// A campaign whose links are served; may be given more than once
    #[arg(long = "campaign", value_name = "DIR", required = true)]
    campaigns: Vec<PathBuf>,

    /// Listen at this address and port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Speak TLS with the certificates in this PEM file, its own first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// The list of those who get no more mail [default: suppressions.sqlite in the data folder]
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// Print JSON, an object on each line
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// What happened, for a program.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum News<'a> {
    Listening { address: String, tls: bool, campaigns: usize },
    Unsubscribed { address: &'a str, campaign: &'a str, row: u64 },
    UnknownCampaign { campaign: &'a str, row: u64 },
    Failed { why: &'a str },
}

impl Args {
    pub(super) fn run(self) -> Exit {
        match making::runtime().and_then(|runtime| runtime.block_on(self.serve())) {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("bulk unsubscribe-server"),
        }
    }

    async fn serve(self) -> Result<(), Trouble> {
        let campaigns: Vec<(Key, Sqlite)> =
            self.campaigns.iter().map(|dir| campaign(dir)).collect::<Result<_, _>>()?;
        let count = campaigns.len();
        let list = making::list(self.list.as_deref())?;
        let list = Suppressions::open(&list).map_err(|error| Trouble::from(Exit::Io, error.problem()))?;
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificates), Some(key)) => Some(acceptor(certificates, key)?),
            _ => None,
        };
        let stop = Stop::install()?;
        let under_tls = tls.is_some();
        let door = Door::open(self.listen, tls, Limits::default())
            .await
            .map_err(|error| not_listening(self.listen, &error))?;
        let told = Told { json: self.json, paint: Paint::on(&stdout(), self.color) };
        printed(told.listening(door.address(), under_tls, count))?;
        let service = service(Desk::new(list, campaigns), move |happened| told.tell(&happened));

        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(door, service).with_graceful_shutdown(async {
            let _ = ended.await;
        });
        let mut server = tokio::spawn(async move { server.await });
        tokio::select! {
            () = stop.asked() => {
                let _ = end.send(());
                let _ = tokio::time::timeout(LAST_ANSWERS, &mut server).await;
            }
            _ = &mut server => {}
        }
        Ok(())
    }
}

/// A campaign that was begun: its ledger, and the key that its links were signed with.
fn campaign(dir: &Path) -> Result<(Key, Sqlite), Trouble> {
    let path = dir.join(LEDGER);
    if !path.exists() {
        let shown = dir.display();
        return Err(Trouble::new(
            Exit::NoInput,
            said(format!("{shown} holds no campaign that was begun"), format!("{shown} 中没有已开始的活动")),
            said(
                "name the folder of a campaign after `hongyan bulk run`: no link leads here before",
                "请指定执行过 hongyan bulk run 的活动文件夹：在此之前还没有链接发出",
            ),
        ));
    }
    let ledger = Sqlite::read(&path).map_err(|error| making::ledger(&error))?;
    let (manifest, shown) = (ledger.manifest(), dir.display());
    // As it was when its letters were made, whatever became of the file since.
    let config: Config = toml::from_str(&manifest.campaign).map_err(|error| {
        let why = error.message().to_owned();
        Trouble::new(
            Exit::Data,
            said(
                format!("{shown}: what was frozen cannot be read: {why}"),
                format!("{shown}：冻结的设置无法读取：{why}"),
            ),
            said("use the version of hongyan that sent the campaign", "请使用发送该活动时的 hongyan 版本"),
        )
    })?;
    let Some(unsubscribe) = config.unsubscribe.filter(|unsubscribe| unsubscribe.url.is_some()) else {
        return Err(Trouble::new(
            Exit::Config,
            said(
                format!("the letters of {shown} have no link to unsubscribe"),
                format!("{shown} 的信件中没有退订链接"),
            ),
            said("leave it out here", "无需在此指定该活动"),
        ));
    };
    let key = Key::existing_of_campaign(unsubscribe.key.as_deref(), dir).map_err(|error| no_key(&error))?;
    Ok((key, ledger))
}

fn no_key(error: &KeyFileError) -> Trouble {
    let exit = match error {
        KeyFileError::Unreadable { .. } => Exit::NoInput,
        _ => Exit::Config,
    };
    Trouble::from(exit, error.problem())
}

/// TLS with this certificate.
fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, Trouble> {
    let unusable = |path: &Path, why: String| {
        let path = path.display();
        Trouble::new(
            Exit::Config,
            said(format!("{path} cannot be used for TLS: {why}"), format!("{path} 无法用于 TLS：{why}")),
            said(
                "name PEM files: the certificates, and the private key of the first",
                "请指定 PEM 文件：证书链，以及首个证书的私钥",
            ),
        )
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(certificates, error.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(hongyan_net::tls::provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| unusable(certificates, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn not_listening(address: SocketAddr, error: &io::Error) -> Trouble {
    Trouble::new(
        Exit::Unavailable,
        said(format!("nothing can listen at {address}: {error}"), format!("无法监听 {address}：{error}")),
        said("name another address or port with --listen", "请用 --listen 指定另一个地址或端口"),
    )
}

/// Tells whoever runs it what happens.
#[derive(Clone, Copy)]
struct Told {
    json: bool,
    paint: Paint,
}

impl Told {
    fn listening(self, address: SocketAddr, tls: bool, campaigns: usize) -> io::Result<()> {
        let out = &mut stdout().lock();
        if self.json {
            return json::line(out, &News::Listening { address: address.to_string(), tls, campaigns });
        }
        let scheme = if tls { "https" } else { "http" };
        let at = self.paint.the(Style::Strong, format!("{scheme}://{address}/"));
        match Language::of_the_environment() {
            Language::English => writeln!(out, "links are answered at {at} (Ctrl-C ends)"),
            Language::Chinese => writeln!(out, "退订链接由 {at} 处理（Ctrl-C 结束）"),
        }
    }

    /// What becomes of the line is nothing that the reader should wait for.
    fn tell(self, happened: &Happened) {
        if self.json {
            let news = match happened {
                Happened::Off { address, campaign, row } => {
                    News::Unsubscribed { address, campaign, row: *row }
                }
                Happened::Absent { campaign, row } => News::UnknownCampaign { campaign, row: *row },
                Happened::Failed(why) => News::Failed { why: &why.en },
            };
            let _ = json::line(&mut stdout().lock(), &news);
            return;
        }
        let language = Language::of_the_environment();
        match happened {
            Happened::Off { address, campaign, row } => {
                let (address, campaign) = (safe(address), safe(campaign));
                let what = match language {
                    Language::English => format!("{address} is off the list ({campaign}, row {row})"),
                    Language::Chinese => format!("{address} 已退订（{campaign}，第 {row} 行）"),
                };
                let _ = writeln!(stdout().lock(), "{what}");
            }
            Happened::Absent { campaign, row } => tell(&match language {
                Language::English => format!(
                    "a link of row {row} of a campaign that is not served here ({campaign}): add its folder with --campaign"
                ),
                Language::Chinese => {
                    format!(
                        "有人打开了未在此处理的活动（{campaign}）第 {row} 行的链接：请用 --campaign 添加其文件夹"
                    )
                }
            }),
            Happened::Failed(why) => tell(&safe(language.of(why))),
        }
    }
}
