//! What the peer programs share: `key=value` arguments and the personalised message.
use std::{env, fs, path::Path, str::FromStr};

/// The value of `key=value` on the command line, or `default`.
pub fn arg<T: FromStr>(key: &str, default: T) -> T {
    let prefix = format!("{key}=");
    env::args().find_map(|a| a.strip_prefix(&prefix).and_then(|v| v.parse().ok())).unwrap_or(default)
}

/// One message's own fields, filled into the templates under `data/`.
pub struct Mail {
    pub to: String,
    pub name: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

pub struct Templates {
    text: String,
    html: String,
}

impl Templates {
    /// Reads the templates from `data=DIR` (default: beside the crate).
    pub fn load() -> Self {
        let dir = std::env::var("HB_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../data").into());
        let read = |f: &str| fs::read_to_string(Path::new(&dir).join(f)).expect("template");
        Templates { text: read("small.txt"), html: read("small.html") }
    }

    pub fn mail(&self, i: usize) -> Mail {
        let name = format!("Zoë Müller {i}");
        let id = i.to_string();
        let fill = |t: &str| t.replace("{i}", &id).replace("{name}", &name);
        Mail {
            to: format!("customer{i}@example.net"),
            subject: format!("Your order {i} is on its way, Zoë"),
            text: fill(&self.text),
            html: fill(&self.html),
            name,
        }
    }
}

/// The attachment named by `attach=FILE`, if any.
pub fn attachment() -> Option<Vec<u8>> {
    let path: String = arg("attach", String::new());
    (!path.is_empty()).then(|| fs::read(path).expect("attachment"))
}

/// A tokio runtime with `threads=N` workers; 0, the default, is the current thread alone.
pub fn runtime() -> tokio::runtime::Runtime {
    match arg("threads", 0usize) {
        0 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        n => tokio::runtime::Builder::new_multi_thread().worker_threads(n).enable_all().build(),
    }
    .expect("runtime")
}
