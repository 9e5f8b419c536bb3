//! Content that cannot be read or written.

use tofu_oci::store::{CopyError, Damage, Domain, StoreError};
use tofu_oci::trust::TrustError;
use tofu_oci::types::oci::ManifestError;

use super::{Advice, Code, Diagnostic, Failure, io, remote, trust};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Diagnostic::of(&error, advice(&error)).into()
    }
}

pub(super) fn advice(error: &StoreError) -> Advice {
    match error {
        StoreError::AbsentRepository { place } => {
            let advice = Advice::new(Code::RepositoryNotFound);
            match place.domain {
                Domain::Registry(_) => advice.hint("correct the name; some registries say so, too, to whoever may not read it"),
                Domain::Directory(_) | Domain::Memory(_) => {
                    advice.hint("`tofu-oci list dir:PATH` shows the repositories of a directory")
                }
            }
        }
        StoreError::Offline { .. } => {
            Advice::new(Code::Offline).hint("run the command without `--offline`")
        }
        StoreError::AbsentTag { .. } => Advice::new(Code::TagNotFound)
            .hint("`tofu-oci list REF` shows the versions of a repository"),
        StoreError::AbsentManifest { .. } => Advice::new(Code::ManifestNotFound)
            .hint("correct the digest; `tofu-oci list REF` shows what the tags name"),
        StoreError::AbsentBlob { .. } => {
            Advice::new(Code::BlobNotFound).hint("`tofu-oci fsck PATH` shows what a directory lacks")
        }
        StoreError::AbsentUpload { .. } => Advice::new(Code::UploadNotFound),
        StoreError::Busy { .. } => Advice::new(Code::Busy).hint("try again in a moment"),
        StoreError::DigestMismatch { .. } => Advice::new(Code::DigestMismatch)
            .hint("the content was damaged or replaced; `tofu-oci fsck PATH` checks a whole directory"),
        StoreError::TooLong { .. } | StoreError::TooShort { .. } => Advice::new(Code::SizeMismatch)
            .hint("the content was damaged or replaced; `tofu-oci fsck PATH` checks a whole directory"),
        StoreError::UnsupportedDigest { .. } => Advice::new(Code::UnsupportedDigest),
        StoreError::TagExists { .. } | StoreError::NotExtended { .. } => Advice::new(Code::VersionExists)
            .hint("publish under a new version; `--force` replaces this one, and breaks whoever has locked it"),
        StoreError::TagMoved { .. } => Advice::new(Code::TagMoved).hint("run the command again"),
        StoreError::MissingChild { .. } => Advice::new(Code::ContentMissing)
            .hint("`tofu-oci fsck PATH` shows what a directory lacks; publish it again"),
        StoreError::Referenced { .. } | StoreError::KeptTag { .. } => Advice::new(Code::Referenced),
        StoreError::Manifest { source, .. } => manifest(source),
        StoreError::Damaged { damage: source, .. } => damage(source),
        StoreError::ReservedName { .. } => Advice::new(Code::ReservedName).hint("choose another name"),
        StoreError::NetworkFileSystem { .. } => {
            Advice::new(Code::NetworkFileSystem).hint("use a directory on a local disk")
        }
        StoreError::NoSpace { .. } => {
            Advice::new(Code::DiskFull).hint("make space and run the command again")
        }
        StoreError::Range { .. } => Advice::new(Code::SizeMismatch),
        StoreError::Gate(error) => match error.downcast_ref::<TrustError>() {
            Some(error) => trust::advice(error),
            None => Advice::new(Code::ZipDamaged),
        },
        StoreError::Remote(error) => remote::advice(error),
        StoreError::Io(error) => io::advice(error),
        StoreError::Stopped => Advice::new(Code::Interrupted),
    }
}

pub(super) fn copy(error: &CopyError) -> Advice {
    match error {
        CopyError::Source { source, .. }
        | CopyError::Destination { source, .. }
        | CopyError::Blob { source, .. }
        | CopyError::Manifests { source, .. }
        | CopyError::Refused(source) => advice(source),
        CopyError::MissingChild { .. } => Advice::new(Code::ContentMissing),
        CopyError::TooDeep { .. } | CopyError::TooLarge { .. } => Advice::new(Code::GraphTooLarge),
    }
}

/// What is wrong with a file of a layout.
pub(super) fn damage(damage: &Damage) -> Advice {
    const REPAIR: &str =
        "`tofu-oci fsck PATH` shows everything that is damaged; restore the file, or publish again";
    let damaged = Advice::new(Code::LayoutDamaged);
    match damage {
        Damage::Missing
        | Damage::NotRegular
        | Damage::TooLarge { .. }
        | Damage::Json(_)
        | Damage::Entry { .. }
        | Damage::Field { .. } => damaged.hint(REPAIR),
        Damage::Version { .. } => damaged.hint("only image layouts of version 1.0.0 can be read"),
        Damage::Ambiguous { .. } => {
            damaged.hint("remove one of the two entries of this name from index.json")
        }
        Damage::Size { .. } => Advice::new(Code::SizeMismatch).hint(REPAIR),
        Damage::Digest { .. } => Advice::new(Code::DigestMismatch).hint(REPAIR),
        Damage::Manifest(error) => manifest(error).or_hint(REPAIR),
    }
}

fn manifest(error: &ManifestError) -> Advice {
    match error {
        ManifestError::TooLarge { .. }
        | ManifestError::Json(_)
        | ManifestError::Ambiguous
        | ManifestError::Untyped
        | ManifestError::TypeDisagrees { .. } => Advice::new(Code::ManifestInvalid)
            .hint("other tools may have written it; publish the version again"),
        ManifestError::Algorithm => Advice::new(Code::UnsupportedDigest),
    }
}
