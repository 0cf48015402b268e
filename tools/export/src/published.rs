//! What is published of a report; every change is in `docs/published-profile.md`, with the client that needs it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ecosystem::{Ecosystem, Package};
use osv_schema::additions::{MALPKG, ORIGINS};
use osv_schema::{Affected, Member, Object, Record, Reference, Timestamp, Value, additions};

use crate::meaning;

/// What is published of a report. Publishing what was published changes nothing.
#[must_use]
pub fn published(record: &Record) -> Record {
    publish(record.clone())
}

/// As [`published`], for a record that is of no other use.
pub(crate) fn publish(mut record: Record) -> Record {
    if meaning::has_range_without_order(record.affected.items()) {
        let seen = versions_seen(&record);
        meaning::enumerate(record.affected.value_mut().into_iter().flatten(), &seen);
    }
    let Record {
        schema_version,
        id: _,
        published,
        modified,
        withdrawn,
        aliases,
        related,
        upstream,
        summary,
        details,
        affected,
        references,
        database_specific,
        severity,
        credits,
        extra: _,
    } = &mut record;
    drop_nulls([schema_version, published, withdrawn, summary, details]);
    drop_nulls([aliases, related, upstream]);
    drop_null(affected);
    drop_null(references);
    drop_null(severity);
    drop_null(credits);
    drop_null(database_specific);

    for time in [published, modified, withdrawn] {
        whole_seconds(time);
    }
    if let Some(affected) = affected.value_mut() {
        affected.iter_mut().for_each(publish_affected);
        meaning::settle(affected);
    }
    if let Some(references) = references.value_mut() {
        references.retain(is_absolute);
        references.sort_by_key(for_people);
    }
    for credit in credits.value_mut().into_iter().flatten() {
        drop_null(&mut credit.contact);
        drop_null(&mut credit.kind);
    }
    keep_back(database_specific);
    tell_verdict(&mut record);
    record
}

/// The versions that somebody saw, also where every version is meant.
fn versions_seen(record: &Record) -> BTreeSet<String> {
    let ours = additions::malpkg(record);
    let artifacts = ours.and_then(|ours| ours.get("artifacts")?.as_array()).into_iter().flatten();
    let of_artifacts = artifacts.filter_map(|artifact| artifact.as_object()?.get("version")?.as_str());
    let of_artifacts: BTreeSet<String> = of_artifacts.map(str::to_owned).collect();
    let of_origins = record.origins().into_iter().flat_map(|origin| origin.versions.items().to_vec());
    of_artifacts.into_iter().chain(of_origins).collect()
}

/// Whether a reference leads somewhere from wherever it is read. What cannot be read at all is left to the rules.
fn is_absolute(reference: &Reference) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    reference.url.as_str().is_none_or(|url| url.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)))
}

/// The page that people are to see comes first.
fn for_people(reference: &Reference) -> usize {
    const FIRST: [&str; 2] = ["ADVISORY", "WEB"];
    FIRST.iter().position(|kind| reference.kind.as_str() == Some(*kind)).unwrap_or(FIRST.len())
}

/// The verdict as every consumer finds it: what it is, and whether it stands.
fn tell_verdict(record: &mut Record) {
    // What has another type than the schema says cannot be added to.
    if record.extra.contains_key("database_specific") {
        return;
    }
    let state = if record.is_withdrawn() { "withdrawn" } else { "live" };
    let ours = record.database_specific.or_default().entry(MALPKG.to_owned()).or_insert(Value::Null);
    if !matches!(ours, Value::Object(_)) {
        *ours = Value::Object(Object::new());
    }
    let Value::Object(ours) = ours else { return };
    if ours.get("kind").and_then(Value::as_str).is_none() {
        // An id of malware on a report that says no more.
        ours.insert("kind".to_owned(), Value::from("malware"));
    }
    ours.insert("state".to_owned(), Value::from(state));
}

fn publish_affected(affected: &mut Affected) {
    drop_null(&mut affected.package);
    drop_null(&mut affected.ranges);
    drop_null(&mut affected.versions);
    drop_null(&mut affected.ecosystem_specific);
    drop_null(&mut affected.database_specific);
    drop_null(&mut affected.severity);
    for range in affected.ranges.value_mut().into_iter().flatten() {
        drop_null(&mut range.repo);
        drop_null(&mut range.database_specific);
        for event in range.events.value_mut().into_iter().flatten() {
            drop_nulls([&mut event.introduced, &mut event.fixed, &mut event.last_affected, &mut event.limit]);
        }
    }
    if let Some(package) = affected.package.value_mut() {
        drop_null(&mut package.purl);
        name_package(package);
    }
}

/// The name as its registry normalizes it, and the package URL that is not there.
fn name_package(package: &mut osv_schema::Package) {
    let (Some(ecosystem), Some(name)) = (package.ecosystem.as_str(), package.name.as_str()) else { return };
    let Ok(ecosystem) = Ecosystem::parse(ecosystem) else { return };
    let is_pypi = ecosystem.base() == "PyPI";
    let mut known = Package::new(ecosystem, name);
    if is_pypi {
        let normal = match known.canonical_name() {
            Cow::Owned(normal) => Some(normal),
            Cow::Borrowed(_) => None,
        };
        if let Some(normal) = normal {
            package.name = Member::Value(normal.clone());
            known = Package::new(known.ecosystem().clone(), normal);
        }
    }
    if package.purl.is_absent() {
        package.purl = known.purl_as_written().into();
    }
}

/// A time to the second in UTC. What cannot be read stays as it is.
fn whole_seconds(time: &mut Member<String>) {
    let Some(text) = time.value_mut() else { return };
    if let Ok(moment) = text.parse::<Timestamp>() {
        *text = moment.whole_seconds().to_string();
    }
}

/// Takes out where the report came from, and what people wrote beside their decisions.
fn keep_back(database_specific: &mut Member<Object>) {
    let Some(members) = database_specific.value_mut() else { return };
    members.remove(ORIGINS);
    let Some(Value::Object(malpkg)) = members.get_mut(MALPKG) else { return };
    let Some(Value::Array(decisions)) = malpkg.get_mut("decisions") else { return };
    for decision in decisions {
        if let Value::Object(members) = decision {
            members.remove("note");
            // Like origins: who sent what is the database's own account.
            members.remove("deliveries");
            members.remove("left");
        }
    }
}

fn drop_nulls<'m, T: 'm>(members: impl IntoIterator<Item = &'m mut Member<T>>) {
    members.into_iter().for_each(drop_null);
}

/// A null member says what an absent one says; some readers know the absent one only.
fn drop_null<T>(member: &mut Member<T>) {
    if matches!(member, Member::Null) {
        *member = Member::Absent;
    }
}
