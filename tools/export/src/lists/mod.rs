//! Lists that block: what standing reports say of packages, in the forms that the tools read which keep packages out.
//!
//! One file a target. `blocked.rs` puts together what is said of one package; which reports count is the affair of
//! [`crate::Blocking`]. A list says nothing that its format cannot say: what is left out of one is counted in the manifest.

mod blocked;
pub(crate) mod bun;
pub(crate) mod constraints;
pub(crate) mod datadog;
pub(crate) mod govuln;
pub(crate) mod renovate;
pub(crate) mod rustsec;
pub(crate) mod safe_chain;
pub(crate) mod scfw;
pub(crate) mod verdaccio;

pub(crate) use blocked::Ranges;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::Target;
use crate::blocking::LeftOut;
use crate::material::Material;
use blocked::{Blocked, By};

/// A list as far as what it leaves out is counted: its name, its registries, and whether it says all of a package.
struct Counted {
    name: &'static str,
    ecosystems: &'static [&'static str],
    by: By,
    says_all: fn(&Blocked<'_>) -> bool,
}

/// The lists of a target that can leave something out.
fn counted(target: Target) -> Option<Counted> {
    fn is_versions_alone(blocked: &Blocked<'_>) -> bool {
        blocked.is_versions_alone()
    }
    let of_versions = |name, ecosystems| Counted { name, ecosystems, by: By::Package, says_all: is_versions_alone };
    Some(match target {
        Target::SafeChain => of_versions("safe-chain", &safe_chain::ECOSYSTEMS),
        Target::Scfw => of_versions("scfw", &scfw::ECOSYSTEMS),
        Target::Datadog => of_versions("datadog", &datadog::ECOSYSTEMS),
        Target::Constraints => {
            Counted { name: "constraints", ecosystems: &["PyPI"], by: By::Package, says_all: constraints::says_all }
        }
        Target::Verdaccio => {
            Counted { name: "verdaccio", ecosystems: &["npm"], by: By::Package, says_all: verdaccio::says_all }
        }
        Target::RustSec => {
            Counted { name: "rustsec", ecosystems: &["crates.io"], by: By::Report, says_all: rustsec::says_all }
        }
        Target::GoVuln => Counted { name: "govuln", ecosystems: &["Go"], by: By::Report, says_all: govuln::says_all },
        _ => return None,
    })
}

/// What stands and is not in all lists of a release; none where it has no such list.
pub(crate) fn left_out(material: &Material<'_>) -> Option<LeftOut> {
    let targets = &material.input.targets;
    if !targets.iter().any(|target| target.blocks()) {
        return None;
    }
    let mut left_out = LeftOut::of(material);
    let lists: Vec<Counted> = targets.iter().copied().filter_map(counted).collect();
    let counts: BTreeMap<String, usize> = lists
        .par_iter()
        .map(|&Counted { name, ecosystems, by, says_all }| {
            let each = ecosystems.iter().flat_map(|ecosystem| material.blocked_and_unsayable(ecosystem, by));
            (name.to_owned(), each.filter(|blocked| !blocked.is_sayable() || !says_all(blocked)).count())
        })
        .collect();
    left_out.packages = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    Some(left_out)
}
