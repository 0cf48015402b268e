//! The formats `safe-chain` and `datadog-manifest`: whole lists of packages and their versions, without dates.

use std::collections::BTreeMap;

use ecosystem::{Ecosystem, Package};
use osv_schema::{Kind, Member, Object, Pointer, Record, Value, additions, write};

use crate::made::{self, At, Named, SCHEMA_VERSION, Wrong};
use crate::source::Source;
use crate::taking::{Taking, short};
use crate::{Document, Unread};

/// What a list says of one package.
#[derive(Debug)]
struct Listed {
    named: Named,
    kind: &'static str,
    /// What stands in the list, so that it can be read again.
    rows: Vec<Value>,
}

/// Packages by their stream's id.
type Packages = BTreeMap<String, (Package, Listed)>;

/// Reads a list of Safe Chain's: rows with a package, a version and a reason.
pub(crate) fn safe_chain(document: Document, taking: &mut Taking<'_>) {
    read(document, taking, |root, ecosystem, taking, file| {
        // One row alone is what was kept of a list.
        let rows = if root.node.kind() == Kind::Object { vec![root.clone()] } else { root.items()? };
        let mut packages = Packages::new();
        for (number, row) in rows.iter().enumerate() {
            match safe_chain_row(row, ecosystem, taking.source) {
                Ok(Some((package, named, kind))) => add(&mut packages, package, named, kind, Value::from(row.node)),
                Ok(None) => {
                    let name = format!("{file}:{}", number + 1);
                    taking.leave(&name, None, "it is no finding of malware");
                }
                Err(wrong) => {
                    let bytes = row.node.spelling().as_bytes().to_vec();
                    taking.take_made(format!("{file}:{}", number + 1), bytes, Err(wrong));
                }
            }
        }
        let written = |listed: &Listed, _: &Package| Value::Array(listed.rows.clone());
        give(packages, written, taking, file);
        Ok(())
    });
}

/// Reads a manifest of Datadog's: for each package its versions, or null for all of them.
pub(crate) fn datadog(document: Document, taking: &mut Taking<'_>) {
    read(document, taking, |root, ecosystem, taking, file| {
        root.object()?;
        let mut packages = Packages::new();
        for (name, node) in root.node.members() {
            let at = At { node, pointer: root.pointer.member(name) };
            match datadog_versions(name, &at) {
                Ok(named) => {
                    let package = Package::new(ecosystem.clone(), name);
                    add(&mut packages, package, named, "malware", Value::from(node));
                }
                Err(wrong) => {
                    let row = Object::from([(name.to_owned(), Value::from(node))]);
                    let bytes = write::compact(&Value::Object(row)).into_bytes();
                    taking.take_made(format!("{file}:{}", short(name)), bytes, Err(wrong));
                }
            }
        }
        let written = |listed: &Listed, package: &Package| {
            // Two spellings of one package are one stream, and each row speaks for both.
            let versions = match &listed.named {
                Named::All => Value::Null,
                Named::These(versions) => {
                    Value::Array(versions.iter().map(|version| Value::from(version.as_str())).collect())
                }
            };
            Value::Object(Object::from([(package.name().to_owned(), versions)]))
        };
        give(packages, written, taking, file);
        Ok(())
    });
}

/// Reads a list as a whole. One that is damaged anywhere says nothing: half a list would take back what stands in the
/// other half.
fn read(
    document: Document,
    taking: &mut Taking<'_>,
    rows: impl Fn(&At<'_>, &Ecosystem, &mut Taking<'_>, &str) -> Result<(), Wrong>,
) {
    if document.bytes == Err(Unread::Archive) {
        return;
    }
    let name = document.name.clone();
    let file = name.split(['#', ':']).next().unwrap_or(&name);
    let done = made::parse(&document).and_then(|json| {
        let ecosystem = ecosystem_of(file, taking.source)?;
        rows(&At::root(&json), &ecosystem, taking, file)
    });
    if let Err(wrong) = done {
        taking.refuse(*wrong.of(&taking.source.id, &name), document.bytes);
    }
}

/// The ecosystem of a list: what the source says of all its lists, else what the folder or the file is named after, else
/// what the place itself is.
fn ecosystem_of(file: &str, source: &Source) -> Result<Ecosystem, Wrong> {
    let wrong = |message: String| {
        let remedy = "say it in [source.ID.values]: ecosystem = \"npm\"";
        Wrong::new("unknown-ecosystem", Pointer::root(), message, remedy)
    };
    if let Some(said) = source.table.values.get("ecosystem") {
        return Ecosystem::from_user(said).map_err(|error| wrong(error.to_string()));
    }
    let places = [file, source.from.as_deref().unwrap_or_default()];
    for word in places.iter().flat_map(|place| place.rsplit('/')) {
        let ours = source.table.words.get("ecosystem").and_then(|words| words.get(word));
        if let Some(known) = ours.map(String::as_str).or_else(|| known_list(word)) {
            return Ecosystem::from_user(known).map_err(|error| wrong(error.to_string()));
        }
    }
    Err(wrong(format!("nothing says of which ecosystem `{}` lists packages", short(file))))
}

