//! Two reports on one package become one: the union of their lists, and what that comes to.

mod branches;
mod led;
mod lone;
mod streams;

use database::{Details, InvalidDetails, SubjectError, subject};
use osv_schema::{Member, Record, Timestamp};

use crate::join::Joining;
use crate::unite::{drop_empty, written};
pub use branches::{MeetError, Meeting, Met, leave_out_known, meet, meet_all};
pub(crate) use led::absorb;
pub use led::follow;
pub use lone::restore;
pub use streams::{News, gather};

/// Why two reports cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// One of them is about no package that can be known.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// They are about two packages.
    #[error("the reports are about {0} and {1}, which are two packages")]
    Packages(String, String),
    /// The details of one cannot be taken apart.
    #[error(transparent)]
    Details(#[from] InvalidDetails),
    /// A member that the schema names has another type.
    #[error("{0} has a type that the OSV schema does not allow")]
    Misfit(String),
}

/// Joins two reports on one package. Which of them is named first decides nothing: the one with an id, then the one that
/// was published first, keeps its id, and that of the other one becomes an alias.
///
/// # Errors
///
/// They are not about one package, or one of them cannot be read as a whole.
pub fn join(one: &Record, other: &Record, now: Timestamp) -> Result<Record, JoinError> {
    let (first, second) = if key(one) <= key(other) { (one, other) } else { (other, one) };
    for record in [first, second] {
        if let Some(misfit) = record.misfit() {
            return Err(JoinError::Misfit(misfit.to_string()));
        }
    }
    let (package, other_package) = (subject(first)?.package, subject(second)?.package);
    if !package.is_same_as(&other_package) {
        return Err(JoinError::Packages(package.to_string(), other_package.to_string()));
    }
    let modified = later(first, second);
    let mut joining = Joining::found(package, first.clone())?;
    joining.unite(Joining::found(other_package, second.clone())?);
    joining.set_modified(modified.clone());
    let mut record = joining.finish(now)?.unwrap_or_else(|| Record { modified, ..first.clone() });
    if first.details != second.details {
        let details = Details::parse(record.details.as_str().unwrap_or_default())?.to_string();
        record.details = Some(details).filter(|details| !details.is_empty()).into();
    }
    if let (Some([affected]), true) =
        (record.affected.value_mut().map(Vec::as_mut_slice), first.affected != second.affected)
    {
        drop_empty(&mut affected.versions);
        drop_empty(&mut affected.ranges);
    }
    sort(&mut record.aliases, &first.aliases, &second.aliases, Clone::clone);
    sort(&mut record.related, &first.related, &second.related, Clone::clone);
    sort(&mut record.upstream, &first.upstream, &second.upstream, Clone::clone);
    sort(&mut record.references, &first.references, &second.references, written);
    sort(&mut record.credits, &first.credits, &second.credits, written);
    sort(&mut record.severity, &first.severity, &second.severity, written);
    Ok(record)
}

/// Who keeps its id.
fn key(record: &Record) -> (bool, Option<Timestamp>, String, String) {
    let id = record.id.as_str().unwrap_or_default().to_owned();
    (id.is_empty(), record.published_at(), id, written(record))
}

/// The later `modified` of two.
fn later(one: &Record, other: &Record) -> Member<String> {
    if other.modified_at() > one.modified_at() { other.modified.clone() } else { one.modified.clone() }
}

/// A list of two that were not the same has one order.
fn sort<T: PartialEq>(
    list: &mut Member<Vec<T>>,
    one: &Member<Vec<T>>,
    other: &Member<Vec<T>>,
    key: impl Fn(&T) -> String,
) {
    if let (Some(list), true) = (list.value_mut(), one != other) {
        list.sort_by_cached_key(key);
        list.dedup();
    }
}
