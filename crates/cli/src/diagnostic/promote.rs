//! Copies that stopped.

use tofu_oci::promote::PromoteError;
use tofu_oci::store::CopyError;

use super::{Advice, Code, Diagnostic, Failure, inspect, store, trust};

impl From<PromoteError> for Failure {
    fn from(error: PromoteError) -> Self {
        let advice = advice(&error);
        Diagnostic::of(&error, advice).into()
    }
}

fn advice(error: &PromoteError) -> Advice {
    match error {
        PromoteError::NothingNamed { .. } => Advice::new(Code::Usage)
            .hint("add :TAG or @DIGEST, or copy everything with `--all-tags`"),
        PromoteError::OneNamed { .. } => {
            Advice::new(Code::Usage).hint("name the repositories alone, or leave out `--all-tags`")
        }
        PromoteError::DigestGiven { .. } => Advice::new(Code::Usage)
            .hint("digests are kept: name the repository, perhaps with a tag"),
        PromoteError::Source { source, .. } | PromoteError::Destination { source, .. } => {
            store::advice(source)
        }
        PromoteError::VersionExists { .. } => Advice::new(Code::VersionExists).hint(
            "versions do not change; `--force` replaces this one, and breaks whoever has locked it",
        ),
        PromoteError::Copy { source, .. } if lacks(source) => store::copy(source).hint(
            "the source lacks a part of what it lists; if that is something which only refers to the version, \
             `--no-referrers` leaves all such things out",
        ),
        PromoteError::Copy { source, .. } => store::copy(source),
        PromoteError::EvidenceLost { .. } => Advice::new(Code::EvidenceLost).hint(
            "the packages were copied; to have the evidence there, too, publish a version with `--profile embedded` and copy that",
        ),
        PromoteError::Evidence(error) => inspect::evidence(error),
        PromoteError::Shasums { source, .. } => trust::shasums(source).hint(
            "the release is as it is in the source; `tofu-oci show REF` shows list and packages",
        ),
        PromoteError::ReadBack { .. } => Advice::new(Code::TagMoved)
            .hint("somebody else writes to this repository; run the command again"),
    }
}

/// Whether something is missing in the source.
fn lacks(error: &CopyError) -> bool {
    match error {
        CopyError::MissingChild { .. } => true,
        CopyError::Source { source, .. } | CopyError::Blob { source, .. } => source.is_absent(),
        CopyError::Destination { .. }
        | CopyError::Manifests { .. }
        | CopyError::Refused(_)
        | CopyError::TooDeep { .. }
        | CopyError::TooLarge { .. } => false,
    }
}
