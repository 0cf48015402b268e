//! `malpkg new`: a report to fill in.

use std::collections::BTreeSet;

use curate::Named;
use database::verdict::{self, Statement};
use database::{Base, Change, ChangeKind, ChangeSet, Place, Report};
use osv_schema::write;
use serde::Serialize;

use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::package_query;
use crate::waiting::GUARD;

/// Begin a report on a package: prints it, and with `--write` puts it into its folder
///
/// Name the bad versions (`npm/left-padd@1.0.0,1.0.1`), or say that every version is bad, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The package with its versions: `npm/left-padd@1.0.0,1.0.1`
    package: String,

    /// Every version is bad, of today and of tomorrow
    #[arg(long, requires = "because")]
    all_versions: bool,

    /// Why every version is bad
    #[arg(long, value_name = "TEXT", requires = "all_versions")]
    because: Option<String>,

    /// The ecosystem of the name, for one whose own name has slashes
    #[arg(long, value_name = "ECOSYSTEM")]
    ecosystem: Option<String>,

    /// Write the report into its folder
    #[arg(long)]
    write: bool,
}

/// The rule that finds blanks.
const BLANKS: &str = "template-text";

#[derive(Serialize)]
struct NewV1<'n> {
    format: &'static str,
    version: u32,
    path: &'n str,
    package: String,
    known: Vec<KnownV1>,
    written: bool,
    report: serde_json::Value,
}

#[derive(Serialize)]
struct KnownV1 {
    id: String,
    path: String,
    adds: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let query = package_query(&arguments.package, arguments.ecosystem.as_deref())?;
    let named = named(arguments, query.version.as_deref())?;
    let package = query.package;
    let folder = package.folder();
    let folder = folder.map_err(|error| Failure::new(&error).place(&arguments.package).remedy(error.remedy()))?;
    let store = context.store()?;
    let reading = if store.is_bare() { context.at_head(&store)? } else { context.at_working_tree(&store)? };
    let stem = free_stem(curate::draft_stem(&reading.config.settings.prefix, &package), folder.as_str(), &reading);
    let path = Place { base: Base::Malicious, folder: folder.as_str(), stem: &stem }.path().map_err(Failure::new)?;
    let record = curate::draft(&package, &named, context.now());
    let text = write::canonical(&record);
    let known = known(&package, &named, &reading)?;
    if arguments.write {
        if reading.snapshot.entry(path.as_str()).is_some() {
            let failure = Failure::new("the file is there already").place(&path);
            return Err(failure.remedy("edit it, or give it another name behind `-0000-`"));
        }
        let mut changes = ChangeSet::default();
        let (id, package) = (stem.clone(), package.to_string());
        changes.put_report(
            Change { path: path.clone(), kind: ChangeKind::Create, id, package },
            text.clone().into_bytes(),
        );
        // The blanks are what the author is to fill in next; until then `validate` says so.
        let mut settings = reading.config.settings.clone();
        settings.set(BLANKS, None).map_err(Failure::new)?;
        // A draft on a protected name waits for a second person; one without exact versions cannot be helped.
        if matches!(named, Named::Versions(_)) {
            settings.set(GUARD, None).map_err(Failure::new)?;
        }
        let admitted = rules::admit(&reading.snapshot, changes, &settings);
        let refused = |first: &rules::Finding| Failure::new(&first.message).place(&first.path).remedy(&first.remedy);
        let admitted = admitted.map_err(|findings| refused(&findings[0]))?;
        store.write(&admitted)?;
    }
    if context.wants_json() {
        let report = serde_json::from_str(&text).map_err(Failure::new)?;
        let (path, package) = (path.as_str(), package.to_string());
        let (format, version, written) = ("malpkg.new", 1, arguments.write);
        context.write_json(&NewV1 { format, version, path, package, known, written, report })?;
        return Ok(Exit::Done);
    }
    for report in &known {
        let adds = if report.adds.is_empty() { "nothing that it does not say".into() } else { report.adds.join(", ") };
        writeln!(context.out, "known already: {} ({}); yours adds {}", report.id, Shown(&report.path), Shown(&adds))?;
    }
    let shown = Shown(path.as_str());
    let what = if arguments.write { "written" } else { "would be written with --write" };
    writeln!(context.out, "{shown} ({what})\n")?;
    if !arguments.write {
        writeln!(context.out, "{text}")?;
    }
    if reading.config.settings.protected.has(&package) {
        let path = Shown(path.as_str());
        writeln!(
            context.out,
            "{} is a protected name: somebody else looks at it, and runs",
            Shown(&package.to_string())
        )?;
        writeln!(context.out, "  malpkg approve {path} --by WHO --commit\n")?;
    }
    writeln!(context.out, "What to do next:")?;
    writeln!(context.out, "  $EDITOR {shown}    fill in the details")?;
    writeln!(context.out, "  malpkg validate {shown}    is it right?")?;
    writeln!(context.out, "  git add {shown} && git commit    then open a pull request")?;
    Ok(Exit::Done)
}

/// The name for a draft that none on another package has: `@a/x` and `a-x` read the same.
fn free_stem(stem: String, folder: &str, reading: &Reading) -> String {
    let taken: BTreeSet<&str> =
        reading.snapshot.reports().filter(|(place, _)| place.folder != folder).map(|(place, _)| place.stem).collect();
    let mut free = stem.clone();
    for number in 2.. {
        if !taken.contains(free.as_str()) {
            break;
        }
        free = format!("{stem}-{number}");
    }
    free
}

/// The versions that the report is to name. Without any word about them there is no report: a range over all versions
/// is too large a thing to be a default.
fn named(arguments: &Arguments, versions: Option<&str>) -> Result<Named, Failure> {
    match (versions, &arguments.because) {
        (Some(_), Some(_)) => Err(Failure::new("either name versions, or say that it is all of them")),
        (Some(versions), None) => {
            let mut versions: Vec<String> =
                versions.split(',').map(str::trim).filter(|version| !version.is_empty()).map(str::to_owned).collect();
            versions.dedup();
            Ok(Named::Versions(versions))
        }
        (None, Some(because)) if !because.trim().is_empty() => Ok(Named::All { because: because.trim().to_owned() }),
        (None, _) => {
            let package = &arguments.package;
            let remedy = format!(
                "`malpkg new {package}@VERSION,VERSION`, or `malpkg new {package} --all-versions --because WHY`"
            );
            Err(Failure::new("the report must say which versions are bad").place(package).remedy(remedy))
        }
    }
}

/// The reports that stand on the package, and which of the versions each does not say.
fn known(package: &ecosystem::Package, named: &Named, reading: &Reading) -> Result<Vec<KnownV1>, Failure> {
    let mut known = Vec::new();
    for entry in verdict::candidates(&reading.snapshot, package) {
        let bytes = reading.snapshot.read(entry)?;
        let Some(record) = Report::read(&entry.path, &bytes).record else { continue };
        let Ok(statement) = Statement::of(&entry.path, record) else { continue };
        if statement.package.is_same_as(package) {
            let adds = match named {
                Named::Versions(versions) => {
                    versions.iter().filter(|version| !statement.affects(version)).cloned().collect()
                }
                Named::All { .. } if statement.covers_all() => Vec::new(),
                Named::All { .. } => vec!["every version".to_owned()],
            };
            let id = Place::of(&entry.path).map_or("", |place| place.stem).to_owned();
            known.push(KnownV1 { id, path: entry.path.to_string(), adds });
        }
    }
    Ok(known)
}
