//! A database from a text fixture, and a hermetic git.
//!
//! For tests only: whatever goes wrong here panics where the test called.
//!
//! A [`Database`] is files in memory, written as one text: a line `-- path --`, then the file's content. It becomes
//! a [`Folder`], a [`Repository`] with one commit, or a bare one:
//!
//! ```
//! let database = testkit::Database::from_text(
//!     "\
//! -- osv/ids.json --
//! {}
//! -- osv/malicious/npm/left-pad/MAL-2026-1.json --
//! {\"id\": \"MAL-2026-1\"}
//! ",
//! );
//! let repository = database.repository();
//! assert_eq!(repository.run(&["ls-files", "--", "osv/ids.json"]), "osv/ids.json\n");
//!
//! repository.write("osv/ids.json", "{\"2026\": {}}\n");
//! repository.commit("give an id");
//! assert_eq!(repository.run(&["log", "--format=%s"]), "give an id\nthe fixture\n");
//! assert_eq!(repository.run(&["status", "--porcelain"]), "");
//! ```
//!
//! The git that is run sees no configuration but its repository's own, and has a fixed identity and clock: the same
//! steps make the same commit ids on every machine. The repository's own configuration names somebody too, so that
//! code under test that opens it by itself can commit.

mod folder;
mod git;
mod report;
mod txtar;

pub use folder::Folder;
pub use git::{EMAIL, NAME, Repository, git};
pub use report::{report, withdrawn_report};

/// The files of a database, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    files: Vec<(String, String)>,
}

impl Database {
    /// Reads a fixture: each file begins with a line `-- path --`, and its content is what follows up to the next
    /// such line. What stands before the first one is a comment.
    ///
    /// # Panics
    ///
    /// A path is there twice.
    #[track_caller]
    pub fn from_text(text: &str) -> Database {
        let files = txtar::parse(text);
        files.into_iter().fold(Database::default(), |database, (path, content)| {
            assert!(database.get(&path).is_none(), "the fixture has `{path}` twice");
            database.with(&path, &content)
        })
    }

    /// The same with one file more, or with another content of it.
    #[must_use]
    pub fn with(mut self, path: &str, content: &str) -> Database {
        self.files.retain(|(other, _)| other != path);
        self.files.push((path.to_owned(), content.to_owned()));
        self
    }

    /// The content of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(other, _)| other == path).map(|(_, content)| content.as_str())
    }

    /// Every file: its path and its content.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, content)| (path.as_str(), content.as_str()))
    }

    /// The files in a folder that is no git repository.
    pub fn folder(&self) -> Folder {
        let folder = Folder::empty();
        self.files().for_each(|(path, content)| folder.write(path, content));
        folder
    }

    /// The files in a git repository with a work tree, in one commit on `main`. Without files there is no commit.
    pub fn repository(&self) -> Repository {
        let repository = Repository::empty();
        self.files().for_each(|(path, content)| repository.write(path, content));
        if !self.files.is_empty() {
            repository.commit("the fixture");
        }
        repository
    }

    /// The same as [`Database::repository`], bare.
    pub fn bare(&self) -> Repository {
        self.repository().bare_clone()
    }
}

/// A git repository of these files, in one commit on `main`.
pub fn repository(files: &[(&str, &str)]) -> Repository {
    files.iter().fold(Database::default(), |database, (path, content)| database.with(path, content)).repository()
}
