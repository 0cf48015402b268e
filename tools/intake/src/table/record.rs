//! One row as an OSV record, with every fact in its home.

use ecosystem::{Ecosystem, Package, PackageQuery, Repository};
use osv_schema::words::{CONFIDENCES, PACKAGE_KINDS};
use osv_schema::{Affected, Credit, Event, Member, Object, Range, Record, Reference, Value, additions};

use super::words::{self, Parted};
use super::{Fault, Map, Row};
use crate::made::{self, SCHEMA_VERSION, list};
use crate::taking::short;

/// What counts as changed where a row has no day at all: a statement without a date is older than any with one.
const UNDATED: &str = "1970-01-01T00:00:00Z";

/// Makes the record.
///
/// # Errors
///
/// The first thing that is wrong with the row.
pub(super) fn make(row: &Row, map: &Map) -> Result<Record, Fault> {
    let cells = Cells { row, map };
    super::types::check(&cells)?;
    let published = cells.time("published")?;
    let modified = cells.time("modified")?.or_else(|| published.clone()).unwrap_or_else(|| UNDATED.to_owned());
    let subject = Subject::of(&cells)?;
    let mut ours = Object::new();
    let affected = affected(&cells, &subject, &mut ours)?;
    facts(&cells, &mut ours)?;
    let mut specific = Object::new();
    if !ours.is_empty() {
        specific.insert(additions::MALPKG.to_owned(), Value::Object(ours));
    }
    let references = cells.texts("references", Parted::ByBlanks).into_iter().map(|url| Reference {
        kind: words::reference_kind(&url).into(),
        url: words::live(&url).into(),
        ..Reference::default()
    });
    let credits = cells.texts("credits", Parted::ByLines).into_iter();
    let credits = credits.map(|name| Credit { name: name.into(), kind: "FINDER".into(), ..Credit::default() });
    let record = Record {
        schema_version: SCHEMA_VERSION.into(),
        id: cells.text("id").into(),
        published: published.into(),
        modified: modified.into(),
        withdrawn: cells.time("withdrawn")?.into(),
        aliases: list(cells.texts("aliases", Parted::Closely)),
        related: list(cells.texts("related", Parted::Closely)),
        summary: cells.text("summary").into(),
        details: details(&cells).into(),
        affected: Member::Value(vec![affected]),
        references: list(references.collect()),
        credits: list(credits.collect()),
        database_specific: (!specific.is_empty()).then_some(specific).into(),
        ..Record::default()
    };
    check(record)
}

/// Holds what was made to the OSV schema: a cell can hold anything.
fn check(record: Record) -> Result<Record, Fault> {
    match made::refusal(&record) {
        Ok(()) => Ok(record),
        Err(wrong) => {
            let remedy = "mend the cell behind that member, or name another column for it";
            Err(Fault::new(wrong.rule, "", wrong.message, remedy))
        }
    }
}

/// Whether a column has the name of a field: without letter case, and with any of the marks that stand between words.
fn is_called(column: &str, field: &str) -> bool {
    let dashed = |b: u8| if matches!(b, b'_' | b' ') { b'-' } else { b.to_ascii_lowercase() };
    column.len() == field.len() && column.bytes().zip(field.bytes()).all(|(theirs, ours)| dashed(theirs) == ours)
}

/// The cells of a row, by field.
pub(super) struct Cells<'c> {
    row: &'c Row,
    map: &'c Map,
}

