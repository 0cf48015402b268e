//! Packages as people write them.

use ecosystem::{Ecosystem, PackageQuery};

/// A word, and the ecosystem, name and version that it means.
fn check(word: &str, ecosystem: &str, name: &str, version: Option<&str>) {
    let query = PackageQuery::parse(word).unwrap_or_else(|error| panic!("{word}: {error}"));
    let found = (query.package.ecosystem().as_str(), query.package.name(), query.version.as_deref());
    assert_eq!(found, (ecosystem, name, version), "{word}");
    let again = PackageQuery::parse(&query.to_string());
    if !query.package.ecosystem().as_str().contains('/') {
        assert_eq!(again, Ok(query), "{word} is shown as a word that means the same");
    }
}

#[test]
fn words_that_are_packages() {
    for (word, ecosystem, name, version) in [
        ("npm/left-pad", "npm", "left-pad", None),
        ("NPM/left-pad@1.3.0", "npm", "left-pad", Some("1.3.0")),
        ("npm/@scope/name", "npm", "@scope/name", None),
        ("npm/@scope/name@1.2.3", "npm", "@scope/name", Some("1.2.3")),
        ("npm/@scope/name@1.2.3-rc@x", "npm", "@scope/name", Some("1.2.3-rc@x")),
        ("npm/JSONStream", "npm", "JSONStream", None),
        ("npm/ä@1", "npm", "ä", Some("1")),
        ("crates.io/serde", "crates.io", "serde", None),
        ("crates-io/serde@1.0.0", "crates.io", "serde", Some("1.0.0")),
        ("cargo/serde@1.0.0+build", "crates.io", "serde", Some("1.0.0+build")),
        ("PyPI/Foo.Bar@1.0", "PyPI", "Foo.Bar", Some("1.0")),
        ("pypi/requests@1!2.0", "PyPI", "requests", Some("1!2.0")),
        ("maven/group:artifact@1", "Maven", "group:artifact", Some("1")),
        ("go/github.com/a/b@v1.2.3", "Go", "github.com/a/b", Some("v1.2.3")),
        ("golang/github.com/a/b/v2", "Go", "github.com/a/b/v2", None),
        ("go/stdlib@go1.22", "Go", "stdlib", Some("go1.22")),
        ("gem/rails@7", "RubyGems", "rails", Some("7")),
        ("composer/laravel/laravel@5.5", "Packagist", "laravel/laravel", Some("5.5")),
        ("vscode/ms-python.python@2023.1", "VSCode", "ms-python.python", Some("2023.1")),
        ("github-actions/actions/checkout@v4", "GitHub Actions", "actions/checkout", Some("v4")),
        ("GitHub Actions/actions/checkout@feature/x", "GitHub Actions", "actions/checkout", Some("feature/x")),
        ("debian:12/curl@1:7.5-1", "Debian:12", "curl", Some("1:7.5-1")),
        ("ubuntu:22.04:LTS/curl", "Ubuntu:22.04:LTS", "curl", None),
        ("swift/github.com/a/b@1.0", "SwiftURL", "github.com/a/b", Some("1.0")),
        ("SwiftURL/https://user@github.com/a/b@1.0", "SwiftURL", "https://user@github.com/a/b", Some("1.0")),
        ("pkg:npm/left-pad", "npm", "left-pad", None),
        ("pkg:npm/%40scope/name@1.2.3", "npm", "@scope/name", Some("1.2.3")),
        ("pkg:golang/github.com/A/b@v1", "Go", "github.com/A/b", Some("v1")),
        ("PKG:pypi/Foo", "PyPI", "foo", None),
        ("pkg:maven/g/a@1", "Maven", "g:a", Some("1")),
        ("git/https://github.com/Org/Repo", "Git", "github.com/org/repo", None),
        ("git/https://github.com/Org/Repo.git@v1.0", "Git", "github.com/org/repo", Some("v1.0")),
        ("git/https://github.com/a/b@@scope/pkg@1.0.0", "Git", "github.com/a/b", Some("@scope/pkg@1.0.0")),
        ("git/github.com/Org/Repo", "Git", "github.com/org/repo", None),
        ("git/git@github.com:org/repo.git", "Git", "github.com/org/repo", None),
        ("git/git@github.com:org/repo.git@main", "Git", "github.com/org/repo", Some("main")),
        ("git/ssh://me@example.com/x/y", "Git", "me@example.com/x/y", None),
        ("git/me@example.com/x/y@v1", "Git", "me@example.com/x/y", Some("v1")),
        ("git/example.com:2222/x/y", "Git", "example.com:2222/x/y", None),
        ("GIT/https://github.com/a/b", "GIT", "github.com/a/b", None),
    ] {
        check(word, ecosystem, name, version);
    }
}

