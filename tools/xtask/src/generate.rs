//! A made-up database of any size: the shape, the sizes, the ecosystems and the history of a real one, from a seed.

mod dice;
mod feed;
mod pack;
mod report;

use std::collections::BTreeSet;
use std::path::Path;

use crate::process::{Done, git, run, say};
use dice::Dice;
use pack::PackedHistory;
use report::{Life, report};

/// What to make.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// How many reports.
    pub(crate) reports: u64,
    /// How many commits make them.
    pub(crate) commits: u64,
    /// What all of it is a function of.
    pub(crate) seed: u64,
    /// Whether the repository is bare: a million files on the disk take longer than the million reports.
    pub(crate) is_bare: bool,
}

/// How many reports the newest commit changes or adds.
const LAST_CHANGES: u64 = 100;

/// How many commits bring most of the reports.
const LARGE_COMMITS: u64 = 16;

const CONFIG: &str = "[database]\nprefix = \"MAL\"\n\n[source.advisory-feed]\nformat = \"osv\"\n";

/// What a history is told to.
trait History {
    /// Puts a file.
    fn put(&mut self, path: &str, text: &str) -> std::io::Result<()>;
    /// Takes a file away.
    fn remove(&mut self, path: &str) -> std::io::Result<()>;
    /// Makes a commit of what there is.
    fn commit(&mut self, time: u64, message: &str) -> std::io::Result<()>;
}

/// Makes a packed git repository of a database.
pub(crate) fn run_plan(plan: &Plan, out: &Path) -> Done {
    let wrong = |error: std::io::Error| format!("{}: {error}", out.display());
    std::fs::create_dir_all(out).map_err(wrong)?;
    let mut init = git(out, &["init", "--quiet", "--initial-branch=main"]);
    run(if plan.is_bare { init.arg("--bare") } else { &mut init })?;
    let pack = pack::unfinished(out).map_err(wrong)?;
    let mut packed = PackedHistory::new(&pack).map_err(wrong)?;
    history(plan, &mut packed).map_err(wrong)?;
    let tip = packed.finish(&pack).map_err(wrong)?;
    run(git(out, &["index-pack"]).arg(&pack))?;
    run(&mut git(out, &["update-ref", "refs/heads/main", &tip]))?;
    // Now git looks for the best differences, as it does in a repository that grew.
    run(&mut git(out, &["repack", "-adfq"]))?;
    for made in [pack.with_extension("idx"), pack] {
        std::fs::remove_file(made).map_err(wrong)?;
    }
    if !plan.is_bare {
        run(&mut git(out, &["reset", "--hard", "--quiet"]))?;
    }
    say(&format!("{} reports in {} commits, seed {}, in {}", plan.reports, plan.commits, plan.seed, out.display()));
    Ok(())
}

/// The first commits bring nine tenths of the reports. The others add the rest, and change about as many: deliveries
/// are joined, sources correct themselves, reports are taken back and some of them stand again.
fn history(plan: &Plan, history: &mut impl History) -> std::io::Result<()> {
    let commits = plan.commits.clamp(1, plan.reports.max(1));
    let large = LARGE_COMMITS.min(commits.div_ceil(2));
    let last = LAST_CHANGES.min(plan.reports / 10);
    let mut lives: Vec<Life> = Vec::new();
    let mut dice = Dice::new(plan.seed, u64::MAX);
    for commit in 0..commits {
        let (is_large, is_last) = (commit < large, commit + 1 == commits);
        let before = plan.reports - last / 2;
        let most = if large + 1 >= commits { before } else { plan.reports * 9 / 10 };
        let until = match (is_large, is_last) {
            (_, true) => plan.reports,
            (true, _) => most * (commit + 1) / large,
            (false, _) => most + (before - most) * (commit + 1 - large) / (commits - 1 - large),
        };
        let made = lives.len() as u64;
        let added = until - made;
        let changed = match (is_large, is_last) {
            (true, false) => 0,
            (_, true) => last.saturating_sub(added).min(made),
            (false, _) => added.max(last / 2).min(made / 2),
        };
        if commit == 0 {
            history.put("malpkg.toml", CONFIG)?;
        }
        let mut touched = BTreeSet::new();
        while (touched.len() as u64) < changed {
            touched.insert(dice.below(made));
        }
        for number in touched {
            let life = &mut lives[number as usize];
            let before = report(plan.seed, number, *life).0;
            life.go_on(&mut dice);
            let (path, text) = report(plan.seed, number, *life);
            if path != before {
                history.remove(&before)?;
            }
            history.put(&path, &text)?;
        }
        for number in made..until {
            let life = Life::first(&mut dice);
            lives.push(life);
            let (path, text) = report(plan.seed, number, life);
            history.put(&path, &text)?;
        }
        history.commit(1_767_225_600 + commit * 3600, &format!("{added} new reports, {changed} changed"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use database::{Snapshot, TreePath};
    use rules::{Level, Settings};

    use super::*;

    /// What was told, commit by commit.
    #[derive(Default, PartialEq)]
    struct Told {
        commits: Vec<Vec<(String, Option<String>)>>,
        open: Vec<(String, Option<String>)>,
    }

    impl History for Told {
        fn put(&mut self, path: &str, text: &str) -> std::io::Result<()> {
            self.open.push((path.into(), Some(text.into())));
            Ok(())
        }

        fn remove(&mut self, path: &str) -> std::io::Result<()> {
            self.open.push((path.into(), None));
            Ok(())
        }

        fn commit(&mut self, _: u64, _: &str) -> std::io::Result<()> {
            self.commits.push(std::mem::take(&mut self.open));
            Ok(())
        }
    }

    fn told(plan: &Plan) -> Told {
        let mut told = Told::default();
        history(plan, &mut told).unwrap();
        told
    }

    #[test]
    fn the_same_seed_makes_the_same_history() {
        let plan = Plan { reports: 300, commits: 5, seed: 1, is_bare: true };
        assert!(told(&plan) == told(&plan));
        assert!(told(&plan) != told(&Plan { seed: 2, ..plan }));
    }

    /// Every report at several times of its life, judged as one tree.
    #[test]
    fn what_is_made_is_valid() {
        for steps in [0, 1, 12] {
            let mut dice = Dice::new(3, steps);
            let files = (0..500).map(|number| {
                let mut life = Life::first(&mut dice);
                (0..steps).for_each(|_| life.go_on(&mut dice));
                let (path, text) = report(3, number, life);
                (TreePath::new(path).unwrap(), text.into_bytes().into())
            });
            let snapshot = Snapshot::of_files(files.collect::<BTreeMap<_, _>>());
            let judged = rules::validate(&snapshot, &Settings::default());
            assert_eq!(judged.reports, 500);
            let error = judged.findings.iter().find(|finding| finding.level == Level::Error);
            assert!(error.is_none(), "{error:?}");
        }
    }

    /// The newest commit is what a change is measured on.
    #[test]
    fn the_last_commit_changes_a_hundred_reports() {
        for (reports, commits) in [(2000, 2), (5000, 40), (1500, 300)] {
            let told = told(&Plan { reports, commits, seed: 1, is_bare: true });
            let newest = told.commits.last().unwrap();
            let put = newest.iter().filter(|(path, text)| path.starts_with("osv/") && text.is_some());
            assert_eq!(put.count() as u64, LAST_CHANGES, "{reports}");
            assert_eq!(told.commits.len() as u64, commits);
        }
    }
}
