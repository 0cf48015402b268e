//! Package URLs.

use ecosystem::{Package, PurlError, PurlMismatch, purl_matches};

use crate::package;

/// A package and the purl that is it, both ways.
fn check_both_ways(ecosystem: &str, name: &str, purl: &str) {
    let package = package(ecosystem, name);
    assert_eq!(package.purl().as_deref(), Some(purl), "{package}");
    assert_eq!(package.purl_as_written().as_deref(), Some(purl), "{package}");
    assert_eq!(Package::from_purl(purl), Ok((package.clone(), None)), "{purl}");
    assert_eq!(purl_matches(purl, &package), Ok(()), "{purl}");
    let versioned = package.purl_with_version("1.0+a/b@c").expect("a purl");
    assert_eq!(Package::from_purl(&versioned), Ok((package.clone(), Some("1.0+a/b@c".to_owned()))), "{versioned}");
    assert_eq!(package.purl_as_written_with_version("1.0+a/b@c"), Some(versioned.clone()), "{package}");
    assert_eq!(purl_matches(&versioned, &package), Ok(()), "{versioned}");
}

#[test]
fn packages_with_a_purl() {
    for (ecosystem, name, purl) in [
        ("npm", "left-pad", "pkg:npm/left-pad"),
        ("npm", "JSONStream", "pkg:npm/JSONStream"),
        ("npm", "@scope/name", "pkg:npm/%40scope/name"),
        ("npm", "a!b'c(d)*~", "pkg:npm/a%21b%27c%28d%29%2A~"),
        ("npm", "пакет", "pkg:npm/%D0%BF%D0%B0%D0%BA%D0%B5%D1%82"),
        ("npm", "a b", "pkg:npm/a%20b"),
        ("npm", "a:b", "pkg:npm/a:b"),
        ("npm", "a%b", "pkg:npm/a%25b"),
        ("npm", "a+b&c=d?e#f", "pkg:npm/a%2Bb%26c%3Dd%3Fe%23f"),
        ("PyPI", "requests", "pkg:pypi/requests"),
        ("PyPI", "foo.bar", "pkg:pypi/foo.bar"),
        ("crates.io", "serde_json", "pkg:cargo/serde_json"),
        ("crates.io", "Serde-json", "pkg:cargo/Serde-json"),
        ("RubyGems", "rails", "pkg:gem/rails"),
        ("RubyGems", "RedCloth", "pkg:gem/RedCloth"),
        ("NuGet", "Newtonsoft.Json", "pkg:nuget/Newtonsoft.Json"),
        ("Go", "github.com/gorilla/context", "pkg:golang/github.com/gorilla/context"),
        ("Go", "gopkg.in/yaml.v3", "pkg:golang/gopkg.in/yaml.v3"),
        ("Maven", "org.example:Artifact", "pkg:maven/org.example/Artifact"),
        ("Maven", "g:a:b", "pkg:maven/g/a:b"),
        ("Maven:https://maven.google.com", "g:a", "pkg:maven/g/a?repository_url=https:%2F%2Fmaven.google.com"),
        ("Packagist", "laravel/laravel", "pkg:composer/laravel/laravel"),
        (
            "Packagist:https://packages.drupal.org/8",
            "drupal/core",
            "pkg:composer/drupal/core?repository_url=https:%2F%2Fpackages.drupal.org%2F8",
        ),
        ("VSCode", "ms-python.python", "pkg:vscode-extension/ms-python/python"),
        ("VSCode:https://open-vsx.org", "a.b", "pkg:vscode-extension/a/b?repository_url=https:%2F%2Fopen-vsx.org"),
        ("Hex", "phoenix", "pkg:hex/phoenix"),
        ("Hex", "acme/foo", "pkg:hex/acme/foo"),
        ("Pub", "flutter_bloc", "pkg:pub/flutter_bloc"),
        ("Hackage", "AC-HalfInteger", "pkg:hackage/AC-HalfInteger"),
        ("CRAN", "rJava", "pkg:cran/rJava"),
        ("ConanCenter", "openssl", "pkg:conan/openssl"),
        ("opam", "ocaml", "pkg:opam/ocaml"),
        ("Bitnami", "wordpress", "pkg:bitnami/wordpress"),
        ("SwiftURL", "github.com/Alamofire/Alamofire", "pkg:swift/github.com/Alamofire/Alamofire"),
        ("OSS-Fuzz", "openssl", "pkg:generic/openssl"),
        ("Debian", "curl", "pkg:deb/debian/curl"),
        ("Ubuntu", "curl", "pkg:deb/ubuntu/curl"),
        ("Echo", "curl", "pkg:deb/echo/curl"),
        ("Alpine", "curl", "pkg:apk/alpine/curl"),
        ("Wolfi", "curl", "pkg:apk/wolfi/curl"),
        ("Chainguard", "curl", "pkg:apk/chainguard/curl"),
        ("Red Hat", "Xorg", "pkg:rpm/redhat/Xorg"),
        ("Rocky Linux", "curl", "pkg:rpm/rocky-linux/curl"),
        ("openSUSE", "curl", "pkg:rpm/opensuse/curl"),
    ] {
        check_both_ways(ecosystem, name, purl);
    }
    // A release is not part of a purl's name.
    assert_eq!(package("Debian:12", "curl").purl().as_deref(), Some("pkg:deb/debian/curl"));
    assert_eq!(purl_matches("pkg:deb/debian/curl", &package("Debian:12", "curl")), Ok(()));
}

