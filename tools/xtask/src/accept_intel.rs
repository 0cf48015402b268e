//! Threat intelligence and feeds of our release, read by those who made the formats.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::process::{Done, ensure, program, run, say};

/// The Python programs, by what they are called on PyPI.
const PACKAGES: [&str; 6] = [
    "stix2==3.0.2",
    "stix2-patterns",
    "pymisp==2.5.34.4",
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "feedparser",
    "lxml",
];

/// The programs of resolvers, and the packages that Debian has them in.
const RESOLVERS: [(&str, &str); 3] =
    [("named-checkzone", "bind9-utils"), ("unbound-checkconf", "unbound"), ("dnsmasq", "dnsmasq-base")];

/// Every bundle is parsed strictly, which refuses what STIX does not know, and every pattern by its grammar.
const STIX: &str = "
import json, pathlib, stix2, sys
from stix2patterns.validator import run_validator
objects = patterns = 0
found = set()
for path in sorted(pathlib.Path(sys.argv[1], 'stix').glob('*.json')):
    text = path.read_text()
    bundle = stix2.parse(text, version='2.1')
    for one in bundle.objects:
        objects += 1
        if one.type == 'indicator':
            patterns += 1
            wrong = run_validator(one.pattern)
            assert not wrong, (one.pattern, wrong)
            found.add((path.stem, one.pattern))
if len(sys.argv) > 2:
    print(objects, patterns)
    sys.exit()
ids = [one['id'] for one in json.loads(pathlib.Path(sys.argv[1], 'stix/npm.json').read_text())['objects']]
assert len(ids) == len(set(ids)), 'an id is there twice'
assert ('npm', \"[software:name = 'event-stream' AND software:version = '3.3.6']\") in found
assert not any('3.3.5' in pattern for _, pattern in found if 'event-stream' in pattern)
assert not any('malpkg~test' in pattern for _, pattern in found), 'a test is told of'
print(objects, patterns)
";

/// MISP's own generator writes manifest and hashes anew, and must come to what is there.
const MISP: &str = "
import json, pathlib, shutil, sys, tempfile
from pymisp import MISPEvent
from pymisp.tools import feed_meta_generator
ours = pathlib.Path(sys.argv[1], 'misp')
with tempfile.TemporaryDirectory() as room:
    feed = pathlib.Path(room, 'feed')
    shutil.copytree(ours, feed)
    feed_meta_generator(feed)
    assert json.loads((feed / 'manifest.json').read_text()) == json.loads((ours / 'manifest.json').read_text())
    lines = lambda path: sorted((path / 'hashes.csv').read_text().split())
    assert lines(feed) == lines(ours)
events = objects = alarms = 0
for path in ours.glob('*-*.json'):
    event = MISPEvent()
    event.load_file(str(path))
    events += 1
    for one in event.objects:
        objects += 1
        assert one.name == 'malicious-package-report' and str(one.template_uuid).startswith('2f8a8711')
        alarms += sum(bool(a.to_ids) for a in one.attributes)
        assert all(a.object_relation.startswith('ioc-') for a in one.attributes if a.to_ids)
print(events, objects, alarms)
";

const CYCLONEDX: &str = "
import json, pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_6)
found = []
for path in sorted(pathlib.Path(sys.argv[1], 'cyclonedx').glob('*.json')):
    text = path.read_text()
    wrong = validator.validate_str(text)
    assert wrong is None, (path.name, str(wrong)[:500])
    bill = json.loads(text)
    refs = [one['bom-ref'] for one in bill['components']]
    assert len(refs) == len(set(refs))
    found += [(path.name, one['id'], v) for one in bill['vulnerabilities'] for a in one.get('affects', [])
        if a['ref'] == 'npm/event-stream' for v in a['versions']]
assert len(sys.argv) > 2 or found == [('npm.cdx.json', 'MAL-2018-900002', {'version': '3.3.6', 'status': 'affected'})], found
print(len(list(pathlib.Path(sys.argv[1], 'cyclonedx').glob('*.json'))))
";

const FEEDS: &str = "
import feedparser, json, pathlib, sys
from lxml import etree
out = pathlib.Path(sys.argv[1], 'feeds')
feeds = entries = 0
for path in sorted(out.rglob('*.atom')):
    etree.parse(str(path), etree.XMLParser(resolve_entities=False))
    read = feedparser.parse(path.read_bytes())
    assert not read.bozo and read.version == 'atom10', (path, read.get('bozo_exception'))
    items = json.loads(path.with_suffix('.json').read_text())['items']
    assert [one['title'] for one in items] == [one.title for one in read.entries], path
    assert all(one.title_detail.type == 'text/plain' for one in read.entries)
    feeds += 1
    entries += len(read.entries)
assert 'malpkg~test' not in (out / 'npm.atom').read_text(), 'a test is told of'
index = json.loads((out / 'index.json').read_text())
assert all((out.parent / places['atom']).is_file() for part in ('ecosystems', 'campaigns') for places in index[part].values())
print(feeds, entries)
";

