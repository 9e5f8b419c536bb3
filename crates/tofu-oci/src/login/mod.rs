//! Logging in to registries.
//!
//! Where the credential goes is planned first, then the registry is asked whether it takes it, and only then
//! anything is written. A logout asks no registry: it is [`CredentialWriter::erase`].

mod error;

use tofu_oci_store::credentials::{Credential, CredentialWriter, LoginPlan};
use tofu_oci_store::remote::{LoginAnswer, Remote};

pub use error::LoginError;

/// What a login did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginReport {
    /// Where the credential is kept now.
    pub plan: LoginPlan,
    /// What the registry said to it.
    pub answer: LoginAnswer,
}

/// Tries a credential, and keeps it where `plan` says when the registry takes it or does not ask for one.
///
/// When the future is dropped, the file that is written is the old one or the new one; what a helper does meanwhile
/// is its own.
///
/// # Errors
///
/// [`LoginError`]. Nothing is written when the registry does not take the credential.
pub async fn login(
    writer: &CredentialWriter,
    remote: &Remote,
    plan: LoginPlan,
    credential: Credential,
) -> Result<LoginReport, LoginError> {
    if let Credential::Password { username, .. } = &credential
        && username.contains(':')
    {
        return Err(LoginError::Username {
            username: username.clone(),
        });
    }
    let refused = |source| LoginError::Refused {
        host: plan.host.clone(),
        source,
    };
    let tried = remote.login(&plan.host, credential.clone()).await;
    let answer = tried.map_err(refused)?;
    writer.store(&plan, &credential).await?;
    Ok(LoginReport { plan, answer })
}
