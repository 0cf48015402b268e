//! Git repositories: one spelling of a remote, which is its own, and one folder.

use ecosystem::{Ecosystem, Package, Repository};

use crate::path::{is_folder, package};

/// Any text as a remote, whole and as the end of one.
pub fn repository(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let starts = ["https://", "git@example.com:", "https://h/", "ssh://git@github.com/", ""];
    for remote in starts.map(|start| format!("{start}{text}")) {
        is_read(&remote);
    }
    package(&Package::new(Ecosystem::git(), text));
}

fn is_read(remote: &str) {
    let Ok(repository) = Repository::parse(remote) else { return };
    let url = repository.canonical_url();
    assert_eq!(Repository::parse(url).as_ref(), Ok(&repository), "the canonical form is a fixed point");
    assert!(url.ends_with(repository.storage()) || url.ends_with(&format!("{}.git", repository.storage())));
    assert!(!repository.storage().is_empty() && !repository.storage().contains("://"));
    let named = [Package::new(Ecosystem::git(), remote), Package::new(Ecosystem::git(), url)];
    let of_repository = Package::of_repository(&repository);
    for one in &named {
        assert_eq!(one, &of_repository, "each spelling is the same package");
    }
    package(&of_repository);
    if let Ok(folder) = repository.folder() {
        is_folder(&folder);
        assert_eq!(folder.ecosystem_directory(), "git");
    }
}
