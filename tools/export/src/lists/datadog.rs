//! Target `datadog`: what is blocked, in the form of the manifests of Datadog's dataset of malicious packages.
//!
//! A name leads to its versions, or to null where all are meant. An empty list would mean all too, and an empty manifest
//! counts as none: the firewall that reads it goes and downloads Datadog's own.

use std::io;

use serde::Serializer;
use serde_json::ser::PrettyFormatter;

use super::blocked::{Blocked, By};
use crate::material::Material;
use crate::output::{Out, Planned};

pub(super) const ECOSYSTEMS: [&str; 2] = ["npm", "PyPI"];

/// What stands in a manifest of nothing: a name that neither registry gives to anybody.
const NOBODY: (&str, Option<&[&str]>) = ("_nobody", Some(&["0"]));

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![
        Planned::new("datadog/npm/manifest.json", |out| write(material, "npm", out)),
        Planned::new("datadog/pypi/manifest.json", |out| write(material, "PyPI", out)),
    ]
}

fn write(material: &Material<'_>, ecosystem: &str, out: &mut Out<'_>) -> io::Result<()> {
    let mut entries = material
        .blocked(ecosystem, By::Package)
        .filter(Blocked::has_versions)
        .map(|Blocked { name, every, versions, .. }| (name, (!every).then_some(versions)))
        .peekable();
    // As the dataset has it.
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrettyFormatter::with_indent(b"    "));
    if entries.peek().is_some() {
        serializer.collect_map(entries)?
    } else {
        serializer.collect_map([NOBODY])?
    };
    out.write_all(b"\n")
}
