//! Target `scfw`: a list of findings for Datadog's Supply-Chain Firewall.
//!
//! The format is YAML. Each finding is written as JSON, which YAML contains: no name or version can be taken for anything
//! but a text, whichever version of YAML a reader knows.

use std::io;

use serde::Serialize;

use super::blocked::{Blocked, By};
use crate::material::Material;
use crate::output::{Out, Planned};

pub(super) const ECOSYSTEMS: [&str; 2] = ["npm", "PyPI"];

/// The severity that blocks without asking.
const SEVERITY: &str = "CRITICAL";

#[derive(Serialize)]
struct Finding<'m> {
    severity: &'static str,
    finding: String,
    packages: [Package<'m>; 1],
}

#[derive(Serialize)]
struct Package<'m> {
    ecosystem: &'static str,
    name: &'m str,
    /// None are all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<&'m str>>,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("scfw/malware.yaml", |out| write(material, out))]
}

fn write(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    out.write_all(b"findings:")?;
    let mut is_empty = true;
    for ecosystem in ECOSYSTEMS {
        for blocked in material.blocked(ecosystem, By::Package).filter(Blocked::has_versions) {
            let Blocked { name, every, versions, ref items, .. } = blocked;
            let ids: Vec<&str> = items.iter().map(|item| item.id).collect();
            let finding = Finding {
                severity: SEVERITY,
                finding: format!("{}: reported as malicious", ids.join(", ")),
                packages: [Package { ecosystem, name, versions: (!every).then_some(versions) }],
            };
            out.write_all(b"\n- ")?;
            serde_json::to_writer(&mut *out, &finding)?;
            is_empty = false;
        }
    }
    out.write_all(if is_empty { b" []\n" } else { b"\n" })
}
