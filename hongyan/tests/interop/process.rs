//! Programs that a test starts: bounded in time, ended by their pid, their output kept for the failure's message.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it listens, and until it has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// Seconds after which a server ends even if the test that started it was killed.
const LIFETIME: &str = "300";

/// A TCP port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    listener.local_addr().expect("a bound address").port()
}

/// Whether `done` comes true in good time.
pub(crate) fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// A program running in the foreground, in a process group of its own.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`, its output going to `log`, and waits until it listens on every one of `ports`.
    pub(crate) fn start(command: &Command, log: PathBuf, ports: &[u16]) -> Running {
        // Appending, because some of a server's processes open the log anew.
        let output = File::options().create(true).append(true).open(&log).expect("a log in our own folder");
        let errors = output.try_clone().expect("a second handle");
        let mut bounded = Command::new("timeout");
        bounded
            .args(["--foreground", "--kill-after=5", LIFETIME])
            .arg(command.get_program())
            .args(command.get_args());
        bounded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = bounded
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut running = Running { child, log };
        running.until(|| ports.iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok()));
        running
    }

    /// Waits until `ready`, or fails with the log when the program ends or takes too long.
    pub(crate) fn until(&mut self, mut ready: impl FnMut() -> bool) {
        let mut ended = None;
        let up = eventually(|| {
            ended = self.child.try_wait().expect("our own child");
            ended.is_some() || ready()
        });
        assert!(up && ended.is_none(), "the server is not up ({ended:?}):\n{}", self.output());
    }

    /// Sends what Ctrl-C sends, and waits for the end.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "INT", &pid]).status();
        let mut ended = None;
        eventually(|| {
            ended = self.child.try_wait().expect("our own child");
            ended.is_some()
        });
        ended.unwrap_or_else(|| panic!("it goes on after SIGINT:\n{}", self.output()))
    }

    /// What the program has said.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let signal = |name: &str, to: String| {
            let _ = Command::new("kill").args(["-s", name, "--", &to]).stderr(Stdio::null()).status();
        };
        let (leader, group) = (self.child.id().to_string(), format!("-{}", self.child.id()));
        signal("TERM", leader);
        eventually(|| !matches!(self.child.try_wait(), Ok(None)));
        signal("KILL", group); // and whatever outlived the leader
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.output());
        }
    }
}
