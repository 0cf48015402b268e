//! Streams that go on to another package: what they said of the one before ends.

use std::collections::{BTreeMap, BTreeSet};

use database::{TreePath, subject};
use ecosystem::Package;
use osv_schema::{Origin, Timestamp};

use crate::Delivery;
use crate::ahead::is_ahead;
use crate::delivery::content_sha256;
use crate::streams::{StreamKey, modified_of};

/// A stream by its source and its id there.
pub(crate) type Name = (String, String);

/// That a stream speaks of a package which its source's settings leave out. No report comes of it; what the stream said of
/// another package has ended all the same.
#[derive(Clone, Debug)]
pub struct WentOn {
    source: String,
    id: String,
    package: String,
    modified: Timestamp,
    sha256: String,
    content_sha256: String,
}

impl WentOn {
    /// What of a delivery that is left out says where its stream is now; none where it is of no stream, or says when in a
    /// way that nobody takes.
    pub fn of(delivery: &Delivery, now: Timestamp) -> Option<WentOn> {
        let id = delivery.own_id().filter(|_| !delivery.taken_over)?.to_owned();
        let modified = delivery.record.modified_at().filter(|modified| !is_ahead(*modified, now))?;
        Some(WentOn {
            source: delivery.source.clone(),
            id,
            package: package(&subject(&delivery.record).ok()?.package),
            modified,
            sha256: delivery.sha256.clone(),
            content_sha256: content_sha256(&delivery.record),
        })
    }

    /// The stream.
    pub(crate) fn name(&self) -> Name {
        (self.source.clone(), self.id.clone())
    }

    /// Its package as a holder of the stream, where that is newer than all that others have of it: to whom has heard of
    /// something as new it is no news.
    pub(crate) fn holder(&self, others: &[Holder], now: Timestamp) -> Option<Holder> {
        let known = others.iter().flat_map(|holder| &holder.origins).filter_map(modified_of);
        let is_news = known.max() < Some(self.modified);
        is_news.then(|| Holder { work: None, package: self.package.clone(), origins: vec![self.origin(now)] })
    }

    fn origin(&self, now: Timestamp) -> Origin {
        Origin {
            source: self.source.as_str().into(),
            sha256: self.sha256.as_str().into(),
            import_time: now.whole_seconds().to_string().into(),
            modified_time: self.modified.to_string().into(),
            id: self.id.as_str().into(),
            content_sha256: self.content_sha256.as_str().into(),
            ..Origin::default()
        }
    }
}

/// A report that has deliveries of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// Which report of the run; none for a package that its source's settings leave out.
    pub(crate) work: Option<usize>,
    /// Its package, however it is spelled.
    pub(crate) package: String,
    /// Its own deliveries of the stream.
    pub(crate) origins: Vec<Origin>,
}

/// The marks that each report of the run gets: what the streams that it has say of other packages. Every report that has
/// a stream knows all of it, so that the order in which they came decides nothing.
pub(crate) fn marks(holders: BTreeMap<Name, Vec<Holder>>) -> BTreeMap<usize, Vec<Origin>> {
    let mut marks: BTreeMap<usize, Vec<Origin>> = BTreeMap::new();
    for holders in holders.into_values().filter(|holders| holders.len() > 1) {
        for (at, holder) in holders.iter().enumerate() {
            let Some(work) = holder.work else { continue };
            let others = holders.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            let of_other = |other: &Holder| -> Vec<Origin> {
                // Of two reports on one package, until they are one, each has all that a stream says which both have.
                let is_here = other.package == holder.package;
                let known = |origin: &&Origin| !is_here || !holder.origins.contains(origin);
                let of = |origin: &Origin| if is_here { origin.clone() } else { mark(origin, &other.package) };
                other.origins.iter().filter(known).map(of).collect()
            };
            marks.entry(work).or_default().extend(others.flat_map(of_other));
        }
    }
    marks
}

/// A package as marks name it.
pub(crate) fn package(package: &Package) -> String {
    format!("{}/{}", package.ecosystem(), package.merge_name())
}

/// What is written down of a delivery in a report that it does not speak of.
fn mark(origin: &Origin, package: &str) -> Origin {
    Origin {
        source: origin.source.clone(),
        sha256: origin.sha256.clone(),
        import_time: origin.import_time.clone(),
        modified_time: origin.modified_time.clone(),
        id: origin.id.clone(),
        content_sha256: origin.content_sha256.clone(),
        moved_to: package.into(),
        ..Origin::default()
    }
}

/// The deliveries of a stream that a report has itself, without the marks of others.
pub(crate) fn own(origins: &[Origin], name: &Name) -> Vec<Origin> {
    let key = StreamKey::Id(name.0.clone(), name.1.clone());
    origins.iter().filter(|o| o.moved_to.is_absent() && StreamKey::of(o) == key).cloned().collect()
}

/// Which reports of a tree have deliveries of a stream, and which are called by an id.
pub trait Streams: Sync {
    /// Their paths.
    ///
    /// # Errors
    ///
    /// Nobody can say, and why.
    fn holders(&self, source: &str, id: &str) -> Result<BTreeSet<TreePath>, String>;

    /// The paths of the reports that an id leads to, which is theirs or an alias.
    ///
    /// # Errors
    ///
    /// Nobody can say, and why.
    fn named(&self, id: &str) -> Result<BTreeSet<TreePath>, String>;
}

/// No report has any: for a tree without reports.
impl Streams for () {
    fn holders(&self, _: &str, _: &str) -> Result<BTreeSet<TreePath>, String> {
        Ok(BTreeSet::new())
    }

    fn named(&self, _: &str) -> Result<BTreeSet<TreePath>, String> {
        Ok(BTreeSet::new())
    }
}
