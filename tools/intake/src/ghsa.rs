//! The format `ghsa`: GitHub's advisories on malware, as its GraphQL or its REST interface answers.

use std::cmp::Ordering;

use ecosystem::version::{Order, Version, compare};
use ecosystem::{Ecosystem, Package};
use osv_schema::{Affected, Credit, Event, Member, Object, Record, Reference, Value, additions};

use crate::Document;
use crate::made::{self, At, Named, SCHEMA_VERSION, Wrong, list};
use crate::source::Source;
use crate::table::reference_kind;
use crate::taking::{Taking, short};

/// What GitHub calls the ecosystems, in both interfaces, without letter case.
const ECOSYSTEMS: [(&str, &str); 13] = [
    ("actions", "GitHub Actions"),
    ("composer", "Packagist"),
    ("erlang", "Hex"),
    ("go", "Go"),
    ("maven", "Maven"),
    ("npm", "npm"),
    ("nuget", "NuGet"),
    ("pip", "PyPI"),
    ("pub", "Pub"),
    ("rubygems", "RubyGems"),
    ("rust", "crates.io"),
    ("swift", "SwiftURL"),
    ("vscode", "VSCode"),
];

/// Reads one document: an answer, a list of advisories, or one.
pub(crate) fn read(document: Document, taking: &mut Taking<'_>) {
    let Document { name, bytes } = document;
    let whole = Document { name: name.clone(), bytes };
    let json = match made::parse(&whole) {
        Ok(json) => json,
        Err(wrong) => return taking.refuse(*wrong.of(&taking.source.id, &name), whole.bytes),
    };
    let root = At::root(&json);
    let advisories = match advisories(&root) {
        Ok(advisories) => advisories,
        Err(wrong) => return taking.refuse(*wrong.of(&taking.source.id, &name), whole.bytes),
    };
    let file = name.split('#').next().unwrap_or(&name);
    for (number, advisory) in advisories.iter().enumerate() {
        let id = advisory.node.get("ghsaId").or(advisory.node.get("ghsa_id")).and_then(osv_schema::Node::as_str);
        let called = match (advisory.pointer.as_str(), id) {
            ("", _) => name.clone(),
            (_, Some(id)) => format!("{file}#{}", short(id)),
            (_, None) => format!("{file}#{}", number + 1),
        };
        let bytes = advisory.node.spelling().as_bytes().to_vec();
        taking.take_made(called, bytes, record(advisory, taking.source));
    }
}

/// The advisories of a document, wherever they stand in it.
fn advisories<'d>(root: &At<'d>) -> Result<Vec<At<'d>>, Wrong> {
    if root.node.as_str().is_none() && root.node.get("ghsaId").or(root.node.get("ghsa_id")).is_some() {
        return Ok(vec![root.clone()]);
    }
    if root.items().is_ok() {
        return root.items();
    }
    root.object()?;
    let data = root.get("data");
    let within = data.as_ref().unwrap_or(root);
    if let Some(one) = within.get("securityAdvisory") {
        return Ok(vec![one]);
    }
    let connection = within.get("securityAdvisories");
    if connection.is_none() && data.is_some() | root.get("errors").is_some() {
        let said = root.list("errors").unwrap_or_default();
        let said = said.first().and_then(|error| error.text_of(&["message"]).ok().flatten()).unwrap_or("no reason");
        let message = format!("the answer has no advisories: {}", short(said));
        return Err(root.wrong(message, "ask again, with `securityAdvisories(classifications: [MALWARE])`"));
    }
    connected(connection.as_ref().unwrap_or(root))
}

/// The nodes of a connection, as GraphQL lists them; a list is one too.
fn connected<'d>(connection: &At<'d>) -> Result<Vec<At<'d>>, Wrong> {
    if connection.items().is_ok() {
        return connection.items();
    }
    if let Some(edges) = connection.get("edges") {
        return edges.items()?.iter().map(|edge| edge.need(&["node"])).collect();
    }
    connection.need(&["nodes"])?.items()
}

