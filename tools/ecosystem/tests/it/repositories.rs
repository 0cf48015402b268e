//! Git remotes: their canonical URL, their storage form, and what is none.

use ecosystem::{Package, Repository, RepositoryError as Error};

fn check(remote: &str, canonical_url: &str, storage: &str) {
    let repository = Repository::parse(remote).unwrap_or_else(|error| panic!("{remote}: {error}"));
    assert_eq!(repository.canonical_url(), canonical_url, "{remote}");
    assert_eq!(repository.storage(), storage, "{remote}");
    let again = Repository::parse(canonical_url);
    assert_eq!(again.as_ref(), Ok(&repository), "the canonical URL of {remote} is canonical");
    let folder = repository.folder().expect("a place");
    assert_eq!(folder.as_str(), format!("git/{}", storage.to_lowercase()));
    let package = Package::new(ecosystem::Ecosystem::git(), remote);
    assert_eq!(package, Package::of_repository(&repository), "{remote}");
}

#[test]
fn well_formed_remotes_are_upstreams() {
    for (remote, canonical_url, storage) in [
        ("https://github.com/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/org/repo.git", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/Org/Repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/Org/Repo.GIT", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("http://github.com/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("git://github.com/org/repo.git", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("ssh://git@github.com/org/repo.git", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("HTTPS://github.com/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("git@github.com:org/repo.git", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("git@github.com:Org/Repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("github.com:org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://user:token@github.com/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/org/repo.js", "https://github.com/org/repo.js.git", "github.com/org/repo.js"),
        ("https://gitlab.com/Org/Repo", "https://gitlab.com/org/repo.git", "gitlab.com/org/repo"),
        ("https://bitbucket.org/Org/Repo", "https://bitbucket.org/org/repo.git", "bitbucket.org/org/repo"),
        ("https://codeberg.org/Org/Repo", "https://codeberg.org/org/repo.git", "codeberg.org/org/repo"),
        ("https://gitee.com/Org/Repo", "https://gitee.com/org/Repo.git", "gitee.com/org/Repo"),
        ("git@gitee.cn:Org/Repo.git", "https://gitee.cn/org/Repo.git", "gitee.cn/org/Repo"),
        ("https://go.googlesource.com/go", "https://go.googlesource.com/go", "go.googlesource.com/go"),
        ("https://go.googlesource.com/Go.git", "https://go.googlesource.com/go.git", "go.googlesource.com/go"),
        ("https://x.y.googlesource.com/Tools", "https://x.y.googlesource.com/tools", "x.y.googlesource.com/tools"),
        ("https://googlesource.com/a/b/c", "https://googlesource.com/a/b/c", "googlesource.com/a/b/c"),
        ("https://example.com/Path/To/Repo", "https://example.com/Path/To/Repo", "example.com/Path/To/Repo"),
        ("https://example.com/repo.git", "https://example.com/repo.git", "example.com/repo"),
        ("https://Example.COM/repo", "https://example.com/repo", "example.com/repo"),
        ("http://example.com/repo", "http://example.com/repo", "example.com/repo"),
        ("git://example.com/repo", "git://example.com/repo", "example.com/repo"),
        ("ssh://git@example.com/repo", "ssh://git@example.com/repo", "example.com/repo"),
        (
            "ssh://random@example.com/path/to/repo",
            "ssh://random@example.com/path/to/repo",
            "random@example.com/path/to/repo",
        ),
        ("random@example.com:path/to/repo", "ssh://random@example.com/path/to/repo", "random@example.com/path/to/repo"),
        ("git@example.com:path/to/repo.git", "ssh://git@example.com/path/to/repo.git", "example.com/path/to/repo"),
        ("example.com:path/to/repo", "ssh://example.com/path/to/repo", "example.com/path/to/repo"),
        ("host:repo", "ssh://host/repo", "host/repo"),
        ("host:2222/repo", "ssh://host/2222/repo", "host/2222/repo"),
        ("https://user:pass@example.com/repo", "https://user@example.com/repo", "user@example.com/repo"),
        ("https://git:pass@example.com/repo", "https://git@example.com/repo", "example.com/repo"),
        ("https://example.com:8443/repo", "https://example.com:8443/repo", "example.com:8443/repo"),
        ("ssh://git@example.com:2222/repo.git", "ssh://git@example.com:2222/repo.git", "example.com:2222/repo"),
        ("https://[2001:db8::1]/repo", "https://[2001:db8::1]/repo", "[2001:db8::1]/repo"),
        ("https://[2001:db8::1]:8443/repo", "https://[2001:db8::1]:8443/repo", "[2001:db8::1]:8443/repo"),
        ("git@[2001:DB8::1]:path/repo", "ssh://git@[2001:db8::1]/path/repo", "[2001:db8::1]/path/repo"),
        ("[::1]:path/repo", "ssh://[::1]/path/repo", "[::1]/path/repo"),
        ("https://192.0.2.1/repo", "https://192.0.2.1/repo", "192.0.2.1/repo"),
        ("https://example.com/~user/repo", "https://example.com/~user/repo", "example.com/~user/repo"),
        ("https://example.com/a:b/c@d", "https://example.com/a:b/c@d", "example.com/a:b/c@d"),
        (
            "https://example.com/a+b,c;d=e!f$g&h'i(j)k*l",
            "https://example.com/a+b,c;d=e!f$g&h'i(j)k*l",
            "example.com/a+b,c;d=e!f$g&h'i(j)k*l",
        ),
        ("https://example.com/é", "https://example.com/%C3%A9", "example.com/%C3%A9"),
        ("https://example.com/a b", "https://example.com/a%20b", "example.com/a%20b"),
        (
            "https://gist.github.com/user/0123abc",
            "https://gist.github.com/user/0123abc",
            "gist.github.com/user/0123abc",
        ),
        ("https://notgithub.com/A/b/c", "https://notgithub.com/A/b/c", "notgithub.com/A/b/c"),
        ("https://bücher.example/repo", "https://bücher.example/repo", "bücher.example/repo"),
    ] {
        check(remote, canonical_url, storage);
    }
}

#[test]
fn one_repository_has_one_spelling() {
    for (remote, canonical_url, storage) in [
        ("https://GitHub.com/Org/Repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("git@GITHUB.COM:org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com:443/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("http://github.com:80/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("ssh://git@github.com:22/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("git://github.com:9418/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com:/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com./org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com.:443/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://@github.com/org/repo", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/%6Frg/re%70o", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/org/repo%2Egit", "https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com:8443/Org/Repo", "https://github.com:8443/Org/Repo", "github.com:8443/Org/Repo"),
        ("https://example.com./repo", "https://example.com/repo", "example.com/repo"),
        ("https://example.com:443/repo", "https://example.com/repo", "example.com/repo"),
        ("http://example.com:443/repo", "http://example.com:443/repo", "example.com:443/repo"),
        ("https://example.com:0443/repo", "https://example.com/repo", "example.com/repo"),
        ("https://example.com/repo/", "https://example.com/repo", "example.com/repo"),
        ("https://example.com/repo.git/", "https://example.com/repo.git", "example.com/repo"),
        ("https://example.com/%72epo", "https://example.com/repo", "example.com/repo"),
        ("https://example.com/%7euser", "https://example.com/~user", "example.com/~user"),
        ("https://example.com/%c3%a9", "https://example.com/%C3%A9", "example.com/%C3%A9"),
        ("https://example.com/a%2fb", "https://example.com/a%2Fb", "example.com/a%2Fb"),
        ("https://example.com/a%5Cb", "https://example.com/a%5Cb", "example.com/a%5Cb"),
        ("https://example.com/a\\b", "https://example.com/a%5Cb", "example.com/a%5Cb"),
        ("https://example.com/%25", "https://example.com/%25", "example.com/%25"),
        ("https://example.com/%3Fx", "https://example.com/%3Fx", "example.com/%3Fx"),
        ("https://example.com/\u{202e}x", "https://example.com/%E2%80%AEx", "example.com/%E2%80%AEx"),
        ("https://a%40b@example.com/x", "https://a%40b@example.com/x", "a%40b@example.com/x"),
        ("https://a@b@example.com/x", "https://a%40b@example.com/x", "a%40b@example.com/x"),
        ("https://us%65r@example.com/x", "https://user@example.com/x", "user@example.com/x"),
        ("https://[0:0:0:0:0:0:0:1]/x", "https://[::1]/x", "[::1]/x"),
    ] {
        check(remote, canonical_url, storage);
    }
}

fn check_refused(remote: &str, expected: &Error) {
    assert_eq!(Repository::parse(remote).as_ref(), Err(expected), "{remote:?}");
    let message = expected.to_string();
    assert!(!message.contains(['\n', '\u{202e}', '\0']), "{message:?} can be shown");
}

#[test]
fn texts_that_are_no_remote() {
    let own = str::to_owned;
    let no_remote = |text: &str| Error::NoRemote(own(text));
    let scheme = |text: &str| Error::Scheme(own(text));
    let host = |text: &str| Error::Host(own(text));
    let port = |text: &str| Error::Port(own(text));
    let no_path = |text: &str| Error::NoPath(own(text));
    let query = |text: &str| Error::QueryOrFragment(own(text));
    let segment = |text: &str| Error::PathSegment(own(text));
    let character = |text: &str| Error::PathCharacter(own(text));
    for (remote, expected) in [
        ("", no_remote("")),
        ("repo", no_remote("repo")),
        ("github.com/org/repo", no_remote("github.com/org/repo")),
        ("/srv/git/repo", no_remote("/srv/git/repo")),
        ("host:", no_remote("host:")),
        (":path", no_remote(":path")),
        ("host:/path", no_remote("host:/path")),
        ("@host:path", no_remote("@host:path")),
        ("user@:path", host("")),
        ("[::1]:", no_remote("[::1]:")),
        ("http:x", scheme("http")),
        ("HTTP:x", scheme("HTTP")),
        ("https:x/y", scheme("https")),
        ("https:github.com/org/repo", scheme("https")),
        ("javascript:alert(1)", scheme("javascript")),
        ("JavaScript:alert(1)", scheme("JavaScript")),
        ("data:text/html,x", scheme("data")),
        ("mailto:a@b", scheme("mailto")),
        ("file:x", scheme("file")),
        ("ext:sh -c x", scheme("ext")),
        ("C:\\git\\repo", scheme("C")),
        ("c:repo", scheme("c")),
        ("ftp://example.com/repo", scheme("ftp")),
        ("file:///srv/repo", scheme("file")),
        ("git+https://example.com/repo", scheme("git+https")),
        ("://example.com/repo", scheme("")),
        ("ext::sh -c x", scheme("ext")),
        ("https:///org/repo", host("")),
        ("https://user@/repo", host("")),
        ("https://./repo", host(".")),
        ("https://a..b/repo", host("a..b")),
        ("https://.github.com/a/b", host(".github.com")),
        ("https://github.com../a/b", host("github.com..")),
        ("https://exa mple.com/repo", host("exa mple.com")),
        ("https://example.com%2f/repo", host("example.com%2f")),
        ("https://example.com\\x/repo", host("example.com\\x")),
        ("https://g\u{130}thub.com/a/b", host("g\u{130}thub.com")),
        ("https://g\u{202e}ithub.com/a/b", host("g\u{202e}ithub.com")),
        ("https://exa\nmple.com/repo", host("exa\nmple.com")),
        ("https://[::1/repo", host("[::1")),
        ("https://[::1%25eth0]/repo", host("[::1%25eth0]")),
        ("https://[v1.x]/repo", host("[v1.x]")),
        ("a/b:c", no_remote("a/b:c")),
        (" https://example.com/x", scheme(" https")),
        ("https://example.com:x/repo", port("x")),
        ("https://example.com:0/repo", port("0")),
        ("https://example.com:65536/repo", port("65536")),
        ("https://example.com:+80/repo", port("+80")),
        ("ssh://git@github.com:org/repo", port("org")),
        ("https://example.com", no_path("https://example.com")),
        ("https://example.com/", no_path("https://example.com/")),
        ("https://github.com", no_path("https://github.com")),
        ("https://example.com/x?y", query("https://example.com/x?y")),
        ("https://example.com/x#y", query("https://example.com/x#y")),
        ("https://example.com?x", query("https://example.com?x")),
        ("https://github.com/a/b#readme", query("https://github.com/a/b#readme")),
        ("git@example.com:a?b", query("git@example.com:a?b")),
        ("https://h/../../npm/left-pad", segment("https://h/../../npm/left-pad")),
        ("https://h/a/..", segment("https://h/a/..")),
        ("https://h/./a", segment("https://h/./a")),
        ("https://h/%2e%2e/a", segment("https://h/%2e%2e/a")),
        ("https://h/.%2E/a", segment("https://h/.%2E/a")),
        ("https://h//a", segment("https://h//a")),
        ("https://h/a//b", segment("https://h/a//b")),
        ("https://h/a//", segment("https://h/a//")),
        ("https://github.com//a/b", segment("https://github.com//a/b")),
        ("git@h:../../x", segment("git@h:../../x")),
        ("git@h:a//b", segment("git@h:a//b")),
        ("https://github.com/a/.git", segment("https://github.com/a/.git")),
        ("https://example.com/a/.git", segment("https://example.com/a/.git")),
        ("https://h/a%zz", character("https://h/a%zz")),
        ("https://h/a%", character("https://h/a%")),
        ("https://h/a%0", character("https://h/a%0")),
        ("https://h/a%00b", character("https://h/a%00b")),
        ("https://h/a%0Ab", character("https://h/a%0Ab")),
        ("https://h/a\nb", character("https://h/a\nb")),
        ("https://h/a\u{7f}", character("https://h/a\u{7f}")),
    ] {
        check_refused(remote, &expected);
    }
}

#[test]
fn repositories_of_known_hosts_have_their_shape() {
    let check = |remote: &str, host: &str, expected| {
        check_refused(remote, &Error::Shape { host: host.to_owned(), expected, remote: remote.to_owned() });
    };
    let pair = "an owner and a name (host/owner/name)";
    for (remote, host) in [
        ("https://github.com/only-one", "github.com"),
        ("https://GitHub.com/only-one", "github.com"),
        ("https://GitHub.com./only-one", "github.com"),
        ("https://github.com:443/only-one", "github.com"),
        ("https://github.com/org/repo/tree/main", "github.com"),
        ("https://github.com/org/repo/", "github.com"),
        ("https://github.com/org/", "github.com"),
        ("git@github.com:repo", "github.com"),
        ("git@github.com:22/org/repo", "github.com"),
        ("https://gitlab.com/group/sub/repo", "gitlab.com"),
        ("https://bitbucket.org/x", "bitbucket.org"),
        ("https://codeberg.org/a/b/c", "codeberg.org"),
        ("https://gitee.com/x", "gitee.com"),
        ("https://gitee.cn/a/b/c", "gitee.cn"),
    ] {
        check(remote, host, pair);
    }
    check("https://go.googlesource.com/a/go", "go.googlesource.com", "a name alone (host/name)");
    check("https://go.googlesource.com/go/", "go.googlesource.com", "a name alone (host/name)");
}

#[test]
fn a_text_that_is_no_remote_stays_what_it_is() {
    for text in ["some text", "https://h/../x", "http:x", "github.com/only-one"] {
        assert_eq!(Package::new(ecosystem::Ecosystem::git(), text).name(), text);
    }
}
