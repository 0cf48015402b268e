//! Git repositories: one canonical spelling for the many of a remote, and the folder of its reports.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use thiserror::Error;

use crate::folder::{PackageFolder, PlaceError};
use crate::package::Package;
use crate::spelling::lower;

/// A git repository, known by its remote.
///
/// Well-formed remotes get the spelling that upstream's repository gives them. What upstream lets pass and would make
/// two folders of one repository, or one of two, is brought to one spelling or refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    canonical_url: String,
    /// Where the storage form begins in the URL, and where it ends.
    storage: (usize, usize),
}

/// Why a text is no remote that can be reported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Neither a URL nor of the form `user@host:path`.
    #[error("{0:?} is no git remote: write https://host/path, ssh://user@host/path or user@host:path")]
    NoRemote(String),
    /// A scheme that git cannot fetch from, or that is not allowed.
    #[error("{0:?} is not the scheme of a remote; write http, https, ssh or git")]
    Scheme(String),
    /// Something that is no host name.
    #[error("{0:?} is not the host of a remote")]
    Host(String),
    /// Something that is no port.
    #[error("{0:?} is not a port")]
    Port(String),
    /// There is no path.
    #[error("{0:?} names a host but no repository on it")]
    NoPath(String),
    /// A query or a fragment.
    #[error("{0:?} has a query or a fragment, which no remote has; leave out what begins with `?` or `#`")]
    QueryOrFragment(String),
    /// A path with `.`, `..`, or nothing between two slashes.
    #[error("the path of {0:?} has a part that is empty, `.` or `..`")]
    PathSegment(String),
    /// A control character, or a percent sign without two hexadecimal digits.
    #[error("the path of {0:?} has a character or an escape that no path has")]
    PathCharacter(String),
    /// A path that no repository of this host has.
    #[error("a repository on {host} has {expected}, other than {remote:?}")]
    Shape {
        /// The host.
        host: String,
        /// What it looks like there.
        expected: &'static str,
        /// The remote.
        remote: String,
    },
}

/// A host whose repositories all look alike.
struct KnownHost {
    /// The name; with a star, any name that ends so.
    name: &'static str,
    segments: usize,
    /// How many segments of the path do not tell letter case apart.
    lowered: usize,
    git_suffix: bool,
    expected: &'static str,
}

const fn owner_and_name(name: &'static str, lowered: usize) -> KnownHost {
    KnownHost { name, segments: 2, lowered, git_suffix: true, expected: "an owner and a name (host/owner/name)" }
}

static KNOWN_HOSTS: &[KnownHost] = &[
    owner_and_name("github.com", 2),
    owner_and_name("gitlab.com", 2),
    owner_and_name("bitbucket.org", 2),
    owner_and_name("codeberg.org", 2),
    owner_and_name("gitee.com", 1),
    owner_and_name("gitee.cn", 1),
    KnownHost {
        name: "*.googlesource.com",
        segments: 1,
        lowered: 1,
        git_suffix: false,
        expected: "a name alone (host/name)",
    },
];

/// Words before a colon that are the schemes of URLs and the drives of Windows rather than hosts.
const NOT_HOSTS: &str = "about blob bundle chrome data dict ext file ftp ftps git gopher gs http https irc jar \
    javascript ldap magnet mailto news pkg rsync s3 sftp sms ssh svn tel telnet urn vbscript ws wss";

/// A remote, taken apart.
struct Parts<'a> {
    scheme: Cow<'a, str>,
    /// What stands before the path: user, password, host and port.
    authority: &'a str,
    path: &'a str,
}

