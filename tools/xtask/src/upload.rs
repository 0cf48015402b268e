//! Releases brought to a real S3 server: whole whenever an upload is killed, only what changed, and one of two at a time.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Done, Running, ensure, git, malpkg, program, run as run_program, say};

/// The server, as PyPI has it.
const SERVER: &str = "moto[server]";
const REPORTS: usize = 50;
/// Everybody may read.
const PUBLIC: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}"#;

/// Kills so many uploads.
pub(crate) fn run(kills: usize, clients: &Path) -> Done {
    let server = install(clients)?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let room = Room::new(malpkg()?, temporary.path())?;
    let running = room.serve(&server)?;
    for number in 0..REPORTS {
        room.put(number)?;
    }
    room.commit()?;
    let started = Instant::now();
    let all = room.upload()?;
    let whole = started.elapsed();
    ensure(all["sent"].as_u64() > Some(50), || format!("a release is more than {all}"))?;
    room.pull("first")?;
    say(&format!("{} files sent in {:.1} s, pulled over HTTP and verified", all["sent"], whole.as_secs_f64()));
    room.headers()?;
    let again = room.upload()?;
    ensure(again["sent"] == 0, || format!("the same release again sends {again}"))?;
    room.put(REPORTS)?;
    room.commit()?;
    let started = Instant::now();
    let more = room.upload()?;
    let change = started.elapsed();
    let (sent, kept) = (more["sent"].as_u64().unwrap_or_default(), more["kept"].as_u64().unwrap_or_default());
    ensure(sent < 50 && kept > 50, || format!("one more report sends {more}"))?;
    say(&format!("one more report: {sent} files sent, {kept} kept"));
    room.pull("first")?;
    kill(&room, kills, change)?;
    room.race()?;
    drop(running);
    Ok(())
}