impl Cells<'_> {
    /// The cells of a field's columns that say something.
    pub(super) fn cells(&self, field: &str) -> Vec<&Value> {
        let is_said = |value: &&Value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        };
        match self.map.columns.get(field) {
            Some(columns) => columns.iter().filter_map(|column| self.row.get(column)).filter(is_said).collect(),
            None => {
                let alike = self.row.iter().filter(|(column, _)| is_called(column, field));
                alike.map(|(_, value)| value).filter(is_said).collect()
            }
        }
    }

    /// Where a field stands, for people.
    pub(super) fn column(&self, field: &str) -> String {
        let named = self.map.columns.get(field).and_then(|columns| columns.first().cloned());
        let alike = || self.row.keys().find(|column| is_called(column, field));
        named.or_else(|| alike().cloned()).unwrap_or_else(|| field.to_owned())
    }

    fn texts(&self, field: &str, parted: Parted) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for text in self.cells(field).into_iter().flat_map(|value| words::texts(value, parted)) {
            let text = self.ours(field, text);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        match self.map.values.get(field) {
            Some(value) if texts.is_empty() => words::texts(&Value::from(value.as_str()), parted),
            _ => texts,
        }
    }

    fn text(&self, field: &str) -> Option<String> {
        let said = self.cells(field).into_iter().find_map(words::text).map(|text| self.ours(field, text));
        said.or_else(|| self.map.values.get(field).cloned())
    }

    /// Our word for one of the table's.
    fn ours(&self, field: &str, text: String) -> String {
        self.map.words.get(field).and_then(|words| words.get(&text)).cloned().unwrap_or(text)
    }

    fn time(&self, field: &str) -> Result<Option<String>, Fault> {
        let Some(text) = self.text(field) else { return Ok(None) };
        match words::time(&text) {
            Some(time) => Ok(Some(time.to_string())),
            None => Err(Fault::new(
                "schema-violation",
                &self.column(field),
                format!("`{}` is no day and no time", short(&text)),
                "write it as 2026-01-31, or as 2026-01-31T12:00:00Z",
            )),
        }
    }

    fn word(&self, field: &str, known: &[&str]) -> Result<Option<String>, Fault> {
        let Some(text) = self.text(field) else { return Ok(None) };
        if known.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(Fault::new(
            "malformed-addition",
            &self.column(field),
            format!("`{}` is no {field} that is known: {}", short(&text), known.join(", ")),
            format!("say what it means in [source.ID.words.{field}]"),
        ))
    }
}

/// What a row is about.
enum Subject {
    /// A package, and the version that a cell names with it.
    Package(Package, Option<String>),
    Repository(Repository),
}

impl Subject {
    fn of(cells: &Cells<'_>) -> Result<Subject, Fault> {
        if let Some(word) = cells.text("package") {
            let query = PackageQuery::parse(&word).map_err(|error| {
                let remedy = "write it as `npm/left-pad`, or as a purl";
                Fault::new("unknown-ecosystem", &cells.column("package"), error.to_string(), remedy)
            })?;
            return Ok(Subject::Package(query.package, query.version));
        }
        let (ecosystem, name) = (cells.text("ecosystem"), cells.text("name"));
        match (ecosystem, name, cells.text("repository")) {
            (Some(ecosystem), Some(name), _) => {
                let ecosystem = Ecosystem::from_user(&ecosystem).map_err(|error| {
                    let remedy = "spell the ecosystem as the OSV schema does, or say what it means in [source.ID.words.ecosystem]";
                    Fault::new("unknown-ecosystem", &cells.column("ecosystem"), error.to_string(), remedy)
                })?;
                Ok(Subject::Package(Package::new(ecosystem, name), None))
            }
            (_, _, Some(url)) => match Repository::parse(&url) {
                Ok(repository) => Ok(Subject::Repository(repository)),
                Err(error) => Err(Fault::new(
                    "invalid-repository",
                    &cells.column("repository"),
                    error.to_string(),
                    "name the repository by its address",
                )),
            },
            (None, Some(_), None) => Err(Fault::new(
                "subject-missing",
                "",
                "the row names no ecosystem",
                "fill the column, or say it in [source.ID.values]",
            )),
            _ => {
                let remedy =
                    "fill the columns `ecosystem` and `name`, or say in [source.ID.columns] how they are called";
                Err(Fault::new("package-name-missing", "", "the row names no package and no repository", remedy))
            }
        }
    }
}

