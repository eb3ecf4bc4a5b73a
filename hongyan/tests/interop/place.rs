//! A private folder for one test's servers, and the Maildir in which they leave what they accepted.

use crate::process::eventually;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that every server's own user may enter; removed at the end, kept when the test failed.
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    pub(crate) fn new(name: &str) -> Place {
        Place::below(&std::env::temp_dir(), name)
    }

    /// For thousands of files: in memory, where the system has a place for that.
    pub(crate) fn in_memory(name: &str) -> Place {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Place::below(memory, name) } else { Place::new(name) }
    }

    fn below(base: &Path, name: &str) -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("hongyan-{name}-{}-{unique}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for temporary things");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own folder");
        Place { path }
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A path as text, for a configuration file.
    pub(crate) fn text(&self, name: &str) -> String {
        self.join(name).to_str().expect("temporary paths are UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).expect("our own folder can be written");
        path
    }

    /// Makes a folder that belongs to `user`.
    pub(crate) fn folder_of(&self, user: &str, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(&path).expect("our own folder can be written");
        run(Command::new("chown").arg(user).arg(&path));
        path
    }

    /// Makes `ca.pem`, and `cert.pem` with `key.pem` signed by it for localhost, 127.0.0.1 and ::1.
    pub(crate) fn certificate(&self) {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
        let openssl = |args: &[&str]| {
            run(Command::new("openssl").args(["req", "-x509"]).args(key).args(args).current_dir(&self.path));
        };
        openssl(&["-subj", "/CN=Interop CA", "-keyout", "ca.key", "-out", "ca.pem"]);
        openssl(&[
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            "extendedKeyUsage=serverAuth",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ]);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Runs a command to its end; a failure is the test's.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let done = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// The messages in a Maildir's `new`, in the order of their file names, once there are `count` of them.
pub(crate) fn arrived(maildir: &Path, count: usize) -> Vec<Vec<u8>> {
    let list = || -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(maildir.join("new")) else { return Vec::new() };
        entries.map(|e| e.expect("a readable folder").path()).collect()
    };
    eventually(|| list().len() >= count);
    let mut files = list();
    assert_eq!(files.len(), count, "messages in {maildir:?}");
    files.sort();
    files.iter().map(|f| fs::read(f).expect("a delivered message")).collect()
}
