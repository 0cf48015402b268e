//! Any bytes, under any name: something is taken or told, and nothing panics.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::archives::{gzip, tar_of, zip_of, zstd};
use crate::program::{read, record, source};

const NAMES: [&str; 9] =
    ["x.zip", "x.tar", "x.tar.gz", "x.tar.zst", "x.csv", "x.tsv", "x.jsonl", "x.json", "x.json.gz"];

fn check(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("it works here");
    for name in NAMES {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("it works here");
        for format in ["osv", "ossf-tree", "table"] {
            let reading = read(&source(format, &[]), &path).expect("it works here");
            let taken = &reading.taken;
            assert!(
                taken.refused.iter().all(|one| !one.rejected.message.is_empty() && !one.rejected.remedy.is_empty())
            );
            assert!(reading.is_whole || !taken.refused.is_empty(), "what was not read is told");
        }
    }
}

/// Good files, to be made bad.
fn good() -> Vec<Vec<u8>> {
    let (a, csv) = (record("X-1", "a"), "ecosystem,name,versions\nnpm,\"a\nb\",1\nnpm,c,2\n");
    let files: [(&str, &[u8]); 2] = [("a.json", a.as_bytes()), ("deep/b.csv", csv.as_bytes())];
    let tar = tar_of(&files);
    vec![zip_of(&files), gzip(&tar), zstd(&tar), tar, csv.as_bytes().to_vec(), a.into_bytes()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..2_000)) {
        check(&bytes);
    }

    #[test]
    fn good_bytes_made_bad(which in 0..6usize, changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = good().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes);
    }
}
