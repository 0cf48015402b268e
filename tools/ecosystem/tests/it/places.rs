//! Folders of packages: upstream's to the letter, and what can have none.

use ecosystem::{PackageFolder, PlaceError, Unportable, portability};

use crate::package;

fn check_folder(ecosystem: &str, name: &str, path: &str) {
    let folder = package(ecosystem, name).folder().map(|folder| folder.to_string());
    assert_eq!(folder.as_deref(), Ok(path), "{ecosystem}/{name}");
    let parsed = PackageFolder::parse(path).expect("a folder's path is a folder");
    assert_eq!(parsed.components().collect::<Vec<_>>().join("/"), path);
    assert_eq!(format!("{}/{}", parsed.ecosystem_directory(), parsed.package_path()), path);
}

#[test]
fn folders_are_upstreams() {
    for (ecosystem, name, path) in [
        ("npm", "left-pad", "npm/left-pad"),
        ("npm", "@scope/name", "npm/@scope/name"),
        ("npm", "Orchestrator", "npm/orchestrator"),
        ("npm", "JSONStream.json", "npm/jsonstream.json"),
        ("npm", "a.b_c~d!e'f(g)h*i", "npm/a.b_c~d!e'f(g)h*i"),
        ("npm", "...", "npm/..."),
        ("npm", ".hidden", "npm/.hidden"),
        ("npm", "gitignore", "npm/gitignore"),
        ("npm", "git", "npm/git"),
        ("npm", "x.git", "npm/x.git"),
        ("npm", ".gitx", "npm/.gitx"),
        ("npm", "git~10", "npm/git~10"),
        ("npm", "a b", "npm/a b"),
        ("npm", "%2e%2e", "npm/%2e%2e"),
        ("npm", "пакет", "npm/пакет"),
        ("npm", "日本語", "npm/日本語"),
        ("npm", "ÀÉÎ", "npm/àéî"),
        ("npm", "ΟΔΟΣ", "npm/οδοσ"),
        ("npm", "İ", "npm/i"),
        ("npm", "e\u{301}", "npm/e\u{301}"),
        ("npm", "🦀", "npm/🦀"),
        ("npm", "👩\u{200d}💻", "npm/👩\u{200d}💻"),
        ("npm", "a:b", "npm/a:b"),
        ("npm", "con", "npm/con"),
        ("npm", "readme.md", "npm/readme.md"),
        ("npm", "mal-2024-1.json", "npm/mal-2024-1.json"),
        ("npm:x y", "a", "npm:x-y/a"),
        ("PyPI", "Foo.Bar_baz", "pypi/foo-bar-baz"),
        ("PyPI:x", "Foo.Bar_baz", "pypi:x/foo-bar-baz"),
        ("PyPI", "..", "pypi/-"),
        ("PyPI", ".git", "pypi/-git"),
        ("crates.io", "Serde-JSON", "crates.io/serde_json"),
        ("Go", "github.com/BurntSushi/toml", "go/github.com/burntsushi/toml"),
        ("Go", "gopkg.in/yaml.v3", "go/gopkg.in/yaml.v3"),
        ("Go", "stdlib", "go/stdlib"),
        ("Maven", "org.Example:artifact", "maven/org.example:artifact"),
        ("Maven:https://maven.google.com", "g:a", "maven:maven.google.com/g:a"),
        ("NuGet", "Newtonsoft.Json", "nuget/newtonsoft.json"),
        ("RubyGems", "Foo", "rubygems/foo"),
        ("Packagist", "Vendor/Name", "packagist/vendor/name"),
        ("VSCode", "Publisher.Name", "vscode/publisher.name"),
        ("VSCode:https://open-vsx.org", "Publisher.Name", "vscode:open-vsx.org/publisher.name"),
        ("GitHub Actions", "Owner/Repo/Sub", "github-actions/owner/repo/sub"),
        ("Hex", "phoenix", "hex/phoenix"),
        ("Debian:12", "curl", "debian:12/curl"),
        ("Ubuntu:22.04:LTS", "curl", "ubuntu:22.04:lts/curl"),
        ("OSS-Fuzz", "zlib", "oss-fuzz/zlib"),
        ("git", "https://GitHub.com/Org/Repo", "git/github.com/org/repo"),
        ("git", "ssh://random@Example.com/Path/to/Repo.git", "git/random@example.com/path/to/repo"),
        ("git", "no remote at all", "git/no remote at all"),
    ] {
        check_folder(ecosystem, name, path);
    }
    let longest = "x".repeat(255);
    check_folder("npm", &longest, &format!("npm/{longest}"));
}

