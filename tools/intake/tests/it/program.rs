//! Reading a source as the program does.

use std::collections::BTreeMap;
use std::path::Path;

use intake::{Asked, Cursor, Place, PlaceError, Reading, Setting, Source};

/// A source of a format, with more settings.
#[track_caller]
pub(crate) fn source(format: &str, settings: &[(&str, Setting)]) -> Source {
    let mut all = BTreeMap::from([("format".to_owned(), text(format))]);
    all.extend(settings.iter().map(|(name, setting)| ((*name).to_owned(), setting.clone())));
    Source::new("feed", &all).expect("it works here")
}

pub(crate) fn text(text: &str) -> Setting {
    Setting::Text(text.into())
}

pub(crate) fn texts(texts: &[&str]) -> Setting {
    Setting::List(texts.iter().map(|one| text(one)).collect())
}

/// Reads a file or folder.
pub(crate) fn read(source: &Source, path: &Path) -> Result<Reading, PlaceError> {
    read_since(source, path.to_str().expect("it works here"), None, None)
}

/// Reads a place from a cursor on.
pub(crate) fn read_since(
    source: &Source,
    from: &str,
    cache: Option<&Path>,
    since: Option<&Cursor>,
) -> Result<Reading, PlaceError> {
    let place = Place::of_source(from, source.branch.as_deref(), Path::new("."))?;
    let now = "2026-06-01T12:00:00Z".parse().expect("it works here");
    intake::read(&place, Asked { source, prefix: "MAL", cache, since, now })
}

/// The names of what was taken.
pub(crate) fn names(reading: &Reading) -> Vec<&str> {
    reading.taken.deliveries.iter().map(|delivery| delivery.name.as_str()).collect()
}

/// What was refused: the name, the rule and what is wrong.
pub(crate) fn refused(reading: &Reading) -> Vec<(&str, &str, &str)> {
    let refused = reading.taken.refused.iter().map(|one| &one.rejected);
    refused.map(|one| (one.delivery.as_str(), one.rule, one.message.as_str())).collect()
}

/// A delivery on an npm package.
pub(crate) fn record(id: &str, name: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "2026-01-01T00:00:00Z", "affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}}, "versions": ["1.0.0"]}}]}}"#
    )
}