/// A package without a purl, and the spelling that keeps its letters, if there is one.
fn check_none(ecosystem: &str, name: &str, as_written: Option<&str>) {
    let package = package(ecosystem, name);
    assert_eq!(package.purl(), None, "{package}");
    assert_eq!(package.purl_as_written().as_deref(), as_written, "{package}");
}

#[test]
fn packages_without_a_purl() {
    for (ecosystem, name, as_written) in [
        ("Go", "github.com/BurntSushi/toml", Some("pkg:golang/github.com/BurntSushi/toml")),
        ("Go", "stdlib", None),
        ("Packagist", "Vendor/name", Some("pkg:composer/Vendor/name")),
        ("Packagist", "no-vendor", None),
        ("PyPI", "foo_bar", Some("pkg:pypi/foo_bar")),
        ("PyPI", "Django", Some("pkg:pypi/Django")),
        ("Hex", "Phoenix", Some("pkg:hex/Phoenix")),
        ("Pub", "a-b", Some("pkg:pub/a-b")),
        ("VSCode", "Publisher.name", Some("pkg:vscode-extension/Publisher/name")),
        ("VSCode", "name", None),
        ("VSCode", ".name", None),
        ("VSCode", "publisher.", None),
        ("Maven", "artifact", None),
        ("Maven", ":artifact", None),
        ("Maven", "group:", None),
        ("GitHub Actions", "actions/checkout", None),
        ("Julia", "Dates", None),
        ("Bioconductor", "x", None),
        ("Docker Hardened Images", "x", None),
        ("GIT", "https://github.com/a/b", None),
        ("git", "https://github.com/a/b", None),
        ("Photon OS:3.0", "x", None),
        ("SwiftURL", "https://github.com/a/b", None),
        ("SwiftURL", "a", None),
        ("npm", "", None),
        ("npm", "/", None),
        ("npm", "a//b", None),
        ("npm", "/a", None),
        ("npm", "a/", None),
    ] {
        check_none(ecosystem, name, as_written);
    }
}

fn check_read(purl: &str, ecosystem: &str, name: &str, version: Option<&str>) {
    let expected = (package(ecosystem, name), version.map(str::to_owned));
    assert_eq!(Package::from_purl(purl), Ok(expected), "{purl}");
}

