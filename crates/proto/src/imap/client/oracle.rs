//! Our reading of responses held against imap-codec's, over the transcripts and over what real servers said
//! (`HONGYAN_CORPUS/protocol`).

use std::path::{Path, PathBuf};

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;
use imap_codec::imap_types::core::{NString, NString8};
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::flag::FlagFetch;
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::response::{Data, Response as Theirs, Status, StatusKind};

use super::assembly::{Assembled, Assembly};
use super::fetched::{Content, Fetched};
use super::response::{Condition, Response, parse};
use crate::framer::{Framer, Line};
use crate::imap::UidSet;

/// Each response of a stream, as it stands on the wire and as it is assembled.
fn responses(wire: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut framer, mut assembly) = (Framer::new(), Assembly::default());
    let (mut all, mut raw) = (Vec::new(), Vec::new());
    for piece in wire.chunks(1024) {
        framer.spare()[..piece.len()].copy_from_slice(piece);
        framer.filled(piece.len());
    }
    while let Line::Whole(line) = framer.line(usize::MAX / 2) {
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n");
        match assembly.line(line) {
            Assembled::Whole => all.push((std::mem::take(&mut raw), assembly.response().to_vec())),
            Assembled::Take(n) => {
                let Some(octets) = framer.take(n) else { break };
                raw.extend_from_slice(octets);
                assembly.taken(octets);
            }
            Assembled::Content(octets) => {
                let Some(octets) = usize::try_from(octets).ok().and_then(|n| framer.take(n)) else { break };
                raw.extend_from_slice(octets);
            }
            Assembled::Fault(_) => assembly.clear(),
        }
    }
    all
}

/// What both agree on, as text; `None` for what one of them does not look at.
fn ours(response: &Response<'_>) -> Option<String> {
    Some(match response {
        Response::Tagged(_, words) | Response::Words(words) => match words.condition {
            Condition::PreAuth => return None,
            condition => format!("{condition:?}"),
        },
        Response::Exists(n) => format!("exists {n}"),
        Response::Expunge => "expunge".into(),
        Response::Search(found) => format!("search {:?} {:?}", found.uids, found.mod_seq),
        Response::Vanished { earlier, uids } => format!("vanished {earlier} {uids}"),
        Response::Listed(listed) => format!("list {:?} {}", listed.delimiter, listed.name.escape_ascii()),
        Response::Capability(_) => "capability".into(),
        Response::Fetch(Fetched { meta, content, .. }) => {
            let mut flags: Vec<_> = meta.flags.names().map(str::to_ascii_lowercase).collect();
            flags.sort();
            let content = match content {
                None => "none".into(),
                Some(Content::Nil) => "nil".into(),
                Some(Content::Streamed(octets)) => octets.to_string(),
                Some(Content::Inline(octets)) => octets.len().to_string(),
            };
            let unix = meta.date.map(|date| date.unix);
            format!("fetch {} {flags:?} {:?} {unix:?} {:?} {content}", meta.uid, meta.size, meta.mod_seq)
        }
        _ => return None,
    })
}

fn theirs(response: &Theirs<'_>) -> Option<String> {
    Some(match response {
        Theirs::Status(Status::Untagged(body)) => kind(body.kind).into(),
        Theirs::Status(Status::Tagged(tagged)) => {
            // Other tags than ours answer nothing of ours.
            let digits = tagged.tag.inner().strip_prefix('A')?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            kind(tagged.body.kind).into()
        }
        Theirs::Status(Status::Bye(_)) => "Bye".into(),
        Theirs::Data(Data::Exists(n)) => format!("exists {n}"),
        Theirs::Data(Data::Expunge(_)) => "expunge".into(),
        Theirs::Data(Data::Capability(_)) => "capability".into(),
        Theirs::Data(Data::Search(uids, mod_seq)) => {
            let uids: UidSet = uids.iter().map(|uid| uid.get()).collect();
            format!("search {uids:?} {:?}", mod_seq.map(|n| n.get()))
        }
        Theirs::Data(Data::Vanished { earlier, known_uids }) => {
            let uids = UidSet::parse(imap_set(known_uids).as_bytes())?;
            format!("vanished {earlier} {uids}")
        }
        Theirs::Data(Data::List { delimiter, mailbox, .. }) => {
            let delimiter = delimiter.as_ref().map(|quoted| quoted.inner());
            let name = match mailbox {
                // It keeps no case.
                Mailbox::Inbox => return None,
                Mailbox::Other(name) => name.as_ref().to_vec(),
            };
            format!("list {delimiter:?} {}", name.escape_ascii())
        }
        Theirs::Data(Data::Fetch { items, .. }) => fetched(items.as_ref())?,
        _ => return None,
    })
}