impl Repository {
    /// Reads a remote: a URL (`https://host/path`, `ssh://user@host/path`, `git://…`, `http://…`), or what ssh takes
    /// (`user@host:path`).
    ///
    /// # Errors
    /// When it is no remote, leads elsewhere than it seems to, or is not what repositories of a known host look like.
    pub fn parse(remote: &str) -> Result<Self, RepositoryError> {
        let parts = match remote.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                let scheme = lower(scheme);
                if !matches!(&*scheme, "http" | "https" | "ssh" | "git") {
                    return Err(RepositoryError::Scheme(scheme.into_owned()));
                }
                Parts { scheme, authority, path: path.strip_prefix('/').unwrap_or(path) }
            }
            None => scp_form(remote)?,
        };
        Self::of_parts(remote, &parts)
    }

    /// The storage form that a text is, in its one spelling: a host and a path, without scheme.
    ///
    /// A number between host and path is a port in it, as it is in no other text that could be a remote.
    pub(crate) fn parse_storage(text: &str) -> Result<String, RepositoryError> {
        let no_remote = || RepositoryError::NoRemote(text.to_owned());
        let (authority, path) = text.split_once('/').ok_or_else(no_remote)?;
        let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (_, port) = split_port(host);
        if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(no_remote());
        }
        // No scheme of this name: no port is the default one.
        let parts = Parts { scheme: Cow::Borrowed(""), authority, path };
        Ok(Self::of_parts(text, &parts)?.storage().to_owned())
    }

    fn of_parts(remote: &str, parts: &Parts<'_>) -> Result<Self, RepositoryError> {
        let (user, host) = match parts.authority.rsplit_once('@') {
            Some((user, host)) => (user.split_once(':').map_or(user, |(user, _password)| user), host),
            None => ("", parts.authority),
        };
        let user =
            normalize_escapes(user, NOT_IN_USER).ok_or_else(|| RepositoryError::Host(parts.authority.to_owned()))?;
        let (host, port) = split_port(host);
        let host = check_host(host)?;
        let port = check_port(port, &parts.scheme)?;
        if parts.path.contains(['?', '#']) {
            return Err(RepositoryError::QueryOrFragment(remote.to_owned()));
        }
        let mut segments = segments(remote, parts.path)?;

        let known = KNOWN_HOSTS.iter().find(|known| port.is_none() && known.is(&host));
        if let Some(known) = known {
            // A slash at the end is a part too many on a host whose paths are known.
            if segments.len() != known.segments || parts.path.ends_with('/') {
                let expected = known.expected;
                return Err(RepositoryError::Shape { host, expected, remote: remote.to_owned() });
            }
            for segment in segments.iter_mut().take(known.lowered) {
                *segment = lower(segment).into_owned();
            }
            if let Some(last) = segments.last_mut()
                && known.git_suffix
                && !last.ends_with(".git")
            {
                last.push_str(".git");
            }
        }
        if segments.last().is_some_and(|last| last == ".git") {
            return Err(RepositoryError::PathSegment(remote.to_owned()));
        }

        let (scheme, user) = if known.is_some() { ("https", "") } else { (&*parts.scheme, &*user) };
        let mut url = format!("{scheme}://");
        let without_user = if user.is_empty() {
            url.len()
        } else {
            url.push_str(user);
            url.push('@');
            if user == "git" { url.len() } else { scheme.len() + "://".len() }
        };
        url.push_str(&host);
        if let Some(port) = port {
            url.push_str(&format!(":{port}"));
        }
        for segment in &segments {
            url.push('/');
            url.push_str(segment);
        }
        let end = url.strip_suffix(".git").unwrap_or(&url).len();
        Ok(Self { canonical_url: url, storage: (without_user, end) })
    }

    /// The one URL for all spellings of this remote.
    pub fn canonical_url(&self) -> &str {
        &self.canonical_url
    }

    /// The name of its reports: the URL without scheme, without the user `git` and without a final `.git`, such as
    /// `github.com/owner/repo`. Two remotes that have it in common are one repository.
    pub fn storage(&self) -> &str {
        &self.canonical_url[self.storage.0..self.storage.1]
    }

    /// The folder of its reports, below a base of the tree.
    ///
    /// # Errors
    /// When no file system takes the name.
    pub fn folder(&self) -> Result<PackageFolder, PlaceError> {
        Package::of_repository(self).folder()
    }
}

impl fmt::Display for Repository {
    /// The canonical URL.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.canonical_url)
    }
}

impl KnownHost {
    fn is(&self, host: &str) -> bool {
        match self.name.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.name,
        }
    }
}

