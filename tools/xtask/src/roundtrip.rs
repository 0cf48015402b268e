//! The proof that reading and writing lose nothing, on every report of a folder.

use std::fs;
use std::path::Path;

use osv_schema::{Document, Record, Value, write};
use walkdir::WalkDir;

use crate::process::{Done, ensure, say};

/// Reads and writes every report: each must mean the same, and a second writing must change nothing.
pub(crate) fn run(folder: &Path) -> Done {
    let mut reports = 0;
    let mut canonical_already = 0;
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        if !entry.file_type().is_file() || entry.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = fs::read(entry.path()).map_err(|error| format!("{}: {error}", entry.path().display()))?;
        check(&bytes, &mut canonical_already).map_err(|error| format!("{}: {error}", entry.path().display()))?;
        reports += 1;
    }
    ensure(reports > 0, || format!("there is no report below {}", folder.display()))?;
    say(&format!("{reports} reports read and written: all mean the same, {canonical_already} were canonical already"));
    Ok(())
}

fn check(bytes: &[u8], canonical_already: &mut usize) -> Done {
    let read = |bytes: &[u8]| Document::parse(bytes).map_err(|error| error.to_string());
    let before = read(bytes)?;
    let record = Record::read(&before).ok_or("it is no object")?;
    let written = write::canonical(&record);
    let after = read(written.as_bytes())?;
    ensure(Value::from(before.root()) == Value::from(after.root()), || "it means something else".into())?;
    // An independent reader has the last word.
    let independent = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).map_err(|e| e.to_string());
    ensure(independent(bytes)? == independent(written.as_bytes())?, || "another reader sees a difference".into())?;
    let again = Record::read(&after).ok_or("what was written is no object")?;
    ensure(write::canonical(&again) == written, || "a second writing changes it".into())?;
    *canonical_already += usize::from(written.as_bytes() == bytes);
    Ok(())
}
