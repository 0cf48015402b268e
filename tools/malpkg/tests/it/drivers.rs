//! Branches that meet: with the driver, without it, and joined in one go, they come to the same tree.
//!
//! `cargo xtask drivers --pairs N` tries more of them than the tests do by themselves.

use std::collections::{BTreeMap, BTreeSet};

use curate::{Batch, Deed, Delivery, Numbering, Settled, decide, ingest, join, sha256_hex};
use database::{Base, Entry, Place, Snapshot, TreePath};
use malpkg::Exit;
use osv_schema::{Document, Member, Record, Timestamp, write};
use testkit::{Repository, report};

use crate::program::{json, malpkg};

const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "2.0.0", "3.0.0", "4.0.0"];
const PACKAGES: usize = 3;

/// Numbers that look like chance and are the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn delivery(dice: &mut Dice, package: usize, is_first: bool) -> Delivery {
    let source = ["a", "b", "c"][dice.roll(3)];
    let (id, day, word) = (dice.roll(2), 1 + dice.roll(9), dice.roll(6));
    let versions: Vec<String> =
        VERSIONS.iter().filter(|_| dice.roll(2) == 0).map(|version| format!("{version:?}")).collect();
    let versions = if versions.is_empty() { "\"9.0.0\"".to_owned() } else { versions.join(", ") };
    let gone = if !is_first && dice.roll(3) == 0 {
        format!(r#""withdrawn": "2026-05-0{day}T06:00:00Z", "#)
    } else {
        String::new()
    };
    let text = format!(
        r#"{{"id": "{source}-{package}-{id}", {gone}"modified": "2026-05-0{day}T00:00:00Z", "published": "2026-04-01T00:00:00Z",
        "details": "Text {word} of {source}.", "aliases": ["GHSA-{package}-{word}"],
        "references": [{{"type": "WEB", "url": "https://example.org/{word}"}}],
        "database_specific": {{"iocs": {{"domains": ["{word}.example"]}}}},
        "affected": [{{"package": {{"ecosystem": "npm", "name": "p{package}"}}, "versions": [{versions}]}}]}}"#
    );
    let record = Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap();
    let sha256 = sha256_hex(text.as_bytes());
    Delivery { source: source.into(), name: "d.json".into(), sha256, record, keeps_id: false, taken_over: false }
}

fn take(base: &Snapshot, deliveries: Vec<Delivery>) -> Snapshot {
    let numbering = Numbering { prefix: "MAL".into(), first_number: 1, ever: BTreeMap::new() };
    let batch =
        Batch { deliveries: deliveries.into(), went_on: Vec::new().into(), drops_ids_of: BTreeSet::new(), numbering };
    let now: Timestamp = "2026-05-20T00:00:00Z".parse().unwrap();
    base.with(&ingest(base, &batch, &(), now).unwrap().0.changes)
}

fn settle(base: &Snapshot, package: usize, dice: &mut Dice) -> Snapshot {
    let versions = || BTreeSet::from([VERSIONS[package % VERSIONS.len()].to_owned()]);
    let deed = match dice.roll(6) {
        0 | 1 => Deed::Withdraw,
        2 => Deed::Reinstate,
        3 => Deed::Keep(versions()),
        4 => Deed::Clear(versions()),
        _ => Deed::Lift,
    };
    let settled = Settled { deed, reason: "evidence".into(), note: None, by: None, evidence: None };
    let at: Timestamp = format!("2026-05-{:02}T0{}:00:00Z", 21 + dice.roll(8), dice.roll(9)).parse().unwrap();
    let folder = format!("npm/p{package}");
    let is_on_package = |place: &Place<'_>| place.folder == folder;
    let entries: Vec<&Entry> =
        base.reports().filter(|(place, _)| is_on_package(place)).map(|(_, entry)| entry).collect();
    base.with(&decide(base, &entries, &settled, at).plan.changes)
}

/// One branch, and what came in on it where nothing else happened.
fn branch(base: &Snapshot, dice: &mut Dice) -> (Snapshot, Option<Vec<Delivery>>) {
    let (mut tree, mut all, mut is_pure) = (base.clone(), Vec::new(), true);
    for _ in 0..1 + dice.roll(4) {
        let package = dice.roll(PACKAGES);
        if dice.roll(2) == 0 {
            let next = settle(&tree, package, dice);
            is_pure &= files(&next) == files(&tree);
            tree = next;
        } else {
            let sent = delivery(dice, package, false);
            all.push(sent.clone());
            tree = take(&tree, vec![sent]);
        }
    }
    (tree, is_pure.then_some(all))
}

