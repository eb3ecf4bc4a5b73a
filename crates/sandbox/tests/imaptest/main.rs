//! ImapTest's scripts (dovecot/imaptest) against the sandbox: commands, and what a server must say to them.
//!
//! The scripts are read from the folder that `HONGYAN_CORPUS` names; without it nothing is tested, and that is
//! said.

mod matching;
mod script;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hongyan_sandbox::{Config, Sandbox, User};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use matching::{Node, Values};
use script::{Script, Status};

/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is not offered, and so not tested.
const NOT_OFFERED: [&str; 10] = [
    "append-binary",
    "catenate",
    "esort",
    "fetch-binary-mime-qp",
    "multiappend",
    "search-context-update2",
    "search-context-update3",
    "sort-",
    "thread",
    "urlauth",
];

/// Where the answers differ, and why that is right.
const DIFFERENT: [(&str, &str); 1] =
    [("fetch-envelope", "source routes are passed over, as RFC 5322 §4.4 asks of who reads them")];

struct Client {
    link: BufReader<TcpStream>,
    tags: u32,
}

/// An answer: what came untagged, its tagged status, its text.
struct Heard {
    untagged: Vec<Untagged>,
    status: String,
    text: String,
}

/// A line of it.
#[derive(Debug)]
struct Untagged {
    nodes: Vec<Node>,
    /// The number that it names, as it was when the command was said.
    number: Option<usize>,
}

/// Follows numbers through what is removed while a command runs.
struct Numbers(Vec<usize>);

impl Numbers {
    fn new() -> Self {
        Self((1..=1000).collect())
    }

    fn hear(&mut self, nodes: Vec<Node>) -> Untagged {
        let word = |at: usize| match nodes.get(at) {
            Some(Node::Word(word)) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        let at = word(0).parse::<usize>().ok().filter(|&n| n > 0 && n <= self.0.len());
        let number = at.map(|at| self.0[at - 1]);
        if let (Some(at), "EXPUNGE") = (at, word(1).as_str()) {
            self.0.remove(at - 1);
        }
        Untagged { nodes, number }
    }
}

impl Client {
    async fn connect(to: SocketAddr) -> Self {
        let link = BufReader::new(TcpStream::connect(to).await.expect("the sandbox listens"));
        let mut client = Self { link, tags: 0 };
        client.line().await;
        client
    }

    /// A line with its literals.
    async fn line(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = timeout(PATIENCE, self.link.read_until(b'\n', &mut line)).await.expect("an answer");
            assert!(read.expect("it can be read") > 0, "the connection ended");
            all.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line);
            let Some(octets) = text.trim_end().strip_suffix('}').and_then(|text| text.rsplit_once('{'))
            else {
                return all;
            };
            let Ok(octets) = octets.1.parse::<usize>() else { return all };
            let mut literal = vec![0; octets];
            timeout(PATIENCE, self.link.read_exact(&mut literal))
                .await
                .expect("a literal")
                .expect("all of it");
            all.extend_from_slice(&literal);
        }
    }

    /// Says a command, literals without asking, and hears the answer.
    async fn say(&mut self, command: &[u8]) -> (String, Heard) {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        let mut said = format!("{tag} ").into_bytes();
        said.extend_from_slice(command);
        said.extend_from_slice(b"\r\n");
        self.link.get_mut().write_all(&said).await.expect("the sandbox takes it");
        let (mut untagged, mut numbers) = (Vec::new(), Numbers::new());
        loop {
            let line = self.line().await;
            if let Some(rest) = line.strip_prefix(b"* ") {
                untagged.push(numbers.hear(matching::read(rest)));
            } else if let Some(rest) = line.strip_prefix(format!("{tag} ").as_bytes()) {
                let rest = String::from_utf8_lossy(rest).trim_end().to_string();
                let (status, text) = rest.split_once(' ').unwrap_or((&rest, ""));
                return (tag, Heard { untagged, status: status.into(), text: text.into() });
            }
        }
    }

    async fn must(&mut self, command: &[u8]) {
        let (_, heard) = self.say(command).await;
        assert_eq!(heard.status, "OK", "{}: {}", command.escape_ascii(), heard.text);
    }
}

/// The messages of an mbox, with CRLF.
fn messages(mbox: &str) -> Vec<String> {
    let lines = format!("\n{}", mbox.replace("\r\n", "\n"));
    let mut mails: Vec<String> = lines.split("\nFrom ").skip(1).map(|mail| format!("{mail}\n")).collect();
    // The empty line before the next mail belongs to the one before; behind the last there is nothing.
    if let Some(last) = mails.last_mut() {
        last.pop();
    }
    mails
        .iter()
        .map(|mail| mail.split_once('\n').map_or("", |(_, mail)| mail).replace('\n', "\r\n"))
        .collect()
}

