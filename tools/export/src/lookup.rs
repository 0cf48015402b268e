//! Target `sqlite`: one SQLite file that answers questions; `docs/lookup.md` describes it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use index::{About, Report, Subject};
use osv_schema::{Member, Record, Timestamp, write};

use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::{Extent, Row};
use crate::{indicators, intel};

/// The ranges of a record on a package, as OSV has them.
type Ranges<'m> = BTreeMap<(usize, String, String), String>;

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
    // Which records have ranges beside those that mean every version is known from the rows; they are few.
    let mut ranges = Ranges::new();
    let ranged = |row: &&Row| matches!(&row.extent, Extent::These { ranges, .. } if !ranges.is_empty());
    let mut inflater = crate::body::Inflater::new();
    for row in material.rows.iter().filter(ranged) {
        let text = material.items[row.item].reread(&mut inflater, |record| ranges_of(&record, row));
        if let Some(text) = text.map_err(damaged)? {
            ranges.insert((row.item, row.ecosystem.to_string(), row.name.to_string()), text);
        }
    }
    let subjects = material.rows.iter().map(|row| subject(material, row, &ranges));
    index::build(
        path,
        &about,
        |add| {
            let mut added = Ok(());
            let read = material.each_record(report, |report| {
                added = add(report);
                added.is_ok()
            });
            added.and(read.map_err(damaged))
        },
        subjects,
    )
}

fn damaged(error: io::Error) -> index::Error {
    index::Error::Damaged(error.to_string())
}

fn report(item: &Item<'_>, record: &Record) -> Report {
    let word = |member: &str| osv_schema::additions::malpkg(record)?.get(member)?.as_str().map(str::to_owned);
    let seconds = |member: &Member<String>| member.as_str()?.parse().ok().map(Timestamp::unix);
    let package = record.affected.items().first().and_then(|affected| affected.package.value());
    let standard = package.map(|package| {
        let part = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
        intel::standard(&part(&package.name), &part(&package.ecosystem))
    });
    let is_alone = record.affected.items().len() == 1;
    let summary = record.summary.as_str().map(str::to_owned);
    let modified = item.facts.modified.unix();
    Report {
        id: item.id.to_owned(),
        published: seconds(&record.published),
        modified,
        withdrawn: item.facts.is_withdrawn.then(|| seconds(&record.withdrawn).unwrap_or(modified)),
        kind: word("kind").filter(|kind| kind != crate::verdicts::KIND),
        confidence: word("confidence"),
        // A record without a summary has an empty one here: none stands for the standard form.
        summary: if is_alone && summary == standard { None } else { Some(summary.unwrap_or_default()) },
        aliases: record.aliases.items().to_vec(),
        indicators: indicators::of(record)
            .into_iter()
            .map(|found| index::Indicator { value: found.value, kind: found.kind, role: found.role })
            .collect(),
    }
}

fn subject<'m>(material: &'m Material<'_>, row: &'m Row, ranges: &'m Ranges<'_>) -> Subject<'m> {
    let package = row.package();
    let words = row.words().into_iter().map(|word| {
        let (version, range) = word.cells();
        index::Word { version, range, since: material.since(row, word.text()).map(Timestamp::unix) }
    });
    let key = (row.item, row.ecosystem.to_string(), row.name.to_string());
    Subject {
        report: row.item,
        ecosystem: &row.ecosystem,
        name: &row.name,
        lookup: package.as_ref().map_or_else(|| row.name.to_string(), |package| package.lookup_name().into_owned()),
        purl: package.as_ref().and_then(ecosystem::Package::purl_as_written),
        words: words.collect(),
        ranges: ranges.get(&key).map(String::as_str),
    }
}

/// The ranges of all parts of a record that are on a package.
fn ranges_of(record: &Record, row: &Row) -> Option<String> {
    let on = record.affected.items().iter().filter(|affected| row.is_on(affected));
    let ranges = on.flat_map(|affected| affected.ranges.items());
    let texts: Vec<String> = ranges.map(write::compact).collect();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")))
}
