//! What a registry server stands on.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use tofu_oci_types::oci::{
    Descriptor, Digest, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};
use tofu_oci_types::tofu::Version;

use crate::adaptor::read_manifest;
use crate::error::Result;
use crate::place::Domain;
use crate::reader::PartReader;
use crate::repository::{Put, PutManifest};

/// Whether content is asked for as a manifest or as a blob. Every manifest is a blob, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A manifest: it has a media type, and what it lists is there.
    Manifest,
    /// Bytes with a digest.
    Blob,
}

/// Which tags a delete must leave, and with them what they name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// None.
    #[default]
    Nothing,
    /// The canonical tags of versions.
    Versions,
}

impl Keep {
    /// Whether the tag stays.
    pub(crate) fn keeps(self, tag: &Tag) -> bool {
        match self {
            Self::Nothing => false,
            Self::Versions => Version::from_tag(tag).is_some(),
        }
    }
}

/// What a storage knows about content without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type; known for manifests only.
    pub media_type: Option<MediaType>,
}

impl Stat {
    /// The descriptor, when the media type is known.
    pub fn descriptor(&self) -> Option<Descriptor> {
        let media_type = self.media_type.clone()?;
        Some(Descriptor::new(media_type, self.digest.clone(), self.size))
    }
}

/// Who sends something. An upload belongs to the user who started it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum User {
    /// Whoever runs this process.
    Local,
    /// Somebody who gave no name.
    Anonymous,
    /// Somebody who proved to have this name.
    Named(Arc<str>),
}

/// The name of an upload: 32 hex digits that nobody guesses, a dash, and 16 that bind it to repository and
/// user.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UploadId(Arc<str>);

