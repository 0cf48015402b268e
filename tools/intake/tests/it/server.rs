//! A small server of HTTP that does as it is told, also what no server should.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How long the body is said to be, where that is a lie.
    pub(crate) claimed: Option<usize>,
}

impl Answer {
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: Vec::new(), body: body.into(), claimed: None }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// A file with a tag, as servers give one: not again where it is known, and from the middle where that is asked for.
    pub(crate) fn file(asked: &Asked, tag: &str, body: &[u8]) -> Answer {
        if asked.header("if-none-match") == Some(tag) {
            return Answer::of(304, "").with("ETag", tag);
        }
        let from = asked.header("range").filter(|_| asked.header("if-range") == Some(tag));
        let from: Option<usize> = from.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        match from {
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                Answer::of(206, &body[from..]).with("Content-Range", range).with("ETag", tag)
            }
            None => Answer::of(200, body).with("ETag", tag),
        }
    }
}

/// A server, with all that it was asked for.
pub(crate) struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts one. It goes away with the process.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Server {
        Server::over(Some, answer)
    }

    /// The same over something that makes streams of connections: TLS.
    pub(crate) fn over<S: Read + Write>(
        open: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
        answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let counts: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let (known, both) = (log.clone(), Arc::new((open, answer)));
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (known, counts, both) = (known.clone(), counts.clone(), both.clone());
                std::thread::spawn(move || {
                    let Some(mut stream) = both.0(stream) else { return };
                    let Some(asked) = read(&mut stream) else { return };
                    known.lock().expect("a log").push(asked.clone());
                    let number = {
                        let mut counts = counts.lock().expect("counts");
                        let count = counts.entry(asked.path.clone()).or_default();
                        *count += 1;
                        *count
                    };
                    let Answer { status, headers, body, claimed } = both.1(&asked, number);
                    let length = claimed.unwrap_or(body.len());
                    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n");
                    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
                    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
                    let _ = stream.write_all(&body);
                    let _ = stream.flush();
                });
            }
        });
        Server { port, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What was asked for since the last time this was looked at.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.log.lock().expect("a log"))
    }
}

fn read(stream: &mut impl Read) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Some(Asked { path, headers })
}
