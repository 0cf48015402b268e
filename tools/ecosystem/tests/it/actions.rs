//! Names of GitHub Actions.

use ecosystem::{ActionNameError as Error, check_action_name};

fn check(name: &str, expected: Result<(), Error>) {
    assert_eq!(check_action_name(name), expected, "{name:?}");
}

#[test]
fn names_that_github_allows() {
    let longest = format!("{}/{}", "o".repeat(39), "r".repeat(100));
    for name in [
        "actions/checkout",
        "Actions/Checkout",
        "a/b",
        "0/0",
        "o-w-n-e-r/repo.name_x-y",
        "owner-/repo",
        "owner/.github",
        "owner/repo/path/to/action",
        "owner/repo/.github/workflows/x.yml",
        "owner/repo/dir.git",
        "owner/repogit",
        "owner/git",
        "owner/...",
        &longest,
    ] {
        check(name, Ok(()));
    }
}

#[test]
fn names_that_github_refuses() {
    let own = str::to_owned;
    for (name, expected) in [
        ("", Error::NoRepository(own(""))),
        ("owner", Error::NoRepository(own("owner"))),
        ("owner/", Error::Segment(own(""))),
        ("/repo", Error::Owner(own(""))),
        ("-owner/repo", Error::Owner(own("-owner"))),
        ("own_er/repo", Error::Owner(own("own_er"))),
        ("own.er/repo", Error::Owner(own("own.er"))),
        ("öwner/repo", Error::Owner(own("öwner"))),
        ("owner/repo/", Error::Segment(own(""))),
        ("owner//repo", Error::Segment(own(""))),
        ("owner/.", Error::Segment(own("."))),
        ("owner/..", Error::Segment(own(".."))),
        ("owner/repo/..", Error::Segment(own(".."))),
        ("owner/repo/./x", Error::Segment(own("."))),
        ("owner/rep@v1", Error::Segment(own("rep@v1"))),
        ("owner/ré", Error::Segment(own("ré"))),
        ("owner/repo.git", Error::GitSuffix(own("repo.git"))),
        ("owner/repo.GIT/x", Error::GitSuffix(own("repo.GIT"))),
        ("owner/.git", Error::GitSuffix(own(".git"))),
        ("owner/re po", Error::WhiteSpace),
        ("owner/repo\u{a0}", Error::WhiteSpace),
        ("owner/repo\n", Error::WhiteSpace),
    ] {
        check(name, Err(expected));
    }
    let (owner, repository) = ("o".repeat(40), "r".repeat(101));
    check(&format!("{owner}/r"), Err(Error::Owner(owner.clone())));
    check(&format!("o/{repository}"), Err(Error::Segment(repository.clone())));
    check(&format!("o/r/{repository}"), Err(Error::Segment(repository)));
}
