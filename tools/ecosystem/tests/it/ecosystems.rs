//! Names of ecosystems, and their directories.

use ecosystem::{Ecosystem, UnknownEcosystem, current_directory};

/// OSV schema 1.7.5, pattern of `affected[].package.ecosystem`.
const SCHEMA: &str = "AlmaLinux|Alpaquita|Alpine|Android|Azure Linux|BellSoft Hardened Containers|Bioconductor|Bitnami|\
    Chainguard|CleanStart|ConanCenter|CRAN|crates.io|Debian|Docker Hardened Images|Echo|FreeBSD|GHC|GitHub Actions|Go|\
    Hackage|Hex|Julia|Kubernetes|Linux|Mageia|Maven|MinimOS|npm|NuGet|opam|openEuler|openSUSE|OSS-Fuzz|Packagist|\
    Photon OS|Pub|PyPI|Red Hat|Rocky Linux|Root|RubyGems|SUSE|SwiftURL|TuxCare|Ubuntu|VSCode|Wolfi|GIT";

#[test]
fn reads_every_name_of_the_schema_and_no_other() {
    for name in SCHEMA.split('|') {
        let ecosystem = Ecosystem::parse(name).unwrap();
        assert_eq!(ecosystem.as_str(), name);
        assert_eq!(ecosystem.base(), name);
        assert_eq!(ecosystem.suffix(), None);
        let suffixed = Ecosystem::parse(&format!("{name}:a:b c/d")).unwrap();
        assert_eq!(suffixed.as_str(), format!("{name}:a:b c/d"));
        assert_eq!(suffixed.base(), name);
        assert_eq!(suffixed.suffix(), Some("a:b c/d"));
        assert_eq!(suffixed.without_suffix(), ecosystem);
        assert_ne!(suffixed, ecosystem);
    }
    assert_eq!(Ecosystem::all().count(), SCHEMA.split('|').count() + 1);
}

#[test]
fn a_persons_reading_takes_every_name_as_it_is() {
    for ecosystem in Ecosystem::all() {
        assert_eq!(Ecosystem::from_user(ecosystem.as_str()), Ok(ecosystem.clone()));
        // The two that differ by case alone are told apart by the exact spelling only.
        if !ecosystem.names_repositories() {
            for spelling in [ecosystem.base().to_uppercase(), ecosystem.base().to_lowercase(), ecosystem.directory()] {
                assert_eq!(Ecosystem::from_user(&spelling), Ok(ecosystem.clone()), "{spelling}");
            }
        }
    }
    assert!(Ecosystem::git().is_git());
    assert_eq!(Ecosystem::git().as_str(), "Git");
}

fn check_refused(text: &str, message: &str) {
    assert_eq!(Ecosystem::parse(text).map_err(|error| error.to_string()), Err(message.to_owned()), "{text:?}");
}

#[test]
fn refuses_what_the_schema_refuses() {
    for (text, message) in [
        ("", "unknown ecosystem \"\""),
        ("NPM", "unknown ecosystem \"NPM\"; did you mean npm?"),
        ("npn", "unknown ecosystem \"npn\"; did you mean npm?"),
        ("pypi", "unknown ecosystem \"pypi\"; did you mean PyPI?"),
        ("PyPy", "unknown ecosystem \"PyPy\"; did you mean PyPI?"),
        ("cargo", "unknown ecosystem \"cargo\"; did you mean crates.io?"),
        ("crates-io", "unknown ecosystem \"crates-io\"; did you mean crates.io?"),
        ("gem", "unknown ecosystem \"gem\"; did you mean RubyGems?"),
        ("RubyGem", "unknown ecosystem \"RubyGem\"; did you mean RubyGems?"),
        ("rubygems:x", "unknown ecosystem \"rubygems\"; did you mean RubyGems?"),
        ("GitHub Action", "unknown ecosystem \"GitHub Action\"; did you mean GitHub Actions?"),
        ("Homebrew", "unknown ecosystem \"Homebrew\""),
        (" npm", "unknown ecosystem \" npm\"; did you mean npm?"),
        ("npm ", "unknown ecosystem \"npm \"; did you mean npm?"),
        ("npm/", "unknown ecosystem \"npm/\"; did you mean npm?"),
        ("Git", "unknown ecosystem \"Git\"; did you mean GIT?"),
        (":npm", "unknown ecosystem \"\""),
        ("\u{202e}npm\n", "unknown ecosystem \"\\u{202e}npm\\n\"; did you mean npm?"),
        (
            "npm:",
            "the suffix of ecosystem \"npm:\" is empty or has a line break; leave out the colon or write one line",
        ),
        (
            "Debian:1\n2",
            "the suffix of ecosystem \"Debian:1\\n2\" is empty or has a line break; leave out the colon or write one line",
        ),
    ] {
        check_refused(text, message);
    }
    check_refused(&"npm".repeat(40_000), &format!("unknown ecosystem {:?}", "npm".repeat(40_000)));
}

