//! What it costs to take deliveries in: a few into many reports, and very many.

use std::fs;
use std::path::{Path, PathBuf};

use crate::generate;
use crate::process::{Done, ensure, git, malpkg, peak_memory, program, run as run_program, say, seconds};

/// The source that the made-up deliveries come from.
const SOURCE: &str = "made-up";

/// How many deliveries are a few.
const FEW: u64 = 10;

/// A bare repository, and where its branch was before anything came in.
struct Room {
    tool: PathBuf,
    folder: PathBuf,
    repo: PathBuf,
    branch: String,
    base: String,
}

/// Measures on a git repository, or on a made-up one of so many reports.
pub(crate) fn run(corpus: Option<&Path>, reports: u64, deliveries: u64, runs: usize) -> Done {
    let tool = malpkg()?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = temporary.path().to_owned();
    let repo = folder.join("repo.git");
    match corpus {
        Some(corpus) => {
            let corpus = fs::canonicalize(corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
            run_program(git(&folder, &["clone", "--quiet", "--bare"]).arg(corpus).arg(&repo))?;
        }
        None => generate::run_plan(&generate::Plan { reports, commits: 400, seed: 1, is_bare: true }, &repo)?,
    }
    let branch = run_program(&mut git(&repo, &["symbolic-ref", "--short", "HEAD"]))?.trim().to_owned();
    let mut room = Room { tool, folder, repo, branch, base: String::new() };
    room.declare()?;
    room.few(runs.max(1))?;
    for part in [4, 2, 1] {
        room.many(deliveries / part)?;
    }
    Ok(())
}

impl Room {
    /// Commits a configuration that declares the source.
    fn declare(&mut self) -> Done {
        let tip = run_program(&mut git(&self.repo, &["rev-parse", &self.branch]))?.trim().to_owned();
        let told = run_program(&mut git(&self.repo, &["show", &format!("{tip}:malpkg.toml")])).unwrap_or_default();
        let file = self.folder.join("malpkg.toml");
        fs::write(&file, format!("{told}\n[source.{SOURCE}]\nformat = \"osv\"\n"))
            .map_err(|error| error.to_string())?;
        let blob = run_program(git(&self.repo, &["hash-object", "-w"]).arg(&file))?.trim().to_owned();
        let tree = run_program(&mut git(&self.repo, &["ls-tree", &tip]))?;
        let others: String =
            tree.lines().filter(|line| !line.ends_with("\tmalpkg.toml")).map(|line| format!("{line}\n")).collect();
        let listed = self.folder.join("tree");
        fs::write(&listed, format!("{others}100644 blob {blob}\tmalpkg.toml\n")).map_err(|error| error.to_string())?;
        let input = fs::File::open(&listed).map_err(|error| error.to_string())?;
        let made = git(&self.repo, &["mktree"]).stdin(input).output().map_err(|error| error.to_string())?;
        let tree = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let commit = ["commit-tree", &tree, "-p", &tip, "-m", "declare a source"];
        self.base = run_program(&mut git(&self.repo, &commit))?.trim().to_owned();
        run_program(&mut git(&self.repo, &["update-ref", &format!("refs/heads/{}", self.branch), &self.base]))?;
        Ok(())
    }

    /// A few deliveries: with what an earlier command left, and without it.
    fn few(&self, runs: usize) -> Done {
        let inbox = self.inbox("few", FEW)?;
        self.forget();
        let whole = seconds(&mut self.malpkg(&["validate", "--rev", &self.branch]))?;
        let mut times = Vec::new();
        for _ in 0..runs {
            self.reset()?;
            times.push(self.timed(&inbox)?);
        }
        times.sort_by(f64::total_cmp);
        self.reset()?;
        self.forget();
        let without = self.timed(&inbox)?;
        say(&format!(
            "small: {FEW} deliveries: {:.2} s with the index, {without:.2} s without it, {whole:.2} s for one full read",
            times[times.len() / 2]
        ));
        Ok(())
    }

    /// Many deliveries on new packages.
    fn many(&self, deliveries: u64) -> Done {
        let inbox = self.inbox(&format!("many-{deliveries}"), deliveries)?;
        self.reset()?;
        let time = self.timed(&inbox)?;
        self.reset()?;
        let peak = peak_memory(&mut self.ingest(&inbox))?;
        say(&format!("bulk: {deliveries} deliveries: {time:.1} s, {} MB at the peak", peak / 1024));
        let commits =
            run_program(&mut git(&self.repo, &["rev-list", "--count", &format!("{}..{}", self.base, self.branch)]))?;
        ensure(commits.trim() == "1", || format!("{commits} commits were made, not one"))
    }

    fn timed(&self, inbox: &Path) -> Done<f64> {
        let time = seconds(&mut self.ingest(inbox))?;
        let tip = run_program(&mut git(&self.repo, &["rev-parse", &self.branch]))?;
        ensure(tip.trim() != self.base, || "nothing was taken in".to_owned())?;
        Ok(time)
    }

    /// A folder with so many deliveries.
    fn inbox(&self, name: &str, deliveries: u64) -> Done<PathBuf> {
        let inbox = self.folder.join(name);
        for at in 0..deliveries {
            let folder = inbox.join((at / 1_000).to_string());
            if at.is_multiple_of(1_000) {
                fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            }
            let text = delivery(&format!("{name}-{at}"));
            fs::write(folder.join(format!("{at}.json")), text).map_err(|error| error.to_string())?;
        }
        Ok(inbox)
    }

    fn ingest(&self, inbox: &Path) -> std::process::Command {
        let mut command = self.malpkg(&["ingest", "--commit", "--ref", &self.branch, "--source", SOURCE]);
        command.arg(inbox);
        command
    }

    fn malpkg(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = program(&self.tool, &["--repo"]);
        command.arg(&self.repo).args(arguments);
        for (who, name) in [("AUTHOR", "Task"), ("COMMITTER", "Task")] {
            command.env(format!("GIT_{who}_NAME"), name).env(format!("GIT_{who}_EMAIL"), "task@example.org");
        }
        command
    }

    fn reset(&self) -> Done {
        run_program(&mut git(&self.repo, &["update-ref", &format!("refs/heads/{}", self.branch), &self.base]))?;
        Ok(())
    }

    fn forget(&self) {
        let _ = fs::remove_dir_all(self.repo.join("malpkg"));
    }
}

/// A record of the usual size.
fn delivery(name: &str) -> String {
    format!(
        r#"{{"schema_version": "1.7.3", "id": "MADE-UP-{name}", "modified": "2026-05-01T00:00:00Z",
"published": "2026-04-01T00:00:00Z", "summary": "Malware in {name}",
"details": "The package {name} runs a script when it is installed, which sends what the environment holds to a host of its author.",
"affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}}, "versions": ["1.0.0", "1.0.1"]}}],
"references": [{{"type": "WEB", "url": "https://example.org/findings/{name}"}}],
"credits": [{{"name": "Task", "type": "FINDER", "contact": ["https://example.org"]}}]}}"#
    )
}
