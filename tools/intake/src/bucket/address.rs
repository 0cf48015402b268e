//! The address of a bucket, and its opening with what the environment has of access.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::source::Source;
use crate::{PlaceError, remote};

const REMEDY: &str = "look at the address, the server (`endpoint`, `region`, `account`) and your access, which is taken from the environment as the provider's own tools take it; the next run goes on where this one was";

/// How a bucket is reached, beside what the environment says.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) retries: u64,
    pub(super) seconds_max: u64,
}

impl Access {
    /// As a source says it.
    pub(super) fn of(source: &Source) -> Access {
        Access {
            endpoint: source.endpoint.clone(),
            region: source.region.clone(),
            account: source.account.clone(),
            retries: source.retries,
            seconds_max: source.seconds_max,
        }
    }
}

/// A bucket and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    provider: Provider,
    bucket: String,
    /// What the keys begin with, with a slash at the end; empty for all.
    folder: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    S3,
    Google,
    Azure,
}

impl Provider {
    /// Where the environment says that the server is, by the names that the provider's own tools know.
    fn endpoints(self) -> &'static [&'static str] {
        match self {
            Provider::S3 => &["AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
            Provider::Google => &["GOOGLE_BASE_URL"],
            Provider::Azure => &["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"],
        }
    }
}

impl Address {
    /// The address of a bucket; none where a text is another kind of address.
    pub(crate) fn parse(text: &str) -> Option<Result<Address, PlaceError>> {
        let (scheme, rest) = text.split_once("://")?;
        let provider = match scheme {
            "s3" => Provider::S3,
            "gs" => Provider::Google,
            "az" => Provider::Azure,
            _ => return None,
        };
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let folder = folder.trim_matches('/');
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if bucket.is_empty() || !bucket.bytes().all(is_name) || folder.split('/').any(|part| part == "..") {
            let remedy = "write it as `s3://bucket/folder`";
            return Some(Err(PlaceError::new(text, "this is no address of a bucket", remedy)));
        }
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Some(Ok(Address { text: text.to_owned(), provider, bucket: bucket.to_owned(), folder }))
    }

    /// The address as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the keys begin with, with a slash at the end; empty for all.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    pub(super) fn fault(&self, reason: &str) -> PlaceError {
        PlaceError::new(&self.text, reason, REMEDY)
    }

    /// The name under which the checksum of an object is told, as metadata; none where the store tells it itself.
    pub(super) fn checksum_name(&self) -> Option<&'static str> {
        match self.provider {
            Provider::S3 => Some("x-goog-hash"),
            Provider::Google => None,
            // Names of metadata there have no dashes.
            Provider::Azure => Some("x_goog_hash"),
        }
    }

    /// Opens the bucket with what the environment has of access; without any as everybody.
    pub(super) fn open(&self, access: &Access) -> Result<Arc<dyn ObjectStore>, PlaceError> {
        remote::ciphers();
        let wrong = |error: object_store::Error| self.fault(&cause(&error));
        let has =
            |names: &[&str]| names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        let named = self.provider.endpoints().iter().find_map(|name| std::env::var(name).ok());
        let plain = access.endpoint.as_ref().or(named.as_ref()).is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options = ClientOptions::new().with_timeout(Duration::from_secs(60)).with_allow_http(plain);
        let retry = RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(250), ..BackoffConfig::default() },
            max_retries: usize::try_from(access.retries).unwrap_or(usize::MAX),
            retry_timeout: Duration::from_secs(access.seconds_max),
        };
        Ok(match self.provider {
            Provider::S3 => {
                let names = [
                    "AWS_ACCESS_KEY_ID",
                    "AWS_WEB_IDENTITY_TOKEN_FILE",
                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                ];
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(&self.bucket)
                    .with_client_options(options)
                    .with_retry(retry)
                    .with_skip_signature(!has(&names));
                if let Some(endpoint) = &access.endpoint {
                    builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
                }
                if let Some(region) = &access.region {
                    builder = builder.with_region(region);
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
            Provider::Google => {
                let names = [
                    "GOOGLE_SERVICE_ACCOUNT",
                    "GOOGLE_SERVICE_ACCOUNT_PATH",
                    "GOOGLE_SERVICE_ACCOUNT_KEY",
                    "GOOGLE_APPLICATION_CREDENTIALS",
                ];
                let mut builder = GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(&self.bucket)
                    .with_client_options(options)
                    .with_retry(retry)
                    .with_skip_signature(!has(&names));
                if let Some(endpoint) = &access.endpoint {
                    builder = builder.with_config(object_store::gcp::GoogleConfigKey::BaseUrl, endpoint);
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
            Provider::Azure => {
                let names = [
                    "AZURE_STORAGE_ACCOUNT_KEY",
                    "AZURE_STORAGE_SAS_KEY",
                    "AZURE_STORAGE_SAS_TOKEN",
                    "AZURE_CLIENT_ID",
                    "AZURE_STORAGE_TOKEN",
                ];
                let mut builder = MicrosoftAzureBuilder::from_env()
                    .with_container_name(&self.bucket)
                    .with_client_options(options)
                    .with_retry(retry)
                    .with_skip_signature(!has(&names));
                if let Some(account) = &access.account {
                    builder = builder.with_account(account);
                }
                if let Some(endpoint) = &access.endpoint {
                    builder = builder.with_endpoint(endpoint.clone());
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
        })
    }
}

/// The innermost cause of an error: the others name requests.
pub(super) fn cause(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(300).collect()
}
