//! Sources over HTTP: what comes in, what is not asked for again, and servers that lie, stop or go in circles.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use intake::{Cursor, PlaceError, Reading, Setting};
use osv_schema::write;

use crate::archives::zip_of;
use crate::program::{names, read, read_since, record, refused, source, text};
use crate::server::{Answer, Asked, Server};

fn number(number: i64) -> Setting {
    Setting::Number(number)
}

/// Reads an address, with a cache and a cursor.
fn fetch(url: &str, settings: &[(&str, Setting)], cache: &Path, since: Option<&Cursor>) -> Result<Reading, PlaceError> {
    let settings = [settings, &[("from", text(url)), ("retries", number(1))]].concat();
    read_since(&source("osv", &settings), url, Some(cache), since)
}

/// The records that each test has, by name.
pub(crate) fn records() -> Vec<(String, String)> {
    (1..=30)
        .map(|number| (format!("npm/X-{number}.json"), record(&format!("X-{number}"), &format!("p{number}"))))
        .collect()
}

fn archive() -> Vec<u8> {
    let records = records();
    let files: Vec<(&str, &[u8])> = records.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip_of(&files)
}

fn index(newest: &str) -> String {
    let line = |(at, (name, _)): (usize, &(String, String))| {
        let time = if at == 0 { newest.to_owned() } else { format!("2026-01-01T00:00:{at:02}Z") };
        format!("{time},{}\n", name.trim_end_matches(".json"))
    };
    records().iter().enumerate().map(line).collect()
}

fn as_index(asked: &Asked, index: &str) -> Answer {
    if asked.path == "/db/modified_id.csv" {
        return Answer::file(asked, "\"i\"", index.as_bytes());
    }
    let name = asked.path.strip_prefix("/db/").unwrap_or_default();
    match records().iter().find(|(known, _)| known == name) {
        Some((_, text)) => Answer::of(200, text.as_str()),
        None => Answer::of(404, "no"),
    }
}

/// What a reading came to, whatever the order.
pub(crate) fn said(reading: &Reading) -> Vec<(String, String, String)> {
    let one = |delivery: &curate::Delivery| {
        (delivery.name.clone(), delivery.sha256.clone(), write::compact(&delivery.record))
    };
    let mut said: Vec<_> = reading.taken.deliveries.iter().map(one).collect();
    said.sort();
    said
}

#[test]
fn a_folder_a_repository_an_archive_and_an_index_say_the_same() {
    let (folder, cache) = (testkit::Folder::empty(), tempfile::tempdir().unwrap());
    records().iter().for_each(|(name, text)| folder.write(name, text));
    let expected = said(&read(&source("osv", &[]), folder.path()).unwrap());
    assert_eq!(expected.len(), 30);
    let repository = testkit::Repository::empty();
    records().iter().for_each(|(name, text)| repository.write(name, text));
    repository.commit("records");
    let git = format!("git+file://{}", repository.path().display());
    assert_eq!(said(&fetch(&git, &[], cache.path(), None).unwrap()), expected);
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/all.zip" => Answer::file(asked, "\"a\"", &archive()),
        _ => as_index(asked, &index("2026-02-01T00:00:00Z")),
    });
    for path in ["/all.zip", "/db/modified_id.csv"] {
        let reading = fetch(&server.url(path), &[], cache.path(), None).unwrap();
        assert_eq!(said(&reading), expected, "{path}");
        assert_eq!((refused(&reading), reading.is_whole), (vec![], true));
    }
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Answer::file(asked, "\"a\"", &archive()));
    let url = server.url("/all.zip");
    let first = fetch(&url, &[], cache.path(), None).unwrap();
    let cursor = first.cursor.unwrap();
    assert_eq!(cursor.marks.get("etag").map(String::as_str), Some("\"a\""));
    let again = fetch(&url, &[], cache.path(), Some(&cursor)).unwrap();
    assert_eq!((names(&again).len(), again.is_whole), (0, false));
    assert!(again.cursor.unwrap().is_at(&cursor));
    // It never came into the tree: what is on the disk need not be sent again, and is read.
    server.asked();
    assert_eq!(names(&fetch(&url, &[], cache.path(), None).unwrap()).len(), 30);
    assert_eq!(server.asked()[0].header("if-none-match"), Some("\"a\""));
}

