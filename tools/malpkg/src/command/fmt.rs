//! `malpkg fmt`: the one form in which reports are written.

use std::collections::BTreeMap;

use database::{Change, ChangeKind, ChangeSet, Entry, Place, Report, TreePath};
use osv_schema::write;
use serde::Serialize;

use crate::context::{Context, Reading};
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::tree_path;

/// Rewrite reports in the one form in which the tool writes them; what they say stays the same
///
/// Without paths, those that differ from the newest commit. A report that is no JSON, or in which a member stands twice,
/// is left alone and told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files and folders to rewrite
    #[arg(conflicts_with = "all")]
    paths: Vec<String>,

    /// Rewrite every report
    #[arg(long)]
    all: bool,

    /// Only list what would be rewritten; the exit code is 1 if there is any
    #[arg(long)]
    check: bool,
}

#[derive(Serialize)]
struct FmtV1<'f> {
    format: &'static str,
    version: u32,
    looked_at: usize,
    rewritten: Vec<&'f str>,
    left_alone: Vec<LeftAloneV1<'f>>,
    written: bool,
}

#[derive(Serialize)]
struct LeftAloneV1<'f> {
    path: &'f str,
    reason: &'f str,
}

/// A report, and what it would be in canonical form.
enum Form {
    Canonical,
    Other { before: Vec<u8>, after: String },
    None { reason: String },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let reading = context.at_working_tree(&store)?;
    let chosen = chosen(arguments, &store, &reading)?;
    let forms = reading.snapshot.map(&chosen, |entry, bytes| bytes.map(|bytes| form(&entry.path, bytes)));
    let mut changes = ChangeSet::default();
    let (mut read, mut left_alone) = (BTreeMap::new(), Vec::new());
    for (entry, form) in chosen.iter().zip(forms) {
        match form? {
            Form::Canonical => {}
            Form::None { reason } => left_alone.push((entry.path.clone(), reason)),
            Form::Other { before, after } => {
                let (path, kind) = (entry.path.clone(), ChangeKind::Join);
                let id = Place::of(&path).map_or("", |place| place.stem).to_owned();
                read.insert(path.clone(), before);
                changes.put_report(Change { path, kind, id, package: String::new() }, after.into_bytes());
            }
        }
    }
    let rewritten: Vec<TreePath> = changes.edits().keys().cloned().collect();
    if !arguments.check && !changes.is_empty() {
        let admitted = rules::admit(&reading.snapshot, changes, &reading.config.settings);
        let refused = |first: &rules::Finding| Failure::new(&first.message).place(&first.path).remedy(&first.remedy);
        let admitted = admitted.map_err(|findings| refused(&findings[0]))?;
        store.rewrite(&admitted, &read)?;
    }
    let is_found = arguments.check && !rewritten.is_empty();
    if context.wants_json() {
        let left_alone = left_alone.iter().map(|(path, reason)| LeftAloneV1 { path: path.as_str(), reason });
        context.write_json(&FmtV1 {
            format: "malpkg.fmt",
            version: 1,
            looked_at: chosen.len(),
            rewritten: rewritten.iter().map(TreePath::as_str).collect(),
            left_alone: left_alone.collect(),
            written: !arguments.check,
        })?;
    } else {
        for path in &rewritten {
            writeln!(context.out, "{}", Shown(path.as_str()))?;
        }
        for (path, reason) in &left_alone {
            writeln!(context.err, "left alone: {}: {}", Shown(path.as_str()), Shown(reason))?;
        }
        if !context.general.quiet {
            let what = if arguments.check { "not canonical" } else { "rewritten" };
            writeln!(context.err, "{} looked at, {} {what}", count(chosen.len(), "report"), rewritten.len())?;
        }
    }
    Ok(if is_found {
        Exit::Found
    } else if left_alone.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// The reports that are meant.
fn chosen<'r>(arguments: &Arguments, store: &store::Store, reading: &'r Reading) -> Result<Vec<&'r Entry>, Failure> {
    let reports = || reading.snapshot.reports().map(|(_, entry)| entry);
    if arguments.all || (arguments.paths.is_empty() && !store.is_git()) {
        return Ok(reports().collect());
    }
    if arguments.paths.is_empty() {
        let edited = store.edited_on_disk()?;
        return Ok(reports().filter(|entry| edited.binary_search(&entry.path).is_ok()).collect());
    }
    let mut folders = Vec::new();
    for given in &arguments.paths {
        folders.push(tree_path(given, store, Some(&reading.snapshot)).ok_or_else(|| {
            Failure::new("no file of the database has this path")
                .place(given)
                .remedy("name a file or folder below `osv`")
        })?);
    }
    Ok(reports().filter(|entry| folders.iter().any(|folder| entry.path.is_in(folder))).collect())
}

fn form(path: &TreePath, bytes: &[u8]) -> Form {
    let report = Report::read(path, bytes);
    let none = |reason: String| Form::None { reason };
    let document = match &report.document {
        Ok(document) => document,
        Err(error) => return none(format!("it is no JSON: {error}")),
    };
    if let Some(duplicate) = document.duplicates().next() {
        return none(format!("the member `{}` stands twice in one object", duplicate.name()));
    }
    match report.record {
        None => none("it is no JSON object".into()),
        Some(record) => {
            let after = write::canonical(&record);
            if after.as_bytes() == bytes { Form::Canonical } else { Form::Other { before: bytes.to_vec(), after } }
        }
    }
}
