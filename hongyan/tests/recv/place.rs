//! A folder of its own for each test, a sandbox with mail for `wang`, and the program run in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use hongyan::proto::sasl::Secret;
use hongyan::sandbox::{Config, Sandbox, User};
use tokio::sync::oneshot;

/// The password of `wang`; it must not be seen anywhere.
pub(crate) const PASSWORD: &str = "tanstaaf-5f1c";

/// What lies in the maildrop of `wang`.
pub(crate) const MAILS: [&str; 3] = [
    "From: =?utf-8?B?5p2O6Zu3?= <lilei@example.org>\r\nTo: wang@example.org\r\nSubject: =?utf-8?B?5ZGo5oql?=\r\n\r\nhello\r\n",
    "Subject: dots\r\n\r\n.\r\n..two\r\n",
    "Subject: third\r\n\r\n\u{1b}[31mred\r\n",
];

/// A sandbox on a thread of its own.
pub(crate) struct World {
    pub(crate) port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::failing(&[])
    }

    /// With these faults.
    pub(crate) fn failing(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|rule| rule.parse().unwrap()).collect();
        let user = User { name: "wang".into(), password: Secret::new(PASSWORD), token: None };
        let mut config = Config { faults, users: vec![user], ..Config::default() };
        config.limits.stopping = Duration::from_millis(100);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::start(config).await.unwrap();
                for mail in MAILS {
                    sandbox.store().put("wang", "INBOX", mail.as_bytes()).await.unwrap();
                }
                tell.send(sandbox.pop3().unwrap().port()).unwrap();
                let _ = stopped.await;
                sandbox.stop().await;
            });
        });
        Self { port: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("pop3://wang@127.0.0.1:{}", self.port)
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

/// A folder made anew, and what is run in it.
pub(crate) struct Place {
    folder: PathBuf,
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
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recv").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The program under the name `recv`, as the root's `./recv` is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = self.path(".bin/recv");
        if !program.exists() {
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hongyan"), &program).unwrap();
        }
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.folder).env("USER", "tester").env("LC_ALL", "C");
        command
    }

    /// A script against a server, as `wang` with the right password.
    pub(crate) fn script(&self, url: &str, script: &str) -> Ran {
        let mut command = self.command(&["--server", url]);
        command.env("HONGYAN_PASSWORD", PASSWORD);
        Ran::of(command, script)
    }
}

impl Ran {
    pub(crate) fn of(mut command: Command, script: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that has ended already reads no script.
        let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Self { code: status.code().expect("it ends by itself"), out: text(stdout), err: text(stderr) }
    }
}
