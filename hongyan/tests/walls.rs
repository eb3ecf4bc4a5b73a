//! Holds the walls between the crates: which of ours may use which, and which outside crate may come in where.
//!
//! Each crate of the workspace is there to keep a dependency out of the others (docs/architecture.md, "Walls"). The
//! graph comes from `cargo metadata`; development dependencies do not count, they are not in the product. And every
//! dependency has its line in docs/dependencies.md.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Every crate of the workspace that may exist, and the crates of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("hongyan-mime", &[]),
    ("hongyan-proto", &[]),
    ("hongyan-net", &["hongyan-proto"]),
    ("hongyan-mailbox", &["hongyan-mime"]),
    ("hongyan-bulk", &["hongyan-net", "hongyan-proto", "hongyan-mime"]),
    ("hongyan-sandbox", &["hongyan-net", "hongyan-proto", "hongyan-mime", "hongyan-mailbox"]),
    (
        "hongyan",
        &[
            "hongyan-bulk",
            "hongyan-mailbox",
            "hongyan-sandbox",
            "hongyan-net",
            "hongyan-proto",
            "hongyan-mime",
        ],
    ),
];

/// Outside crates that are kept to a few of ours. A crate of ours brings in whatever it reaches without passing
/// through another of ours.
const KEPT_TO: &[(&[&str], &[&str])] = &[
    (
        &["tokio", "mio", "socket2", "async-std", "smol", "rustls", "tokio-rustls", "native-tls", "openssl"],
        &["hongyan-net", "hongyan-sandbox", "hongyan-bulk", "hongyan"],
    ),
    (
        &["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres", "sqlx", "sqlx-core", "diesel"],
        &["hongyan-bulk", "hongyan-mailbox"],
    ),
    (&["axum", "axum-core", "hyper", "maud"], &["hongyan"]),
    // Second opinions for tests, never in the product.
    (&["lettre", "mail-auth", "mail-parser", "mail-builder", "rsasl"], &[]),
];

/// A dependency graph by package name; versions of one package are one node.
#[derive(Default)]
struct Graph {
    members: BTreeSet<String>,
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads the graph of this workspace from `cargo metadata`.
    fn of_this_workspace() -> Graph {
        Graph::from_metadata(&metadata())
    }

    fn from_metadata(metadata: &serde_json::Value) -> Graph {
        let list = |v: &serde_json::Value| v.as_array().expect("a list").clone();
        let text = |v: &serde_json::Value| v.as_str().expect("a string").to_owned();
        let name: BTreeMap<String, String> =
            list(&metadata["packages"]).iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let mut graph = Graph::default();
        graph.members.extend(list(&metadata["workspace_members"]).iter().map(|id| name[&text(id)].clone()));
        for node in list(&metadata["resolve"]["nodes"]) {
            let used = graph.uses.entry(name[&text(&node["id"])].clone()).or_default();
            for dep in list(&node["deps"]) {
                if list(&dep["dep_kinds"]).iter().any(|k| k["kind"] != "dev") {
                    used.insert(name[&text(&dep["pkg"])].clone());
                }
            }
        }
        graph
    }

    fn made_up(members: &[&str], uses: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        graph.members.extend(members.iter().map(|m| m.to_string()));
        for (from, to) in uses {
            graph.uses.entry(from.to_string()).or_default().insert(to.to_string());
        }
        graph
    }

    fn used_by(&self, name: &str) -> impl Iterator<Item = &String> {
        self.uses.get(name).into_iter().flatten()
    }

    /// The outside crates that `member` reaches without passing through another member.
    fn brought_in_by(&self, member: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![member];
        while let Some(at) = open.pop() {
            for next in self.used_by(at) {
                if !self.members.contains(next) && seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        seen
    }

    /// Every breach of the walls, a sentence each.
    fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        for member in &self.members {
            let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == member) else {
                breaches.push(format!("{member} is not a crate of the design"));
                continue;
            };
            for used in self.used_by(member).filter(|u| self.members.contains(*u)) {
                if !allowed.contains(&used.as_str()) {
                    breaches.push(format!("{member} may not use {used}"));
                }
            }
            for outside in self.brought_in_by(member) {
                let wall = KEPT_TO.iter().filter(|(kept, _)| kept.contains(&outside));
                if wall.clone().any(|(_, to)| !to.contains(&member.as_str())) {
                    breaches.push(format!("{member} may not bring in {outside}"));
                }
            }
        }
        breaches
    }
}

