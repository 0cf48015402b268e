//! What the workflows do, one command a step, so that the same can be run at a desk.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::process::{Done, malpkg, program, root, run, say};

/// The linter that PyPI has only as a script that downloads it.
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7";

/// Statically linked, so that it runs wherever there is the processor.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

#[derive(Subcommand)]
pub(crate) enum Step {
    /// Judge a stranger's change with the tool of the base that is checked out; nothing of the change is run
    Check {
        /// The number of the pull request
        #[arg(long)]
        pull: u64,
    },
    /// Make the release of the newest commit, prove it, and put the tool beside it
    Publish {
        /// The folder of the release
        #[arg(long, default_value = "target/publish")]
        out: PathBuf,
    },
    /// Attach what was published to the release of a tag on GitHub
    Attach {
        /// The folder of the release
        #[arg(long, default_value = "target/publish")]
        out: PathBuf,
        /// The tag
        #[arg(long)]
        tag: String,
    },
    /// Look for faults in the workflows
    Workflows {
        /// Where the linters are installed
        #[arg(long, default_value = "target/clients")]
        clients: PathBuf,
    },
}

pub(crate) fn run_step(step: Step) -> Done {
    match step {
        Step::Check { pull } => check(pull),
        Step::Publish { out } => publish(&out),
        Step::Attach { out, tag } => attach(&out, &tag),
        Step::Workflows { clients } => workflows(&clients),
    }
}

/// The change comes as git objects alone: no file of it is written to the disk, and no hook or filter of it is run.
fn check(pull: u64) -> Done {
    let tool = malpkg()?;
    let head = format!("refs/pull/{pull}/head");
    run(program("git", &["fetch", "--no-tags", "origin", &head]).current_dir(root()))?;
    let mut judge = program(&tool, &["--format", "github", "validate", "--rev", "FETCH_HEAD", "--base", "HEAD"]);
    let judged = judge.arg("--contribution").current_dir(root()).status();
    match judged.map_err(|error| format!("cannot run {}: {error}", tool.display()))?.success() {
        true => Ok(()),
        false => Err("the change brings faults; each is told above with what mends it".to_owned()),
    }
}

fn publish(out: &Path) -> Done {
    let tool = malpkg()?;
    let release = out.join("release");
    std::fs::create_dir_all(out).map_err(|error| format!("cannot make {}: {error}", out.display()))?;
    let mut export = program(&tool, &["export", "--out"]);
    say(run(export.arg(&release).current_dir(root()))?.trim_end());
    let mut verify = program(&tool, &["verify"]);
    say(run(verify.arg(&release).args(["--repo", "."]).current_dir(root()))?.trim_end());
    let mut build = program("cargo", &["build", "--release", "--package", "malpkg", "--target", TRIPLE]);
    run(build.env("RUSTFLAGS", "-C target-feature=+crt-static").current_dir(root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let name = format!("malpkg-{TRIPLE}");
    let built = target.join(TRIPLE).join("release/malpkg");
    std::fs::copy(&built, out.join(&name)).map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
    let sums = run(program("sha256sum", &[&name]).current_dir(out))?;
    std::fs::write(out.join("SHA256SUMS"), &sums).map_err(|error| format!("cannot write SHA256SUMS: {error}"))?;
    say(sums.trim_end());
    Ok(())
}

/// The whole release as one archive beside the files that people ask for alone.
fn attach(out: &Path, tag: &str) -> Done {
    let parts = ["manifest.json", "all.zip", "all.ndjson.zst", "malpkg.sqlite", "verdicts.csv.zst"];
    run(program("tar", &["-cf", "release.tar", "release"]).current_dir(out))?;
    let mut upload = program("gh", &["release", "upload", "--clobber", tag]);
    upload.args(["release.tar", "SHA256SUMS", &format!("malpkg-{TRIPLE}")]);
    upload.args(parts.map(|part| format!("release/{part}")));
    say(run(upload.current_dir(out))?.trim_end());
    Ok(())
}

fn workflows(clients: &Path) -> Done {
    let room = std::path::absolute(clients.join("linters")).map_err(|error| error.to_string())?;
    let bin = room.join("bin");
    if !bin.join("pip").exists() {
        run(program("python3", &["-m", "venv"]).arg(&room))?;
    }
    if !bin.join("zizmor").exists() {
        run(&mut program(bin.join("pip"), &["install", "--quiet", "zizmor"]))?;
    }
    if !bin.join("actionlint").exists() {
        run(program("go", &["install", ACTIONLINT]).env("GOBIN", &bin).env("GOFLAGS", "-modcacherw"))?;
    }
    run(program(bin.join("zizmor"), &["--offline", ".github/workflows"]).current_dir(root()))?;
    run(program(bin.join("actionlint"), &[]).current_dir(root()))?;
    say("zizmor and actionlint find nothing in the workflows");
    Ok(())
}