fn check_refused(word: &str, message: &str) {
    let refused = PackageQuery::parse(word).map_err(|error| error.to_string());
    assert_eq!(refused, Err(message.to_owned()), "{word}");
}

#[test]
fn words_that_are_no_packages() {
    for (word, message) in [
        ("", "\"\" is no package: write ecosystem/name, ecosystem/name@version, or a purl"),
        ("left-pad", "\"left-pad\" is no package: write ecosystem/name, ecosystem/name@version, or a purl"),
        ("/left-pad", "\"/left-pad\" is no package: write ecosystem/name, ecosystem/name@version, or a purl"),
        ("nmp/left-pad", "unknown ecosystem \"nmp\"; did you mean npm?"),
        ("https://github.com/a/b", "unknown ecosystem \"https\""),
        ("deb/curl", "\"deb\" is the package format of Debian, Echo, Ubuntu; name one of them"),
        ("npm/", "\"npm/\" has no package name"),
        ("npm/@1.0", "\"npm/@1.0\" has no package name"),
        ("npm/@scope", "\"npm/@scope\" has no package name"),
        ("npm/left-pad@", "\"npm/left-pad@\" has an `@` with no version behind it"),
        ("npm/@scope/name@", "\"npm/@scope/name@\" has an `@` with no version behind it"),
        (
            "VSCode:https://open-vsx.org/a.b",
            "the suffix of an ecosystem has no place before a slash if it has slashes itself: write --ecosystem \
             'VSCode:<url>' NAME",
        ),
        (
            "composer:http://x/a/b",
            "the suffix of an ecosystem has no place before a slash if it has slashes itself: write --ecosystem \
             'Packagist:<url>' NAME",
        ),
        ("pkg:docker/x", "no ecosystem of OSV has package URLs of type \"docker\""),
        ("pkg:deb/kali/x", "no ecosystem of OSV has package URLs of type \"deb\" and namespace \"kali\""),
        ("pkg:npm", "a package URL has a type and a name: pkg:type/name"),
        (
            "git/github.com/only-one",
            "a repository on github.com has an owner and a name (host/owner/name), other than \"github.com/only-one\"",
        ),
        (
            "git/nothing",
            "\"nothing\" is no git remote: write https://host/path, ssh://user@host/path or user@host:path",
        ),
        ("git/ftp://h/x", "\"ftp\" is not the scheme of a remote; write http, https, ssh or git"),
    ] {
        check_refused(word, message);
    }
}

fn check_in(ecosystem: &str, word: &str, name: &str, version: Option<&str>) {
    let query = PackageQuery::in_ecosystem(Ecosystem::from_user(ecosystem).expect("a known ecosystem"), word);
    let query = query.unwrap_or_else(|error| panic!("{word}: {error}"));
    assert_eq!((query.package.name(), query.version.as_deref()), (name, version), "{ecosystem} {word}");
}

#[test]
fn words_beside_an_ecosystem() {
    for (ecosystem, word, name, version) in [
        ("VSCode:https://open-vsx.org", "pub.name", "pub.name", None),
        ("VSCode:https://open-vsx.org", "pub.name@1.0", "pub.name", Some("1.0")),
        ("npm", "@scope/name@1", "@scope/name", Some("1")),
        ("npm", "npm/left-pad", "npm/left-pad", None),
        ("Git", "https://github.com/Org/Repo", "github.com/org/repo", None),
        ("git", "git@github.com:Org/Repo", "github.com/org/repo", None),
        ("git", "https://user:secret@example.com/x.git@v1", "user@example.com/x", Some("v1")),
        ("Packagist:https://packages.drupal.org/8", "drupal/core@9", "drupal/core", Some("9")),
    ] {
        check_in(ecosystem, word, name, version);
    }
    let npm = Ecosystem::parse("npm").unwrap();
    assert_eq!(
        PackageQuery::in_ecosystem(npm, "pkg:npm/a").map_err(|error| error.to_string()),
        Err("\"pkg:npm/a\" is a purl and says its ecosystem itself; leave out one of the two".to_owned())
    );
}
