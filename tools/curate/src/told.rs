//! The words of sources: of each stream those of its last word that counts, and what is kept while it is not told.
//!
//! Whatever a stream says last is kept, told or not, and an undo keeps the words of what counts on: so that branches may meet in
//! any order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use database::{Details, Section};
use osv_schema::additions::Decision;
use osv_schema::{Origin, Record, Value};

use crate::decided::{Named, named};
use crate::streams::{Stream, StreamKey, streams};

/// The member of an origin in which its words are kept while they are not told.
const WORDS: &str = "details";

/// What the heading of a section names: the source and the hash.
type Name = (String, String);

/// Makes details tell one section a stream, which is that of the last word of those that count, beside what no origin speaks
/// for. Gives the origins with what is kept aside.
pub(crate) fn tell<'o>(
    details: &mut Details,
    renamed: &BTreeMap<Name, String>,
    origins: &'o [Origin],
    decisions: &[Decision],
    counting: &BTreeMap<StreamKey, Stream<'_>>,
) -> Cow<'o, [Origin]> {
    let mut known = taken_out(&mut details.sections, renamed, origins);
    let last: BTreeSet<Name> = last_words(&streams(origins)).into_iter().flatten().collect();
    known.retain(|name, _| last.contains(name));
    let left = left(origins, decisions);
    let words = |name: &Name| known.get(name).or_else(|| left.get(name));
    let told = last_words(counting).into_iter().filter_map(|names| names.iter().filter_map(words).min().cloned());
    details.sections.extend(told.collect::<Vec<_>>());
    details.sections.sort();
    details.sections.dedup();
    known.retain(|_, section| !details.sections.contains(section));
    with_words(origins, &known)
}

/// What the deliveries of a report have to say, as far as it knows.
pub(crate) fn words(record: &Record) -> BTreeMap<Named, String> {
    let mut sections = Details::parse(record.details.as_str().unwrap_or_default()).unwrap_or_default().sections;
    let origins = record.origins();
    let mut known = left(&origins, &record.decisions());
    known.append(&mut taken_out(&mut sections, &BTreeMap::new(), &origins));
    let of = |origin: &Origin| Some((named(origin), known.get(&name_of(origin)?)?.text.clone()));
    origins.iter().filter_map(of).collect()
}

/// Takes the sections of deliveries out of all, and gives them by name, with those that are kept aside.
fn taken_out(
    there: &mut Vec<Section>,
    renamed: &BTreeMap<Name, String>,
    origins: &[Origin],
) -> BTreeMap<Name, Section> {
    let names: BTreeSet<Name> = origins.iter().filter_map(name_of).collect();
    let mut known: BTreeMap<Name, Section> = BTreeMap::new();
    let mut others = Vec::new();
    let aside = origins.iter().filter_map(|origin| section(origin, origin.extra.get(WORDS)?.as_str()?));
    for mut section in std::mem::take(there).into_iter().chain(aside) {
        if let Some(hash) = renamed.get(&(section.source.clone(), section.sha256.clone())) {
            section.sha256.clone_from(hash);
        }
        let name = (section.source.clone(), section.sha256.clone());
        if !names.contains(&name) {
            others.push(section);
        } else if known.get(&name).is_none_or(|known| section.text < known.text) {
            known.insert(name, section);
        }
    }
    *there = others;
    known
}

/// Of each stream what its last word is called.
fn last_words(streams: &BTreeMap<StreamKey, Stream<'_>>) -> Vec<Vec<Name>> {
    let speaking = streams.values().filter(|stream| !stream.is_derived());
    // The mark of what went on to another package may have the same bytes, and says nothing here.
    let here = |stream: &Stream<'_>| {
        stream.current().iter().filter(|one| one.moved_to.is_absent()).filter_map(|one| name_of(one)).collect()
    };
    speaking.map(here).collect()
}

/// What decisions keep of the words of deliveries that count on.
fn left(origins: &[Origin], decisions: &[Decision]) -> BTreeMap<Name, Section> {
    let mut words: BTreeMap<Named, &str> = BTreeMap::new();
    for one in decisions.iter().flat_map(|decision| decision.left.items()) {
        if let (Some(source), Some(content), Some(text)) =
            (one.source.as_str(), one.sha256.as_str(), one.details.as_str())
        {
            let there = words.entry((source.to_owned(), content.to_owned())).or_insert(text);
            *there = text.min(there);
        }
    }
    if words.is_empty() {
        return BTreeMap::new();
    }
    let here = origins.iter().filter(|origin| origin.moved_to.is_absent());
    here.filter_map(|origin| Some((name_of(origin)?, section(origin, words.get(&named(origin))?)?))).collect()
}

/// The section of a delivery. Whoever wrote down its words: they are one section and nothing else.
fn section(origin: &Origin, text: &str) -> Option<Section> {
    let (source, sha256) = name_of(origin)?;
    let mut alone = Details::default();
    alone.put(&source, &sha256, text);
    let is_one = Details::parse(&alone.to_string()).is_ok_and(|read| read == alone);
    alone.sections.pop().filter(|_| is_one)
}

/// Origins, each with the words that are kept aside for it and no others.
fn with_words<'o>(origins: &'o [Origin], aside: &BTreeMap<Name, Section>) -> Cow<'o, [Origin]> {
    if aside.is_empty() && !origins.iter().any(|origin| origin.extra.contains_key(WORDS)) {
        return origins.into();
    }
    let mut origins = origins.to_vec();
    for origin in &mut origins {
        let section = name_of(origin).filter(|_| origin.moved_to.is_absent()).and_then(|name| aside.get(&name));
        match section {
            Some(section) => drop(origin.extra.insert(WORDS.to_owned(), Value::from(section.text.as_str()))),
            None => drop(origin.extra.remove(WORDS)),
        }
    }
    origins.into()
}

fn name_of(origin: &Origin) -> Option<Name> {
    Some((origin.source.as_str()?.to_owned(), origin.sha256.as_str()?.to_owned()))
}
