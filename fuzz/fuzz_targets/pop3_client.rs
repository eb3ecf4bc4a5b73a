//! A whole POP3 session against whatever a server sends, in whatever pieces: it ends, each command is answered at most
//! once and in order, what is written are whole lines, and the password is never among what may be seen.
#![no_main]

use std::time::Instant;

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::pop3::{Client, Command, Config, Event};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;
use hongyan_proto::{Coding, Input, Machine, Outbox, Step, TlsInfo};
use libfuzzer_sys::fuzz_target;

fn seen(out: &Outbox) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut at = 0;
    for secret in out.secrets() {
        shown.extend_from_slice(&out.bytes()[at..secret.start]);
        at = secret.end;
    }
    shown.extend_from_slice(&out.bytes()[at..]);
    shown
}

fuzz_target!(|input: &[u8]| {
    let now = Instant::now();
    let [flags, input @ ..] = input else { return };
    let proof = Proof::Password(Secret::new("hush-hush"));
    let config = Config {
        tls: if flags & 1 == 0 { Tls::Never } else { Tls::IfOffered },
        credentials: (flags & 2 == 0).then(|| Credentials { user: "u".into(), proof }),
        plaintext_auth: flags & 4 == 0,
        pipelining: flags & 8 == 0,
        window: 4,
        ..Config::default()
    };
    let mut client = Client::new(config, (flags & 16 != 0).then(TlsInfo::default), now);
    let commands = [
        Command::Stat,
        Command::List,
        Command::Uidl,
        Command::Retr(1),
        Command::Retr(2),
        Command::Top { number: 3, lines: 1 },
        Command::Dele(1),
        Command::Noop,
        Command::Rset,
        Command::Quit,
    ];
    commands.clone().into_iter().for_each(|command| client.ask(command));
    let (mut framer, mut out, mut rest) = (Framer::new(), Outbox::new(), input);
    let (mut content, mut drained, mut gone, mut answers, mut ended) =
        (None::<(Decoder, u64)>, false, false, 0, false);
    loop {
        if let Some((decoder, octets)) = &mut content {
            if framer.content(decoder, &mut |piece| *octets += piece.len() as u64) {
                let octets = *octets;
                content = None;
                client.input(now, Input::Received(octets));
            } else if !feed(&mut framer, &mut rest) {
                content = None;
                gone = true;
                client.input(now, Input::Gone { written: 0, error: None });
            }
            continue;
        }
        match client.poll(now, &mut out) {
            Step::Read => match framer.line(client.line_limit()) {
                Line::Whole(line) => {
                    drained = false;
                    client.input(now, Input::Line(line));
                }
                Line::Overlong => client.input(now, Input::Overlong),
                Line::Partial if !drained => {
                    drained = true;
                    client.input(now, Input::Drained);
                }
                Line::Partial => {
                    if feed(&mut framer, &mut rest) {
                        continue;
                    }
                    assert!(!std::mem::replace(&mut gone, true), "it goes on without a connection");
                    client.input(now, Input::Gone { written: 0, error: None });
                }
            },
            Step::StartTls => {
                framer.drop_pending();
                client.input(now, Input::TlsUp(TlsInfo::default()));
            }
            Step::Receive(coding) => {
                assert_eq!(coding, Coding::Dot);
                content = Some((Decoder::new(coding), 0));
            }
            Step::Event(Event::Ready | Event::Content { .. }) => {}
            Step::Event(Event::Failed(_)) => assert!(!std::mem::replace(&mut ended, true)),
            Step::Event(event) => {
                assert!(!ended, "{event:?} behind the end");
                ended = matches!(event, Event::Quit);
                answers += 1;
            }
            Step::Closed => break,
            step => unreachable!("a client does not {step:?}"),
        }
        assert!(out.bytes().is_empty() || out.bytes().ends_with(b"\r\n"));
        let shown = seen(&out);
        assert!(!shown.windows(9).any(|window| window == b"hush-hush"));
        out.clear();
    }
    assert!(ended && answers <= commands.len());
});

/// The next piece of what the server says; its length is in its first octet.
fn feed(framer: &mut Framer, rest: &mut &[u8]) -> bool {
    let Some((&first, piece)) = rest.split_first() else { return false };
    let n = (usize::from(first) + 1).min(piece.len());
    framer.spare()[..n].copy_from_slice(&piece[..n]);
    framer.filled(n);
    *rest = &piece[n..];
    true
}
