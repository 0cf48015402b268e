//! Where is kept what has no database to lie beside.

use std::path::PathBuf;

/// The folder that the user has for such things; none where nobody says where it is.
pub(crate) fn cache_of_user() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let at_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    named.or_else(at_home).map(|dir| dir.join("malpkg"))
}
