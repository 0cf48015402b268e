//! `malpkg dedupe`: one report each, nothing lost, and every id leads to it.
//!
//! `cargo xtask dedupe --groups N` makes more groups than the tests do by themselves.

use std::collections::BTreeSet;

use malpkg::Exit;
use serde_json::{Value, json};
use testkit::{Database, Repository, report};

use crate::program::{json as answer, malpkg};

/// A report with aliases and one origin.
fn with(id: &str, ecosystem: &str, name: &str, version: &str, day: usize, aliases: &[&str]) -> String {
    let mut text: Value = serde_json::from_str(&report(id, ecosystem, name, &[version])).unwrap();
    text["published"] = json!(format!("2026-01-{:02}T00:00:00Z", 1 + day % 28));
    text["modified"] = json!("2026-02-01T00:00:00Z");
    if !aliases.is_empty() {
        text["aliases"] = json!(aliases);
    }
    text["database_specific"]["malicious-packages-origins"] = json!([{
        "source": "feed", "sha256": format!("{:064x}", day * 1000 + id.len()), "id": format!("F-{id}"),
        "import_time": "2026-01-30T00:00:00Z", "modified_time": "2026-01-29T00:00:00Z", "versions": [version],
    }]);
    format!("{text:#}\n")
}

/// Reports that are one: where each lies, its id, and its text.
struct Group {
    files: Vec<(String, String, String)>,
    /// All ids by which it is known.
    ids: BTreeSet<String>,
    versions: BTreeSet<String>,
}

fn group(number: usize) -> Group {
    let name = format!("pack-age{number}");
    let id = |of: usize| format!("MAL-2026-{}", number * 10 + of + 1);
    let ghsa = |of: usize| format!("GHSA-{number:04}-{of:04}-aaaa");
    let (g1, g2) = (ghsa(1), ghsa(2));
    // The ecosystem, the folder, the name and the aliases of each.
    let first = id(0);
    let parts: Vec<(&str, String, String, Vec<&str>)> = match number % 4 {
        0 => vec![
            ("PyPI", format!("pypi/Pack_Age{number}"), format!("Pack_Age{number}"), vec![]),
            ("PyPI", format!("pypi/{name}"), name.clone(), vec![&g1]),
        ],
        1 => vec![
            ("npm", format!("npm/{name}"), name.clone(), vec![&g1]),
            ("npm", format!("npm/{name}"), name.clone(), vec![&g2]),
        ],
        2 => vec![
            ("npm", format!("npm/{name}"), name.clone(), vec![&g1]),
            ("npm", format!("npm/{name}"), name.clone(), vec![&g1, &g2]),
            ("npm", format!("npm/{name}"), name.clone(), vec![&g2]),
        ],
        _ => vec![
            ("RubyGems", format!("rubygems/{name}"), name.clone(), vec![&g1]),
            ("RubyGems", format!("rubygems/{name}"), name.clone(), vec![&first]),
        ],
    };
    let mut group = Group { files: Vec::new(), ids: BTreeSet::new(), versions: BTreeSet::new() };
    for (at, (ecosystem, folder, name, aliases)) in parts.into_iter().enumerate() {
        let (id, version) = (id(at), format!("1.{at}.0"));
        // The one that was published first need not have the smallest id.
        let text = with(&id, ecosystem, &name, &version, (number + at * 7) % 28, &aliases);
        group.ids.insert(id.clone());
        group.ids.extend(aliases.into_iter().map(str::to_owned));
        group.versions.insert(version);
        group.files.push((format!("osv/malicious/{folder}/{id}.json"), id, text));
    }
    group
}