/// An upload is killed later each time. What is there is the release before it or the one it brings, and the next run
/// completes it.
fn kill(room: &Room, kills: usize, whole: Duration) -> Done {
    let (mut old, mut new) = (0, 0);
    let mut before = room.head()?;
    for at in 0..kills {
        room.put(REPORTS + 1 + at)?;
        room.commit()?;
        let after = room.head()?;
        let mut command = room.command(&["export", "--out", "release", "--to", "s3://bucket/rel"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        // From its beginning to a little behind its end.
        std::thread::sleep(whole.mul_f64(1.2 * (at + 1) as f64 / kills as f64));
        child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
        let there = room.pull("killed")?;
        ensure(there == before || there == after, || format!("after a kill {there} is there"))?;
        *if there == after { &mut new } else { &mut old } += 1;
        before = there;
        // Every other time the next run brings a later release.
        if at % 2 == 0 {
            room.upload()?;
            before = room.pull("killed")?;
            ensure(before == after, || "the next run did not complete it".into())?;
        }
    }
    room.upload()?;
    ensure(room.pull("killed")? == room.head()?, || "the last run did not complete it".into())?;
    say(&format!("{kills} uploads killed: {old} times the old release was whole, {new} times the new one"));
    Ok(())
}

/// The server, installed now if it is not yet.
fn install(clients: &Path) -> Done<PathBuf> {
    let room = std::path::absolute(clients.join("moto")).map_err(|error| error.to_string())?;
    let server = room.join("bin/moto_server");
    if !server.is_file() {
        say("installing moto");
        run_program(program("python3", &["-m", "venv"]).arg(&room))?;
        run_program(&mut program(room.join("bin/pip"), &["install", "--quiet", SERVER]))?;
    }
    Ok(server)
}

struct Room {
    tool: PathBuf,
    repo: PathBuf,
    port: u16,
}

impl Room {
    fn new(tool: PathBuf, folder: &Path) -> Done<Room> {
        let io = |error: std::io::Error| error.to_string();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(io)?.port();
        let room = Room { tool, repo: folder.join("repo"), port };
        fs::create_dir_all(room.repo.join("osv")).map_err(io)?;
        fs::write(room.repo.join(".gitignore"), "/release\n/other\n/first\n/killed\n/raced\n").map_err(io)?;
        run_program(&mut git(&room.repo, &["init", "--quiet"]))?;
        Ok(room)
    }

    fn serve(&self, server: &Path) -> Done<Running> {
        let mut command = Command::new(server);
        command.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let running = Running(child.map_err(|error| format!("{}: {error}", server.display()))?);
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.curl(&["--request", "PUT", &self.url("")])?;
                let json = "Content-Type: application/json";
                self.curl(&["--request", "PUT", "--header", json, "--data", PUBLIC, &self.url("?policy")])?;
                return Ok(running);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the S3 server does not answer".into())
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/bucket{path}", self.port)
    }

    fn curl(&self, arguments: &[&str]) -> Done<String> {
        run_program(program("curl", &["--silent", "--show-error", "--fail"]).args(arguments))
    }

    fn put(&self, number: usize) -> Done {
        let (id, name) = (format!("MAL-2026-{}", number + 1), format!("package-{number}"));
        let record = format!(
            r#"{{"schema_version":"1.7.5","id":"{id}","published":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","summary":"Malicious code in {name} (npm)","details":"It is.","affected":[{{"package":{{"ecosystem":"npm","name":"{name}"}},"versions":["1.0.0"]}}]}}"#
        );
        let folder = self.repo.join(format!("osv/malicious/npm/{name}"));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        fs::write(folder.join(format!("{id}.json")), record).map_err(|error| error.to_string())
    }

    fn commit(&self) -> Done {
        run_program(&mut git(&self.repo, &["add", "--all"]))?;
        run_program(&mut git(&self.repo, &["commit", "--quiet", "-m", "reports"])).map(|_| ())
    }

    fn head(&self) -> Done<String> {
        Ok(run_program(&mut git(&self.repo, &["rev-parse", "HEAD"]))?.trim().to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.tool, arguments);
        command.current_dir(&self.repo).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port));
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret").env_remove("AWS_SESSION_TOKEN");
        command
    }

    fn json(&self, arguments: &[&str]) -> Done<Value> {
        let told = run_program(self.command(arguments).args(["--format", "json"]))?;
        serde_json::from_str(&told).map_err(|error| error.to_string())
    }

    /// Brings the release of the newest commit there, and says what that took.
    fn upload(&self) -> Done<Value> {
        let done = self.json(&["export", "--out", "release", "--to", "s3://bucket/rel"])?;
        Ok(done["uploaded"].clone())
    }

    /// Pulls what is there over HTTP, holds it to its manifest, and gives its commit.
    fn pull(&self, into: &str) -> Done<String> {
        let pulled = self.json(&["pull", &self.url("/rel"), "--out", into])?;
        run_program(&mut self.command(&["verify", into]))?;
        pulled["commit"].as_str().map(str::to_owned).ok_or_else(|| format!("no commit in {pulled}"))
    }

    /// Whoever asks is told what a file is, and how it is known again.
    fn headers(&self) -> Done {
        let told =
            self.curl(&["--dump-header", "-", "--output", "/dev/null", &self.url("/rel/npm/all.zip")])?.to_lowercase();
        for header in [
            "content-type: application/zip",
            "cache-control: public, max-age=0, must-revalidate",
            "etag: ",
            "x-amz-meta-x-goog-hash: crc32c=",
        ] {
            ensure(told.contains(header), || format!("{header:?} is not in {told}"))?;
        }
        say("type, cache, ETag and checksum are told");
        Ok(())
    }

    /// Two uploads at once: one brings its release, the other does too or is told to come again.
    fn race(&self) -> Done {
        self.put(REPORTS * 1000)?;
        self.commit()?;
        let start = |out: &str| {
            let mut command = self.command(&["export", "--out", out, "--to", "s3://bucket/rel"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
        };
        let (mut one, mut two) = (start("release")?, start("other")?);
        let mut codes = Vec::new();
        for child in [&mut one, &mut two] {
            codes.push(child.wait().map_err(|error| error.to_string())?.code());
        }
        ensure(codes.iter().all(|code| matches!(code, Some(0 | 3))), || format!("two at once end with {codes:?}"))?;
        self.upload()?;
        ensure(self.pull("raced")? == self.head()?, || "two at once left another release".into())?;
        say(&format!("two uploads at once end with {codes:?}, and what is there is whole"));
        Ok(())
    }
}
