//! Since when versions stand in the database: the time of the first commit that listed each.

use std::collections::HashMap;
use std::hash::Hasher;

use ecosystem::Package;
use osv_schema::Record;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::TreePath;
use crate::verdict::Statement;

/// What stands for a version of a package, a range of them or all of them.
pub type ListedKey = [u8; 16];

/// The word for every version.
pub const EVERY: &str = "*";

/// Since when versions stand in the database, up to one commit by first parents.
///
/// What counts is the package and the version, not the report: a report that moves, gets its id or is made one with
/// another lists nothing anew, and what was withdrawn and stands again is listed since it first was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Sorted by key.
    known: Vec<(ListedKey, i64)>,
    /// For what keys begin with, where the first of them is: a look at the middle of a long list is a wait for memory.
    starts: Vec<u32>,
    added: HashMap<ListedKey, i64>,
}

impl Listed {
    /// What a record lists; nothing where it is withdrawn or about no package that can be known.
    pub fn keys(path: &TreePath, record: &Record) -> Vec<ListedKey> {
        if record.is_withdrawn() {
            return Vec::new();
        }
        let mut keys = Vec::new();
        for said in Statement::each(path, record).unwrap_or_default() {
            let every = said.covers_all().then(|| EVERY.to_owned());
            let words = said.versions().iter().cloned().chain(said.vers()).chain(every);
            keys.extend(words.map(|word| key(&said.package, &word)));
            keys.push(key(&said.package, ""));
        }
        keys
    }

    /// Notes that a commit of this time lists these. Commits come in their order; what was listed before stays so.
    pub fn add(&mut self, keys: impl IntoIterator<Item = ListedKey>, time: i64) {
        for key in keys {
            if self.find(&key).is_none() {
                self.added.entry(key).or_insert(time);
            }
        }
    }

    /// When a version was first listed, in seconds since 1970 began. A word is a version, [`EVERY`], or a range as
    /// `vers:`. What is published in other words than the report's own is listed since its package is.
    pub fn since(&self, package: &Package, word: &str) -> Option<i64> {
        let at = |word: &str| {
            let key = key(package, word);
            self.find(&key).or_else(|| self.added.get(&key).copied())
        };
        at(word).or_else(|| at(""))
    }

    fn find(&self, key: &ListedKey) -> Option<i64> {
        let begin = begin_of(key);
        let [from, to] = [begin, begin + 1].map(|at| self.starts.get(at).map_or(0, |&start| start as usize));
        let among = self.known.get(from..to)?;
        let at = among.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        Some(among[at].1)
    }

    /// All of it as bytes that [`of_bytes`](Self::of_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut all: Vec<_> = self.known.iter().copied().chain(self.added.iter().map(|(k, t)| (*k, *t))).collect();
        all.sort_unstable();
        let mut bytes: Vec<u8> =
            all.into_iter().flat_map(|(key, time)| key.into_iter().chain(time.to_le_bytes())).collect();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) wrote; none where it is something else.
    pub fn of_bytes(bytes: &[u8]) -> Option<Listed> {
        let (bytes, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
            return None;
        }
        let (all, rest) = bytes.as_chunks::<24>();
        let known = all.iter().map(|one| {
            let (key, time) = one.split_at(16);
            Some((key.try_into().ok()?, i64::from_le_bytes(time.try_into().ok()?)))
        });
        let known: Vec<(ListedKey, i64)> = known.collect::<Option<_>>()?;
        let starts = starts(&known)?;
        (rest.is_empty() && known.is_sorted_by(|a, b| a.0 < b.0)).then(|| Listed {
            known,
            starts,
            added: HashMap::new(),
        })
    }
}

/// What a key begins with.
fn begin_of(key: &ListedKey) -> usize {
    usize::from(u16::from_be_bytes([key[0], key[1]]))
}

/// Where the keys that begin with each two bytes begin, and where the last of them end.
fn starts(known: &[(ListedKey, i64)]) -> Option<Vec<u32>> {
    let mut starts = vec![0; usize::from(u16::MAX) + 2];
    for (at, (key, _)) in known.iter().enumerate() {
        starts[begin_of(key) + 1] = u32::try_from(at + 1).ok()?;
    }
    let mut last = 0;
    for start in &mut starts {
        last = last.max(*start);
        *start = last;
    }
    Some(starts)
}

fn key(package: &Package, word: &str) -> ListedKey {
    let mut hasher = SipHasher13::new();
    for part in [&package.ecosystem().to_string(), &*package.canonical_name(), word] {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part.as_bytes());
    }
    hasher.finish128().as_bytes()
}

#[cfg(test)]
mod tests {
    use osv_schema::Document;

    use super::*;

    fn record(versions: &str, more: &str) -> Record {
        let text = format!(
            r#"{{"id": "MAL-2026-1",{more} "affected": [
            {{"package": {{"ecosystem": "npm", "name": "a"}}, "versions": {versions}}}]}}"#
        );
        Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_was_listed_first_stays() {
        let path: TreePath = "osv/malicious/npm/a/MAL-2026-1.json".parse().unwrap();
        let keys = |versions: &str, more: &str| Listed::keys(&path, &record(versions, more));
        let mut listed = Listed::default();
        listed.add(keys(r#"["1.0.0"]"#, r#""withdrawn": "2026-01-01T00:00:00Z","#), 5);
        listed.add(keys(r#"["1.0.0"]"#, ""), 10);
        let mut listed = Listed::of_bytes(&listed.to_bytes()).unwrap();
        listed.add(keys(r#"["1.0.0", "2.0.0"]"#, ""), 20);
        let listed = Listed::of_bytes(&listed.to_bytes()).unwrap();
        let package = Package::new(ecosystem::Ecosystem::parse("npm").unwrap(), "a");
        for (word, since) in [("1.0.0", 10), ("2.0.0", 20), ("3.0.0", 10)] {
            assert_eq!(listed.since(&package, word), Some(since), "{word}");
        }
        let other = Package::new(ecosystem::Ecosystem::parse("npm").unwrap(), "b");
        assert_eq!(listed.since(&other, "1.0.0"), None);
        assert_eq!(Listed::of_bytes(&listed.to_bytes()[1..]), None);
    }
}