fn files(tree: &Snapshot) -> BTreeMap<TreePath, Vec<u8>> {
    tree.entries().iter().map(|entry| (entry.path.clone(), tree.read(entry).unwrap())).collect()
}

fn record(bytes: &[u8]) -> Record {
    Record::read(&Document::parse(bytes).unwrap()).unwrap()
}

/// What each report comes to in one go.
fn in_one_go(base: &Snapshot, ours: &Snapshot, theirs: &Snapshot) -> BTreeMap<TreePath, Vec<u8>> {
    let by_name = |tree: &Snapshot| -> BTreeMap<String, (TreePath, Vec<u8>)> {
        let name = |path: &TreePath| Place::of(path).map_or_else(|| path.to_string(), |place| place.stem.to_owned());
        files(tree).into_iter().map(|(path, bytes)| (name(&path), (path, bytes))).collect()
    };
    let (base, ours, theirs) = (by_name(base), by_name(ours), by_name(theirs));
    let mut all = BTreeMap::new();
    for (name, (path, one)) in &ours {
        let (there, other) = &theirs[name];
        let (path, bytes) = match base[name].1.as_slice() {
            _ if one == other => (path.clone(), one.clone()),
            was if was == one => (there.clone(), other.clone()),
            was if was == other => (path.clone(), one.clone()),
            _ => {
                let (one, other) = (record(one), record(other));
                let now = one.modified_at().max(other.modified_at()).unwrap();
                let joined = join(&one, &other, now).unwrap();
                let base = if joined.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
                let path = Place { base, ..Place::of(path).unwrap() }.path().unwrap();
                (path, write::canonical(&joined).into_bytes())
            }
        };
        all.insert(path, bytes);
    }
    all
}

/// Puts a tree into the work tree, and commits it.
fn put(repository: &Repository, tree: &Snapshot, message: &str) -> String {
    if repository.has("osv") {
        repository.remove("osv");
    }
    files(tree).into_iter().for_each(|(path, bytes)| repository.write(path.as_str(), bytes));
    repository.commit(message)
}

/// Makes the branches `other` and `main`, of which the second is checked out.
fn part(repository: &Repository, [base, ours, theirs]: [&Snapshot; 3]) {
    repository.run(&["checkout", "--quiet", "-B", "main"]);
    let base = put(repository, base, "base");
    repository.run(&["checkout", "--quiet", "-B", "other", &base]);
    put(repository, theirs, "theirs");
    repository.run(&["checkout", "--quiet", "-B", "main", &base]);
    put(repository, ours, "ours");
}

/// Merges two trees in a repository, and gives what came of it.
fn merged(repository: &Repository, trees: [&Snapshot; 3], case: &str) -> BTreeMap<TreePath, Vec<u8>> {
    part(repository, trees);
    meet(repository, case);
    reports(repository)
}

/// The reports of the commit that is checked out.
fn reports(repository: &Repository) -> BTreeMap<TreePath, Vec<u8>> {
    let paths = repository.paths("HEAD").into_iter().filter(|path| path.starts_with("osv/"));
    paths.map(|path| (path.parse().unwrap(), repository.show("HEAD", &path).into_bytes())).collect()
}

/// Merges the branch `other` into the one that is checked out, by git and then by the tool.
fn meet(repository: &Repository, case: &str) {
    // Git may stop: that is what the command is for.
    repository.run(&["-c", "alias.try=!git merge --quiet --no-edit other >/dev/null 2>&1 || true", "try"]);
    let stopped = repository.has(".git/MERGE_HEAD");
    let how = if stopped { "--write" } else { "--commit" };
    let done = json(repository.path(), &["merge", how], Exit::Done);
    assert_eq!(done["rejected"], serde_json::json!([]), "{case}: {done}");
    if stopped {
        repository.commit("merged");
    }
    repository.is_clean();
}

fn without_modified(files: &BTreeMap<TreePath, Vec<u8>>) -> Vec<(TreePath, String)> {
    let reports = files.iter().filter(|(path, _)| Place::of(path).is_some());
    let told = |bytes: &[u8]| write::canonical(&Record { modified: Member::Absent, ..record(bytes) });
    reports.map(|(path, bytes)| (path.clone(), told(bytes))).collect()
}

/// A repository whose git knows the driver, or does not.
fn repository(with_driver: bool) -> Repository {
    let repository = Repository::empty();
    repository.write("malpkg.toml", "");
    if with_driver {
        let program = env!("CARGO_BIN_EXE_malpkg");
        let done = json(repository.path(), &["git-driver", "install", "--write", "--program", program], Exit::Done);
        assert_eq!(done["written"], true);
    }
    repository.commit("a database");
    repository
}

