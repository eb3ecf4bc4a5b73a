//! How fast messages are composed, beside mail-builder: `cargo run --release -p hongyan-mime --example
//! compose_speed -- [TEMPLATES]`, where `TEMPLATES` has `small.txt` and `small.html` with `{i}` and
//! `{name}` to fill in (two of about 1 KB are made up without it).
//!
//! Each figure is the best of several rounds. The message's fields are made beforehand, for both sides.

use hongyan_mime::address::{Address, Mailbox};
use hongyan_mime::compose::{Draft, EncodedPart, Names, Offered, Part, Text};
use mail_builder::MessageBuilder;
use std::hint::black_box;
use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const SMALL: usize = 20_000;
const BIG: usize = 20_000_000;

/// One message's own fields.
struct Mail {
    to: String,
    name: String,
    subject: String,
    text: String,
    html: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (text, html) = match std::env::args().nth(1) {
        Some(dir) => {
            let read = |name| std::fs::read_to_string(Path::new(&dir).join(name));
            (read("small.txt")?, read("small.html")?)
        }
        None => {
            let line = "your order {i} is on its way and will be with you tomorrow before noon.\n";
            let text = format!("Hello {{name}},\n\n{}\nthe team, Köln\n", line.repeat(12));
            (text.clone(), format!("<html><body style=\"margin:0\"><p>{text}</p></body></html>\n"))
        }
    };
    let mails: Vec<Mail> = (0..SMALL).map(|i| mail(i, &text, &html)).collect();
    small(&mails);
    big()?;
    Ok(())
}

fn mail(i: usize, text: &str, html: &str) -> Mail {
    let name = format!("Zoë Müller {i}");
    let fill = |t: &str| t.replace("{i}", &i.to_string()).replace("{name}", &name);
    Mail {
        to: format!("customer{i}@example.net"),
        subject: format!("Your order {i} is on its way, Zoë"),
        text: fill(text),
        html: fill(html),
        name,
    }
}

/// The time that this thread has had a processor, where the system tells it, so that others' work on the
/// machine counts less.
fn clock() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|line| line.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// The best of several rounds over `times` items, as the time of one.
fn best(times: usize, mut run: impl FnMut(usize)) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = clock();
        (0..times).for_each(&mut run);
        best = best.min(clock() - start);
    }
    best / times as u32
}

fn drain(encoder: &mut impl BufRead) -> u64 {
    let mut total = 0;
    while let Ok(bytes @ [_, ..]) = encoder.fill_buf() {
        let len = bytes.len();
        black_box(bytes);
        encoder.consume(len);
        total += len as u64;
    }
    total
}

fn draft(mail: &Mail) -> Draft {
    let mut draft = Draft {
        from: vec![Mailbox { name: Some("Example Shop".into()), address: "shop@example.com".into() }],
        to: vec![Address::Mailbox(Mailbox { name: Some(mail.name.clone()), address: mail.to.clone() })],
        subject: Some(mail.subject.clone()),
        text: Some(Text::new(mail.text.clone())),
        html: Some(Text::new(mail.html.clone())),
        ..Draft::default()
    };
    draft.stamp(std::time::SystemTime::now(), 480, "example.com", [17, 4]);
    draft
}

fn small(mails: &[Mail]) {
    let ours = best(mails.len(), |i| {
        let mut encoder = draft(&mails[i]).encoder(Offered::default()).expect("a draft");
        assert_eq!(drain(&mut encoder), encoder.len());
    });
    let drafts: Vec<Draft> = mails.iter().map(draft).collect();
    let encode = best(drafts.len(), |i| {
        let mut encoder = drafts[i].encoder(Offered::default()).expect("a draft");
        drain(&mut encoder);
    });
    let peer = best(mails.len(), |i| {
        let mail = &mails[i];
        let bytes = MessageBuilder::new()
            .from(("Example Shop", "shop@example.com"))
            .to((&mail.name[..], &mail.to[..]))
            .subject(&mail.subject[..])
            .text_body(&mail.text[..])
            .html_body(&mail.html[..])
            .write_to_vec()
            .expect("a message");
        black_box(bytes);
    });
    let len = drafts[1].encoder(Offered::default()).expect("a draft").len();
    println!("(a) {len} byte message: draft and encode {ours:?}, encode {encode:?}, mail-builder {peer:?}");
}

fn big() -> Result<(), Box<dyn std::error::Error>> {
    let bytes: Vec<u8> =
        (0..BIG as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let from = || vec![Mailbox { name: None, address: "a@example.com".into() }];
    let draft = |part: Part| {
        let mut draft = Draft {
            from: from(),
            subject: Some("big".into()),
            text: Some("hello".into()),
            ..Draft::default()
        };
        draft.attachments.push(part);
        draft.stamp(std::time::SystemTime::now(), 480, "example.com", [17, 4]);
        draft
    };
    let rate = |time: Duration| BIG as f64 / time.as_secs_f64() / 1e9;
    let stream = |draft: &Draft| {
        best(50, |_| {
            let mut encoder = draft.encoder(Offered::default()).expect("a draft");
            assert_eq!(drain(&mut encoder), encoder.len());
        })
    };
    let mut buffer = vec![0; 1 << 18];
    let mut read = |draft: &Draft| {
        best(50, |_| {
            let mut encoder = draft.encoder(Offered::default()).expect("a draft");
            while encoder.read(&mut buffer).is_ok_and(|len| len > 0) {
                black_box(&buffer);
            }
        })
    };
    let peer = best(50, |_| {
        let message = MessageBuilder::new().from("a@example.com").to("b@example.com").subject("big");
        let message =
            message.text_body("hello").attachment("application/octet-stream", "report.bin", &bytes[..]);
        black_box(message.write_to_vec().expect("a message"));
    });
    let path = std::env::temp_dir().join(format!("compose_speed.{}", std::process::id()));
    std::fs::File::create(&path)?.write_all(&bytes)?;
    let file = draft(Part::attach(&path)?);
    let (file, file_read) = (stream(&file), read(&file));
    let part = Part::bytes("report.bin", bytes);
    let shared = EncodedPart::new(&part, Names::default(), Offered::default())?;
    let memory = draft(part);
    let (memory, memory_read) = (stream(&memory), read(&memory));
    let shared = draft(Part::encoded(shared));
    let shared = best(SMALL, |_| {
        drain(&mut shared.encoder(Offered::default()).expect("a draft"));
    });
    std::fs::remove_file(&path)?;
    println!(
        "(b) 20 MB in memory: {:.1} GB/s, by read {:.1} GB/s, mail-builder {:.1} GB/s",
        rate(memory),
        rate(memory_read),
        rate(peer)
    );
    println!("(c) 20 MB from a file: {:.1} GB/s, by read {:.1} GB/s", rate(file), rate(file_read));
    println!("(d) 20 MB encoded beforehand: {shared:?} a message");
    Ok(())
}
