//! Asking servers: one client, which asks again where that helps, and never for longer or more than it may.

use std::future::Future;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use tokio::runtime::{Builder, Runtime};

use crate::PlaceError;
use crate::source::Source;

/// How long a server may take to be reached, and how long it may say nothing.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(60);
/// How long is waited before it is asked again: this, then twice as long each time, up to the longest.
const WAIT: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(30);

pub(crate) const REMEDY: &str =
    "look at the address and at the server, and read the source again: it goes on where it was";

/// Why there is no answer.
pub(crate) enum Trouble {
    /// The server says no, and would say so again.
    Refused(StatusCode),
    /// It would help to ask again later.
    Gone(String),
    /// It would not.
    Final(String),
}

impl Trouble {
    pub(crate) fn message(&self) -> String {
        match self {
            Trouble::Refused(status) => format!("the server says {status}"),
            Trouble::Gone(reason) | Trouble::Final(reason) => reason.clone(),
        }
    }

    pub(crate) fn of(error: &reqwest::Error) -> Trouble {
        // The innermost cause is what helps; the others say that something failed.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        match error.is_builder() || error.is_redirect() {
            true => Trouble::Final(cause.to_string()),
            false => Trouble::Gone(cause.to_string()),
        }
    }
}

/// A client with its runtime.
pub(crate) struct Client {
    http: reqwest::Client,
    runtime: Runtime,
    retries: u64,
    until: Instant,
}

/// Whether an address can be read: over TLS, or on this machine.
pub(crate) fn check(text: &str) -> Result<Url, PlaceError> {
    let remedy = "write it as `https://host/path`; without TLS only this machine is read from";
    let wrong = |reason: &str| PlaceError::new(text, reason, remedy);
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here(&url) => Ok(url),
        "http" => Err(wrong("what comes without TLS can be changed on its way")),
        _ => Err(wrong("this kind of address cannot be read")),
    }
}

pub(crate) fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Has TLS use the ciphers that are built in. That somebody has done so already is as good.
pub(crate) fn ciphers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A runtime for the time of one reading.
pub(crate) fn runtime(place: &str) -> Result<Runtime, PlaceError> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| PlaceError::new(place, &error.to_string(), REMEDY))
}

impl Client {
    pub(crate) fn new(url: &Url, source: &Source) -> Result<Client, PlaceError> {
        ciphers();
        let here = is_here(url);
        let http = reqwest::Client::builder()
            .user_agent(concat!("malpkg/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::limited(5))
            .https_only(!here);
        let http = if here { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| PlaceError::new(url.as_str(), &error.to_string(), REMEDY))?;
        let until = Instant::now() + Duration::from_secs(source.seconds_max);
        Ok(Client { http, runtime: runtime(url.as_str())?, retries: source.retries, until })
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Whether it took as long as it may.
    pub(crate) fn check_time(&self) -> Result<(), Trouble> {
        match Instant::now() < self.until {
            true => Ok(()),
            false => Err(Trouble::Final("the reading took longer than seconds-max allows".into())),
        }
    }

    /// Asks once. An answer of the server that is none for us is trouble, with how long it wants us to wait.
    pub(crate) async fn ask(&self, url: &Url, headers: HeaderMap) -> Result<Response, (Trouble, Option<Duration>)> {
        self.check_time().map_err(|trouble| (trouble, None))?;
        let answer = self.http.get(url.clone()).headers(headers).send().await;
        let answer = answer.map_err(|error| (Trouble::of(&error), None))?;
        let status = answer.status();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err((Trouble::Gone(format!("the server says {status}")), wait.map(Duration::from_secs)))
            }
            _ if status.is_server_error() => {
                Err((Trouble::Gone(format!("the server says {status}")), wait.map(Duration::from_secs)))
            }
            _ if status.is_client_error() && status != StatusCode::RANGE_NOT_SATISFIABLE => {
                Err((Trouble::Refused(status), None))
            }
            _ => Ok(answer),
        }
    }

    /// Does something until it is done, or asking again is of no more help.
    pub(crate) async fn again<T, F>(&self, mut work: impl FnMut() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, (Trouble, Option<Duration>)>>,
    {
        let mut tries = 0;
        loop {
            match work().await {
                Ok(done) => return Ok(done),
                Err((Trouble::Gone(_), wait)) if tries < self.retries => {
                    let doubled = WAIT.saturating_mul(1 << tries.min(10));
                    tokio::time::sleep(wait.unwrap_or(doubled).min(WAIT_MAX)).await;
                    tries += 1;
                }
                Err((trouble, _)) => return Err(trouble),
            }
        }
    }

    /// A small file: no more of it than one byte above the largest size is read.
    pub(crate) async fn small(&self, url: Url, size_max: u64) -> Result<Vec<u8>, Trouble> {
        self.again(|| async {
            let mut answer = self.ask(&url, HeaderMap::new()).await?;
            let mut bytes = Vec::new();
            loop {
                let chunk = answer.chunk().await.map_err(|error| (cut(&error, bytes.len() as u64, None), None))?;
                let Some(chunk) = chunk else { return Ok(bytes) };
                let room = (size_max + 1).saturating_sub(bytes.len() as u64);
                let room = usize::try_from(room).unwrap_or(usize::MAX).min(chunk.len());
                bytes.extend_from_slice(&chunk[..room]);
                if bytes.len() as u64 > size_max {
                    return Ok(bytes);
                }
            }
        })
        .await
    }
}

/// The trouble of a server that stops in the middle.
pub(crate) fn cut(error: &reqwest::Error, got: u64, of: Option<u64>) -> Trouble {
    let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
    Trouble::Gone(format!("the server stopped after {got}{of} bytes: {}", Trouble::of(error).message()))
}

/// A header of a text out of an earlier answer.
pub(crate) fn header(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
