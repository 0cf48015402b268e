//! The index answers as a search through all files would, and a damaged one answers nothing.

use std::collections::BTreeMap;

use database::{BlobId, Facts, Index, IndexError, Indexed, IndexedFile, Key, TreeId};
use proptest::prelude::*;

const FINGERPRINT: &[u8] = b"this tool";

fn file(number: u32, words: (u8, u8, u8)) -> IndexedFile {
    let (package, alias, kind) = words;
    let facts = Facts {
        path: format!("osv/malicious/npm/p{package}/MAL-2026-{number}.json").parse().unwrap(),
        id: (kind % 4 != 0).then(|| format!("MAL-2026-{}", number - number % u32::from(kind % 3 + 1)).into()),
        is_withdrawn: kind % 5 == 0,
        package: (kind % 7 != 0).then(|| format!("npm/p{package}").into()),
        // Numbers of one length, so that they are sorted.
        aliases: (0..alias % 4).map(|n| format!("GHSA-{:03}", alias / 4 + n).into()).collect(),
        streams: (0..alias % 3)
            .map(|n| database::stream_word("feed", &format!("{:03}", alias / 3 + n)).into())
            .collect(),
    };
    let blob = (kind % 2 == 0).then_some(BlobId([kind; 20]));
    IndexedFile { facts, is_report: kind % 11 != 0, blob }
}

fn indexed(words: &[(u8, u8, u8)]) -> Indexed {
    let mut files: Vec<IndexedFile> = words.iter().enumerate().map(|(at, &words)| file(at as u32, words)).collect();
    files.sort_by(|a, b| a.facts.path.cmp(&b.facts.path));
    let even: Vec<u32> = (0..files.len() as u32).filter(|at| at % 2 == 0).collect();
    let found = BTreeMap::from([("a-rule".to_owned(), (even.len() * 3, even)), ("none".to_owned(), (0, Vec::new()))]);
    Indexed { tree: TreeId([7; 20]), fingerprint: FINGERPRINT.to_vec(), files, found }
}

/// Every answer that an index gives, and that the files themselves give.
fn answers(index: &Index, indexed: &Indexed) -> Result<(), IndexError> {
    let files = &indexed.files;
    assert_eq!((index.tree(), index.reports()), (indexed.tree, files.iter().filter(|file| file.is_report).count()));
    let mut keys: Vec<Key> = files.iter().flat_map(|file| file.facts.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let expected: Vec<&IndexedFile> = files.iter().filter(|file| file.is_report && file.facts.has(&key)).collect();
        assert_eq!(index.holders(&key)?.iter().collect::<Vec<_>>(), expected, "{key:?}");
        assert_eq!(index.holders(&Key { word: format!("{} ", key.word).into(), ..key })?, []);
    }
    for file in files {
        assert_eq!(index.at_path(&file.facts.path)?.as_ref(), Some(file));
    }
    assert_eq!(index.at_path(&"osv/malicious/npm/no/x.json".parse().unwrap())?, None);
    for (rule, (count, found)) in &indexed.found {
        assert_eq!(index.counts()[rule.as_str()], *count);
        let expected: Vec<&IndexedFile> = found.iter().map(|&at| &files[at as usize]).collect();
        assert_eq!(index.found_by(rule)?.iter().collect::<Vec<_>>(), expected);
    }
    assert_eq!(index.found_by("unheard-of")?, []);
    Ok(())
}

proptest! {
    #[test]
    fn an_index_answers_as_the_files_do(words in prop::collection::vec(any::<(u8, u8, u8)>(), 0..200)) {
        let indexed = indexed(&words);
        answers(&Index::of(&indexed).unwrap(), &indexed).unwrap();
    }

    #[test]
    fn a_damaged_index_answers_right_or_not_at_all(
        words in prop::collection::vec(any::<(u8, u8, u8)>(), 1..120),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
        cut in any::<bool>(),
    ) {
        let indexed = indexed(&words);
        let mut bytes = indexed.bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        if let Ok(index) = Index::open(Box::new(bytes), FINGERPRINT) {
            // The padding of the head says nothing, so that an index may be whole in spite of it.
            let _ = answers(&index, &indexed);
        }
    }
}

#[test]
fn an_index_of_another_tool_is_refused() {
    let bytes = indexed(&[(1, 2, 3)]).bytes();
    assert!(matches!(Index::open(Box::new(bytes), b"another"), Err(IndexError::Other)));
    assert!(matches!(Index::open(Box::new(b"git index, or what else".to_vec()), FINGERPRINT), Err(IndexError::Other)));
    assert!(matches!(Index::open(Box::new(Vec::new()), FINGERPRINT), Err(IndexError::Damaged)));
}
