//! A folder of its own for each test, a sandbox beside it, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use hongyan::sandbox::{Config, Message, Sandbox, Store};
use tokio::sync::oneshot;

/// A folder made anew, and what is run in it.
pub(crate) struct Place {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("send").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, variables: Vec::new() }
    }

    /// With mail going to this sandbox.
    pub(crate) fn with(name: &str, world: &World) -> Self {
        Self::new(name).set("HONGYAN_SERVER", &world.url())
    }

    #[must_use]
    pub(crate) fn set(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The program under the name `send`, as the root's `./send` is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = self.path(".bin/send");
        if !program.exists() {
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hongyan"), &program).unwrap();
        }
        self.program(&program, arguments)
    }

    /// A command of the program under its own name.
    pub(crate) fn hongyan(&self, arguments: &[&str]) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_hongyan")), arguments)
    }

    fn program(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.folder).env("USER", "tester").env("LC_ALL", "C");
        command.envs(self.variables.iter().map(|(variable, value)| (variable, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn send(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.hongyan(arguments).output().unwrap())
    }

    pub(crate) fn send_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        Ran::with_input(self.command(arguments), input)
    }
}

impl Ran {
    pub(crate) fn with_input(mut command: Command, input: &[u8]) -> Self {
        use std::io::Write;
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Self::of(child)
    }

    pub(crate) fn of(child: Child) -> Self {
        Self::from(child.wait_with_output().unwrap())
    }

    /// Both outputs, for searching them for what must not be there.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
        let code = output.status.code().expect("it ends by itself");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A sandbox on a thread of its own.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) smtp: u16,
    pub(crate) smtps: u16,
    pub(crate) imap: u16,
    pub(crate) ca: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    pub(crate) fn start(mut config: Config) -> Self {
        // A fault that delays for long need not be waited for when the test is over.
        config.limits.stopping = Duration::from_millis(100);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::start(config).await.unwrap();
                let port = |address: Option<std::net::SocketAddr>| address.unwrap().port();
                let facts = (
                    sandbox.store().clone(),
                    port(sandbox.smtp()),
                    port(sandbox.smtps()),
                    port(sandbox.imap()),
                    sandbox.ca_pem().to_owned(),
                );
                tell.send(facts).unwrap();
                let _ = stopped.await;
                sandbox.stop().await;
            });
        });
        let (store, smtp, smtps, imap, ca) = told.recv().unwrap();
        Self { store, smtp, smtps, imap, ca, stop: Some(stop), thread: Some(thread) }
    }

    /// With these faults.
    pub(crate) fn failing(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|rule| rule.parse().unwrap()).collect();
        Self::start(Config { faults, ..Config::default() })
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.smtp)
    }

    /// How many messages were kept.
    pub(crate) fn count(&self) -> usize {
        self.store.ids().unwrap().len()
    }

    /// The last message that was kept, and its octets.
    pub(crate) fn last(&self) -> (std::sync::Arc<Message>, Vec<u8>) {
        let id = *self.store.ids().unwrap().last().expect("a message arrived");
        let message = self.store.get(id).unwrap().unwrap();
        let content = message.content().unwrap().into_owned();
        (message, content)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The text with every time, and what follows a line to explain it, left out.
pub(crate) fn lines_of_trace(trace: &str) -> Vec<String> {
    let line = |line: &str| {
        let (_, rest) = line.split_once(" ms  ")?;
        Some(rest.split("   ").next().unwrap_or(rest).trim_end().to_owned())
    };
    trace.lines().filter_map(line).collect()
}
