//! What is published of a report; every change is in `docs/published-profile.md`, with the client that needs it.

use std::borrow::Cow;

use ecosystem::{Ecosystem, Package};
use osv_schema::additions::{MALPKG, ORIGINS};
use osv_schema::{Affected, Member, Object, Record, Timestamp, Value};

/// What is published of a report. Publishing what was published changes nothing.
#[must_use]
pub fn published(record: &Record) -> Record {
    publish(record.clone())
}

/// As [`published`], for a record that is of no other use.
pub(crate) fn publish(mut record: Record) -> Record {
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
    for affected in affected.value_mut().into_iter().flatten() {
        publish_affected(affected);
    }
    for credit in credits.value_mut().into_iter().flatten() {
        drop_null(&mut credit.contact);
        drop_null(&mut credit.kind);
    }
    keep_back(database_specific);
    record
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
    let had_origins = members.remove(ORIGINS).is_some();
    if had_origins && members.is_empty() {
        *database_specific = Member::Absent;
        return;
    }
    let Some(Value::Object(malpkg)) = members.get_mut(MALPKG) else { return };
    let Some(Value::Array(decisions)) = malpkg.get_mut("decisions") else { return };
    for decision in decisions {
        if let Value::Object(members) = decision {
            members.remove("note");
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