fn kind(kind: StatusKind) -> &'static str {
    match kind {
        StatusKind::Ok => "Ok",
        StatusKind::No => "No",
        StatusKind::Bad => "Bad",
    }
}

fn imap_set(set: &imap_codec::imap_types::sequence::SequenceSet) -> String {
    use imap_codec::imap_types::sequence::{SeqOrUid, Sequence};
    let one = |at: &SeqOrUid| match at {
        SeqOrUid::Value(n) => n.to_string(),
        SeqOrUid::Asterisk => "*".into(),
    };
    let each = set.0.as_ref().iter().map(|sequence| match sequence {
        Sequence::Single(at) => one(at),
        Sequence::Range(from, to) => format!("{}:{}", one(from), one(to)),
    });
    each.collect::<Vec<_>>().join(",")
}

fn fetched(items: &[MessageDataItem<'_>]) -> Option<String> {
    let (mut uid, mut flags, mut size, mut unix, mut mod_seq) = (0, Vec::new(), None, None, None);
    let mut contents = Vec::new();
    let octets = |string: &NString<'_>| match &string.0 {
        None => "nil".into(),
        Some(string) => string.as_ref().len().to_string(),
    };
    for item in items {
        match item {
            MessageDataItem::Uid(n) => uid = n.get(),
            MessageDataItem::Flags(all) => {
                flags = all
                    .iter()
                    .map(|flag| match flag {
                        FlagFetch::Flag(flag) => flag.to_string().to_ascii_lowercase(),
                        FlagFetch::Recent => "\\recent".into(),
                    })
                    .collect();
            }
            MessageDataItem::Rfc822Size(n) => size = Some(u64::from(*n)),
            MessageDataItem::InternalDate(date) => unix = Some(date.as_ref().timestamp()),
            MessageDataItem::ModSeq(n) => mod_seq = Some(n.get()),
            MessageDataItem::BodyExt { data, .. }
            | MessageDataItem::Rfc822(data)
            | MessageDataItem::Rfc822Header(data)
            | MessageDataItem::Rfc822Text(data) => contents.push(octets(data)),
            MessageDataItem::Binary { value: NString8::NString(data), .. } => contents.push(octets(data)),
            MessageDataItem::Binary { .. } => return None,
            _ => {}
        }
    }
    flags.sort();
    flags.dedup();
    // Several contents in one response are never asked for, and not read.
    let content = match contents.as_slice() {
        [] => "none",
        [one] => one.as_str(),
        _ => return None,
    };
    Some(format!("fetch {uid} {flags:?} {size:?} {unix:?} {mod_seq:?} {content}"))
}

/// Compares both readings; how many responses both understood.
fn compare(name: &str, wire: &[u8], wrong: &mut Vec<String>) -> usize {
    let mut both = 0;
    for (raw, assembled) in responses(wire) {
        let Ok((rest, response)) = ResponseCodec::default().decode(&raw) else { continue };
        let Some(expected) = theirs(&response).filter(|_| rest.is_empty()) else { continue };
        match parse(&assembled).as_ref().map(ours) {
            Some(Some(read)) if read == expected => both += 1,
            Some(None) => {}
            other => wrong.push(format!("{name}: {}\n  {other:?}\n  {expected}", raw.escape_ascii())),
        }
    }
    both
}

#[test]
fn the_transcripts_are_read_as_another_parser_reads_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
    let (mut wrong, mut both) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).expect("transcripts") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("imap-client-") {
            continue;
        }
        let mut wire = Vec::new();
        for line in std::fs::read_to_string(&path).expect("a transcript").lines() {
            if let Some(said) = line.strip_prefix("S: ") {
                wire.extend_from_slice(said.as_bytes());
                wire.extend_from_slice(b"\r\n");
            } else if let Some(said) = line.strip_prefix("S| ") {
                let said = said.replace("\\r", "\r").replace("\\n", "\n").replace("\\x20", " ");
                wire.extend_from_slice(said.as_bytes());
            }
        }
        both += compare(&name, &wire, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(both > 200, "{both} responses");
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

#[test]
fn what_real_servers_said_is_read_as_another_parser_reads_it() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: real servers' responses (HONGYAN_CORPUS)");
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&corpus).join("protocol"), &mut paths);
    let (mut wrong, mut both) = (Vec::new(), 0);
    for path in paths {
        let mut wire = std::fs::read(&path).expect("a file");
        if !wire.windows(2).any(|two| two == b"\r\n") {
            // As it was checked out; the lengths of its literals are those of the wire.
            wire = wire.split(|&b| b == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        }
        both += compare(&path.display().to_string(), &wire, &mut wrong);
    }
    eprintln!("{both} responses read alike");
    assert!(wrong.is_empty(), "{} of {both}\n{}", wrong.len(), wrong.join("\n"));
    assert!(both > 500, "{both} responses");
}
