//! A bucket on a real S3 server (`versitygw`), where one can be had: the same as a folder, and only what is new.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use intake::{Cursor, PlaceError, Reading, Setting};

use crate::https::{records, said};
use crate::program::{names, read, read_since, record, refused, source, text, texts};
use crate::server::{Answer, Asked, Server};

/// The server, where `cargo xtask storage` or somebody else installed it.
fn server() -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/versitygw");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).map(|folder| folder.join("versitygw"));
    named.chain([installed]).find(|program| program.is_file())
}

/// A server that is stopped with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bucket_is_read_as_a_folder_is() {
    let Some(program) = server() else {
        // Whoever runs the tests is to see that nothing was proven here.
        let _ = writeln!(
            std::io::stderr(),
            "buckets were not read: there is no versitygw; `cargo xtask storage` installs it"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::create_dir_all(folder.path().join("root/bucket")).unwrap();
    std::fs::create_dir_all(folder.path().join("meta")).unwrap();
    let mut command = Command::new(program);
    command.args([
        "--port",
        &format!("127.0.0.1:{port}"),
        "--access",
        "id",
        "--secret",
        "secret",
        "posix",
        "--sidecar",
    ]);
    command.arg(folder.path().join("meta")).arg(folder.path().join("root"));
    let _running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "buckets::read_a_bucket", "--ignored", "--nocapture"]);
    child.env("S3_ENDPOINT", format!("http://127.0.0.1:{port}")).env("S3_FOLDER", folder.path().join("root/bucket"));
    child.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret").env_remove("AWS_SESSION_TOKEN");
    let done = child.output().unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Runs in a process that has access to the server.
#[test]
#[ignore = "runs in the processes of another test"]
fn read_a_bucket() {
    let (endpoint, bucket) =
        (std::env::var("S3_ENDPOINT").unwrap(), PathBuf::from(std::env::var("S3_FOLDER").unwrap()));
    let cache = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &str| {
        let path = bucket.join("feed").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let fetch_with = |cache: &Path, more: &[(&str, Setting)], since: Option<&Cursor>| -> Result<Reading, PlaceError> {
        let from = "s3://bucket/feed";
        let mut settings = BTreeMap::from([
            ("from", text(from)),
            ("endpoint", text(&endpoint)),
            ("lookback", text("10")),
            ("retries", Setting::Number(1)),
        ]);
        settings.extend(more.iter().cloned());
        let settings: Vec<(&str, Setting)> = settings.into_iter().collect();
        read_since(&source("osv", &settings), from, Some(cache), since)
    };
    let fetch = |more: &[(&str, Setting)], since: Option<&Cursor>| fetch_with(cache.path(), more, since).unwrap();

    for (name, content) in records() {
        put(&name, &content);
    }
    put("notes.txt", "no document");
    put("npm/broken.json", "{");
    let expected = read(&source("osv", &[]), &bucket.join("feed")).unwrap();
    let first = fetch(&[], None);
    assert_eq!((said(&first), first.is_whole), (said(&expected), true));
    assert_eq!(refused(&first), refused(&expected));

    let again = fetch(&[], first.cursor.as_ref());
    assert_eq!((names(&again).len(), again.is_whole), (0, false));
    put("npm/X-9.json", &record("X-9", "p9-renamed"));
    put("npm/Y-1.json", &record("Y-1", "new"));
    put("npm/Y-2.json", &record("Y-2", "newer"));
    let news = fetch(&[], again.cursor.as_ref());
    assert_eq!(names(&news), ["npm/X-9.json", "npm/Y-1.json", "npm/Y-2.json"]);
    assert_eq!(names(&fetch(&[], news.cursor.as_ref())).len(), 0);

    // Whoever has not seen the lookback reads it again, and no more than that; one of the ten is broken.
    let other = tempfile::tempdir().unwrap();
    assert_eq!(names(&fetch_with(other.path(), &[], first.cursor.as_ref()).unwrap()).len(), 11);
    // A time reaches back to all that changed within it.
    let by_time = [("lookback", text("1h"))];
    let other = tempfile::tempdir().unwrap();
    let all = fetch_with(other.path(), &by_time, None).unwrap();
    assert_eq!(names(&all).len(), 32);
    put("npm/A-0.json", &record("A-0", "late"));
    let late = fetch_with(other.path(), &by_time, all.cursor.as_ref()).unwrap();
    assert_eq!(names(&late), ["npm/A-0.json"]);
    // A source that must send all it has is read whole.
    let complete = [("complete", Setting::Flag(true))];
    let whole = fetch(&complete, None);
    assert_eq!(names(&fetch(&complete, whole.cursor.as_ref())).len(), 33);
    // Keys that only begin alike, and prefixes with a folder in them.
    for (prefixes, count) in [(&["npm/X-2"][..], 11), (&["npm/Y", "npm/A"], 3), (&["npm/"], 33), (&["pypi/"], 0)] {
        assert_eq!(names(&fetch(&[("prefixes", texts(prefixes))], None)).len(), count, "{prefixes:?}");
    }
    let error = fetch_with(cache.path(), &[("endpoint", text("http://127.0.0.1:1"))], None).unwrap_err();
    assert!(error.reason.starts_with("the listing stops: "), "{}", error.reason);
    assert_eq!(error.place, "s3://bucket/feed");
}

/// A page of a listing, as S3 answers it.
fn page(keys: &[&str], has_more: bool) -> Answer {
    let content = |key: &&str| {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>5</Size></Contents>"
        )
    };
    let contents: String = keys.iter().map(content).collect();
    let more = if has_more { "<NextContinuationToken>more</NextContinuationToken>" } else { "" };
    let body = format!("<ListBucketResult><IsTruncated>{has_more}</IsTruncated>{more}{contents}</ListBucketResult>");
    Answer::of(200, body).with("Content-Type", "application/xml")
}

#[test]
fn a_bucket_that_lies_is_named() {
    let check = |answer: fn(&Asked, usize) -> Answer, expected: &str| {
        let (server, cache) = (Server::start(answer), tempfile::tempdir().unwrap());
        let settings = [("endpoint", text(&server.url(""))), ("retries", Setting::Number(1))];
        let error = read_since(&source("osv", &settings), "s3://bucket/feed", Some(cache.path()), None).unwrap_err();
        assert!(error.reason.starts_with(expected), "{} ({expected})", error.reason);
        assert_eq!(error.place, "s3://bucket/feed");
    };
    assert!(std::env::var_os("AWS_ACCESS_KEY_ID").is_none(), "here everybody reads");
    check(|_, _| page(&["feed/a.txt"], true), "the listing goes in circles: `feed/a.txt` is listed twice");
    check(
        |asked, _| {
            if asked.path.contains("continuation-token") { Answer::of(500, "") } else { page(&["feed/a.txt"], true) }
        },
        "the listing stops: ",
    );
    check(|_, _| Answer::of(200, "<html>no"), "the listing stops: ");
    check(|_, _| Answer::of(403, ""), "the listing stops: ");
    check(
        |asked, _| match asked.path.contains("list-type") {
            true => page(&["feed/a.json"], false),
            false => Answer {
                claimed: Some(5),
                ..Answer::of(200, "{").with("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            },
        },
        "a.json: ",
    );
}
