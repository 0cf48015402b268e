//! `malpkg path`: where reports on a package lie.

use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::package_query;

/// Print the folder in which reports on a package lie, from the root of the database
///
/// A git repository is named with `--ecosystem Git URL`. The exit code is 2 if no report on such a name can be filed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The package: `npm/left-pad`, `npm/@scope/name`, or a purl
    package: String,

    /// The ecosystem of the name, for one whose own name has slashes
    #[arg(long, value_name = "ECOSYSTEM")]
    ecosystem: Option<String>,
}

#[derive(Serialize)]
struct PathV1<'p> {
    format: &'static str,
    version: u32,
    package: String,
    path: &'p str,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let query = package_query(&arguments.package, arguments.ecosystem.as_deref())?;
    let folder = query.package.folder();
    let folder = folder.map_err(|error| Failure::new(&error).place(&arguments.package).remedy(error.remedy()))?;
    let path = format!("{}/{folder}", database::Base::Malicious.folder());
    if context.wants_json() {
        let package = query.package.to_string();
        context.write_json(&PathV1 { format: "malpkg.path", version: 1, package, path: &path })?;
    } else {
        writeln!(context.out, "{path}")?;
    }
    Ok(Exit::Done)
}