fn records(repository: &Repository) -> Vec<(String, Value)> {
    let paths = repository.paths("HEAD").into_iter().filter(|path| path.starts_with("osv/") && path.contains("/MAL-"));
    paths.map(|path| (path.clone(), serde_json::from_str(&repository.show("HEAD", &path)).unwrap())).collect()
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_one_becomes_one() {
    let count = std::env::var("MALPKG_DEDUPE_GROUPS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let groups: Vec<Group> = (0..count).map(group).collect();
    let files = groups.iter().flat_map(|group| &group.files);
    let mut database = Database::default().with("malpkg.toml", "");
    // Two packages that share an alias are two.
    for (name, id) in [("one", "MAL-2025-1"), ("two", "MAL-2025-2")] {
        let text = with(id, "npm", name, "1.0.0", 1, &["GHSA-shared"]);
        database = database.with(&format!("osv/malicious/npm/{name}/{id}.json"), &text);
    }
    let database = files.fold(database, |database, (path, _, text)| database.with(path, text));
    let repository = database.repository();
    let duplicates: usize = groups.iter().map(|group| group.files.len() - 1).sum();
    let allow = format!("withdraw={duplicates}");
    // Of a folder nothing is known before it is read, of a commit the index tells: both find the same.
    let of_folder = answer(database.folder().path(), &["dedupe", "--allow", &allow], Exit::Done);
    let plan = answer(repository.path(), &["dedupe", "--allow", &allow], Exit::Done);
    assert_eq!(of_folder["changes"], plan["changes"]);
    let done = answer(repository.path(), &["dedupe", "--commit", "--allow", &allow], Exit::Done);
    assert_eq!((&done["format"], &done["rejected"]), (&json!("malpkg.plan"), &json!([])), "{done}");
    repository.is_clean();
    let again = answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    assert_eq!((&again["changes"], &again["commit"]), (&json!([]), &Value::Null));

    let records = records(&repository);
    let of = |id: &str| records.iter().find(|(_, record)| record["id"] == id).unwrap_or_else(|| panic!("{id} is gone"));
    for group in &groups {
        let all: Vec<&(String, Value)> = group.files.iter().map(|(_, id, _)| of(id)).collect();
        let (standing, gone): (Vec<_>, Vec<_>) =
            all.iter().copied().partition(|(_, record)| record["withdrawn"].is_null());
        let [(path, survivor)] = standing[..] else { panic!("one stands: {:?}", group.files) };
        let earliest = all.iter().map(|(_, record)| record["published"].as_str().unwrap()).min();
        assert_eq!(survivor["published"].as_str(), earliest, "{path}");
        assert_eq!(texts(&survivor["affected"][0]["versions"]), group.versions);
        let origins = survivor["database_specific"]["malicious-packages-origins"].as_array().unwrap();
        assert_eq!(origins.len(), group.files.len(), "every source is kept: {path}");
        for (path, record) in &all {
            // Whoever knows one of the ids knows them all.
            let mut known = texts(&record["aliases"]);
            known.insert(record["id"].as_str().unwrap().to_owned());
            assert_eq!(known, group.ids, "{path}");
        }
        for (path, record) in gone {
            assert!(path.starts_with("osv/withdrawn/"), "{path}");
            let last = record["database_specific"]["malpkg"]["decisions"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["reason"], &last["survivor"]), (&json!("duplicate"), &survivor["id"]));
        }
    }
    // Nobody has to settle anything about those that lead to another one, and all lie where they belong.
    assert_eq!(answer(repository.path(), &["triage"], Exit::Done)["queue"], json!([]));
    let whole = answer(repository.path(), &["validate"], Exit::Done);
    assert!(whole["rules"]["path-mismatch"].is_null(), "{}", whole["rules"]["path-mismatch"]);
    let words: Vec<&str> = groups.iter().flat_map(|group| &group.ids).map(String::as_str).collect();
    let asked = answer(repository.path(), &[&["query"], &words[..]].concat(), Exit::Found);
    let mut answers = asked["answers"].as_array().unwrap().iter();
    for group in &groups {
        let survivor = group.files.iter().map(|(_, id, _)| of(id)).find(|(_, record)| record["withdrawn"].is_null());
        let (_, survivor) = survivor.unwrap();
        for id in &group.ids {
            let answer = answers.next().unwrap();
            let reports = answer["reports"].as_array().unwrap();
            assert_eq!((reports.len(), &reports[0]["id"]), (1, &survivor["id"]), "{id}: {answer}");
        }
    }
    let verdict = answer(repository.path(), &["validate", "--base", "HEAD~1"], Exit::Done);
    assert!(["clean", "healed", "still-there"].contains(&verdict["verdict"].as_str().unwrap()), "{verdict}");
    let errors = verdict["findings"].as_array().unwrap().iter().filter(|one| one["status"] == "introduced");
    assert_eq!(errors.count(), 0, "{verdict}");
}

#[test]
fn what_a_source_says_later_goes_to_the_one_that_stays() {
    let group = group(1);
    let database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    let database = group.files.iter().fold(database, |database, (path, _, text)| database.with(path, text));
    let repository = database.repository();
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    let before = records(&repository);
    let (_, gone) = before.iter().find(|(path, _)| path.starts_with("osv/withdrawn/")).unwrap();
    let stream = format!("F-{}", gone["id"].as_str().unwrap());
    let sent: Value = serde_json::from_str(&report(&stream, "npm", "pack-age1", &["7.0.0"])).unwrap();
    repository.write("in/1.json", sent.to_string().replace("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"));
    let inbox = repository.place("in").to_string_lossy().into_owned();
    let done = answer(repository.path(), &["ingest", "--source", "feed", &inbox, "--commit"], Exit::Done);
    assert_eq!(done["changes"].as_array().unwrap().len(), 1, "the one that leads to it stays as it is: {done}");
    let after = records(&repository);
    assert!(after.contains(before.iter().find(|(path, _)| path.starts_with("osv/withdrawn/")).unwrap()));
    let (_, survivor) = after.iter().find(|(path, _)| path.starts_with("osv/malicious/")).unwrap();
    // Its stream went on from what the other report had of it.
    assert!(texts(&survivor["affected"][0]["versions"]).contains("7.0.0"), "{survivor}");
    assert!(texts(&survivor["affected"][0]["versions"]).len() == 2, "{survivor}");
}

/// Two reports on one package, each with a stream of its own.
fn beside(id: &str, other: &str) -> Repository {
    let database = Database::default()
        .with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n")
        .with(&format!("osv/malicious/npm/a/{id}.json"), &with(id, "npm", "a", "1.0.0", 1, &[]))
        .with(&format!("osv/malicious/npm/a/{other}.json"), &with(other, "npm", "a", "2.0.0", 2, &[]));
    database.repository()
}

/// Such of which people took the first back.
fn taken_back_beside(id: &str, other: &str) -> Repository {
    let repository = beside(id, other);
    let withdraw = ["withdraw", id, "--reason", "false-positive", "--by", "Eve", "--commit"];
    answer(repository.path(), &withdraw, Exit::Done);
    repository
}

/// Sends a delivery of a stream on `npm/a`.
fn send(repository: &Repository, stream: &str, versions: &[&str], day: &str, is_withdrawn: bool) -> Value {
    let inbox = testkit::Folder::empty();
    let mut text: Value = serde_json::from_str(&report(stream, "npm", "a", versions)).unwrap();
    text["modified"] = json!(format!("2026-03-{day}T00:00:00Z"));
    if is_withdrawn {
        text["withdrawn"] = text["modified"].clone();
    }
    inbox.write("1.json", text.to_string());
    let inbox = inbox.path().to_str().unwrap().to_owned();
    answer(repository.path(), &["ingest", "--source", "feed", &inbox, "--commit"], Exit::Done)
}

/// Which of versions of `npm/a` are malicious.
fn malicious<'v>(repository: &Repository, versions: &[&'v str]) -> Vec<&'v str> {
    let is_malicious = |version: &&&str| {
        let told = malpkg(repository.path(), &["query", &format!("npm/a@{version}")]);
        assert!(told.exit != Exit::Failed, "{}", told.err);
        told.exit == Exit::Found
    };
    versions.iter().filter(is_malicious).copied().collect()
}

