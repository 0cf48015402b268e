//! Where a release is pulled from: a folder, or plain static hosting.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, RANGE};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{StatusCode, Url};

use crate::Error;

/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it may send us on.
const REDIRECTS_MAX: usize = 10;

/// What stands for itself in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the files of a release are.
pub(super) enum Place {
    Folder(PathBuf),
    Http { client: Client, base: Url },
}

/// A file from some byte on.
pub(super) struct Opened {
    /// The byte at which it begins: the one asked for, or the first.
    pub begins: u64,
    pub reader: Box<dyn Read + Send>,
}

/// Why there is no file to read.
pub(super) enum Trouble {
    /// There is none of that name.
    Missing,
    /// Another try may succeed.
    Passing(String),
    /// Another try would end alike.
    Lasting(String),
}

impl Place {
    /// The place that a text names.
    pub(super) fn of(from: &str) -> Result<Place, Error> {
        let is_url =
            from.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !is_url {
            return Ok(Place::Folder(PathBuf::from(from)));
        }
        let refused = |reason: String| Error::Place { place: from.to_owned(), reason };
        let mut base = Url::parse(from).map_err(|error| refused(error.to_string()))?;
        if !["http", "https"].contains(&base.scheme()) {
            return Err(refused("a release is pulled from a folder, http:// or https://".to_owned()));
        }
        // A signed address has what lets us in behind the path; it holds for every file below.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        base.set_fragment(None);
        Ok(Place::Http { client: client().map_err(|error| refused(error.to_string()))?, base })
    }

    /// Opens a file of the release from a byte on.
    pub(super) fn open(&self, path: &str, from: u64) -> Result<Opened, Trouble> {
        match self {
            Place::Folder(dir) => {
                let opened = File::open(dir.join(path)).and_then(|mut file| {
                    file.seek(SeekFrom::Start(from))?;
                    Ok(file)
                });
                match opened {
                    Ok(file) => Ok(Opened { begins: from, reader: Box::new(file) }),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Trouble::Missing),
                    Err(error) => Err(Trouble::Lasting(error.to_string())),
                }
            }
            Place::Http { client, base } => get(client, base, path, from),
        }
    }

    /// A file of the release as people are told of it: without what lets somebody in.
    pub(super) fn shown(&self, path: &str) -> String {
        match self {
            Place::Folder(dir) => dir.join(path).display().to_string(),
            Place::Http { base, .. } => {
                let mut shown = address(base, path);
                shown.set_query(None);
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                shown.to_string()
            }
        }
    }
}

fn get(client: &Client, base: &Url, path: &str, from: u64) -> Result<Opened, Trouble> {
    let mut request = client.get(address(base, path)).header(ACCEPT_ENCODING, "identity");
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    // An error of the client's shows the address, which may hold what lets somebody in.
    let response = request.send().map_err(|error| match error.is_redirect() || error.is_builder() {
        true => Trouble::Lasting(causes(&error.without_url())),
        false => Trouble::Passing(causes(&error.without_url())),
    })?;
    let opened = |begins, response: Response| Ok(Opened { begins, reader: Box::new(response) });
    match response.status() {
        StatusCode::OK => opened(0, response),
        StatusCode::PARTIAL_CONTENT if from > 0 => opened(from, response),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Trouble::Missing),
        status if status.is_server_error() || [408, 416, 425, 429].contains(&status.as_u16()) => {
            Err(Trouble::Passing(format!("the server says {status}")))
        }
        status => Err(Trouble::Lasting(format!("the server says {status}"))),
    }
}

fn address(base: &Url, path: &str) -> Url {
    let escaped: Vec<String> = path.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    let mut address = base.clone();
    address.set_path(&format!("{}{}", base.path(), escaped.join("/")));
    address
}

fn client() -> reqwest::Result<Client> {
    static TLS: Once = Once::new();
    // It fails only where there is one already.
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder()
        .user_agent(concat!("malpkg/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(Policy::custom(|attempt: Attempt<'_>| {
            let was_secret = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if was_secret && attempt.url().scheme() != "https" {
                return attempt.error("it leads from https to http");
            }
            if attempt.previous().len() > REDIRECTS_MAX {
                attempt.error("it leads on and on")
            } else {
                attempt.follow()
            }
        }))
        .build()
}

/// An error and what it came from.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
