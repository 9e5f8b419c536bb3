//! Registries over the network: a client for the OCI distribution spec v1.1.1 as registries really speak it.
//!
//! ```text
//! RemoteRepository ─ manifests, tags, referrers, download, upload      what is asked
//!        └─ Registry::send ─ authorise (challenge, token) ─ limit ─ redirects ─ retries      how
//!                 └─ Clients ─ two kinds of connections, made when the first request needs one
//! ```
//!
//! Nothing is sent before something is asked for: no ping, no look at the certificates of the system. The first
//! request goes out without a credential, and its answer tells what the registry wants. Every answer is bounded;
//! credentials go to the host they are for, never along a redirect, and never in the clear unless the user named
//! the registry as one of plain HTTP.

mod answer;
mod authorise;
mod challenge;
mod chunks;
mod client;
mod content;
mod download;
mod error;
mod exchange;
mod fallback;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod limit;
mod login;
mod manifests;
mod memory;
mod options;
mod pace;
mod pages;
mod referrers;
mod registry;
mod repository;
mod retry;
mod scope;
mod send;
mod stream;
mod target;
mod token;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tofu_oci_types::oci::{RegistryHost, RepositoryName};

pub use error::{Answer, RemoteError};
pub use login::LoginAnswer;
pub use options::{Listener, Notice, Pem, Proxies, RemoteOptions, Retries, Timeouts};
pub use repository::{Purpose, RemoteRepository};

use crate::blocking::lock;
use client::Clients;
use registry::Registry;

/// Everything that is known about registries. A clone shares it.
#[derive(Clone)]
pub struct Remote {
    options: Arc<RemoteOptions>,
    clients: Arc<Clients>,
    registries: Arc<Mutex<HashMap<RegistryHost, Arc<Registry>>>>,
}

impl Remote {
    /// Registries, reached as `options` say. Nothing is connected yet.
    pub fn new(options: RemoteOptions) -> Self {
        Self {
            options: Arc::new(options),
            clients: Arc::default(),
            registries: Arc::default(),
        }
    }

    /// A repository, which need not exist. Nothing is asked yet.
    pub fn repository(
        &self,
        host: &RegistryHost,
        name: &RepositoryName,
        purpose: Purpose,
    ) -> RemoteRepository {
        RemoteRepository::new(self.registry(host), name.clone(), purpose)
    }

    fn registry(&self, host: &RegistryHost) -> Arc<Registry> {
        let mut registries = lock(&self.registries);
        let registry = registries
            .entry(host.clone())
            .or_insert_with(|| Arc::new(Registry::new(host.clone(), &self.options, &self.clients)));
        Arc::clone(registry)
    }
}

impl Default for Remote {
    fn default() -> Self {
        Self::new(RemoteOptions::default())
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