/// One advisory as a record; none where it is not about malware.
fn record(advisory: &At<'_>, source: &Source) -> Result<Option<Record>, Wrong> {
    let id = advisory.need(&["ghsaId", "ghsa_id"])?;
    if let Some(class) = advisory.text_of(&["classification", "type"])?
        && !class.eq_ignore_ascii_case("malware")
    {
        return Ok(None);
    }
    let id_text = id.word()?;
    if !is_ghsa(id_text) {
        let message = format!("`{}` is no id of GitHub's", short(id_text));
        return Err(id.wrong(message, "send it as `GHSA-xxxx-xxxx-xxxx`"));
    }
    let modified = advisory.need(&["updatedAt", "updated_at"]).and(advisory.time_of(&["updatedAt", "updated_at"]))?;
    let vulnerabilities = connected(&advisory.need(&["vulnerabilities"])?)?;
    if vulnerabilities.is_empty() {
        let at = advisory.need(&["vulnerabilities"])?;
        return Err(at.wrong("the advisory names no package", "send it with the packages it is about"));
    }
    let affected: Vec<Affected> = vulnerabilities.iter().map(|one| affected(one, source)).collect::<Result<_, _>>()?;
    let mut aliases = Vec::new();
    for identifier in advisory.list("identifiers")? {
        let value = identifier.need(&["value"])?.word()?;
        if value != id_text && !aliases.iter().any(|known| known == value) {
            aliases.push(value.to_owned());
        }
    }
    let mut specific = Object::new();
    specific.insert(additions::MALPKG.to_owned(), made::object([("kind", "malware".to_owned())]));
    let cwes = cwes(advisory)?;
    if !cwes.is_empty() {
        specific.insert("cwes".to_owned(), Value::Array(cwes));
    }
    let time = |names: &[&str]| Ok(advisory.time_of(names)?.map(|time| time.to_string()).into());
    Ok(Some(Record {
        schema_version: SCHEMA_VERSION.into(),
        id: id_text.into(),
        modified: modified.map(|time| time.to_string()).into(),
        published: time(&["publishedAt", "published_at"])?,
        withdrawn: time(&["withdrawnAt", "withdrawn_at"])?,
        aliases: list(aliases),
        summary: said(advisory, "summary")?,
        details: said(advisory, "description")?,
        affected: Member::Value(affected),
        references: Member::Value(references(advisory, id_text)?),
        credits: list(credits(advisory)?),
        database_specific: Member::Value(specific),
        ..Record::default()
    }))
}

fn is_ghsa(id: &str) -> bool {
    let groups: Vec<&str> = id.split('-').collect();
    let is_group = |group: &&str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric());
    matches!(groups.as_slice(), ["GHSA", rest @ ..] if rest.len() == 3 && rest.iter().all(is_group))
}

fn said(advisory: &At<'_>, name: &str) -> Result<Member<String>, Wrong> {
    let text = advisory.text_of(&[name])?.map(str::trim).filter(|text| !text.is_empty());
    Ok(text.map(str::to_owned).into())
}

