//! An envelope address, whatever is given as one: nothing that could end a command or begin a parameter gets through.
#![no_main]

use hongyan_proto::address::Address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(address) = Address::parse(text) else { return };
    assert_eq!(address.as_str(), text);
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(!address.domain().contains(['<', '>', ' ', '"']), "{text:?}");
    if !address.local().starts_with('"') {
        assert!(!address.local().contains(['<', '>', ' ', '"']), "{text:?}");
    }
    if let Some(ascii) = address.to_ascii() {
        assert!(ascii.is_ascii() && Address::parse(&ascii).is_ok(), "{text:?} as {ascii:?}");
    }
});
