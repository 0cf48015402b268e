//! What is asked: the repository, or something that was published.

mod published;

use std::collections::BTreeMap;
use std::path::Path;

use database::verdict::Statement;
use database::{EVERY, Listed, Snapshot};
use export::{Status, VerifyingKey};
use index::Lookup;
use osv_schema::Timestamp;
use store::Store;

use crate::aliases::Aliases;
use crate::context::{Context, Reading, with_sources};
use crate::failure::Failure;
use crate::resolve::{Meant, is_like_an_id, is_package, is_path, nothing, package_query, resolve};

/// What names the data where `--from` does not.
const VARIABLE: &str = "MALPKG_FROM";
/// Since when each version and range is listed.
type Since = BTreeMap<String, String>;

/// What is asked.
pub(super) enum Data {
    /// A database.
    Database { store: Store, reading: Box<Reading>, listed: Option<Listed> },
    /// A lookup file.
    Lookup { lookup: Lookup, commit: Option<String>, time: Option<String>, home: Option<String> },
    /// The records of an archive.
    Archive { snapshot: Snapshot, commit: Option<String>, time: Option<String> },
}

impl Data {
    /// Opens what is named, or what the environment names, or the repository. A release may say until when it is news.
    pub(super) fn open(
        from: Option<&Path>,
        key: Option<&VerifyingKey>,
        context: &mut Context<'_>,
    ) -> Result<(Data, Option<Status>), Failure> {
        let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
        match from.or(named.as_ref().map(Path::new)) {
            Some(from) => published::open(from, key, context),
            None => Ok((Data::database(context)?, None)),
        }
    }

    fn database(context: &mut Context<'_>) -> Result<Data, Failure> {
        let store = context.store()?;
        let reading = context.at_head(&store)?;
        let mut listed = None;
        // Only programs are told since when, and only they wait for it.
        if let Some(commit) = reading.commit.as_ref().filter(|_| context.wants_json()) {
            let progress = context.progress("reading the history");
            let found = crate::listed::listed(&store, commit);
            drop(progress);
            match found {
                Ok(found) => listed = Some(found),
                // It is an answer without that, too. What is wrong with a history that is all here `malpkg validate` says.
                Err(failure) if context.general.quiet || !store.is_shallow() => drop(failure),
                Err(failure) => writeln!(context.err, "since when something is listed cannot be said\n{failure}")?,
            }
        }
        Ok(Data::Database { store, reading: Box::new(reading), listed })
    }

    /// The aliases of the reports; a lookup file has its own.
    pub(super) fn aliases(&self) -> Option<Aliases<'_>> {
        match self {
            Data::Lookup { .. } => None,
            Data::Archive { snapshot, .. } => Some(Aliases::new(snapshot)),
            Data::Database { store, reading, .. } => Some(match &reading.commit {
                Some(commit) => Aliases::of_commit(&reading.snapshot, store, &reading.config.settings, commit),
                None => Aliases::new(&reading.snapshot),
            }),
        }
    }

    /// What a word means, and since when what each statement says is listed, where that is known already.
    pub(super) fn ask(
        &self,
        word: &str,
        ecosystem: Option<&str>,
        aliases: Option<&Aliases<'_>>,
    ) -> Result<(Meant, Vec<Since>), Failure> {
        let lookup = match (self, aliases) {
            (Data::Lookup { lookup, .. }, _) => lookup,
            (Data::Database { store, .. }, Some(aliases)) => {
                return Ok((resolve(word, ecosystem, Some(store), aliases)?, Vec::new()));
            }
            (_, Some(aliases)) => return Ok((resolve(word, ecosystem, None, aliases)?, Vec::new())),
            (_, None) => return Err(nothing(word)),
        };
        let broken = |error: index::Error| Failure::new(with_sources(&error));
        if ecosystem.is_none() && is_path(word) {
            let failure = Failure::new("a lookup file knows no paths").place(word);
            return Err(failure.remedy("ask for the id or the package"));
        }
        let (query, answers) = if ecosystem.is_some() || is_package(word) {
            let query = package_query(word, ecosystem)?;
            let answers = lookup.package(&query.package).map_err(broken)?;
            (Some(query), answers)
        } else {
            let answers = lookup.id(word).map_err(broken)?;
            match answers.is_empty() {
                false => (None, answers),
                true if is_like_an_id(word) => (None, lookup.alias(word).map_err(broken)?),
                true => return Err(nothing(word)),
            }
        };
        let mut answers = answers;
        // As the files of a tree are listed: those that stand first, and each by its path.
        answers.sort_by(|a, b| a.statement.path.cmp(&b.statement.path));
        let (statements, mut since): (Vec<Statement>, Vec<Since>) =
            answers.into_iter().map(|answer| (answer.statement, answer.since)).unzip();
        for (statement, since) in statements.iter().zip(&mut since) {
            if let Some(time) = since.remove(EVERY) {
                since.extend(statement.vers().into_iter().map(|range| (range, time.clone())));
            }
        }
        Ok((Meant { query, statements, unread: Vec::new() }, since))
    }

    /// Since when what a statement says is listed, by the history.
    pub(super) fn since(&self, statement: &Statement) -> Since {
        let Data::Database { listed: Some(listed), .. } = self else { return Since::new() };
        let words = statement.versions().iter().cloned().chain(statement.vers());
        let known = words.filter_map(|word| {
            let time = Timestamp::from_unix(listed.since(&statement.package, &word)?)?;
            Some((word, time.to_string()))
        });
        known.collect()
    }

    /// The commit that answers.
    pub(super) fn commit(&self) -> Option<String> {
        match self {
            Data::Database { reading, .. } => reading.commit_id(),
            Data::Lookup { commit, .. } | Data::Archive { commit, .. } => commit.clone(),
        }
    }

    /// When that was made.
    pub(super) fn time(&self) -> Option<String> {
        match self {
            Data::Database { reading, .. } => reading.commit_time().map(|time| time.to_string()),
            Data::Lookup { time, .. } | Data::Archive { time, .. } => time.clone(),
        }
    }

    /// Where people read the reports.
    pub(super) fn home(&self) -> Option<&str> {
        match self {
            Data::Database { reading, .. } => reading.config.home.as_deref(),
            Data::Lookup { home, .. } => home.as_deref(),
            Data::Archive { .. } => None,
        }
    }
}
