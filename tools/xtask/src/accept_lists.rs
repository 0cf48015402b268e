//! Our lists, read by the clients that block with them: the lines of docs/consuming.md, on a package that is marked and on
//! one that is not.

use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::accept::lockfile;
use crate::process::{Done, ensure, git, program, root, run, say};
use crate::serving::serve;

const DOCUMENT: &str = "docs/consuming.md";

/// What a throw-away database marks: harmless packages that are there, in one version. And a version that it does not mark.
const MARKED: [(&str, &str, &str, &str, &str); 4] = [
    ("MAL-2026-900001", "npm", "is-number", "7.0.0", "6.0.0"),
    ("MAL-2026-900002", "PyPI", "six", "1.16.0", "1.15.0"),
    ("MAL-2026-900003", "crates.io", "itoa", "1.0.0", "1.0.1"),
    ("MAL-2026-900004", "Go", "rsc.io/quote", "1.5.2", "1.5.1"),
];

/// A client by its program, what it says of a marked package (and of no other), and of one that is not.
struct Client {
    program: &'static str,
    marked: &'static [&'static str],
    clean: &'static [&'static str],
    /// Whether it ends with an error at a marked package.
    fails: bool,
}

const CLIENTS: [Client; 9] = [
    client("aikido-npm", &["Malicious changes detected", "is-number@7.0.0"], &["no malware found"], true),
    client("scfw", &["has determined that package six-1.16.0 is malicious", "MAL-2026-900002"], &[], true),
    client("pip", &["Cannot install six==1.16.0"], &[], true),
    client("uv", &["you require six==1.16.0"], &["six==1.15.0"], true),
    client("bun", &["is-number@7.0.0 is malicious: MAL-2026-900001"], &["1 package installed"], true),
    client("node", &["MAL-2026-900001"], &["MAL-2026-900001"], false),
    client("govulncheck", &["MAL-2026-900004"], &["No vulnerabilities found"], true),
    client("osv-scanner", &["MAL-2026-900001"], &["No issues found"], true),
    client("cargo", &["MAL-2026-900003 itoa 1.0.0"], &["1 advisories"], true),
];

const fn client(
    program: &'static str,
    marked: &'static [&'static str],
    clean: &'static [&'static str],
    fails: bool,
) -> Client {
    Client { program, marked, clean, fails }
}

/// Lets the clients of docs/consuming.md read a release of marked packages.
pub(crate) fn lists(clients: &Path, tool: &Path) -> Done {
    let clients = std::path::absolute(clients).map_err(|error| error.to_string())?;
    install(&clients)?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let release = release(room.path(), tool)?;
    let url = serve(&release, tool)?;
    let text = fs::read_to_string(root().join(DOCUMENT)).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let mut ran = 0;
    for (number, section) in text.split("\n## ").enumerate() {
        let heading = section.lines().next().unwrap_or_default();
        for is_marked in [true, false] {
            let folder = room.path().join(format!("{number}-{is_marked}"));
            let room = Room { folder, release: release.clone(), clients: clients.clone(), url: url.clone(), is_marked };
            let asked = room.run(section).map_err(|error| format!("{DOCUMENT}, {heading}: {error}"))?;
            if !asked.is_empty() {
                let found = if is_marked { "finds what is marked" } else { "passes what is not" };
                say(&format!("{heading}: {} {found}", asked.join(", ")));
            }
            ran += asked.len();
        }
    }
    ensure(ran >= 2 * (CLIENTS.len() + 1), || format!("only {ran} lines of {DOCUMENT} asked a client"))
}

/// Installs what is not there yet.
fn install(clients: &Path) -> Done {
    let node = clients.join("node");
    if !node.join("node_modules/.bin/aikido-npm").exists() {
        say("installing safe-chain, osv-offline and Bun");
        npm_install(&node, "{}", &["@aikidosec/safe-chain@1.5.20", "@renovatebot/osv-offline@3.0.11", "bun@1.4.5"])?;
    }
    let verdaccio = clients.join("verdaccio");
    if !verdaccio.join("node_modules/.bin/verdaccio").exists() {
        say("installing Verdaccio");
        // What it needs asks for a version of node-fetch by a name that the registry does not know.
        npm_install(&verdaccio, r#"{"overrides":{"node-fetch":"2.7.0"}}"#, &["verdaccio@6.8.0"])?;
    }
    let python = clients.join("python");
    if !python.join("bin/scfw").exists() {
        say("installing the Supply-Chain Firewall and uv");
        run(program("python3", &["-m", "venv"]).arg(&python))?;
        run(&mut program(python.join("bin/pip"), &["install", "--quiet", "scfw==3.1.0", "uv==0.13.9"]))?;
    }
    if !clients.join("govulncheck").exists() {
        say("installing govulncheck");
        let mut go = program("go", &["install", "golang.org/x/vuln/cmd/govulncheck@v1.9.0"]);
        run(go.env("GOBIN", clients).env("GOFLAGS", "-modcacherw"))?;
    }
    crate::accept::osv_scanner(clients)?;
    let rustsec = clients.join("rustsec");
    if !rustsec.join("target/debug/audit").exists() {
        say("building a program with RustSec's library");
        write(&rustsec.join("Cargo.toml"), RUSTSEC_MANIFEST)?;
        write(&rustsec.join("src/main.rs"), RUSTSEC_PROGRAM)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        run(program(cargo, &["build", "--quiet"])
            .current_dir(&rustsec)
            .env("CARGO_TARGET_DIR", rustsec.join("target")))?;
    }
    Ok(())
}

const RUSTSEC_MANIFEST: &str = r#"
[package]
name = "audit"
version = "0.0.0"
edition = "2024"

[dependencies]
rustsec = { version = "=0.34.1", default-features = false }

[workspace]
"#;

/// What cargo-audit does without its own words: a database and a lockfile, read by the library of both.
const RUSTSEC_PROGRAM: &str = r#"
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (folder, lock) = (arguments.next().ok_or("no folder")?, arguments.next().ok_or("no lockfile")?);
    let database = rustsec::Database::open(std::path::Path::new(&folder))?;
    println!("{} advisories", database.iter().count());
    let found = database.vulnerabilities(&rustsec::Lockfile::load(lock)?);
    for one in &found {
        println!("{} {} {}", one.advisory.id, one.package.name, one.package.version);
    }
    std::process::exit(i32::from(!found.is_empty()))
}
"#;