/// What `cargo metadata` says of this workspace, for this platform.
fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let host = Command::new(&cargo).arg("-vV").output().expect("cargo runs");
    let host = String::from_utf8_lossy(&host.stdout).into_owned();
    let host = host.lines().find_map(|l| l.strip_prefix("host: ")).expect("cargo -vV names the host");
    let run = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).expect("cargo metadata prints JSON")
}

#[test]
fn the_workspace_keeps_its_walls() {
    let graph = Graph::of_this_workspace();
    assert!(graph.members.contains("hongyan-mime") && graph.members.contains("hongyan"));
    assert!(graph.brought_in_by("hongyan-net").contains("tokio"), "the graph holds no outside crates");
    assert_eq!(graph.breaches(), Vec::<String>::new());
}

#[test]
fn each_breach_is_named() {
    let all: Vec<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    type Uses<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Uses, &[&str])] = &[
        (&[("hongyan-net", "hongyan-proto"), ("hongyan-net", "tokio")], &[]),
        (&[("hongyan-mime", "tokio")], &["hongyan-mime may not bring in tokio"]),
        (
            &[("hongyan-proto", "innocent"), ("innocent", "deeper"), ("deeper", "rustls")],
            &["hongyan-proto may not bring in rustls"],
        ),
        (&[("hongyan-mime", "hongyan-proto")], &["hongyan-mime may not use hongyan-proto"]),
        (&[("hongyan-proto", "hongyan-mime")], &["hongyan-proto may not use hongyan-mime"]),
        (&[("hongyan-net", "hongyan-mime")], &["hongyan-net may not use hongyan-mime"]),
        (&[("hongyan-sandbox", "hongyan")], &["hongyan-sandbox may not use hongyan"]),
        (&[("hongyan-sandbox", "axum")], &["hongyan-sandbox may not bring in axum"]),
        (&[("hongyan", "rusqlite")], &["hongyan may not bring in rusqlite"]),
        (&[("hongyan", "hongyan-bulk"), ("hongyan-bulk", "rusqlite")], &[]),
        (&[("hongyan", "axum")], &[]),
        (&[("hongyan-mime", "mail-parser")], &["hongyan-mime may not bring in mail-parser"]),
    ];
    for (uses, expected) in cases {
        assert_eq!(Graph::made_up(&all, uses).breaches(), *expected, "{uses:?}");
    }
    let stray = Graph::made_up(&["hongyan-utils"], &[]);
    assert_eq!(stray.breaches(), ["hongyan-utils is not a crate of the design"]);
}

#[test]
fn development_dependencies_do_not_count() {
    let dep =
        |name: &str, kind: serde_json::Value| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
    let package = |name: &str| serde_json::json!({"id": name, "name": name});
    let metadata = serde_json::json!({
        "packages": [package("hongyan-proto"), package("tokio"), package("mio"), package("rustls")],
        "workspace_members": ["hongyan-proto"],
        "resolve": {"nodes": [{"id": "hongyan-proto", "deps": [
            dep("tokio", "dev".into()), dep("mio", "build".into()), dep("rustls", serde_json::Value::Null),
        ]}]},
    });
    assert_eq!(
        Graph::from_metadata(&metadata).breaches(),
        ["hongyan-proto may not bring in mio", "hongyan-proto may not bring in rustls"]
    );
}

#[test]
fn every_dependency_has_its_line_in_the_documentation() {
    let page = include_str!("../../docs/dependencies.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    let named: BTreeSet<&str> =
        cells.flat_map(|cell| cell.split(", ")).filter_map(|name| name.split([' ', '(']).next()).collect();
    for package in metadata()["packages"].as_array().expect("a list") {
        if !package["source"].is_null() {
            continue; // not ours
        }
        for dependency in package["dependencies"].as_array().expect("a list") {
            let name = dependency["name"].as_str().expect("a string");
            assert!(
                name.starts_with("hongyan") || named.contains(name),
                "{name}, which {} uses, has no line in docs/dependencies.md",
                package["name"]
            );
        }
    }
}
