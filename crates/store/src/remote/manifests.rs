//! Manifests of a registry. Distribution spec v1.1.1, "Pulling manifests", "Pushing Manifests".

use std::collections::HashMap;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use tofu_oci_types::oci::{
    Descriptor, Digest, MANIFEST_LIMIT, Manifest, MediaType, Tag, TagOrDigest,
};

use super::answer::{PAGE, is_page};
use super::content::Body;
use super::repository::RemoteRepository;
use super::scope::Access;
use super::send::{Repeat, Reply};
use crate::adaptor::verified_manifest;
use crate::batch::{Change, decide};
use crate::error::{Result, StoreError};
use crate::repository::{Put, PutManifest, TagRule};

/// What we take, in one line: some registries look at the first line only, and convert or refuse without it.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, \
*/*;q=0.1";
pub(super) const DIGEST: &str = "docker-content-digest";
/// What a registry says when it has taken in the subject.
pub(super) const SUBJECT: &str = "oci-subject";

impl RemoteRepository {
    /// A manifest: one GET, verified.
    pub(super) async fn get_manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        let what = format!("reading the manifest {at} of {}", self.place);
        let mut call = self.call(
            Method::GET,
            &format!("manifests/{at}"),
            self.access(),
            what.clone(),
        );
        call.headers
            .insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        let limit = usize::try_from(MANIFEST_LIMIT).unwrap_or(usize::MAX);
        let (reply, body) = self.registry.send_for(&call, limit).await?;
        match reply.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.absence(reply, at).await),
            _ => return Err(reply.failure(&self.registry, &what).await.into()),
        }
        // What asks people to log in or to pay answers every address with 200.
        if is_page(reply.response.headers(), &body) {
            return Err(self.registry.malformed(&what, PAGE).into());
        }
        let announced = self.announced(&reply, &what)?;
        let media_type = media_type(reply.response.headers());
        let digest = match at {
            TagOrDigest::Digest(digest) => digest.clone(),
            TagOrDigest::Tag(_) => announced.clone().unwrap_or_else(|| Digest::of(&body)),
        };
        let manifest = verified_manifest(&self.place, body, &digest, media_type.as_ref())?;
        match announced {
            // The header is about the same bytes; one of another algorithm is checked, too.
            Some(announced) if announced != digest && !announced.matches(manifest.bytes()) => {
                Err(StoreError::DigestMismatch {
                    expected: announced,
                    got: digest,
                })
            }
            _ => Ok(manifest),
        }
    }

    /// What a tag or a digest stands for; `None` when it is not there.
    pub(super) async fn head_manifest(&self, at: &TagOrDigest) -> Result<Option<Descriptor>> {
        let what = format!("looking up {at} in {}", self.place);
        let path = format!("manifests/{at}");
        let mut call = self.call(Method::HEAD, &path, self.access(), what.clone());
        call.headers
            .insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        let mut reply = self.registry.send(&call).await?;
        // There is no body, and another request may follow.
        reply.release();
        match reply.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            // Some registries and proxies know no HEAD.
            StatusCode::METHOD_NOT_ALLOWED => return self.get_instead(at).await,
            _ => return Err(reply.failure(&self.registry, &what).await.into()),
        }
        let announced = self.announced(&reply, &what)?;
        let size = reply
            .header("content-length")
            .and_then(|text| text.parse::<u64>().ok());
        let media_type = media_type(reply.response.headers());
        let digest = match at {
            TagOrDigest::Digest(digest) => {
                if announced
                    .as_ref()
                    .is_some_and(|found| found.algorithm() == digest.algorithm() && found != digest)
                {
                    let reason = "its digest header names other content";
                    return Err(self.registry.malformed(&what, reason).into());
                }
                Some(digest.clone())
            }
            TagOrDigest::Tag(_) => announced,
        };
        match (digest, size, media_type) {
            (Some(digest), Some(size), Some(media_type)) if size > 0 => {
                Ok(Some(Descriptor::new(media_type, digest, size)))
            }
            // The whole manifest tells what the headers leave out.
            _ => self.get_instead(at).await,
        }
    }

    async fn get_instead(&self, at: &TagOrDigest) -> Result<Option<Descriptor>> {
        match self.get_manifest(at).await {
            Ok(manifest) => Ok(Some(manifest.descriptor().clone())),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The digest that the registry names.
    fn announced(&self, reply: &Reply, what: &str) -> Result<Option<Digest>> {
        let Some(text) = reply.header(DIGEST) else {
            return Ok(None);
        };
        let digest = text.parse().map_err(|_| {
            self.registry
                .malformed(what, "its digest header is no digest")
        })?;
        Ok(Some(digest))
    }

    /// Whether a 404 is about the manifest or about the whole repository.
    async fn absence(&self, reply: Reply, at: &TagOrDigest) -> StoreError {
        let answer = self.registry.read_answer(reply.into_body()).await;
        if answer.has_code("NAME_UNKNOWN") || answer.has_code("NAME_INVALID") {
            self.absent_repository()
        } else {
            self.absent_manifest(at)
        }
    }

    /// Stores a batch: all by digest in order, then all tags, after no rule was found to forbid one.
    pub(super) async fn put_batch(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        let mut changes = Vec::with_capacity(batch.len());
        // Two tags of one batch see each other.
        let mut given: HashMap<&Tag, &Manifest> = HashMap::new();
        for item in batch {
            for tag in &item.tags {
                changes.push(match given.get(&tag.0) {
                    Some(earlier) => decide(
                        &self.place,
                        tag,
                        Some(earlier.digest()),
                        &item.manifest,
                        |_| Ok((*earlier).clone()),
                    )?,
                    None => self.decide(tag, &item.manifest).await?,
                });
                given.insert(&tag.0, &item.manifest);
            }
        }
        let mut puts = Vec::with_capacity(batch.len());
        for item in batch {
            puts.push(self.put_by_digest(&item.manifest).await?);
        }
        let mut changes = changes.into_iter();
        for (item, put) in batch.iter().zip(&mut puts) {
            for ((tag, _), change) in item.tags.iter().zip(&mut changes) {
                if change == Change::Tag {
                    self.put_at(&tag.clone().into(), &item.manifest).await?;
                    *put = Put::Uploaded;
                }
            }
        }
        Ok(puts)
    }

    async fn decide(&self, tag: &(Tag, TagRule), new: &Manifest) -> Result<Change> {
        let current = self.head_manifest(&tag.0.clone().into()).await?;
        let Some(current) = current else {
            return Ok(Change::Tag);
        };
        let old = match &tag.1 {
            TagRule::Extend if current.digest != *new.digest() => {
                Some(self.get_manifest(&current.digest.clone().into()).await?)
            }
            _ => None,
        };
        decide(&self.place, tag, Some(&current.digest), new, |digest| {
            old.ok_or_else(|| self.absent_manifest(&digest.clone().into()))
        })
    }

    async fn put_by_digest(&self, manifest: &Manifest) -> Result<Put> {
        let descriptor = manifest.descriptor();
        let at = TagOrDigest::Digest(descriptor.digest.clone());
        if !self.take_lacking(&descriptor.digest) {
            let found = self.head_manifest(&at).await?;
            if found.is_some_and(|found| found.size == descriptor.size) {
                if let Some(subject) = manifest.subject() {
                    self.relist(subject, manifest).await?;
                }
                return Ok(Put::Present);
            }
        }
        let taken = self.put_at(&at, manifest).await?;
        if let Some(subject) = manifest.subject() {
            self.list_referrer(subject, manifest, taken).await?;
        }
        Ok(Put::Uploaded)
    }

    /// Sends a manifest. Tells whether the registry says that it has taken in the subject.
    pub(super) async fn put_at(&self, at: &TagOrDigest, manifest: &Manifest) -> Result<bool> {
        self.put_with(at, manifest, HeaderMap::new())
            .await?
            .ok_or_else(|| {
                let what = format!("storing the manifest {at} in {}", self.place);
                self.registry
                    .malformed(&what, "it tells of a condition that nobody set")
                    .into()
            })
    }

    /// As [`put_at`](Self::put_at), under a condition; `None` when it did not hold.
    pub(super) async fn put_with(
        &self,
        at: &TagOrDigest,
        manifest: &Manifest,
        headers: HeaderMap,
    ) -> Result<Option<bool>> {
        let what = format!("storing the manifest {at} in {}", self.place);
        let path = format!("manifests/{at}");
        let mut call = self.call(Method::PUT, &path, Access::Push, what.clone());
        call.headers = headers;
        let media_type = HeaderValue::from_str(manifest.media_type().as_str());
        call.headers.insert(
            CONTENT_TYPE,
            media_type.map_err(|_| {
                self.registry
                    .malformed(&what, "its media type is no header")
            })?,
        );
        call.body = Body::Bytes(Bytes::copy_from_slice(manifest.bytes()));
        call.repeat = Repeat::Yes;
        let reply = self.registry.send(&call).await?;
        match reply.status() {
            StatusCode::CREATED | StatusCode::OK | StatusCode::ACCEPTED => {}
            StatusCode::PRECONDITION_FAILED if call.headers.contains_key("if-match") => {
                return Ok(None);
            }
            _ => return Err(self.refused_manifest(reply, manifest, &what).await),
        }
        if let Some(announced) = self.announced(&reply, &what)?
            && announced != *manifest.digest()
            && !announced.matches(manifest.bytes())
        {
            return Err(StoreError::DigestMismatch {
                expected: manifest.digest().clone(),
                got: announced,
            });
        }
        Ok(Some(reply.header(SUBJECT).is_some()))
    }

    async fn refused_manifest(&self, reply: Reply, manifest: &Manifest, what: &str) -> StoreError {
        let error = reply.failure(&self.registry, what).await;
        if let super::RemoteError::Refused { answer, .. } = &error
            && (answer.has_code("MANIFEST_BLOB_UNKNOWN") || answer.has_code("BLOB_UNKNOWN"))
        {
            // Which child it is stands in the answer, if at all; the answer itself is the best that can be told.
            let child = manifest
                .blobs()
                .into_iter()
                .chain(manifest.child_manifests())
                .find(|child| answer.message.contains(child.digest.as_str()));
            if let Some(child) = child {
                return StoreError::MissingChild {
                    place: self.place.clone(),
                    parent: manifest.digest().clone(),
                    child: child.digest.clone(),
                };
            }
        }
        error.into()
    }

    /// Deletes a tag or a manifest.
    pub(super) async fn delete_manifest(&self, at: &TagOrDigest) -> Result<()> {
        let what = format!("deleting {at} from {}", self.place);
        // Whether or not the registry keeps a list of referrers now: it may not have when this one was stored, and
        // both lists are read.
        let listed = match at {
            TagOrDigest::Digest(_) => match self.get_manifest(at).await {
                Ok(manifest) => manifest.subject().cloned(),
                Err(error) if error.is_absent() => return Err(error),
                // What cannot be read can still be deleted.
                Err(_) => None,
            },
            TagOrDigest::Tag(_) => None,
        };
        let path = format!("manifests/{at}");
        let mut call = self.call(Method::DELETE, &path, Access::Delete, what.clone());
        call.repeat = Repeat::No;
        let mut reply = self.registry.send(&call).await?;
        reply.release();
        match reply.status() {
            StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NO_CONTENT => {}
            StatusCode::NOT_FOUND => return Err(self.absence(reply, at).await),
            // How registries say that a tag is only deleted with its manifest.
            StatusCode::BAD_REQUEST if matches!(at, TagOrDigest::Tag(_)) => {
                let host = self.registry.host().to_string();
                let answer = self.registry.read_answer(reply.into_body()).await;
                return Err(super::RemoteError::Unsupported { host, what, answer }.into());
            }
            _ => return Err(reply.failure(&self.registry, &what).await.into()),
        }
        if let (Some(subject), TagOrDigest::Digest(digest)) = (listed, at) {
            self.unlist_referrer(&subject, digest).await?;
        }
        Ok(())
    }
}

/// The media type of an answer, unless it is one that servers use for anything.
pub(super) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    const ANY: [&str; 4] = [
        "application/json",
        "application/octet-stream",
        "text/plain",
        "text/html",
    ];
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    match ANY.contains(&essence.as_str()) {
        true => None,
        false => essence.parse().ok(),
    }
}
