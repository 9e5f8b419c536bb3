//! A registry with quirks, and a client for it that does not wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tofu_oci_gateway::{Distribution, VersionTags};
use tofu_oci_store::credentials::{Credential, FixedCredential};
use tofu_oci_store::remote::{
    Notice, Purpose, Remote, RemoteError, RemoteOptions, RemoteRepository, Retries, Timeouts,
};
use tofu_oci_store::{MemoryStorage, Storage, StorageRepository, StoreError};
use tofu_oci_testkit::{Canned, Quirk, Quirks, Registry, Requests, Router, TokenService};
use tofu_oci_types::oci::RegistryHost;

use crate::support::*;

/// How long a registry may be silent where that is what a test is about.
pub(crate) const IDLE: Duration = Duration::from_millis(200);

/// A registry with quirks.
pub(crate) struct Bench {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) quirks: Quirks,
    pub(crate) registry: Registry,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::behind(|router| router)
    }

    /// With something between the quirks and the registry.
    pub(crate) fn behind(guard: impl FnOnce(Router) -> Router) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let distribution = Distribution::new(Arc::clone(&storage));
        let router = distribution
            .with_version_tags(VersionTags::Mutable)
            .router();
        let quirks = Quirks::new();
        let registry = Registry::serving(quirks.around(guard(router)));
        Self {
            storage,
            quirks,
            registry,
        }
    }

    pub(crate) fn on(&self, requests: Requests, quirk: Quirk) -> &Self {
        self.quirks.on(requests, quirk);
        self
    }

    pub(crate) fn host(&self) -> RegistryHost {
        self.registry.host().parse().unwrap()
    }

    /// What is in the registry, seen from inside.
    pub(crate) fn inside(&self, text: &str) -> StorageRepository {
        StorageRepository::new(Arc::clone(&self.storage), name(text))
    }

    /// Options that wait for nothing.
    pub(crate) fn options(&self) -> RemoteOptions {
        RemoteOptions {
            plain_http: vec![self.host()],
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                idle: Duration::from_secs(20),
                ..Timeouts::default()
            },
            retries: Retries {
                attempts: 3,
                first: Duration::from_millis(1),
                longest: Duration::from_secs(1),
            },
            ..RemoteOptions::default()
        }
    }

    /// Options that do not wait long for a registry that is silent.
    pub(crate) fn impatient(&self) -> RemoteOptions {
        let mut options = self.options();
        options.timeouts.idle = IDLE;
        options
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote::new(self.options())
    }

    pub(crate) fn remote_as(&self, credential: Credential) -> Remote {
        Remote::new(RemoteOptions {
            credentials: Arc::new(FixedCredential::new(self.host(), credential)),
            ..self.options()
        })
    }

    /// The repository `acme/demo`, by a client of its own.
    pub(crate) fn repository(&self) -> RemoteRepository {
        self.open(&self.remote())
    }

    /// The same, by a client that does not wait long.
    pub(crate) fn impatient_repository(&self) -> RemoteRepository {
        self.open(&Remote::new(self.impatient()))
    }

    pub(crate) fn repository_as(&self, credential: Credential) -> RemoteRepository {
        self.open(&self.remote_as(credential))
    }

    pub(crate) fn open(&self, remote: &Remote) -> RemoteRepository {
        remote.repository(&self.host(), &name("acme/demo"), Purpose::Write)
    }

    /// How many requests arrived with this method, and this text in their path or query.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let seen = self.quirks.seen();
        let found = seen.iter();
        found
            .filter(|seen| seen.method == method && seen.target.contains(part))
            .count()
    }
}

pub(crate) fn password(username: &str, password: &str) -> Credential {
    Credential::Password {
        username: username.to_owned(),
        password: password.to_owned().into(),
    }
}

/// Collects what a user would be told.
pub(crate) fn listening(options: RemoteOptions) -> (RemoteOptions, Arc<Mutex<Vec<Notice>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let listener = move |notice: &Notice| into.lock().unwrap().push(notice.clone());
    let options = RemoteOptions {
        listener: Some(Arc::new(listener)),
        ..options
    };
    (options, heard)
}

/// The error of the registry's client.
#[track_caller]
pub(crate) fn remote_error<T: std::fmt::Debug>(result: Result<T, StoreError>) -> RemoteError {
    match result.unwrap_err() {
        StoreError::Remote(error) => *error,
        other => panic!("{other:?}"),
    }
}

/// Content that no short pattern repeats in.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = (0..length.div_ceil(8)).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let mut bytes = words.collect::<Vec<_>>().concat();
    bytes.truncate(length);
    bytes
}

/// A client for a registry with a certificate of its own.
pub(crate) fn encrypted_remote(
    registry: &Registry,
    pem: Vec<u8>,
    credential: Option<Credential>,
) -> Remote {
    let host = registry.host().parse().unwrap();
    let credentials = match credential {
        Some(credential) => Arc::new(FixedCredential::new(host, credential)),
        None => FixedCredential::none(),
    };
    Remote::new(RemoteOptions {
        credentials,
        certificates: vec![tofu_oci_store::remote::Pem {
            name: "ca.pem".to_owned(),
            content: pem.into(),
        }],
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(2),
            ..Timeouts::default()
        },
        retries: Retries {
            attempts: 3,
            first: Duration::from_millis(1),
            longest: Duration::from_secs(1),
        },
        ..RemoteOptions::default()
    })
}

/// A password that no text may show.
pub(crate) const SECRET: &str = "hunter2hunter2";

/// A registry that wants tokens.
pub(crate) fn guarded(tokens: &TokenService) -> Bench {
    Bench::behind(|router| tokens.guard(router))
}

/// A token service with a user.
pub(crate) fn service() -> TokenService {
    TokenService::new().with_user("alice", SECRET)
}

/// That user.
pub(crate) fn alice() -> Credential {
    password("alice", SECRET)
}

/// A bearer challenge with this realm.
pub(crate) fn challenge(realm: &str) -> Canned {
    let value = format!(r#"Bearer realm="{realm}",service="s",scope="repository:acme/demo:pull""#);
    Canned::status(401).header("www-authenticate", &value)
}

/// What comes soon enough, whatever it is.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let within = Duration::from_secs(10);
    tokio::time::timeout(within, future)
        .await
        .expect("it takes too long")
}
