//! What `bench/run` measures of the library: composing, sending what was composed, and reading.
//!
//! ```text
//! hongyan-bench send port=2525 n=10000 conns=8 [tls=1] [chunking=0] [attach=FILE [share=0|1]]
//! hongyan-bench compose n=50 attach=FILE
//! hongyan-bench parse n=10 dir=FOLDER
//! ```
//! `send` fills the templates under `bench/data` for each message, as the peers do, composes it and sends it
//! with the others over `conns` connections, shared by a thread for each core. An attachment is encoded once and shared, or with
//! `share=0`, and where there is but one message, as it goes. It fails unless every message was accepted.
//! `compose` makes a message with an attachment into bytes, n times. `parse` reads every file of a folder, n times:
//! every header field decoded by what it holds, every part by its encoding and charset.

use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use hongyan::composed;
use hongyan::mime::address::{Address as Listed, Mailbox};
use hongyan::mime::compose::{
    Body, Bytes, Date, Draft, EncodedPart, FileSource, MediaType, Names, Offered, Part,
};
use hongyan::mime::read::Message;
use hongyan::net::smtp::{Mail, Options, Server, Session};
use hongyan::net::tls::{Connector, Policy, Roots};
use hongyan::proto::address::Address;
use hongyan::proto::outcome::Delivery;
use hongyan::proto::smtp::client::Tls;
use hongyan::proto::smtp::{Capabilities, Config, Envelope};

/// What goes wrong here ends the program.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    match env::args().nth(1).as_deref() {
        Some("send") => send(),
        Some("compose") => compose(),
        Some("parse") => parse(),
        _ => Err("hongyan-bench send | compose | parse, with key=value arguments".into()),
    }
}

/// The value of `key=value` on the command line, or `default`.
fn argument<T: FromStr>(key: &str, default: T) -> Result<T, Failure> {
    let given = env::args().find_map(|one| one.strip_prefix(key)?.strip_prefix('=').map(str::to_owned));
    match given {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| format!("{key}={text} cannot be understood").into()),
    }
}

fn send() -> Result<(), Failure> {
    let conns = argument("conns", 1_usize)?;
    let work = Arc::new(Work::from_arguments()?);
    let server = Server { host: "127.0.0.1".into(), port: argument("port", 2525)?, implicit_tls: false };
    let options = Options {
        session: Config {
            hello: "bench.example.com".into(),
            tls: if argument("tls", 0)? == 1 { Tls::Required } else { Tls::Never },
            chunking: work.chunking,
            ..Config::default()
        },
        tls: Connector::new(Policy { roots: Roots::Unchecked, identity: None }),
        ..Options::default()
    };
    let threads = thread::available_parallelism()?.get().min(conns);
    thread::scope(|scope| {
        let share = |i: usize| conns / threads + usize::from(i < conns % threads);
        let run = |i| {
            let (work, server, options) = (&work, &server, &options);
            scope.spawn(move || connections(share(i), work, server, options))
        };
        let running = (0..threads).map(run).collect::<Vec<_>>();
        running.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    let accepted = work.accepted.load(Relaxed);
    if accepted != work.n {
        return Err(format!("{accepted} of {} messages were accepted", work.n).into());
    }
    Ok(())
}

/// So many connections on this thread.
fn connections(count: usize, work: &Arc<Work>, server: &Server, options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..count {
            connections.spawn(connection(work.clone(), server.clone(), options.clone()));
        }
        while let Some(ended) = connections.join_next().await {
            ended??;
        }
        Ok(())
    })
}

/// One connection, with as many of the messages as it gets to.
async fn connection(work: Arc<Work>, server: Server, options: Options) -> Result<(), Failure> {
    let failed = |failure: hongyan::proto::outcome::Failure| Failure::from(failure.to_string());
    let mut session = Session::connect(&server, &options).await.map_err(failed)?;
    let mut wrong = None;
    let source = |server: &Capabilities| match work.next(server)? {
        Ok(mail) => Some(mail),
        Err(error) => {
            wrong = Some(error);
            None
        }
    };
    let settled = |_, delivery: Delivery| {
        work.accepted.fetch_add(u64::from(delivery.is_accepted()), Relaxed);
    };
    let ended = session.send_all(source, settled).await;
    session.quit().await;
    match (wrong, ended.failure) {
        (Some(error), _) => Err(error),
        (None, Some(failure)) => Err(failed(failure)),
        (None, None) => Ok(()),
    }
}

/// What all connections share.
struct Work {
    n: u64,
    begun: AtomicU64,
    accepted: AtomicU64,
    chunking: bool,
    text: String,
    html: String,
    from: Mailbox,
    sender: Address,
    date: Date,
    attachment: Option<Part>,
}

