//! Why evidence could not be read, or is none.

use tofu_oci_store::StoreError;
use tofu_oci_types::artifact::AttachmentKind;
use tofu_oci_types::oci::Digest;

/// What is wrong with something that lies beside a release.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// What refers to a manifest cannot be listed.
    #[error("cannot list what refers to {subject} in {place}")]
    List {
        /// The manifest.
        subject: Digest,
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A document, or one of its files, cannot be read.
    #[error("cannot read {digest} of {place}, which is evidence of {subject}")]
    Read {
        /// The manifest or file.
        digest: Digest,
        /// The manifest that it is about.
        subject: Digest,
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// What is listed as a referrer is not there, or is no manifest. It can prove nothing, and contradict nothing.
    #[error(
        "{referrer} is listed in {place} beside {subject}, and is no manifest that can be read"
    )]
    NoManifest {
        /// What is listed.
        referrer: Digest,
        /// What it is listed under.
        subject: Digest,
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A manifest that is listed as evidence names another subject: it was made for something else.
    #[error("{referrer} is listed in {place} as evidence of {subject}, and {}", named(.names.as_ref()))]
    OtherSubject {
        /// What is listed.
        referrer: Digest,
        /// What it is listed under.
        subject: Digest,
        /// What it names itself.
        names: Option<Digest>,
        /// The repository.
        place: String,
    },
    /// A document that has no files of its kind.
    #[error("{referrer} in {place} is no {}: its files are not those of one", .kind.name())]
    NotADocument {
        /// The manifest.
        referrer: Digest,
        /// What it says it is.
        kind: AttachmentKind,
        /// The repository.
        place: String,
    },
    /// A file that is longer than any of its kind may be.
    #[error("{digest} of {place} has {size} bytes, the limit for a file of its kind ({}) is {limit}", .kind.name())]
    TooLarge {
        /// The file.
        digest: Digest,
        /// What it belongs to.
        kind: AttachmentKind,
        /// Its length in bytes.
        size: u64,
        /// The longest that is read, in bytes.
        limit: u64,
        /// The repository.
        place: String,
    },
    /// More evidence than anybody can look at.
    #[error("{place} lists more evidence of {subject} than the {limit} that are read")]
    TooMany {
        /// The manifest.
        subject: Digest,
        /// How many documents, files or bytes are read.
        limit: u64,
        /// The repository.
        place: String,
    },
}

impl EvidenceError {
    /// Whether it is about one document, which is no evidence; otherwise nobody can tell what there is.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NoManifest { .. }
            | Self::OtherSubject { .. }
            | Self::NotADocument { .. }
            | Self::TooLarge { .. } => true,
            Self::Read { source, .. } => {
                source.is_absent()
                    || matches!(
                        source,
                        StoreError::DigestMismatch { .. }
                            | StoreError::TooLong { .. }
                            | StoreError::TooShort { .. }
                            | StoreError::UnsupportedDigest { .. }
                            | StoreError::Manifest { .. }
                            | StoreError::Damaged { .. }
                    )
            }
            Self::List { .. } | Self::TooMany { .. } => false,
        }
    }
}

fn named(digest: Option<&Digest>) -> String {
    digest.map_or_else(
        || "names nothing that it is evidence of".to_owned(),
        |digest| format!("names {digest}"),
    )
}
