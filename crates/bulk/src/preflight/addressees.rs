//! The addresses of a row, each on its own and against those of all other rows.

use hongyan_proto::said::said;

use super::code::Code;
use super::finding::{Book, Column, Place};
use super::lookalike::{self, Looks};
use super::twice::{Twice, hash};

/// Who gets a row's letter, as bare addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addressees {
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
}

/// Where each field's addresses come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub(super) to: Option<Column>,
    pub(super) cc: Option<Column>,
    pub(super) bcc: Option<Column>,
}

/// Everything that was seen of the rows' addresses.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// Those of `To`; copies to the same person with every letter are usual.
    seen: Twice,
    /// Recipients, each once a letter.
    pub(super) recipients: u64,
    /// Those of them that will be left out.
    pub(super) suppressed: u64,
}

/// Says why an address is not to be written to, if it is not.
pub type Suppressed<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The same for all addresses that reach the same mailbox at nearly every server.
pub(super) fn folded(address: &str) -> String {
    address.to_lowercase()
}

/// The same for all addresses that certainly reach the same mailbox: domains have no case.
pub(super) fn exact(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let ascii = if domain.is_ascii() { None } else { idna::domain_to_ascii(domain).ok() };
    format!("{local}@{}", ascii.unwrap_or_else(|| domain.to_ascii_lowercase()))
}

impl Addresses {
    /// Looks at a row's addresses; `cell` is what stands in the column of `To`.
    pub(super) fn row(
        &mut self,
        book: &mut Book,
        row: u64,
        who: &Addressees,
        columns: &Columns,
        cell: Option<&str>,
        suppressed: Option<Suppressed<'_>>,
    ) {
        let several = cell.map_or(who.to.len(), |cell| cell.matches(['@', '＠']).count().min(who.to.len()));
        if several > 1 {
            book.found(Code::AddressSeveral, Place::cell(row, columns.to.clone()), || {
                said(
                    format!("{several} addresses: {}", who.to.join(", ")),
                    format!("{several} 个地址：{}", who.to.join("、")),
                )
            });
        }
        let fields = [(&who.to, &columns.to), (&who.cc, &columns.cc), (&who.bcc, &columns.bcc)];
        let mut once: Vec<String> = Vec::new();
        for (address, column) in
            fields.iter().flat_map(|(list, column)| list.iter().map(move |one| (one, column)))
        {
            let place = || Place::cell(row, (*column).clone());
            let key = exact(address);
            if once.contains(&key) {
                book.found(Code::AddressRepeated, place(), || said(address.clone(), address.clone()));
                continue;
            }
            once.push(key);
            self.recipients += 1;
            one(book, address, &place);
            if let Some(why) = suppressed.and_then(|suppressed| suppressed(address)) {
                self.suppressed += 1;
                book.found(Code::AddressSuppressed, place(), || {
                    said(format!("{address} ({why})"), format!("{address}（{why}）"))
                });
            }
        }
        who.to.iter().for_each(|address| self.seen.add(hash(folded(address)), row));
    }

    /// Pairs of a row and an earlier one with an address that reaches the same mailbox, in the order of the rows.
    pub(super) fn pairs(&mut self) -> Vec<(u64, u64)> {
        pairs(&mut self.seen)
    }
}

