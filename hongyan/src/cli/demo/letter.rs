//! The showcase mail: text and HTML, a picture that the HTML shows, a link to elsewhere, a sound, and a payslip
//! with a Chinese name. Its files are in the program, so that it can be shown anywhere.

use hongyan_mime::address::{Address, Mailbox};
use hongyan_mime::compose::{Bytes, Date, Disposition, Draft, Part, Text};

const TEXT: &str = include_str!("../../../../examples/showcase/message.txt");
const HTML: &str = include_str!("../../../../examples/showcase/message.html");
const PICTURE: &[u8] = include_bytes!("../../../../examples/showcase/geese.png");
const SOUND: &[u8] = include_bytes!("../../../../examples/showcase/chime.wav");
const PAYSLIP: &[u8] = include_bytes!("../../../../examples/showcase/工资条.pdf");

/// Whom it is from and to.
pub(super) const FROM: &str = "hongyan@example.org";
pub(super) const TO: &str = "wang.wei@example.org";

/// What it is made of.
pub(super) fn draft(date: Date, random: [u64; 2]) -> Draft {
    let picture = Part::bytes("geese.png", Bytes::from(PICTURE));
    let picture = picture.with_disposition(Disposition::Inline).with_content_id("geese.png");
    Draft {
        from: vec![mailbox("鸿雁", FROM)],
        to: vec![Address::Mailbox(mailbox("王伟", TO))],
        subject: Some("本月工资条 Your payslip".to_owned()),
        date: Some(date),
        message_id: Some(format!("{:016x}{:016x}@example.org", random[0], random[1])),
        text: Some(Text::new(TEXT)),
        html: Some(Text::new(HTML)),
        inline: vec![picture],
        attachments: vec![
            Part::bytes("chime.wav", Bytes::from(SOUND)),
            Part::bytes("工资条.pdf", Bytes::from(PAYSLIP)),
        ],
        ..Draft::default()
    }
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: Some(name.to_owned()), address: address.to_owned() }
}