#[test]
fn what_people_took_back_stays_out_beside_a_report_that_stands() {
    for (id, other) in [("MAL-2026-1", "MAL-2026-2"), ("MAL-2026-2", "MAL-2026-1")] {
        let repository = taken_back_beside(id, other);
        let queue = answer(repository.path(), &["triage"], Exit::Done);
        assert_eq!(queue["queue"][0]["kind"], "taken-back-beside", "{queue}");
        assert!(queue["queue"][0]["next"].to_string().contains("malpkg dedupe"), "{queue}");
        // Before the two are one the stream stays with its report.
        send(&repository, &format!("F-{id}"), &["1.0.0", "1.0.1"], "01", false);
        assert_eq!(malicious(&repository, &["1.0.0", "1.0.1", "2.0.0"]), ["2.0.0"]);
        answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
        let again = answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
        assert!(again["commit"].is_null(), "{again}");
        assert_eq!(answer(repository.path(), &["triage"], Exit::Done)["queue"], json!([]));
        send(&repository, &format!("F-{id}"), &["1.0.0", "1.0.2"], "02", false);
        let all = ["1.0.0", "1.0.1", "1.0.2", "2.0.0"];
        assert_eq!(malicious(&repository, &all), ["2.0.0"]);
        let (_, standing) = records(&repository).into_iter().find(|(_, report)| report["id"] == other).unwrap();
        assert!(standing["aliases"].to_string().contains(id), "{standing}");
        // The other one is as its source says, whatever the stream that was taken back goes on to say.
        send(&repository, &format!("F-{other}"), &["2.0.0"], "03", true);
        assert_eq!(malicious(&repository, &["2.0.0"]), [] as [&str; 0]);
        assert_eq!(answer(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    }
}

#[test]
fn a_report_without_an_id_waits_until_its_stream_has_one_report() {
    let repository = taken_back_beside("MAL-2026-1", "MAL-2026-2");
    let mut draft: Value =
        serde_json::from_str(&with("MAL-2026-1", "npm", "a", "1.0.1", 3, &[]).replace("\"MAL-2026-1\"", "\"\""))
            .unwrap();
    draft.as_object_mut().unwrap().remove("id");
    repository.write("osv/malicious/npm/a/MAL-0000-a.json", format!("{draft:#}\n"));
    repository.commit("a draft");
    let plan = answer(repository.path(), &["merge"], Exit::Done);
    assert_eq!((&plan["rejected"][0]["rule"], &plan["changes"]), (&json!("duplicate-package"), &json!([])), "{plan}");
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    answer(repository.path(), &["merge", "--commit"], Exit::Done);
    assert!(!repository.has("osv/malicious/npm/a/MAL-0000-a.json"));
    assert_eq!(malicious(&repository, &["1.0.0", "1.0.1", "2.0.0"]), ["2.0.0"]);
}

#[test]
fn where_both_have_but_one_stream_all_of_it_is_taken_back() {
    let repository = taken_back_beside("MAL-2026-1", "MAL-2026-2");
    // Nobody else says anything.
    let (path, mut other) = records(&repository).into_iter().find(|(_, report)| report["id"] == "MAL-2026-2").unwrap();
    let origins = &mut other["database_specific"]["malicious-packages-origins"];
    origins[0]["id"] = json!("F-MAL-2026-1");
    repository.write(&path, format!("{other:#}\n"));
    repository.commit("the same stream on both branches");
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    assert_eq!(malicious(&repository, &["1.0.0", "2.0.0"]), [] as [&str; 0]);
}

#[test]
fn a_report_that_its_sources_took_back_joins_the_one_that_stands() {
    let repository = beside("MAL-2026-1", "MAL-2026-2");
    // It goes to the report that has the stream, whichever is the first one.
    send(&repository, "F-MAL-2026-2", &["2.0.0"], "01", true);
    assert_eq!(malicious(&repository, &["1.0.0", "2.0.0"]), ["1.0.0"]);
    assert_eq!(answer(repository.path(), &["triage"], Exit::Done)["queue"], json!([]));
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    send(&repository, "F-MAL-2026-2", &["2.1.0"], "02", false);
    assert_eq!(malicious(&repository, &["1.0.0", "2.0.0", "2.1.0"]), ["1.0.0", "2.1.0"]);
}

#[test]
fn of_a_stream_in_two_reports_both_know_all() {
    let repository = beside("MAL-2026-1", "MAL-2026-2");
    let (path, mut other) = records(&repository).into_iter().find(|(_, report)| report["id"] == "MAL-2026-2").unwrap();
    let origins = &mut other["database_specific"]["malicious-packages-origins"];
    origins[0]["id"] = json!("F-MAL-2026-1");
    repository.write(&path, format!("{other:#}\n"));
    repository.commit("the same stream on both branches");
    send(&repository, "F-MAL-2026-1", &["1.0.0"], "01", true);
    assert_eq!(malicious(&repository, &["1.0.0", "2.0.0"]), [] as [&str; 0]);
}

#[test]
fn one_report_in_two_places_is_not_made_to_lead_to_itself() {
    let one = with("MAL-2026-1", "npm", "a", "1.0.0", 1, &[]);
    let gone = testkit::withdrawn_report("MAL-2026-1", "npm", "a", &["1.0.0"], "2026-02-01T00:00:00Z");
    let database = Database::default()
        .with("osv/malicious/npm/a/MAL-2026-1.json", &one)
        .with("osv/malicious/npm/a/MAL-2026-2.json", &with("MAL-2026-2", "npm", "a", "2.0.0", 2, &[]))
        .with("osv/withdrawn/npm/a/MAL-2026-1.json", &gone);
    let plan = answer(database.repository().path(), &["dedupe"], Exit::Done);
    let changed: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(changed, ["MAL-2026-1", "MAL-2026-2"], "{plan}");
}

#[test]
fn what_was_taken_back_alone_stays_as_it_is() {
    let gone = testkit::withdrawn_report("MAL-2026-1", "npm", "a", &["1.0.0"], "2026-02-01T00:00:00Z");
    let database = Database::default()
        .with("osv/withdrawn/npm/a/MAL-2026-1.json", &gone)
        .with("osv/withdrawn/npm/a/MAL-2026-2.json", &gone.replace("MAL-2026-1", "MAL-2026-2"));
    let plan = malpkg(database.repository().path(), &["dedupe"]);
    assert_eq!(
        (plan.exit, plan.out.as_str()),
        (Exit::Done, "0 reports made one with 0, 0 rejected\nnothing to write\n")
    );
}

#[test]
fn what_became_one_is_spoken_of_as_one() {
    let group = group(2);
    let database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    let database = group.files.iter().fold(database, |database, (path, _, text)| database.with(path, text));
    let repository = database.repository();
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    // Its package means the one that stays, in whatever somebody wants of it.
    let shown = answer(repository.path(), &["show", "npm/pack-age2"], Exit::Done);
    assert!(shown["withdrawn"].is_null(), "{shown}");
    let narrowed = ["narrow", "npm/pack-age2", "--clear", "1.0.0", "--reason", "versions-clean"];
    assert_eq!(answer(repository.path(), &narrowed, Exit::Done)["narrowed"][0]["id"], shown["id"]);
    // The deliveries went from one to another, and were not brought: to undo that would lose them.
    let undone = malpkg(repository.path(), &["undo", "HEAD"]);
    assert!(
        undone.exit == Exit::Failed && undone.err.contains("one report of several"),
        "{}{}",
        undone.out,
        undone.err
    );
    // What one report was made of is known by its finders once.
    let stats = answer(repository.path(), &["stats"], Exit::Done);
    assert!(stats.to_string().contains("\"reports\":1,"), "{stats}");
}

/// What the lookup takes for one package is one for whoever writes: reports that stood under two spellings become one, and what
/// was taken back under one spelling does not come back under another.
#[test]
fn where_a_registry_has_no_case_two_spellings_are_one_package() {
    for (ecosystem, folder, names) in [
        ("Packagist", "packagist/ven/pk", ["Ven/Pk", "ven/pk", "VEN/pk"]),
        ("GitHub Actions", "github-actions/own/act", ["Own/Act", "own/act", "OWN/act"]),
        ("VSCode:https://open-vsx.org", "vscode:open-vsx.org/pub.ext", ["Pub.Ext", "pub.ext", "PUB.ext"]),
        ("Pub", "pub/pk", ["Pk", "pk", "PK"]),
    ] {
        let mut database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
        for (number, name) in names.iter().take(2).enumerate() {
            let id = format!("MAL-2026-1{number}");
            let text = with(&id, ecosystem, name, &format!("{number}.0.0"), number, &[]);
            database = database.with(&format!("osv/malicious/{folder}/{id}.json"), &text);
        }
        let repository = database.repository();
        let found = answer(repository.path(), &["validate"], Exit::Found);
        assert_eq!(found["rules"]["duplicate-package"]["present"], 2, "{found}");
        let done = answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
        assert_eq!(done["changes"].as_array().map(Vec::len), Some(2), "{done}");
        let asked = |name: &str| {
            let asked = format!("{name}@0.0.0");
            malpkg(repository.path(), &["query", "--ecosystem", ecosystem, &asked]).exit
        };
        assert_eq!(names.map(asked), [Exit::Found; 3], "{ecosystem}");
        // What has a suffix is asked for by its id here, for a colon in a name is none to the command line.
        let named =
            if ecosystem.contains(':') { "MAL-2026-10".to_owned() } else { format!("{ecosystem}/{}", names[1]) };
        answer(repository.path(), &["withdraw", &named, "--reason", "source-retracted", "--commit"], Exit::Done);
        repository.write("in/1.json", report("F-9", ecosystem, names[2], &["0.0.0"]));
        let inbox = repository.place("in").to_string_lossy().into_owned();
        answer(repository.path(), &["ingest", "--source", "feed", &inbox, "--commit"], Exit::Done);
        assert_eq!(names.map(asked), [Exit::Done; 3], "{ecosystem}");
        assert_eq!(records(&repository).len(), 2, "{ecosystem}");
    }
}