#[test]
fn two_branches_come_to_what_they_come_to_in_one_go() {
    let pairs = std::env::var("MALPKG_DRIVER_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let (with, without) = (repository(true), repository(false));
    let mut joined = 0;
    for pair in 0..pairs {
        let mut dice = Dice(pair);
        let first = (0..PACKAGES).flat_map(|package| [(); 2].map(|()| package));
        let first: Vec<Delivery> = first.map(|package| delivery(&mut dice, package, true)).collect();
        let base = take(&Snapshot::of_files([]), first);
        let ((ours, _), (theirs, sent)) = (branch(&base, &mut dice), branch(&base, &mut dice));
        let expected = in_one_go(&base, &ours, &theirs);
        joined += usize::from(expected != files(&ours) && expected != files(&theirs));
        for (name, repository) in [("with", &with), ("without", &without)] {
            let case = format!("pair {pair}, {name} the driver");
            let found = merged(repository, [&base, &ours, &theirs], &case);
            let names = |files: &BTreeMap<TreePath, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&found), names(&expected), "{case}");
            for (path, bytes) in &expected {
                let (found, expected) = (String::from_utf8_lossy(&found[path]), String::from_utf8_lossy(bytes));
                assert_eq!(found, expected, "{case}: {path}");
            }
        }
        // What came in on one branch, taken in on the other: but for how often it changed, the same.
        if let Some(sent) = sent.filter(|sent| !sent.is_empty()) {
            let taken = files(&take(&ours, sent));
            assert_eq!(without_modified(&taken), without_modified(&expected), "pair {pair}");
        }
    }
    assert!(joined * 2 > usize::try_from(pairs).unwrap(), "only {joined} pairs had anything to join");
}

#[test]
fn what_is_rebased_or_picked_is_joined_where_git_stops() {
    let repository = repository(false);
    let pairs = [
        ("rebase --quiet main", "-c core.editor=true rebase --continue"),
        ("cherry-pick other", "commit --allow-empty -aqm x"),
    ];
    let mut stopped = 0;
    for (seed, (begin, go_on)) in (0..12).zip(pairs.into_iter().cycle()) {
        let mut dice = Dice(seed);
        let base =
            take(&Snapshot::of_files([]), (0..PACKAGES).map(|package| delivery(&mut dice, package, true)).collect());
        let ((ours, _), (theirs, _)) = (branch(&base, &mut dice), branch(&base, &mut dice));
        part(&repository, [&base, &ours, &theirs]);
        if begin.starts_with("rebase") {
            repository.run(&["checkout", "--quiet", "other"]);
        }
        repository.run(&["-c", &format!("alias.try=!git {begin} >/dev/null 2>&1 || true"), "try"]);
        if !repository.has(".git/CHERRY_PICK_HEAD") && !repository.has(".git/REBASE_HEAD") {
            continue;
        }
        stopped += 1;
        let done = json(repository.path(), &["merge", "--write"], Exit::Done);
        assert_eq!(done["rejected"], serde_json::json!([]), "{seed}: {done}");
        repository.run(&["add", "--all", "osv"]);
        repository.run(&["-c", &format!("alias.on=!git {go_on} >/dev/null"), "on"]);
        assert_eq!(reports(&repository), in_one_go(&base, &ours, &theirs), "{begin}, {seed}");
        repository.is_clean();
    }
    assert!(stopped >= 4, "git stopped only {stopped} times");
}