fn check_user(text: &str, expected: &str) {
    let ecosystem = Ecosystem::from_user(text);
    assert_eq!(ecosystem.as_ref().map(Ecosystem::as_str), Ok(expected), "{text:?}");
}

#[test]
fn people_write_names_in_many_ways() {
    for (text, expected) in [
        ("NPM", "npm"),
        ("Npm", "npm"),
        ("node", "npm"),
        ("cargo", "crates.io"),
        ("crates", "crates.io"),
        ("crates-io", "crates.io"),
        ("crates_io", "crates.io"),
        ("cratesio", "crates.io"),
        ("CRATES.IO", "crates.io"),
        ("gem", "RubyGems"),
        ("rubygems", "RubyGems"),
        ("golang", "Go"),
        ("GO", "Go"),
        ("composer", "Packagist"),
        ("packagist", "Packagist"),
        ("pip", "PyPI"),
        ("pypi", "PyPI"),
        ("nuget", "NuGet"),
        ("maven", "Maven"),
        ("gradle", "Maven"),
        ("hex", "Hex"),
        ("pub", "Pub"),
        ("dart", "Pub"),
        ("swift", "SwiftURL"),
        ("conan", "ConanCenter"),
        ("hackage", "Hackage"),
        ("generic", "OSS-Fuzz"),
        ("oss-fuzz", "OSS-Fuzz"),
        ("ossfuzz", "OSS-Fuzz"),
        ("vscode", "VSCode"),
        ("vscode-extension", "VSCode"),
        ("VS Code", "VSCode"),
        ("vscode:https://open-vsx.org", "VSCode:https://open-vsx.org"),
        ("composer:https://packages.drupal.org/8", "Packagist:https://packages.drupal.org/8"),
        ("debian:12", "Debian:12"),
        ("ubuntu:22.04:LTS", "Ubuntu:22.04:LTS"),
        ("github-actions", "GitHub Actions"),
        ("githubactions", "GitHub Actions"),
        ("GitHub_Actions", "GitHub Actions"),
        ("actions", "GitHub Actions"),
        ("photon-os:3.0", "Photon OS:3.0"),
        ("red-hat", "Red Hat"),
        ("git", "Git"),
        ("Git", "Git"),
        ("GIT", "GIT"),
    ] {
        check_user(text, expected);
    }
}

#[test]
fn a_format_of_several_ecosystems_is_asked_about() {
    for (text, candidates) in [
        ("deb", &["Debian", "Echo", "Ubuntu"][..]),
        (
            "APK:3",
            &["Alpaquita", "Alpine", "BellSoft Hardened Containers", "Chainguard", "CleanStart", "MinimOS", "Wolfi"],
        ),
    ] {
        let text_alone = text.split(':').next().unwrap().to_owned();
        assert_eq!(
            Ecosystem::from_user(text),
            Err(UnknownEcosystem::Ambiguous { text: text_alone, candidates: candidates.to_vec() })
        );
    }
    let message = Ecosystem::from_user("deb").unwrap_err().to_string();
    assert_eq!(message, "\"deb\" is the package format of Debian, Echo, Ubuntu; name one of them");
    assert_eq!(Ecosystem::from_user("nmp").unwrap_err().to_string(), "unknown ecosystem \"nmp\"; did you mean npm?");
}

fn check_directory(ecosystem: &str, directory: &str, aliases: &[&str]) {
    let ecosystem = Ecosystem::parse(ecosystem).expect("a known ecosystem");
    assert_eq!(ecosystem.directory(), directory, "{ecosystem}");
    assert_eq!(ecosystem.directory_aliases(), aliases, "{ecosystem}");
}