/// The lists that are known by their names, and folders that are named after an ecosystem.
fn known_list(word: &str) -> Option<&str> {
    match word {
        "malware_predictions.json" => Some("npm"),
        "malware_pypi.json" => Some("PyPI"),
        _ => {
            let stem = word.strip_suffix(".json").unwrap_or(word);
            Ecosystem::from_user(stem).is_ok_and(|ecosystem| ecosystem.has_packages()).then_some(stem)
        }
    }
}

/// One row of Safe Chain's; none where its reason blocks nothing.
fn safe_chain_row(
    row: &At<'_>,
    ecosystem: &Ecosystem,
    source: &Source,
) -> Result<Option<(Package, Named, &'static str)>, Wrong> {
    let name = row.need(&["package_name"])?.word()?;
    let version = row.need(&["version"])?.word()?;
    let reason = row.need(&["reason"])?;
    let word = reason.word()?;
    let ours = source.table.words.get("kind").and_then(|words| words.get(word)).map_or(word, String::as_str);
    let kind = match ours.to_ascii_lowercase().as_str() {
        "telemetry" => return Ok(None),
        ours => osv_schema::words::PACKAGE_KINDS.into_iter().find(|kind| *kind == ours).ok_or_else(|| Wrong {
            rule: "malformed-addition",
            ..reason.wrong(
                format!("`{}` is no reason that is known", short(word)),
                "say what it means in [source.ID.words.kind]",
            )
        })?,
    };
    let named = if version == "*" { Named::All } else { Named::These(vec![version.to_owned()]) };
    Ok(Some((Package::new(ecosystem.clone(), name), named, kind)))
}

/// The versions that a manifest lists; null is all of them, and an empty list none: it says nothing.
fn datadog_versions(name: &str, at: &At<'_>) -> Result<Named, Wrong> {
    if name.trim().is_empty() {
        return Err(at.wrong("the name of the package is empty", "name the package"));
    }
    if at.node.kind() == Kind::Null {
        return Ok(Named::All);
    }
    let versions = at.items()?.iter().map(|version| Ok(version.word()?.to_owned())).collect::<Result<Vec<_>, _>>()?;
    if versions.is_empty() {
        return Err(
            at.wrong("an empty list names no version", "name its versions, say null for all of them, or leave it out")
        );
    }
    Ok(Named::These(versions))
}

/// Adds a row to what the list says of its package.
fn add(packages: &mut Packages, package: Package, named: Named, kind: &'static str, row: Value) {
    let id = format!("{}/{}", package.ecosystem(), package.merge_name());
    let empty = Listed { named: Named::These(Vec::new()), kind, rows: Vec::new() };
    let (_, listed) = packages.entry(id).or_insert((package, empty));
    listed.named = match (std::mem::replace(&mut listed.named, Named::All), named) {
        (Named::These(mut before), Named::These(more)) => {
            before.extend(more);
            Named::These(before)
        }
        _ => Named::All,
    };
    // Of several reasons that of most packages stands: it is the plainest.
    listed.kind = if kind == "malware" { kind } else { listed.kind };
    listed.rows.push(row);
}

/// Gives one delivery a package. A list has no dates: what it says, it says now.
fn give(packages: Packages, written: impl Fn(&Listed, &Package) -> Value, taking: &mut Taking<'_>, file: &str) {
    let now = taking.now.whole_seconds().to_string();
    for (id, (package, mut listed)) in packages {
        // The order of the rows says nothing.
        listed.rows.sort_by_cached_key(write::compact);
        let bytes = write::compact(&written(&listed, &package)).into_bytes();
        let ours = made::object([("kind", listed.kind.to_owned())]);
        let record = Record {
            schema_version: SCHEMA_VERSION.into(),
            id: id.as_str().into(),
            modified: now.as_str().into(),
            affected: Member::Value(vec![made::affected(&package, listed.named)]),
            database_specific: Member::Value(Object::from([(additions::MALPKG.to_owned(), ours)])),
            ..Record::default()
        };
        taking.take_made(format!("{file}#{id}"), bytes, Ok(Some(record)));
    }
}
