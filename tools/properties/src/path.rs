//! Paths: whatever names a file, an ecosystem or a package, no path leads out of the tree, and each reads as what it is.

use std::path::{Component, Path};
use std::str::FromStr;
use std::sync::Arc;

use database::{Base, Place, ReportId, Snapshot, TreePath, verdict};
use ecosystem::{Ecosystem, Package, PackageFolder, check_action_name, current_directory, portability};

/// Any text as the path of a file, as a folder of the tree, and as an ecosystem; the first line and the rest as an
/// ecosystem and a name in it.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(path) = TreePath::new(text) {
        assert_eq!(path.as_str(), text);
        stays_in_its_tree(&path);
    }
    if let Ok(folder) = PackageFolder::parse(text) {
        assert_eq!(folder.as_str(), text);
        is_folder(&folder);
    }
    ecosystem(text);
    if let Some((ecosystem, name)) = text.split_once('\n')
        && let Ok(ecosystem) = Ecosystem::from_user(ecosystem)
    {
        package(&Package::new(ecosystem, name));
    }
}

fn stays_in_its_tree(path: &TreePath) {
    let root = Path::new("/a/tree");
    let place = root.join(path.as_str());
    assert!(place.starts_with(root));
    let parts: Vec<&str> = path.parts().collect();
    let names: Vec<Component<'_>> = parts.iter().map(|part| Component::Normal(part.as_ref())).collect();
    assert_eq!(place.components().skip(3).collect::<Vec<_>>(), names, "every part is a name");
    assert!(!parts.iter().any(|part| part.eq_ignore_ascii_case(".git") || part.contains('\0') || part.len() > 255));
    assert_eq!(TreePath::from_str(path.as_str()).as_ref(), Ok(path));
    if let Some(place) = Place::of(path) {
        assert!(path.is_in(place.base.folder()) && !Place::is_stray(path));
        assert_eq!(place.path().as_ref(), Ok(path), "a place is that of its path");
        if let Some(id) = ReportId::parse(place.stem) {
            assert_eq!(ReportId::parse(&id.to_string()), Some(id));
        }
        let _ = ReportId::is_unassigned(place.stem, "MAL");
    }
}

/// A folder of packages: no part of it leads elsewhere or is shown as something else.
pub(crate) fn is_folder(folder: &PackageFolder) {
    let components: Vec<&str> = folder.components().collect();
    assert!(components.len() >= 2 && folder.as_str().len() < 4096 - 255);
    for component in &components {
        assert!(!component.is_empty() && component.len() <= 255, "{component:?}");
        assert!(!matches!(*component, "." | "..") && !component.eq_ignore_ascii_case(".git"), "{component:?}");
        assert!(!component.contains(['/', '\\']) && !component.contains(char::is_control), "{component:?}");
        assert_eq!(component.trim(), *component);
    }
    assert_eq!(PackageFolder::parse(folder.as_str()).as_ref(), Ok(folder), "a folder's path is a folder");
    assert_eq!(format!("{}/{}", folder.ecosystem_directory(), folder.package_path()), folder.as_str());
    let _ = portability(folder);
    for base in Base::ALL {
        let place = Place { base, folder: folder.as_str(), stem: "MAL-2026-1" };
        let path = place.path().expect("every folder has room for a report");
        assert_eq!(Place::of(&path), Some(place));
        stays_in_its_tree(&path);
    }
}

fn ecosystem(text: &str) {
    if let Ok(ecosystem) = Ecosystem::parse(text) {
        assert_eq!(ecosystem.as_str(), text);
        assert_eq!(Ecosystem::from_user(text).as_ref(), Ok(&ecosystem), "people may write what reports do");
    }
    if let Ok(ecosystem) = Ecosystem::from_user(text) {
        assert_eq!(Ecosystem::from_user(ecosystem.as_str()).as_ref(), Ok(&ecosystem), "its own name");
        let directory = ecosystem.directory();
        assert!(!directory.contains(['/', ' ', '_']) && !directory.is_empty(), "{directory:?}");
        let _ = (ecosystem.directory_aliases(), ecosystem.check_suffix());
    }
    let _ = (current_directory(text), check_action_name(text));
}

/// A package has one folder however it is named, and a question about it leads there.
pub(crate) fn package(package: &Package) {
    assert!(package.is_same_as(package) && package.answers_to(package));
    let mut canonical = Package::new(package.ecosystem().clone(), package.canonical_name());
    if package.ecosystem().names_repositories() {
        // As the name of a package, the storage form `host:22/x` is the remote `ssh://host/22/x`.
        canonical = package.clone();
    }
    assert_eq!(canonical.canonical_name(), package.canonical_name());
    assert!(canonical.is_same_as(package) && package.answers_to(&canonical));
    let folder = match package.folder() {
        Ok(folder) => folder,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
            return;
        }
    };
    is_folder(&folder);
    assert_eq!(folder.ecosystem_directory(), package.ecosystem().directory());
    assert_eq!(canonical.folder().as_ref(), Ok(&folder));
    let place = Place { base: Base::Malicious, folder: folder.as_str(), stem: "MAL-2026-1" };
    let path = place.path().expect("every folder has room for a report");
    let snapshot = Snapshot::of_files([(path, Arc::from(&b"{}"[..]))]);
    let (base, name) = (package.ecosystem().without_suffix(), package.name());
    let asked = [
        package.clone(),
        canonical,
        Package::new(base, name),
        Package::new(package.ecosystem().clone(), name.to_ascii_uppercase()),
    ];
    for asked in asked.iter().filter(|asked| package.answers_to(asked)) {
        assert_eq!(verdict::candidates(&snapshot, asked).len(), 1, "a report on {package} answers to {asked}");
    }
}