struct Run {
    clients: Vec<Client>,
    values: Values,
    mails: Vec<String>,
    next: usize,
}

impl Run {
    async fn start(script: &Script, mails: Vec<String>, to: SocketAddr) -> Self {
        let mut clients = Vec::new();
        for _ in 0..script.connections {
            clients.push(Client::connect(to).await);
        }
        let fixed = [("mailbox", "imaptest"), ("user", "ann"), ("username", "ann"), ("root", "")];
        let values = fixed.map(|(name, value)| (name.to_string(), value.to_string()));
        let mut run = Self { clients, values: HashMap::from(values), mails, next: 0 };
        if script.state == "nonauth" {
            return run;
        }
        for client in &mut run.clients {
            client.must(b"LOGIN ann secret").await;
        }
        if script.state == "auth" {
            return run;
        }
        run.clients[0].must(b"CREATE imaptest").await;
        if script.state == "created" {
            return run;
        }
        for _ in 0..script.messages.unwrap_or(run.mails.len()) {
            let append = run.append(b"APPEND");
            run.clients[0].must(&append).await;
        }
        if script.state == "selected" {
            for client in &mut run.clients {
                client.must(b"SELECT imaptest").await;
            }
        }
        run
    }

    /// `APPEND [mailbox [flags]]` with the next message.
    fn append(&mut self, command: &[u8]) -> Vec<u8> {
        let mail = &self.mails[self.next % self.mails.len()];
        self.next += 1;
        let mut said = command.to_vec();
        if command.eq_ignore_ascii_case(b"append") {
            said.extend_from_slice(b" imaptest");
        }
        said.extend_from_slice(format!(" {{{}+}}\r\n{mail}", mail.len()).as_bytes());
        said
    }

    async fn step(&mut self, step: &script::Step) -> Result<(), String> {
        let mut command = script::expand(&step.command, &self.values);
        let verb = command.split(|&b| b == b' ').next().unwrap_or_default();
        if verb.eq_ignore_ascii_case(b"append") && !command.contains(&b'\n') {
            command = self.append(&command);
        }
        let (tag, heard) = self.clients[step.connection].say(&command).await;
        self.values.insert("tag".into(), tag);
        let shown = command.escape_ascii();
        if let Status::Is(wanted) = &step.status
            && !heard.status.eq_ignore_ascii_case(wanted)
        {
            return Err(format!("{shown}: {wanted} was expected, {} {} said", heard.status, heard.text));
        }
        let begins = matching::substituted(&step.text, &self.values);
        if !heard.text.to_lowercase().starts_with(&begins.to_lowercase()) {
            return Err(format!("{shown}: {begins:?} was expected, {:?} said", heard.text));
        }
        for (wanted, expected) in &step.untagged {
            let found = heard.untagged.iter().find_map(|line| {
                let mut values = self.values.clone();
                matching::fits_line(expected, &line.nodes, line.number, &mut values).then_some(values)
            });
            match (wanted, found) {
                (true, Some(values)) => self.values = values,
                (false, None) => {}
                (wanted, _) => {
                    let what = if *wanted { "missing" } else { "said all the same" };
                    return Err(format!("{shown}: {what}: {expected:?} of {:?}", heard.untagged));
                }
            }
        }
        Ok(())
    }
}

async fn run(folder: &Path, name: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())?;
    let script = Script::parse(&text);
    let own = folder.join(format!("{name}.mbox"));
    let mbox = if own.exists() { own } else { folder.join("default.mbox") };
    let mails = messages(&String::from_utf8_lossy(&std::fs::read(mbox).map_err(|error| error.to_string())?));
    let config = Config { users: vec![User::new("ann", "secret")], ..Config::default() };
    let sandbox = Sandbox::start(config).await.map_err(|error| error.to_string())?;
    let mut run = Run::start(&script, mails, sandbox.imap().expect("it listens")).await;
    for step in &script.steps {
        run.step(step).await?;
    }
    Ok(())
}

#[tokio::test]
async fn imaptests_scripts_are_followed() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: ImapTest's scripts, HONGYAN_CORPUS is not set");
        return;
    };
    let folder = Path::new(&corpus).join("protocol/dovecot+imaptest");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed"))
        .filter(|entry| entry.file_type().expect("a type").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".mbox") && !NOT_OFFERED.iter().any(|not| name.starts_with(not)))
        .collect();
    names.sort();
    let mut failed = Vec::new();
    for name in &names {
        let different = DIFFERENT.iter().any(|(known, _)| known == name);
        match run(&folder, name).await {
            Err(why) if !different => failed.push(format!("{name}: {why}")),
            Ok(()) if different => failed.push(format!("{name}: is no longer different")),
            _ => {}
        }
    }
    assert!(names.len() >= 20, "{} scripts were found", names.len());
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), names.len(), failed.join("\n"));
}
