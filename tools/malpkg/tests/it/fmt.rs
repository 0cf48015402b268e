//! `malpkg fmt`: one form, the same meaning, and nobody's edits lost.

use malpkg::Exit;
use testkit::{Database, Repository, report};

use crate::program::{json, malpkg};

const A: &str = "osv/malicious/npm/a/MAL-2026-1.json";
const B: &str = "osv/malicious/npm/b/MAL-2026-2.json";

/// A repository with one canonical report and one that is not.
fn repository() -> Repository {
    let loose = report("MAL-2026-2", "npm", "b", &["1.0.0"]).replace("  ", "    ");
    Database::default().with(A, &report("MAL-2026-1", "npm", "a", &["1.0.0"])).with(B, &loose).repository()
}

#[test]
fn only_what_was_touched_is_looked_at_unless_asked() {
    let repository = repository();
    assert_eq!(json(repository.path(), &["fmt", "--check"], Exit::Done)["looked_at"], 0);
    let all = json(repository.path(), &["fmt", "--check", "--all"], Exit::Found);
    assert_eq!(all["rewritten"], serde_json::json!([B]));
    assert_eq!(json(repository.path(), &["fmt", "--check", "osv/malicious/npm/a"], Exit::Done)["looked_at"], 1);
}

#[test]
fn local_edits_are_rewritten_and_kept() {
    let repository = repository();
    let canonical = report("MAL-2026-1", "npm", "a", &["1.0.0", "1.0.1"]);
    repository.write(A, canonical.replace('\n', "").replace("  ", ""));
    let rewritten = json(repository.path(), &["fmt"], Exit::Done);
    assert_eq!(rewritten["rewritten"], serde_json::json!([A]));
    assert_eq!(repository.read(A), canonical);
    assert_eq!(json(repository.path(), &["fmt"], Exit::Done)["rewritten"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_read_is_left_alone_and_told() {
    let repository = repository();
    for broken in ["{", "[]", "{\"id\": \"MAL-2026-1\", \"id\": \"MAL-2026-1\"}"] {
        repository.write(A, broken);
        let ran = malpkg(repository.path(), &["fmt"]);
        assert_eq!((ran.exit, repository.read(A).as_str()), (Exit::Failed, broken));
        assert!(ran.err.contains(A), "{}", ran.err);
    }
}