fn affected(cells: &Cells<'_>, subject: &Subject, ours: &mut Object) -> Result<Affected, Fault> {
    let mut versions = cells.texts("versions", Parted::Closely);
    let says_all = |version: &String| version == "*" || version.eq_ignore_ascii_case("all");
    let is_listed_all = versions.iter().any(says_all);
    versions.retain(|version| !says_all(version));
    let is_all = match cells.text("all-versions") {
        None => is_listed_all,
        Some(text) => words::flag(&text).ok_or_else(|| {
            let message = format!("`{}` is neither true nor false", short(&text));
            Fault::new("schema-violation", &cells.column("all-versions"), message, "write true or false")
        })?,
    };
    let commits = commits(cells);
    let mut affected = Affected::default();
    let mut tags = moved_tags(cells);
    match subject {
        Subject::Repository(repository) => {
            let listed = versions.iter().flat_map(|version| words::commits(version));
            let ids = commits.iter().map(|(id, _)| id.clone()).chain(listed);
            let ids: Vec<String> = ids.filter(|id| words::is_whole(id)).collect();
            // A commit by itself: nothing is said of those before and behind it.
            let alone = |id: &String| {
                let (id, event) = (id.as_str(), Event::default());
                [Event { introduced: id.into(), ..event.clone() }, Event { last_affected: id.into(), ..event }]
            };
            let events: Vec<Event> = match is_all {
                true => vec![Event { introduced: "0".into(), ..Event::default() }],
                false => ids.iter().flat_map(alone).collect(),
            };
            let repo = repository.canonical_url().into();
            let range = Range { kind: "GIT".into(), repo, events: Member::Value(events), ..Range::default() };
            affected.ranges = Member::Value(vec![range]);
        }
        Subject::Package(package, version) => {
            let unlisted = version.iter().filter(|version| !versions.contains(version)).cloned().collect::<Vec<_>>();
            versions.extend(unlisted);
            let ecosystem = package.ecosystem();
            affected.package = Member::Value(osv_schema::Package {
                ecosystem: ecosystem.as_str().into(),
                name: package.name().into(),
                purl: package.purl().into(),
                ..osv_schema::Package::default()
            });
            if ecosystem.base() == "GitHub Actions" {
                // A tag that people move is no version; what it was moved to is.
                let (moving, fixed) = versions.into_iter().partition(|version| rules::is_moving_tag(version));
                versions = fixed;
                tags.extend(Vec::into_iter(moving).map(|tag| object([("tag", tag)])));
            }
            tags.extend(commits.iter().map(|(id, _)| object([("to", id.clone())])));
            if is_all {
                let kind = if ecosystem.allows_semver() { "SEMVER" } else { "ECOSYSTEM" };
                let events = Member::Value(vec![Event { introduced: "0".into(), ..Event::default() }]);
                affected.ranges = Member::Value(vec![Range { kind: kind.into(), events, ..Range::default() }]);
                // The range says it all; the releases that somebody saw are facts all the same.
                add(ours, "artifacts", versions.into_iter().map(|version| object([("version", version)])));
            } else {
                affected.versions = list(versions);
            }
        }
    }
    add(ours, "moved_tags", tags.into_iter());
    let told = commits.iter().filter_map(|(id, role)| Some(format!("commit {id}: {}", role.as_ref()?)));
    add(ours, "evidence", told.map(|behaviour| object([("behaviour", behaviour)])));
    Ok(affected)
}

/// Commits, each with what is said of it.
fn commits(cells: &Cells<'_>) -> Vec<(String, Option<String>)> {
    let mut commits: Vec<(String, Option<String>)> = Vec::new();
    for cell in cells.cells("commits") {
        let found: Vec<(String, Option<String>)> = match words::free(cell) {
            Value::Array(items) => items
                .iter()
                .flat_map(|item| match item.as_object() {
                    Some(members) => {
                        let text = |name: &str| members.get(name).and_then(words::text);
                        let ids = text("id").map(|id| words::commits(&id)).unwrap_or_default();
                        ids.into_iter().map(|id| (id, text("role"))).collect::<Vec<_>>()
                    }
                    None => {
                        item.as_str().map(words::commits).unwrap_or_default().into_iter().map(|id| (id, None)).collect()
                    }
                })
                .collect(),
            other => other.as_str().map(words::commits).unwrap_or_default().into_iter().map(|id| (id, None)).collect(),
        };
        for one in found {
            if !commits.iter().any(|known| known.0 == one.0) {
                commits.push(one);
            }
        }
    }
    commits
}

