//! The formats of findings: SARIF and GitHub annotations, with texts of an attacker in them.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, report};

use crate::program::{json, malpkg};

const HOSTILE: &str = "x%0A::error::owned\\r\\n::warning::[click](https://evil.example.com)`@all #1 <b>";

/// A report whose name, folder and versions are an attacker's.
fn hostile() -> Folder {
    let text = report("MAL-2026-1", "npm", "a", &["1.0.0"]).replace("\"1.0.0\"", &format!("\"{HOSTILE}\""));
    let database = Database::default().with("osv/malicious/npm/a b,c:d%41/MAL-2026-1.json", &text);
    database.folder()
}

fn run(folder: &Folder, arguments: &[&str]) -> (Exit, String) {
    let ran = malpkg(folder.path(), arguments);
    (ran.exit, ran.out)
}

#[test]
fn sarif_has_the_members_that_readers_need() {
    let folder = hostile();
    let (exit, out) = run(&folder, &["validate", "--format", "sarif"]);
    assert_eq!(exit, Exit::Found);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(matches!(result["level"].as_str(), Some("error" | "warning")));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("osv/malicious/npm/a%20b%2Cc%3Ad%2541/"), "{uri}");
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.replace("\\]", "").contains("](") && !text.contains("https://"), "{text}");
        assert!(result.get("baselineState").is_none());
    }
    let with_place = results.iter().find(|result| result["ruleId"] == "path-mismatch").unwrap();
    assert_eq!(with_place["locations"][0]["physicalLocation"]["region"]["startLine"], 12);
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

#[test]
fn github_sees_one_command_a_finding() {
    let folder = hostile();
    let (exit, out) = run(&folder, &["validate", "--format", "github"]);
    assert_eq!(exit, Exit::Found);
    let found = json(folder.path(), &["validate"], Exit::Found)["findings"].as_array().unwrap().len();
    let commands: Vec<&str> = out.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!((commands.len(), out.lines().count()), (found, found + 1), "{out}");
    for command in commands {
        assert!(
            command.starts_with("::error file=osv/malicious/npm/a b%2Cc%3Ad%2541/")
                || command.starts_with("::warning file=")
        );
        assert!(!command.contains('\r') && !command.contains("https://"), "{command}");
    }
}

#[test]
fn text_begins_no_command() {
    let (_, out) = run(&hostile(), &["validate"]);
    assert!(out.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")), "{out}");
}

#[test]
fn only_findings_have_these_formats() {
    let folder = hostile();
    for format in ["sarif", "github"] {
        let ran = malpkg(folder.path(), &["explain", "--format", format]);
        assert_eq!(ran.exit, Exit::Failed);
        assert!(ran.err.contains("only findings have this format"), "{}", ran.err);
    }
}

#[test]
fn warnings_of_one_kind_are_counted_beyond_fifty() {
    let mut database = Database::default();
    for number in 1..=60 {
        let text = report(&format!("MAL-2026-{number}"), "npm", &format!("p{number}"), &["1.0.0"]);
        let text = text.replace("\"kind\": \"malware\"", "\"campaign\": \"many\"");
        database = database.with(&format!("osv/malicious/npm/p{number}/MAL-2026-{number}.json"), &text);
    }
    let folder = database.folder();
    let (exit, out) = run(&folder, &["validate"]);
    assert_eq!(exit, Exit::Done);
    assert_eq!(out.matches("warning[kind-missing]").count(), 50);
    assert!(
        out.contains("10 more warnings of kind-missing") && out.contains("60 reports: 0 errors, 60 warnings"),
        "{out}"
    );
    assert_eq!(json(folder.path(), &["validate"], Exit::Done)["findings"].as_array().unwrap().len(), 60);
    assert_eq!(malpkg(folder.path(), &["validate", "--strict"]).exit, Exit::Found);
}