#[test]
fn an_index_is_read_from_its_cursor() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, number| match asked.path.as_str() {
        "/db/modified_id.csv" if number > 1 => Answer::of(200, index("2026-03-01T00:00:00Z")),
        _ => as_index(asked, &index("2026-02-01T00:00:00Z")),
    });
    let url = server.url("/db/modified_id.csv");
    let first = fetch(&url, &[], cache.path(), None).unwrap();
    server.asked();
    let news = fetch(&url, &[], cache.path(), first.cursor.as_ref()).unwrap();
    assert_eq!((names(&news), news.is_whole), (vec!["npm/X-1.json"], false));
    assert_eq!(server.asked().len(), 2, "the index and one record");
    // A source that must send all it has is read whole.
    let complete = [("complete", Setting::Flag(true))];
    let whole = fetch(&url, &complete, cache.path(), None).unwrap();
    let again = fetch(&url, &complete, cache.path(), whole.cursor.as_ref()).unwrap();
    assert_eq!((names(&again).len(), again.is_whole), (30, true));
}

#[test]
fn a_record_that_comes_late_is_read_whatever_its_date() {
    let cache = tempfile::tempdir().unwrap();
    let whole = index("2026-02-01T00:00:00Z");
    let some: String = whole.lines().filter(|line| !line.ends_with("/X-2")).map(|line| format!("{line}\n")).collect();
    let server = Server::start(move |asked, number| match asked.path.as_str() {
        "/db/modified_id.csv" if number > 1 => Answer::of(200, whole.as_str()),
        _ => as_index(asked, &some),
    });
    let url = server.url("/db/modified_id.csv");
    let first = fetch(&url, &[], cache.path(), None).unwrap();
    assert_eq!(names(&first).len(), 29);
    let cursor = first.cursor.unwrap();
    let second = fetch(&url, &[], cache.path(), Some(&cursor)).unwrap();
    assert_eq!(names(&second), ["npm/X-1.json", "npm/X-2.json"]);
    // Who has not kept what was there before goes by the dates.
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(names(&fetch(&url, &[], elsewhere.path(), Some(&cursor)).unwrap()), ["npm/X-1.json"]);
}

#[test]
fn a_record_that_is_not_there_yet_is_asked_for_again() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, number| match asked.path.as_str() {
        "/db/npm/X-9.json" if number <= 2 => Answer::of(404, "not yet"),
        _ => as_index(asked, &index("2026-02-01T00:00:00Z")),
    });
    let url = server.url("/db/modified_id.csv");
    let first = fetch(&url, &[], cache.path(), None).unwrap();
    assert_eq!((names(&first).len(), refused(&first)[0].0), (29, "npm/X-9.json"));
    let cursor = first.cursor.unwrap();
    let second = fetch(&url, &[], cache.path(), Some(&cursor)).unwrap();
    assert_eq!((refused(&second).len(), second.cursor.unwrap().is_at(&cursor)), (1, true));
    let third = fetch(&url, &[], cache.path(), Some(&cursor)).unwrap();
    assert!(names(&third).contains(&"npm/X-9.json") && refused(&third).is_empty());
    let marks = third.cursor.unwrap().marks;
    assert_eq!(marks.get("modified").map(String::as_str), Some("2026-02-01T00:00:00Z"));
    assert_eq!(marks.get("etag").map(String::as_str), Some("\"i\""));
}

#[test]
fn an_index_that_stops_in_the_middle_of_a_line_is_named_and_fetched_anew() {
    let whole = index("2026-02-01T00:00:00Z");
    for end in ["2026-01-0", "2026-01-01T00:00:09Z,npm/X-", "2026-01-01T00:00:09Z,npm/X-999"] {
        let (cache, whole) = (tempfile::tempdir().unwrap(), whole.clone());
        let cut = format!("2026-02-01T00:00:00Z,npm/X-1\n{end}");
        let server = Server::start(move |asked, number| match number {
            // The tag stays: it is that of the file, and not of what came of it.
            1 => as_index(asked, &cut),
            _ => as_index(asked, &whole),
        });
        let url = server.url("/db/modified_id.csv");
        let error = fetch(&url, &[], cache.path(), None).unwrap_err();
        assert!(error.reason.contains("stops in the middle of line 2") && error.place == url, "{}", error.reason);
        assert_eq!(names(&fetch(&url, &[], cache.path(), None).unwrap()).len(), 30, "{end}");
    }
    // A last line that says all is one.
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(move |asked, _| as_index(asked, whole.trim_end()));
    assert_eq!(names(&fetch(&server.url("/db/modified_id.csv"), &[], cache.path(), None).unwrap()).len(), 30);
}

