//! Joining: deliveries and reports become part of the report on their package, and nothing of either is lost.

use std::collections::BTreeSet;

use database::{Details, InvalidDetails};
use ecosystem::Package;
use osv_schema::additions::ORIGINS;
use osv_schema::{Affected, Credit, Member, Object, Origin, Record, Reference, Timestamp, Value, additions};

use crate::Delivery;
use crate::computed::{as_found, settle};
use crate::streams::is_of_content;
use crate::trees::found_there;
use crate::unite::{drop_empty, unite, unite_credits, unite_values, written};

/// The version of the OSV schema that we write.
pub(crate) const SCHEMA_VERSION: &str = "1.7.5";

/// A report on a package of which nothing is known yet. The first delivery is joined to it like any other.
pub(crate) fn empty(package: &Package, first: Option<&Record>) -> Record {
    // A git repository has no package: its ranges name it.
    let stated = first.and_then(|record| record.affected.items().first()?.package.value());
    let package_member = stated
        .filter(|_| !package.ecosystem().is_git())
        .map(|stated| osv_schema::Package { extra: Object::new(), ..stated.clone() });
    Record {
        schema_version: SCHEMA_VERSION.into(),
        summary: summary(package).into(),
        affected: Member::Value(vec![Affected { package: package_member.into(), ..Affected::default() }]),
        ..Record::default()
    }
}

/// The summary in its standard form.
pub(crate) fn summary(package: &Package) -> String {
    format!("Malicious code in {} ({})", package.canonical_name(), package.ecosystem())
}

/// A report that is joined to, with what it was before.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    pub(crate) package: Package,
    pub(crate) record: Record,
    /// As it was found; none of a report that is new.
    before: Option<Record>,
    details: Details,
    /// What was added to the lists that only grow; they are united once.
    more: More,
}

#[derive(Clone, Debug, Default)]
struct More {
    aliases: Vec<String>,
    related: Vec<String>,
    upstream: Vec<String>,
    references: Vec<Reference>,
    credits: Vec<Credit>,
    origins: Vec<Origin>,
    /// By the member of `database_specific`.
    homed: Object,
}

impl Joining {
    /// A report as it was found. What it lists otherwise than its origins imply becomes a decision of its own, so that it
    /// stands.
    ///
    /// # Errors
    ///
    /// The report's details cannot be taken apart.
    pub(crate) fn found(package: Package, record: Record) -> Result<Joining, InvalidDetails> {
        let decisions = as_found(&record, &package);
        Joining::with_decisions(package, record, decisions)
    }

    /// A report with more decisions than it had; nothing else of it is judged.
    ///
    /// # Errors
    ///
    /// The report's details cannot be taken apart.
    pub(crate) fn with_decisions(
        package: Package,
        record: Record,
        decisions: Vec<additions::Decision>,
    ) -> Result<Joining, InvalidDetails> {
        let details = Details::parse(record.details.as_str().unwrap_or_default())?;
        let before = Some(record.clone());
        let mut joining = Joining { package, before, record, details, more: More::default() };
        joining.decide(decisions);
        Ok(joining)
    }

    /// A report that is new.
    pub(crate) fn new(package: Package, record: Record) -> Joining {
        Joining { package, record, before: None, details: Details::default(), more: More::default() }
    }

    /// Adds decisions.
    pub(crate) fn decide(&mut self, decisions: Vec<additions::Decision>) {
        if !decisions.is_empty() {
            let all = [self.record.decisions(), decisions].concat();
            self.record.set_decisions(&all);
        }
    }

    /// Adds ids of the same thing.
    pub(crate) fn alias(&mut self, ids: &BTreeSet<String>) {
        self.more.aliases.extend(ids.iter().cloned());
    }

    /// Adds an origin as it is.
    pub(crate) fn add(&mut self, origin: Origin) {
        self.more.origins.push(origin);
    }

    /// Adds a delivery.
    pub(crate) fn take(&mut self, delivery: &Delivery, content_sha256: &str, takes_id_as_alias: bool, now: Timestamp) {
        let said = &delivery.record;
        let origin = delivery.origin(&self.record, &self.package, content_sha256, now);
        self.details.put(&delivery.source, &delivery.sha256, said.details.as_str().unwrap_or_default());
        let record = &mut self.record;
        let claimed = said.published_at().filter(|claimed| *claimed <= now);
        publish(record, claimed.unwrap_or(now));
        let purl = said.affected.items().first().and_then(|affected| affected.package.value()?.purl.as_str());
        take_purl(record, purl);
        for (name, value) in delivery.homed(record) {
            append(self.more.homed.entry(name).or_insert(Value::Null), value);
        }
        self.more.lists(said);
        let own_id = delivery.own_id().filter(|id| takes_id_as_alias && !is_of_content(id));
        self.more.aliases.extend(own_id.map(str::to_owned));
        self.more.origins.push(origin);
    }

