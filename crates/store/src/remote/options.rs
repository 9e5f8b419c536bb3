//! How registries are reached.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tofu_oci_types::oci::RegistryHost;

use crate::credentials::{CredentialSource, FixedCredential};

/// How registries are reached. The default is anonymous, over TLS, with the system's certificates.
#[derive(Clone)]
pub struct RemoteOptions {
    /// Who knows credentials.
    pub credentials: Arc<dyn CredentialSource>,
    /// The registries that are reached by plain HTTP, credentials included.
    pub plain_http: Vec<RegistryHost>,
    /// Certificates that are trusted beside the system's, as PEM.
    pub certificates: Vec<Pem>,
    /// Our own certificate and its key, as PEM.
    pub identity: Option<Pem>,
    /// The proxies.
    pub proxies: Proxies,
    /// What we call ourselves.
    pub user_agent: String,
    /// How many requests to one registry run at a time, at most.
    pub requests: NonZeroUsize,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often and how soon to try again.
    pub retries: Retries,
    /// Is told what a user may want to know.
    pub listener: Option<Listener>,
}

/// Is told what a user may want to know. It may be called from several threads.
pub type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

/// Something about a registry that is no failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The registry sent a `Warning` header. Told once for each text.
    Warning {
        /// The registry.
        host: String,
        /// Its text, without control characters, at most 512 characters.
        text: String,
    },
    /// A request is sent again.
    Retry {
        /// The registry.
        host: String,
        /// What is being done.
        what: String,
        /// Why.
        reason: String,
        /// After which time.
        wait: Duration,
    },
    /// A request was answered.
    Answered {
        /// The method and the path, without query.
        request: String,
        /// The status.
        status: u16,
    },
}

/// The content of a PEM file, and its name for messages.
#[derive(Clone)]
pub struct Pem {
    /// The file it is from.
    pub name: String,
    /// The content, which may be a private key.
    pub content: Arc<[u8]>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The proxies for requests, as the usual variables name them.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For requests over TLS: `HTTPS_PROXY`. May hold a password.
    pub https: Option<SecretString>,
    /// For plain HTTP: `HTTP_PROXY`. May hold a password.
    pub http: Option<SecretString>,
    /// Hosts that are reached directly: `NO_PROXY`. Loopback always is.
    pub except: Option<String>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the head of an answer after a request was sent, and for the next bytes of a body.
    pub idle: Duration,
    /// Over which time a blob must come at 1 KiB a second at least.
    pub pace: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(90),
            pace: Duration::from_secs(60),
        }
    }
}

/// How often and how soon to try again: full jitter between zero and a bound that doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often a request is sent, at most.
    pub attempts: u32,
    /// The bound of the first wait.
    pub first: Duration,
    /// The bound of every wait; a registry that asks for a longer one is not waited for.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 5,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(60),
        }
    }
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            credentials: FixedCredential::none(),
            plain_http: Vec::new(),
            certificates: Vec::new(),
            identity: None,
            proxies: Proxies::default(),
            user_agent: concat!("tofu-oci/", env!("CARGO_PKG_VERSION")).to_owned(),
            requests: NonZeroUsize::new(32).unwrap_or(NonZeroUsize::MIN),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            listener: None,
        }
    }
}

impl fmt::Debug for RemoteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteOptions")
            .field("plain_http", &self.plain_http)
            .field("certificates", &self.certificates)
            .field("requests", &self.requests)
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