#[test]
fn a_line_that_is_dated_ahead_does_not_take_the_cursor_with_it() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, number| match asked.path.as_str() {
        "/db/modified_id.csv" if number == 1 => Answer::of(
            200,
            "2026-02-01T00:00:00Z,npm/X-2\n2099-01-01T00:00:00Z,npm/X-1\n2026-06-02T00:00:00Z,npm/X-3\n",
        ),
        "/db/modified_id.csv" => Answer::of(
            200,
            "2026-02-01T00:00:00Z,npm/X-2\n2026-01-01T00:00:00Z,npm/X-1\n2026-06-02T01:00:00Z,npm/X-4\n",
        ),
        _ => as_index(asked, ""),
    });
    let url = server.url("/db/modified_id.csv");
    let first = fetch(&url, &[], cache.path(), None).unwrap();
    assert_eq!(names(&first), ["npm/X-1.json", "npm/X-2.json", "npm/X-3.json"]);
    let told = refused(&first);
    assert_eq!((told.len(), told[0].0), (1, "modified_id.csv:2"));
    assert!(told[0].2.contains("dated 2099-01-01T00:00:00Z, more than a day ahead"), "{}", told[0].2);
    let cursor = first.cursor.unwrap();
    assert_eq!(cursor.marks.get("modified").map(String::as_str), Some("2026-06-02T00:00:00Z"));
    // The line that was mended is another one.
    let news = fetch(&url, &[], cache.path(), Some(&cursor)).unwrap();
    assert_eq!(names(&news), ["npm/X-1.json", "npm/X-4.json"]);
}

#[test]
fn what_is_wrong_with_a_record_is_told_and_the_others_come_in() {
    let cache = tempfile::tempdir().unwrap();
    let csv = format!(
        "{}2026-01-01T00:00:00Z,npm/X-99\nyesterday,npm/X-1\n2026-01-01T00:00:00Z,../../etc/passwd\n",
        index("2026-01-01T00:00:00Z")
    );
    let server = Server::start(move |asked, _| as_index(asked, &csv));
    let reading = fetch(&server.url("/db/modified_id.csv"), &[], cache.path(), None).unwrap();
    assert_eq!(names(&reading).len(), 30);
    let line = "the document cannot be read: the line is no time and id with a comma between them";
    let gone = "the document cannot be read: the server says 404 Not Found";
    let told: Vec<(&str, &str)> = refused(&reading).into_iter().map(|(name, _, message)| (name, message)).collect();
    assert_eq!(told, [("modified_id.csv:32", line), ("modified_id.csv:33", line), ("npm/X-99.json", gone)]);
}

#[test]
fn a_server_that_stops_in_the_middle_is_asked_for_the_rest() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, number| {
        let answer = Answer::file(asked, "\"a\"", &archive());
        match number {
            1 => Answer { claimed: Some(answer.body.len()), body: answer.body[..1000].to_vec(), ..answer },
            _ => answer,
        }
    });
    assert_eq!(names(&fetch(&server.url("/all.zip"), &[], cache.path(), None).unwrap()).len(), 30);
    let asked = server.asked();
    assert_eq!((asked.len(), asked[1].header("range")), (2, Some("bytes=1000-")));
}

#[test]
fn a_reading_that_ended_in_the_middle_goes_on() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, number| match asked.path.as_str() {
        "/db/npm/X-9.json" if number <= 2 => Answer::of(500, ""),
        _ => as_index(asked, &index("2026-01-01T00:00:00Z")),
    });
    let url = server.url("/db/modified_id.csv");
    let error = fetch(&url, &[], cache.path(), None).unwrap_err();
    assert_eq!(error.reason, "npm/X-9.json: the server says 500 Internal Server Error");
    server.asked();
    assert_eq!(names(&fetch(&url, &[], cache.path(), None).unwrap()).len(), 30);
    let again: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(again, ["/db/modified_id.csv", "/db/npm/X-9.json"]);
}