fn check_refused(ecosystem: &str, name: &str, expected: &PlaceError) {
    let refused = package(ecosystem, name).folder();
    assert_eq!(refused.as_ref(), Err(expected), "{ecosystem}/{name:?}");
    let message = expected.to_string();
    assert!(!message.contains(['\n', '\u{202e}', '\0']), "{message:?} can be shown");
    assert!(!expected.remedy().is_empty());
    assert!(PackageFolder::parse(&format!("npm/{name}")).is_err(), "{name:?} in a tree");
}

#[test]
fn names_that_have_no_place() {
    let own = str::to_owned;
    let empty = |name: &str| PlaceError::EmptyComponent { name: name.to_lowercase() };
    let dots = |name: &str, component| PlaceError::Dots { name: own(name), component: own(component) };
    let git = |component: &str| PlaceError::GitName { component: own(component) };
    let space = |component: &str| PlaceError::OuterSpace { component: own(component) };
    let control = |name: &str, character| PlaceError::Control { name: own(name), character };
    let direction = |name: &str, character| PlaceError::Direction { name: own(name), character };
    for (name, expected) in [
        ("", PlaceError::NoName),
        ("/", empty("/")),
        ("/a", empty("/a")),
        ("a/", empty("a/")),
        ("a//b", empty("a//b")),
        ("@scope/", empty("@scope/")),
        (".", dots(".", ".")),
        ("..", dots("..", "..")),
        ("../pypi/requests", dots("../pypi/requests", "..")),
        ("a/../../../x", dots("a/../../../x", "..")),
        ("a/./b", dots("a/./b", ".")),
        ("a/..", dots("a/..", "..")),
        (".git", git(".git")),
        (".GIT", git(".git")),
        (".GİT", git(".git")),
        ("a/.Git/b", git(".git")),
        (".git.", git(".git.")),
        (".git::$INDEX_ALLOCATION", git(".git::$index_allocation")),
        (".g\u{200c}it", git(".g\u{200c}it")),
        (".git\u{feff}", git(".git\u{feff}")),
        ("git~1", git("git~1")),
        ("GIT~1", git("git~1")),
        (".gitmodules", git(".gitmodules")),
        (".gitModules", git(".gitmodules")),
        ("gitmod~1", git("gitmod~1")),
        ("gi7eba~12", git("gi7eba~12")),
        (".gitattributes", git(".gitattributes")),
        ("@scope/.gitattributes ", space(".gitattributes ")),
        (" a", space(" a")),
        ("a ", space("a ")),
        ("\u{a0}a", space("\u{a0}a")),
        ("a\u{3000}", space("a\u{3000}")),
        ("a /b", space("a ")),
        ("a/ b", space(" b")),
        (" ", space(" ")),
        ("a\\b", PlaceError::BackSlash { name: own("a\\b") }),
        ("..\\..\\x", PlaceError::BackSlash { name: own("..\\..\\x") }),
        ("a\0b", control("a\0b", '\0')),
        ("a\nb", control("a\nb", '\n')),
        ("a\t", control("a\t", '\t')),
        ("\r", control("\r", '\r')),
        ("\u{1b}[31m", control("\u{1b}[31m", '\u{1b}')),
        ("a\u{7f}", control("a\u{7f}", '\u{7f}')),
        ("a\u{80}", control("a\u{80}", '\u{80}')),
        ("a\u{9b}31m", control("a\u{9b}31m", '\u{9b}')),
        ("a\u{85}b", control("a\u{85}b", '\u{85}')),
        ("a\u{2028}b", control("a\u{2028}b", '\u{2028}')),
        ("a\u{2029}b", control("a\u{2029}b", '\u{2029}')),
        ("a\u{202e}b", direction("a\u{202e}b", '\u{202e}')),
        ("\u{202a}", direction("\u{202a}", '\u{202a}')),
        ("a\u{2066}b\u{2069}", direction("a\u{2066}b\u{2069}", '\u{2066}')),
        ("a\u{200e}", direction("a\u{200e}", '\u{200e}')),
        ("a\u{200f}", direction("a\u{200f}", '\u{200f}')),
        ("a\u{61c}", direction("a\u{61c}", '\u{61c}')),
    ] {
        check_refused("npm", name, &expected);
    }
    check_refused("npm", &"x".repeat(256), &PlaceError::LongComponent { bytes: 256 });
    check_refused("npm", &"é".repeat(128), &PlaceError::LongComponent { bytes: 256 });
    // Lower-casing makes it longer.
    assert_eq!(package("npm", &"Ⱥ".repeat(100)).folder(), Err(PlaceError::LongComponent { bytes: 300 }));
    let deep = vec!["x".repeat(255); 16].join("/");
    check_refused("npm", &deep, &PlaceError::LongPath { bytes: 4 + 16 * 256 - 1 });
    check_refused("crates.io", "a/../b", &dots("a/../b", ".."));
    check_refused("git", "https://h/../../npm/left-pad", &empty("https://h/../../npm/left-pad"));
}