    /// Adds a report of a tree that is taken over: its origins, and how it was found there, which takes the place of how it
    /// was found before. What was decided there proves nothing here: what it came to is how the report was found.
    ///
    /// # Errors
    ///
    /// Its details cannot be taken apart.
    pub(crate) fn take_over(
        &mut self,
        delivery: &Delivery,
        content_sha256: &str,
        is_one_of_several: bool,
    ) -> Result<(), InvalidDetails> {
        let mut record = delivery.record.clone();
        record.set_decisions(&[]);
        let details = Details::parse(record.details.as_str().unwrap_or_default())?;
        let found = found_there(delivery, &record, content_sha256, self, is_one_of_several);
        let mut other = Joining { package: self.package.clone(), record, before: None, details, more: More::default() };
        other.decide(found);
        self.unite(other);
        Ok(())
    }

    /// Adds all that another report on the same package has. Its own id becomes an alias where it has one.
    pub(crate) fn unite(&mut self, other: Joining) {
        let Joining { record: said, details, more, .. } = other;
        let record = &mut self.record;
        if let Some(published) = said.published_at() {
            publish(record, published);
        }
        self.more.lists(&said);
        let id = said.id.as_str().filter(|id| !id.is_empty() && !is_placeholder(id));
        self.more.aliases.extend(id.map(str::to_owned));
        unite(&mut record.severity, said.severity.items().iter().cloned(), written);
        let purl = said.affected.items().first().and_then(|affected| affected.package.value()?.purl.as_str());
        take_purl(record, purl);
        let origins = [record.origins(), said.origins()].concat();
        let decisions = [record.decisions(), said.decisions()].concat();
        if let Some(members) = said.database_specific.value() {
            for (name, value) in members.iter().filter(|(name, _)| name.as_str() != ORIGINS) {
                let home = record.database_specific.or_default().entry(name.clone()).or_insert(Value::Null);
                unite_members(home, value);
            }
        }
        record.set_origins(&origins);
        record.set_decisions(&decisions);
        unite_extra(&mut record.extra, &said.extra);
        if let (Some([affected]), Some(said)) =
            (record.affected.value_mut().map(Vec::as_mut_slice), said.affected.items().first())
        {
            unite_affected(affected, said);
        }
        self.more.add(more);
        self.details.sections.extend(details.sections);
        if self.details.written != details.written {
            self.details.written = united_texts(&self.details.written, &details.written);
        }
    }

    /// What was affected before it was joined to.
    pub(crate) fn affected_before(&self) -> Option<Affected> {
        self.before.as_ref()?.affected.items().first().cloned()
    }

    /// Says when the report last changed before it was joined to.
    pub(crate) fn set_modified(&mut self, modified: Member<String>) {
        if let Some(before) = &mut self.before {
            before.modified.clone_from(&modified);
        }
        self.record.modified = modified;
    }

    /// The report as it is to be written; none where it is as it was found.
    ///
    /// # Errors
    ///
    /// The report's details cannot be taken apart.
    pub(crate) fn finish(mut self, now: Timestamp) -> Result<Option<Record>, InvalidDetails> {
        let record = &mut self.record;
        self.more.put(record);
        let there = Details::parse(record.details.as_str().unwrap_or_default())?;
        if there != self.details {
            record.details = written_details(&self.details);
        }
        settle(record, &self.package)?;
        let own_id = record.id.as_str().unwrap_or_default().to_owned();
        for ids in [&mut record.aliases, &mut record.related, &mut record.upstream] {
            if let Some(ids) = ids.value_mut() {
                ids.retain(|id| *id != own_id);
            }
            drop_empty(ids);
        }
        if self.before.as_ref() == Some(record) {
            return Ok(None);
        }
        sort_lists(record);
        record.schema_version = SCHEMA_VERSION.into();
        if self.before.as_ref().is_none_or(|before| told(before) != told(record)) {
            touch(record, now);
        }
        Ok(Some(self.record))
    }
}

impl More {
    fn lists(&mut self, said: &Record) {
        self.aliases.extend_from_slice(said.aliases.items());
        self.related.extend_from_slice(said.related.items());
        self.upstream.extend_from_slice(said.upstream.items());
        self.references.extend_from_slice(said.references.items());
        self.credits.extend_from_slice(said.credits.items());
    }

    fn add(&mut self, other: More) {
        self.aliases.extend(other.aliases);
        self.related.extend(other.related);
        self.upstream.extend(other.upstream);
        self.references.extend(other.references);
        self.credits.extend(other.credits);
        self.origins.extend(other.origins);
        for (name, value) in other.homed {
            append(self.homed.entry(name).or_insert(Value::Null), value);
        }
    }

    fn put(&mut self, record: &mut Record) {
        let More { aliases, related, upstream, references, credits, origins, homed } = std::mem::take(self);
        unite(&mut record.aliases, aliases, Clone::clone);
        unite(&mut record.related, related, Clone::clone);
        unite(&mut record.upstream, upstream, Clone::clone);
        unite(&mut record.references, references, written);
        unite_credits(&mut record.credits, &credits);
        for (name, value) in homed {
            unite_values(record.database_specific.or_default().entry(name).or_insert(Value::Null), &value);
        }
        if !origins.is_empty() {
            record.set_origins(&[record.origins(), origins].concat());
        }
    }
}

