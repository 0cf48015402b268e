//! What in a report is not for strangers to write: it must be as it was, and absent in what is new.

use osv_schema::{Affected, Pointer, Record, additions};

use crate::provenance::{decisions_member, origins_member, said};
use crate::text::shorten;

/// Something that a stranger's change does to a report and may not do.
pub(crate) struct Breach {
    /// The place in what the report is now.
    pub(crate) pointer: Pointer,
    /// What is done.
    pub(crate) message: String,
    /// What to do instead.
    pub(crate) remedy: String,
}

/// Everything of that kind. `old` is none where the report is new, or said nothing before; a published one has an id.
pub(crate) fn breaches(old: Option<&Record>, new: &Record, is_published: bool, prefix: &str) -> Vec<Breach> {
    let root = Pointer::root();
    let ours = root.member("database_specific");
    // What a source said of a package is no draft, also while it has no id.
    let is_draft = !is_published && old.is_none_or(|old| origins_member(old).is_none());
    let mut found = Vec::new();
    let mut put = |is_broken: bool, pointer: Pointer, message: &str, remedy: &str| {
        if is_broken {
            found.push(Breach { pointer, message: message.to_owned(), remedy: remedy.to_owned() });
        }
    };

    let old_id = old.and_then(|old| old.id.as_str()).unwrap_or_default();
    let new_id = new.id.as_str().unwrap_or_default();
    let is_given = !is_published && old_id.is_empty() && !new_id.is_empty();
    put(
        is_given,
        root.member("id"),
        &format!("the report gives itself the id `{}`", shorten(new_id)),
        &format!("leave it out, and name the file {prefix}-0000-<any>.json; it gets an id when it is taken in"),
    );
    put(
        old.is_some() && old_id != new_id && !is_given,
        root.member("id"),
        &format!("the id `{}` becomes `{}`", shorten(old_id), shorten(new_id)),
        "set it back: an id never changes",
    );
    put(
        withdrawn(old) != withdrawn(Some(new)),
        root.member("withdrawn"),
        "whether a report stands is for maintainers to say",
        "leave `withdrawn` as it was; if the report is wrong, say so in an issue, with how you know",
    );
    put(
        old.and_then(origins_member) != origins_member(new),
        ours.member(additions::ORIGINS),
        "origins tell who sent what, and only the tools write them",
        "leave them as they were; who found it is thanked in `credits`",
    );
    put(
        old.and_then(decisions_member) != decisions_member(new),
        ours.member(additions::MALPKG).member("decisions"),
        "decisions are for maintainers to make",
        "leave them as they were, and say in the pull request what you would decide",
    );
    put(
        old.and_then(said) != said(new),
        root.member("details"),
        "what stands below the line in the details is a source's word, and only the tools write it",
        "leave it as it was, and write above the line what you know",
    );
    if let Some(old) = old.filter(|_| !is_draft) {
        put(
            published(old) != published(new),
            root.member("published"),
            "the time at which a report was published is for the tools to say",
            "leave `published` as it was; `modified` is yours to move",
        );
        let (was, is) = (packages(old), packages(new));
        put(
            was != is,
            root.member("affected"),
            &format!("the report on {} becomes one on {}", shorten(&was.join(", ")), shorten(&is.join(", "))),
            "leave the package as it was: another one gets a report of its own, and a wrong name is told in an issue",
        );
    }
    found
}

/// Whether a record is taken back, and when.
fn withdrawn(record: Option<&Record>) -> Option<&str> {
    let record = record.filter(|record| record.is_withdrawn())?;
    Some(record.withdrawn.as_str().unwrap_or_default())
}

/// When a record was published; its own words where that is no time.
fn published(record: &Record) -> (Option<osv_schema::Timestamp>, Option<&str>) {
    match record.published_at() {
        Some(time) => (Some(time), None),
        None => (None, record.published.as_str()),
    }
}

/// The packages that a record names, as it spells them; of one that names none, its repositories.
fn packages(record: &Record) -> Vec<String> {
    let name = |affected: &Affected| match affected.package.value() {
        Some(package) => {
            let word = |member: Option<&str>| member.unwrap_or_default().to_owned();
            format!("`{}/{}`", word(package.ecosystem.as_str()), word(package.name.as_str()))
        }
        None => {
            let repositories = affected.ranges.items().iter().filter_map(|range| range.repo.as_str());
            format!("`{}`", repositories.collect::<Vec<_>>().join(" "))
        }
    };
    record.affected.items().iter().map(name).collect()
}
