//! Joining: a delivery becomes part of the report on its package, and nothing of either is lost.

use std::collections::{BTreeMap, BTreeSet};

use database::{Details, InvalidDetails};
use ecosystem::Package;
use osv_schema::{Affected, Credit, Member, Object, Origin, Range, Record, Reference, Shape, Timestamp, Value, write};

use crate::Delivery;

/// The version of the OSV schema that we write.
pub(crate) const SCHEMA_VERSION: &str = "1.7.5";

/// Whether a report already has what a delivery brings: the same bytes, or the same statement in other bytes.
pub(crate) fn is_known(record: &Record, delivery: &Delivery, content_sha256: &str) -> bool {
    record.origins().iter().any(|origin| {
        origin.source.as_str() == Some(&delivery.source)
            && (origin.sha256.as_str() == Some(&delivery.sha256)
                || origin.content_sha256.as_str() == Some(content_sha256))
    })
}

/// A report on a package of which nothing is known yet. The first delivery is joined to it like any other.
pub(crate) fn empty(package: &Package, id: &str, delivery: &Delivery) -> Record {
    // A git repository has no package: its ranges name it.
    let stated = delivery.record.affected.items().first().and_then(|affected| affected.package.value());
    let package_member = stated
        .filter(|_| !package.ecosystem().is_git())
        .map(|stated| osv_schema::Package { extra: Object::new(), ..stated.clone() });
    Record {
        schema_version: SCHEMA_VERSION.into(),
        id: id.into(),
        summary: summary(package).into(),
        affected: Member::Value(vec![Affected { package: package_member.into(), ..Affected::default() }]),
        ..Record::default()
    }
}

/// The summary in its standard form.
pub(crate) fn summary(package: &Package) -> String {
    format!("Malicious code in {} ({})", package.canonical_name(), package.ecosystem())
}

/// Joins a delivery into a report. The report must have no misfits and exactly one entry in `affected`.
///
/// # Errors
///
/// The report's details cannot be taken apart; the report is unchanged then.
pub(crate) fn join(
    record: &mut Record,
    delivery: &Delivery,
    takes_id_as_alias: bool,
    now: Timestamp,
) -> Result<(), InvalidDetails> {
    let said = &delivery.record;
    let mut details = Details::parse(record.details.as_str().unwrap_or_default())?;
    let origin = delivery.origin(record, now);
    // One section a stream: what the same source said under the same id before is replaced.
    let replaced: Vec<String> =
        record.origins().into_iter().filter_map(|earlier| stream_hash(&earlier, &origin)).collect();
    let before = details.sections.clone();
    details.sections.retain(|section| section.source != delivery.source || !replaced.contains(&section.sha256));
    // Of a stream the newest statement counts, whichever came first.
    if record.origins().iter().all(|earlier| stream_hash(earlier, &origin).is_none() || !is_newer(earlier, said)) {
        details.put(&delivery.source, &delivery.sha256, said.details.as_str().unwrap_or_default());
    } else {
        details.sections.clone_from(&before);
    }
    // What people wrote is theirs: without news in the sections the text stays to the byte.
    if details.sections != before {
        record.details = details.to_string().into();
    }

    record.schema_version = SCHEMA_VERSION.into();
    let claimed = said.published_at().filter(|claimed| *claimed <= now);
    let published = [record.published_at(), claimed.or(Some(now))].into_iter().flatten().min();
    record.published = published.unwrap_or(now).whole_seconds().to_string().into();

    let own_id = record.id.as_str().unwrap_or_default().to_owned();
    let alias = delivery.own_id().filter(|_| takes_id_as_alias).map(str::to_owned);
    unite(&mut record.aliases, said.aliases.items().iter().cloned().chain(alias), Clone::clone);
    unite(&mut record.related, said.related.items().iter().cloned(), Clone::clone);
    unite(&mut record.upstream, said.upstream.items().iter().cloned(), Clone::clone);
    for ids in [&mut record.aliases, &mut record.related, &mut record.upstream] {
        if let Some(ids) = ids.value_mut() {
            ids.retain(|id| *id != own_id);
        }
        drop_empty(ids);
    }
    unite(&mut record.references, said.references.items().iter().cloned(), reference_key);
    unite_credits(&mut record.credits, said.credits.items());

    if let (Some([affected]), Some(stated)) =
        (record.affected.value_mut().map(Vec::as_mut_slice), said.affected.items().first())
    {
        unite(&mut affected.ranges, stated.ranges.items().iter().cloned(), range_key);
        unite(&mut affected.versions, stated.versions.items().iter().cloned(), Clone::clone);
        let purl = stated.package.value().map(|package| &package.purl);
        if let (Some(package), Some(purl @ Member::Value(_))) = (affected.package.value_mut(), purl)
            && package.purl.value().is_none()
        {
            package.purl = purl.clone();
        }
    }
    for (name, value) in
        delivery.homed(record).map(|(name, value)| (name.to_owned(), value.clone())).collect::<Vec<_>>()
    {
        let home = record.database_specific.or_default().entry(name).or_insert(Value::Null);
        unite_values(home, &value);
    }
    record.add_origin(&origin);
    Ok(())
}

