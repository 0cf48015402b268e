//! Drafting: a report by hand, right but for what only its author can say.

use database::details;
use ecosystem::Package;
use osv_schema::{Affected, Event, Member, Object, Range, Record, Timestamp, Value};

use crate::join::SCHEMA_VERSION;

/// Which versions a draft names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// These and no others.
    Versions(Vec<String>),
    /// Every version there is and will be, and why.
    All {
        /// Why no release is safe.
        because: String,
    },
}

/// The name of a draft's file without `.json`: the prefix, `-0000-`, and what is left of the package's name.
pub fn draft_stem(prefix: &str, package: &Package) -> String {
    let mut slug = String::new();
    for c in package.name().to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(80).collect();
    format!("{prefix}-0000-{}", if slug.is_empty() { "draft" } else { &slug })
}

/// A report on a package that names versions, with its blanks.
pub fn draft(package: &Package, named: &Named, now: Timestamp) -> Record {
    let ecosystem = package.ecosystem();
    let mut affected = Affected::default();
    if !ecosystem.is_git() {
        let (name, purl) = (package.name().to_owned().into(), package.purl().into());
        affected.package = Member::Value(osv_schema::Package {
            ecosystem: ecosystem.as_str().into(),
            name,
            purl,
            extra: Object::new(),
        });
    }
    let mut text = details::BLANK.to_owned();
    match named {
        Named::Versions(versions) => affected.versions = Member::Value(versions.clone()),
        Named::All { because } => {
            text = format!("{}\n\nNo version is safe: {because}", details::BLANK);
            affected.ranges = Member::Value(vec![everything(package)]);
        }
    }
    let kind = [("kind".to_owned(), Value::from("malware"))];
    let malpkg = [("malpkg".to_owned(), Value::Object(kind.into()))];
    Record {
        schema_version: SCHEMA_VERSION.into(),
        published: now.whole_seconds().to_string().into(),
        modified: now.whole_seconds().to_string().into(),
        summary: crate::join::summary(package).into(),
        details: text.into(),
        affected: Member::Value(vec![affected]),
        database_specific: Member::Value(malpkg.into()),
        ..Record::default()
    }
}

/// The range of every version; of a git repository, every commit.
fn everything(package: &Package) -> Range {
    let ecosystem = package.ecosystem();
    let kind = match () {
        () if ecosystem.is_git() => "GIT",
        () if ecosystem.allows_semver() => "SEMVER",
        () => "ECOSYSTEM",
    };
    let repo = ecosystem.is_git().then(|| format!("https://{}", package.name())).into();
    let introduced = Event { introduced: "0".into(), ..Event::default() };
    Range { kind: kind.into(), repo, events: Member::Value(vec![introduced]), ..Range::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecosystem::PackageQuery;

    fn package(word: &str) -> Package {
        PackageQuery::parse(word).unwrap().package
    }

    #[test]
    fn a_file_is_named_after_its_package() {
        assert_eq!(draft_stem("MAL", &package("npm/@Scope/left.padd")), "MAL-0000-scope-left-padd");
        assert_eq!(draft_stem("MAL", &package("npm/\u{430}")), "MAL-0000-draft");
    }

    #[test]
    fn a_draft_names_versions_or_says_why_all() {
        let now: Timestamp = "2026-06-01T12:00:00.5Z".parse().unwrap();
        let some = draft(&package("npm/a"), &Named::Versions(vec!["1.0.0".into()]), now);
        assert_eq!(some.affected.items()[0].versions.items(), ["1.0.0"]);
        assert_eq!(some.published.as_str(), Some("2026-06-01T12:00:00Z"));
        assert!(some.id.is_absent());
        let all = draft(&package("pypi/a"), &Named::All { because: "it never was honest.".into() }, now);
        assert_eq!(all.affected.items()[0].ranges.items()[0].kind.as_str(), Some("ECOSYSTEM"));
        assert!(all.details.as_str().unwrap().ends_with("No version is safe: it never was honest."));
    }
}
