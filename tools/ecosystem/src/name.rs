//! Canonical package names: what is one name to the registry is one name to us.

use std::borrow::Cow;

use crate::spelling::{dashed, lower};
use crate::table::Naming;

/// The canonical form of a name, as upstream's repository derives folders and compares packages by it.
///
/// Repositories are brought to theirs when a [`crate::Package`] is made, because the text of a remote and that of its
/// storage form cannot always be told apart later.
pub(crate) fn canonical(naming: Naming, name: &str) -> Cow<'_, str> {
    match naming {
        Naming::AsWritten | Naming::Repository => Cow::Borrowed(name),
        Naming::Crate => match lower(name) {
            name if name.contains('-') => Cow::Owned(name.replace('-', "_")),
            name => name,
        },
        Naming::Pep503 => pep503(name),
    }
}

/// PEP 503, "Normalized Names".
pub(crate) fn pep503(name: &str) -> Cow<'_, str> {
    let plain = !name.contains(['_', '.']) && !name.contains("--");
    if plain && matches!(lower(name), Cow::Borrowed(_)) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(dashed(name, &['-', '_', '.']))
    }
}
