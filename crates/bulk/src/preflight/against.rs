//! Going over the sheet a second time, for the few rows that have to be held against others: where hashes say that two are
//! alike, the texts themselves are compared before anybody is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hongyan_proto::said::said;

use super::addressees::exact;
use super::code::Code;
use super::finding::{Book, KEPT, Place};
use super::naming::Scheme;
use super::pass::{Pass, Seen, bare, text};
use crate::row::Row;

impl Pass<'_> {
    /// The second time, for the rows that have to be held against each other.
    pub(super) fn second(&self, book: &mut Book, seen: &mut Seen) {
        let attach = &self.campaign.config().attach;
        let addresses = seen.addresses.pairs();
        let mut paths = seen.files.same_paths();
        if attach.own_may_repeat {
            paths.clear();
        }
        let mut contents = seen.files.same_looks();
        // The same file has the same content: that was said, or is meant.
        let same: BTreeSet<(u64, u64)> = seen.files.same_paths().into_iter().collect();
        contents.retain(|pair| !same.contains(pair));
        seen.scheme.close();
        if addresses.is_empty() && paths.is_empty() && contents.is_empty() && !seen.doubts {
            return;
        }
        let all = [&addresses, &paths, &contents];
        let wanted: BTreeSet<u64> =
            all.iter().flat_map(|pairs| pairs.iter().take(KEPT)).flat_map(|&(a, b)| [a, b]).collect();
        let mut rows: BTreeMap<u64, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for row in self.sheet.rows().flatten() {
            let wanted = wanted.contains(&row.number);
            if !wanted && !seen.doubts {
                continue;
            }
            let files = self.maker.own_files(&row).unwrap_or_default();
            if seen.doubts && self.wants(row.number) {
                self.names_others(book, &seen.scheme, &row, &files);
            }
            if wanted {
                let to =
                    self.maker.addressed(&row, self.checks.from).map(|who| bare(&who.to)).unwrap_or_default();
                rows.insert(row.number, (to, files));
            }
        }
        let of = |row: &u64| rows.get(row);
        self.same_addresses(book, &addresses, &|row| of(&row).map_or(&[][..], |(to, _)| to));
        let files = |row: u64| of(&row).map_or(&[][..], |(_, files)| &files[..]);
        for &(row, first) in paths.iter().take(KEPT) {
            for path in files(row).iter().filter(|path| files(first).contains(path)) {
                book.found(Code::FileDoubled, self.own_place(row, path), || {
                    said(format!("`{path}` is also for row {first}"), format!("{path} 也用于第 {first} 行"))
                });
            }
        }
        book.more(Code::FileDoubled, paths.len().saturating_sub(KEPT) as u64);
        self.same_contents(book, &contents, &files);
    }

    fn names_others(&self, book: &mut Book, scheme: &Scheme, row: &Row, files: &[String]) {
        for path in files {
            let Some(other) = scheme.other(row.number, |column| text(row, column), path) else { continue };
            book.found(Code::FileOther, self.own_place(row.number, path), || {
                let name = self.sheet.columns().names().get(other.column).map_or("", String::as_str);
                let (value, at) = (&other.value, other.row);
                let mine = text(row, other.column);
                said(
                    format!("`{path}` names {value}, the {name} of row {at}; this row's is {mine:?}"),
                    format!("{path} 含有第 {at} 行的{name}“{value}”，而本行的{name}是“{mine}”"),
                )
            });
        }
    }

    fn same_addresses<'r>(&self, book: &mut Book, pairs: &[(u64, u64)], of: &dyn Fn(u64) -> &'r [String]) {
        for &(row, first) in pairs.iter().take(KEPT) {
            for address in of(row) {
                let same = |other: &&String| other.to_lowercase() == address.to_lowercase();
                let Some(other) = of(first).iter().find(same) else { continue };
                let code =
                    if exact(other) == exact(address) { Code::AddressDoubled } else { Code::AddressCase };
                book.found(code, Place::cell(row, self.columns.to.clone()), || match code {
                    Code::AddressCase => said(
                        format!("{address}, and {other} in row {first}"),
                        format!("{address}，而第 {first} 行是 {other}"),
                    ),
                    _ => said(
                        format!("{address} is also in row {first}"),
                        format!("{address} 也在第 {first} 行"),
                    ),
                });
            }
        }
        // What is not looked at is counted as the worse of what was found.
        let rest = pairs.len().saturating_sub(KEPT) as u64;
        let code =
            if book.count(Code::AddressDoubled) > 0 { Code::AddressDoubled } else { Code::AddressCase };
        book.more(code, rest);
    }

    fn same_contents<'r>(&self, book: &mut Book, pairs: &[(u64, u64)], files: &dyn Fn(u64) -> &'r [String]) {
        let mut hashes: HashMap<String, Option<String>> = HashMap::new();
        let mut hash = |path: &String| {
            let known = hashes.entry(path.clone());
            known.or_insert_with(|| Some(self.campaign.frozen(path).ok()?.sha256)).clone()
        };
        let mut true_ones = 0;
        for &(row, first) in pairs.iter().take(KEPT) {
            for path in files(row) {
                let Some(mine) = hash(path) else { continue };
                let others: Vec<&String> = files(first).iter().filter(|other| *other != path).collect();
                let Some(other) = others.into_iter().find(|other| hash(other).as_ref() == Some(&mine)) else {
                    continue;
                };
                true_ones += 1;
                book.found(Code::FileSame, self.own_place(row, path), || {
                    said(
                        format!("`{path}` has the same content as `{other}` of row {first}"),
                        format!("{path} 与第 {first} 行的 {other} 内容相同"),
                    )
                });
            }
        }
        if true_ones > 0 {
            book.more(Code::FileSame, pairs.len().saturating_sub(KEPT) as u64);
        }
    }
}
