//! What a repository has, or which repositories a directory has.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_store::layout::Access;
use tofu_oci_store::{LayoutStorage, Repository, Storage, StorageRepository, StoreError};
use tofu_oci_types::artifact::{
    ArtifactError, MODULE_PACKAGE, ModuleManifest, PROVIDER, ProviderIndex, Timestamp, annotation,
};
use tofu_oci_types::oci::{
    Address, Digest, DirectoryAddress, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};
use tofu_oci_types::tofu::{Platform, Version};

use super::{InspectError, Inspector, JOBS, Opened, is_layout};
use crate::Warning;

/// How many versions are read in one step: from a directory that is one change of threads.
const BATCH: usize = 32;

/// What was listed.
#[derive(Debug)]
pub enum Listing {
    /// A repository: its versions and tags.
    Repository(RepositoryListing),
    /// A directory: its repositories.
    Directory(DirectoryListing),
}

/// What a repository has.
#[derive(Debug)]
pub struct RepositoryListing {
    /// The repository.
    pub address: Address,
    /// The versions, ascending.
    pub versions: Vec<ListedVersion>,
    /// The tags that are not those of versions, sorted.
    pub tags: Vec<ListedTag>,
}

/// One version.
#[derive(Debug)]
pub struct ListedVersion {
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: Tag,
    /// What the tag stands for.
    pub digest: Digest,
    /// What that is.
    pub contents: Contents,
    /// When it was made, if it says so.
    pub created: Option<Timestamp>,
    /// The length of its packages together, in bytes, where that is known.
    pub size: Option<u64>,
}

/// What a version is.
#[derive(Debug)]
pub enum Contents {
    /// A provider's release.
    Provider {
        /// The platforms it has packages for, sorted.
        platforms: Vec<Platform>,
    },
    /// A module package.
    Module,
    /// Something else.
    Other(Option<MediaType>),
    /// A provider or module that clients refuse.
    Broken(ArtifactError),
    /// It could not be read.
    Unreadable(StoreError),
}

/// A tag that is not the one of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTag {
    /// The tag.
    pub tag: Tag,
    /// What it stands for, where that can be read.
    pub digest: Option<Digest>,
    /// What clients make of it.
    pub note: TagNote,
}

/// What clients make of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagNote {
    /// Nothing: it is none of a version, and does no harm.
    Plain,
    /// A version that they then ask for under another tag, and do not find.
    Misleading(Version),
    /// Nothing, although it is meant to be this version: it has a `v` before it.
    Invisible(Version),
}

/// The repositories of a directory.
#[derive(Debug)]
pub struct DirectoryListing {
    /// The directory.
    pub path: PathBuf,
    /// The repositories, sorted by name.
    pub repositories: Vec<ListedRepository>,
}

/// One repository of a directory.
#[derive(Debug)]
pub struct ListedRepository {
    /// Its name.
    pub name: RepositoryName,
    /// Its address.
    pub address: Address,
    /// Its versions, ascending, and how many other tags it has; or why it cannot be read.
    pub tags: Result<(Vec<Version>, usize), StoreError>,
}

impl Inspector {
    /// Lists what `address` has: versions of a repository, or the repositories of a directory.
    ///
    /// # Errors
    ///
    /// [`InspectError`]. A single version that cannot be read is listed as such.
    pub async fn list(&self, address: &Address) -> Result<Listing, InspectError> {
        if let Address::Directory(directory) = address
            && directory.name.is_none()
            && !is_layout(&self.files, &directory.path)?
        {
            return self.list_directory(directory).await.map(Listing::Directory);
        }
        let opened = self.open(address).await?;
        let listing = opened.list(address.tag()).await?;
        for tag in &listing.tags {
            self.warn(tag);
        }
        Ok(Listing::Repository(listing))
    }