#[test]
fn purls_are_read_generously() {
    for (purl, ecosystem, name, version) in [
        ("pkg:npm/left-pad@1.3.0", "npm", "left-pad", Some("1.3.0")),
        ("PKG:NPM/left-pad", "npm", "left-pad", None),
        ("pkg:/npm/left-pad", "npm", "left-pad", None),
        ("pkg://npm/left-pad@1", "npm", "left-pad", Some("1")),
        ("pkg:npm/left-pad/", "npm", "left-pad", None),
        ("pkg:npm//left-pad", "npm", "left-pad", None),
        ("pkg:npm/left-pad@", "npm", "left-pad", None),
        ("pkg:npm/%40scope/name@1.0.0", "npm", "@scope/name", Some("1.0.0")),
        ("pkg:npm/%40scope%2Fname@1.0.0", "npm", "@scope/name", Some("1.0.0")),
        ("pkg:npm/@scope/name", "npm", "@scope/name", None),
        ("pkg:npm/@scope/name@1.0.0", "npm", "@scope/name", Some("1.0.0")),
        ("pkg:npm/name@%5E1.0", "npm", "name", Some("^1.0")),
        ("pkg:npm/name@1.0?vcs_url=git://h/p%40x#sub/dir", "npm", "name", Some("1.0")),
        ("pkg:npm/name?repository_url=https://npm.example", "npm", "name", None),
        ("pkg:npm/name?", "npm", "name", None),
        ("pkg:npm/name#", "npm", "name", None),
        ("pkg:npm/name?a=&b=c&a2=", "npm", "name", None),
        ("pkg:pypi/Django_package@1.11.1.dev1", "PyPI", "django-package", Some("1.11.1.dev1")),
        ("pkg:pypi/foo.bar", "PyPI", "foo.bar", None),
        ("pkg:golang/github.com/BurntSushi/toml@v1.3.2", "Go", "github.com/BurntSushi/toml", Some("v1.3.2")),
        ("pkg:golang/google.golang.org/genproto#googleapis/api", "Go", "google.golang.org/genproto", None),
        ("pkg:golang/stdlib@1.22", "Go", "stdlib", Some("1.22")),
        ("pkg:composer/Laravel/Laravel@5.5.0", "Packagist", "laravel/laravel", Some("5.5.0")),
        ("pkg:composer/a/b?repository_url=https://packagist.org/", "Packagist", "a/b", None),
        (
            "pkg:composer/a/b?repository_url=packages.drupal.org%2F8",
            "Packagist:https://packages.drupal.org/8",
            "a/b",
            None,
        ),
        ("pkg:maven/g/a@1?type=jar", "Maven", "g:a", Some("1")),
        ("pkg:maven/g/a?repository_url=https://repo1.maven.org/maven2/", "Maven", "g:a", None),
        ("pkg:maven/g/a?repository_url=https:%2F%2Frepo.maven.apache.org%2Fmaven2", "Maven", "g:a", None),
        ("pkg:maven/g/a?repository_url=HTTPS://Maven.Google.com", "Maven:https://Maven.Google.com", "g:a", None),
        ("pkg:gradle/g/a", "Maven", "g:a", None),
        ("pkg:vscode/Pub/Name", "VSCode", "pub.name", None),
        ("pkg:vscode-extension/pub/name@1?platform=linux-x64", "VSCode", "pub.name", Some("1")),
        (
            "pkg:vscode-extension/pub/name?repository_url=https://open-vsx.org/",
            "VSCode:https://open-vsx.org",
            "pub.name",
            None,
        ),
        ("pkg:githubactions/actions/checkout@v4", "GitHub Actions", "actions/checkout", Some("v4")),
        ("pkg:deb/Debian/Curl@1:7.5-1?arch=i386&distro=jessie", "Debian", "curl", Some("1:7.5-1")),
        ("pkg:apk/alpine/curl@7.83.0-r0", "Alpine", "curl", Some("7.83.0-r0")),
        ("pkg:hex/Phoenix", "Hex", "phoenix", None),
        ("pkg:pub/Flutter-Bloc", "Pub", "flutter_bloc", None),
        ("pkg:julia/Dates?uuid=ade2ca70", "Julia", "Dates", None),
        ("pkg:dhi/nginx", "Docker Hardened Images", "nginx", None),
        ("pkg:generic/a/b", "OSS-Fuzz", "a/b", None),
        ("pkg:nuget/A@1", "NuGet", "A", Some("1")),
    ] {
        check_read(purl, ecosystem, name, version);
    }
}

