//! A source in a bucket of a real S3 server: read whole, killed in the middle, and read for what is new; and the same source
//! from a folder, git, an archive and an index over HTTP.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Done, Running, ensure, git, malpkg, program, run as run_program, say};
use crate::serving::serve;

/// The server and where it comes from.
const SERVER: &str = "github.com/versity/versitygw/cmd/versitygw@latest";
/// How many objects a page of a listing has.
const PAGE: usize = 1_000;
/// How many objects before the cursor are listed again where a source does not say otherwise.
const LOOKBACK: usize = 1_000;
/// How many objects are new in the end.
const NEWS: usize = 10;

/// Reads so many objects.
pub(crate) fn run(objects: usize, clients: &Path) -> Done {
    let tool = malpkg()?;
    let server = install(clients)?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let room = Room::new(tool, temporary.path())?;
    let running = room.serve(&server)?;
    for number in 0..objects {
        room.put(number)?;
    }
    let started = Instant::now();
    let mut killed = room.command(&["ingest", "--source", "bucket", "--commit"]);
    let mut child = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    // As soon as a part of it was fetched. The log of very many requests is not read all the time.
    let pause = Duration::from_millis(if objects > 20_000 { 250 } else { 5 });
    while room.gets() < objects / 4 && child.try_wait().map_err(|error| error.to_string())?.is_none() {
        std::thread::sleep(pause);
    }
    child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
    let (before, listed) = (room.gets(), room.lists());
    ensure(before < objects, || "the run was killed when it had read all".into())?;
    let is_amid = objects <= PAGE * 2 || listed < objects / PAGE;
    ensure(is_amid, || format!("the run was killed when it had listed {listed} pages, which are all"))?;
    say(&format!(
        "killed after {:.1} s with {before} of {objects} objects read, {listed} pages listed",
        started.elapsed().as_secs_f64()
    ));
    let started = Instant::now();
    room.ingest(objects)?;
    let (after, pages) = (room.gets(), room.lists() - listed);
    // What was on its way when the run was killed is asked for twice.
    ensure(after <= objects + 16, || format!("{after} objects were asked for, of {objects}"))?;
    ensure(pages <= objects / PAGE + 2, || format!("{pages} pages were listed, and {objects} objects are fewer"))?;
    say(&format!(
        "went on: {objects} deliveries in {:.1} s, {} objects read, {pages} pages listed",
        started.elapsed().as_secs_f64(),
        after - before
    ));
    let listed = room.lists();
    for number in objects..objects + NEWS {
        room.put(number)?;
    }
    let started = Instant::now();
    room.ingest(NEWS)?;
    let (news, pages) = (room.gets() - after, room.lists() - listed);
    ensure(news == NEWS, || format!("{news} objects were read, and {NEWS} are new"))?;
    // What lies before the lookback is not listed again.
    ensure(pages <= LOOKBACK / PAGE + 2, || format!("{pages} pages were listed for {NEWS} new objects"))?;
    say(&format!("{NEWS} new: {news} objects read, {pages} pages listed, {:.1} s", started.elapsed().as_secs_f64()));
    room.ingest(0)?;
    room.compare(objects + NEWS)?;
    drop(running);
    Ok(())
}

/// The server, installed now if it is not yet.
fn install(clients: &Path) -> Done<PathBuf> {
    fs::create_dir_all(clients).map_err(|error| error.to_string())?;
    let clients = fs::canonicalize(clients).map_err(|error| error.to_string())?;
    let server = clients.join("versitygw");
    if !server.is_file() {
        say("installing versitygw");
        run_program(program("go", &["install", SERVER]).env("GOBIN", &clients).current_dir(std::env::temp_dir()))
            .map_err(|error| format!("nothing was proven: there is no S3 server and none can be installed: {error}"))?;
    }
    Ok(server)
}

