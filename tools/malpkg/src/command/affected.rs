//! `malpkg affected`: whether versions are meant by a record, by OSV's evaluation.

use std::path::PathBuf;

use database::verdict::Statement;
use database::{Report, TreePath};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say for each version whether a record affects it, by OSV's evaluation
///
/// Prints `affected` or `not-affected` a line. A withdrawn record affects nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A file with an OSV record
    record: PathBuf,

    /// The versions
    #[arg(required = true)]
    versions: Vec<String>,
}

#[derive(Serialize)]
struct AffectedV1<'a> {
    format: &'static str,
    version: u32,
    versions: Vec<VersionV1<'a>>,
}

#[derive(Serialize)]
struct VersionV1<'a> {
    version: &'a str,
    affected: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let shown = arguments.record.display().to_string();
    let bytes = std::fs::read(&arguments.record)
        .map_err(|error| Failure::new(format!("cannot read the record: {error}")).place(&shown))?;
    let path: TreePath = "record.json".parse().map_err(Failure::new)?;
    let report = Report::read(&path, &bytes);
    let fault = report.document.as_ref().err().map(|error| format!("the record is no JSON: {error}"));
    let record = report
        .record
        .ok_or_else(|| Failure::new(fault.unwrap_or_else(|| "the record is no object".into())).place(&shown))?;
    let statements =
        Statement::each(&path, &record).map_err(|error| Failure::new(&error).place(&shown).remedy(error.remedy()))?;
    let versions = arguments.versions.iter().map(|version| VersionV1 {
        version,
        affected: statements.iter().any(|said| !said.record.is_withdrawn() && said.evaluates(version)),
    });
    let versions: Vec<VersionV1<'_>> = versions.collect();
    if context.wants_json() {
        context.write_json(&AffectedV1 { format: "malpkg.affected", version: 1, versions })?;
    } else {
        for VersionV1 { affected, .. } in versions {
            writeln!(context.out, "{}", if affected { "affected" } else { "not-affected" })?;
        }
    }
    Ok(Exit::Done)
}
