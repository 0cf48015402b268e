//! What sources took back from the start: kept aside, without an id, until something live on the package comes.

/// The file in which what is known of a package is kept aside, by the folder of its reports.
pub(crate) fn path(folder: &str) -> String {
    format!("osv/remembered/{folder}/remembered.json")
}