    fn warn(&self, tag: &ListedTag) {
        let (version, found) = match &tag.note {
            TagNote::Plain => return,
            TagNote::Misleading(version) => (version, true),
            TagNote::Invisible(version) => (version, false),
        };
        let (tag, version) = (tag.tag.clone(), version.clone());
        self.progress.warn(match found {
            true => Warning::UnreachableTag { tag, version },
            false => Warning::InvisibleTag { tag, version },
        });
    }

    async fn list_directory(
        &self,
        directory: &DirectoryAddress,
    ) -> Result<DirectoryListing, InspectError> {
        let failed = |source| InspectError::Read {
            what: "the repositories".to_owned(),
            place: Address::Directory(directory.clone()).to_string(),
            source,
        };
        let (path, files) = (directory.path.clone(), self.files.clone());
        let open = move || LayoutStorage::directory(&path, &files, Access::Read);
        let storage = match tokio::task::spawn_blocking(open).await {
            Ok(storage) => storage.map_err(failed)?,
            Err(_) => return Err(failed(StoreError::Stopped)),
        };
        let names = storage
            .repositories(None, usize::MAX)
            .await
            .map_err(failed)?;
        if names.is_empty() {
            return Err(InspectError::NoLayouts {
                path: directory.path.clone(),
            });
        }
        let storage: Arc<dyn Storage> = Arc::new(storage);
        let list = |name: RepositoryName| {
            let repository = StorageRepository::new(Arc::clone(&storage), name.clone());
            let address = Address::Directory(DirectoryAddress {
                name: Some(name.clone()),
                tag: None,
                digest: None,
                ..directory.clone()
            });
            async move {
                let tags = repository.tags().await.map(|tags| {
                    let mut versions: Vec<_> = tags.iter().filter_map(Version::from_tag).collect();
                    versions.sort();
                    let others = tags.len() - versions.len();
                    (versions, others)
                });
                ListedRepository {
                    name,
                    address,
                    tags,
                }
            }
        };
        Ok(DirectoryListing {
            path: directory.path.clone(),
            repositories: futures_util::stream::iter(names)
                .map(list)
                .buffered(JOBS)
                .collect()
                .await,
        })
    }
}

impl Opened {
    /// Lists all tags, or the one that is wanted.
    async fn list(&self, only: Option<&Tag>) -> Result<RepositoryListing, InspectError> {
        let tags = self.repository.tags().await;
        let mut tags = tags.map_err(|error| self.failed(&"the tags", error))?;
        if let Some(only) = only {
            tags.retain(|tag| tag == only);
        }
        let (mut versions, mut others) = (Vec::new(), Vec::new());
        for tag in tags {
            match Version::from_tag(&tag) {
                Some(version) => versions.push((version, tag)),
                // Kept for registries that cannot list what refers to a manifest: nobody gave it.
                None if tag.is_referrers_tag() && only.is_none() => {}
                None => others.push(tag),
            }
        }
        versions.sort();
        let versions: Vec<Vec<ListedVersion>> = futures_util::stream::iter(versions.chunks(BATCH))
            .map(|batch| self.list_versions(batch))
            .buffered(JOBS / BATCH)
            .try_collect()
            .await?;
        let versions = versions.into_iter().flatten().collect();
        let tags = futures_util::stream::iter(others)
            .map(|tag| async {
                let head = self.repository.head(&tag).await.ok().flatten();
                ListedTag {
                    digest: head.map(|descriptor| descriptor.digest),
                    note: note(&tag),
                    tag,
                }
            })
            .buffered(JOBS)
            .collect()
            .await;
        Ok(RepositoryListing {
            address: self.address.clone(),
            versions,
            tags,
        })
    }

    async fn list_versions(
        &self,
        batch: &[(Version, Tag)],
    ) -> Result<Vec<ListedVersion>, InspectError> {
        let at: Vec<TagOrDigest> = batch.iter().map(|(_, tag)| tag.clone().into()).collect();
        let manifests = self.repository.manifests(&at).await;
        let manifests = manifests.map_err(|error| self.failed(&"the versions", error))?;
        let each = batch.iter().zip(manifests);
        let listed = each.map(|((version, tag), manifest)| {
            self.list_version(version.clone(), tag.clone(), manifest)
        });
        try_join_all(listed).await
    }

