//! What holds of any text: nothing panics, and no folder leads elsewhere.

use ecosystem::{
    Ecosystem, Package, PackageFolder, PackageQuery, Repository, check_action_name, current_directory, portability,
    purl_matches,
};
use proptest::prelude::*;

/// Text of the letters in which names, paths, purls and remotes go wrong, and of any others.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,4}",
        4 => prop::sample::select(vec![
            "/", ":", "@", ".", "..", "-", "_", "%", "%2e", "%2F", "%00", "\\", " ", "?", "#", "=", "&", "://", "//", "[", "]",
            "[::1]", ".git", ".GIT", "git~1", "npm", "PyPI", "crates.io", "Git", "pkg:", "pkg:npm/", "pkg:golang/",
            "pkg:maven/", "github.com", "https://", "git@", "con", "aux.txt", "repository_url", "\u{202e}", "\u{85}",
            "\u{200c}", "\u{130}", "\u{1e9e}", "\0", "\n", "\u{2028}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_ecosystem() -> impl Strategy<Value = Ecosystem> {
    let bare = prop::sample::select(Ecosystem::all().collect::<Vec<_>>());
    (bare, prop::option::of(text())).prop_map(|(bare, suffix)| {
        let suffixed = suffix.and_then(|suffix| Ecosystem::from_user(&format!("{bare}:{suffix}")).ok());
        suffixed.unwrap_or(bare)
    })
}

fn check_folder(folder: &PackageFolder) -> Result<(), TestCaseError> {
    let components: Vec<&str> = folder.components().collect();
    prop_assert!(components.len() >= 2);
    prop_assert!(folder.as_str().len() < 4096 - 255);
    for component in &components {
        prop_assert!(!component.is_empty() && component.len() <= 255, "{component:?}");
        prop_assert!(!matches!(*component, "." | "..") && !component.eq_ignore_ascii_case(".git"), "{component:?}");
        prop_assert!(!component.contains(['/', '\\']) && !component.contains(char::is_control), "{component:?}");
        prop_assert_eq!(component.trim(), *component);
    }
    prop_assert_eq!(&PackageFolder::parse(folder.as_str()).expect("a folder's path is a folder"), folder);
    let _ = portability(folder);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_of_ecosystems(text in text()) {
        if let Ok(ecosystem) = Ecosystem::parse(&text) {
            prop_assert_eq!(ecosystem.as_str(), &text);
            prop_assert_eq!(&Ecosystem::from_user(&text).expect("read by people too"), &ecosystem);
        }
        if let Ok(ecosystem) = Ecosystem::from_user(&text) {
            prop_assert_eq!(&Ecosystem::from_user(ecosystem.as_str()).expect("its own name"), &ecosystem);
            let directory = ecosystem.directory();
            prop_assert!(!directory.contains(['/', ' ', '_']) && !directory.is_empty());
            let _ = (ecosystem.directory_aliases(), ecosystem.check_suffix());
        }
        let _ = (current_directory(&text), check_action_name(&text));
    }

    #[test]
    fn folders(ecosystem in any_ecosystem(), name in text()) {
        let package = Package::new(ecosystem, name);
        match package.folder() {
            Ok(folder) => {
                check_folder(&folder)?;
                prop_assert_eq!(folder.ecosystem_directory(), package.ecosystem().directory());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty() && !error.remedy().is_empty()),
        }
        let canonical = package.canonical_name().into_owned();
        if !package.ecosystem().names_repositories() {
            let again = Package::new(package.ecosystem().clone(), canonical.clone());
            prop_assert_eq!(again.canonical_name(), canonical);
            prop_assert!(again.is_same_as(&package) && package.answers_to(&again));
        }
        prop_assert!(package.is_same_as(&package) && package.answers_to(&package));
    }

    #[test]
    fn folders_read_from_a_tree(path in text()) {
        if let Ok(folder) = PackageFolder::parse(&path) {
            prop_assert_eq!(folder.as_str(), &path);
            check_folder(&folder)?;
        }
    }

    #[test]
    fn purls_that_we_write(ecosystem in any_ecosystem(), name in text(), version in text()) {
        let package = Package::new(ecosystem, name);
        if let Some(purl) = package.purl() {
            prop_assert!(purl.is_ascii());
            prop_assert_eq!(package.purl_as_written(), Some(purl.clone()));
            prop_assert_eq!(purl_matches(&purl, &package), Ok(()));
            let (read, none) = Package::from_purl(&purl).expect("what we write is read");
            prop_assert_eq!(none, None);
            prop_assert_eq!(read.name(), package.name());
            prop_assert_eq!(read.ecosystem().base(), package.ecosystem().base());
            let versioned = package.purl_with_version(&version).expect("as without");
            let (_, read) = Package::from_purl(&versioned).expect("what we write is read");
            prop_assert_eq!(read.unwrap_or_default(), version);
        }
        if let Some(purl) = package.purl_as_written() {
            prop_assert_eq!(purl_matches(&purl, &package), Ok(()));
        }
    }

    #[test]
    fn purls_that_we_read(text in text(), ecosystem in any_ecosystem(), name in text()) {
        for text in [format!("pkg:{text}"), format!("pkg:npm/{text}"), format!("pkg:maven/g/{text}"), text] {
            if let Ok((package, version)) = Package::from_purl(&text) {
                let _ = (package.folder(), package.purl(), version);
                prop_assert_eq!(purl_matches(&text, &package), Ok(()));
            }
            let _ = purl_matches(&text, &Package::new(ecosystem.clone(), name.clone()));
        }
    }

    #[test]
    fn words(text in text(), ecosystem in any_ecosystem()) {
        if let Ok(query) = PackageQuery::parse(&text) {
            let _ = (query.to_string(), query.package.folder());
        }
        if let Ok(query) = PackageQuery::in_ecosystem(ecosystem, &text) {
            prop_assert!(!query.package.name().is_empty());
            prop_assert_ne!(query.version.as_deref(), Some(""));
        }
    }

    #[test]
    fn remotes(text in text()) {
        for text in [format!("https://{text}"), format!("git@example.com:{text}"), format!("https://h/{text}"), text] {
            if let Ok(repository) = Repository::parse(&text) {
                let again = Repository::parse(repository.canonical_url());
                prop_assert_eq!(again.as_ref(), Ok(&repository));
                prop_assert!(!repository.storage().is_empty());
                if let Ok(folder) = repository.folder() {
                    check_folder(&folder)?;
                    prop_assert_eq!(folder.ecosystem_directory(), "git");
                }
            }
        }
    }
}
