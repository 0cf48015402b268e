//! Naming commits and branches.

use store::{CommitId, Error, RefName};
use testkit::Repository;

use crate::fixture::{open, small};

#[test]
fn everything_that_names_a_commit() {
    let repository = small();
    let first = repository.id("HEAD");
    repository.run(&["tag", "-a", "-m", "a tag", "v1"]);
    repository.write("osv/ids.json", "{\"2026\": {}}");
    let second = repository.commit("more");
    let store = open(repository.path());
    for rev in ["HEAD~1", "main^", "v1", "refs/tags/v1", &first, &first[..10], "main@{1}", ":/the fixture"] {
        assert_eq!(store.resolve(rev).unwrap().id.to_string(), first, "{rev}");
    }
    let commit = store.resolve("main").unwrap();
    assert_eq!(commit.id.to_string(), second);
    assert_eq!(commit.id, second.parse::<CommitId>().unwrap());
    assert_eq!(commit.tree.to_string(), repository.id("HEAD^{tree}"));
    assert_eq!(commit.parents, [first.parse().unwrap()]);
    assert_eq!(commit.time, 1_767_225_660);
    assert_eq!(store.head().unwrap(), Some(commit));
}

#[test]
fn what_names_no_commit() {
    let repository = small();
    let store = open(repository.path());
    assert_eq!(store.resolve("HEAD:osv").unwrap_err().to_string(), "`HEAD:osv` is a tree, not a commit");
    assert_eq!(
        store.resolve("HEAD:osv/ids.json").unwrap_err().to_string(),
        "`HEAD:osv/ids.json` is a blob, not a commit"
    );
    assert_eq!(store.resolve("nope").unwrap_err().to_string(), "there is no revision `nope`");
    let zeros = "0".repeat(40);
    assert!(store.resolve(&zeros).is_err());
    assert!(store.resolve("").is_err());
}

#[test]
fn hostile_revisions() {
    let repository = small();
    let store = open(repository.path());
    let long = "a".repeat(100_000);
    let nested = format!("HEAD{}", "^".repeat(5000));
    let peeled = format!("HEAD{}", "^{}".repeat(1000));
    for rev in [
        "\0",
        "HEAD\0",
        "--help",
        "-",
        "..",
        "...",
        "HEAD..",
        "HEAD...HEAD",
        "^",
        "~",
        "@",
        "@{",
        "@{}",
        "@{-1}",
        "@{-99999999999999999999}",
        "HEAD~99999999999999999999",
        "HEAD^99999999999999999999",
        "HEAD^-1",
        "HEAD^{",
        "HEAD^{/(((((}",
        "HEAD^{/[}",
        ":/[",
        ":/",
        ":0:osv",
        ":9:x",
        "HEAD:../../etc/passwd",
        "HEAD@{yesterday}",
        "HEAD@{99999999999999999999}",
        "main@{u}",
        "main@{push}",
        "\u{202e}x",
        "a\nb",
        "refs/heads/../../config",
        "../../../etc/passwd",
        "\u{1b}[31m",
        "%s%n",
        &long,
        &nested,
        &peeled,
    ] {
        if let Err(error) = store.resolve(rev) {
            let text = error.to_string();
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(
                matches!(error, Error::NoRevision { .. } | Error::NoCommit { .. } | Error::Git { .. }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_commit_that_is_not_there() {
    let repository = small();
    repository.run(&["update-ref", "--no-deref", "refs/heads/dangling", "HEAD"]);
    repository.write(".git/refs/heads/dangling", "1234567890123456789012345678901234567890\n");
    let store = open(repository.path());
    assert!(matches!(store.resolve("dangling"), Err(Error::NoRevision { .. } | Error::NoCommit { .. })));
}

#[test]
fn an_unborn_branch() {
    let repository = Repository::empty();
    let store = open(repository.path());
    assert_eq!(store.head().unwrap(), None);
    assert_eq!(store.current_branch().unwrap().as_str(), "refs/heads/main");
    assert_eq!(store.tip(&store.current_branch().unwrap()).unwrap(), None);
    assert_eq!(store.resolve("HEAD").unwrap_err().to_string(), "there is no revision `HEAD`");
}

#[test]
fn a_detached_head() {
    let repository = small();
    repository.run(&["checkout", "--quiet", "--detach"]);
    let error = open(repository.path()).current_branch().unwrap_err();
    assert_eq!(error.to_string(), "HEAD is detached: no branch is checked out");
    assert!(error.remedy().unwrap().contains("`--ref`"));
}

#[test]
fn names_of_references() {
    assert_eq!(RefName::new("main").unwrap().as_str(), "refs/heads/main");
    assert_eq!(RefName::new("refs/heads/main").unwrap().as_str(), "refs/heads/main");
    assert_eq!(RefName::new("feed/x").unwrap().to_string(), "refs/heads/feed/x");
    let long = "a".repeat(100_000);
    for name in ["", "a b", "a..b", "a\0b", "/a", "a/", "a.lock", "refs/", "refs/heads/../x", "a^", "a:b", "@{", &long]
    {
        assert!(RefName::new(name).is_err(), "{name:?}");
    }
}
