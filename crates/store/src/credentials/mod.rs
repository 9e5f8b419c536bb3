//! Who we are to a registry: where credentials come from.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tofu_oci_types::oci::{RegistryHost, RepositoryName};

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