/// Pairs of a row and the first one that has the same, in the order of the rows.
pub(super) fn pairs(seen: &mut Twice) -> Vec<(u64, u64)> {
    seen.sort();
    let mut pairs: Vec<(u64, u64)> = seen
        .repeated()
        .flat_map(|rows| {
            let first = rows[0];
            rows.into_iter().skip(1).map(move |row| (row, first))
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Looks at an address on its own.
fn one(book: &mut Book, address: &str, place: &impl Fn() -> Place) {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    if let Some(meant) = lookalike::meant(domain) {
        book.found(Code::AddressTypo, place(), || {
            said(
                format!("{address}: probably {local}@{meant}"),
                format!("{address}：可能应为 {local}@{meant}"),
            )
        });
    }
    if let Some(looks) = lookalike::looks(address) {
        book.found(Code::AddressLookalike, place(), || match looks {
            Looks::Unseen(c) => {
                let code = u32::from(c);
                said(
                    format!("{address} holds U+{code:04X}, which shows as nothing"),
                    format!("{address} 含有不可见字符 U+{code:04X}"),
                )
            }
            Looks::Mixed(c) => {
                let code = u32::from(c);
                said(
                    format!("{address} holds {c} (U+{code:04X}), which only looks like a Latin letter"),
                    format!("{address} 中的 {c}（U+{code:04X}）只是形似拉丁字母"),
                )
            }
            Looks::Disguised(c) => {
                let code = u32::from(c);
                said(
                    format!("{address} looks Latin and is not: {c} is U+{code:04X}"),
                    format!("{address} 形似拉丁字母而并非如此：{c} 是 U+{code:04X}"),
                )
            }
        });
    }
    if !local.is_ascii() {
        book.found(Code::AddressUtf8, place(), || said(address, address));
    }
    if lookalike::unread(local) {
        book.found(Code::AddressRole, place(), || said(address, address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(to: &[&str], cc: &[&str]) -> Addressees {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Addressees { to: own(to), cc: own(cc), bcc: Vec::new() }
    }

    /// Findings by row and code, pairs of rows, recipients.
    type Looked = (Vec<(u64, &'static str)>, Vec<(u64, u64)>, u64);

    fn look(rows: &[(&[&str], &[&str])]) -> Looked {
        let (mut book, mut addresses) = (Book::new(&[]), Addresses::default());
        let gone = |address: &str| (address == "gone@example.org").then(|| "hard bounce".to_owned());
        for (at, (to, cc)) in rows.iter().enumerate() {
            let columns = Columns::default();
            addresses.row(&mut book, at as u64 + 2, &who(to, cc), &columns, None, Some(&gone));
        }
        let found = book.close().0.iter().map(|f| (f.place.row.unwrap_or(0), f.code.name())).collect();
        (found, addresses.pairs(), addresses.recipients)
    }

    #[test]
    fn each_address_is_looked_at_on_its_own() {
        for (to, expected) in [
            ("zhang@example.org", &[][..]),
            ("zhang@gmial.com", &["address.typo"]),
            ("zhаng@example.org", &["address.utf8", "address.lookalike"]),
            ("张三@example.org", &["address.utf8"]),
            ("noreply@example.org", &["address.role"]),
            ("gone@example.org", &["address.suppressed"]),
        ] {
            let (found, _, _) = look(&[(&[to], &[])]);
            assert_eq!(found.iter().map(|(_, code)| *code).collect::<Vec<_>>(), expected, "{to}");
        }
    }

    #[test]
    fn a_copy_to_oneself_is_no_second_letter() {
        let (found, pairs, recipients) = look(&[(&["a@example.org"], &["A@Example.org", "a@EXAMPLE.org"])]);
        assert_eq!((found, pairs, recipients), (vec![(2, "address.repeated")], vec![], 2));
    }

    #[test]
    fn rows_with_one_mailbox_are_paired_and_copies_are_not() {
        let boss = &["boss@example.org"][..];
        let (_, pairs, _) = look(&[
            (&["a@example.org"], boss),
            (&["b@example.org"], boss),
            (&["A@example.ORG"], boss),
            (&["c@example.org", "b@example.org"], boss),
            (&["a@example.org"], boss),
        ]);
        assert_eq!(pairs, [(4, 2), (5, 3), (6, 2)]);
    }

    #[test]
    fn a_domain_has_no_case_and_one_name_in_all_scripts() {
        assert_eq!(exact("Zhang@EXAMPLE.org"), "Zhang@example.org");
        assert_eq!(exact("a@例子.中国"), exact("a@xn--fsqu00a.xn--fiqs8s"));
        assert_ne!(exact("Zhang@example.org"), exact("zhang@example.org"));
    }
}