#[test]
fn branches_that_gave_ids_of_one_year_still_conflict() {
    let repository = repository(true);
    let mark = |highest: u64, batch: &str| format!(r#"{{"highest": {highest}, "batch": "{batch}"}}"#);
    let ids = |marks: &[(&str, String)]| {
        let years: Vec<String> = marks.iter().map(|(year, mark)| format!("\"{year}\": {mark}")).collect();
        format!("{{{}}}\n", years.join(", "))
    };
    let with_report = |number: u64, name: &str| {
        let text = report(&format!("MAL-2026-{number}"), "npm", name, &["1.0.0"]);
        (format!("osv/malicious/npm/{name}/MAL-2026-{number}.json"), text)
    };
    let branch = |name: &str, number: u64, marks: &str, package: &str| {
        repository.run(&["checkout", "--quiet", "-B", name, "main"]);
        let (path, text) = with_report(number, package);
        repository.write(&path, text);
        repository.write("osv/ids.json", marks);
        repository.commit(name);
    };
    repository.write("osv/ids.json", ids(&[("2025", mark(7, "a")), ("2026", mark(1, "a"))]));
    repository.commit("ids");
    branch("one", 2, &ids(&[("2025", mark(7, "a")), ("2026", mark(2, "b"))]), "one");
    branch("two", 2, &ids(&[("2025", mark(7, "a")), ("2026", mark(2, "c"))]), "two");
    branch("old", 1, &ids(&[("2025", mark(8, "d")), ("2026", mark(1, "a"))]), "old");
    repository.run(&["checkout", "--quiet", "one"]);
    repository.run(&["merge", "--quiet", "--no-edit", "old"]);
    let both: serde_json::Value = serde_json::from_str(&repository.read("osv/ids.json")).unwrap();
    assert_eq!((&both["2025"]["highest"], &both["2026"]["batch"]), (&8.into(), &"b".into()));
    let said = repository.run_fails(&["merge", "--quiet", "--no-edit", "two"]);
    assert!(said.contains("both branches gave ids of 2026") && said.contains("assign --renumber"), "{said}");
    let ran = malpkg(repository.path(), &["assign", "--renumber", "--base", "one", "--write"]);
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    repository.commit("merged");
    let found = repository.paths("HEAD");
    assert!(found.contains(&"osv/malicious/npm/two/MAL-2026-900001.json".to_owned()), "{found:?}");
}

#[test]
fn what_one_side_wrote_by_hand_stays_as_it_was_written() {
    let repository = repository(true);
    let path = "osv/malicious/npm/a/MAL-2026-1.json";
    let text = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let text = write::canonical(&record(text.as_bytes()));
    repository.write(path, &text);
    repository.commit("a report");
    repository.run(&["checkout", "--quiet", "-B", "other"]);
    repository.write(path, text.replace("\"malware\"", "\"typosquat\"").replace("runs code", "steals code"));
    repository.commit("by hand");
    repository.run(&["checkout", "--quiet", "main"]);
    let done =
        json(repository.path(), &["withdraw", "MAL-2026-1", "--reason", "false-positive", "--commit"], Exit::Done);
    assert!(done["commit"].is_string());
    meet(&repository, "by hand");
    let merged: serde_json::Value =
        serde_json::from_str(&repository.read("osv/withdrawn/npm/a/MAL-2026-1.json")).unwrap();
    let details = merged["details"].as_str().unwrap();
    assert!(details.contains("steals code") && !details.contains("runs code"), "{details}");
    assert_eq!(merged["database_specific"]["malpkg"]["kind"], "typosquat");
    assert_eq!(merged["database_specific"]["malpkg"]["decisions"].as_array().unwrap().len(), 2);
    assert!(json(repository.path(), &["merge"], Exit::Done)["changes"].as_array().unwrap().is_empty());
}

#[test]
fn git_shows_what_a_change_means() {
    let repository = repository(true);
    let path = "osv/malicious/npm/a/MAL-2026-1.json";
    let text = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    repository.write(path, &text);
    repository.commit("a report");
    repository.write(path, text.replace("runs code", "calls https://evil.example.com/x \\u001b[31m and runs code"));
    repository.run(&["add", "--all"]);
    let shown = repository.run(&["diff", "--cached"]);
    assert!(shown.contains("+  ") && shown.contains("hxxps://evil[.]example[.]com/x"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains("\"details\""), "{shown}");
}

#[test]
fn the_plan_comes_before_the_settings() {
    let repository = Repository::empty();
    repository.write("osv/README.md", "");
    let install = ["git-driver", "install", "--program", "/opt/my tools/malpkg"];
    let plan = malpkg(repository.path(), &install);
    assert!(
        plan.out.contains("merge.malpkg.driver = '/opt/my tools/malpkg' git-driver merge %O %A %B %P"),
        "{}",
        plan.out
    );
    assert!(!repository.has(".gitattributes"));
    repository.write(".gitattributes", "*.md text");
    malpkg(repository.path(), &[&install[..], &["--write"]].concat());
    assert!(repository.read(".gitattributes").starts_with("*.md text\nosv/malicious/** merge=malpkg diff=malpkg\n"));
    let again = json(repository.path(), &install, Exit::Done);
    assert_eq!((&again["settings"], &again["attributes"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn a_cursor_is_that_of_either_side() {
    let path: TreePath = "osv/cursors/x.json".parse().unwrap();
    let met = |one: &[u8], other: &[u8]| curate::meet(&path, Some(b"{}"), one, other).unwrap();
    assert_eq!(met(b"{\"a\": 1}", b"{\"b\": 1}"), met(b"{\"b\": 1}", b"{\"a\": 1}"));
}
