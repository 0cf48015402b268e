//! Names that reports get rid of when they get an id: none may stand in what is published.

use std::collections::BTreeMap;

use database::ReportId;
use osv_schema::additions::ORIGINS;
use osv_schema::{Member, Record, Value};

/// What a report was called, and what became of the names of others.
#[derive(Clone, Debug)]
pub(crate) struct Renamed<'r> {
    pub(crate) prefix: &'r str,
    /// The report's own names.
    pub(crate) own: [&'r str; 2],
    /// The id that it got.
    pub(crate) id: &'r str,
    /// The ids that others got, by their names.
    pub(crate) others: &'r BTreeMap<String, String>,
}

impl Renamed<'_> {
    /// Writes ids for names wherever the record is published. A placeholder that nothing became goes away, and so does what
    /// a report says of itself in its lists.
    pub(crate) fn apply(&self, record: &mut Record) {
        self.apply_beside_ours(record);
        // What sources said stays as they said it.
        let members = record.database_specific.value_mut().into_iter().flatten();
        members.filter(|(name, _)| *name != ORIGINS).for_each(|(_, value)| self.rename_value(value));
    }

    /// The same, but for what is ours alone: what was decided stays as it was.
    pub(crate) fn apply_beside_ours(&self, record: &mut Record) {
        for list in [&mut record.aliases, &mut record.related, &mut record.upstream] {
            self.rename_list(list);
        }
        self.apply_to_texts(record);
        if let Some(references) = record.references.value_mut() {
            for reference in references.iter_mut() {
                if let Some(renamed) = reference.url.as_str().and_then(|url| self.renamed(url)) {
                    reference.url = renamed.into();
                }
            }
            let is_left =
                |url: &str| names(url, self.prefix).any(|(_, name)| ReportId::is_unassigned(name, self.prefix));
            references.retain(|reference| !reference.url.as_str().is_some_and(is_left));
        }
    }

    /// Writes ids for names in the texts alone.
    pub(crate) fn apply_to_texts(&self, record: &mut Record) {
        for text in [&mut record.summary, &mut record.details] {
            if let Some(renamed) = text.as_str().and_then(|text| self.renamed(text)) {
                *text = renamed.into();
            }
        }
    }

    fn id_of(&self, name: &str) -> Option<&str> {
        if self.own.contains(&name) { Some(self.id) } else { self.others.get(name).map(String::as_str) }
    }

    fn rename_list(&self, list: &mut Member<Vec<String>>) {
        let Some(items) = list.value_mut() else { return };
        let is_name = |item: &String| {
            let is_own = self.own.contains(&item.as_str());
            is_own || ReportId::is_unassigned(item, self.prefix) || self.others.contains_key(item)
        };
        if !items.iter().any(is_name) {
            return;
        }
        for item in items.iter_mut() {
            if let Some(id) = self.id_of(item) {
                *item = id.to_owned();
            }
        }
        items.retain(|item| !is_name(item) && item != self.id);
        items.sort();
        items.dedup();
        if items.is_empty() {
            *list = Member::Absent;
        }
    }

    fn rename_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(renamed) = self.renamed(text) {
                    *text = renamed;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename_value(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.rename_value(member)),
            _ => {}
        }
    }

    /// The text with ids for names; none where there is nothing to rename.
    fn renamed(&self, text: &str) -> Option<String> {
        let mut renamed = String::new();
        let mut from = 0;
        for (at, name) in names(text, self.prefix) {
            if let Some(id) = self.id_of(name) {
                renamed.push_str(&text[from..at]);
                renamed.push_str(id);
                from = at + name.len();
            }
        }
        renamed.push_str(&text[from..]);
        (from > 0).then_some(renamed)
    }
}

/// The words of a text that look like the name of a report of ours, and where they stand.
pub(crate) fn names<'t>(text: &'t str, prefix: &str) -> impl Iterator<Item = (usize, &'t str)> {
    let beginning = format!("{prefix}-");
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text.get(from..)?.find(&beginning) {
            let at = from + found;
            let rest = &text[at..];
            let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
            from = at + word.len();
            if text[..at].ends_with(is_part) {
                continue;
            }
            let name = word.strip_suffix(".json").unwrap_or(word).trim_end_matches(['.', '_', '-']);
            return Some((at, name));
        }
        None
    })
}
