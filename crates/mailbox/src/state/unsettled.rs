//! Messages that are recorded before they are in place, so that a delivery that was cut off leaves no second copy.
//!
//! The order of a group is: [`State::prepare`], [`Maildir::commit`], [`State::settle`]; or [`State::deliver`], which does
//! all of it and waits for the disk half as often. Whoever opens the state asks [`State::unsettled`] first: these messages were on their way when the program or the power
//! stopped. Each is in the Maildir, and then it is known, or it is not, and then it is to be forgotten and fetched again.

use std::io;

use super::{Change, Id, Known, State, line, read, write_changes};
use crate::Maildir;
use crate::maildir::{CommitError, Flags, Kept, Written};

/// Where in the file the records begin that are not settled; 0 when there are none.
const UNSETTLED: &str = "unsettled";

impl State {
    /// Records messages that are about to be put in place; safe on disk when this returns. They count as known from
    /// now on, so [`settle`](Self::settle) must follow, whatever becomes of them.
    ///
    /// # Errors
    /// As [`append`](Self::append); then none of them has been recorded.
    pub fn prepare(&mut self, known: Vec<Known>) -> io::Result<()> {
        let mut text = String::new();
        line::write_number(&mut text, UNSETTLED, self.length);
        let changes: Vec<Change> = known.into_iter().map(Change::Known).collect();
        write_changes(&mut text, &changes)?;
        self.append_lines(&text)
    }

    /// What was prepared is in place, but for what `changes` say.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn settle(&mut self, changes: &[Change]) -> io::Result<()> {
        let mut text = String::new();
        write_changes(&mut text, changes)?;
        // Last: where the write is torn before it, everything is looked at again.
        line::write_number(&mut text, UNSETTLED, 0);
        self.append_lines(&text)
    }

    /// Puts a group of messages in place and records them, fetched at this time (seconds since 1970). When this
    /// returns, both are safe on disk.
    ///
    /// What is on its way is written to the state first and made safe together with the messages' contents; then the
    /// messages are put in place. That it is settled need not be safe: where it is lost, the next
    /// [`unsettled`](Self::unsettled) finds every message in place.
    ///
    /// # Errors
    /// As [`Maildir::commit`]. What is lost is not known here either; what is doubtful stays unsettled.
    pub fn deliver(
        &mut self,
        maildir: &Maildir,
        group: Vec<(Written, Flags, Id)>,
        when: u64,
    ) -> Result<Vec<Kept>, CommitError> {
        let all = group.len();
        let (mut ids, mut messages) = (Vec::with_capacity(all), Vec::with_capacity(all));
        let mut text = String::new();
        line::write_number(&mut text, UNSETTLED, self.length);
        let fail = |error| CommitError::nothing(all, "record what is coming", error);
        for (written, flags, id) in group {
            let (size, head, hash, file) = (written.size, written.head, written.hash, written.unique());
            let known = Known { id, size, head, hash, file, when, deleted: false };
            line::write_message(&mut text, &known, true).map_err(fail)?;
            ids.push(known.id);
            messages.push((written, flags));
        }
        self.put(text.as_bytes()).map_err(fail)?;
        self.apply(&text).map_err(fail)?;
        let delivered = maildir.commit_with(messages, Some(&self.file));
        let lost = match &delivered {
            Ok(_) => 0,
            // What is there of it, whoever opens the state next will see.
            Err(error) if !error.doubtful.is_empty() => return delivered,
            Err(error) => error.lost,
        };
        let lost: Vec<Change> = ids.drain(all - lost..).map(Change::Forget).collect();
        let settled = if lost.is_empty() { self.settle_some_time() } else { self.settle(&lost) };
        // Where that fails, the messages are safe and the next to open the state settles them.
        self.broken |= settled.is_err();
        delivered
    }

    fn settle_some_time(&mut self) -> io::Result<()> {
        let mut text = String::new();
        line::write_number(&mut text, UNSETTLED, 0);
        self.put(text.as_bytes())?;
        self.apply(&text)?;
        self.compact_where_worthwhile()
    }

    /// The messages that were prepared and not settled.
    ///
    /// # Errors
    /// As [`known`](Self::known).
    pub fn unsettled(&self) -> io::Result<Vec<Known>> {
        let Some(from) = self.unsettled_from() else { return Ok(Vec::new()) };
        let slots = self.table.all().filter(|slot| slot.trusted() && slot.at >= from);
        slots.map(|slot| read(&self.file, slot)).collect()
    }

    pub(super) fn unsettled_from(&self) -> Option<u64> {
        self.numbers.get(UNSETTLED).copied().filter(|from| *from > 0)
    }
}

#[cfg(test)]
mod tests {
    use crate::state::{Change, Id, Key, Known, State};
    use crate::{Lock, Maildir};

    fn message(n: u8) -> Known {
        Known {
            id: Id::Uidl(format!("id{n}")),
            size: u64::from(n),
            head: [n; 32],
            hash: [n; 32],
            file: format!("file{n}"),
            when: 1_700_000_000,
            deleted: false,
        }
    }

    #[test]
    fn what_was_on_its_way_is_told_until_it_is_settled() {
        let place = std::env::temp_dir().join(format!("hongyan-unsettled-{}", std::process::id()));
        let maildir = Maildir::create(&place).unwrap();
        let key = Key { account: "pop3://a@b".into(), folder: String::new() };
        let open = || State::open(&Lock::take(&maildir).unwrap(), &key).unwrap();

        let mut state = open();
        state.record(vec![message(1)]).unwrap();
        state.prepare(vec![message(2), message(3)]).unwrap();
        assert_eq!(state.unsettled().unwrap(), [message(2), message(3)]);
        drop(state);

        let mut state = open();
        assert_eq!(state.unsettled().unwrap(), [message(2), message(3)], "after the program was cut off");
        state.settle(&[Change::Forget(message(3).id)]).unwrap();
        assert_eq!(state.unsettled().unwrap(), []);
        drop(state);

        let state = open();
        assert_eq!(state.unsettled().unwrap(), []);
        let known: Vec<Id> = state.iter().map(|(id, _)| id).collect();
        assert_eq!(known, [message(1).id, message(2).id]);
        std::fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn a_mod_seq_is_taken_back_by_zero() {
        let place = std::env::temp_dir().join(format!("hongyan-mod-seq-{}", std::process::id()));
        let maildir = Maildir::create(&place).unwrap();
        let key = Key { account: "imap://a@b".into(), folder: "INBOX".into() };
        let open = || State::open(&Lock::take(&maildir).unwrap(), &key).unwrap();
        for (value, told) in [(7, Some(7)), (0, None), (8, Some(8))] {
            open().append(&[Change::HighestModSeq(value)]).unwrap();
            assert_eq!(open().highest_mod_seq(), told);
        }
        std::fs::remove_dir_all(&place).unwrap();
    }
}
