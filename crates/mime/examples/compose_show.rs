//! Composes a message with a bit of everything and prints it, to see what mail looks like inside.

use hongyan_mime::address::{Address, Mailbox};
use hongyan_mime::compose::{Disposition, Draft, Offered, Part, Text};
use std::io;
use std::time::{Duration, SystemTime};

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: Some(name.to_owned()), address: address.to_owned() }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dot = &b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"[..];
    let mut draft = Draft {
        from: vec![mailbox("Zoë Müller", "zoe@example.com")],
        to: vec![
            Address::Mailbox(mailbox("王小明", "wang@example.net")),
            Address::Mailbox(mailbox("Smith, John", "john@例子.example")),
        ],
        bcc: vec![Address::Mailbox(mailbox("Hidden", "hidden@example.org"))],
        subject: Some("Your order 17 is on its way: 您的订单已经发货，请注意查收".to_owned()),
        text: Some(Text::new("Hello,\n\nthe parcel is on its way to Köln.\n")),
        html: Some(Text::new("<p>Hello, the parcel is on its way. <img src=\"cid:dot.gif\"></p>\n")),
        inline: vec![
            Part::bytes("dot.gif", dot).with_content_id("dot.gif").with_disposition(Disposition::Inline),
        ],
        attachments: vec![Part::bytes("工资条 2025年11月 王小明.csv", &b"name,amount\r\nwang,1\r\n"[..])],
        ..Draft::default()
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_579_340);
    draft.stamp(now, 480, "example.com", [1, 2]);
    io::copy(&mut draft.encoder(Offered::default())?, &mut io::stdout())?;
    Ok(())
}
