//! `malpkg pull`: a release brought over from where it is published.

use std::path::PathBuf;

use export::{PullOptions, Pulled};
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::release::{told_old, verifying_key};

/// Bring a release over from where it is published, and hold every byte to its manifest
///
/// Only what is not here yet is fetched. The folder is one whole release before and after, whatever happens in between.
/// The exit code is 4 if the publisher has not looked for news for so long that the data are to be taken for old.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where it is published: `https://…`, `http://…` or a folder
    #[arg(value_name = "URL|DIR")]
    from: String,

    /// The folder of the release: a new one, an empty one, or an older release
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The key that it must be signed with: a file that minisign wrote, or its line that begins with RW
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Take a release that is older than the one that is here
    #[arg(long)]
    allow_rollback: bool,
}

#[derive(Serialize)]
struct PullV1<'p> {
    format: &'static str,
    version: u32,
    out: String,
    before: Option<&'p str>,
    commit: Option<&'p str>,
    sequence: Option<u64>,
    reports: usize,
    files: usize,
    kept: usize,
    made: usize,
    downloaded: usize,
    bytes: u64,
    signature: Option<&'static str>,
    checked: Option<&'p str>,
    expires: Option<&'p str>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let key = verifying_key(arguments.key.as_deref())?;
    let progress = context.progress("fetching the release");
    let options = PullOptions { key: key.as_ref(), may_go_back: arguments.allow_rollback };
    let pulled = export::pull(&arguments.from, &arguments.out, options)?;
    drop(progress);
    let is_old = pulled.status.as_ref().is_some_and(|status| status.is_expired(context.now()));
    if context.wants_json() {
        let (manifest, status) = (&pulled.manifest, pulled.status.as_ref());
        context.write_json(&PullV1 {
            format: "malpkg.pull",
            version: 1,
            out: arguments.out.to_string_lossy().into_owned(),
            before: pulled.before.as_deref(),
            commit: manifest.commit.as_deref(),
            sequence: manifest.sequence,
            reports: manifest.counts.reports,
            files: manifest.files.len(),
            kept: pulled.kept,
            made: pulled.made,
            downloaded: pulled.downloaded,
            bytes: pulled.bytes,
            signature: key.as_ref().map(|_| "good"),
            checked: status.map(|status| status.checked.as_str()),
            expires: status.map(|status| status.expires.as_str()),
        })?;
    } else {
        write_text(arguments, &pulled, is_old, context)?;
    }
    Ok(if is_old { Exit::TooOld } else { Exit::Done })
}

fn write_text(arguments: &Arguments, pulled: &Pulled, is_old: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let manifest = &pulled.manifest;
    let commit = manifest.commit.as_deref().map(|commit| &commit[..commit.len().min(12)]);
    let of = commit.map_or("a folder".to_owned(), |commit| format!("commit {}", Shown(commit)));
    let out = arguments.out.to_string_lossy().into_owned();
    writeln!(
        context.out,
        "{} of {of} in {}: {} fetched ({} bytes), {} made of what was here, {} kept",
        count(manifest.counts.reports, "report"),
        Shown(&out),
        count(pulled.downloaded, "file"),
        pulled.bytes,
        pulled.made,
        pulled.kept,
    )?;
    if let (true, Some(status)) = (is_old, &pulled.status) {
        writeln!(context.out, "{}", told_old(status))?;
    }
    Ok(())
}
