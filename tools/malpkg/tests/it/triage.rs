//! `malpkg triage --base`: what a change does to the world, and who should look.

use malpkg::Exit;
use serde_json::{Value, json};
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

fn path(name: &str, id: &str) -> String {
    format!("osv/malicious/npm/{name}/{id}.json")
}

fn repository() -> Repository {
    Database::default()
        .with(
            "malpkg.toml",
            "[source.sure]\nformat = \"osv\"\ntrust = \"confirmed\"\n[source.feed]\nformat = \"osv\"\n",
        )
        .with("config/protected/npm.txt", "react\n")
        .with(&path("a", "MAL-2026-1"), &report("MAL-2026-1", "npm", "a", &["1.0.0", "2.0.0"]))
        .with(&path("b", "MAL-2026-2"), &report("MAL-2026-2", "npm", "b", &["1.0.0"]))
        .with(&path("c", "MAL-2026-3"), &report("MAL-2026-3", "npm", "c", &["1.0.0"]))
        .repository()
}

fn commit(repository: &Repository) {
    repository.run(&["add", "-A"]);
    repository.run(&["commit", "-qm", "a change"]);
}

#[track_caller]
fn triage(repository: &Repository) -> Value {
    json(repository.path(), &["triage", "--base", "HEAD~1"], Exit::Done)
}

#[test]
fn a_change_is_told_report_by_report() {
    let repository = repository();
    repository.write(path("a", "MAL-2026-1").as_str(), report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    repository.write(path("b", "MAL-2026-2").as_str(), report("MAL-2026-2", "npm", "b", &["1.0.0", "3.0.0"]));
    repository.run(&["rm", "-q", &path("c", "MAL-2026-3")]);
    let gone = withdrawn_report("MAL-2026-3", "npm", "c", &["1.0.0"], "2026-05-01T00:00:00Z");
    repository.write("osv/withdrawn/npm/c/MAL-2026-3.json", gone);
    repository.write(path("a", "MAL-0000-x").as_str(), report("", "npm", "a", &["5.0.0"]));
    repository.write(path("react", "MAL-2026-4").as_str(), report("MAL-2026-4", "npm", "react", &["1.0.0"]));
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["format"], &told["route"]), (&"malpkg.triage".into(), &"two-reviewers".into()), "{told}");
    assert_eq!(told["counts"], json!({ "joined": 1, "narrowed": 1, "new": 2, "withdrawn": 1 }));
    let one = |package: &str, kind: &str| {
        let all = told["changes"].as_array().expect("a list");
        all.iter().find(|one| one["package"] == package && one["kind"] == kind).cloned().unwrap_or_default()
    };
    assert_eq!(one("npm/a", "narrowed")["removed"], json!(["2.0.0"]));
    assert_eq!(one("npm/b", "joined")["added"], json!(["3.0.0"]));
    assert_eq!(one("npm/a", "new")["overlaps"], json!(["MAL-2026-1"]));
    assert_eq!(
        (&one("npm/react", "new")["route"], one("npm/react", "new")["protected"].as_array().map(Vec::len)),
        (&"two-reviewers".into(), Some(1))
    );
    let text = malpkg(repository.path(), &["triage", "--base", "HEAD~1"]).out;
    assert!(text.contains("two people look"), "{text}");
}

#[test]
fn what_confirmed_sources_say_with_evidence_goes_by_itself() {
    for (source, expected) in [("sure", "auto"), ("feed", "review")] {
        let repository = repository();
        let inbox = Folder::empty();
        let shown = report("X-1", "npm", "evil", &["1.0.0"]).replace(
            "\"affected\": [",
            "\"references\": [{ \"type\": \"WEB\", \"url\": \"https://example.org/x\" }],\n  \"affected\": [",
        );
        inbox.write("a.json", shown);
        let folder = inbox.path().to_str().expect("a path in UTF-8").to_owned();
        json(repository.path(), &["ingest", "--source", source, &folder, "--commit"], Exit::Done);
        let told = triage(&repository);
        assert_eq!(told["changes"][0]["route"], expected, "{told}");
    }
}

#[test]
fn markdown_notifies_nobody_and_links_nothing() {
    let repository = repository();
    let hostile = "@octocat [x](https://evil.example) #1 <img src=x> `code` ![i](https://evil.example/i.png)";
    let version = format!("1.0.0-{hostile}\n\n# heading");
    repository.write(path("evil", "MAL-2026-9").as_str(), report("MAL-2026-9", "npm", "evil", &[&version]));
    commit(&repository);
    let told = malpkg(repository.path(), &["triage", "--base", "HEAD~1", "--format", "markdown"]);
    assert_eq!(told.exit, Exit::Done, "{}", told.err);
    assert!(!told.out.contains("https://") && told.out.contains("hxxps"), "{}", told.out);
    for line in told.out.lines() {
        // Outside of code, nothing of the report is left.
        let outside: String = line.split('`').step_by(2).collect();
        assert!(line.matches('`').count() % 2 == 0, "{line}");
        assert!(!outside.contains(['@', '[', '<']) && !outside.trim_start().starts_with("# "), "{line}");
    }
    assert_eq!(malpkg(repository.path(), &["query", "npm/a", "--format", "markdown"]).exit, Exit::Failed);
}

#[test]
fn a_list_is_held_against_what_is_known() {
    let repository = repository();
    let folder = Folder::empty();
    let list = "ecosystem,name,version\nnpm,a,1.0.0\nnpm,a,9.0.0\nnpm,b,1.0.0\nnpm,missing,1.0.0\nnonsense,x,1\n";
    folder.write("list.csv", list);
    let file = folder.place("list.csv").to_string_lossy().into_owned();
    let told = json(repository.path(), &["coverage", &file], Exit::Found);
    assert_eq!((&told["listed"], &told["covered"]), (&3.into(), &1.into()), "{told}");
    assert_eq!(told["we_miss"][0]["package"], "npm/missing");
    assert_eq!(told["differ"][0]["only_theirs"], json!(["9.0.0"]));
    assert_eq!(told["differ"][0]["only_ours"], json!(["2.0.0"]));
    assert_eq!(told["unread"].as_array().map(Vec::len), Some(1));
    let unknown = malpkg(repository.path(), &["coverage", &file, "--campaign", "wave"]);
    assert!(unknown.exit == Exit::Failed && unknown.err.contains("registry"), "{}", unknown.err);
    repository.write("config/campaigns.toml", "[wave]\nname = \"A wave\"\n");
    let of_wave = report("MAL-2026-5", "npm", "wave-1", &["1.0.0"])
        .replace("\"kind\": \"malware\"", "\"kind\": \"malware\",\n      \"campaign\": \"wave\"");
    repository.write(path("wave-1", "MAL-2026-5").as_str(), of_wave);
    commit(&repository);
    let told = json(repository.path(), &["coverage", &file, "--campaign", "wave"], Exit::Found);
    assert_eq!(told["they_miss"][0]["package"], "npm/wave-1", "{told}");
}
