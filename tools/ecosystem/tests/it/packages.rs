//! Canonical names, and which packages are one.

use crate::package;

fn check_canonical(ecosystem: &str, name: &str, expected: &str) {
    let package = package(ecosystem, name);
    assert_eq!(package.canonical_name(), expected, "{package}");
    assert_eq!(package.name(), name, "what is stored is never rewritten");
    let again = crate::package(ecosystem, expected);
    assert_eq!(again.canonical_name(), expected, "canonical is canonical");
}

#[test]
fn canonical_names() {
    for (ecosystem, name, expected) in [
        ("crates.io", "serde", "serde"),
        ("crates.io", "serde-json", "serde_json"),
        ("crates.io", "Serde-JSON_x", "serde_json_x"),
        ("crates.io", "a--b", "a__b"),
        ("crates.io", "a.b", "a.b"),
        ("crates.io", "ÀB-c", "àb_c"),
        ("crates.io:x", "Serde-JSON", "serde_json"),
        ("PyPI", "requests", "requests"),
        ("PyPI", "Foo.Bar", "foo-bar"),
        ("PyPI", "foo_bar", "foo-bar"),
        ("PyPI", "foo--bar", "foo-bar"),
        ("PyPI", "foo-_.bar", "foo-bar"),
        ("PyPI", "Foo-Bar", "foo-bar"),
        ("PyPI", "-foo-", "-foo-"),
        ("PyPI", "..", "-"),
        ("PyPI", "ǅ", "ǆ"),
        ("PyPI", "日本.語", "日本-語"),
        ("PyPI:x", "Foo.Bar", "foo-bar"),
        ("npm", "JSONStream", "JSONStream"),
        ("npm", "@Scope/Na.me_-", "@Scope/Na.me_-"),
        ("npm:x", "Na--me", "Na--me"),
        ("Go", "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"),
        ("NuGet", "Newtonsoft.Json", "Newtonsoft.Json"),
        ("RubyGems", "Foo_bar-baz", "Foo_bar-baz"),
        ("Maven", "org.Group:Artifact_x", "org.Group:Artifact_x"),
        ("Packagist", "Vendor/Name", "Vendor/Name"),
        ("VSCode:https://open-vsx.org", "Pub.Name", "Pub.Name"),
        ("GitHub Actions", "Owner/Repo", "Owner/Repo"),
        ("npm", "", ""),
    ] {
        check_canonical(ecosystem, name, expected);
    }
}

/// `same`: reports on them belong together. `answers`: a report on the first answers a question about the second.
fn check_pair(one: (&str, &str), two: (&str, &str), same: bool, answers: bool) {
    let (one, two) = (package(one.0, one.1), package(two.0, two.1));
    assert_eq!(one.is_same_as(&two), same, "{one} {two}");
    assert_eq!(two.is_same_as(&one), same, "{two} {one}");
    assert_eq!(one.answers_to(&two), answers, "{one} answers to {two}");
    assert!(one.is_same_as(&one) && one.answers_to(&one));
}

#[test]
fn packages_that_are_one() {
    for (one, two, same, answers) in [
        (("npm", "a"), ("npm", "a"), true, true),
        (("npm", "a"), ("npm", "A"), false, false),
        (("npm", "a"), ("PyPI", "a"), false, false),
        (("npm", "Orchestrator"), ("npm", "orchestrator"), false, false),
        (("Go", "a.b/C"), ("Go", "a.b/c"), false, false),
        (("RubyGems", "A"), ("RubyGems", "a"), false, false),
        (("Maven", "G:a"), ("Maven", "g:a"), false, false),
        (("NuGet", "Newtonsoft.Json"), ("NuGet", "newtonsoft.json"), true, true),
        (("NuGet:x", "A"), ("NuGet:x", "a"), true, true),
        (("NuGet", "a-b"), ("NuGet", "a_b"), false, false),
        (("PyPI", "Foo.Bar"), ("PyPI", "foo_bar"), true, true),
        (("PyPI:x", "Foo.Bar"), ("PyPI:x", "foo_bar"), true, true),
        (("PyPI", "foobar"), ("PyPI", "foo-bar"), false, false),
        (("crates.io", "a-b"), ("crates.io", "A_B"), true, true),
        (("Packagist", "A/b"), ("Packagist", "a/b"), true, true),
        (("VSCode", "Pub.Name"), ("VSCode", "pub.name"), true, true),
        (("GitHub Actions", "Actions/Checkout"), ("GitHub Actions", "actions/checkout"), true, true),
        (("Pub", "Http"), ("Pub", "http"), true, true),
        (("Hackage", "Http"), ("Hackage", "http"), false, false),
        (("SwiftURL", "https://example.org/A"), ("SwiftURL", "https://example.org/a"), false, false),
        (("VSCode:https://open-vsx.org", "a.b"), ("VSCode", "a.b"), false, true),
        (("VSCode", "a.b"), ("VSCode:https://open-vsx.org", "a.b"), false, false),
        (("Debian:12", "curl"), ("Debian", "curl"), false, true),
        (("Debian:12", "curl"), ("Debian:11", "curl"), false, false),
        (("git", "https://github.com/A/b"), ("git", "git@github.com:a/B.git"), true, true),
        (("git", "https://github.com/a/b"), ("git", "github.com/A/B"), true, true),
        (("git", "https://example.com/A/b"), ("git", "https://example.com/a/b"), false, false),
    ] {
        check_pair(one, two, same, answers);
    }
}

#[test]
fn a_package_is_shown_as_people_write_it() {
    assert_eq!(package("npm", "@scope/name").to_string(), "npm/@scope/name");
    assert_eq!(package("debian:12", "curl").to_string(), "Debian:12/curl");
}
