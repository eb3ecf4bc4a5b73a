//! `hongyan man` and `hongyan completions`: what is made of the command line's own definitions.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn hongyan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hongyan")).args(arguments).output().unwrap()
}

/// What a person calls.
const COMMANDS: [&str; 14] = [
    "send", "recv", "fetch", "list", "show", "search", "reply", "forward", "import", "export", "inspect",
    "extract", "sandbox", "demo",
];

#[test]
fn every_commands_help_has_an_example_and_fits_a_window() {
    let whole = hongyan::cli::command();
    for name in COMMANDS.iter().filter(|name| !["demo", "sandbox"].contains(*name)) {
        let command = whole.find_subcommand(name).expect(name);
        let help = command.get_after_help().expect(name).to_string();
        let example = |line: &str| {
            let line = line.trim_start();
            [format!("hongyan {name} "), format!("{name} -")]
                .iter()
                .any(|start| format!("{line} ").contains(start))
        };
        assert!(help.lines().any(|line| line.starts_with("  ") && example(line)), "{name}: {help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{name}: it would be broken in two: {line}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let _ = fs::remove_dir_all(&dir);
    assert!(hongyan(&["man", dir.to_str().unwrap()]).status.success());
    for name in COMMANDS.map(|name| format!("hongyan-{name}")).iter().chain([&"hongyan".to_owned()]) {
        let page = fs::read_to_string(dir.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{name}: {page}");
    }
    let page = hongyan(&["man"]);
    assert!(page.stdout == fs::read(dir.join("hongyan.1")).unwrap(), "one page, printed or written");
    let refused = hongyan(&["man", "/dev/null/man"]);
    assert_eq!(refused.status.code(), Some(73));
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = hongyan(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        for name in COMMANDS {
            assert!(script.contains(name), "{shell}: {name}");
        }
        assert!(
            output.status.success() && script.contains("--source") && script.contains("as-attachment"),
            "{shell}"
        );
    }
    assert_eq!(hongyan(&["completions", "dos"]).status.code(), Some(64));
}
