//! Why a login failed.

use tofu_oci_store::StoreError;
use tofu_oci_store::credentials::CredentialError;
use tofu_oci_types::oci::RegistryHost;

/// What went wrong during a login. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A name that files with credentials cannot hold: they divide user and password by a colon.
    #[error("the user name {username:?} has a colon")]
    Username {
        /// The name.
        username: String,
    },
    /// The registry does not take the credential, or could not be asked.
    #[error("cannot log in to {host}")]
    Refused {
        /// The registry.
        host: RegistryHost,
        /// What it said, or why it could not be asked.
        #[source]
        source: StoreError,
    },
    /// The credential cannot be kept.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}
