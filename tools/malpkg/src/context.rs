//! What every command works with: the streams, the clock, the database and its configuration.

use std::io::{BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use database::{Base, CONFIG_FILE, ChangeSet, Snapshot};
use osv_schema::Timestamp;
use rules::{Admitted, Finding, NotAdmitted, PROTECTED_FOLDER, Settings, Standing};
use serde::Serialize;
use store::{At, Commit, CommitError, RefName, Store};

use crate::arguments::{Color, Format, General};
use crate::config::Config;
use crate::display::{defanged, without_schemes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;

/// The surroundings of one command.
pub(crate) struct Context<'c> {
    /// The program as it was called.
    pub program: String,
    pub general: General,
    pub out: &'c mut dyn Write,
    pub err: &'c mut dyn Write,
}

/// One tree of the database, and the commit that it is of.
pub(crate) struct Reading {
    pub snapshot: Snapshot,
    pub commit: Option<Commit>,
    pub config: Config,
    /// What is known of the commit, where somebody plans over it.
    pub known: Option<Standing>,
}

impl Reading {
    /// How many reports there are.
    pub(crate) fn reports(&self) -> usize {
        match &self.known {
            Some(known) => known.reports(),
            None => self.snapshot.reports().count(),
        }
    }
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        program: String,
        general: General,
        out: &'c mut dyn Write,
        err: &'c mut dyn Write,
    ) -> Context<'c> {
        Context { program, general, out, err }
    }

    /// The style where color is wanted, else none. It is asked of the process's own output whether it is a terminal.
    pub(crate) fn style(&self, style: Style) -> Style {
        let is_wanted = match self.general.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
        };
        if is_wanted { style } else { Style::new() }
    }

    /// The moment that counts as now.
    pub(crate) fn now(&self) -> Timestamp {
        let clock = || Timestamp::from_unix(time::OffsetDateTime::now_utc().unix_timestamp());
        // The system's clock stands between the years 0 and 9999; if it did not, 1970 would be as good as any.
        self.general
            .now
            .or_else(clock)
            .or_else(|| Timestamp::from_unix(0))
            .unwrap_or_else(|| unreachable!("1970 is a year"))
    }

    /// Says on the terminal what is being done.
    pub(crate) fn progress(&self, what: &str) -> Progress {
        Progress::begin(self.general.quiet, what)
    }

    /// The database that the command is about.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let found = match &self.general.repo {
            Some(dir) => Store::open(dir),
            None => Store::find(std::path::Path::new(".")),
        };
        found.map_err(Failure::from)
    }

    /// Reads the tree at a revision.
    pub(crate) fn at_revision(&self, store: &Store, rev: &str) -> Result<Reading, Failure> {
        let commit = store.resolve(rev)?;
        self.read(store, At::Commit(commit.id), Some(commit))
    }

    /// Reads the newest commit, or the folder where there is no git.
    pub(crate) fn at_head(&self, store: &Store) -> Result<Reading, Failure> {
        if !store.is_git() {
            return self.at_working_tree(store);
        }
        match store.head()? {
            Some(commit) => self.read(store, At::Commit(commit.id), Some(commit)),
            None => Err(Failure::new("the repository has no commit yet").remedy("commit the reports first")),
        }
    }

    /// Reads the newest commit of a branch; of one that has none yet, nothing.
    pub(crate) fn at_branch(&self, store: &Store, branch: &RefName) -> Result<Reading, Failure> {
        match store.tip(branch)? {
            Some(id) => self.at_revision(store, &id.to_string()),
            None => {
                let config = if store.is_bare() { Config::default() } else { self.config_of_working_tree(store)? };
                Ok(Reading { snapshot: Snapshot::of_files([]), commit: None, config, known: None })
            }
        }
    }

    /// The configuration as it lies on the disk.
    pub(crate) fn config_of_working_tree(&self, store: &Store) -> Result<Config, Failure> {
        let path = CONFIG_FILE.parse().map_err(|error: database::InvalidPath| Failure::new(error))?;
        let mut config = match store.read_on_disk(&path)? {
            Some(bytes) => Config::parse(&bytes)?,
            None => Config::default(),
        };
        config.add_verdicts(|path| {
            let path = path.parse().map_err(|error: database::InvalidPath| Failure::new(error))?;
            Ok(store.read_on_disk(&path)?)
        })?;
        Ok(config)
    }

    /// Reads what is staged in git's index.
    pub(crate) fn at_index(&self, store: &Store) -> Result<Reading, Failure> {
        self.read(store, At::Index, None)
    }

    /// The configuration of a commit, without its reports.
    pub(crate) fn config_of(&self, store: &Store, commit: &Commit) -> Result<Config, Failure> {
        Config::read(&store.configuration(commit.tree)?)
    }

    /// Reads the working tree as it lies on the disk.
    pub(crate) fn at_working_tree(&self, store: &Store) -> Result<Reading, Failure> {
        self.read(store, At::WorkingTree, None)
    }

    fn read(&self, store: &Store, at: At, commit: Option<Commit>) -> Result<Reading, Failure> {
        let snapshot = store.snapshot(at)?;
        check_database(&snapshot)?;
        let config = Config::read(&snapshot)?;
        Ok(Reading { snapshot, commit, config, known: None })
    }

    /// Judges a tree. A report that the machine does not give ends it: an answer without it would be a wrong one.
    pub(crate) fn validate(&self, reading: &Reading) -> Result<rules::Validation, Failure> {
        let mut validation = rules::validate(&reading.snapshot, &reading.config.settings);
        match validation.unread.pop() {
            Some(unread) => Err(Failure::from(unread)),
            None => Ok(validation),
        }
    }

    /// Writes one JSON document as the whole answer.
    pub(crate) fn write_json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let mut out = BufWriter::with_capacity(1 << 16, &mut *self.out);
        serde_json::to_writer_pretty(&mut out, document).map_err(std::io::Error::from)?;
        writeln!(out)?;
        Ok(out.flush()?)
    }

    /// Whether the answer is for a program.
    pub(crate) fn wants_json(&self) -> bool {
        self.general.format == Format::Json
    }

    /// Text out of a report, with its addresses made harmless unless asked otherwise.
    pub(crate) fn tamed(&self, text: &str) -> String {
        if self.general.live { text.to_owned() } else { defanged(text) }
    }

    /// Our own words about a report: only whole addresses in them are made harmless, not every name with a dot.
    pub(crate) fn tamed_words(&self, text: &str) -> String {
        if self.general.live { text.to_owned() } else { without_schemes(text) }
    }
}

