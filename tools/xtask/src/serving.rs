//! A release as a server has it: its files, with tags, and OSV's question about many packages, answered by the tool.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use crate::process::{Done, program, run_for};

/// Serves a release until the task ends, and gives its address.
pub(crate) fn serve(release: &Path, tool: &Path) -> Done<String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let url = format!("http://{}", listener.local_addr().map_err(|error| error.to_string())?);
    let serving = Arc::new((release.to_owned(), tool.to_owned()));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serving = Arc::clone(&serving);
            // A client that goes away ends its own conversation.
            thread::spawn(move || drop(converse(&stream, &serving)));
        }
    });
    Ok(url)
}

fn converse(stream: &TcpStream, (release, tool): &(PathBuf, PathBuf)) -> std::io::Result<()> {
    let (mut reader, mut out) = (BufReader::new(stream), stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some((_, text)) =
                header.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = text.trim().parse().unwrap_or_default();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (status, body) = match (method, address) {
            ("POST", "/v1/querybatch") => match answer(&body, release, tool) {
                Ok(answer) => ("200 OK", answer.to_string().into_bytes()),
                Err(reason) => ("500 Internal Server Error", reason.into_bytes()),
            },
            _ => match file(release, address) {
                Some(bytes) => ("200 OK", bytes),
                None => ("404 Not Found", Vec::new()),
            },
        };
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{:x}\"\r\n\r\n", body.len(), hasher.finish());
        out.write_all(head.as_bytes())?;
        if method != "HEAD" {
            out.write_all(&body)?;
        }
    }
}

fn file(release: &Path, address: &str) -> Option<Vec<u8>> {
    let path = Path::new(address.trim_start_matches('/'));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| std::fs::read(release.join(path)).ok()).flatten()
}

fn answer(body: &[u8], release: &Path, tool: &Path) -> Done<Value> {
    let asked: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let queries = asked["queries"].as_array().ok_or("no queries")?;
    let package = |query: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (ecosystem, name) = (text(&query["package"]["ecosystem"]), text(&query["package"]["name"]));
        format!("{ecosystem}/{name}@{}", text(&query["version"]))
    };
    let results: Done<Vec<Value>> = queries.iter().map(|query| ask(&package(query), release, tool)).collect();
    Ok(json!({ "results": results? }))
}

fn ask(package: &str, release: &Path, tool: &Path) -> Done<Value> {
    let mut query = program(tool, &["query", "--format", "json", package, "--from"]);
    query.arg(release);
    let told = run_for(&mut query, 0).or_else(|_| run_for(&mut query, 1))?;
    let told: Value = serde_json::from_str(&told).map_err(|error| error.to_string())?;
    let reports = told["answers"][0]["reports"].as_array().cloned().unwrap_or_default();
    if told["answers"][0]["verdict"] != "malicious" {
        return Ok(json!({}));
    }
    let each = |report: &Value| json!({ "id": report["id"], "modified": report["modified"] });
    Ok(json!({ "vulns": reports.iter().map(each).collect::<Vec<_>>() }))
}
