//! Opening a state's file, whatever became of it, and writing it anew.
//!
//! A file is only ever replaced by a whole one (written beside it, synced, renamed), so its first line is whole unless
//! something damaged it. A file that ends in half a line, or in zeros, was being appended to when the power went; that
//! end is cut off. Anything else that is not a whole record is damage: then no identifier is trusted, since the record
//! that took one back may be what is missing.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::line::{self, Header, Line, MAX_LINE};
use super::table::Table;
use super::{Damage, Key, State, StateError, UID_VALIDITY};
use crate::disk::Disk;

/// How much of the file is read at once, in octets.
const CHUNK: usize = 256 * 1024;

/// What reading a file gave.
#[derive(Default)]
struct Scan {
    table: Table,
    numbers: BTreeMap<String, u64>,
    header: Option<Header>,
    /// The end of the last line before anything that is none.
    whole: u64,
    length: u64,
    /// Octets that are not of whole lines.
    lost: u64,
    /// All of those are zeros, or stand at the end without a line's end.
    torn: bool,
}

pub(super) fn open(own: OwnedFd, path: PathBuf, disk: Arc<dyn Disk>, key: &Key) -> Result<State, StateError> {
    let name = path.file_name().unwrap_or_default().to_owned();
    let io = |error: io::Error| StateError::Io { path: path.clone(), error };
    let Some(mut file) = open_file(&own, &name).map_err(io)? else {
        let (table, numbers) = Default::default();
        rewrite(&own, &name, &*disk, key, None, &table, &numbers).map_err(io)?;
        let file = open_file(&own, &name).map_err(io)?.ok_or_else(|| io(io::ErrorKind::NotFound.into()))?;
        let length = file.metadata().map_err(io)?.len();
        return Ok(state(
            own,
            path,
            disk,
            file,
            key,
            Scan { length, whole: length, ..Scan::default() },
            None,
        ));
    };
    let mut scan = scan(&mut file).map_err(io)?;
    match &scan.header {
        Some(Header::Newer(version)) => return Err(StateError::Newer { path, version: *version }),
        Some(Header::Ours(found)) if found != key => {
            return Err(StateError::OtherKey { path, found: found.clone(), wanted: key.clone() });
        }
        _ => {}
    }
    if scan.lost == 0 && scan.header.is_some() {
        return Ok(state(own, path, disk, file, key, scan, None));
    }
    let mut damage = Damage {
        at: scan.whole,
        lost: scan.lost,
        torn: scan.torn,
        recognised: scan.table.all().count(),
        copy: None,
    };
    if scan.torn && scan.header.is_some() {
        disk.cut(&file, scan.whole).and_then(|()| disk.sync_file(&file)).map_err(io)?;
        scan.length = scan.whole;
        return Ok(state(own, path, disk, file, key, scan, Some(damage)));
    }
    damage.torn = false;
    damage.copy = keep_copy(&own, &name).map(|copy| path.with_file_name(copy));
    scan.table.distrust();
    rewrite(&own, &name, &*disk, key, Some(&file), &scan.table, &BTreeMap::new()).map_err(io)?;
    reopen(own, path, disk, key, Some(damage))
}

/// Opens a file that was just written anew.
pub(super) fn reopen(
    own: OwnedFd,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    key: &Key,
    damage: Option<Damage>,
) -> Result<State, StateError> {
    let name = path.file_name().unwrap_or_default().to_owned();
    let io = |error: io::Error| StateError::Io { path: path.clone(), error };
    let mut file = open_file(&own, &name).map_err(io)?.ok_or_else(|| io(io::ErrorKind::NotFound.into()))?;
    let scan = scan(&mut file).map_err(io)?;
    Ok(state(own, path, disk, file, key, scan, damage))
}

fn state(
    own: OwnedFd,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    file: File,
    key: &Key,
    scan: Scan,
    damage: Option<Damage>,
) -> State {
    let Scan { table, numbers, length, .. } = scan;
    State { path, own, disk, file, key: key.clone(), table, numbers, length, damage, broken: false }
}

