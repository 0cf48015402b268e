//! Speed as a ratio: each command in turn with the one it is measured against, in the same run.

mod release;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::corpus;
use crate::generate;
use crate::process::{Done, git, malpkg, peak_memory, program, run as run_program, say, seconds};

/// How many reports a change has that somebody has to be told of.
const TRIAGED: usize = 1_000;

/// What is measured on, and with what.
struct Bench {
    tool: PathBuf,
    repo: PathBuf,
    /// A folder for what is made on the way.
    room: PathBuf,
    runs: usize,
}

/// Measures on a corpus, or on a made-up one of so many reports.
pub(crate) fn run(corpus: Option<&Path>, reports: u64, runs: usize) -> Done {
    let tool = malpkg()?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let repo = match corpus {
        Some(corpus) if corpus.join(".git").is_dir() || corpus.join("HEAD").is_file() => corpus.to_owned(),
        Some(corpus) => {
            let repo = room.path().join("repo");
            corpus::repository(corpus, &repo)?;
            repo
        }
        None => {
            let repo = room.path().join("repo");
            generate::run_plan(&generate::Plan { reports, commits: 400, seed: 1, is_bare: false }, &repo)?;
            repo
        }
    };
    Bench { tool, repo, room: room.path().to_owned(), runs: runs.max(1) }.all()
}

impl Bench {
    fn all(&self) -> Done {
        let ids = self.blobs_of("HEAD")?;
        say(&format!("{} blobs below osv at HEAD, medians of {} runs", ids.0, self.runs));
        self.pair(
            "full: validate --rev HEAD, against git cat-file --batch of the same blobs",
            &|| {
                self.forget();
                seconds(&mut self.malpkg(&["validate", "--rev", "HEAD"]))
            },
            &|| self.cat_file(&ids.1),
        )?;
        self.forget();
        let peak = peak_memory(&mut self.malpkg(&["validate", "--rev", "HEAD"]))?;
        let theirs = peak_memory(git(&self.repo, &["cat-file", "--batch"]).stdin(open(&ids.1)?))?;
        say(&format!("memory: {} MB at the peak of the same, git cat-file {} MB", peak / 1024, theirs / 1024));
        self.pair(
            "start: malpkg --version, against git --version",
            &|| seconds(&mut self.malpkg(&["--version"])),
            &|| seconds(&mut git(&self.repo, &["--version"])),
        )?;
        if run_program(&mut git(&self.repo, &["rev-parse", "--verify", "--quiet", "HEAD~1"])).is_ok() {
            self.change()?;
        } else {
            say("change, never seen: did not run, the corpus has one commit only");
        }
        self.triage()?;
        release::run_all(self)
    }

    fn change(&self) -> Done {
        let judge = ["validate", "--rev", "HEAD", "--base", "HEAD~1"];
        let changed = run_program(&mut git(&self.repo, &["diff-tree", "-r", "--name-only", "HEAD~1", "HEAD"]))?;
        say(&format!("{} files changed from HEAD~1 to HEAD", changed.lines().count()));
        self.forget();
        seconds(&mut self.malpkg(&judge))?;
        self.pair(
            "change: validate --base HEAD~1, the base seen before, against git diff-tree -r",
            &|| seconds(&mut self.malpkg(&judge)),
            &|| seconds(&mut git(&self.repo, &["diff-tree", "-r", "HEAD~1", "HEAD"])),
        )?;
        let base = self.blobs_of("HEAD~1")?;
        self.pair(
            "never seen: the same with nothing kept, against git cat-file --batch of the base",
            &|| {
                self.forget();
                seconds(&mut self.malpkg(&judge))
            },
            &|| self.cat_file(&base.1),
        )
    }

    /// What the newest commits change that have so many reports together.
    fn triage(&self) -> Done {
        let mut commits = run_program(&mut git(&self.repo, &["rev-list", "--first-parent", "--skip=1", "HEAD"]))?;
        commits.truncate(commits.trim_end().len());
        let mut found = None;
        for commit in commits.lines() {
            let names =
                run_program(&mut git(&self.repo, &["diff-tree", "-r", "--name-only", commit, "HEAD", "--", "osv"]))?;
            let number = names.lines().filter(|name| name.ends_with(".json")).count();
            if number >= TRIAGED {
                found = Some((commit, number));
                break;
            }
        }
        let Some((base, number)) = found else {
            say(&format!("triage: did not run, no change has {TRIAGED} reports"));
            return Ok(());
        };
        let told = ["triage", "--base", base];
        let forms = [&[][..], &["--format", "json"], &["--format", "markdown"]];
        self.forget();
        seconds(&mut self.malpkg(&told))?;
        for form in forms {
            let name = form.last().unwrap_or(&"text");
            self.pair(
                &format!(
                    "triage --base of {number} reports as {name}, the base seen before, against git diff of the same"
                ),
                &|| seconds(self.malpkg(&told).args(form)),
                &|| seconds(&mut git(&self.repo, &["diff", base, "HEAD", "--", "osv"])),
            )?;
        }
        Ok(())
    }

    /// Runs the two in turn, and says the median of each and of their ratios.
    fn pair(&self, what: &str, ours: &dyn Fn() -> Done<f64>, theirs: &dyn Fn() -> Done<f64>) -> Done {
        // One run of each that is not counted fills the caches.
        ours()?;
        theirs()?;
        let mut rows = Vec::new();
        for _ in 0..self.runs {
            rows.push((ours()?, theirs()?));
        }
        let median_of = |value: fn(&(f64, f64)) -> f64| median(&mut rows.iter().map(value).collect::<Vec<_>>());
        let ratio = median_of(|(ours, theirs)| ours / theirs);
        let (ours, theirs) = (median_of(|row| row.0), median_of(|row| row.1));
        say(&format!("{what}: {ours:.3} s against {theirs:.3} s, ratio {ratio:.2}"));
        Ok(())
    }

    fn malpkg(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.tool, &["--repo"]);
        command.arg(&self.repo).args(arguments);
        command
    }

    /// Takes away what the tool keeps for speed.
    fn forget(&self) {
        for dir in [self.repo.join(".git/malpkg"), self.repo.join("malpkg")] {
            if dir.join("..").join("HEAD").is_file() {
                let _ = fs::remove_dir_all(dir);
            }
        }
    }

    /// How many blobs a revision has below `osv`, and a file with their ids.
    fn blobs_of(&self, rev: &str) -> Done<(usize, PathBuf)> {
        let listed = run_program(&mut git(&self.repo, &["ls-tree", "-r", "--format=%(objectname)", rev, "osv"]))?;
        let path = self.room.join(format!("ids-{}", rev.replace('~', "-")));
        fs::write(&path, &listed).map_err(|error| error.to_string())?;
        Ok((listed.lines().count(), path))
    }

    fn cat_file(&self, ids: &Path) -> Done<f64> {
        seconds(git(&self.repo, &["cat-file", "--batch"]).stdin(open(ids)?))
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn open(path: &Path) -> Done<File> {
    File::open(path).map_err(|error| format!("{}: {error}", path.display()))
}
