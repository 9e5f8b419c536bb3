//! The one error of everything that reads and writes content.

use std::io;
use std::path::PathBuf;

use tofu_oci_types::oci::json::JsonError;
use tofu_oci_types::oci::{Digest, ManifestError, RepositoryName, Tag};

use crate::blob::GateError;
use crate::place::{Place, escaped};
use crate::remote::RemoteError;
use crate::storage::UploadId;

/// What reading or writing content gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why content could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The place holds no repository of that name.
    #[error("there is no repository at {place}")]
    AbsentRepository {
        /// Where it was looked for.
        place: Place,
    },
    /// The repository is in a registry, and nothing may go over the network.
    #[error("{place} is in a registry, which is not asked")]
    Offline {
        /// The repository.
        place: Place,
    },
    /// The repository has no such tag.
    #[error("{place} has no tag {:?}", tag.as_str())]
    AbsentTag {
        /// The repository.
        place: Place,
        /// The tag.
        tag: Tag,
    },
    /// The repository has no such manifest.
    #[error("{place} has no manifest {digest}")]
    AbsentManifest {
        /// The repository.
        place: Place,
        /// The manifest.
        digest: Digest,
    },
    /// The repository has no such blob.
    #[error("{place} has no blob {digest}")]
    AbsentBlob {
        /// The repository.
        place: Place,
        /// The blob.
        digest: Digest,
    },
    /// There is no such upload for this repository and user.
    #[error("{place} has no upload {id}")]
    AbsentUpload {
        /// The repository.
        place: Place,
        /// The upload.
        id: UploadId,
    },
    /// Somebody else is writing to this upload.
    #[error("the upload {id} to {place} is in use")]
    Busy {
        /// The repository.
        place: Place,
        /// The upload.
        id: UploadId,
    },
    /// The content is not what its digest says.
    #[error("the content has digest {got}, not {expected}")]
    DigestMismatch {
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what came.
        got: Digest,
    },
    /// The content is shorter or longer than its descriptor says.
    #[error("the content of {digest} has {got} bytes or more, not {expected}")]
    TooLong {
        /// The content.
        digest: Digest,
        /// The length it should have, in bytes.
        expected: u64,
        /// How many bytes came before reading stopped.
        got: u64,
    },
    /// The content ended early.
    #[error("the content of {digest} ends after {got} of {expected} bytes")]
    TooShort {
        /// The content.
        digest: Digest,
        /// The length it should have, in bytes.
        expected: u64,
        /// How many bytes came.
        got: u64,
    },
    /// The digest has an algorithm that we cannot check.
    #[error("the digest {digest} has an algorithm that is not supported")]
    UnsupportedDigest {
        /// The digest.
        digest: Digest,
    },
    /// The tag is there and names another manifest; it was to be created.
    #[error("the tag {:?} of {place} is already {current}", tag.as_str())]
    TagExists {
        /// The repository.
        place: Place,
        /// The tag.
        tag: Tag,
        /// What the tag names now.
        current: Digest,
    },
    /// The tag names another manifest than the one it was to be moved from.
    #[error("the tag {:?} of {place} has become {current}, it was {expected}", tag.as_str())]
    TagMoved {
        /// The repository.
        place: Place,
        /// The tag.
        tag: Tag,
        /// What it should have named.
        expected: Digest,
        /// What it names now.
        current: Digest,
    },
    /// The tag may only be extended, and the new manifest leaves out or changes something.
    #[error("the tag {:?} of {place} is {current}, and the new index does not contain all of that unchanged", tag.as_str())]
    NotExtended {
        /// The repository.
        place: Place,
        /// The tag.
        tag: Tag,
        /// What the tag names now.
        current: Digest,
    },
    /// A manifest was to be stored whose content is not there.
    #[error("{place} lacks {child}, which the manifest {parent} lists")]
    MissingChild {
        /// The repository.
        place: Place,
        /// The manifest.
        parent: Digest,
        /// What it lists.
        child: Digest,
    },
    /// Content was to be deleted that a manifest still lists.
    #[error("{digest} in {place} is still listed by the manifest {by}")]
    Referenced {
        /// The repository.
        place: Place,
        /// The content.
        digest: Digest,
        /// A manifest that lists it.
        by: Digest,
    },
    /// A tag was to be deleted, or what it names, that has to be kept.
    #[error("the tag {:?} of {place} is kept", tag.as_str())]
    KeptTag {
        /// The repository.
        place: Place,
        /// The tag.
        tag: Tag,
    },
    /// The bytes of a manifest are not one.
    #[error("the manifest {digest} of {place} is refused")]
    Manifest {
        /// The repository.
        place: Place,
        /// The manifest.
        digest: Digest,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A file of a layout is not as it has to be.
    #[error("the layout file `{}` is damaged", escaped(file))]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        damage: Damage,
    },
    /// The name cannot be that of a repository in a directory of layouts.
    #[error("the repository name {:?} is reserved: {component:?} {}", name.as_str(), reserved(component))]
    ReservedName {
        /// The name.
        name: RepositoryName,
        /// The part of it that is taken.
        component: String,
    },
    /// The directory lies on a network file system, where locks and renames do not do what they must.
    #[error("`{}` lies on a network file system", escaped(path))]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
    },
    /// The file system has too little space for what is about to be written.
    #[error("`{}` has {available} bytes left, {needed} are needed", escaped(path))]
    NoSpace {
        /// The directory.
        path: PathBuf,
        /// How many bytes are to be written.
        needed: u64,
        /// How many bytes are left.
        available: u64,
    },
    /// The part that was asked for does not lie within the content.
    #[error("bytes {start} to {end} do not lie within {digest}")]
    Range {
        /// The content.
        digest: Digest,
        /// The first byte, from 0.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// The gate that content passes while it is read refused it. The source is the gate's own error.
    #[error("the content was refused while it was read")]
    Gate(#[source] GateError),
    /// A registry could not be reached, or does not do what it was asked.
    #[error(transparent)]
    Remote(#[from] Box<RemoteError>),
    /// A file operation failed; the text names operation and path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The program is shutting down.
    #[error("the operation was stopped")]
    Stopped,
}

/// What is wrong with a file of a layout.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Something names it, and it is not there.
    #[error("it is missing")]
    Missing,
    /// It is a link, a directory, a pipe.
    #[error("it is not a regular file")]
    NotRegular,
    /// It is larger than any such file may be.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The largest size, in bytes.
        limit: u64,
    },
    /// It is not JSON, or not of the shape it has to have.
    #[error("it cannot be read")]
    Json(#[from] JsonError),
    /// One of its entries is no descriptor.
    #[error("entry {number} cannot be read")]
    Entry {
        /// The entry, counted from 1.
        number: usize,
        /// What is wrong.
        #[source]
        source: JsonError,
    },
    /// It has no field that it must have.
    #[error("the field {field:?} is missing")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// It announces a layout that we do not know.
    #[error("the layout version is {found:?}, not \"1.0.0\"")]
    Version {
        /// The version it has; cut at 64 characters.
        found: String,
    },
    /// Two entries have one name and different digests.
    #[error("the name {:?} stands for both {first} and {second}", name.as_str())]
    Ambiguous {
        /// The name.
        name: Tag,
        /// One digest.
        first: Digest,
        /// The other.
        second: Digest,
    },
    /// Its length is not what the entry that names it says.
    #[error("it has {got} bytes, not {expected}")]
    Size {
        /// The length it should have, in bytes.
        expected: u64,
        /// The length it has.
        got: u64,
    },
    /// Its content is not what its name says.
    #[error("its content has digest {got}")]
    Digest {
        /// The digest of the content.
        got: Digest,
    },
    /// It should be a manifest and is not.
    #[error("it is no manifest")]
    Manifest(#[from] ManifestError),
}

/// Why a name component is reserved.
fn reserved(component: &str) -> &'static str {
    match component {
        crate::layout::TLS => "is kept for a server's certificates",
        _ => "is part of every layout's directory",
    }
}

impl From<RemoteError> for StoreError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(Box::new(error))
    }
}