#[test]
fn a_suffix_cannot_lead_elsewhere_either() {
    for (ecosystem, name) in [("npm:a\\b", "x"), ("npm:a\u{202e}", "x"), ("npm:a\u{9b}", "x"), ("Debian:a\t", "x")] {
        assert!(package(ecosystem, name).folder().is_err(), "{ecosystem:?}");
    }
    let long = format!("npm:{}", "x".repeat(260));
    assert_eq!(package(&long, "x").folder(), Err(PlaceError::LongComponent { bytes: 264 }));
}

#[test]
fn a_path_of_one_component_is_no_package() {
    for path in ["", "npm", "npm/", "/npm", "/", "npm//a"] {
        assert!(PackageFolder::parse(path).is_err(), "{path:?}");
    }
}

fn check_portability(name: &str, expected: &[Unportable]) {
    let folder = package("npm", name).folder().expect("a place");
    assert_eq!(portability(&folder), expected, "{name:?}");
}

#[test]
fn what_windows_cannot_check_out() {
    let device =
        |component: &str, device: &str| Unportable::Device { component: component.into(), device: device.into() };
    let character = |component: &str, character| Unportable::Character { component: component.into(), character };
    let end = |component: &str| Unportable::End { component: component.into() };
    for (name, expected) in [
        ("left-pad", vec![]),
        ("@scope/name.js", vec![]),
        ("console", vec![]),
        ("com", vec![]),
        ("com0", vec![]),
        ("com10", vec![]),
        ("xcon", vec![]),
        ("x.con", vec![]),
        ("日本", vec![]),
        ("con", vec![device("con", "CON")]),
        ("CON", vec![device("con", "CON")]),
        ("aux.txt", vec![device("aux.txt", "AUX")]),
        ("aux.tar.gz", vec![device("aux.tar.gz", "AUX")]),
        ("nul .x", vec![device("nul .x", "NUL")]),
        ("prn", vec![device("prn", "PRN")]),
        ("com1", vec![device("com1", "COM1")]),
        ("lpt9.js", vec![device("lpt9.js", "LPT9")]),
        ("com²", vec![device("com²", "COM²")]),
        ("conin$", vec![device("conin$", "CONIN$")]),
        ("@x/nul", vec![device("nul", "NUL")]),
        ("nul/aux", vec![device("nul", "NUL"), device("aux", "AUX")]),
        ("a:b", vec![character("a:b", ':')]),
        ("a<b", vec![character("a<b", '<')]),
        ("a>b", vec![character("a>b", '>')]),
        ("a\"b", vec![character("a\"b", '"')]),
        ("a|b", vec![character("a|b", '|')]),
        ("a?b", vec![character("a?b", '?')]),
        ("a*b?", vec![character("a*b?", '*')]),
        ("a.", vec![end("a.")]),
        ("...", vec![end("...")]),
        ("@x./y", vec![end("@x.")]),
        ("con:.", vec![device("con:.", "CON"), character("con:.", ':'), end("con:.")]),
    ] {
        check_portability(name, &expected);
    }
    let registry = package("VSCode:https://open-vsx.org", "a.b").folder().unwrap();
    assert_eq!(portability(&registry), [character("vscode:open-vsx.org", ':')]);
}
