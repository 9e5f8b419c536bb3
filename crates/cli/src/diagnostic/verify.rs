//! What is not proven.

use tofu_oci::verify::{TrustedKeyError, VerifyError};

use super::{Advice, Code, Diagnostic, Failure, inspect, install, io, source, trust};

impl From<TrustedKeyError> for Failure {
    fn from(error: TrustedKeyError) -> Self {
        let advice = match &error {
            TrustedKeyError::Absent { .. } => Advice::new(Code::FileNotFound).hint(
                "correct the path, which starts at the directory in which the command runs, in `--trusted-key` or \
                 TOFU_OCI_TRUSTED_KEY; `gpg --export --armor KEYID` writes such a file",
            ),
            TrustedKeyError::Read { source, .. } => io::advice(source),
            TrustedKeyError::Key { source, .. } => trust::pgp(source),
        };
        Diagnostic::of(&error, advice).into()
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::from(vec![error])
    }
}

impl From<Vec<VerifyError>> for Failure {
    fn from(errors: Vec<VerifyError>) -> Self {
        let diagnostics: Vec<Diagnostic> = errors.iter().flat_map(diagnostics).collect();
        Self::from(diagnostics)
    }
}

fn diagnostics(error: &VerifyError) -> Vec<Diagnostic> {
    let advice = match error {
        VerifyError::Release(error) => return inspect::diagnostics(error),
        VerifyError::LockFile(error) => return install::diagnostics(error),
        VerifyError::Inspect(error) => inspect::inspect(error),
        VerifyError::NoLockFile { .. } => Advice::new(Code::FileNotFound).hint(
            "name the directory of a root module that was installed, or a lock file with `--lock-file`",
        ),
        VerifyError::Source { source, .. } => source::advice(source),
        VerifyError::Evidence(error) => inspect::evidence(error),
        VerifyError::Refused { source } => trust::refused(source),
        VerifyError::Shasums { source, .. } => inspect::shasums(source),
        VerifyError::Content(error) => source::advice(error),
        VerifyError::Read { source, .. } => io::advice(source),
        VerifyError::Differs { .. } => Advice::new(Code::LockMismatch).hint(
            "something changed it after it was installed; `tofu-oci install` replaces it",
        ),
        VerifyError::NoHash { .. } => Advice::new(Code::HashMissing)
            .hint("install with `tofu-oci install`, which adds the hash"),
        VerifyError::ModuleDiffers { .. } => Advice::new(Code::ModuleLockMismatch).hint(
            "something changed it after it was installed; `tofu-oci install` puts back what is locked",
        ),
        VerifyError::ModuleElsewhere { .. } => Advice::new(Code::ModuleLockMismatch).hint(
            "something changed `modules.json`: remove the data directory, mostly .terraform, and install with \
             `tofu-oci install`",
        ),
        VerifyError::ModuleUnlocked { .. } => Advice::new(Code::ModuleLockIncomplete).hint(
            "install with `tofu-oci install`, which locks it, and commit the new .terraform.modules.lock.json",
        ),
        VerifyError::Missing { .. } | VerifyError::ModuleMissing { .. } => {
            Advice::new(Code::PackageMissing).hint("install it with `tofu-oci install`")
        }
    };
    vec![Diagnostic::of(error, advice)]
}
