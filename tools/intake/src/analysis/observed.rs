//! One result of a run, as it is sent: what the package did, phase by phase.

use std::net::IpAddr;

use ecosystem::{Ecosystem, Package};
use osv_schema::{Kind, Timestamp};

use crate::made::{At, Wrong};
use crate::taking::short;

/// What a document is.
pub(crate) enum Shape<'d> {
    /// A result of a dynamic run.
    Run(Observed<'d>),
    /// One of the other results that lie beside it: of a static run, of files written, or a log.
    Other,
}

/// What a package was seen to do.
pub(crate) struct Observed<'d> {
    pub(crate) package: Package,
    pub(crate) version: &'d str,
    pub(crate) created: Timestamp,
    pub(crate) phases: Vec<Phase<'d>>,
}

/// What was seen in one phase.
#[derive(Default)]
pub(crate) struct Phase<'d> {
    pub(crate) name: &'d str,
    pub(crate) files: Vec<File<'d>>,
    pub(crate) sockets: Vec<Socket<'d>>,
    pub(crate) commands: Vec<Command<'d>>,
    pub(crate) asked: Vec<&'d str>,
}

pub(crate) struct File<'d> {
    pub(crate) path: &'d str,
    pub(crate) is_read: bool,
    pub(crate) is_written: bool,
    pub(crate) is_deleted: bool,
}

pub(crate) struct Socket<'d> {
    /// As it is written plainly: one of IPv4 that a socket of IPv6 is bound to is the one of IPv4.
    pub(crate) address: String,
    pub(crate) port: u64,
    pub(crate) hosts: Vec<&'d str>,
}

pub(crate) struct Command<'d> {
    /// All of it, with a blank between the words.
    pub(crate) line: String,
    /// The program, without its folder.
    pub(crate) program: &'d str,
    /// `NAME=value` each.
    pub(crate) environment: Vec<String>,
}

/// The phases there are, in the order in which a package goes through them: the earliest is the worst.
pub(crate) const PHASES: [&str; 3] = ["install", "import", "execute"];

/// Reads a document.
pub(crate) fn read<'d>(root: &At<'d>) -> Result<Shape<'d>, Wrong> {
    root.object()?;
    if root.get("schema_version").is_some() && root.get("results").is_some() {
        return Ok(Shape::Other);
    }
    let (about, analysis) = (root.need(&["Package"])?, root.need(&["Analysis"])?);
    if analysis.node.kind() == Kind::String {
        return Ok(Shape::Other);
    }
    analysis.object()?;
    // Files that were written are listed phase by phase, without a result of the phase.
    let phases = || PHASES.into_iter().filter_map(|name| Some((name, analysis.get(name)?)));
    if phases().next().is_some() && phases().all(|(_, phase)| phase.node.kind() == Kind::Array) {
        return Ok(Shape::Other);
    }
    let ecosystem = about.need(&["Ecosystem"])?;
    let known = Ecosystem::from_user(ecosystem.word()?).map_err(|error| Wrong {
        rule: "unknown-ecosystem",
        ..ecosystem.wrong(error.to_string(), "send one of pypi, npm, packagist, rubygems, crates.io")
    })?;
    let package = Package::new(known, about.need(&["Name"])?.word()?);
    let version = about.need(&["Version"])?.word()?;
    let time = root.need(&["CreatedTimestamp"])?;
    let is_time = || {
        let message = format!("`{}` is no number of seconds since 1970", short(time.node.spelling()));
        time.wrong(message, "send a whole number")
    };
    let seconds = time.node.spelling().parse().ok();
    let seconds = seconds.filter(|seconds: &i64| time.node.kind() == Kind::Number && *seconds >= 0);
    let created = seconds.and_then(Timestamp::from_unix).ok_or_else(is_time)?;
    let phases = phases().map(|(name, at)| phase(name, &at)).collect::<Result<_, _>>()?;
    Ok(Shape::Run(Observed { package, version, created, phases }))
}

fn phase<'d>(name: &'d str, at: &At<'d>) -> Result<Phase<'d>, Wrong> {
    at.object()?;
    at.text_of(&["Status"])?;
    let mut seen = Phase { name, ..Phase::default() };
    for file in at.list("Files")? {
        let path = file.need(&["Path"])?.text()?;
        let (is_read, is_written, is_deleted) = (flag(&file, "Read")?, flag(&file, "Write")?, flag(&file, "Delete")?);
        seen.files.push(File { path, is_read, is_written, is_deleted });
    }
    for socket in at.list("Sockets")? {
        let address = plain(socket.need(&["Address"])?.text()?);
        let port = match socket.get("Port") {
            None => 0,
            Some(port) => port.node.spelling().parse().map_err(|_| port.is_no("a port", port.node.kind()))?,
        };
        let hosts = socket.list("Hostnames")?.iter().map(At::text).collect::<Result<_, _>>()?;
        seen.sockets.push(Socket { address, port, hosts });
    }
    for command in at.list("Commands")? {
        let words: Vec<&str> = command.need(&["Command"])?.items()?.iter().map(At::text).collect::<Result<_, _>>()?;
        let program = words.first().map_or("", |first| first.rsplit('/').next().unwrap_or(first));
        seen.commands.push(Command { line: words.join(" "), program, environment: environment(&command)? });
    }
    for answer in at.list("DNS")? {
        for query in answer.list("Queries")? {
            seen.asked.push(query.need(&["Hostname"])?.text()?.trim_end_matches('.'));
        }
    }
    Ok(seen)
}

/// An address in the spelling that all of its spellings have.
fn plain(address: &str) -> String {
    address.parse().map_or_else(|_| address.to_owned(), |ip: IpAddr| ip.to_canonical().to_string())
}

fn flag(file: &At<'_>, name: &str) -> Result<bool, Wrong> {
    match file.get(name) {
        None => Ok(false),
        Some(flag) if flag.node.kind() == Kind::Bool => Ok(flag.node.spelling() == "true"),
        Some(other) => Err(other.is_no("true or false", other.node.kind())),
    }
}

/// The environment of a command: a list of `NAME=value`, or an object.
fn environment(command: &At<'_>) -> Result<Vec<String>, Wrong> {
    let Some(environment) = command.get("Environment") else { return Ok(Vec::new()) };
    if environment.node.kind() == Kind::Object {
        let each = |(name, node)| {
            let value = At { node, pointer: environment.pointer.member(name) };
            Ok(format!("{name}={}", value.text()?))
        };
        return environment.node.members().map(each).collect();
    }
    environment.items()?.iter().map(|one| Ok(one.text()?.to_owned())).collect()
}
