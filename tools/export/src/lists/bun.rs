//! Target `bun`: a security scanner that Bun loads before it installs; it asks the server in `MALPKG_URL`.

use crate::output::{Out, Planned};

const SCANNER: &str = include_str!("scanner.ts");

/// The files of the target.
pub(crate) fn plan<'m>() -> Vec<Planned<'m>> {
    vec![Planned::new("bun/scanner.ts", |out: &mut Out<'_>| out.write_all(SCANNER.as_bytes()))]
}
