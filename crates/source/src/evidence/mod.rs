//! What lies beside a release in its repository: checksums files with signatures and keys, registry
//! manifests, SBOMs, hashes.
//!
//! ```text
//! referrers of the index or module manifest ┐
//! referrers of each target manifest         ├─ documents, in this order, none left out
//! layers inside each target manifest        ┘
//! ```
//!
//! Everything here is bytes whose digest agreed, and nothing more: whether a signature is good, and
//! whether two lists disagree, is for those to decide who know whom to trust.

mod beside;
mod error;
mod read;

use bytes::Bytes;
use tofu_oci_types::artifact::{AttachmentKind, annotation};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest};
use tofu_oci_types::tofu::Platform;

pub use beside::Beside;
pub use error::EvidenceError;
pub use read::{check_subject, read_evidence};

/// What evidence is looked for about: the manifests of a release, or of a module.
#[derive(Debug, Clone)]
pub struct EvidenceSubjects<'a> {
    /// The index of the release, or the manifest of the module.
    pub root: &'a Manifest,
    /// The target manifests; not more than are of interest, because each is asked about.
    pub targets: Vec<(Platform, &'a Manifest)>,
}

/// Whether the files of a document are fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Contents {
    /// They are, and their digests checked.
    #[default]
    Read,
    /// Those of documents of these kinds are.
    Only(Vec<AttachmentKind>),
}

/// Which evidence is read.
#[derive(Debug, Clone, Default)]
pub struct EvidenceOptions {
    /// Only documents of these kinds; all that we know when empty. What is listed as another kind costs no
    /// request.
    pub kinds: Vec<AttachmentKind>,
    /// Whether files are fetched.
    pub contents: Contents,
}

impl EvidenceOptions {
    /// Checksums files with their signatures and keys, and nothing else.
    pub fn checksums() -> Self {
        Self {
            kinds: vec![AttachmentKind::Shasums],
            ..Self::default()
        }
    }
}

/// Where a document was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In a manifest that refers to the subject, described as the list of referrers does.
    Referrer(Descriptor),
    /// In the target manifest itself.
    Embedded(Descriptor),
}

/// One file of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceLayer {
    /// Its name as written; not yet safe as a file name.
    pub title: Option<String>,
    /// What it is in the manifest.
    pub descriptor: Descriptor,
    /// Its content, where that was asked for.
    pub content: Option<Bytes>,
}

/// A document that is evidence of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceDocument {
    /// What it is.
    pub kind: AttachmentKind,
    /// The platform of the manifest that it is about; `None` for the whole release, and for a module.
    pub platform: Option<Platform>,
    /// The manifest that it is about.
    pub subject: Digest,
    /// Where it was found.
    pub found: Found,
    /// Its files, in order: of a checksums file the list, its signatures, the keys.
    pub layers: Vec<EvidenceLayer>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct ReleaseEvidence {
    /// The documents. One that lies in several places is here as often.
    pub documents: Vec<EvidenceDocument>,
    /// What claims to be evidence of the release, and is not: it must count for nothing.
    pub refused: Vec<EvidenceError>,
    /// What is listed and is no manifest at all: [`EvidenceError::NoManifest`]. Anybody who may attach something can
    /// leave such a thing behind; it keeps nobody from what is there.
    pub passed_over: Vec<EvidenceError>,
}

impl ReleaseEvidence {
    /// The documents, where nothing was refused. What was passed over is the caller's to tell.
    ///
    /// # Errors
    ///
    /// The first [`EvidenceError`] of what was refused.
    pub fn into_documents(self) -> Result<Vec<EvidenceDocument>, EvidenceError> {
        match self.refused.into_iter().next() {
            Some(refused) => Err(refused),
            None => Ok(self.documents),
        }
    }
}

impl EvidenceLayer {
    fn of(descriptor: &Descriptor) -> Self {
        Self {
            title: descriptor.annotations.get(annotation::TITLE).cloned(),
            descriptor: descriptor.clone(),
            content: None,
        }
    }
}