fn check_unreadable(purl: &str, expected: &PurlError) {
    assert_eq!(Package::from_purl(purl).as_ref(), Err(expected), "{purl}");
}

#[test]
fn texts_that_are_no_purl() {
    let own = str::to_owned;
    let unknown = |kind: &str, namespace: Option<&str>| PurlError::UnknownType {
        kind: own(kind),
        namespace: namespace.map(str::to_owned),
    };
    for (purl, expected) in [
        ("", PurlError::NoScheme),
        ("npm/left-pad", PurlError::NoScheme),
        ("pkg", PurlError::NoScheme),
        ("pkg%3Anpm/a", PurlError::NoScheme),
        ("ééé", PurlError::NoScheme),
        ("pkg:", PurlError::NoType),
        ("pkg:npm", PurlError::NoType),
        ("pkg:npm@1", PurlError::NoType),
        ("pkg:n&g?inx/nginx@0.8.9", PurlError::NoType),
        ("pkg:3nginx/nginx", PurlError::Type(own("3nginx"))),
        ("pkg:nginx:a/nginx", PurlError::Type(own("nginx:a"))),
        ("pkg:npm/", PurlError::NoName),
        ("pkg:npm/@1.0", PurlError::NoName),
        ("pkg:maven/@1.3.4", PurlError::NoName),
        ("pkg:swift/github.com/Alamofire/@5.4.3", PurlError::NoName),
        ("pkg:npm/a%zz", PurlError::Escape(own("a%zz"))),
        ("pkg:npm/a%", PurlError::Escape(own("a%"))),
        ("pkg:npm/a%ff", PurlError::Escape(own("a%ff"))),
        ("pkg:npm/a@%f", PurlError::Escape(own("%f"))),
        ("pkg:npm/a?b=%ff", PurlError::Escape(own("%ff"))),
        ("pkg:npm/a?in%20production=true", PurlError::Qualifier(own("in%20production=true"))),
        ("pkg:npm/a?1=2", PurlError::Qualifier(own("1=2"))),
        ("pkg:npm/a?b=1&B=2", PurlError::Qualifier(own("B=2"))),
        ("pkg:docker/a", unknown("docker", None)),
        ("pkg:github/a/b", unknown("github", None)),
        ("pkg:deb/curl", unknown("deb", Some(""))),
        ("pkg:deb/kali/curl", unknown("deb", Some("kali"))),
        ("pkg:rpm/fedora/curl", unknown("rpm", Some("fedora"))),
        ("pkg:pypi/ns/a", PurlError::NamespaceUnexpected("pypi")),
        ("pkg:cargo/ns/a", PurlError::NamespaceUnexpected("cargo")),
        ("pkg:maven/a", PurlError::NamespaceMissing("maven")),
        ("pkg:composer/a", PurlError::NamespaceMissing("composer")),
        ("pkg:vscode-extension/java", PurlError::NamespaceMissing("vscode-extension")),
        ("pkg:swift/Alamofire", PurlError::NamespaceMissing("swift")),
        ("pkg:maven/g/a?repository_url=ftp://x", PurlError::Registry(own("ftp://x"))),
        ("pkg:maven/g/a?repository_url=/", PurlError::Registry(own(""))),
        ("pkg:maven/g/a?repository_url=x%0Ay", PurlError::Registry(own("x\ny"))),
    ] {
        check_unreadable(purl, &expected);
    }
}

