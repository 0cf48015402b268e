//! Cursors: up to where a source was read, kept in the tree and moved with the change that the reading made.

use std::collections::BTreeMap;

use database::{InvalidPath, ReadError, Snapshot, TreePath};
use osv_schema::{Document as Json, Timestamp, Value, write};

/// Up to where a source was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The commit that was read, of a git repository.
    pub commit: Option<String>,
    /// Up to where it was read, of other places: the tag of a file, the last object of a bucket.
    pub marks: BTreeMap<String, String>,
    /// Where it was read.
    pub from: String,
    /// What stands for everything that decides what is read. Under other settings all is read again.
    pub settings: String,
    /// When it was read.
    pub time: Timestamp,
}

impl Cursor {
    /// The file of a source's cursor.
    ///
    /// # Errors
    ///
    /// The id is none that a path can hold.
    pub fn path(source: &str) -> Result<TreePath, InvalidPath> {
        TreePath::new(format!("osv/cursors/{source}.json"))
    }

    /// The cursor of a source, if it has one. One that cannot be understood is as good as none: all is read again.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn read(snapshot: &Snapshot, source: &str) -> Result<Option<Cursor>, ReadError> {
        let Ok(path) = Cursor::path(source) else { return Ok(None) };
        Ok(snapshot.read_path(path.as_str())?.and_then(|bytes| Cursor::parse(&bytes)))
    }

    fn parse(bytes: &[u8]) -> Option<Cursor> {
        let json = Json::parse(bytes).ok()?;
        let text = |name: &str| Some(json.root().get(name)?.as_str()?.to_owned());
        let mark = |(name, node): (&str, osv_schema::Node<'_>)| Some((name.to_owned(), node.as_str()?.to_owned()));
        Some(Cursor {
            commit: text("commit"),
            marks: json.root().get("marks").into_iter().flat_map(osv_schema::Node::members).filter_map(mark).collect(),
            from: text("from")?,
            settings: text("settings")?,
            time: text("time")?.parse().ok()?,
        })
    }

    /// The cursor as it is written.
    pub fn to_json(&self) -> String {
        let text = |text: &str| Value::from(text);
        let mut members: BTreeMap<String, Value> = BTreeMap::new();
        if let Some(commit) = &self.commit {
            members.insert("commit".into(), text(commit));
        }
        members.insert("from".into(), text(&self.from));
        if !self.marks.is_empty() {
            let marks = self.marks.iter().map(|(name, mark)| (name.clone(), text(mark)));
            members.insert("marks".into(), Value::Object(marks.collect()));
        }
        members.insert("settings".into(), text(&self.settings));
        members.insert("time".into(), text(&self.time.whole_seconds().to_string()));
        write::canonical(&Value::Object(members))
    }

    /// Whether two cursors lead to the same place: when it was read decides nothing.
    pub fn is_at(&self, other: &Cursor) -> bool {
        let where_to = |cursor: &Cursor| (cursor.commit.clone(), cursor.marks.clone(), cursor.from.clone());
        where_to(self) == where_to(other) && self.settings == other.settings
    }

    /// The cursor as people are told.
    pub fn shown(&self) -> String {
        let mark = || self.marks.values().next_back().cloned();
        self.commit.clone().or_else(mark).unwrap_or_else(|| self.time.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cursor = Cursor {
            commit: Some("a".repeat(40)),
            marks: BTreeMap::from([("etag".into(), "\"x\"".into())]),
            from: "git+https://x.example/y".into(),
            settings: "0123".into(),
            time: "2026-06-01T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(Cursor::parse(cursor.to_json().as_bytes()), Some(cursor.clone()));
        assert!(cursor.to_json().ends_with("}\n"), "{}", cursor.to_json());
        assert_eq!(Cursor::parse(b"{}"), None);
        assert_eq!(Cursor::parse(b"<<<<<<< HEAD"), None);
    }
}
