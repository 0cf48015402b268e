//! `malpkg validate`: findings with their places, in text and JSON, from commits, working trees and folders.

use malpkg::Exit;
use testkit::{Database, report};

use crate::program::{json, malpkg};

const PATH: &str = "osv/malicious/npm/a/MAL-2026-1.json";

fn fine() -> Database {
    let mut database = Database::default();
    database = database.with(PATH, &report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    database
}

#[test]
fn a_clean_database_is_clean_wherever_it_lies() {
    let (folder, repository, bare) = (fine().folder(), fine().repository(), fine().bare());
    for path in [folder.path(), repository.path(), bare.path()] {
        let found = json(path, &["validate"], Exit::Done);
        assert_eq!((&found["verdict"], &found["reports"]), (&"clean".into(), &1.into()));
        assert_eq!(found["findings"].as_array().map(Vec::len), Some(0));
    }
    assert_eq!(malpkg(folder.path(), &["validate"]).out, "1 report: clean\n");
    let at_head = json(repository.path(), &["validate", "--rev", "HEAD"], Exit::Done);
    assert_eq!(at_head["rev"], repository.id("HEAD"));
    assert_eq!(json(folder.path(), &["validate"], Exit::Done)["rev"], serde_json::Value::Null);
}

#[test]
fn a_finding_has_its_line_and_column() {
    let database = fine();
    let folder = database.folder();
    folder.write(PATH, folder.read(PATH).replace("\"name\": \"a\"", "\"name\": \"b\""));
    let found = json(folder.path(), &["validate"], Exit::Found);
    let finding = &found["findings"][0];
    let text = folder.read(PATH);
    let line = 1 + text.lines().position(|line| line.contains("\"name\": \"b\"")).expect("the line");
    let column = 1 + text.lines().nth(line - 1).expect("the line").find("\"b\"").expect("the name");
    assert_eq!(finding["rule"], "path-mismatch");
    assert_eq!(finding["level"], "error");
    assert_eq!(finding["status"], "present");
    assert_eq!((&finding["path"], &finding["id"]), (&PATH.into(), &"MAL-2026-1".into()));
    assert_eq!(finding["pointer"], "/affected/0/package/name");
    assert_eq!((&finding["line"], &finding["column"]), (&line.into(), &column.into()));
    assert_eq!(found["verdict"], "findings");
    assert_eq!(found["rules"]["path-mismatch"]["present"], 1);

    let shown = malpkg(folder.path(), &["validate"]).out;
    assert!(shown.contains(&format!("--> {PATH}:{line}:{column}")), "{shown}");
    assert!(shown.contains("\"name\": \"b\"") && shown.contains("^^^"), "{shown}");
    assert!(shown.contains("help: move the file"), "{shown}");
}

#[test]
fn a_missing_member_is_shown_at_what_should_hold_it() {
    let folder = Database::default().folder();
    folder.write(PATH, "\n  {\"id\": \"MAL-2026-1\"}");
    let found = json(folder.path(), &["validate"], Exit::Found);
    assert_eq!((&found["findings"][0]["line"], &found["findings"][0]["column"]), (&2.into(), &3.into()));
}

#[test]
fn a_broken_file_is_shown_at_the_byte() {
    let folder = Database::default().folder();
    folder.write(PATH, "{\n  \"id\": \"MAL-2026-1\",\n}");
    let found = json(folder.path(), &["validate"], Exit::Found);
    let finding = &found["findings"][0];
    assert_eq!(finding["rule"], "malformed-json");
    assert_eq!((&finding["line"], &finding["column"]), (&3.into(), &1.into()));
}

#[test]
fn paths_limit_what_is_shown_and_not_what_is_known() {
    let folder = fine().folder();
    let twin = "osv/malicious/npm/b/MAL-2026-1.json";
    folder.write(twin, report("MAL-2026-1", "npm", "b", &["1.0.0"]));
    for shown in ["osv/malicious/npm/b", twin, "osv/malicious/npm/b/"] {
        let found = json(folder.path(), &["validate", shown], Exit::Found);
        let paths: Vec<&str> =
            found["findings"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
        assert_eq!(paths, [twin], "{shown}: the other report is known all the same");
    }
    let on_disk = folder.place(twin);
    assert_eq!(malpkg(folder.path(), &["validate", on_disk.to_str().unwrap()]).exit, Exit::Found);
    assert_eq!(malpkg(folder.path(), &["validate", "osv/malicious/npm/c"]).exit, Exit::Failed);
}

#[test]
fn what_a_report_says_cannot_steer_the_terminal() {
    let folder = Database::default().folder();
    let hostile = "x\\u001b[31m\\u202egnp.exe https://evil.example.com/x";
    folder.write(
        PATH,
        report("MAL-2026-1", "npm", "a", &["1"])
            .replace("\"ecosystem\": \"npm\"", &format!("\"ecosystem\": \"{hostile}\"")),
    );
    let shown = malpkg(folder.path(), &["validate", "--color", "never"]).out;
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    assert!(!shown.contains("evil.example.com"), "{shown}");
    assert!(malpkg(folder.path(), &["validate", "--live"]).out.contains("evil.example.com"));
}

#[test]
fn the_configuration_says_how_strictly_a_rule_is_taken() {
    let folder = fine().folder();
    folder.write("osv/malicious/npm/a/notes.txt", "x");
    assert_eq!(malpkg(folder.path(), &["validate"]).exit, Exit::Found);
    folder.write("malpkg.toml", "[rules]\nstray-file = \"warning\"\n");
    assert_eq!(malpkg(folder.path(), &["validate"]).exit, Exit::Done);
    assert_eq!(malpkg(folder.path(), &["validate", "--strict"]).exit, Exit::Found);
    folder.write("malpkg.toml", "[rules]\nstray-file = \"off\"\n");
    assert_eq!(malpkg(folder.path(), &["validate", "--strict"]).exit, Exit::Done);
}

#[test]
fn links_are_findings_and_never_followed() {
    let folder = fine().folder();
    let link = folder.place("osv/malicious/npm/b/MAL-2026-2.json");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
    let found = json(folder.path(), &["validate"], Exit::Found);
    assert_eq!(found["findings"][0]["rule"], "unreadable-report");
    assert!(!found.to_string().contains("root:"));
}

#[test]
fn explain_shows_pages_and_the_list() {
    let folder = fine().folder();
    assert!(malpkg(folder.path(), &["explain", "path-mismatch"]).out.starts_with("# path-mismatch\n"));
    assert!(!malpkg(folder.path(), &["explain", "path-mismatch"]).out.contains("```"));
    assert!(malpkg(folder.path(), &["explain"]).out.contains("error    duplicate-id "));
    assert!(malpkg(folder.path(), &["explain", "path-mismath"]).err.contains("`path-mismatch`"));
    assert_eq!(json(folder.path(), &["explain", "duplicate-id"], Exit::Done)["rules"][0]["level"], "error");
    assert_eq!(malpkg(folder.path(), &["explain", "no-such-rule"]).exit, Exit::Failed);
}