fn check_match(purl: &str, ecosystem: &str, name: &str, expected: Result<(), PurlMismatch>) {
    assert_eq!(purl_matches(purl, &package(ecosystem, name)), expected, "{purl} {name}");
}

#[test]
fn a_purl_and_the_package_beside_it() {
    let other_name = |found: &str, expected: &str| {
        Err(PurlMismatch::Name { found: found.to_owned(), expected: expected.to_owned() })
    };
    for (purl, ecosystem, name, expected) in [
        ("pkg:npm/a@1?x=y#z", "npm", "a", Ok(())),
        ("pkg:npm/%40s/a", "npm", "@s/a", Ok(())),
        ("pkg:npm/A", "npm", "a", other_name("A", "a")),
        ("pkg:npm/a", "npm", "A", other_name("a", "A")),
        ("pkg:npm/s/a", "npm", "@s/a", other_name("s/a", "@s/a")),
        ("pkg:golang/github.com/burntsushi/toml", "Go", "github.com/BurntSushi/toml", Ok(())),
        ("pkg:golang/github.com/BurntSushi/toml", "Go", "github.com/BurntSushi/toml", Ok(())),
        (
            "pkg:golang/github.com/BurntSushi/tom",
            "Go",
            "github.com/BurntSushi/toml",
            other_name("github.com/BurntSushi/tom", "github.com/BurntSushi/toml"),
        ),
        ("pkg:composer/vendor/name", "Packagist", "Vendor/Name", Ok(())),
        ("pkg:composer/Vendor/Name", "Packagist", "vendor/name", Ok(())),
        ("pkg:composer/vendor/name", "Packagist:https://x.example", "vendor/name", Ok(())),
        ("pkg:pypi/foo-bar", "PyPI", "Foo_Bar", Ok(())),
        ("pkg:pypi/Foo.Bar", "PyPI", "foo--bar", Ok(())),
        ("pkg:pypi/foobar", "PyPI", "foo-bar", other_name("foobar", "foo-bar")),
        ("pkg:maven/g/a", "Maven", "g:a", Ok(())),
        ("pkg:maven/G/a", "Maven", "g:a", other_name("G:a", "g:a")),
        ("pkg:vscode/p/n", "VSCode", "p.n", Ok(())),
        ("pkg:vscode-extension/p/n", "VSCode:https://open-vsx.org", "P.n", Ok(())),
        ("pkg:gem/a", "RubyGems", "a", Ok(())),
        ("pkg:nuget/a", "NuGet", "A", other_name("a", "A")),
        ("pkg:cargo/a_b", "crates.io", "a-b", other_name("a_b", "a-b")),
        ("pkg:generic/zlib", "OSS-Fuzz", "zlib", Ok(())),
        ("pkg:deb/debian/curl", "Debian:12", "curl", Ok(())),
        (
            "pkg:deb/ubuntu/curl",
            "Debian",
            "curl",
            Err(PurlMismatch::Ecosystem { found: Some("Ubuntu"), expected: "Debian" }),
        ),
        ("pkg:npm/a", "PyPI", "a", Err(PurlMismatch::Ecosystem { found: Some("npm"), expected: "PyPI" })),
        ("pkg:docker/a", "npm", "a", Err(PurlMismatch::Ecosystem { found: None, expected: "npm" })),
        ("pkg:deb/kali/a", "Debian", "a", Err(PurlMismatch::Ecosystem { found: None, expected: "Debian" })),
        ("npm/a", "npm", "a", Err(PurlMismatch::Unreadable(PurlError::NoScheme))),
        ("", "npm", "a", Err(PurlMismatch::Unreadable(PurlError::NoScheme))),
        ("pkg:pypi/x/a", "PyPI", "a", Err(PurlMismatch::Unreadable(PurlError::NamespaceUnexpected("pypi")))),
    ] {
        check_match(purl, ecosystem, name, expected);
    }
}
