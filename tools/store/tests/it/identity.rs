//! Who commits: each case runs in a process of its own, because the environment is the process's.

use std::process::Command;

use crate::fixture::{NEW, commit, message, open, small};

/// Commits in the repository that the environment names, in the child process.
#[test]
#[ignore = "runs in the processes that the other tests start"]
fn commit_here() {
    let Some(dir) = std::env::var_os("STORE_TEST_DIR") else { return };
    let store = open(std::path::Path::new(&dir));
    match commit(&store, &[(NEW, "new\n")]) {
        Ok(_) => std::fs::write(std::path::Path::new(&dir).join("said"), "done").unwrap(),
        Err(error) => std::fs::write(std::path::Path::new(&dir).join("said"), message(&error)).unwrap(),
    }
}

/// What `git log` says about the commit that is made with these variables, or why none was made.
#[track_caller]
fn committed(with_config: bool, variables: &[(&str, &str)]) -> String {
    let repository = small();
    if !with_config {
        repository.run(&["config", "--unset", "user.name"]);
        repository.run(&["config", "--unset", "user.email"]);
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in ["NAME", "EMAIL", "DATE"] {
        child.env_remove(format!("GIT_AUTHOR_{name}")).env_remove(format!("GIT_COMMITTER_{name}"));
    }
    let home = testkit::Folder::empty();
    child
        .args(["--exact", "identity::commit_here", "--ignored", "--quiet"])
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env_remove("EMAIL")
        .env("STORE_TEST_DIR", repository.path())
        .envs(variables.iter().copied());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = repository.read("said");
    if said != "done" {
        return said;
    }
    repository.run(&["log", "-1", "--format=%an <%ae> %ai, %cn <%ce> %ci"]).trim_end().to_owned()
}

#[test]
fn from_the_configuration() {
    let now = "2026-03-01 12:00:00 +0000";
    let who = "Test Author <author@example.org>";
    assert_eq!(committed(true, &[]), format!("{who} {now}, {who} {now}"));
}

#[test]
fn from_the_environment() {
    let said = committed(
        true,
        &[
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", "2020-01-02T03:04:05+01:00"),
            ("GIT_COMMITTER_EMAIL", "c@example.org"),
        ],
    );
    let expected = "A <a@example.org> 2020-01-02 03:04:05 +0100, Test Author <c@example.org> 2026-03-01 12:00:00 +0000";
    assert_eq!(said, expected);
}

#[test]
fn the_date_as_git_itself_writes_it() {
    let said = committed(true, &[("GIT_AUTHOR_DATE", "@1577934245 +0100"), ("GIT_COMMITTER_DATE", "1577934245 +0000")]);
    let who = "Test Author <author@example.org>";
    assert_eq!(said, format!("{who} 2020-01-02 04:04:05 +0100, {who} 2020-01-02 03:04:05 +0000"));
}

#[test]
fn from_nowhere() {
    assert_eq!(committed(false, &[]), "git does not know who commits");
    let half = committed(false, &[("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org")]);
    assert!(half.starts_with("git does not know who commits"), "{half}");
}

#[test]
fn a_date_that_is_none() {
    let said = committed(true, &[("GIT_AUTHOR_DATE", "sometime")]);
    assert!(said.contains("GIT_AUTHOR_DATE"), "{said}");
}