struct Room {
    tool: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Room {
    fn new(tool: PathBuf, folder: &Path) -> Done<Room> {
        let io = |error: std::io::Error| error.to_string();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(io)?.port();
        let room = Room { tool, folder: folder.to_owned(), port };
        for name in ["root/bucket/osv", "meta", "repo"] {
            fs::create_dir_all(folder.join(name)).map_err(io)?;
        }
        let config = format!(
            "[source.bucket]\nformat = \"osv\"\nfrom = \"s3://bucket/osv\"\nendpoint = \"http://127.0.0.1:{port}\"\n"
        );
        fs::write(folder.join("repo/malpkg.toml"), config).map_err(io)?;
        let repo = folder.join("repo");
        run_program(&mut git(&repo, &["init", "--quiet"]))?;
        run_program(&mut git(&repo, &["add", "."]))?;
        run_program(&mut git(&repo, &["commit", "--quiet", "-m", "a source"]))?;
        Ok(room)
    }

    fn serve(&self, server: &Path) -> Done<Running> {
        let mut command = Command::new(server);
        command.args(["--port", &format!("127.0.0.1:{}", self.port), "--access", "id", "--secret", "secret"]);
        command.arg("--access-log").arg(self.log()).args(["posix", "--sidecar"]);
        command.arg(self.folder.join("meta")).arg(self.folder.join("root"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let running = Running(child.map_err(|error| format!("{}: {error}", server.display()))?);
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(running);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the S3 server does not answer".into())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("access.log")
    }

    fn count(&self, what: &str) -> usize {
        fs::read_to_string(self.log()).unwrap_or_default().matches(what).count()
    }

    /// How many objects were asked for. Releases of the server write it otherwise.
    fn gets(&self) -> usize {
        self.count("\"GET /bucket/osv/").max(self.count("s3_GetObject osv/"))
    }

    /// How many pages were listed.
    fn lists(&self) -> usize {
        self.count("list-type=2")
    }

    /// An object is a file below the server's root.
    fn put(&self, number: usize) -> Done {
        let (id, name) = (format!("X-{number:07}"), format!("package-{number}"));
        let record = format!(
            r#"{{"id": "{id}", "modified": "2026-01-01T00:00:00Z", "affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}}, "versions": ["1.0.0"]}}]}}"#
        );
        let path = self.folder.join(format!("root/bucket/osv/{id}.json"));
        fs::write(&path, record).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.tool, arguments);
        command.current_dir(self.folder.join("repo"));
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret").env_remove("AWS_SESSION_TOKEN");
        for (name, value) in [("AUTHOR_NAME", "Task"), ("AUTHOR_EMAIL", "task@example.org")] {
            command
                .env(format!("GIT_{name}"), value)
                .env(format!("GIT_{}", name.replace("AUTHOR", "COMMITTER")), value);
        }
        command
    }

    fn json(&self, arguments: &[&str]) -> Done<serde_json::Value> {
        let told = run_program(self.command(arguments).args(["--format", "json"]))?;
        serde_json::from_str(&told).map_err(|error| error.to_string())
    }

    /// Takes in what is new, which must be so many.
    fn ingest(&self, expected: usize) -> Done {
        let done = self.json(&["ingest", "--source", "bucket", "--commit"])?;
        let found = &done["sources"][0]["deliveries"];
        ensure(*found == expected, || format!("{found} deliveries, and {expected} were to come"))
    }

    /// The bucket, the folder that is behind it, and the same from elsewhere must make the same deliveries.
    fn compare(&self, objects: usize) -> Done {
        let folder = self.folder.join("root/bucket/osv");
        let of_bucket = self.deliveries(&[])?;
        let count = of_bucket.len();
        ensure(count == objects, || format!("{count} deliveries, and the bucket has {objects} objects"))?;
        for (what, place) in [
            ("the folder behind it", folder.display().to_string()),
            ("a git repository", self.repository(&folder)?),
            ("a zip archive over HTTP", format!("{}/all.zip", self.web(&folder)?)),
            ("an index over HTTP", format!("{}/modified_id.csv", self.web(&folder)?)),
        ] {
            let started = Instant::now();
            let found = self.deliveries(&[&place])?;
            ensure(found == of_bucket, || format!("{what} says otherwise than the bucket"))?;
            let seconds = started.elapsed().as_secs_f64();
            say(&format!("the bucket and {what} make the same {count} deliveries ({seconds:.1} s)"));
        }
        Ok(())
    }

    /// What the source delivers from a place, by name: an archive has an order of its own.
    fn deliveries(&self, place: &[&str]) -> Done<BTreeMap<String, serde_json::Value>> {
        let found = self.json(&[&["source", "check", "bucket"], place].concat())?;
        let named = |one: &serde_json::Value| (one["delivery"].to_string(), one.clone());
        Ok(found["deliveries"].as_array().into_iter().flatten().map(named).collect())
    }

    /// A repository with the folder's files.
    fn repository(&self, folder: &Path) -> Done<String> {
        let repository = self.folder.join("source.git");
        let at = |arguments: &[&str]| {
            let mut command = git(folder, arguments);
            command.env("GIT_DIR", &repository).env("GIT_WORK_TREE", folder);
            run_program(&mut command)
        };
        at(&["init", "--quiet"])?;
        at(&["add", "--all"])?;
        at(&["commit", "--quiet", "--message=all"])?;
        Ok(format!("git+file://{}", repository.display()))
    }

    /// The address of a server with the folder's files, an archive of them, and an index.
    fn web(&self, folder: &Path) -> Done<String> {
        let web = self.folder.join("web");
        if !web.is_dir() {
            run_program(program("cp", &["-al"]).args([folder, &web]))?;
            let mut names: Vec<String> = Vec::new();
            for entry in fs::read_dir(&web).map_err(|error| error.to_string())? {
                names.push(entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned());
            }
            names.sort();
            let lines =
                names.iter().filter_map(|name| Some(format!("2026-01-01T00:00:00Z,{}\n", name.strip_suffix(".json")?)));
            fs::write(web.join("modified_id.csv"), lines.collect::<String>()).map_err(|error| error.to_string())?;
            run_program(program("zip", &["-q", "-r", "all.zip", ".", "-i", "*.json"]).current_dir(&web))?;
        }
        serve(&web, &self.tool)
    }
}