/// The pages; the advisory's own is always among them.
fn references(advisory: &At<'_>, id: &str) -> Result<Vec<Reference>, Wrong> {
    let mut urls = vec![format!("https://github.com/advisories/{id}")];
    for reference in advisory.list("references")? {
        // REST lists addresses, GraphQL objects that have one.
        let url = if reference.node.as_str().is_some() { reference } else { reference.need(&["url"])? };
        let url = url.word()?.to_owned();
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    let one = |url: String| Reference { kind: reference_kind(&url).into(), url: url.into(), ..Reference::default() };
    Ok(urls.into_iter().map(one).collect())
}

fn credits(advisory: &At<'_>) -> Result<Vec<Credit>, Wrong> {
    let credits = match advisory.get("credits") {
        None => Vec::new(),
        Some(credits) => connected(&credits)?,
    };
    let mut found = Vec::new();
    for credit in credits {
        let user = credit.need(&["user", "login"])?;
        let name = if user.node.as_str().is_some() { user.word()? } else { user.need(&["login"])?.word()? };
        let kind = credit.text_of(&["type"])?.map(str::to_ascii_uppercase);
        found.push(Credit { name: name.into(), kind: kind.into(), ..Credit::default() });
    }
    Ok(found)
}

fn cwes(advisory: &At<'_>) -> Result<Vec<Value>, Wrong> {
    let cwes = match advisory.get("cwes") {
        None => Vec::new(),
        Some(cwes) => connected(&cwes)?,
    };
    let mut found = Vec::new();
    for cwe in cwes {
        let id = cwe.need(&["cweId", "cwe_id"])?.word()?.to_owned();
        found.push(match cwe.text_of(&["name"])? {
            Some(name) => made::object([("cweId", id), ("name", name.to_owned())]),
            None => made::object([("cweId", id)]),
        });
    }
    Ok(found)
}

/// What the advisory says of one package.
fn affected(vulnerability: &At<'_>, source: &Source) -> Result<Affected, Wrong> {
    let package = vulnerability.need(&["package"])?;
    let (ecosystem, name) = (package.need(&["ecosystem"])?, package.need(&["name"])?.word()?);
    let word = ecosystem.word()?;
    let ours = source.table.words.get("ecosystem").and_then(|words| words.get(word)).map(String::as_str);
    let known = ECOSYSTEMS.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours);
    let of_ours = Ecosystem::from_user(ours.or(known).unwrap_or(word)).map_err(|error| Wrong {
        rule: "unknown-ecosystem",
        ..ecosystem.wrong(error.to_string(), "say what it means in [source.ID.words.ecosystem]")
    })?;
    let package = Package::new(of_ours, name);
    let said = vulnerability.need(&["vulnerableVersionRange", "vulnerable_version_range"])?;
    let patched = match vulnerability.any(&["firstPatchedVersion", "first_patched_version"]) {
        None => None,
        Some(patched) if patched.node.as_str().is_some() => Some(patched.word()?),
        Some(patched) => patched.text_of(&["identifier"])?,
    };
    let wrong = |message: String| said.wrong(message, "write it as `= 1.2.3`, or as `>= 1, < 2`");
    match bounds(said.text()?).map_err(wrong)? {
        Bounds { exactly: Some(version), .. } => Ok(made::affected(&package, Named::These(vec![version.to_owned()]))),
        Bounds { lower, upper, .. } => {
            let introduced = match lower {
                None | Some((_, "0")) => "0".to_owned(),
                Some((true, version)) => version.to_owned(),
                Some((false, version)) => next(&package, version).ok_or_else(|| {
                    wrong(format!("`> {}` has no first version in {}", short(version), package.ecosystem()))
                })?,
            };
            let event = Event::default;
            let mut events = vec![Event { introduced: introduced.into(), ..event() }];
            events.extend(match (upper, patched) {
                (Some((false, version)), _) => Some(Event { fixed: version.into(), ..event() }),
                (_, Some(patched)) => Some(Event { fixed: patched.into(), ..event() }),
                (Some((true, version)), None) => Some(Event { last_affected: version.into(), ..event() }),
                (None, None) => None,
            });
            let says = upper.map(|(is_in, version)| (version, is_in));
            let told =
                events.get(1).and_then(|end| end.entries().next()).map(|(name, end)| (end, name == "last_affected"));
            let begin = events[0].introduced.as_str().unwrap_or_default();
            if [says, told].into_iter().flatten().any(|(end, is_in)| is_empty(&package, begin, end, is_in)) {
                return Err(wrong(format!("`{}` holds no version", short(said.text()?))));
            }
            let mut affected = made::affected(&package, Named::All);
            affected.ranges = Member::Value(vec![made::range(&package, events)]);
            Ok(affected)
        }
    }
}

/// Whether a range ends before it has begun. To readers of OSV it would have no end.
fn is_empty(package: &Package, begin: &str, end: &str, is_end_in: bool) -> bool {
    let order = Order::of(package.ecosystem().base()).filter(|_| begin != "0");
    match order.and_then(|order| compare(order, begin, end).ok()) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => !is_end_in,
        _ => false,
    }
}

/// What a range of GitHub's says.
#[derive(Default, Debug, PartialEq, Eq)]
struct Bounds<'r> {
    exactly: Option<&'r str>,
    /// Where it begins, and whether that belongs to it.
    lower: Option<(bool, &'r str)>,
    /// Where it ends, and whether that belongs to it.
    upper: Option<(bool, &'r str)>,
}

fn bounds(text: &str) -> Result<Bounds<'_>, String> {
    let mut found = Bounds::default();
    let unclear = || format!("`{}` is no range", short(text));
    if text.trim() == "*" {
        return Ok(found);
    }
    for part in text.split(',').map(str::trim) {
        let operator = part.find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(part.len());
        let (operator, version) = (&part[..operator], part[operator..].trim());
        if version.is_empty() || version.contains(char::is_whitespace) {
            return Err(unclear());
        }
        let (place, is_in) = match operator {
            "=" | "==" if found == Bounds::default() => {
                found.exactly = Some(version);
                continue;
            }
            ">=" => (&mut found.lower, true),
            ">" => (&mut found.lower, false),
            "<=" => (&mut found.upper, true),
            "<" => (&mut found.upper, false),
            _ => return Err(unclear()),
        };
        if place.replace((is_in, version)).is_some() || found.exactly.is_some() {
            return Err(unclear());
        }
    }
    Ok(found)
}

