//! Speed as a ratio: each command in turn with the one it is measured against, in the same run.

use std::fs;
use std::path::Path;

use crate::corpus;
use crate::process::{Done, git, malpkg, program, say, seconds};

/// Measures validate against git printing the same blobs, and export against Info-ZIP packing the same files.
fn pair(what: &str, runs: usize, ours: &mut dyn FnMut() -> Done<f64>, theirs: &mut dyn FnMut() -> Done<f64>) -> Done {
    // One run of each that is not counted fills the caches.
    ours()?;
    theirs()?;
    let mut rows = Vec::new();
    for _ in 0..runs.max(1) {
        rows.push((ours()?, theirs()?));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = median(rows.iter().map(|(ours, theirs)| ours / theirs).collect());
    let (ours, theirs) =
        (median(rows.iter().map(|row| row.0).collect()), median(rows.iter().map(|row| row.1).collect()));
    say(&format!("{what}: {ours:.2} s against {theirs:.2} s, ratio {ratio:.2} (median of {runs})"));
    Ok(())
}

pub(crate) fn run(corpus: &Path, runs: usize) -> Done {
    let tool = malpkg()?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let repo = if corpus.join(".git").is_dir() { corpus.to_owned() } else { room.path().join("repo") };
    if repo != corpus {
        corpus::repository(corpus, &repo)?;
    }
    let repo_text = repo.to_string_lossy().into_owned();
    let listed = crate::process::run(&mut git(&repo, &["ls-tree", "-r", "--format=%(objectname)", "HEAD", "osv"]))?;
    let ids = room.path().join("ids");
    fs::write(&ids, &listed).map_err(|error| error.to_string())?;
    say(&format!("{} files in the tree", listed.lines().count()));
    let out = room.path().join("out");
    let zip = room.path().join("info.zip");

    pair(
        "validate --rev HEAD, against git cat-file --batch",
        runs,
        &mut || seconds(&mut program(&tool, &["--repo", &repo_text, "validate", "--rev", "HEAD"])),
        &mut || {
            let ids = fs::File::open(&ids).map_err(|error| error.to_string())?;
            seconds(git(&repo, &["cat-file", "--batch"]).stdin(ids))
        },
    )?;
    pair(
        "export, against zip -6 -r of the same files",
        runs,
        &mut || {
            let _ = fs::remove_dir_all(&out);
            seconds(program(&tool, &["--repo", &repo_text, "export", "--out"]).arg(&out))
        },
        &mut || {
            let _ = fs::remove_file(&zip);
            seconds(program("zip", &["-q", "-6", "-r"]).arg(&zip).arg("osv").current_dir(&repo))
        },
    )
}