#[test]
fn a_server_that_lies_is_named() {
    let check = |answer: fn(&Asked, usize) -> Answer, settings: &[(&str, Setting)], expected: &str| {
        let cache = tempfile::tempdir().unwrap();
        let server = Server::start(answer);
        let url = server.url("/all.zip");
        let error = fetch(&url, settings, cache.path(), None).unwrap_err();
        assert!(error.reason.contains(expected), "{} ({expected})", error.reason);
        assert_eq!(error.place, url);
        assert!(!error.remedy.is_empty());
    };
    let short = |_: &Asked, _: usize| Answer { claimed: Some(5000), ..Answer::of(200, "PK") };
    check(short, &[], "the server stopped after 2 of 5000 bytes");
    let other_range = |asked: &Asked, number: usize| match number {
        1 => Answer { claimed: Some(5000), ..Answer::of(200, "PK").with("ETag", "\"a\"") },
        _ => Answer::of(206, "x").with("Content-Range", "bytes 100-100/101").with("ETag", asked.path.clone()),
    };
    check(other_range, &[], "other bytes than those it was asked for");
    check(|_, _| Answer::of(200, vec![0; 5000]), &[("download-max", number(4000))], "download-max allows 4000");
    check(|_, _| Answer { claimed: Some(1 << 40), ..Answer::of(200, "PK") }, &[], "download-max allows 4294967296");
    check(|asked, _| Answer::of(302, "").with("Location", asked.path.clone()), &[], "redirect");
    check(|_, _| Answer::of(404, ""), &[], "the server says 404 Not Found");
    check(|_, _| Answer::of(503, "").with("Retry-After", "0"), &[], "the server says 503 Service Unavailable");
    check(|_, _| Answer::of(204, ""), &[], "the server says 204 No Content");
    check(|_, _| Answer::of(200, "x"), &[("seconds-max", number(0))], "seconds-max");
}

#[test]
fn a_server_that_says_too_little_leaves_a_broken_archive() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer { claimed: Some(2000), ..Answer::of(200, archive()) });
    let reading = fetch(&server.url("/all.zip"), &[], cache.path(), None).unwrap();
    assert_eq!((names(&reading).len(), reading.cursor.is_none()), (0, true));
    assert!(refused(&reading)[0].2.starts_with("the archive is damaged or cut off"));
}

#[test]
fn what_has_no_tls_is_only_read_from_this_machine() {
    let cache = tempfile::tempdir().unwrap();
    for (url, expected) in [
        ("http://example.org/all.zip", "what comes without TLS can be changed on its way"),
        ("ftp://example.org/all.zip", "this kind of address cannot be read"),
        ("s3://", "this is no address of a bucket"),
        ("s3://bu cket/x", "this is no address of a bucket"),
    ] {
        assert_eq!(fetch(url, &[], cache.path(), None).unwrap_err().reason, expected, "{url}");
    }
}

/// Runs in a process whose trusted certificates are those of the test.
#[test]
#[ignore = "runs in the processes of another test"]
fn read_over_tls() {
    let (url, cache) = (std::env::var("TLS_URL").unwrap(), tempfile::tempdir().unwrap());
    let said = match fetch(&url, &[], cache.path(), None) {
        Ok(reading) => format!("read {} documents", names(&reading).len()),
        Err(error) => format!("not read: {}", error.reason),
    };
    std::fs::write(std::env::var("TLS_SAID").unwrap(), said).unwrap();
}

#[test]
fn a_certificate_is_held_to_what_the_machine_trusts() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let open =
        move |stream| Some(rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).ok()?, stream));
    let server = Server::over(open, |asked, _| Answer::file(asked, "\"a\"", &archive()));
    let run = |trust: &Path| {
        let url = format!("https://localhost:{}/all.zip", server.port());
        let mut child = Command::new(std::env::current_exe().unwrap());
        let said = folder.path().join("said");
        child.args(["--exact", "https::read_over_tls", "--ignored"]).env("TLS_SAID", &said);
        child.env("TLS_URL", url).env("SSL_CERT_FILE", trust).env_remove("SSL_CERT_DIR");
        child.output().unwrap();
        std::fs::read_to_string(said).unwrap()
    };
    let said = run(&trusted);
    assert!(said.contains("read 30 documents"), "{said}");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&trusted, other.cert.pem()).unwrap();
    let said = run(&trusted);
    assert!(said.contains("not read: ") && said.contains("ertificate"), "{said}");
}
