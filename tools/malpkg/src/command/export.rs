//! `malpkg export`: a commit as everything that consumers download.

use std::path::{Path, PathBuf};

use export::{Held, Manifest, SigningKey, Status, Target, Written};
use intake::{Upload, UploadError, Uploaded};
use serde::Serialize;
use store::Store;

use crate::context::{Context, Reading};
use crate::display::{Shown, count, shell_word};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::release::Release;

/// Where the key that signs is, in the environment, and its password.
const KEY: &str = "MALPKG_SIGNING_KEY";
const PASSWORD: &str = "MALPKG_SIGNING_PASSWORD";

/// Write a release: archives and lists of all reports of a commit
///
/// The folder is one whole release before and after, whatever happens in between. A report with errors is held: it is
/// not in the release, it is listed in the manifest with the rule that it breaks, and the exit code is 1.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the release: a new one, an empty one, or an older release
    #[arg(long, value_name = "DIR", required_unless_present = "to")]
    out: Option<PathBuf>,

    /// Bring the release to a bucket: `s3://bucket/folder`, `gs://…` or `az://…`
    ///
    /// Data first, pointers last, and only what changed. Access comes from the environment, as the provider's own tools
    /// take it. Without `--out` the release is kept beside what the tool keeps for speed.
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    /// The revision to publish; without it the newest commit
    #[arg(long, value_name = "REV")]
    rev: Option<String>,

    /// Write only these targets; without it what `[export]` in malpkg.toml says, or else all but `records`, which is a file
    /// for each report, and of more than 50,000 reports not `stix` and `misp`
    ///
    /// `zip`, `tar`, `ndjson`, `records`, `delta`, `sqlite`, `verdicts`, `filter`, `parquet`, `safe-chain`, `scfw`,
    /// `datadog`, `constraints`, `verdaccio`, `bun`, `renovate`, `rustsec`, `govuln`, `stix`, `misp`, `cyclonedx`, `rpz`,
    /// `feeds`, `bundle`
    #[arg(long, value_name = "TARGET,…", value_delimiter = ',')]
    only: Vec<Target>,

    /// Make everything anew: an older release in the folder is not even looked at
    ///
    /// The bytes are the same without it; it only takes longer.
    #[arg(long)]
    full: bool,

    /// Refuse the release if a report would be held
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
struct ExportV1<'e> {
    format: &'static str,
    version: u32,
    commit: Option<&'e str>,
    out: String,
    reports: usize,
    files: usize,
    held: &'e [Held],
    #[serde(skip_serializing_if = "Option::is_none")]
    uploaded: Option<UploadedV1<'e>>,
}

#[derive(Serialize)]
struct UploadedV1<'e> {
    to: &'e str,
    sent: usize,
    named: usize,
    kept: usize,
    removed: usize,
    bytes: u64,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("reading the tree");
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(&store, rev)?,
        None => context.at_head(&store)?,
    };
    progress.say("checking the reports");
    let release = Release::of(reading, &store, context)?;
    refuse_held(arguments, &release.held)?;
    progress.say("writing the release");
    let reports = release.reading.snapshot.reports().count();
    let default = || Target::ALL.into_iter().filter(|target| target.is_default_of(reports)).collect();
    let targets = match arguments.only.as_slice() {
        [] => release.reading.config.targets.clone().unwrap_or_else(default),
        only => only.iter().copied().collect(),
    };
    let past = release.past(&store);
    let listed = release.listed(&targets, &store)?;
    let input = release.input(targets, past.as_ref(), listed.as_ref());
    let (sources, key) = (release.sources()?, signing_key()?);
    let quiet = |_: export::Progress| {};
    let out = folder(arguments, &store)?;
    let (manifest, notes, uploaded) = export::replace(&out, |dir| {
        let older = if arguments.full { None } else { release.older(&out, &store) };
        let Written { manifest, notes } = export::write_over(&input, older.as_ref(), dir, &quiet)?;
        // What no release can hold is known only now; the old release is still there.
        refuse_held(arguments, &manifest.held)?;
        export::seal(dir, &manifest, &Status::new(context.now(), &manifest, sources), key.as_ref())?;
        // Before it is put in place: until then the folder is nobody else's.
        let uploaded = arguments.to.as_ref().map(|to| upload(to, dir, &manifest)).transpose()?;
        Ok::<_, Failure>((manifest, notes, uploaded))
    })?;
    release.keep_notes(&out, &notes, &store);
    drop(progress);
    if context.wants_json() {
        context.write_json(&ExportV1 {
            format: "malpkg.export",
            version: 1,
            commit: manifest.commit.as_deref(),
            out: out.to_string_lossy().into_owned(),
            reports: manifest.counts.reports,
            files: manifest.files.len(),
            held: &manifest.held,
            uploaded: arguments.to.as_deref().zip(uploaded).map(|(to, done)| UploadedV1 {
                to,
                sent: done.sent,
                named: done.named,
                kept: done.kept,
                removed: done.removed,
                bytes: done.bytes,
            }),
        })?;
    } else {
        write_text(&out, &manifest, &release.reading, context)?;
        if let (Some(to), Some(done)) = (&arguments.to, uploaded) {
            let files = count(done.sent, "file");
            writeln!(context.out, "\n{files} sent to {}, {} names are new, {} kept", Shown(to), done.named, done.kept)?;
        }
    }
    Ok(Exit::found(!manifest.held.is_empty()))
}