    async fn list_version(
        &self,
        version: Version,
        tag: Tag,
        manifest: Result<Manifest, StoreError>,
    ) -> Result<ListedVersion, InspectError> {
        let digest = match &manifest {
            Ok(manifest) => manifest.digest().clone(),
            Err(_) => self.digest(&tag).await?,
        };
        let (contents, size, created) = match &manifest {
            Ok(manifest) => {
                let (contents, size) = self.contents(manifest).await;
                (contents, size, created(manifest))
            }
            Err(_) => (Contents::Other(None), None, None),
        };
        let contents = match manifest {
            Ok(_) => contents,
            Err(error) => Contents::Unreadable(error),
        };
        Ok(ListedVersion {
            version,
            tag,
            digest,
            contents,
            created,
            size,
        })
    }

    /// What a tag names, where that cannot be read.
    async fn digest(&self, tag: &Tag) -> Result<Digest, InspectError> {
        let head = match self.repository.head(tag).await {
            Ok(Some(head)) => return Ok(head.digest),
            Ok(None) => StoreError::AbsentTag {
                place: self.repository.place().clone(),
                tag: tag.clone(),
            },
            Err(error) => error,
        };
        Err(self.failed(tag, head))
    }

    async fn contents(&self, manifest: &Manifest) -> (Contents, Option<u64>) {
        match manifest.artifact_type() {
            Some(kind) if *kind == PROVIDER => match ProviderIndex::read(manifest) {
                Ok(index) => {
                    let size = self.packages_size(&index).await;
                    let platforms = index.platforms();
                    (Contents::Provider { platforms }, size)
                }
                Err(error) => (Contents::Broken(error), None),
            },
            Some(kind) if *kind == MODULE_PACKAGE => match ModuleManifest::read(manifest) {
                Ok(module) => (Contents::Module, Some(module.package.size)),
                Err(error) => (Contents::Broken(error), None),
            },
            other => (Contents::Other(other.cloned()), None),
        }
    }

    /// The length of all packages: from the annotations, else from the manifests.
    async fn packages_size(&self, index: &ProviderIndex) -> Option<u64> {
        let mut all = 0u64;
        for entry in index.entries() {
            let size = match entry.hints.size {
                Some(size) => size,
                None => {
                    let at = entry.descriptor.digest.clone().into();
                    let target = self.repository.manifest(&at).await.ok()?;
                    entry.package(&target).ok()?.size
                }
            };
            all = all.saturating_add(size);
        }
        Some(all)
    }
}

/// When a manifest says that it was made.
pub(super) fn created(manifest: &Manifest) -> Option<Timestamp> {
    manifest
        .annotations()?
        .get(annotation::CREATED)?
        .parse()
        .ok()
}

/// What clients make of a tag that is not the canonical one of a version.
fn note(tag: &Tag) -> TagNote {
    if let Some(version) = Version::listed_from_tag(tag) {
        return TagNote::Misleading(version);
    }
    let bare = tag
        .as_str()
        .strip_prefix(['v', 'V'])
        .and_then(|bare| bare.parse().ok());
    match bare.as_ref().and_then(Version::listed_from_tag) {
        Some(version) => TagNote::Invisible(version),
        None => TagNote::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_of_tags() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        for (tag, expected) in [
            ("latest", TagNote::Plain),
            ("sha256-abc", TagNote::Plain),
            ("v", TagNote::Plain),
            ("version", TagNote::Plain),
            ("v1.2.3", TagNote::Invisible(version("1.2.3"))),
            ("1.2", TagNote::Misleading(version("1.2.0"))),
            ("20240101", TagNote::Misleading(version("20240101.0.0"))),
        ] {
            assert_eq!(note(&tag.parse().unwrap()), expected, "{tag}");
        }
    }
}