/// Asks a resolver for names as any program does: 3 is the answer that there is no such name.
const ASK: &str = "
import socket, struct, sys, time
def ask(name):
    question = b''.join(bytes([len(part)]) + part.encode() for part in name.split('.'))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(struct.pack('>6H', 1, 0x100, 1, 0, 0, 0) + question + struct.pack('>BHH', 0, 1, 1), ('127.0.0.1', int(sys.argv[1])))
        return asking.recv(512)[3] & 15
for _ in range(50):
    try:
        ask('localhost')
        break
    except OSError:
        time.sleep(0.1)
names = sys.argv[2:]
assert names and all(ask(name) == 3 == ask('a.b.' + name) for name in names), [(name, ask(name)) for name in names]
assert ask('localhost') == 0
print(len(names))
";

pub(crate) fn intelligence(clients: &Path, tool: &Path, out: &Path) -> Done {
    for (name, package) in RESOLVERS {
        if run(program("sh", &["-c", &format!("command -v {name}")]).env("PATH", path())).is_err() {
            return Err(format!("{name} is not here: install {package}"));
        }
    }
    let python = python(clients)?;
    let ask = |script: &str| -> Done<Vec<String>> {
        let told = run(program(&python, &["-c", script]).arg(out))?;
        Ok(told.split_whitespace().map(str::to_owned).collect())
    };
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let hostile = crate::accept_hostile::release(tool, room.path())?;
    for script in [STIX, MISP, CYCLONEDX, FEEDS] {
        run(program(&python, &["-c", script]).arg(&hostile).arg("hostile"))?;
    }
    read_names(&hostile)?;
    say("a release full of quotes, controls and markup is read by all that follow");
    let stix = ask(STIX)?;
    say(&format!("stix2 parses each bundle strictly: {} objects, {} patterns by the grammar", stix[0], stix[1]));
    let misp = ask(MISP)?;
    say(&format!(
        "PyMISP writes manifest and hashes as they are: {} events, {} reports, {} alarms",
        misp[0], misp[1], misp[2]
    ));
    say(&format!("cyclonedx-python-lib finds nothing in {} bills by the strict schema of 1.6", ask(CYCLONEDX)?[0]));
    let feeds = ask(FEEDS)?;
    say(&format!("feedparser reads {} feeds with {} reports as text", feeds[0], feeds[1]));
    resolvers(out)
}

fn python(clients: &Path) -> Done<PathBuf> {
    let room = std::path::absolute(clients.join("intel")).map_err(|error| error.to_string())?;
    let marker = room.join("installed");
    if !marker.exists() {
        run(program("python3", &["-m", "venv"]).arg(&room))?;
        run(program(room.join("bin/pip"), &["install", "--quiet"]).args(PACKAGES))?;
        fs::write(&marker, "").map_err(|error| error.to_string())?;
    }
    Ok(room.join("bin/python"))
}

/// Those who read the zone, the list and the lines for dnsmasq. They come with the system, and nothing is proven without.
fn resolvers(out: &Path) -> Done {
    let (path, zone) = (path(), out.join("rpz/mal.rpz"));
    let hosts = read_names(out)?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = room.path().join("unbound.conf");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = free.map_err(|error| error.to_string())?.port();
    let text = format!(
        "server:\n  module-config: \"respip validator iterator\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
         do-daemonize: no\n  interface: 127.0.0.1@{port}\nremote-control:\n  control-enable: no\nrpz:\n  name: mal.rpz.invalid\n  zonefile: {}\n",
        zone.display()
    );
    fs::write(&config, text).map_err(|error| error.to_string())?;
    run(program("unbound-checkconf", &[]).arg(&config).env("PATH", &path))?;
    let mut unbound = program("unbound", &["-c"]);
    let unbound = unbound.arg(&config).env("PATH", &path).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut unbound = unbound.map_err(|error| format!("unbound: {error}"))?;
    let names = hosts.lines().filter_map(|line| line.strip_prefix("0.0.0.0 "));
    let asked = run(program("python3", &["-c", ASK, &port.to_string()]).args(names));
    let stopped = unbound.kill().and_then(|()| unbound.wait());
    asked?;
    stopped.map_err(|error| error.to_string())?;
    say(&format!("BIND, Unbound and dnsmasq take the names, and Unbound refuses each of {}", hosts.lines().count()));
    Ok(())
}

/// Where the programs of resolvers are.
fn path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}

/// BIND and dnsmasq read what is theirs; the hosts file is given back.
fn read_names(out: &Path) -> Done<String> {
    let mut check = program("named-checkzone", &["-i", "none", "mal.rpz.invalid"]);
    let told = run(check.arg(out.join("rpz/mal.rpz")).env("PATH", path()))?;
    ensure(told.contains("OK"), || format!("named-checkzone: {told}"))?;
    let lines = format!("--conf-file={}", out.join("rpz/dnsmasq.conf").display());
    run(program("dnsmasq", &["--test", &lines]).env("PATH", path()))?;
    let hosts = fs::read_to_string(out.join("rpz/hosts.txt")).map_err(|error| error.to_string())?;
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let is_line =
        |line: &str| line.strip_prefix("0.0.0.0 ").is_some_and(|name| name.contains('.') && name.bytes().all(is_name));
    ensure(hosts.lines().all(is_line), || "a line of hosts.txt is none".into())?;
    Ok(hosts)
}
