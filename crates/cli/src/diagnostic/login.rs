//! Logins and logouts that fail.

use tofu_oci::login::LoginError;
use tofu_oci::store::credentials::CredentialError;

use super::{Advice, Code, Diagnostic, Failure, remote, store};

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        Diagnostic::of(&error, login(&error)).into()
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        Diagnostic::of(&error, remote::credential(&error)).into()
    }
}

impl From<Vec<CredentialError>> for Failure {
    fn from(errors: Vec<CredentialError>) -> Self {
        let diagnostic = |error: &CredentialError| Diagnostic::of(error, remote::credential(error));
        Self::from(errors.iter().map(diagnostic).collect::<Vec<_>>())
    }
}

fn login(error: &LoginError) -> Advice {
    match error {
        LoginError::Username { .. } => {
            Advice::new(Code::Usage).hint("the password is given with `--password-stdin`")
        }
        LoginError::Refused { source, .. } => {
            let advice = store::advice(source);
            match advice.code {
                Code::AccessDenied => advice.hint(
                    "check the user name and the password; some registries want a token in place of it",
                ),
                _ => advice,
            }
        }
        LoginError::Credential(error) => remote::credential(error),
    }
}
