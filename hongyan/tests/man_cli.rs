//! `hongyan man` and `hongyan completions`: what is made of the command line's own definitions.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn hongyan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hongyan")).args(arguments).output().unwrap()
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let _ = fs::remove_dir_all(&dir);
    assert!(hongyan(&["man", dir.to_str().unwrap()]).status.success());
    for name in ["hongyan", "hongyan-send", "hongyan-inspect", "hongyan-extract", "hongyan-sandbox"] {
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
        assert!(
            output.status.success() && script.contains("inspect") && script.contains("--source"),
            "{shell}"
        );
    }
    assert_eq!(hongyan(&["completions", "dos"]).status.code(), Some(64));
}