fn open_file(own: &OwnedFd, name: &OsStr) -> io::Result<Option<File>> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::openat(own, name, flags, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn scan(file: &mut File) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut buffer = vec![0; CHUNK];
    let (mut filled, mut at) = (0, 0);
    // Inside a line that is longer than any can be.
    let mut endless = false;
    loop {
        let read = match file.read(&mut buffer[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            break;
        }
        filled += read;
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &buffer[start..filled]) {
            scan.line(&buffer[start..start + length], at, std::mem::take(&mut endless))?;
            start += length + 1;
            at += length as u64 + 1;
        }
        if filled - start > MAX_LINE {
            scan.junk(&buffer[start..filled], at, false);
            endless = true;
            at += (filled - start) as u64;
            start = filled;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
    if filled > 0 {
        scan.junk(&buffer[..filled], at, !endless);
    }
    scan.length = at + filled as u64;
    Ok(scan)
}

impl Scan {
    /// A line without its LF, at this place of the file; or the rest of one that is too long.
    fn line(&mut self, line: &[u8], at: u64, rest: bool) -> io::Result<()> {
        let end = at + line.len() as u64;
        if at == 0 && !rest {
            self.header = line::parse_header(line);
            if self.header.is_some() {
                self.whole = end + 1;
                return Ok(());
            }
        }
        match line::parse(line).filter(|_| !rest) {
            Some(Line::Message(message)) => self.table.add(&message, at..end)?,
            Some(Line::Deleted { id }) => self.table.delete(id),
            Some(Line::Forgotten { id }) => self.table.forget(id),
            Some(Line::Number { name, value }) => {
                self.numbers.insert(name.to_owned(), value);
            }
            None => {
                self.junk(line, at, false);
                self.lost += 1;
                return Ok(());
            }
        }
        if self.lost == 0 {
            self.whole = end + 1;
        } else {
            // Something whole behind it: this was no end that was torn off.
            self.torn = false;
        }
        Ok(())
    }

    /// Octets that are no whole line. `last`: the file ends with them.
    fn junk(&mut self, octets: &[u8], _at: u64, last: bool) {
        let before = self.lost == 0 || self.torn;
        self.torn = before && (last || octets.iter().all(|&octet| octet == 0));
        self.lost += octets.len() as u64;
    }
}

/// Gives the damaged file a second name, for whoever wants to look into it; an older one makes way.
fn keep_copy(own: &OwnedFd, name: &OsStr) -> Option<OsString> {
    let copy = beside(name, ".damaged");
    let _ = rustix::fs::unlinkat(own, &copy, AtFlags::empty());
    rustix::fs::linkat(own, name, own, &copy, AtFlags::empty()).ok()?;
    Some(copy)
}

/// Writes the file anew without what is past, and puts it in the old one's place in one step.
pub(super) fn rewrite(
    own: &OwnedFd,
    name: &OsStr,
    disk: &dyn Disk,
    key: &Key,
    old: Option<&File>,
    table: &Table,
    numbers: &BTreeMap<String, u64>,
) -> io::Result<()> {
    let new = beside(name, ".new");
    let file = match disk.create(own.as_fd(), &new) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(own.as_fd(), &new)?;
            disk.create(own.as_fd(), &new)?
        }
        file => file?,
    };
    let mut text = String::new();
    line::write_header(&mut text, key)?;
    numbers.iter().for_each(|(name, &value)| line::write_number(&mut text, name, value));
    if let Some(old) = old {
        let validity = numbers.get(UID_VALIDITY).copied();
        for slot in table.worth_keeping(validity) {
            line::write_message(&mut text, &super::read(old, slot)?, slot.trusted())?;
            if text.len() >= CHUNK {
                disk.write(&file, text.as_bytes())?;
                text.clear();
            }
        }
    }
    disk.write(&file, text.as_bytes())?;
    disk.sync_file(&file)?;
    disk.replace(own.as_fd(), &new, name)?;
    disk.sync_directory(own.as_fd())
}

fn beside(name: &OsStr, ending: &str) -> OsString {
    let mut beside = name.to_owned();
    beside.push(ending);
    beside
}