/// The smallest version above another, where the order has one that can be written: OSV's ranges begin with a version that is
/// in them. Where it has none, one that is as near as published versions come: what is not above the other must not be
/// flagged.
fn next(package: &Package, version: &str) -> Option<String> {
    if package.ecosystem().allows_semver() {
        return next_semver(version);
    }
    let order = Order::of(package.ecosystem().base())?;
    let candidates = match order {
        Order::NuGet => [after_numbers(version, 4, "-0"), Some(format!("{version}.0"))],
        Order::Packagist => [after_numbers(version, 4, "-dev"), None],
        Order::Pub => [next_semver(version), None],
        Order::PyPi => [Some(format!("{version}.post0.dev0")), after_last(version, ".dev0")],
        Order::RubyGems => [Some(format!("{version}.0.0.1.a")), None],
        Order::Maven => [Some(format!("{version}-sp")), None],
        _ => [None, None],
    };
    let is_above = |candidate: &String| {
        Version::parse(order, candidate).is_ok_and(|read| !read.is_legacy())
            && compare(order, candidate, version) == Ok(Ordering::Greater)
    };
    candidates.into_iter().flatten().find(is_above)
}

fn next_semver(version: &str) -> Option<String> {
    let version = version.split('+').next()?;
    if version.contains('-') {
        return Some(format!("{version}.0"));
    }
    let [_, _, _] = version.split('.').collect::<Vec<_>>()[..] else { return None };
    after_last(version, "-0")
}

/// A version of numbers, filled up with zeros, with the last number one higher.
fn after_numbers(version: &str, count: usize, end: &str) -> Option<String> {
    let numbers = version.split('.').count();
    let is_plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && numbers <= count;
    is_plain.then(|| after_last(&format!("{version}{}", ".0".repeat(count - numbers)), end)).flatten()
}

/// A version that ends in a number, with that one higher.
fn after_last(version: &str, end: &str) -> Option<String> {
    let begin = version.trim_end_matches(|character: char| character.is_ascii_digit());
    let last: u64 = version[begin.len()..].parse().ok()?;
    Some(format!("{begin}{}{end}", last.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_github_writes_them() {
        let check = |text: &str, exactly, lower, upper| {
            assert_eq!(bounds(text), Ok(Bounds { exactly, lower, upper }), "{text}");
        };
        check("= 1.2.3", Some("1.2.3"), None, None);
        check(">= 0", None, Some((true, "0")), None);
        check("> 0", None, Some((false, "0")), None);
        check(">= 1.0.0, < 2.0.0", None, Some((true, "1.0.0")), Some((false, "2.0.0")));
        check("<= 3", None, None, Some((true, "3")));
        check("*", None, None, None);
        for text in ["", "1.2.3", "~> 1", "= ", "= 1, < 2", "< 1, < 2", "< 1, = 2", ">= 1 < 2", "=> 1", ","] {
            assert!(bounds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_version_above_one_is_the_smallest() {
        let npm = Package::new(Ecosystem::from_user("npm").unwrap(), "x");
        assert_eq!(next(&npm, "1.2.3").as_deref(), Some("1.2.4-0"));
        assert_eq!(next(&npm, "1.2.3+build").as_deref(), Some("1.2.4-0"));
        assert_eq!(next(&npm, "1.2.3-rc.1").as_deref(), Some("1.2.3-rc.1.0"));
        assert_eq!(next(&npm, "1.2"), None);
        for (ecosystem, version, above, beyond) in [
            ("PyPI", "1.0", "1.0.post0.dev0", "1.0.1.dev0"),
            ("PyPI", "1.0rc1", "1.0rc1.post0.dev0", "1.0rc2"),
            ("PyPI", "1.0.post1", "1.0.post2.dev0", "1.0.post2"),
            ("RubyGems", "1.0.0", "1.0.0.0.0.1.a", "1.0.0.1"),
            ("NuGet", "1.0.0", "1.0.0.1-0", "1.0.0.1"),
            ("NuGet", "1.0.0-rc.1", "1.0.0-rc.1.0", "1.0.0-rc.2"),
            ("Maven", "1.0", "1.0-sp", "1.0.1"),
            ("Packagist", "1.0", "1.0.0.1-dev", "1.0.1"),
            ("Pub", "1.2.3", "1.2.4-0", "1.2.4"),
        ] {
            let package = Package::new(Ecosystem::from_user(ecosystem).unwrap(), "x");
            assert_eq!(next(&package, version).as_deref(), Some(above), "{ecosystem}");
            let order = Order::of(ecosystem).unwrap();
            assert_eq!(compare(order, version, above), Ok(Ordering::Less), "{ecosystem}");
            assert_eq!(compare(order, above, beyond), Ok(Ordering::Less), "{ecosystem}");
        }
        assert_eq!(next(&Package::new(Ecosystem::from_user("VSCode").unwrap(), "x"), "1.0"), None);
    }
}
