//! What is kept aside of a package, and the report on it: the two are one.

use database::TreePath;
use osv_schema::Record;

use crate::ingest::{Fault, fault_in_details};
use crate::join::Joining;

/// Joins what is kept aside to the report on its package, and gives the file, which goes away.
pub(crate) fn unite(joining: &mut Joining, aside: Option<(TreePath, Record)>) -> Result<Option<TreePath>, Fault> {
    let Some((path, record)) = aside else { return Ok(None) };
    let aside = Joining::found(joining.package.clone(), record);
    joining.unite(aside.map_err(|error| fault_in_details(&error.to_string()))?);
    Ok(Some(path))
}
