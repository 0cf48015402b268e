//! `malpkg ingest` with several sources in one run: one commit, and none stops the others.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Repository, report};

use crate::program::{NOW, json, malpkg, malpkg_at};

const CONFIG: &str = "[source.a]\nformat = \"osv\"\nfrom = \"a\"\n[source.b]\nformat = \"osv\"\nfrom = \"b\"\n\
    [source.asleep]\nformat = \"osv\"\nfrom = \"a\"\npaused = \"it lies\"\n[source.by-hand]\nformat = \"osv\"\n\
    [source.list]\nformat = \"osv\"\nfrom = \"list\"\ncomplete = true\n";

/// A database whose sources lie beside it; nothing of these is in git.
fn repository(list: usize) -> Repository {
    let repository = Database::default().with("malpkg.toml", CONFIG).with(".gitignore", "a\nb\nlist\n").repository();
    repository.write("a/one.json", report("A-1", "npm", "one", &["1.0.0"]));
    repository.write("a/both.json", report("A-2", "npm", "both", &["1.0.0"]));
    repository.write("b/both.json", report("B-1", "npm", "both", &["2.0.0"]));
    for number in 0..list {
        repository.write(
            &format!("list/{number}.json"),
            report(&format!("L-{number}"), "npm", &format!("l{number}"), &["1"]),
        );
    }
    repository
}

/// Of each source the members that are named.
fn told(done: &Value, members: &[&str]) -> Vec<Vec<String>> {
    let of = |source: &Value| members.iter().map(|member| source[member].to_string()).collect();
    done["sources"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn every_source_that_can_be_read_goes_into_one_commit() {
    let repository = repository(1);
    let before = repository.id("HEAD");
    let done = json(repository.path(), &["ingest", "--commit"], Exit::Done);
    assert_eq!(done["status"], "done");
    assert_eq!(told(&done, &["id", "deliveries"]), [["\"a\"", "2"], ["\"b\"", "1"], ["\"list\"", "1"]]);
    assert_eq!(repository.id("HEAD~1"), before, "one commit");
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("ingest: 3 reports created, 1 delivery joined from 3 sources\n"), "{message}");
    assert!(message.contains("\nSource: a\nSource: b\nSource: list\n"), "{message}");
    let again = json(repository.path(), &["ingest", "--commit"], Exit::Done);
    assert!(again["commit"].is_null());
}

#[test]
fn what_they_send_does_not_depend_on_their_order() {
    let (at_once, one_by_one) = (repository(0), repository(0));
    json(at_once.path(), &["ingest", "--source", "b,a", "--commit"], Exit::Done);
    for source in ["b", "a"] {
        json(one_by_one.path(), &["ingest", "--source", source, "--commit"], Exit::Done);
    }
    let contents = |repository: &Repository| -> Vec<String> {
        let paths = repository.paths("HEAD").into_iter().filter(|path| path.contains("/malicious/"));
        let without_id = |text: String| {
            text.lines()
                .filter(|line| !line.contains("\"MAL-") && !line.contains("\"modified\""))
                .collect::<Vec<_>>()
                .join("\n")
        };
        paths.map(|path| without_id(repository.show("HEAD", &path))).collect()
    };
    let mut contents = [contents(&at_once), contents(&one_by_one)];
    contents.iter_mut().for_each(|all| all.sort());
    assert_eq!(contents[0], contents[1]);
    assert_eq!(contents[0].len(), 2);
}

#[test]
fn a_source_that_cannot_be_read_is_told_and_the_others_go_on() {
    let repository = repository(0);
    let ran = malpkg(repository.path(), &["ingest", "--source", "a", "--source", "list", "--commit"]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("list: error:") && ran.out.contains("a: 2 read, 2 created"), "{}{}", ran.err, ran.out);
    assert!(repository.paths("HEAD").iter().any(|path| path.starts_with("osv/malicious/npm/one/")));
    let done = json(repository.path(), &["ingest", "--source", "a,list", "--commit"], Exit::Failed);
    assert_eq!((&done["format"], &done["status"]), (&"malpkg.ingest".into(), &"partial".into()));
    assert!(done["sources"][1]["error"].as_str().unwrap().contains("list"), "{done}");
    assert!(done["sources"][0]["error"].is_null());
    // Alone its failure is the answer.
    let alone = json(repository.path(), &["ingest", "--source", "list"], Exit::Failed);
    assert_eq!(alone["format"], "malpkg.error");
    let paused = json(repository.path(), &["ingest", "--source", "asleep,a"], Exit::Failed);
    assert!(paused["sources"][0]["error"].as_str().unwrap().contains("paused: it lies"), "{paused}");
}

#[test]
fn a_source_that_takes_too_much_away_is_left_out_and_the_others_go_on() {
    let repository = repository(30);
    json(repository.path(), &["ingest", "--commit"], Exit::Done);
    (1..30).for_each(|number| repository.remove(&format!("list/{number}.json")));
    repository.write("b/more.json", report("B-2", "npm", "more", &["1.0.0"]));
    let later = NOW.replace("06-01", "06-02");
    let ran = malpkg_at(&later, repository.path(), &["ingest", "--commit", "--format", "json"]);
    assert_eq!(ran.exit, Exit::Found, "{}{}", ran.out, ran.err);
    let done: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&done["status"], done["commit"].is_null()), (&"guarded".into(), false));
    assert_eq!(
        told(&done, &["id", "created", "guarded"])[1..],
        [["\"b\"", "1", "[]"].map(str::to_owned), ["\"list\"", "0", "[\"withdraw=29\"]"].map(str::to_owned)]
    );
    let text = malpkg_at(&later, repository.path(), &["ingest"]);
    assert!(text.out.contains("malpkg ingest --source list --allow withdraw=29"), "{}", text.out);
    let ran = malpkg_at(&later, repository.path(), &["ingest", "--explain", "list", "--format", "json"]);
    let explained: Value = serde_json::from_str(&ran.out).unwrap();
    let [held] = &explained["explained"].as_array().unwrap()[..] else { panic!("{explained}") };
    assert_eq!(held["fate"], "skipped");
    assert!(held["message"].as_str().unwrap().contains("would take many reports away"), "{held}");
    let allowed = ["ingest", "--source", "list", "--allow", "withdraw=29", "--commit"];
    assert_eq!(malpkg_at(&later, repository.path(), &allowed).exit, Exit::Done);
}

