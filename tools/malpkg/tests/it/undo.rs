//! `malpkg undo`: what one run brought does not count any more, and nothing else changes.

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, typed};

const KNOWN: &str = "osv/malicious/npm/a/MAL-2026-900001.json";

fn repository() -> Repository {
    let config =
        "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n[source.third]\nformat = \"osv\"\n";
    Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository()
}

/// Takes in what a source says of packages, each with versions, and gives the commit.
#[track_caller]
fn ingest(repository: &Repository, source: &str, day: u32, said: &[(&str, &[&str])]) -> String {
    let inbox = Folder::empty();
    for (name, versions) in said {
        let text = report(&format!("{}-{name}", source.to_uppercase()), "npm", name, versions);
        inbox.write(
            &format!("{name}.json"),
            text.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}")),
        );
    }
    let inbox = inbox.path().to_str().unwrap();
    let done = json(repository.path(), &["ingest", "--source", source, inbox, "--commit"], Exit::Done);
    done["commit"].as_str().unwrap_or_default().to_owned()
}

fn versions(repository: &Repository, path: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&repository.read(path)).unwrap();
    let listed = report["affected"][0]["versions"].as_array().cloned().unwrap_or_default();
    listed.iter().filter_map(|version| version.as_str().map(str::to_owned)).collect()
}

/// Where the report on a package is that stands.
fn report_on(repository: &Repository, name: &str) -> String {
    repository.run(&["ls-files", &format!("osv/malicious/npm/{name}")]).trim().to_owned()
}