/// The folder of the release: the one that was named, or one for what goes to this bucket.
fn folder(arguments: &Arguments, store: &Store) -> Result<PathBuf, Failure> {
    if let Some(out) = &arguments.out {
        return Ok(out.clone());
    }
    let to = arguments.to.as_deref().unwrap_or_default();
    let name = store::blob_id(to.as_bytes()).map(|id| id.to_string()).unwrap_or_default();
    let kept = store.cache_dir().map(|dir| dir.join("uploads").join(name));
    kept.ok_or_else(|| Failure::new("there is no place for the release").remedy("name a folder with `--out`"))
}

/// Brings a release to a bucket: its lists behind what they list, and last what says what the release is.
fn upload(to: &str, dir: &Path, manifest: &Manifest) -> Result<Uploaded, Failure> {
    const POINTERS: [&str; 4] = ["manifest.json.minisig", "manifest.json", "status.json.minisig", "status.json"];
    let is_list = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        matches!(file, "modified_id.csv" | "ecosystems.txt" | "index.json" | "manifest.json" | "hashes.csv")
    };
    let file =
        |name: &str, sha256: &str, is_pointer| Upload { name: name.to_owned(), sha256: sha256.to_owned(), is_pointer };
    let mut files: Vec<Upload> = manifest.files.iter().map(|(name, facts)| file(name, &facts.sha256, false)).collect();
    files.sort_by_key(|file| is_list(&file.name));
    files.extend(POINTERS.iter().filter(|name| dir.join(name).is_file()).map(|name| file(name, "", true)));
    intake::upload(to, dir, &files).map_err(|error| match error {
        UploadError::Place(error) => error.into(),
        UploadError::Moved(_) => Failure::new(&error).exits(Exit::BaseMoved).remedy("run this again"),
        UploadError::File { .. } => Failure::new(&error),
    })
}

/// The key that releases are signed with, where the environment has one.
fn signing_key() -> Result<Option<SigningKey>, Failure> {
    let Some(text) = std::env::var(KEY).ok().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    // A workflow sets what it has no secret for to nothing.
    let password = std::env::var(PASSWORD).ok().filter(|text| !text.is_empty());
    let key = SigningKey::parse(&text, password);
    key.map(Some).map_err(|error| {
        let remedy =
            format!("put the text of a minisign secret key there, and its password, if it has one, in {PASSWORD}");
        Failure::new(error).place(KEY).remedy(remedy)
    })
}

/// With `--strict` a report that would be held refuses the release.
fn refuse_held(arguments: &Arguments, held: &[Held]) -> Result<(), Failure> {
    match held.first() {
        Some(first) if arguments.strict => {
            let message =
                format!("{} would be held; the first breaks the rule {}", count(held.len(), "report"), first.rule);
            Err(Failure::new(message).place(&first.path).remedy("`malpkg validate` shows all findings"))
        }
        _ => Ok(()),
    }
}

fn write_text(folder: &Path, manifest: &Manifest, reading: &Reading, context: &mut Context<'_>) -> Result<(), Failure> {
    let out = folder.to_string_lossy().into_owned();
    for held in &manifest.held {
        writeln!(context.out, "held: {} ({})", Shown(&held.path), held.rule)?;
    }
    let reports = count(manifest.counts.reports, "report");
    let commit = manifest.commit.as_deref().map(|commit| &commit[..commit.len().min(12)]);
    let from = commit.map_or("the folder".to_owned(), |commit| format!("commit {commit}"));
    let files = count(manifest.files.len(), "file");
    writeln!(context.out, "{reports} of {from} published in {}: {files} and their manifest", Shown(&out))?;
    if !manifest.held.is_empty() {
        writeln!(context.out, "{} held, each for the rule named behind it", count(manifest.held.len(), "report"))?;
    }
    if !context.general.quiet {
        write_next(folder, manifest, reading, context)?;
    }
    Ok(())
}

/// What to try next, with the program as it was called and a report that is there.
fn write_next(folder: &Path, manifest: &Manifest, reading: &Reading, context: &mut Context<'_>) -> Result<(), Failure> {
    let word = |word: &str| shell_word(&Shown(word).to_string());
    let program = word(&context.program);
    let repo = context.general.repo.as_ref().map(|repo| format!(" --repo {}", word(&repo.to_string_lossy())));
    let repo = repo.unwrap_or_default();
    writeln!(context.out, "\nWhat to try next:")?;
    if let Some(what) = example(reading) {
        let what = word(&what);
        writeln!(context.out, "  {program}{repo} query {what}    is this package malicious?")?;
    }
    writeln!(context.out, "  {program}{repo} validate    is the database right?")?;
    if manifest.files.contains_key("all.zip") {
        let archive = folder.join("all.zip");
        writeln!(context.out, "  unzip -l {}    what scanners read", word(&archive.to_string_lossy()))?;
    }
    Ok(())
}

/// Something to ask about: the best-known package of all, or else the first report.
fn example(reading: &Reading) -> Option<String> {
    const BEST_KNOWN: &str = "npm/event-stream";
    let is_there = reading.snapshot.reports().any(|(place, _)| place.folder == BEST_KNOWN);
    let first = || reading.snapshot.reports().next().map(|(place, _)| place.stem.to_owned());
    if is_there { Some(format!("{BEST_KNOWN}@3.3.6")) } else { first() }
}
