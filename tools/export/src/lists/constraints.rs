//! Target `constraints`: what pip and uv are told not to install.
//!
//! Constraints hold together, so that what they can say is what is taken away from all versions: single ones, all before
//! one, and all from one on. A range in the middle would need an "or", which they do not have.

use std::io;

use ecosystem::version::{End, Interval, Order, Version};

use super::blocked::{Blocked, By};
use crate::material::Material;
use crate::output::{Out, Planned};

const HEADER: &str = "# Packages that must not be installed: `pip install -c FILE`, `uv pip install -c FILE`.\n";

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("constraints/pypi.txt", |out| write(material, out))]
}

fn write(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    out.write_all(HEADER.as_bytes())?;
    for blocked in material.blocked("PyPI", By::Package) {
        let (specifiers, _) = specifiers(&blocked);
        if !specifiers.is_empty() {
            writeln!(out, "{}{}", blocked.name, specifiers.join(","))?;
        }
    }
    Ok(())
}

/// Whether constraints say all of it.
pub(super) fn says_all(blocked: &Blocked<'_>) -> bool {
    specifiers(blocked).1
}

/// What a package's versions have to be, and whether that is all that was said. The name has to be a normalized one: one
/// line that pip cannot read is an error of the whole file.
fn specifiers(blocked: &Blocked<'_>) -> (Vec<String>, bool) {
    if !is_name(blocked.name) {
        return (Vec::new(), false);
    }
    if blocked.every {
        // Before the first version there is none.
        return (vec!["<0".to_owned()], true);
    }
    let versions = blocked.versions.iter().filter(|version| is_version(version));
    let mut specifiers: Vec<String> = versions.map(|version| format!("!={version}")).collect();
    let mut is_all = specifiers.len() == blocked.versions.len() && !blocked.has_more;
    for interval in &blocked.intervals {
        let said = outside(interval);
        is_all &= said.is_some();
        specifiers.extend(said);
    }
    (specifiers, is_all)
}

/// What is not in an interval, if constraints can say it. Strict comparisons leave out more than the version itself, so
/// that they are not used.
fn outside(interval: &Interval<'_>) -> Option<String> {
    let is_public = |text: &str| is_version(text) && !text.contains('+');
    match (&interval.from, &interval.to) {
        (None, End::Before(to)) if is_public(to.text) => Some(format!(">={}", to.text)),
        (None, End::At(to)) if is_public(to.text) => Some(format!(">={0},!={0}", to.text)),
        (Some(from), End::Open) if is_public(from.text) => Some(format!("<={0},!={0}", from.text)),
        _ => None,
    }
}

/// A version by PEP 440.
fn is_version(text: &str) -> bool {
    Version::parse(Order::PyPi, text).is_ok_and(|version| !version.is_legacy())
}

/// A name as PEP 503 normalizes it.
fn is_name(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !text.is_empty() && text.split('-').all(|part| !part.is_empty() && part.chars().all(is_alphanumeric))
}