#[test]
fn directories_are_upstreams() {
    for (ecosystem, directory, aliases) in [
        ("npm", "npm", &[][..]),
        ("PyPI", "pypi", &[]),
        ("Go", "go", &[]),
        ("Hex", "hex", &[]),
        ("NuGet", "nuget", &[]),
        ("RubyGems", "rubygems", &[]),
        ("Packagist", "packagist", &[]),
        ("crates.io", "crates.io", &["crates-io"]),
        ("GitHub Actions", "github-actions", &[]),
        ("OSS-Fuzz", "oss-fuzz", &[]),
        ("Photon OS:3.0", "photon-os:3.0", &["photon-os:3-0"]),
        ("Ubuntu:22.04:LTS", "ubuntu:22.04:lts", &["ubuntu:22-04:lts"]),
        ("Ubuntu:Pro:18.04:LTS", "ubuntu:pro:18.04:lts", &["ubuntu:pro:18-04:lts"]),
        ("Alpine:v3.20", "alpine:v3.20", &["alpine:v3-20"]),
        ("Debian:12", "debian:12", &[]),
        ("Red Hat:rhel_aus:8.4::appstream", "red-hat:rhel-aus:8.4::appstream", &["red-hat:rhel-aus:8-4::appstream"]),
        ("openSUSE:Leap 15.6", "opensuse:leap-15.6", &["opensuse:leap-15-6"]),
        ("Azure Linux:3", "azure-linux:3", &[]),
        ("BellSoft Hardened Containers:stream", "bellsoft-hardened-containers:stream", &[]),
        ("VSCode", "vscode", &[]),
        ("VSCode:https://open-vsx.org", "vscode:open-vsx.org", &["vscode:open-vsx-org"]),
        ("VSCode:HTTPS://open-vsx.org", "vscode:https:-open-vsx.org", &["vscode:https:-open-vsx-org"]),
        ("VSCode:http://open-vsx.org", "vscode:http:-open-vsx.org", &["vscode:http:-open-vsx-org"]),
        ("VSCode:https://https://a", "vscode:https:-a", &[]),
        ("Maven:https://repo1.maven.org/maven2", "maven:repo1.maven.org-maven2", &["maven:repo1-maven-org-maven2"]),
        ("Maven:https://A_B/c--d", "maven:a-b-c-d", &[]),
        (
            "Packagist:https://packages.drupal.org/8",
            "packagist:https:-packages.drupal.org-8",
            &["packagist:https:-packages-drupal-org-8"],
        ),
        ("npm:a _/-b", "npm:a-b", &[]),
        ("npm:../..", "npm:..-..", &["npm:-"]),
        ("npm:ÀÉ", "npm:àé", &[]),
        ("npm:https://x", "npm:https:-x", &[]),
    ] {
        check_directory(ecosystem, directory, aliases);
    }
    assert_eq!(Ecosystem::git().directory(), "git");
}

#[test]
fn an_old_directory_is_known_by_its_name() {
    for (old, current) in [("crates-io", Some("crates.io")), ("crates.io", None), ("npm", None), ("", None)] {
        assert_eq!(current_directory(old), current, "{old}");
    }
}

#[test]
fn upstreams_lists() {
    let names = |test: fn(&Ecosystem) -> bool| {
        Ecosystem::all().filter(test).map(|ecosystem| ecosystem.base()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(
        names(Ecosystem::is_supported),
        "Alpine|crates.io|Debian|GitHub Actions|Go|Hex|Maven|npm|NuGet|OSS-Fuzz|Packagist|PyPI|RubyGems|Ubuntu|VSCode|Git"
    );
    assert_eq!(names(Ecosystem::allows_semver), "Bitnami|crates.io|Go|Hex|npm|SwiftURL");
    assert_eq!(names(Ecosystem::names_repositories), "GIT|Git");
    assert_eq!(names(|ecosystem| !ecosystem.has_packages()), "Android|GHC|Kubernetes|Linux");
    assert_eq!(names(|ecosystem| ecosystem.is_supported() && !ecosystem.has_packages()), "");
}

fn check_suffix(ecosystem: &str, message: Option<&str>) {
    let ecosystem = Ecosystem::parse(ecosystem).expect("a known ecosystem");
    assert_eq!(ecosystem.check_suffix().err().map(|error| error.to_string()).as_deref(), message, "{ecosystem}");
}

#[test]
fn suffixes_mean_what_the_prose_says() {
    for (ecosystem, message) in [
        ("npm", None),
        ("npm:2", Some("npm has no suffixes; write the name alone")),
        ("PyPI:x", Some("PyPI has no suffixes; write the name alone")),
        ("Debian", None),
        ("Debian:12", None),
        ("Debian:sid", None),
        ("Alpine", Some("Alpine needs a release behind a colon")),
        ("Alpine:v3.20", None),
        ("Ubuntu", Some("Ubuntu needs a release behind a colon")),
        ("Root:Alpine:3.18", None),
        ("Root", Some("Root needs a release behind a colon")),
        ("Maven", None),
        ("Maven:https://maven.google.com", None),
        (
            "Maven:maven.google.com",
            Some("the suffix of Maven is the https:// URL of a registry, without a slash at the end"),
        ),
        (
            "VSCode:https://open-vsx.org/",
            Some("the suffix of VSCode is the https:// URL of a registry, without a slash at the end"),
        ),
    ] {
        check_suffix(ecosystem, message);
    }
}
