//! Git repositories: only what changed, whatever happened to the history.

use std::path::Path;

use intake::{Cursor, Reading, Source};
use testkit::{Repository, git};

use crate::program::{names, read_since, record, refused, source, text, texts};

/// A source that is a repository, read again and again.
struct Feed {
    repository: Repository,
    cache: tempfile::TempDir,
    cursor: Option<Cursor>,
}

impl Feed {
    fn new() -> Feed {
        let repository = Repository::empty();
        repository.write("osv/a.json", record("X-1", "a"));
        repository.write("osv/b.json", record("X-2", "b"));
        repository.write("README.md", "hello");
        repository.commit("two");
        Feed { repository, cache: tempfile::tempdir().expect("it works here"), cursor: None }
    }

    fn read_with(&mut self, source: &Source) -> Reading {
        let from = self.repository.path().to_str().expect("it works here");
        let reading = read_since(source, from, Some(self.cache.path()), self.cursor.as_ref()).expect("it works here");
        self.cursor.clone_from(&reading.cursor);
        assert_eq!(
            reading.cursor.as_ref().expect("it works here").commit.as_deref(),
            Some(self.repository.id("HEAD").as_str())
        );
        reading
    }

    /// Reads what is new: names taken, and whether all of it was read.
    #[track_caller]
    fn check(&mut self, taken: &[&str], is_whole: bool) {
        let reading = self.read_with(&source("osv", &[]));
        assert_eq!((names(&reading), reading.is_whole), (taken.to_vec(), is_whole));
    }

    fn cached(&self) -> std::path::PathBuf {
        std::fs::read_dir(self.cache.path())
            .expect("it works here")
            .next()
            .expect("it works here")
            .expect("it works here")
            .path()
    }
}

#[test]
fn only_what_changed_is_read() {
    let mut feed = Feed::new();
    feed.check(&["osv/a.json", "osv/b.json"], true);
    feed.check(&[], false);
    feed.repository.write("osv/c.json", record("X-3", "c"));
    feed.repository.commit("a third");
    feed.repository.write("osv/a.json", record("X-1", "a-edited"));
    feed.repository.run(&["rm", "--quiet", "osv/b.json"]);
    feed.repository.commit("an edit and a deletion");
    feed.check(&["osv/a.json", "osv/c.json"], false);
    let history = git(&feed.cached(), &["rev-list", "--count", "refs/malpkg/head"]);
    assert_eq!(history, "1\n", "no history is fetched");
    // Without the cache the old commit is fetched by its id.
    std::fs::remove_dir_all(feed.cached()).expect("it works here");
    feed.repository.write("osv/d.json", record("X-4", "d"));
    feed.repository.commit("a fourth");
    feed.check(&["osv/d.json"], false);
}

#[test]
fn a_rewritten_history_is_compared_or_read_again() {
    let mut feed = Feed::new();
    feed.check(&["osv/a.json", "osv/b.json"], true);
    feed.repository.write("osv/b.json", record("X-2", "b-edited"));
    feed.repository.run(&["commit", "--quiet", "--all", "--amend", "--message", "rewritten"]);
    feed.check(&["osv/b.json"], false);
    // The commit is nowhere any more.
    std::fs::remove_dir_all(feed.cached()).expect("it works here");
    feed.repository.run(&["commit", "--quiet", "--amend", "--message", "rewritten again"]);
    feed.repository.run(&["reflog", "expire", "--expire=now", "--all"]);
    feed.repository.run(&["gc", "--quiet", "--prune=now"]);
    feed.check(&["osv/a.json", "osv/b.json"], true);
}

#[test]
fn other_settings_read_all_again() {
    let mut feed = Feed::new();
    feed.check(&["osv/a.json", "osv/b.json"], true);
    let narrow = source("osv", &[("prefixes", texts(&["osv/a"]))]);
    assert_eq!(names(&feed.read_with(&narrow)), ["osv/a.json"]);
    let paused = source("osv", &[("prefixes", texts(&["osv/a"])), ("paused", text("why"))]);
    assert_eq!(names(&feed.read_with(&paused)), [""; 0], "a pause decides nothing");
}

#[test]
fn a_branch_and_a_bare_repository_are_read() {
    let feed = Feed::new();
    feed.repository.run(&["checkout", "--quiet", "-b", "other"]);
    feed.repository.write("osv/z.json", record("X-9", "z"));
    feed.repository.commit("elsewhere");
    feed.repository.run(&["checkout", "--quiet", "main"]);
    let bare = feed.repository.bare_clone();
    let from = format!("git+file://{}", bare.path().display());
    let read = |source: &Source, from: &str| read_since(source, from, Some(feed.cache.path()), None);
    assert_eq!(names(&read(&source("osv", &[]), &from).expect("it works here")), ["osv/a.json", "osv/b.json"]);
    let other = source("osv", &[("branch", text("other"))]);
    assert_eq!(names(&read(&other, &from).expect("it works here")).len(), 3);
    let missing = source("osv", &[("branch", text("nowhere"))]);
    assert!(read(&missing, &from).unwrap_err().reason.contains("nowhere"));
    for from in ["git+file:///nowhere/at/all", "git+http://x.example", "git+file://--upload-pack=x", "s3://bucket"] {
        let error = read(&source("osv", &[]), from).unwrap_err();
        assert!(!error.reason.is_empty() && !error.remedy.is_empty(), "{from}");
    }
}

#[test]
fn several_runs_may_read_one_repository() {
    let feed = Feed::new();
    let from = feed.repository.path().to_str().expect("it works here");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reading = read_since(&source("osv", &[]), from, Some(feed.cache.path()), None);
                assert_eq!(names(&reading.expect("it works here")).len(), 2);
            });
        }
    });
}

#[test]
fn links_are_told_and_submodules_left_alone() {
    let mut feed = Feed::new();
    std::os::unix::fs::symlink("/etc/passwd", feed.repository.path().join("osv/link.json")).expect("it works here");
    let head = feed.repository.id("HEAD");
    feed.repository.run(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},osv/sub.json")]);
    feed.repository.run(&["add", "osv/link.json"]);
    feed.repository.run(&["commit", "--quiet", "--message", "links"]);
    let reading = feed.read_with(&source("osv", &[]));
    assert_eq!(names(&reading), ["osv/a.json", "osv/b.json"]);
    assert_eq!(refused(&reading), [("osv/link.json", "unreadable-report", "the document is no regular file")]);
    assert!(!Path::new(&feed.cached()).join("osv").exists(), "there is no work tree");
}