fn npm_install(folder: &Path, package: &str, packages: &[&str]) -> Done {
    write(&folder.join("package.json"), package)?;
    let quiet = ["install", "--no-audit", "--no-fund", "--loglevel", "error"];
    run(program("npm", &quiet).args(packages).current_dir(folder)).map(drop)
}

fn write(path: &Path, text: &str) -> Done {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(|error| format!("{}: {error}", path.display()))
}

/// A release of a database that marks the packages.
fn release(room: &Path, tool: &Path) -> Done<PathBuf> {
    let (repo, out) = (room.join("database"), room.join("dist"));
    for (id, ecosystem, name, version, _) in MARKED {
        let report = json!({
            "schema_version": "1.7.5", "id": id, "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
            "summary": format!("Malicious code in {name} ({ecosystem})"), "details": "A harmless package that a test marks.",
            "affected": [{ "package": { "ecosystem": ecosystem, "name": name }, "versions": [version] }],
            "database_specific": { "malpkg": { "kind": "test", "confidence": "confirmed" } },
        });
        let folder = ecosystem.to_lowercase();
        write(&repo.join(format!("osv/malicious/{folder}/{name}/{id}.json")), &report.to_string())?;
    }
    write(&repo.join("malpkg.toml"), "[database]\nhome = \"https://example.org/database\"\n")?;
    run(&mut git(&repo, &["init", "--quiet"]))?;
    run(&mut git(&repo, &["add", "."]))?;
    run(&mut git(&repo, &["commit", "--quiet", "-m", "marked packages"]))?;
    run(program(tool, &["export", "--strict", "--out"]).arg(&out).current_dir(&repo))?;
    Ok(out)
}

/// Where the lines of one section are run, on packages that are marked, or that are not.
struct Room {
    folder: PathBuf,
    release: PathBuf,
    clients: PathBuf,
    url: String,
    is_marked: bool,
}