#[test]
fn where_only_all_together_take_too_much_the_greatest_waits() {
    let source = |id: &str| format!("[source.{id}]\nformat = \"osv\"\nfrom = \"{id}\"\ncomplete = true\n");
    let config = format!("[guard]\npercent = 0\nat-least = 4\n{}{}{}", source("c"), source("d"), source("fresh"));
    let repository = Database::default().with("malpkg.toml", &config).with("osv/ids.json", "{}\n").repository();
    let say = |id: &str, number: usize| {
        let text = report(&format!("{id}-{number}"), "npm", &format!("{id}{number}"), &["1.0.0"]);
        repository.write(&format!("{id}/{number}.json"), text);
    };
    (0..6).for_each(|number| say("c", number));
    (0..6).for_each(|number| say("d", number));
    say("fresh", 0);
    json(repository.path(), &["ingest", "--commit"], Exit::Done);
    (0..2).for_each(|number| repository.remove(&format!("c/{number}.json")));
    (0..3).for_each(|number| repository.remove(&format!("d/{number}.json")));
    say("fresh", 1);
    let later = NOW.replace("06-01", "06-02");
    let ran = |more: &[&str]| -> Value {
        let arguments = [&["ingest", "--format", "json"], more].concat();
        serde_json::from_str(&malpkg_at(&later, repository.path(), &arguments).out).unwrap()
    };
    let done = ran(&[]);
    let expected = [["\"c\"", "2", "[]"], ["\"d\"", "0", "[\"withdraw=5\"]"], ["\"fresh\"", "0", "[]"]];
    assert_eq!(told(&done, &["id", "withdrawn", "guarded"]), expected.map(|one| one.map(str::to_owned)));
    // What is typed is for all of them.
    let done = ran(&["--allow", "withdraw=5"]);
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(told(&done, &["withdrawn"]), [["2"], ["3"], ["0"]].map(|one| one.map(str::to_owned)));
}

#[test]
fn how_much_may_go_is_configured() {
    let repository = repository(5);
    json(repository.path(), &["ingest", "--commit"], Exit::Done);
    (1..5).for_each(|number| repository.remove(&format!("list/{number}.json")));
    let list = ["ingest", "--source", "list"];
    json(repository.path(), &list, Exit::Done);
    repository.write("malpkg.toml", format!("{CONFIG}[guard]\npercent = 0\nat-least = 3\n"));
    assert_eq!(json(repository.path(), &list, Exit::Found)["status"], "guarded");
}

#[test]
fn documents_named_by_hand_are_of_one_source() {
    let repository = repository(0);
    for arguments in [&["ingest", "--source", "a,b", "a"][..], &["ingest", "a"]] {
        assert_eq!(malpkg(repository.path(), arguments).exit, Exit::Failed, "{arguments:?}");
    }
}

#[test]
fn what_a_complete_source_names_again_stands_again() {
    let repository = repository(1);
    repository.write("list/kept.json", report("L-kept", "npm", "kept", &["1"]));
    let day = |day: &str| NOW.replace("06-01", day);
    let ingest = ["ingest", "--source", "list", "--commit", "--format", "json"];
    let at = |when: &str| {
        let ran = malpkg_at(&day(when), repository.path(), &ingest);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
        serde_json::from_str::<Value>(&ran.out).unwrap()
    };
    at("06-01");
    let sent = repository.read("list/0.json");
    repository.remove("list/0.json");
    assert_eq!(at("06-02")["changes"][0]["kind"], "withdraw");
    repository.write("list/0.json", sent);
    let again = at("06-03");
    assert_eq!(
        (&again["changes"][0]["kind"], &again["sources"][0]["joined"]),
        (&"reinstate".into(), &1.into()),
        "{again}"
    );
    assert!(repository.run(&["log", "-1", "--format=%s"]).contains("1 delivery joined"));
    assert!(at("06-04")["commit"].is_null(), "nothing of it is news");
}

