//! A client's command line, whatever it sends: no control octet gets into a command, and no secret out of its `Debug`.
#![no_main]

use hongyan_proto::smtp::command::{Command, initial_response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    if let Some(from) = initial_response(line) {
        assert!(from <= line.len());
    }
    match Command::parse(line) {
        Ok(command) => {
            assert!(!line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{command:?}");
            if let Command::Auth { initial: Some(secret), mechanism } = command
                && secret.len() > 8
                && !mechanism.contains(secret)
            {
                assert!(!format!("{command:?}").contains(secret));
            }
        }
        Err(error) => assert!((500..600).contains(&error.codes().0), "{error}"),
    }
});
