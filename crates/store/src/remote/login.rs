//! Trying a credential.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::HeaderMap;
use tofu_oci_types::oci::RegistryHost;

use super::Remote;
use super::client::Lane;
use super::content::Body;
use super::error::RemoteError;
use super::options::RemoteOptions;
use super::registry::Registry;
use super::scope::Scopes;
use super::send::{Call, Follow, Repeat, SendError, To};
use crate::credentials::{Credential, FixedCredential};
use crate::error::{Result, StoreError};

/// What a registry said to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginAnswer {
    /// It takes it.
    Accepted,
    /// It did not ask for one, so nothing is known.
    NotAsked,
}

impl Remote {
    /// Tries a credential: `GET /v2/`, the one request that is about nothing else. Distribution spec v1.1.1,
    /// "Determining Support".
    ///
    /// # Errors
    /// [`RemoteError::Denied`] when the registry does not take it; whatever keeps a request from being answered.
    pub async fn login(&self, host: &RegistryHost, credential: Credential) -> Result<LoginAnswer> {
        let fixed = FixedCredential::new(host.clone(), credential);
        let options = RemoteOptions {
            credentials: Arc::new(fixed),
            ..RemoteOptions::clone(&self.options)
        };
        // What is learnt with this credential is not for others.
        let registry = Registry::new(host.clone(), &Arc::new(options), &self.clients);
        let what = "logging in".to_owned();
        let call = Call {
            method: Method::GET,
            to: To::Path(String::new()),
            headers: HeaderMap::new(),
            body: Body::None,
            name: None,
            scopes: Scopes::default(),
            what: what.clone(),
            lane: Lane::Small,
            repeat: Repeat::Yes,
            follow: Follow::Registry,
        };
        let reply = match registry.send(&call).await {
            Ok(reply) => reply,
            Err(SendError::Remote(error) | SendError::Renewed(error)) => return Err(error.into()),
            Err(SendError::Content(error)) => return Err(error),
        };
        match reply.status().as_u16() {
            200..=299 if registry.challenge(None).is_some() => Ok(LoginAnswer::Accepted),
            200..=299 => Ok(LoginAnswer::NotAsked),
            404 => {
                let reason = "it has no /v2/, so it is no registry";
                Err(StoreError::from(RemoteError::Malformed {
                    host: host.to_string(),
                    what,
                    reason: reason.to_owned(),
                }))
            }
            _ => Err(reply.failure(&registry, &what).await.into()),
        }
    }
}
