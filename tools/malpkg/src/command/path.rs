//! `malpkg path`: where reports on a package lie.

use ecosystem::{Ecosystem, PackageQuery};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

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

/// A package as people write it, with its ecosystem in the word or beside it.
pub(crate) fn package_query(word: &str, ecosystem: Option<&str>) -> Result<PackageQuery, Failure> {
    let query = match ecosystem {
        Some(ecosystem) => {
            let ecosystem = Ecosystem::from_user(ecosystem).map_err(|error| Failure::new(error).place(ecosystem))?;
            PackageQuery::in_ecosystem(ecosystem, word)
        }
        None => PackageQuery::parse(word),
    };
    query.map_err(|error| {
        Failure::new(error).place(word).remedy("write a package as npm/left-pad, npm/@scope/name@1.2.3 or a purl")
    })
}
