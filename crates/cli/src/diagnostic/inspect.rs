//! Repositories that cannot be looked into, files that cannot be written back.

use tofu_oci::inspect::{InspectError, PullError};
use tofu_oci::source::evidence::EvidenceError;
use tofu_oci::trust::shasums::ShasumsError;

use super::{Advice, Code, Diagnostic, Failure, artifact, io, store, trust};

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        let advice = inspect(&error);
        Diagnostic::of(&error, advice).into()
    }
}

impl From<PullError> for Failure {
    fn from(error: PullError) -> Self {
        Self::from(diagnostics(&error))
    }
}

pub(super) fn inspect(error: &InspectError) -> Advice {
    match error {
        InspectError::Read { source, .. } => store::advice(source),
        InspectError::Directory { source, .. } => io::advice(source),
        InspectError::NoLayouts { .. } => Advice::new(Code::RepositoryNotFound)
            .hint("name a directory that `tofu-oci publish` wrote to"),
        InspectError::NoVersion { .. } => Advice::new(Code::TagNotFound)
            .hint("name a tag or a digest; `tofu-oci list REF` shows the tags"),
    }
}

pub(super) fn evidence(error: &EvidenceError) -> Advice {
    match error {
        EvidenceError::List { source, .. } | EvidenceError::Read { source, .. } => {
            store::advice(source)
        }
        EvidenceError::NoManifest { .. }
        | EvidenceError::OtherSubject { .. }
        | EvidenceError::NotADocument { .. } => {
            Advice::new(Code::EvidenceMismatch).hint(
                "`tofu-oci show REF` shows what is listed; whoever publishes has to delete it with `tofu-oci delete`",
            )
        }
        EvidenceError::TooLarge { .. } | EvidenceError::TooMany { .. } => {
            Advice::new(Code::EvidenceTooLarge).hint("`tofu-oci show REF` shows what is there")
        }
    }
}

/// Independent failures are told one by one.
pub(super) fn diagnostics(error: &PullError) -> Vec<Diagnostic> {
    if let PullError::Several(errors) = error {
        return errors.iter().flat_map(diagnostics).collect();
    }
    vec![Diagnostic::of(error, pull(error))]
}

fn pull(error: &PullError) -> Advice {
    match error {
        PullError::Several(_) => Advice::new(Code::Io),
        PullError::Inspect(error) => inspect(error),
        PullError::Evidence(error) => evidence(error),
        PullError::NotAPackage { .. } => {
            Advice::new(Code::NotAPackage).hint("`tofu-oci show REF` shows what this is")
        }
        PullError::NoPackages { .. } | PullError::TargetSize { .. } => {
            Advice::new(Code::NotAPackage).hint("`tofu-oci show REF` shows what this is")
        }
        PullError::Artifact { source, .. } => artifact::advice(source),
        PullError::PlatformMissing { .. } => {
            Advice::new(Code::PlatformMissing).hint("correct `--platform`, or leave it out")
        }
        PullError::Filename { .. } => Advice::new(Code::UnsafeFilename)
            .hint("`tofu-oci show REF` shows the file names; the publisher has to correct them"),
        PullError::Collision { .. } => Advice::new(Code::UnsafeFilename)
            .hint("`tofu-oci show REF` shows which layers have this name"),
        PullError::Shasums { source, .. } => shasums(source),
        PullError::Refused { source } => trust::refused(source),
        PullError::Exists { .. } => Advice::new(Code::FileExists)
            .hint("choose an empty directory, or replace files with `--force`"),
        PullError::NotAFile { .. } => {
            Advice::new(Code::FileExists).hint("choose an empty directory")
        }
        PullError::Write { source, .. } => io::advice(source),
    }
}

/// A checksums file in a repository.
pub(super) fn shasums(error: &ShasumsError) -> Advice {
    trust::shasums(error)
        .hint("the checksums file is not the one of these packages; `tofu-oci show REF` shows both")
}