/// Undoes a commit, and gives what changed: the kind and the package of each.
#[track_caller]
fn undo(repository: &Repository, commit: &str) -> Vec<String> {
    let done = json(repository.path(), &["undo", commit, "--commit"], Exit::Done);
    repository.is_clean();
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["findings"], serde_json::json!([]));
    let changes = done["changes"].as_array().unwrap().iter();
    changes
        .map(|change| format!("{} {}", change["kind"].as_str().unwrap(), change["package"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_run_is_taken_back_whole_and_stays_so() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    let bad = ingest(&repository, "feed", 2, &[("a", &["1.0.0", "6.6.6"]), ("b", &["1.0.0"])]);
    let marks = repository.read("osv/ids.json");
    assert_eq!(undo(&repository, &bad), ["narrow npm/a", "withdraw npm/b"]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    assert!(repository.has("osv/withdrawn/npm/b/MAL-2026-900002.json"));
    assert_eq!(repository.read("osv/ids.json"), marks, "ids stay");
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(
        message.starts_with("undo: 2 reports taken back") && message.contains(&format!("Undoes: {bad}")),
        "{message}"
    );
    // Again, and sent again: nothing comes back.
    assert!(undo(&repository, &bad).is_empty());
    ingest(&repository, "feed", 3, &[("a", &["1.0.0", "6.6.6", "6.6.7"]), ("b", &["1.0.0", "1.0.1"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    assert!(repository.has("osv/withdrawn/npm/b/MAL-2026-900002.json") && !repository.has("osv/malicious/npm/b"));
    assert!(repository.read(KNOWN).contains("6.6.7"), "every delivery is on record");
}

/// The words of a run go with it, those of before are back, and those of the run are when it counts again.
#[test]
fn what_a_run_had_to_say_goes_with_it() {
    let repository = repository();
    let say = |name: &str, day: u32, text: &str| {
        let said = report("FEED-a", "npm", name, &[&format!("{day}.0.0")]);
        let mut said: serde_json::Value = serde_json::from_str(&said).unwrap();
        said["details"] = text.into();
        said["modified"] = format!("2026-01-{day:02}T00:00:00Z").into();
        let inbox = Folder::empty();
        inbox.write("a.json", said.to_string());
        let inbox = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", "feed", inbox, "--commit"], Exit::Done);
        repository.id("HEAD")
    };
    let told = |path: &str| {
        let report: serde_json::Value = serde_json::from_str(&repository.read(path)).unwrap();
        let text = report["details"].as_str().unwrap_or_default();
        (text.contains("First words."), text.contains("Bad words."))
    };
    say("a", 1, "First words.");
    let bad = say("a", 2, "Bad words.");
    assert_eq!(told(KNOWN), (false, true));
    assert_eq!(undo(&repository, &bad), ["narrow npm/a"]);
    assert_eq!(told(KNOWN), (true, false));
    say("a", 1, "First words.");
    say("a", 2, "Bad words.");
    assert_eq!(told(KNOWN), (true, false));
    let lift = ["narrow", "npm/a", "--lift", "--reason", "evidence", "--commit"];
    json(repository.path(), &lift, Exit::Done);
    assert_eq!(told(KNOWN), (false, true));
    // Where its stream went on to another package, the words are back too.
    let moved = say("b", 3, "Bad words.");
    assert_eq!(undo(&repository, &moved).len(), 2);
    assert_eq!(told(KNOWN), (false, true));
    // Of a report of which nothing is left one knows what was said.
    assert_eq!(told("osv/withdrawn/npm/b/MAL-2026-900002.json"), (false, true));
}

#[test]
fn what_others_say_stays() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0", "2.0.0"]), ("b", &["1.0.0"])]);
    ingest(&repository, "other", 2, &[("a", &["2.0.0", "3.0.0"])]);
    assert_eq!(undo(&repository, &bad), ["narrow npm/a", "withdraw npm/b"]);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0", "3.0.0"]);
    // The other source is not bound: what it says later counts, and what it says no more does not.
    ingest(&repository, "other", 3, &[("a", &["1.0.0", "3.0.0", "4.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "3.0.0", "4.0.0"]);
}

#[test]
fn of_two_runs_undone_in_turn_nothing_is_left() {
    for is_turned in [false, true] {
        let repository = repository();
        let one = ingest(&repository, "feed", 1, &[("a", &["1.0.0"]), ("b", &["1.0.0"]), ("c", &["1.0.0"])]);
        // Something else, the same, and the next word of the same stream.
        ingest(&repository, "other", 1, &[("c", &["3.0.0"])]);
        let other = ingest(&repository, "other", 2, &[("a", &["2.0.0"]), ("b", &["1.0.0"])]);
        let next = ingest(&repository, "feed", 3, &[("c", &["2.0.0"])]);
        let runs = if is_turned { [&next, &other, &one] } else { [&one, &other, &next] };
        runs.into_iter().for_each(|run| drop(undo(&repository, run)));
        for name in ["a", "b"] {
            assert!(!repository.has(&format!("osv/malicious/npm/{name}")), "{name}, turned: {is_turned}");
        }
        assert_eq!(versions(&repository, &report_on(&repository, "c")), ["3.0.0"], "{is_turned}");
    }
}

#[test]
fn what_a_stream_said_since_counts_when_an_older_word_is_undone() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    ingest(&repository, "feed", 2, &[("a", &["2.0.0"])]);
    assert_eq!(undo(&repository, &bad), ["join npm/a"]);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0"]);
    ingest(&repository, "feed", 3, &[("a", &["2.0.0", "3.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0", "3.0.0"]);
}

#[test]
fn what_a_narrowing_left_of_a_run_goes_with_it() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0", "2.0.0"]), ("b", &["1.0.0", "2.0.0"])]);
    ingest(&repository, "other", 2, &[("a", &["2.0.0", "3.0.0"])]);
    for narrowed in [["npm/a", "--keep", "1.0.0,2.0.0"], ["npm/b", "--clear", "2.0.0"]] {
        let arguments = [&["narrow"][..], &narrowed, &["--reason", "versions-clean", "--commit"]].concat();
        json(repository.path(), &arguments, Exit::Done);
    }
    assert_eq!(undo(&repository, &bad), ["narrow npm/a", "withdraw npm/b"]);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0"]);
    let why = json(repository.path(), &["query", "--why", "npm/a"], Exit::Found).to_string();
    assert!(why.contains("what it brought was undone"), "{why}");
    // Another narrowing does not bring it back.
    ingest(&repository, "third", 3, &[("a", &["4.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0", "4.0.0"]);
    let clear = ["narrow", "npm/a", "--clear", "4.0.0", "--reason", "versions-clean", "--commit"];
    json(repository.path(), &clear, Exit::Done);
    assert_eq!(versions(&repository, KNOWN), ["2.0.0"]);
}

#[test]
fn lifting_and_reinstating_end_an_undo() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0"]), ("b", &["1.0.0"])]);
    ingest(&repository, "other", 2, &[("a", &["2.0.0"])]);
    assert_eq!(undo(&repository, &bad), ["narrow npm/a", "withdraw npm/b"]);
    json(repository.path(), &["narrow", "npm/a", "--lift", "--reason", "evidence", "--commit"], Exit::Done);
    json(repository.path(), &["reinstate", "npm/b", "--reason", "withdrawn-in-error", "--commit"], Exit::Done);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "2.0.0"]);
    assert_eq!(versions(&repository, &report_on(&repository, "b")), ["1.0.0"]);
}

#[test]
fn an_undo_is_taken_back_by_what_is_told() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0"]), ("b", &["1.0.0"])]);
    ingest(&repository, "other", 2, &[("a", &["2.0.0"])]);
    undo(&repository, &bad);
    let before = repository.id("HEAD");
    let refused = json(repository.path(), &["undo", &before], Exit::Failed);
    let commands = typed(refused["remedy"].as_str().unwrap());
    assert_eq!(commands.len(), 1, "{refused}");
    for command in commands {
        let ran = malpkg(repository.path(), &command[1..]);
        assert_eq!(ran.exit, Exit::Done, "{command:?}: {}{}", ran.out, ran.err);
    }
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "2.0.0"]);
    assert_eq!(versions(&repository, &report_on(&repository, "b")), ["1.0.0"]);
    json(repository.path(), &["validate", "--base-exact", &before], Exit::Done);
    // What changed no report git takes back.
    repository.write("README.md", "mine");
    repository.commit("mine");
    let refused = json(repository.path(), &["undo", "HEAD"], Exit::Failed);
    for command in typed(refused["remedy"].as_str().unwrap()) {
        assert_eq!(command[0], "git");
        repository.run(&[&["-c", "core.editor=true"], &command[1..]].concat());
    }
    assert!(!repository.has("README.md"));
}

#[test]
fn wherever_the_reports_are_by_now() {
    let repository = repository();
    let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0"]), ("b", &["1.0.0"])]);
    json(repository.path(), &["withdraw", "npm/a", "--reason", "false-positive", "--commit"], Exit::Done);
    // Written down there too: else it would count again when the report is reinstated.
    assert_eq!(undo(&repository, &bad), ["join npm/a", "withdraw npm/b"]);
}

#[test]
fn a_commit_that_brought_no_delivery() {
    let repository = repository();
    let first = repository.id("HEAD");
    let commit = ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    undo(&repository, &commit);
    for other in ["HEAD", &first, "nowhere"] {
        assert_eq!(malpkg(repository.path(), &["undo", other]).exit, Exit::Failed, "{other}");
    }
    let planned = malpkg(repository.path(), &["undo", &commit]);
    assert!(planned.out.contains("0 reports taken back, 1 unchanged"), "{}", planned.out);
}

#[test]
fn what_takes_many_reports_away_waits_until_its_number_is_typed() {
    let repository = repository();
    let names: Vec<String> = (0..25).map(|at| format!("p{at}")).collect();
    let said: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["1.0.0"][..])).collect();
    let bad = ingest(&repository, "feed", 1, &said);
    let refused = json(repository.path(), &["undo", &bad, "--commit"], Exit::Found);
    assert_eq!((&refused["status"], refused["commit"].is_null()), (&"guarded".into(), true));
    assert_eq!(repository.id("HEAD"), bad);
    let told = malpkg(repository.path(), &["undo", &bad, "--commit"]).out;
    assert!(told.contains("--allow withdraw=25"), "{told}");
    json(repository.path(), &["undo", &bad, "--commit", "--allow", "withdraw=24"], Exit::Found);
    let done = json(repository.path(), &["undo", &bad, "--commit", "--allow", "withdraw=25"], Exit::Done);
    assert_eq!((&done["status"], done["changes"].as_array().map(Vec::len)), (&"done".into(), Some(25)));
}

#[test]
fn who_speaks_later_counts_like_who_spoke_before() {
    for is_late in [false, true] {
        let repository = repository();
        let other = || ingest(&repository, "other", 1, &[("a", &["2.0.0"])]);
        if !is_late {
            other();
        }
        let bad = ingest(&repository, "feed", 2, &[("a", &["6.6.6"])]);
        let told = undo(&repository, &bad);
        if is_late {
            assert_eq!(told, ["withdraw npm/a"]);
            other();
        }
        assert_eq!(versions(&repository, &report_on(&repository, "a")), ["2.0.0"]);
    }
}

#[test]
fn what_was_undone_whole_counts_again_when_it_is_lifted_or_reinstated() {
    for again in [["narrow", "--lift", "evidence"].as_slice(), &["reinstate", "", "withdrawn-in-error"]] {
        let repository = repository();
        let bad = ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
        undo(&repository, &bad);
        let options = again[..2].iter().filter(|word| !word.is_empty()).copied();
        let command: Vec<&str> = options.chain(["npm/a", "--reason", again[2], "--commit"]).collect();
        json(repository.path(), &command, Exit::Done);
        assert_eq!(versions(&repository, &report_on(&repository, "a")), ["1.0.0"], "{command:?}");
        assert!(repository.list().contains(&KNOWN.to_owned()));
    }
}

#[test]
fn what_a_tree_lists_is_mended_in_the_tree() {
    let repository = Database::default().with("malpkg.toml", "[source.tree]\nformat = \"ossf-tree\"\n").repository();
    let tree = Folder::empty();
    let mut commit = String::new();
    for (versions, month) in [(&["1.0.0"][..], 2), (&["1.0.0", "2.0.0"], 3)] {
        let mut own: serde_json::Value = serde_json::from_str(&report("MAL-2024-7", "npm", "z", versions)).unwrap();
        own["modified"] = format!("2026-{month:02}-01T00:00:00Z").into();
        own["database_specific"]["malicious-packages-origins"] = serde_json::json!([{"source": "s", "sha256": "c0ffee",
            "id": "S-1", "versions": ["1.0.0", "2.0.0"], "import_time": "2026-01-01T00:00:00Z",
            "modified_time": "2026-01-01T00:00:00Z"}]);
        tree.write("osv/malicious/npm/z/MAL-2024-7.json", own.to_string());
        let ingest = ["ingest", "--source", "tree", tree.path().to_str().unwrap(), "--commit"];
        commit = json(repository.path(), &ingest, Exit::Done)["commit"].as_str().unwrap().to_owned();
    }
    let answer = malpkg(repository.path(), &["undo", &commit]);
    assert_eq!(answer.exit, Exit::Failed);
    assert!(answer.err.contains("brought no delivery") && answer.err.contains("mend it there"), "{}", answer.err);
}

/// Of each content there is one delivery, whose time rises when it is sent again.
#[test]
fn a_source_that_repairs_itself_loses_nothing() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    let bad = ingest(&repository, "feed", 2, &[("a", &["1.0.0", "6.6.6"])]);
    assert_eq!(undo(&repository, &bad), ["narrow npm/a"]);
    ingest(&repository, "feed", 3, &[("a", &["1.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    // What was undone stays so, also when it is sent again.
    ingest(&repository, "feed", 4, &[("a", &["1.0.0", "6.6.6"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
}

/// A version that was kept out of a range goes with the range, unless somebody else says it, however.
#[test]
fn what_was_kept_of_a_range_goes_with_it() {
    let repository = repository();
    let all = |source: &str, name: &str, day: u32| {
        let text = report(&format!("{source}-{name}"), "npm", name, &[])
            .replace("\"versions\": []", "\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}]");
        text.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}"))
    };
    let take = |source: &str, texts: &[String]| {
        let inbox = Folder::empty();
        texts.iter().enumerate().for_each(|(at, text)| inbox.write(&format!("{at}.json"), text));
        let inbox = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", source, inbox, "--commit"], Exit::Done);
        repository.id("HEAD")
    };
    let bad = take("feed", &[all("F", "a", 1), all("F", "b", 1), all("F", "c", 1)]);
    take("other", &[all("O", "b", 1)]);
    ingest(&repository, "other", 1, &[("c", &["v3.3.3"])]);
    for name in ["a", "b", "c"] {
        let package = format!("npm/{name}");
        let narrow = ["narrow", &package, "--keep", "3.3.3", "--reason", "versions-clean", "--commit"];
        json(repository.path(), &narrow, Exit::Done);
    }
    undo(&repository, &bad);
    let asked = ["a", "b", "c"].map(|name| malpkg(repository.path(), &["query", &format!("npm/{name}@3.3.3")]).exit);
    assert_eq!(asked, [Exit::Done, Exit::Found, Exit::Found]);
    assert!(repository.has("osv/withdrawn/npm/a") && !repository.has("osv/malicious/npm/a"));
}

#[test]
fn what_a_run_only_said_again_is_undone_too() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0", "2.0.0"])]);
    ingest(&repository, "feed", 2, &[("a", &["1.0.0"])]);
    let bad = ingest(&repository, "feed", 3, &[("a", &["1.0.0", "2.0.0"]), ("b", &["1.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "2.0.0"]);
    assert_eq!(undo(&repository, &bad), ["narrow npm/a", "withdraw npm/b"]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    let again = json(repository.path(), &["undo", &bad, "--commit"], Exit::Done);
    assert!(again["commit"].is_null(), "{again}");
}

#[test]
fn what_a_run_said_again_and_nobody_had_doubted_stays() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    let later = ingest(&repository, "feed", 2, &[("a", &["1.0.0"]), ("b", &["1.0.0"])]);
    assert_eq!(undo(&repository, &later), ["withdraw npm/b"]);
    ingest(&repository, "feed", 3, &[("a", &["1.0.0", "2.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "2.0.0"]);
}

#[test]
fn a_run_of_another_branch_is_not_here() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    let there = ingest(&repository, "feed", 2, &[("b", &["1.0.0"])]);
    repository.run(&["checkout", "--quiet", "main"]);
    let ran = malpkg(repository.path(), &["undo", &there]);
    let expected = format!(
        "error: {there}: nothing that this commit brought is here\n  help: name a commit of this branch, or the branch \
         that has it: `--ref`\n"
    );
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Failed, expected.as_str()));
}

#[test]
fn what_stands_again_after_an_undo_stands_whoever_speaks_next() {
    let repository = repository();
    let run = ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    undo(&repository, &run);
    json(repository.path(), &["reinstate", "npm/a", "--reason", "evidence", "--by", "Ada", "--commit"], Exit::Done);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    ingest(&repository, "other", 2, &[("a", &["2.0.0"])]);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0", "2.0.0"]);
}

#[test]
fn what_its_source_takes_back_after_an_undo_is_taken_back() {
    let repository = repository();
    ingest(&repository, "feed", 1, &[("a", &["1.0.0"])]);
    let run = ingest(&repository, "feed", 2, &[("a", &["1.0.0", "9.0.0"])]);
    undo(&repository, &run);
    assert_eq!(versions(&repository, KNOWN), ["1.0.0"]);
    let inbox = Folder::empty();
    let gone = report("FEED-a", "npm", "a", &["1.0.0", "9.0.0"]).replace("2026-01-01", "2026-01-03");
    inbox.write("a.json", gone.replacen('{', "{\"withdrawn\": \"2026-01-03T00:00:00Z\",", 1));
    json(repository.path(), &["ingest", "--source", "feed", inbox.path().to_str().unwrap(), "--commit"], Exit::Done);
    assert!(!repository.has(KNOWN), "nobody says it any more");
}