impl StoreError {
    /// Whether the other side said that there is no such thing. Everything else is a failure.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::AbsentRepository { .. }
                | Self::AbsentTag { .. }
                | Self::AbsentManifest { .. }
                | Self::AbsentBlob { .. }
                | Self::AbsentUpload { .. }
        )
    }

    /// Whether there is no such manifest, or only something that is none: whoever lists it names nothing.
    pub fn is_no_manifest(&self) -> bool {
        self.is_absent() || matches!(self, Self::Manifest { .. } | Self::UnsupportedDigest { .. })
    }

    /// Whether the same request may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Remote(error) => error.is_transient(),
            Self::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::Interrupted | io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
            ),
            _ => false,
        }
    }

    pub(crate) fn damaged(file: impl Into<PathBuf>, damage: impl Into<Damage>) -> Self {
        Self::Damaged {
            file: file.into(),
            damage: damage.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absence_is_absence() {
        let place = Place {
            domain: crate::Domain::Directory("/x".into()),
            name: None,
        };
        let digest = Digest::of(b"");
        let absent = StoreError::AbsentBlob {
            place,
            digest: digest.clone(),
        };
        assert!(absent.is_absent());
        for error in [
            StoreError::damaged("/x/index.json", Damage::Missing),
            StoreError::Io(io::ErrorKind::NotFound.into()),
            StoreError::UnsupportedDigest { digest },
        ] {
            assert!(!error.is_absent(), "{error}");
        }
    }
}
