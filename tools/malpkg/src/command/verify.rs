//! `malpkg verify`: is this release whole, is it signed, and is it what the commit says?

use std::path::PathBuf;

use export::{Difference, Manifest, Target};
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::release::{Release, TOOL, verifying_key};

/// Compare every file of a release with its manifest
///
/// Every file that differs, is missing or is too much is named, and the exit code is 1. With `--key` the manifest must be
/// signed with that key. With `--repo` the release is made again from the commit that it names, and must be the same
/// bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the release
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The key that it must be signed with: a file that minisign wrote, or its line that begins with RW
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Serialize)]
struct VerifyV1<'v> {
    format: &'static str,
    version: u32,
    dir: String,
    commit: Option<&'v str>,
    sequence: Option<u64>,
    files: usize,
    verdict: &'static str,
    signature: Option<&'static str>,
    content: Option<&'static str>,
    differences: Vec<DifferenceV1<'v>>,
}

#[derive(Serialize)]
struct DifferenceV1<'v> {
    path: &'v str,
    kind: &'static str,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let key = verifying_key(arguments.key.as_deref())?;
    let progress = context.progress("reading the release");
    let mut differences = Vec::new();
    if let Some(key) = &key {
        differences = export::verify_signatures(&arguments.dir, key)?;
    }
    let is_signed = key.as_ref().map(|_| differences.is_empty());
    let manifest = Manifest::read(&arguments.dir)?;
    differences.extend(export::verify(&arguments.dir)?);
    let mut is_proven = None;
    if context.general.repo.is_some() {
        progress.say("making it again");
        let found = prove(arguments, &manifest, context)?;
        is_proven = Some(found.is_empty());
        differences.extend(found);
    }
    drop(progress);
    differences.sort_unstable();
    differences.dedup();
    tell(arguments, &manifest, &differences, (is_signed, is_proven), context)?;
    Ok(Exit::found(!differences.is_empty()))
}

/// Makes the release again, with the targets that it has.
fn prove(arguments: &Arguments, manifest: &Manifest, context: &Context<'_>) -> Result<Vec<Difference>, Failure> {
    let failed = |message: String| Failure::new(message).place(arguments.dir.display());
    let commit = manifest.commit.as_deref().ok_or_else(|| {
        failed("the release is of no commit, so that nothing can be proven".to_owned()).remedy("leave out `--repo`")
    })?;
    if manifest.tool != TOOL {
        let message = format!("the release was made by {}, and this is {TOOL}: the bytes may differ", manifest.tool);
        return Err(failed(message).remedy(format!("prove it with {}", manifest.tool)));
    }
    let targets: Result<_, _> = manifest.targets.iter().map(|target| target.parse::<Target>()).collect();
    let targets = targets.map_err(|error| failed(error.to_string()))?;
    let store = context.store()?;
    let release = Release::of(context.at_revision(&store, commit)?, &store, context)?;
    let past = release.past(&store);
    let listed = release.listed(&targets, &store)?;
    Ok(export::prove(&release.input(targets, past.as_ref(), listed.as_ref()), &arguments.dir)?)
}

fn tell(
    arguments: &Arguments,
    manifest: &Manifest,
    differences: &[Difference],
    (is_signed, is_proven): (Option<bool>, Option<bool>),
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let word = |is_so: Option<bool>, yes, no| is_so.map(|is_so| if is_so { yes } else { no });
    if context.wants_json() {
        return context.write_json(&VerifyV1 {
            format: "malpkg.verify",
            version: 1,
            dir: arguments.dir.to_string_lossy().into_owned(),
            commit: manifest.commit.as_deref(),
            sequence: manifest.sequence,
            files: manifest.files.len(),
            verdict: if differences.is_empty() { "clean" } else { "findings" },
            signature: word(is_signed, "good", "bad"),
            content: word(is_proven, "proven", "differs"),
            differences: differences
                .iter()
                .map(|found| DifferenceV1 { path: &found.path, kind: found.kind.word() })
                .collect(),
        });
    }
    for found in differences {
        writeln!(context.out, "{}: {}", Shown(&found.path), found.kind)?;
    }
    if !differences.is_empty() {
        writeln!(context.out, "{} not as they should be", count(differences.len(), "file"))?;
        return Ok(());
    }
    let commit =
        manifest.commit.as_deref().map_or("no commit".to_owned(), |commit| format!("commit {}", Shown(commit)));
    let signed = if is_signed == Some(true) { ", signed with the key" } else { "" };
    let proven = if is_proven == Some(true) { ", and each is what the commit makes" } else { "" };
    writeln!(
        context.out,
        "release of {commit}: {} as the manifest says{signed}{proven}",
        count(manifest.files.len(), "file")
    )?;
    Ok(())
}
