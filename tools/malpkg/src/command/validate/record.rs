//! Records that are checked on their own, wherever they come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use database::TreePath;
use intake::{Document, Unread};
use rules::Settings;

use super::told::Told;
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;

/// What the records hold, by the paths that stand for them among the findings.
type Sources = BTreeMap<TreePath, Vec<u8>>;

/// Records as they were judged.
pub(super) struct Judged {
    pub told: Told,
    pub sources: Sources,
    /// The first thing that could not be read, if something could not.
    pub failed: Option<Failure>,
}

/// Judges the records of files, of the files named `.json` below folders, and of standard input.
pub(super) fn judge(given: &[PathBuf], is_strict: bool, context: &Context<'_>) -> Result<Judged, Failure> {
    let settings = settings(context)?;
    let (mut documents, mut failed) = (Vec::new(), None);
    for path in given {
        let found = if path.as_os_str() == "-" {
            intake::stream::documents("-", &mut std::io::stdin().lock()).map_err(|error| error.to_string())
        } else {
            intake::folder::documents(path).map_err(|error| error.reason)
        };
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                failed.get_or_insert(Failure::new(reason).place(path.display()));
                continue;
            }
        };
        let name = |document: &Document| if path.is_dir() { path.join(&document.name) } else { path.clone() };
        documents.extend(
            found
                .into_iter()
                .map(|document| Document { name: name(&document).to_string_lossy().into_owned(), ..document }),
        );
    }
    let (mut findings, mut sources, mut names) = (Vec::new(), Sources::new(), BTreeMap::new());
    let records = documents.len();
    for (number, Document { name, bytes }) in documents.into_iter().enumerate() {
        // Any path may be given; this one only keeps the records apart, and in their order.
        let path = TreePath::new(format!("{number:09}")).map_err(Failure::new)?;
        match bytes {
            Ok(bytes) => {
                findings.extend(rules::judge_record(&path, Ok(&bytes), &settings));
                sources.insert(path.clone(), bytes);
            }
            Err(Unread::System(reason)) => {
                failed.get_or_insert(Failure::new(reason).place(&name));
            }
            Err(unread) => findings.extend(rules::judge_record(&path, Err(&unread.to_string()), &settings)),
        }
        names.insert(path, name);
    }
    let mut told = Told::of_validation(findings, |_| true, is_strict, records);
    told.names = names;
    Ok(Judged { told, sources, failed })
}

/// The configuration of the database around here, if there is one: rules may be off.
fn settings(context: &Context<'_>) -> Result<Settings, Failure> {
    match context.store() {
        Ok(store) if store.is_bare() => Ok(Settings::default()),
        Ok(store) => Ok(context.config_of_working_tree(&store)?.settings),
        Err(_) if context.general.repo.is_none() => Ok(Config::default().settings),
        Err(failure) => Err(failure),
    }
}
