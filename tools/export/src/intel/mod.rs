//! What those read who hunt: threat intelligence, names to refuse, and feeds. Nothing here speaks of reports that are
//! only there to prove that blocking works.
//!
//! Every id is a function of what it names ([`ids::uuid`]), every time one of a report, so that the same commit makes the
//! same bytes. Reports are read again only where they give indicators; the rest is told from [`Told`] and from rows.

pub(crate) mod cyclonedx;
pub(crate) mod feeds;
mod ids;
pub(crate) mod misp;
mod observed;
mod packages;
pub(crate) mod rpz;
mod shared;
pub(crate) mod stix;
mod told;

pub use shared::FILE as SHARED_FILE;
pub(crate) use told::{Plain, Told, standard};

/// How a release names its publisher where the database has no address.
const NAMELESS: &str = "malpkg";

/// How many reports are told of at once: what is made of them is held until all of these are.
const AT_ONCE: usize = 4096;

/// Where people read a report, if the database has an address.
fn url_of(material: &crate::material::Material<'_>, item: &crate::collect::Item<'_>) -> Option<String> {
    material.input.home.map(|home| format!("{}/{}", home.trim_end_matches('/'), item.path))
}