/// Every list has one order, whichever report it began in.
fn sort_lists(record: &mut Record) {
    for ids in [&mut record.aliases, &mut record.related, &mut record.upstream] {
        if let Some(ids) = ids.value_mut() {
            ids.sort();
        }
    }
    if let Some(references) = record.references.value_mut() {
        references.sort_by_cached_key(written);
    }
    if let Some(credits) = record.credits.value_mut() {
        credits.sort_by_cached_key(written);
    }
}

/// Details as a member: where nothing is said there is none.
pub(crate) fn written_details(details: &Details) -> Member<String> {
    Some(details.to_string()).filter(|text| !text.is_empty()).into()
}

/// Puts lists behind lists.
fn append(home: &mut Value, value: Value) {
    match (home, value) {
        (Value::Array(home), Value::Array(items)) => home.extend(items),
        (Value::Object(home), Value::Object(members)) => {
            for (name, value) in members {
                append(home.entry(name).or_insert(Value::Null), value);
            }
        }
        (home, value) => *home = value,
    }
}

/// What the world is told of a report. Our own bookkeeping may change, and the report has not.
fn told(record: &Record) -> Record {
    let mut told = Record { modified: Member::Absent, schema_version: Member::Absent, ..record.clone() };
    if let Some(members) = told.database_specific.value_mut() {
        members.remove(ORIGINS);
        if members.is_empty() {
            told.database_specific = Member::Absent;
        }
    }
    told
}

/// Whether an id is that of a report without one.
fn is_placeholder(id: &str) -> bool {
    id.contains("-0000-")
}

/// Unites free content: lists unite, objects unite member by member, and of two words the smaller one stays.
fn unite_members(home: &mut Value, value: &Value) {
    match (home, value) {
        (Value::Object(home), Value::Object(members)) => {
            for (name, value) in members.iter().filter(|(name, _)| name.as_str() != additions::DECISIONS) {
                unite_members(home.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (home @ Value::Null, value) => *home = value.clone(),
        (Value::Array(home), Value::Array(items)) if home == items => {}
        (Value::Array(home), Value::Array(items)) => {
            home.extend_from_slice(items);
            home.sort_by_cached_key(written);
            home.dedup();
        }
        (home, value) => {
            if *value != Value::Null && written(value) < written(home) {
                *home = value.clone();
            }
        }
    }
}

fn unite_extra(home: &mut Object, more: &Object) {
    for (name, value) in more {
        unite_members(home.entry(name.clone()).or_insert(Value::Null), value);
    }
}

/// Unites what two reports say of their package beside versions and ranges.
fn unite_affected(home: &mut Affected, said: &Affected) {
    unite(&mut home.severity, said.severity.items().iter().cloned(), written);
    for (home, said) in [
        (&mut home.ecosystem_specific, &said.ecosystem_specific),
        (&mut home.database_specific, &said.database_specific),
    ] {
        if let Some(said) = said.value() {
            unite_extra(home.or_default(), said);
        }
    }
    unite_extra(&mut home.extra, &said.extra);
    if let (Some(home), Some(said)) = (home.package.value_mut(), said.package.value()) {
        unite_extra(&mut home.extra, &said.extra);
    }
}

/// What stands between texts of several people: a line of its own, which CommonMark shows as one across the page.
const BETWEEN_TEXTS: &str = "\n\n* * *\n\n";

/// The texts of two reports, each once, in one order.
fn united_texts(one: &str, other: &str) -> String {
    let texts = |text: &str| text.split(BETWEEN_TEXTS).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    let all: BTreeSet<String> = texts(one).into_iter().chain(texts(other)).filter(|text| !text.is_empty()).collect();
    all.into_iter().collect::<Vec<_>>().join(BETWEEN_TEXTS)
}

fn take_purl(record: &mut Record, purl: Option<&str>) {
    if let (Some([affected]), Some(purl)) = (record.affected.value_mut().map(Vec::as_mut_slice), purl)
        && let Some(package) = affected.package.value_mut()
        && package.purl.as_str().is_none_or(|there| purl < there)
    {
        package.purl = purl.into();
    }
}

/// The earliest time stands.
fn publish(record: &mut Record, claimed: Timestamp) {
    let earliest = record.published_at().map_or(claimed, |published| published.min(claimed));
    if record.published_at() != Some(earliest) || record.published.as_str().is_none() {
        record.published = earliest.whole_seconds().to_string().into();
    }
}

/// Moves `modified` to now, and in any case beyond what it was. Once for all that one change brings.
pub(crate) fn touch(record: &mut Record, now: Timestamp) {
    let now = now.whole_seconds();
    let after_last = record.modified_at().and_then(|last| Timestamp::from_unix(last.unix().saturating_add(1)));
    record.modified = after_last.map_or(now, |after| after.max(now)).to_string().into();
}
