//! Target `safe-chain`: the lists that Aikido's safe-chain downloads before it lets a package manager install.
//!
//! A row blocks one version, or with `*` all of them; ranges it does not know. It also asks for lists of what is new, by
//! which it holds back young packages: they are there and empty, because without them it does not start.

use std::io;

use serde::{Serialize, Serializer};

use super::blocked::{Blocked, By};
use crate::material::Material;
use crate::output::{Out, Planned};

pub(super) const ECOSYSTEMS: [&str; 2] = ["npm", "PyPI"];

/// The only reason that it blocks for.
const REASON: &str = "MALWARE";

const RELEASES: [&str; 4] = ["npm", "npm_48h", "pypi", "pypi_48h"];

#[derive(Serialize)]
struct Finding<'m> {
    package_name: &'m str,
    version: &'m str,
    reason: &'static str,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let releases = RELEASES.map(|name| {
        Planned::new(format!("safe-chain/releases/{name}.json"), |out: &mut Out<'_>| out.write_all(b"[]\n"))
    });
    let mut planned = vec![
        Planned::new("safe-chain/malware_predictions.json", |out| write(material, "npm", out)),
        Planned::new("safe-chain/malware_pypi.json", |out| write(material, "PyPI", out)),
    ];
    planned.extend(releases);
    planned
}

fn write(material: &Material<'_>, ecosystem: &str, out: &mut Out<'_>) -> io::Result<()> {
    let findings = material.blocked(ecosystem, By::Package).flat_map(|Blocked { name, every, versions, .. }| {
        let versions = if every { vec!["*"] } else { versions };
        versions.into_iter().map(move |version| Finding { package_name: name, version, reason: REASON })
    });
    serde_json::Serializer::new(&mut *out).collect_seq(findings)?;
    out.write_all(b"\n")
}