impl Room {
    /// Runs the lines of a section, and gives the clients that were asked.
    fn run(&self, section: &str) -> Done<Vec<&'static str>> {
        let blocks = section.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
        let (mut asked, mut is_ready) = (Vec::new(), false);
        for (words, block) in blocks {
            match words.split_once(' ') {
                Some((_, name)) if !name.is_empty() => write(&self.folder.join(name), block)?,
                None if words == "sh" => {
                    for line in block.lines().filter(|line| !line.starts_with("malpkg ")) {
                        if !is_ready {
                            self.furnish()?;
                            is_ready = true;
                        }
                        asked.extend(self.line(line)?);
                    }
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    fn version(&self, wanted: &str) -> &'static str {
        let of = |(_, ecosystem, _, marked, clean): (&str, &str, &str, &'static str, &'static str)| {
            (ecosystem == wanted).then_some(if self.is_marked { marked } else { clean })
        };
        MARKED.into_iter().find_map(of).unwrap_or_default()
    }

    /// A project of each kind.
    fn furnish(&self) -> Done {
        let (npm, python, rust, go) =
            (self.version("npm"), self.version("PyPI"), self.version("crates.io"), self.version("Go"));
        let lock = format!(
            "version = 4\n\n[[package]]\nname = \"itoa\"\nversion = \"{rust}\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        );
        let files = [
            ("package.json", json!({ "name": "fixture", "dependencies": { "is-number": npm } }).to_string()),
            ("requirements.txt", format!("six=={python}\n")),
            ("Cargo.lock", lock),
            ("go.mod", format!("module example.org/fixture\n\ngo 1.25\n\nrequire rsc.io/quote v{go}\n")),
            ("main.go", "package main\n\nimport \"rsc.io/quote\"\n\nfunc main() { println(quote.Hello()) }\n".into()),
            ("config.yaml", verdaccio_config()?),
        ];
        for (name, text) in files {
            write(&self.folder.join(name), &text)?;
        }
        std::os::unix::fs::symlink(&self.release, self.folder.join("dist")).map_err(|error| error.to_string())
    }

    /// Runs a line, and gives the client if it asks one.
    fn line(&self, line: &str) -> Done<Option<&'static str>> {
        let name = line.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
        self.prepare(name)?;
        let Some(client) = CLIENTS.iter().find(|client| client.program == name) else {
            let output = self.output(line, name)?;
            ensure(output.status.success(), || format!("{line:?}: {}", printed(&output)))?;
            return if line.contains("verdaccio/") { self.verdaccio().map(Some) } else { Ok(None) };
        };
        let line = if name == "cargo" { "audit dist/rustsec Cargo.lock" } else { line };
        let output = self.output(line, name)?;
        let told = printed(&output);
        let expected = if self.is_marked { client.marked } else { client.clean };
        let missing = expected.iter().find(|words| !told.contains(**words));
        ensure(missing.is_none(), || format!("{line:?} does not say {missing:?}: {told}"))?;
        if self.is_marked {
            ensure(output.status.success() != client.fails, || format!("{line:?} ended with {}", output.status))?;
        } else if name != "node" {
            // osv-offline answers by name alone.
            let found = client.marked.iter().find(|words| told.contains(**words));
            ensure(found.is_none(), || format!("{line:?} says {found:?} of what is not marked: {told}"))?;
        }
        Ok(Some(client.program))
    }

    /// What a client finds in the place that it looks at.
    fn prepare(&self, name: &str) -> Done {
        let io = |error: std::io::Error| error.to_string();
        match name {
            "scfw" => {
                for (from, to) in [("npm", "npmX"), ("pypi", "PyPIX")] {
                    let text =
                        fs::read_to_string(self.release.join(format!("datadog/{from}/manifest.json"))).map_err(io)?;
                    write(&self.folder.join(format!("scfw/dd_verifier/{to}.json")), &text)?;
                }
                Ok(())
            }
            "node" => {
                let modules = self.folder.join("node_modules");
                std::os::unix::fs::symlink(self.clients.join("node/node_modules"), modules).map_err(io)
            }
            "osv-scanner" => write(&self.folder.join("package-lock.json"), &lockfile("is-number", self.version("npm"))),
            "govulncheck" => run(&mut self.command("go mod tidy", name)).map(drop),
            _ => Ok(()),
        }
    }

    fn output(&self, line: &str, name: &str) -> Done<Output> {
        self.command(line, name).output().map_err(|error| format!("cannot run {line:?}: {error}"))
    }

    fn command(&self, line: &str, name: &str) -> Command {
        let own = ["python/bin", "node/node_modules/.bin", "rustsec/target/debug", ""].map(|at| self.clients.join(at));
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&others)));
        let mut command = program("bash", &["-c", line]);
        command.current_dir(&self.folder).stdin(Stdio::null()).env("PATH", path.unwrap_or_else(|_| OsString::new()));
        command.env("PACKAGE", format!("is-number@{}", self.version("npm")));
        command.env("MALPKG_URL", &self.url).env("SCFW_HOME", self.folder.join("scfw")).env("GOFLAGS", "-modcacherw");
        if name == "aikido-npm" {
            // It keeps its lists at home, and ours are not to stay there.
            command.env("HOME", self.folder.join("home"));
        }
        command
    }

    /// Whether the registry with our rules shows the version.
    fn verdaccio(&self) -> Done<&'static str> {
        let io = |error: std::io::Error| error.to_string();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(io)?.port();
        let server = self.clients.join("verdaccio/node_modules/.bin/verdaccio");
        let mut command = program(server, &["--config", "config.yaml", "--listen", &format!("127.0.0.1:{port}")]);
        command.current_dir(&self.folder).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.spawn().map_err(io)?;
        let version = self.version("npm");
        let view = format!("npm view is-number@{version} version --registry http://127.0.0.1:{port}/");
        let mut told = Err("Verdaccio does not answer".to_owned());
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                told = self.output(&view, "npm").map(|output| printed(&output));
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        child.kill().and_then(|()| child.wait()).map_err(io)?;
        let told = told?;
        let is_shown = told.lines().any(|line| line.trim() == version);
        ensure(is_shown != self.is_marked, || format!("{view:?}: {told}"))?;
        Ok("verdaccio")
    }
}

/// A registry that has all that the registry of this machine has.
fn verdaccio_config() -> Done<String> {
    let registry = run(&mut program("npm", &["config", "get", "registry"]))?;
    Ok(format!(
        "storage: ./storage\nuplinks: {{npmjs: {{url: {}}}}}\npackages: {{'**': {{access: $all, proxy: npmjs}}}}\n",
        json!(registry.trim())
    ))
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}
