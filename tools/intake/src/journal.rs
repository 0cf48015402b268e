//! Documents that were fetched one by one, kept on the disk until all of them are: a reading that was killed goes on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The documents of one unfinished reading.
pub(crate) struct Journal {
    file: File,
    /// By name and tag, where the bytes stand.
    kept: BTreeMap<(String, String), (u64, u64)>,
    end: u64,
}

impl Journal {
    /// Opens the journal of a reading. One of another reading is of no use; of one that was cut off in the middle of a
    /// document, what stands before counts.
    pub(crate) fn open(path: &Path, reading: &str) -> io::Result<Journal> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut reader = BufReader::new(&file);
        let mut kept = BTreeMap::new();
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let head = format!("{}\n", reading.replace('\n', " "));
        let mut end = head.len() as u64;
        if line == head.as_bytes() {
            loop {
                line.clear();
                let about = reader.read_until(b'\n', &mut line)? as u64;
                let text = String::from_utf8_lossy(&line).into_owned();
                let parts: Vec<&str> = text.trim_end_matches('\n').split('\t').collect();
                let (&[name, tag, size], true) = (parts.as_slice(), text.ends_with('\n')) else { break };
                let Ok(size) = size.parse::<u64>() else { break };
                if io::copy(&mut (&mut reader).take(size), &mut io::sink())? < size {
                    break;
                }
                kept.insert((name.to_owned(), tag.to_owned()), (end + about, size));
                end += about + size;
            }
        }
        let mut journal = Journal { file: file.try_clone()?, kept, end };
        journal.file.set_len(if journal.kept.is_empty() { 0 } else { end })?;
        if journal.kept.is_empty() {
            journal.end = 0;
            journal.append(head.as_bytes())?;
        }
        Ok(journal)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn has(&self, name: &str, tag: &str) -> bool {
        self.kept.contains_key(&key(name, tag))
    }

    /// A document that is kept.
    pub(crate) fn get(&mut self, name: &str, tag: &str) -> io::Result<Option<Vec<u8>>> {
        let Some((at, size)) = self.kept.get(&key(name, tag)).copied() else { return Ok(None) };
        self.file.seek(SeekFrom::Start(at))?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Keeps a document.
    pub(crate) fn put(&mut self, name: &str, tag: &str, bytes: &[u8]) -> io::Result<()> {
        let (name, tag) = key(name, tag);
        let about = format!("{name}\t{tag}\t{}\n", bytes.len());
        let at = self.end + about.len() as u64;
        self.append(&[about.as_bytes(), bytes].concat())?;
        self.kept.insert((name, tag), (at, bytes.len() as u64));
        Ok(())
    }
}

/// Names and tags without what parts them in the file.
fn key(name: &str, tag: &str) -> (String, String) {
    (name.replace(['\t', '\n'], " "), tag.replace(['\t', '\n'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_before_a_kill_is_there_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(&path, "one").unwrap();
        journal.put("a", "1", b"first\n\t").unwrap();
        journal.put("b", "1", b"").unwrap();
        journal.put("c", "1", b"third").unwrap();
        let size = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(size - 2).unwrap();
        let mut journal = Journal::open(&path, "one").unwrap();
        assert_eq!(journal.get("a", "1").unwrap().as_deref(), Some(&b"first\n\t"[..]));
        assert_eq!((journal.has("b", "1"), journal.has("c", "1"), journal.has("a", "2")), (true, false, false));
        journal.put("c", "1", b"again").unwrap();
        let mut journal = Journal::open(&path, "one").unwrap();
        assert_eq!(journal.get("c", "1").unwrap().as_deref(), Some(&b"again"[..]));
        assert!(!Journal::open(&path, "two").unwrap().has("a", "1"));
    }
}
