//! Why something could not be promoted.

use tofu_oci_source::evidence::EvidenceError;
use tofu_oci_store::{CopyError, StoreError};
use tofu_oci_trust::shasums::ShasumsError;
use tofu_oci_types::oci::{Digest, Tag};

/// What went wrong while a graph went from one repository to another.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The source does not say what is to be copied.
    #[error("the source {place} names neither a tag nor a digest")]
    NothingNamed {
        /// The repository.
        place: String,
    },
    /// One thing is named, and everything is to be copied.
    #[error("{place} names a tag or a digest, and all tags are to be copied")]
    OneNamed {
        /// The address.
        place: String,
    },
    /// The destination names a digest, which follows from the source.
    #[error("the destination {place} names a digest")]
    DigestGiven {
        /// The address.
        place: String,
    },
    /// The source cannot be read.
    #[error("cannot read the source {place}")]
    Source {
        /// The repository, with what was read.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// The destination cannot be opened or read.
    #[error("cannot read the destination {place}")]
    Destination {
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A version's tag stands for something else in the destination.
    #[error("{place} has {:?} already, as {existing}; the source has {new}", tag.as_str())]
    VersionExists {
        /// The destination.
        place: String,
        /// The tag.
        tag: Tag,
        /// What it stands for.
        existing: Digest,
        /// What it was to stand for.
        new: Digest,
    },
    /// Something could not be copied.
    #[error("cannot copy to {place}")]
    Copy {
        /// The destination.
        place: String,
        /// What failed.
        #[source]
        source: Box<CopyError>,
    },
    /// What was copied did not come back.
    #[error("{place} does not give back what was copied: {} is {}", .at, shown(.found.as_ref()))]
    ReadBack {
        /// The destination.
        place: String,
        /// The tag or digest that was asked for.
        at: String,
        /// What it stands for now.
        found: Option<Digest>,
    },
    /// Something that refers to what was copied was taken by the destination, and is not listed there. Tags are
    /// set.
    #[error("{place} took what refers to the copied content and does not list it: {}", listed(.lost))]
    EvidenceLost {
        /// The destination.
        place: String,
        /// The manifests that nothing leads to, sorted.
        lost: Vec<Digest>,
    },
    /// What lies beside a release in the destination cannot be read, or is no evidence of it.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A checksums file that was copied does not fit the packages that were. Tags are set.
    #[error("the checksums file {filename:?} of {place} does not fit the packages")]
    Shasums {
        /// The release in the destination.
        place: String,
        /// The name of the list.
        filename: String,
        /// Why.
        #[source]
        source: ShasumsError,
    },
}

fn listed(digests: &[Digest]) -> String {
    let texts: Vec<&str> = digests.iter().map(Digest::as_str).collect();
    texts.join(", ")
}

fn shown(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "not there".to_owned(), ToString::to_string)
}
