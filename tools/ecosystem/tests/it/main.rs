//! What the crate promises, as tables: each row a case, each table behind one function that checks a row.

mod actions;
mod ecosystems;
mod packages;
mod places;
mod purls;
mod queries;
mod repositories;

use ecosystem::{Ecosystem, Package};

/// The package of this name; the ecosystem as people write it.
fn package(ecosystem: &str, name: &str) -> Package {
    Package::new(Ecosystem::from_user(ecosystem).expect("a known ecosystem"), name)
}