/// `[user@]host:path`, which ssh alone understands.
fn scp_form(remote: &str) -> Result<Parts<'_>, RepositoryError> {
    let no_remote = || RepositoryError::NoRemote(remote.to_owned());
    // The first colon behind a bracket, if there is one: an IPv6 address has colons of its own.
    let colon = remote.find("]:").map(|at| at + 1).or_else(|| remote.find(':')).ok_or_else(no_remote)?;
    let (authority, path) = (&remote[..colon], &remote[colon + 1..]);
    // To git, what has a slash before the colon is a path on the disk.
    let is_host = !authority.is_empty() && !authority.starts_with('@') && !authority.contains('/');
    if !is_host || path.is_empty() || path.starts_with('/') {
        return Err(no_remote());
    }
    let named = authority.len() == 1 || NOT_HOSTS.split(' ').any(|word| word == lower(authority));
    if named && !authority.contains('@') {
        return Err(RepositoryError::Scheme(authority.to_owned()));
    }
    Ok(Parts { scheme: Cow::Borrowed("ssh"), authority, path })
}

/// A host and what follows its colon; the colons of an IPv6 address are its own.
fn split_port(host: &str) -> (&str, Option<&str>) {
    let from = host.rfind([']', '[']).map_or(0, |at| at + 1);
    if host[..from].ends_with('[') {
        return (host, None);
    }
    match host[from..].rfind(':') {
        Some(at) => (&host[..from + at], Some(&host[from + at + 1..])),
        None => (host, None),
    }
}

/// A host in lower case and without the dot that only resolvers need.
fn check_host(host: &str) -> Result<String, RepositoryError> {
    let refused = || RepositoryError::Host(host.to_owned());
    let lowered = lower(host);
    if let Some(address) = lowered.strip_prefix('[') {
        let address = address.strip_suffix(']').ok_or_else(refused)?;
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(address) => Ok(format!("[{address}]")),
            Err(_) => Err(refused()),
        };
    }
    let name = lowered.strip_suffix('.').unwrap_or(&lowered);
    let fits = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    let good = name.split('.').all(|label| !label.is_empty() && label.chars().all(fits));
    // `gİthub.com` is another host, and lower-casing would make it this one.
    let disguised = host.chars().zip(lowered.chars()).any(|(before, after)| !before.is_ascii() && after.is_ascii());
    if good && !disguised { Ok(name.to_owned()) } else { Err(refused()) }
}

/// The port, unless it is the one that the scheme has anyway.
fn check_port(port: Option<&str>, scheme: &str) -> Result<Option<u16>, RepositoryError> {
    let Some(port) = port.filter(|port| !port.is_empty()) else {
        return Ok(None);
    };
    let number = port
        .parse::<u16>()
        .ok()
        .filter(|number| *number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| RepositoryError::Port(port.to_owned()))?;
    let default = matches!((scheme, number), ("http", 80) | ("https", 443) | ("ssh", 22) | ("git", 9418));
    Ok((!default).then_some(number))
}

/// The parts of a path, escapes in their one spelling; a slash at the end means nothing.
fn segments(remote: &str, path: &str) -> Result<Vec<String>, RepositoryError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Err(RepositoryError::NoPath(remote.to_owned()));
    }
    path.split('/')
        .map(|segment| {
            let segment = normalize_escapes(segment, NOT_IN_PATH)
                .ok_or_else(|| RepositoryError::PathCharacter(remote.to_owned()))?;
            if matches!(&*segment, "" | "." | "..") {
                return Err(RepositoryError::PathSegment(remote.to_owned()));
            }
            Ok(segment)
        })
        .collect()
}

/// What a part of a path writes as an escape: RFC 3986, section 3.3, less the brackets that Go leaves alone.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What a user writes as an escape besides: what ends a user, or begins a host.
const NOT_IN_USER: &AsciiSet = &NOT_IN_PATH.add(b':').add(b'@').add(b'[').add(b']');

/// A part of a URL with each octet written in one way: as it is where it may be, else as an escape in upper case. None
/// where an escape is broken, or where there is a control character, escaped or not.
fn normalize_escapes(text: &str, escaped: &'static AsciiSet) -> Option<String> {
    let broken = text.match_indices('%').any(|(at, _)| {
        !text.as_bytes().get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let octets: Vec<u8> = percent_decode_str(text).collect();
    if broken || octets.iter().any(u8::is_ascii_control) {
        return None;
    }
    Some(percent_encode(&octets, escaped).to_string())
}
