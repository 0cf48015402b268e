//! Package URLs: what is written is read as what it was, and what is read matches what it was read from.

use ecosystem::{Ecosystem, Package, PackageQuery, purl_matches};

/// Any text as a package URL and as a word for a package; its three parts (a line, a line, the rest) as an ecosystem, a
/// version and a name.
pub fn purl(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for text in [format!("pkg:{text}"), format!("pkg:npm/{text}"), format!("pkg:maven/g/{text}"), text.to_owned()] {
        is_read(&text);
    }
    is_word(text);
    if let [ecosystem, version, name] = *text.splitn(3, '\n').collect::<Vec<_>>()
        && let Ok(ecosystem) = Ecosystem::from_user(ecosystem)
    {
        is_written(&Package::new(ecosystem.clone(), name), version);
        if let Ok(query) = PackageQuery::in_ecosystem(ecosystem, name) {
            assert!(!query.package.name().is_empty() && query.version.as_deref() != Some(""));
        }
    }
}

fn is_read(text: &str) {
    let Ok((package, version)) = Package::from_purl(text) else { return };
    assert_ne!(version.as_deref(), Some(""));
    assert_eq!(purl_matches(text, &package), Ok(()));
    is_written(&package, version.as_deref().unwrap_or_default());
}

fn is_written(package: &Package, version: &str) {
    if let Some(purl) = package.purl() {
        assert!(purl.is_ascii());
        assert_eq!(package.purl_as_written().as_deref(), Some(&*purl));
        let (read, none) = Package::from_purl(&purl).expect("what is written is read");
        assert_eq!((read.name(), none), (package.name(), None));
        assert_eq!(read.ecosystem().base(), package.ecosystem().base());
        assert_eq!(read.purl().as_deref(), Some(&*purl), "a second writing changes nothing");
        let versioned = package.purl_with_version(version).expect("as without");
        let (_, read) = Package::from_purl(&versioned).expect("what is written is read");
        assert_eq!(read.unwrap_or_default(), version);
    }
    if let Some(purl) = package.purl_as_written() {
        assert_eq!(purl_matches(&purl, package), Ok(()));
    }
}

fn is_word(text: &str) {
    if let Ok(query) = PackageQuery::parse(text) {
        assert!(!query.package.name().is_empty() && query.version.as_deref() != Some(""));
        let _ = (query.to_string(), query.package.folder());
    }
}