fn moved_tags(cells: &Cells<'_>) -> Vec<Value> {
    objects(cells, "moved-tags", |tag| object([("tag", tag)]))
}

/// The objects of a field; a text becomes one.
fn objects(cells: &Cells<'_>, field: &str, make: impl Fn(String) -> Value) -> Vec<Value> {
    let mut objects = Vec::new();
    for cell in cells.cells(field) {
        match words::free(cell) {
            Value::Array(items) => {
                for item in items {
                    match words::text(&item) {
                        Some(text) => objects.push(make(text)),
                        None if item.as_object().is_some() => objects.push(item),
                        None => {}
                    }
                }
            }
            one @ Value::Object(_) => objects.push(one),
            other => objects.extend(words::texts(&other, Parted::Closely).into_iter().map(&make)),
        }
    }
    objects
}

fn object<const N: usize>(members: [(&str, String); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
}

/// Adds items to a list of ours.
fn add(ours: &mut Object, name: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<Value> = items.collect();
    if items.is_empty() {
        return;
    }
    match ours.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(list) => list.extend(items),
        other => *other = Value::Array(items),
    }
}

/// What belongs into `database_specific.malpkg`.
fn facts(cells: &Cells<'_>, ours: &mut Object) -> Result<(), Fault> {
    let words =
        [("kind", cells.word("kind", &PACKAGE_KINDS)?), ("confidence", cells.word("confidence", &CONFIDENCES)?)];
    let texts = [("technique", cells.text("technique")), ("campaign", cells.text("campaign"))];
    for (name, text) in words.into_iter().chain(texts) {
        if let Some(text) = text {
            ours.insert(name.to_owned(), Value::String(text));
        }
    }
    let mut evidence = Object::new();
    for (name, field) in
        [("behaviour", "behaviour"), ("file", "file"), ("trigger", "trigger"), ("sha256", "file-sha256")]
    {
        if let Some(text) = cells.text(field) {
            evidence.insert(name.to_owned(), Value::String(text));
        }
    }
    add(ours, "evidence", (!evidence.is_empty()).then_some(Value::Object(evidence)).into_iter());
    let indicators = indicators(cells);
    add(ours, "indicators", indicators.into_iter());
    let artifacts = objects(cells, "artifacts", |version| object([("version", version)]));
    add(ours, "artifacts", artifacts.into_iter());
    Ok(())
}

fn indicators(cells: &Cells<'_>) -> Vec<Value> {
    let indicator = |kind: &str, value: &str| {
        let value = words::live(value);
        let kind = match (kind, value.len()) {
            ("hashes", 32) => "md5",
            ("hashes", 40) => "sha1",
            ("hashes", _) => "sha256",
            (kind, _) => kind.trim_end_matches('s'),
        };
        object([("type", kind.to_owned()), ("value", value)])
    };
    let mut found = Vec::new();
    for kind in ["domains", "urls", "ips", "hashes"] {
        found.extend(cells.texts(kind, Parted::ByBlanks).iter().map(|value| indicator(kind, value)));
    }
    for cell in cells.cells("indicators") {
        match words::free(cell) {
            Value::Object(lists) => {
                for (kind, values) in &lists {
                    let values = words::texts(values, Parted::ByBlanks);
                    found.extend(values.iter().map(|value| indicator(kind, value)));
                }
            }
            Value::Array(items) => found.extend(items.into_iter().filter(|item| item.as_object().is_some())),
            _ => {}
        }
    }
    found
}

/// The story: what the table tells, and who confirms it.
fn details(cells: &Cells<'_>) -> Option<String> {
    let mut paragraphs: Vec<String> = cells.cells("details").into_iter().filter_map(words::text).collect();
    if paragraphs.is_empty() {
        paragraphs.extend(cells.map.values.get("details").cloned().or_else(|| cells.text("behaviour")).map(sentence));
    }
    let confirmed = cells.texts("confirmed-by", Parted::ByLines);
    paragraphs.extend((!confirmed.is_empty()).then(|| sentence(format!("Confirmed by: {}", confirmed.join("; ")))));
    (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"))
}

fn sentence(text: String) -> String {
    if text.ends_with(['.', '!', '?', '`']) { text } else { text + "." }
}
