//! Target `sqlite`: one SQLite file that answers questions; `docs/lookup.md` describes it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use ecosystem::{Ecosystem, Package};
use index::{About, Named, Report, Subject};
use osv_schema::{Member, Record, Timestamp, write};

use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::{Extent, Row};
use crate::{indicators, intel};

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("malpkg.sqlite", |out| write_file(material, out))]
}

/// SQLite writes to a file of its own, at any place in it; the release gets its bytes.
fn write_file(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let room = tempfile::tempdir()?;
    let path = room.path().join("lookup");
    build(material, &path).map_err(io::Error::other)?;
    io::copy(&mut File::open(&path)?, out)?;
    Ok(())
}

fn build(material: &Material<'_>, path: &std::path::Path) -> Result<(), index::Error> {
    let input = material.input;
    let time = input.commit.as_ref().map(|commit| commit.time.to_string());
    let facts = [
        ("commit", input.commit.as_ref().map(|commit| commit.id.as_str())),
        ("tree", input.commit.as_ref().map(|commit| commit.tree.as_str())),
        ("time", time.as_deref()),
        ("tool", Some(input.tool)),
        ("licence", Some(input.licence)),
        ("home", input.home),
    ];
    let about: About<'_> = facts.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let ecosystems: BTreeSet<&str> = material.rows.iter().map(|row| &*row.ecosystem).collect();
    let ecosystems: Vec<Named<'_>> = ecosystems.into_iter().map(named).collect();
    let mut rows: Vec<&Row> = material.rows.iter().collect();
    // As they are by ecosystem and name already, and stay so.
    rows.sort_by_key(|row| row.item);
    index::build(path, &about, &ecosystems, |add| {
        let mut added = Ok(());
        let read = material.each_item(
            |item, record| report(material, item, record, &rows),
            |report| {
                added = add(report);
                added.is_ok()
            },
        );
        added.and(read.map_err(damaged))
    })
}

/// An ecosystem, and what the package URL of any name in it begins with.
fn named(name: &str) -> Named<'_> {
    const ANY: &str = "x";
    let purl = Ecosystem::parse(name).ok().and_then(|ecosystem| Package::new(ecosystem, ANY).purl_as_written());
    Named { name, purl: purl.and_then(|purl| Some(purl.strip_suffix(ANY)?.to_owned())) }
}

fn damaged(error: io::Error) -> index::Error {
    index::Error::Damaged(error.to_string())
}

/// What the file says of a record; one that is as most are was not read again.
fn report<'m>(material: &'m Material<'_>, item: &Item<'_>, record: Option<&Record>, rows: &[&'m Row]) -> Report<'m> {
    let begin = rows.partition_point(|row| material.items[row.item].id < item.id);
    let of_item = rows[begin..].iter().take_while(|row| material.items[row.item].id == item.id);
    let (told, modified) = (item.facts.told(), item.facts.modified.unix());
    let seconds = |time: Option<Timestamp>| time.map(Timestamp::unix);
    let word = |member: &str| osv_schema::additions::malpkg(record?)?.get(member)?.as_str().map(str::to_owned);
    let known = |word: &Option<Box<str>>| word.as_deref().map(str::to_owned);
    let row = rows.get(begin).filter(|_| record.is_none());
    let kind = word("kind").or_else(|| known(&row?.kind));
    Report {
        id: item.id.to_owned(),
        published: seconds(told.published),
        modified,
        withdrawn: item.facts.is_withdrawn.then(|| seconds(told.withdrawn).unwrap_or(modified)),
        kind: kind.filter(|kind| kind != crate::verdicts::KIND),
        confidence: word("confidence").or_else(|| known(&row?.confidence)),
        summary: record.and_then(summary),
        aliases: told.aliases.iter().cloned().map(String::from).collect(),
        indicators: record
            .map(indicators::of)
            .unwrap_or_default()
            .into_iter()
            .map(|found| index::Indicator { value: found.value, kind: found.kind, role: found.role })
            .collect(),
        subjects: of_item.map(|row| subject(material, row, record)).collect(),
    }
}

/// The summary; none for the standard form of a record on one package, and an empty one where the record has none.
fn summary(record: &Record) -> Option<String> {
    let package = record.affected.items().first().and_then(|affected| affected.package.value());
    let standard = package.map(|package| {
        let part = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
        intel::standard(&part(&package.name), &part(&package.ecosystem))
    });
    let summary = record.summary.as_str().map(str::to_owned);
    let is_standard = record.affected.items().len() == 1 && summary == standard;
    (!is_standard).then(|| summary.unwrap_or_default())
}

fn subject<'m>(material: &'m Material<'_>, row: &'m Row, record: Option<&Record>) -> Subject<'m> {
    let package = row.package();
    let words = row.words().into_iter().map(|word| {
        let (version, range) = word.cells();
        index::Word { version, range, since: material.since(row, word.text()).map(Timestamp::unix) }
    });
    // Which records have ranges beside those that mean every version is known from the rows; they are few.
    let has_ranges = matches!(&row.extent, Extent::These { ranges, .. } if !ranges.is_empty());
    Subject {
        ecosystem: &row.ecosystem,
        name: &row.name,
        lookup: package.as_ref().map_or_else(|| row.name.to_string(), |package| package.merge_name().into_owned()),
        purl: package.as_ref().and_then(Package::purl_as_written),
        words: words.collect(),
        ranges: record.filter(|_| has_ranges).and_then(|record| ranges_of(record, row)),
    }
}

/// The ranges of all parts of a record that are on a package, as OSV has them.
fn ranges_of(record: &Record, row: &Row) -> Option<String> {
    let on = record.affected.items().iter().filter(|affected| row.is_on(affected));
    let ranges = on.flat_map(|affected| affected.ranges.items());
    let texts: Vec<String> = ranges.map(write::compact).collect();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")))
}