impl Work {
    fn from_arguments() -> Result<Self, Failure> {
        let data = env::var("HB_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/data").into());
        let template = |name: &str| {
            let path = Path::new(&data).join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let n = argument("n", 1000)?;
        let file = argument("attach", String::new())?;
        let attachment = match file.as_str() {
            "" => None,
            file => Some(attachment(
                Body::File(FileSource::open(file)?),
                argument("share", u8::from(n > 1))? == 1,
            )?),
        };
        Ok(Self {
            n,
            begun: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            chunking: argument("chunking", 1)? == 1,
            text: template("small.txt")?,
            html: template("small.html")?,
            from: mailbox("Example Shop", "shop@example.com"),
            sender: Address::parse("shop@example.com")?,
            date: Date::new(SystemTime::now(), 0),
            attachment,
        })
    }

    /// The next message, made for this server.
    fn next(&self, server: &Capabilities) -> Option<Result<Mail, Failure>> {
        let i = self.begun.fetch_add(1, Relaxed);
        (i < self.n).then(|| self.mail(i, composed::offered(server, self.chunking)))
    }

    fn mail(&self, i: u64, offered: Offered) -> Result<Mail, Failure> {
        let (id, name, to) = (i.to_string(), format!("Zoë Müller {i}"), format!("customer{i}@example.net"));
        let fill = |template: &str| template.replace("{i}", &id).replace("{name}", &name);
        let recipient = Address::parse(&to)?;
        let draft = Draft {
            from: vec![self.from.clone()],
            text: Some(fill(&self.text).into()),
            html: Some(fill(&self.html).into()),
            to: vec![Listed::Mailbox(Mailbox { name: Some(name), address: to })],
            subject: Some(format!("Your order {i} is on its way, Zoë")),
            date: Some(self.date),
            message_id: Some(format!("{i}.bench@example.com")),
            attachments: self.attachment.iter().cloned().collect(),
            ..Draft::default()
        };
        let envelope =
            Envelope { from: Some(self.sender.clone()), to: vec![recipient.into()], ..Envelope::default() };
        Ok(composed::mail(draft.encoder(offered)?, envelope))
    }
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: Some(name.into()), address: address.into() }
}

/// The attachment, encoded now and shared by all messages, or to be encoded in each.
fn attachment(body: Body, share: bool) -> Result<Part, Failure> {
    let part =
        Part::from(body).with_type(MediaType::new("application/octet-stream")).with_file_name("report.bin");
    let part = part.with_disposition(hongyan::mime::compose::Disposition::Attachment);
    Ok(if share {
        Part::encoded(EncodedPart::new(&part, Names::default(), Offered::default())?)
    } else {
        part
    })
}

fn compose() -> Result<(), Failure> {
    let bytes = Bytes::from(fs::read(argument("attach", String::new())?)?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let mut out = Vec::with_capacity(bytes.as_slice().len() * 3 / 2);
    for i in 0..argument("n", 1_u64)? {
        let mut draft = Draft {
            from: vec![Mailbox { name: None, address: "a@example.com".into() }],
            to: vec![Listed::Mailbox(Mailbox { name: None, address: "b@example.com".into() })],
            subject: Some("big".into()),
            text: Some("hello".into()),
            attachments: vec![attachment(Body::Bytes(bytes.clone()), false)?],
            ..Draft::default()
        };
        draft.stamp(SystemTime::now(), 0, "example.com", [now, i]);
        let mut encoder = draft.encoder(Offered::default())?;
        // The same buffer again: it is only ever made longer.
        out.resize(usize::try_from(encoder.len())?, 0);
        encoder.read_exact(&mut out)?;
        black_box(&out);
    }
    Ok(())
}

/// Reads every file of a folder, again and again.
fn parse() -> Result<(), Failure> {
    let mut paths = fs::read_dir(argument("dir", String::from("."))?)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    let all = paths.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..argument("n", 1_usize)? {
        all.iter().for_each(|raw| read(raw));
    }
    Ok(())
}

/// What mail-parser does unasked: all fields, all parts.
fn read(raw: &[u8]) {
    let message = Message::parse(raw);
    for (index, part) in message.parts().iter().enumerate() {
        for field in message.fields(index) {
            let name = &raw[field.name()];
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            match name.len() {
                2 if is("To") || is("Cc") => drop(black_box(message.addresses_in(field))),
                3 if is("Bcc") => drop(black_box(message.addresses_in(field))),
                4 if is("From") => drop(black_box(message.addresses_in(field))),
                4 if is("Date") => drop(black_box(message.date_in(field))),
                6 if is("Sender") => drop(black_box(message.addresses_in(field))),
                8 if is("Reply-To") => drop(black_box(message.addresses_in(field))),
                // With the part's text and name.
                12 if is("Content-Type") => {}
                19 if is("Content-Disposition") => {}
                _ => drop(black_box(message.value_text(field))),
            }
        }
        black_box(message.file_name(index));
        match part.media_type.is_text() {
            _ if part.is_container() => {}
            true => drop(black_box(message.text(index))),
            false => drop(black_box(message.decoded(index))),
        }
    }
}
