//! A large file passes through little memory. Alone in its process, so that what it measures is its own.

use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Date, Draft, Offered, Part};
use std::fs::{self, File};
use std::io::BufRead;

#[test]
fn a_large_file_passes_through_little_memory() {
    const LEN: u64 = 256 << 20;
    const MOST: u64 = 4 << 20;
    let path = std::env::temp_dir().join(format!("hongyan-compose-memory-{}", std::process::id()));
    File::create(&path).unwrap().set_len(LEN).unwrap();
    let draft = Draft {
        from: vec![Mailbox { name: None, address: "a@example.com".to_owned() }],
        date: Some(Date { seconds: 0, offset_minutes: 0 }),
        text: Some("see the file".into()),
        attachments: vec![Part::attach(&path).unwrap()],
        ..Draft::default()
    };
    for offered in [Offered::default(), Offered::ALL] {
        let Some(before) = resident() else {
            eprintln!("SKIPPED: a_large_file_passes_through_little_memory: the system does not tell memory");
            break;
        };
        let mut encoder = draft.encoder(offered).unwrap();
        let (mut total, mut next, mut most) = (0, 0, 0);
        loop {
            let len = encoder.fill_buf().unwrap().len();
            if len == 0 {
                break;
            }
            encoder.consume(len);
            total += len as u64;
            if total >= next {
                next += 16 << 20;
                most = most.max(resident().unwrap_or(0).saturating_sub(before));
            }
        }
        assert_eq!(total, encoder.len());
        assert!(total > LEN);
        assert!(most < MOST, "{most} bytes more in memory, {offered:?}");
    }
    fs::remove_file(&path).unwrap();
}

/// Bytes of this process in memory.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kb| kb * 1024)
}