/// A tree without reports may be a new database; one without any of its folders is none, and to find nothing in it would
/// sound like an all-clear.
fn check_database(snapshot: &Snapshot) -> Result<(), Failure> {
    check_folders(|path| snapshot.entry(path).is_some())?;
    let has_osv = snapshot.entries().iter().any(|entry| entry.path.is_in("osv"));
    if has_osv || snapshot.entry(CONFIG_FILE).is_some() {
        return Ok(());
    }
    Err(Failure::new("there is no database here: the tree has no folder `osv`")
        .remedy("name one with `--repo DIR`, or begin one with a `malpkg.toml`"))
}

/// What is no folder in place of one of the database's: to find nothing in it would sound like an all-clear, too.
pub(crate) fn check_folders(is_file: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let [malicious, withdrawn] = Base::ALL.map(Base::folder);
    match ["osv", malicious, withdrawn, "config", PROTECTED_FOLDER].into_iter().find(|folder| is_file(folder)) {
        Some(file) => {
            let failure = Failure::new("this must be a folder, and is a link, a submodule or a file").place(file);
            Err(failure.remedy("put a folder in its place"))
        }
        None => Ok(()),
    }
}

impl Reading {
    /// The commit's id in hex.
    pub(crate) fn commit_id(&self) -> Option<String> {
        self.commit.as_ref().map(|commit| commit.id.to_string())
    }

    /// Judges a change to what was read, and lets it through, or gives the faults that it would bring.
    pub(crate) fn admit(&self, changes: ChangeSet, settings: &Settings) -> Result<Admitted, Vec<Finding>> {
        if let Some(known) = &self.known {
            match rules::admit_known(&self.snapshot, &changes, known, settings) {
                Ok(admitted) => return Ok(admitted),
                Err(NotAdmitted::Faults(faults)) => return Err(faults),
                // The reports themselves tell.
                Err(NotAdmitted::Damaged(_)) => {}
            }
        }
        rules::admit(&self.snapshot, changes, settings)
    }

    /// The commit's time.
    pub(crate) fn commit_time(&self) -> Option<Timestamp> {
        self.commit.as_ref().and_then(|commit| Timestamp::from_unix(commit.time))
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Failure {
        let failure = match &error {
            // What libgit2 says of it is about its own words for revisions.
            store::Error::NoRevision { .. } => Failure::new(&error),
            _ => Failure::new(with_sources(&error)),
        };
        failure.remedies(error.remedy())
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Failure {
        let exit = if matches!(error, CommitError::BaseMoved { .. }) { Exit::BaseMoved } else { Exit::Failed };
        Failure::new(with_sources(&error)).remedies(error.remedy()).exits(exit)
    }
}

/// An error and what it came from, on one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}