/// The hash of an earlier delivery of the same stream: same source, same id at the source.
fn stream_hash(earlier: &Origin, origin: &Origin) -> Option<String> {
    let has_id = origin.id.as_str().is_some();
    let is_same = has_id && earlier.source == origin.source && earlier.id == origin.id;
    earlier.sha256.as_str().filter(|_| is_same).map(str::to_owned)
}

/// Whether an earlier delivery says more recently what it says.
fn is_newer(earlier: &Origin, said: &Record) -> bool {
    let time = earlier.modified_time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time > said.modified_at()
}

/// Moves `modified` to now, and in any case beyond what it was. Once for all that one change brings.
pub(crate) fn touch(record: &mut Record, now: Timestamp) {
    let now = now.whole_seconds();
    let after_last = record.modified_at().and_then(|last| Timestamp::from_unix(last.unix().saturating_add(1)));
    record.modified = after_last.map_or(now, |after| after.max(now)).to_string().into();
}

fn drop_empty<T>(list: &mut Member<Vec<T>>) {
    if list.value().is_some_and(Vec::is_empty) {
        *list = Member::Absent;
    }
}

/// Unites lists; what has the same key is the same. A list that gets nothing new stays as it is.
fn unite<T, K: Ord>(list: &mut Member<Vec<T>>, more: impl Iterator<Item = T>, key: impl Fn(&T) -> K) {
    let mut new: BTreeMap<K, T> = more.map(|item| (key(&item), item)).collect();
    for item in list.items() {
        new.remove(&key(item));
    }
    if !new.is_empty() {
        let list = list.or_default();
        list.extend(new.into_values());
        list.sort_by_cached_key(|item| key(item));
    }
}

fn reference_key(reference: &Reference) -> String {
    written(reference)
}

fn range_key(range: &Range) -> String {
    written(range)
}

fn written(content: &impl Shape) -> String {
    write::compact(content)
}

/// Unites credits: one for each name and type, with all contacts.
fn unite_credits(credits: &mut Member<Vec<Credit>>, more: &[Credit]) {
    let without_contact = |credit: &Credit| written(&Credit { contact: Member::Absent, ..credit.clone() });
    let mut known: BTreeMap<String, usize> =
        credits.items().iter().enumerate().map(|(at, credit)| (without_contact(credit), at)).collect();
    let mut is_changed = false;
    for credit in more {
        let key = without_contact(credit);
        let list = match known.get(&key) {
            Some(&at) => {
                if let Some(same) = credits.value_mut().and_then(|credits| credits.get_mut(at)) {
                    unite(&mut same.contact, credit.contact.items().iter().cloned(), Clone::clone);
                }
                continue;
            }
            None => credits.or_default(),
        };
        known.insert(key, list.len());
        list.push(credit.clone());
        is_changed = true;
    }
    if let (true, Some(list)) = (is_changed, credits.value_mut()) {
        list.sort_by_cached_key(written);
    }
}

/// Whether free content can be united with what is there without losing any of either.
pub(crate) fn fits(home: Option<&Value>, value: &Value) -> bool {
    match (home, value) {
        (None | Some(Value::Null), Value::Array(_)) | (Some(Value::Array(_)), Value::Array(_)) => true,
        (None | Some(Value::Null), Value::Object(members)) => members.values().all(|value| fits(None, value)),
        (Some(Value::Object(home)), Value::Object(members)) => {
            members.iter().all(|(name, value)| fits(home.get(name), value))
        }
        (Some(home), value) => home == value,
        (None, _) => false,
    }
}

/// Unites free content that fits: lists unite, objects unite member by member.
fn unite_values(home: &mut Value, value: &Value) {
    match (home, value) {
        (home @ Value::Null, value) => *home = value.clone(),
        (Value::Array(home), Value::Array(items)) => {
            let known: BTreeSet<String> = home.iter().map(written).collect();
            let new: BTreeMap<String, &Value> =
                items.iter().map(|item| (written(item), item)).filter(|(key, _)| !known.contains(key)).collect();
            if !new.is_empty() {
                home.extend(new.into_values().cloned());
                home.sort_by_cached_key(written);
            }
        }
        (Value::Object(home), Value::Object(members)) => {
            for (name, value) in members {
                unite_values(home.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => {}
    }
}
