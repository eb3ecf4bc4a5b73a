//! Templates and attachments reach other machines by their hashes.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use hongyan_bulk::ledger::postgres::{Contents, PIECE};
use hongyan_bulk::ledger::{FrozenFile, LedgerError};
use sha2::{Digest, Sha256};

use super::cluster::Cluster;
use super::{block_on, load, manifest};

fn frozen(octets: &[u8]) -> FrozenFile {
    let sha256 = Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect();
    FrozenFile { sha256, size: octets.len() as u64 }
}

fn octets(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * n / 7) as u8).collect()
}

/// In the database and in a folder; each with a cache of its own.
fn both(cluster: &Cluster, cache: &str) -> [Contents; 2] {
    [
        Contents::database(&cluster.database(), cluster.path(&format!("{cache}-a")), Duration::from_secs(5)),
        Contents::folder(cluster.path("shared"), cluster.path(&format!("{cache}-b"))),
    ]
}

#[test]
fn a_content_of_any_length_comes_back_as_it_was() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("附件"), 1).await;
        for (putting, holding) in both(&cluster, "here").into_iter().zip(both(&cluster, "there")) {
            for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 17] {
                let (content, file) = (octets(length), frozen(&octets(length)));
                assert!(putting.put("附件.pdf", &file, Cursor::new(content.clone())).await.expect("put"));
                assert!(
                    !putting.put("附件.pdf", &file, Cursor::new(Vec::new())).await.expect("it is there"),
                    "{length}"
                );
                let path = holding.hold(&file).await.expect("held");
                assert!(std::fs::read(&path).expect("a file") == content, "{length} octets");
            }
        }
    });
}

#[test]
fn what_is_not_what_its_hash_says_is_neither_stored_nor_used() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("损坏"), 1).await;
        let (content, file) = (octets(3 * PIECE), frozen(&octets(3 * PIECE)));
        for contents in both(&cluster, "here") {
            let changed = contents.put("工资.pdf", &file, Cursor::new(octets(3 * PIECE - 1))).await;
            assert!(
                matches!(&changed, Err(LedgerError::Refused(said)) if said.en.contains("工资.pdf")),
                "{changed:?}"
            );
            let broken =
                contents.put("工资.pdf", &file, Cursor::new(content[..9].to_vec()).chain(Broken)).await;
            assert!(matches!(&broken, Err(LedgerError::Failed(_))), "{broken:?}");
            assert!(contents.hold(&file).await.is_err(), "nothing of it is there");
            assert!(contents.put("工资.pdf", &file, Cursor::new(content.clone())).await.expect("put"));
        }
        // An octet turns over where it is kept, and one in the cache.
        cluster.sql("mail", "UPDATE hongyan.piece SET octets = set_byte(octets, 5, 1 + get_byte(octets, 5) % 200) WHERE number = 2");
        let kept = cluster.path("shared").join(&file.sha256);
        let mut octets = std::fs::read(&kept).expect("a file");
        octets[5] ^= 1;
        std::fs::write(&kept, &octets).expect("ours");
        for contents in both(&cluster, "there") {
            let spoilt = contents.hold(&file).await;
            assert!(matches!(&spoilt, Err(LedgerError::Damaged(_))), "{spoilt:?}");
        }
        octets[5] ^= 1;
        std::fs::write(&kept, &octets).expect("ours");
        let path = both(&cluster, "again")[1].hold(&file).await.expect("mended");
        std::fs::write(&path, octets.iter().rev().copied().collect::<Vec<_>>()).expect("ours");
        let path = both(&cluster, "again")[1].hold(&file).await.expect("fetched again");
        assert!(std::fs::read(path).expect("a file") == content);
        let strange = FrozenFile { sha256: "../../../etc/passwd".into(), size: 1 };
        for contents in both(&cluster, "here") {
            assert!(
                matches!(contents.hold(&strange).await, Err(LedgerError::Damaged(_))),
                "a path is no hash"
            );
        }
    });
}

/// A disk that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("input/output error"))
    }
}
