//! The marks of the ids that were given: for each year the highest number, in `osv/ids.json`.

use std::collections::BTreeMap;

use osv_schema::{Document, Object, Value};

use crate::{ReportId, Snapshot};

/// What the file says of one year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The highest number given.
    pub highest: u64,
    /// A hash of the newest batch, so that two branches that give ids always conflict.
    pub batch: String,
    /// Members of the year that we do not know.
    pub rest: Object,
}

/// Reads the marks, by year; none where the file is not what we write.
pub fn read_marks(bytes: &[u8]) -> Option<BTreeMap<i32, Mark>> {
    let document = Document::parse(bytes).ok()?;
    // A year that stands twice is two branches that met.
    if document.duplicates().next().is_some() {
        return None;
    }
    let years = Value::from(document.root());
    let mut marks = BTreeMap::new();
    for (year, mark) in years.as_object()? {
        let mut rest = mark.as_object()?.clone();
        let highest = match rest.remove("highest")? {
            Value::Number(spelling) => spelling.parse().ok()?,
            _ => return None,
        };
        let batch = rest.remove("batch").and_then(|batch| batch.as_str().map(str::to_owned)).unwrap_or_default();
        marks.insert(year.parse().ok()?, Mark { highest, batch, rest });
    }
    Some(marks)
}

/// Year and number of every report that has an id with this prefix in its name.
pub fn numbers<'s>(snapshot: &'s Snapshot, prefix: &'s str) -> impl Iterator<Item = (i32, u64)> + 's {
    let ids = snapshot.reports().filter_map(|(place, _)| ReportId::parse(place.stem));
    ids.filter(move |id| id.prefix == prefix).map(|id| (i32::from(id.year), id.number))
}