/// Without ids of its own a complete list is held to what it says: each row is a statement, and one that is there no more
/// is taken back; the guard counts it as it counts any other.
#[test]
fn a_complete_list_without_ids_takes_back_what_it_no_longer_says() {
    let config =
        "[database]\n[source.list]\nformat = \"table\"\nfrom = \"list.csv\"\ncomplete = true\n[guard]\nat-least = 2\n";
    let repository = Database::default().with("malpkg.toml", config).with(".gitignore", "list.csv\n").repository();
    let row = |package: &str, version: &str| format!("{package},{version},2026-01-01\n");
    let ingest = |rows: &[(&str, &str)], day: &str, exit: Exit| {
        let rows: String = rows.iter().map(|(package, version)| row(package, version)).collect();
        repository.write("list.csv", format!("package,versions,published\n{rows}"));
        let arguments = ["ingest", "--source", "list", "--commit", "--format", "json"];
        let ran = malpkg_at(&NOW.replace("06-01", day), repository.path(), &arguments);
        assert_eq!(ran.exit, exit, "{}{}", ran.out, ran.err);
        serde_json::from_str::<Value>(&ran.out).unwrap()
    };
    let (x, y) = (("npm/x", "1.0.0"), ("npm/y", "1.0.0"));
    let kinds = |done: &Value| -> Vec<String> {
        done["changes"].as_array().unwrap().iter().map(|one| format!("{} {}", one["kind"], one["package"])).collect()
    };
    let versions = |package: &str| {
        let shown = json(repository.path(), &["query", package], Exit::Found);
        shown["answers"][0]["reports"][0]["affected_versions"].clone()
    };
    ingest(&[x, ("npm/x", "2.0.0"), y], "06-01", Exit::Done);
    assert!(ingest(&[y, x, ("npm/x", "2.0.0")], "06-02", Exit::Done)["commit"].is_null(), "the order says nothing");
    // A row that goes, one that is another one, and one that comes back.
    assert_eq!(kinds(&ingest(&[x, ("npm/x", "2.0.0")], "06-03", Exit::Done)), ["\"withdraw\" \"npm/y\""]);
    ingest(&[x, ("npm/x", "3.0.0")], "06-04", Exit::Done);
    assert_eq!(versions("npm/x"), serde_json::json!(["1.0.0", "3.0.0"]));
    assert_eq!(kinds(&ingest(&[x, y], "06-05", Exit::Done)), ["\"narrow\" \"npm/x\"", "\"reinstate\" \"npm/y\""]);
    assert!(ingest(&[x, y], "06-06", Exit::Done)["commit"].is_null());
    let aliases = json(repository.path(), &["query", "npm/y"], Exit::Found);
    assert_eq!(aliases["answers"][0]["reports"][0]["aliases"], serde_json::json!([]));
    let (z, w) = (("npm/z", "1"), ("npm/w", "1"));
    ingest(&[x, y, z, w], "06-07", Exit::Done);
    assert_eq!(ingest(&[x], "06-08", Exit::Found)["status"], "guarded");
    assert_eq!(kinds(&ingest(&[z, w, x], "06-09", Exit::Done)), ["\"withdraw\" \"npm/y\""]);
    json(repository.path(), &["validate"], Exit::Done);
}

/// What an edited file of a repository said before is taken back.
#[test]
fn a_complete_repository_takes_back_what_an_edited_file_said() {
    let feed = Database::default().repository();
    let statement = |version: &str| report("", "npm", "x", &[version]).replace("\"id\": \"\",", "");
    let publish = |text: String| {
        feed.write("osv/x.json", text);
        feed.run(&["add", "-A"]);
        feed.run(&["commit", "-qm", "x"]);
    };
    let config = format!(
        "[database]\n[source.list]\nformat = \"osv\"\nfrom = {:?}\nprefixes = [\"osv/\"]\ncomplete = true\n",
        feed.path().to_str().unwrap()
    );
    let repository = Database::default().with("malpkg.toml", &config).repository();
    let versions = |day: &str, exit: Exit| {
        let ran = malpkg_at(&NOW.replace("06-01", day), repository.path(), &["ingest", "--source", "list", "--commit"]);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
        let shown = json(repository.path(), &["query", "npm/x"], exit);
        shown["answers"][0]["reports"][0]["affected_versions"].clone()
    };
    publish(statement("1.0.0"));
    assert_eq!(versions("06-02", Exit::Found), serde_json::json!(["1.0.0"]));
    publish(statement("2.0.0"));
    assert_eq!(versions("06-03", Exit::Found), serde_json::json!(["2.0.0"]));
    // One that cannot be read says nothing, and takes nothing back.
    publish("{".to_owned());
    assert_eq!(versions("06-04", Exit::Found), serde_json::json!(["2.0.0"]));
}