impl UploadId {
    /// A fresh name for an upload of `user` to `repository`.
    pub(crate) fn new(repository: &RepositoryName, user: &User) -> Self {
        let random = crate::files::random_hex();
        Self(format!("{random}-{}", binding(repository, user)).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `user` started this upload to `repository`.
    pub(crate) fn belongs_to(&self, repository: &RepositoryName, user: &User) -> bool {
        self.0
            .rsplit_once('-')
            .is_some_and(|(_, bound)| bound == binding(repository, user))
    }
}

/// The upload's name is all that has to be remembered over a restart, so it carries whose it is.
fn binding(repository: &RepositoryName, user: &User) -> String {
    let user = match user {
        User::Local => "local",
        User::Anonymous => "anonymous",
        User::Named(name) => &format!("user {name}"),
    };
    let digest = Digest::of(format!("{repository}\0{user}").as_bytes());
    digest.encoded().chars().take(16).collect()
}

impl FromStr for UploadId {
    type Err = InvalidUploadId;

    fn from_str(text: &str) -> Result<Self, InvalidUploadId> {
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        match text.split_once('-') {
            Some((random, bound)) if hex(random, 32) && hex(bound, 16) => Ok(Self(text.into())),
            _ => Err(InvalidUploadId),
        }
    }
}

/// A text that no storage gave out as the name of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the upload is malformed")]
pub struct InvalidUploadId;

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Many repositories by name. Names need not exist before something is written to them.
#[async_trait]
pub trait Storage: Send + Sync {
    /// What all its places have in common.
    fn domain(&self) -> &Domain;

    /// The repositories after `after`, at most `max` of them, sorted by bytes.
    ///
    /// # Errors
    /// Those of the file system.
    async fn repositories(
        &self,
        after: Option<&RepositoryName>,
        max: usize,
    ) -> Result<Vec<RepositoryName>>;

    /// What is known about some content; `None` when it is not there.
    ///
    /// # Errors
    /// Anything but absence.
    async fn stat(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
    ) -> Result<Option<Stat>>;

    /// Opens content, or a part of it in bytes, unverified.
    ///
    /// # Errors
    /// Absence of manifest or blob; [`StoreError::Range`](crate::StoreError::Range).
    async fn open(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
        range: Option<Range<u64>>,
    ) -> Result<PartReader>;

    /// A manifest, verified; `None` when there is no such tag or manifest, or no repository. At most 4 MiB.
    ///
    /// This is right for every storage; one that can do it in a single step does.
    ///
    /// # Errors
    /// Content that is not what was asked for.
    async fn manifest(
        &self,
        repository: &RepositoryName,
        at: &TagOrDigest,
    ) -> Result<Option<Manifest>> {
        let stat = match at {
            TagOrDigest::Tag(tag) => self.resolve(repository, tag).await?,
            TagOrDigest::Digest(digest) => self.stat(repository, digest, Kind::Manifest).await?,
        };
        match stat {
            Some(stat) => read_manifest(self, repository, &stat).await.map(Some),
            None => Ok(None),
        }
    }

    /// Several manifests, each as by [`manifest`](Self::manifest), in the order asked for.
    ///
    /// This is right for every storage; one that can do it in a single step does.
    ///
    /// # Errors
    /// What concerns all of them; of each, those of [`manifest`](Self::manifest).
    async fn manifests(
        &self,
        repository: &RepositoryName,
        at: &[TagOrDigest],
    ) -> Result<Vec<Result<Option<Manifest>>>> {
        let each = at.iter().map(|at| self.manifest(repository, at));
        Ok(join_all(each).await)
    }

    /// Starts an upload.
    ///
    /// # Errors
    /// Those of the file system; a reserved name.
    async fn start(&self, repository: &RepositoryName, user: &User) -> Result<UploadId>;

    /// Goes on with an upload, also after a restart.
    ///
    /// # Errors
    /// [`StoreError::AbsentUpload`](crate::StoreError::AbsentUpload) also for another user's;
    /// [`StoreError::Busy`](crate::StoreError::Busy) while somebody holds it.
    async fn resume(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        user: &User,
    ) -> Result<Box<dyn Upload>>;

    /// The first of the repositories that has the blob.
    ///
    /// # Errors
    /// Anything but absence.
    async fn find(
        &self,
        digest: &Digest,
        readable: &[RepositoryName],
    ) -> Result<Option<RepositoryName>>;

    /// Makes a blob of one repository a blob of another, without reading it where possible.
    ///
    /// # Errors
    /// Absence of the blob in `from`.
    async fn link(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
    ) -> Result<Put>;

    /// Stores manifests: all by digest, in order, then all tags.
    ///
    /// # Errors
    /// As [`WritableRepository::put_manifests`](crate::WritableRepository::put_manifests).
    async fn commit(&self, repository: &RepositoryName, batch: &[PutManifest]) -> Result<Vec<Put>>;

    /// What a tag names; `None` when there is no such tag or no repository.
    ///
    /// # Errors
    /// Anything but absence.
    async fn resolve(&self, repository: &RepositoryName, tag: &Tag) -> Result<Option<Stat>>;

    /// The tags after `after`, at most `max` of them, sorted by bytes.
    ///
    /// # Errors
    /// Absence of the repository.
    async fn tags(
        &self,
        repository: &RepositoryName,
        after: Option<&Tag>,
        max: usize,
    ) -> Result<Vec<Tag>>;

    /// The manifests whose subject this is, sorted by digest; with `kind`, those of that artifact type.
    ///
    /// # Errors
    /// Anything but absence.
    async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>>;

    /// Deletes a tag, a manifest with all its tags, or a blob. What is to be kept is looked at in the same step,
    /// so that no tag gets between.
    ///
    /// # Errors
    /// Absence; [`StoreError::Referenced`](crate::StoreError::Referenced);
    /// [`StoreError::KeptTag`](crate::StoreError::KeptTag).
    async fn delete(
        &self,
        repository: &RepositoryName,
        at: &TagOrDigest,
        kind: Kind,
        keep: Keep,
    ) -> Result<()>;
}

/// An upload that somebody holds. Dropping it keeps the bytes, for [`Storage::resume`].
#[async_trait]
pub trait Upload: Send {
    /// How many bytes were taken.
    fn offset(&self) -> u64;

    /// Checks that there is space for content of `total` bytes.
    ///
    /// # Errors
    /// [`StoreError::NoSpace`](crate::StoreError::NoSpace).
    async fn reserve(&mut self, total: u64) -> Result<()>;

    /// Drops everything after the first `to` bytes.
    ///
    /// # Errors
    /// Those of the file system.
    async fn truncate(&mut self, to: u64) -> Result<()>;

    /// Takes the next bytes. They may be written later: an error may belong to earlier bytes.
    ///
    /// # Errors
    /// Those of the file system; the upload is then to be dropped.
    async fn append(&mut self, chunk: Bytes) -> Result<()>;

    /// Writes everything that was taken, so that dropping loses nothing.
    ///
    /// # Errors
    /// Those of the file system.
    async fn flush(&mut self) -> Result<()>;

    /// Makes the bytes a blob, when they have this digest. When they have another, the upload stays as it is
    /// and can be resumed.
    ///
    /// # Errors
    /// [`StoreError::DigestMismatch`](crate::StoreError::DigestMismatch).
    async fn finish(self: Box<Self>, digest: &Digest) -> Result<Stat>;

    /// Throws the bytes away.
    ///
    /// # Errors
    /// Those of the file system.
    async fn cancel(self: Box<Self>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_belongs_to_one_repository_and_user() {
        let here: RepositoryName = "acme/demo".parse().unwrap();
        let there: RepositoryName = "acme/other".parse().unwrap();
        let alice = User::Named("alice".into());
        let id = UploadId::new(&here, &alice);
        assert_eq!(id.to_string().parse::<UploadId>().unwrap(), id);
        assert!(id.belongs_to(&here, &alice));
        assert!(!id.belongs_to(&there, &alice));
        for user in [User::Local, User::Anonymous, User::Named("bob".into())] {
            assert!(!id.belongs_to(&here, &user), "{user:?}");
        }
    }

    #[test]
    fn a_path_is_no_upload() {
        for text in ["", "../../x", "0-0", &"a/".repeat(24)] {
            assert!(text.parse::<UploadId>().is_err(), "{text}");
        }
    }
}
