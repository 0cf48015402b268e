//! The laws of the join over real reports: each with itself, and in threes that are made to be on one package.

use std::fs;
use std::path::{Path, PathBuf};

use curate::join;
use osv_schema::{Document, Member, Record, Timestamp, write};
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::process::{Done, ensure, say};

/// How far from each report the two are that it is joined with: prime numbers, so that they are of other folders.
const STEPS: [usize; 2] = [7_919, 104_729];

/// When every join is.
const NOW: &str = "2026-06-01T12:00:00Z";

/// One report that can be joined at all.
struct Real {
    path: PathBuf,
    record: Record,
}

/// Holds the join to its laws with every report below a folder.
pub(crate) fn real(folder: &Path) -> Done {
    let mut all = Vec::new();
    let mut others = 0;
    for found in WalkDir::new(folder).sort_by_file_name() {
        let found = found.map_err(|error| error.to_string())?;
        if found.file_type().is_file() && found.path().extension().is_some_and(|extension| extension == "json") {
            let bytes = fs::read(found.path()).map_err(|error| format!("{}: {error}", found.path().display()))?;
            let record = Document::parse(&bytes).ok().and_then(|document| Record::read(&document));
            match record.filter(|record| join(record, record, now()).is_ok()) {
                Some(record) => all.push(Real { path: found.into_path(), record }),
                None => others += 1,
            }
        }
    }
    ensure(!all.is_empty(), || format!("there is no report below {}", folder.display()))?;
    (0..all.len()).into_par_iter().try_for_each(|at| {
        let [b, c] = STEPS.map(|step| on_one_package(&all[at].record, &all[(at + step) % all.len()].record));
        check(&all[at].record, &b, &c).map_err(|law| format!("{}: {law}", all[at].path.display()))
    })?;
    say(&format!("the laws of the join hold for {} real reports; {others} cannot be joined with anything", all.len()));
    Ok(())
}

fn now() -> Timestamp {
    NOW.parse().unwrap_or_else(|_| unreachable!("a constant"))
}

/// Another report as if it were on the package of this one.
fn on_one_package(one: &Record, other: &Record) -> Record {
    let mut other = other.clone();
    let package = one.affected.items().first().map(|affected| affected.package.clone());
    if let (Some(package), Some(affected)) = (package, other.affected.value_mut().and_then(|all| all.first_mut())) {
        affected.package = package;
    }
    other
}

fn check(a: &Record, b: &Record, c: &Record) -> Done {
    let joined = |one: &Record, other: &Record| join(one, other, now()).map_err(|error| error.to_string());
    let same = |law: &str, one: &Record, other: &Record| {
        ensure(without_turn(one) == without_turn(other), || {
            format!("not {law}:\n{}\n-----\n{}", without_turn(one), without_turn(other))
        })
    };
    let settled = joined(a, a)?;
    same("settled once", &joined(&settled, &settled)?, &settled)?;
    ensure(settled.is_withdrawn() == a.is_withdrawn(), || "it stands as it did not before".into())?;
    let both = joined(a, b)?;
    same("commutative", &both, &joined(b, a)?)?;
    same("idempotent", &joined(&both, b)?, &both)?;
    let all = joined(&both, c)?;
    same("associative", &all, &joined(a, &joined(b, c)?)?)?;
    [a, b, c].into_iter().try_for_each(|part| is_in(part, &all))
}

/// What a join may never drop.
fn is_in(part: &Record, all: &Record) -> Done {
    let kept = |what: &str, some: Vec<String>, all: Vec<String>| match some.iter().find(|one| !all.contains(one)) {
        Some(lost) => Err(format!("the join lost of {what}: {lost}")),
        None => Ok(()),
    };
    let origins = |record: &Record| {
        let each = |origin: &osv_schema::Origin| format!("{:?} {:?}", origin.source, origin.sha256);
        record.origins().iter().map(each).collect::<Vec<_>>()
    };
    let links = |record: &Record| record.references.items().iter().map(write::compact).collect::<Vec<_>>();
    let thanked =
        |record: &Record| record.credits.items().iter().map(|credit| format!("{:?}", credit.name)).collect::<Vec<_>>();
    kept("the origins", origins(part), origins(all))?;
    kept("the aliases", part.aliases.items().to_vec(), all.aliases.items().to_vec())?;
    kept("the references", links(part), links(all))?;
    kept("the credits", thanked(part), thanked(all))?;
    kept("the members nobody knows", part.extra.keys().cloned().collect(), all.extra.keys().cloned().collect())
}

/// The record without what may differ: the id, and `modified`, which moves with each change.
fn without_turn(record: &Record) -> String {
    write::canonical(&Record { id: Member::Absent, modified: Member::Absent, ..record.clone() })
}
