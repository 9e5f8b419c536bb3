//! Looking into repositories: what is there, what it is made of, and getting it back as files.

mod error;
mod filename;
mod fsck;
pub(crate) mod layouts;
mod list;
mod packages;
mod pull;
mod pull_plan;
mod show;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tofu_oci_source::Connect;
use tofu_oci_store::files::Files;
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_types::oci::{Address, Manifest, Tag, TagOrDigest};
use tofu_oci_types::tofu::Version;

pub use error::{InspectError, PullError};
pub use fsck::{Checked, FsckReport};
pub use list::{
    Contents, DirectoryListing, ListedRepository, ListedTag, ListedVersion, Listing,
    RepositoryListing, TagNote,
};
pub(crate) use packages::{Package, Packages};
pub use pull::{ExistingFile, PullOptions, PullReport, PulledFile, PulledKind, PulledProof};
pub use show::{ManifestKind, ManifestProblem, Shown, ShownManifest};

use crate::Progress;

/// How many manifests are fetched at once.
pub(crate) const JOBS: usize = 64;

/// What looks into repositories.
#[derive(Debug, Clone)]
pub struct Inspector {
    /// File access.
    pub files: Files,
    /// How repositories are reached.
    pub connect: Connect,
    /// Who is told what happens.
    pub progress: Progress,
}

/// A repository that was opened.
pub(crate) struct Opened {
    /// Without tag and digest.
    pub(crate) address: Address,
    pub(crate) repository: Arc<dyn Repository>,
}

/// What an address stands for.
pub(crate) struct Resolved {
    /// With the digest.
    pub(crate) address: Address,
    /// The tag that was named, or chosen.
    pub(crate) tag: Option<Tag>,
    pub(crate) manifest: Manifest,
}

impl Inspector {
    /// What `address` names.
    pub(crate) async fn resolved(
        &self,
        address: &Address,
    ) -> Result<(Opened, Resolved), InspectError> {
        let opened = self.open(address).await?;
        let resolved = opened.resolve(address).await?;
        Ok((opened, resolved))
    }

    async fn open(&self, address: &Address) -> Result<Opened, InspectError> {
        let opened = self.connect.reader(address).await;
        Ok(Opened {
            address: address.repository(),
            repository: opened.map_err(|source| InspectError::Read {
                what: "the repository".to_owned(),
                place: address.repository().to_string(),
                source,
            })?,
        })
    }
}

/// Whether a directory is itself one layout, or holds layouts by name.
fn is_layout(files: &Files, path: &Path) -> Result<bool, InspectError> {
    let failed = |source| InspectError::Directory {
        path: path.to_owned(),
        source,
    };
    let root = files.canonicalize(path).map_err(failed)?;
    for name in ["oci-layout", "index.json"] {
        if files.metadata(&root.join(name)).map_err(failed)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Opened {
    fn failed(&self, what: &dyn fmt::Display, source: StoreError) -> InspectError {
        InspectError::Read {
            what: what.to_string(),
            place: self.address.to_string(),
            source,
        }
    }

    /// The manifest that the address names: by digest, by tag, else the newest version.
    async fn resolve(&self, address: &Address) -> Result<Resolved, InspectError> {
        let (at, tag) = match address.at() {
            Some(TagOrDigest::Digest(digest)) => (digest.into(), address.tag().cloned()),
            Some(TagOrDigest::Tag(tag)) => (tag.clone().into(), Some(tag)),
            None => {
                let tag = self.newest().await?;
                (tag.clone().into(), Some(tag))
            }
        };
        let manifest = self.repository.manifest(&at).await;
        let manifest = manifest.map_err(|error| self.failed(&at, error))?;
        Ok(Resolved {
            address: self.address.at_digest(manifest.digest()),
            tag,
            manifest,
        })
    }

    /// The tag of the newest stable version, else of the newest one, else `latest`.
    async fn newest(&self) -> Result<Tag, InspectError> {
        let tags = self.repository.tags().await;
        let tags = tags.map_err(|error| self.failed(&"the tags", error))?;
        let mut versions: Vec<(Version, &Tag)> = tags
            .iter()
            .filter_map(|tag| Some((Version::from_tag(tag)?, tag)))
            .collect();
        versions.sort();
        let stable = versions
            .iter()
            .rev()
            .find(|(version, _)| !version.is_prerelease());
        let newest = stable.or(versions.last()).map(|(_, tag)| *tag);
        let latest = || tags.iter().find(|tag| **tag == Tag::latest());
        newest
            .or_else(latest)
            .cloned()
            .ok_or_else(|| InspectError::NoVersion {
                place: self.address.to_string(),
            })
    }
}
