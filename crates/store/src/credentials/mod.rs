//! Who we are to a registry: where credentials come from, and where a login keeps them.
//!
//! ```text
//! configuration: host/path, host  ─┐
//! default helper                   ├─► the closest fit, of equals the first ─► credential
//! files: auths, credHelpers,       │
//!        credsStore                ─┘
//! ```
//!
//! [`CredentialStore`] answers as OpenTofu chooses: a path prefix goes before a host, a host before a helper for
//! everything; of equals the first is taken, configuration before files, files in the order of
//! [`AuthEnvironment::auth_files`]. What was chosen is final: when a helper has nothing, or a configured text is
//! empty, the registry is asked anonymously and nobody else is.
//!
//! It knows more than OpenTofu does, where Docker and Podman do: `DOCKER_CONFIG` and `REGISTRY_AUTH_FILE`, keys
//! that are URLs, the flat `~/.dockercfg`, `identitytoken` and `registrytoken`, the users that stand for a token,
//! and the several hosts of Docker Hub. In two things it differs:
//!
//! - Within one file a `credHelpers` entry of a host goes before the `auths` entry of the same host, as for Docker
//!   and Podman. A path prefix in `auths` goes before both, as for OpenTofu.
//! - A file or helper that cannot be used is an error. OpenTofu then forgets all files and is anonymous.
//!
//! [`CredentialWriter`] is the other direction: what a login keeps, and what a logout removes.
//!
//! A credential is for one registry. What is found for `H` goes to `H`, and nothing here looks elsewhere for it.

mod auth_file;
mod document;
mod environment;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod helper;
mod key;
mod members;
mod store;
mod write;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tofu_oci_types::oci::{RegistryHost, RepositoryName};

pub use environment::{AuthEnvironment, AuthFileForm, AuthFilePlace, OsKind};
pub use helper::{HelperName, InvalidHelperName};
pub use store::{
    AuthFiles, ConfiguredCredential, ConfiguredLogin, CredentialSettings, CredentialStore,
};
pub use write::{CredentialWriter, Erased, LoginPlan, Logout};

/// The user whose password is an identity token.
const TOKEN_USER: &str = "<token>";

/// What Azure calls that user.
const AZURE_TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// What proves who we are. `Debug` shows no secret.
#[derive(Clone)]
pub enum Credential {
    /// A name and a password, or what a registry takes for one.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// An OAuth2 refresh token: `identitytoken` of an auth file, or the user `<token>`.
    IdentityToken(SecretString),
    /// A bearer token that is sent as it is: `registrytoken` of an auth file.
    AccessToken(SecretString),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => f
                .debug_struct("Password")
                .field("username", username)
                .finish_non_exhaustive(),
            Self::IdentityToken(_) => f.write_str("IdentityToken"),
            Self::AccessToken(_) => f.write_str("AccessToken"),
        }
    }
}

impl Credential {
    /// What a user's secret is: a password, or for the users that stand for one, an identity token.
    pub fn of_user(username: String, secret: SecretString) -> Self {
        if is_token_user(&username) {
            Self::IdentityToken(secret)
        } else {
            Self::Password {
                username,
                password: secret,
            }
        }
    }
}

/// Whether the user stands for an identity token.
fn is_token_user(username: &str) -> bool {
    matches!(username, TOKEN_USER | AZURE_TOKEN_USER)
}

/// Knows credentials. Asked when a registry wants some, never before.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential for a repository, `None` to be anonymous. `name` is empty where the registry itself is
    /// asked, as for a login.
    ///
    /// # Errors
    /// [`CredentialError`]: something is configured and cannot be used. Nobody goes on anonymously then.
    async fn credential(
        &self,
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Result<Option<Credential>, CredentialError>;
}

/// Why configured credentials cannot be used. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialError {
    /// A credential helper failed.
    #[error("the credential helper {program:?} failed: {message}")]
    Helper {
        /// The program.
        program: String,
        /// What it said, cut and without control characters.
        message: String,
    },
    /// A credential helper did not answer in time.
    #[error("the credential helper {program:?} did not answer within {seconds} seconds")]
    HelperTimeout {
        /// The program.
        program: String,
        /// The time limit.
        seconds: u64,
    },
    /// A credential helper is not on the PATH.
    #[error("the credential helper {program:?} is not on the PATH")]
    HelperMissing {
        /// The program.
        program: String,
    },
    /// A file of credentials cannot be read or understood.
    #[error("the credentials file `{file}` cannot be used: {reason}")]
    File {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
}

/// Nobody: every request is anonymous. Or one credential for one registry.
#[derive(Debug, Clone, Default)]
pub struct FixedCredential(Option<(RegistryHost, Credential)>);

impl FixedCredential {
    /// Always anonymous.
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// `credential`, for `host` alone.
    pub fn new(host: RegistryHost, credential: Credential) -> Self {
        Self(Some((host, credential)))
    }
}

#[async_trait]
impl CredentialSource for FixedCredential {
    async fn credential(
        &self,
        host: &RegistryHost,
        _: Option<&RepositoryName>,
    ) -> Result<Option<Credential>, CredentialError> {
        let ours = self.0.as_ref().filter(|(ours, _)| ours == host);
        Ok(ours.map(|(_, credential)| credential.clone()))
    }
}

/// Runs work on a thread that may block.
async fn blocking<T, F>(work: F) -> Result<T, CredentialError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, CredentialError> + Send + 'static,
{
    // Only a runtime that is shut down drops work; then nobody waits for the answer.
    let stopped = CredentialError::File {
        file: String::new(),
        reason: "the program is shutting down".to_owned(),
    };
    let done = crate::blocking::blocking(move || Ok(work())).await;
    done.unwrap_or(Err(stopped))
}
