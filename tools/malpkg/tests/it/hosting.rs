//! Plain static hosting of a folder over HTTP, which can be told to go wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

/// How a file is served that is not served as it is.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The connection ends after so many bytes of each answer.
    EndsAfter(usize),
    /// It is not there.
    Missing,
    /// The server is busy the first times.
    BusyFor(usize),
    /// The answer has these bytes.
    Says(Vec<u8>),
}

/// A server of a folder; it ends with the test.
pub(crate) struct Hosting {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    folder: Mutex<PathBuf>,
    faults: Mutex<BTreeMap<String, Fault>>,
    asked: Mutex<Vec<String>>,
}

impl Hosting {
    pub(crate) fn of(folder: &Path) -> Hosting {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mirror", listener.local_addr().unwrap());
        let (faults, asked) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { folder: Mutex::new(folder.to_owned()), faults, asked });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // A client that goes away ends its own conversation.
                thread::spawn(move || drop(converse(&stream, &shared)));
            }
        });
        Hosting { url, shared }
    }

    /// Serves another folder from now on.
    pub(crate) fn now_serves(&self, folder: &Path) {
        *self.shared.folder.lock().unwrap() = folder.to_owned();
    }

    /// Lets a file go wrong.
    pub(crate) fn spoil(&self, path: &str, fault: Fault) {
        self.shared.faults.lock().unwrap().insert(path.to_owned(), fault);
    }

    pub(crate) fn mend(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// The paths that were asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }
}

fn converse(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (mut reader, mut out) = (BufReader::new(stream.try_clone()?), stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let address = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut from = None;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some(range) = line.to_lowercase().trim_end().strip_prefix("range: bytes=") {
                from = range.strip_suffix('-').and_then(|from| from.parse::<usize>().ok());
            }
        }
        if !answer(&address, from, shared, &mut out)? {
            return Ok(());
        }
    }
}

/// Answers one question. False where the connection ends with it.
fn answer(address: &str, from: Option<usize>, shared: &Shared, out: &mut TcpStream) -> std::io::Result<bool> {
    let path = address.split('?').next().and_then(|path| path.strip_prefix("/mirror/"));
    let path = unescaped(path.unwrap_or("nothing"));
    shared.asked.lock().unwrap().push(path.clone());
    let mut bytes = std::fs::read(shared.folder.lock().unwrap().join(&path)).ok();
    let mut length_sent = usize::MAX;
    match shared.faults.lock().unwrap().get_mut(&path) {
        None => {}
        Some(Fault::EndsAfter(length)) => length_sent = *length,
        Some(Fault::Missing) => bytes = None,
        Some(Fault::BusyFor(0)) => {}
        Some(Fault::BusyFor(times)) => {
            *times -= 1;
            out.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")?;
            return Ok(true);
        }
        Some(Fault::Says(said)) => bytes = Some(said.clone()),
    }
    let Some(bytes) = bytes else {
        out.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
        return Ok(true);
    };
    let begin = from.unwrap_or(0).min(bytes.len());
    let rest = &bytes[begin..];
    let head = match from {
        Some(_) => format!("206 Partial Content\r\nContent-Range: bytes {begin}-{}/{}", bytes.len(), bytes.len()),
        None => "200 OK".to_owned(),
    };
    write!(out, "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", rest.len())?;
    out.write_all(&rest[..rest.len().min(length_sent)])?;
    Ok(length_sent >= rest.len())
}

fn unescaped(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
