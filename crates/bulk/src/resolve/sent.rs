//! Looks for mails in an account's folder for sent mail (IMAP), by their Message-IDs.
//!
//! Only a provider that files what it takes for delivery by itself tells anything here, and it may do so late: whoever
//! is not found is looked for again until a deadline. What a search brings is believed when the header of the
//! message says so, as there are servers that search loosely.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use hongyan_mime::read::Message;
use hongyan_net::Sink;
use hongyan_net::imap::{Criterion, Meta, Mode, Session, UidSet, What};
use hongyan_proto::outcome::Failure;

/// How long to wait before those who were not found are looked for again.
pub const AGAIN: Duration = Duration::from_secs(5);
/// How many of a search's results are looked at.
const LOOKED_AT: usize = 16;
/// The most octets of a header that are kept.
const HEADER: usize = 64 * 1024;

/// What a search brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// The UIDs of those that were found, by their Message-IDs.
    pub found: BTreeMap<String, u32>,
    /// UIDVALIDITY of the folder, where the server has one.
    pub validity: Option<u32>,
}

/// Looks in `folder` for mails with these Message-IDs (without brackets), again and again until all are found or the
/// deadline has passed; at least once.
///
/// # Errors
/// The server refuses, or the connection is lost: what was found until then is lost, too, and nothing is decided.
pub async fn search(
    session: &mut Session,
    folder: &str,
    message_ids: &[String],
    deadline: Instant,
) -> Result<Searched, Failure> {
    let mut searched = Searched::default();
    loop {
        // Opened anew each time: what came meanwhile is there then, whatever the server says between commands.
        let selected = session.select(folder, Mode::Read, None).await?;
        if searched.validity != selected.uid_validity {
            searched = Searched { found: BTreeMap::new(), validity: selected.uid_validity };
        }
        for id in message_ids {
            if !searched.found.contains_key(id)
                && let Some(uid) = one(session, id).await?
            {
                searched.found.insert(id.clone(), uid);
            }
        }
        let patience = deadline.saturating_duration_since(Instant::now());
        if message_ids.iter().all(|id| searched.found.contains_key(id)) || patience.is_zero() {
            return Ok(searched);
        }
        tokio::time::sleep(patience.min(AGAIN)).await;
    }
}

/// The UID of a message of the open folder that has this Message-ID.
async fn one(session: &mut Session, id: &str) -> Result<Option<u32>, Failure> {
    let uids = session.search(&[Criterion::Header("Message-ID".to_owned(), id.to_owned())]).await?;
    if uids.is_empty() {
        return Ok(None);
    }
    let mut newest = UidSet::new();
    let above = uids.len().saturating_sub(LOOKED_AT as u64);
    uids.iter().skip(usize::try_from(above).unwrap_or(usize::MAX)).for_each(|uid| newest.insert(uid));
    let mut headers = Headers { id, header: Vec::new(), uid: None };
    session.fetch(&newest, What::Header, &mut headers).await?;
    Ok(headers.uid)
}

/// Reads headers, one at a time, for a Message-ID.
struct Headers<'a> {
    id: &'a str,
    header: Vec<u8>,
    uid: Option<u32>,
}

impl Sink<Meta> for Headers<'_> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.header.clear();
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        let room = HEADER.saturating_sub(self.header.len());
        self.header.extend_from_slice(&piece[..piece.len().min(room)]);
        Ok(())
    }

    fn end(&mut self, message: Meta) -> io::Result<()> {
        if Message::parse(&self.header).message_id().as_deref() == Some(self.id) {
            self.uid = Some(message.uid);
        }
        Ok(())
    }
}
