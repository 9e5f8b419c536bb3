//! `/v2/NAME/manifests/REFERENCE`

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::header::{self, HeaderName};
use hyper::{HeaderMap, Method, StatusCode};
use tofu_oci_store::{BlobReader, Keep, Kind, PutManifest, Stat, StoreError, TagRule};
use tofu_oci_types::oci::{
    Algorithm, Descriptor, MANIFEST_LIMIT, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};
use tofu_oci_types::tofu::Version;

use super::error::Refusal;
use super::{Answer, Call, DOCKER_CONTENT_DIGEST, Distribution, VersionTags, body, empty, value};

/// How many tags one request may give.
const TAGS: usize = 100;

const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const TAG: HeaderName = HeaderName::from_static("oci-tag");

impl Distribution {
    pub(super) async fn manifest(
        &self,
        call: &Call<'_>,
        body: &mut Body,
        name: &RepositoryName,
        reference: &str,
    ) -> Answer {
        let at = reference.parse::<TagOrDigest>();
        match call.parts.method {
            Method::GET | Method::HEAD => {
                let at = at.map_err(|_| Refusal::unknown_manifest())?;
                self.get_manifest(call, name, &at).await
            }
            Method::PUT => {
                let at = at.map_err(|_| match reference.contains(':') {
                    true => Refusal::invalid_digest(reference),
                    false => Refusal::invalid_tag(reference),
                })?;
                self.put_manifest(call, body, name, &at).await
            }
            Method::DELETE => {
                let at = at.map_err(|_| Refusal::unknown_manifest())?;
                self.delete_manifest(name, &at).await
            }
            _ => Err(Refusal::method("GET, HEAD, PUT, DELETE")),
        }
    }

    async fn get_manifest(
        &self,
        call: &Call<'_>,
        name: &RepositoryName,
        at: &TagOrDigest,
    ) -> Answer {
        let found = match call.parts.method {
            Method::HEAD => {
                let stat = self.stat(name, at).await?;
                stat.and_then(|stat| Some((stat.descriptor()?, Bytes::new())))
            }
            _ => match self.storage.manifest(name, at).await {
                // Its digest agrees, and that is all that was promised to whoever asks.
                Err(StoreError::Manifest { .. }) => self.stored(name, at).await?,
                manifest => {
                    let manifest = manifest.map_err(Refusal::damaged)?;
                    manifest.map(|read| (read.descriptor().clone(), read.bytes().clone()))
                }
            },
        };
        let Some((descriptor, bytes)) = found else {
            // Is it the manifest or the whole repository that is missing?
            self.storage.tags(name, None, 0).await?;
            return Err(Refusal::unknown_manifest());
        };
        let digest = descriptor.digest;
        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, descriptor.size.into());
        headers.insert(DOCKER_CONTENT_DIGEST, value(digest.as_str())?);
        headers.insert(header::ETAG, value(&format!("\"{digest}\""))?);
        headers.insert(header::CONTENT_TYPE, value(descriptor.media_type.as_str())?);
        Ok(response)
    }

    /// What is known about a manifest without reading it.
    async fn stat(&self, name: &RepositoryName, at: &TagOrDigest) -> Result<Option<Stat>, Refusal> {
        Ok(match at {
            TagOrDigest::Tag(tag) => self.storage.resolve(name, tag).await?,
            TagOrDigest::Digest(digest) => self.storage.stat(name, digest, Kind::Manifest).await?,
        })
    }

    /// The bytes of a manifest that is not read as one, checked.
    async fn stored(
        &self,
        name: &RepositoryName,
        at: &TagOrDigest,
    ) -> Result<Option<(Descriptor, Bytes)>, Refusal> {
        let stat = self.stat(name, at).await?;
        let Some(descriptor) = stat.and_then(|stat| stat.descriptor()) else {
            return Ok(None);
        };
        let reader = self
            .storage
            .open(name, &descriptor.digest, Kind::Manifest, None);
        let reader = BlobReader::new(&descriptor, reader.await?)?;
        let bytes = reader.into_bytes(MANIFEST_LIMIT).await;
        let bytes = bytes.map_err(Refusal::damaged)?;
        Ok(Some((descriptor, bytes)))
    }

    async fn put_manifest(
        &self,
        call: &Call<'_>,
        body: &mut Body,
        name: &RepositoryName,
        at: &TagOrDigest,
    ) -> Answer {
        let mut tags = Vec::new();
        if let TagOrDigest::Tag(tag) = at {
            tags.push((tag.clone(), self.rule(tag)));
        }
        for text in call.query.all("tag") {
            let tag: Tag = text.parse().map_err(|_| Refusal::invalid_tag(text))?;
            if tags.len() == TAGS {
                return Err(Refusal::many_tags(TAGS));
            }
            let rule = self.rule(&tag);
            tags.push((tag, rule));
        }
        let headers = &call.parts.headers;
        let announced = media_type(headers)?;
        let (room, limit) = (&self.room, MANIFEST_LIMIT);
        let small = body::small(room, headers, body, limit, Refusal::large_manifest).await?;
        let algorithm = match at {
            TagOrDigest::Digest(digest) => digest.algorithm(),
            TagOrDigest::Tag(_) => Algorithm::Sha256,
        };
        let manifest = Manifest::read(small.bytes.clone(), announced.as_ref(), algorithm)
            .map_err(|error| Refusal::invalid_manifest(&error))?;
        if let TagOrDigest::Digest(digest) = at
            && digest != manifest.digest()
        {
            return Err(Refusal::other_digest());
        }
        let mut response = empty(StatusCode::CREATED);
        let headers = response.headers_mut();
        let digest = manifest.digest();
        headers.insert(
            header::LOCATION,
            value(&format!("/v2/{name}/manifests/{digest}"))?,
        );
        headers.insert(DOCKER_CONTENT_DIGEST, value(digest.as_str())?);
        if let Some(subject) = manifest.subject() {
            headers.insert(SUBJECT, value(subject.digest.as_str())?);
        }
        for tag in call.query.all("tag") {
            headers.append(TAG, value(tag)?);
        }
        let put = PutManifest { manifest, tags };
        self.storage.commit(name, &[put]).await?;
        Ok(response)
    }

    /// When a tag may be given.
    fn rule(&self, tag: &Tag) -> TagRule {
        match self.is_immutable(tag) {
            true => TagRule::Extend,
            false => TagRule::Overwrite,
        }
    }

    fn is_immutable(&self, tag: &Tag) -> bool {
        self.version_tags == VersionTags::Immutable && Version::from_tag(tag).is_some()
    }

    async fn delete_manifest(&self, name: &RepositoryName, at: &TagOrDigest) -> Answer {
        let keep = match self.version_tags {
            VersionTags::Immutable => Keep::Versions,
            VersionTags::Mutable => Keep::Nothing,
        };
        let deleted = self.storage.delete(name, at, Kind::Manifest, keep);
        deleted.await?;
        Ok(empty(StatusCode::ACCEPTED))
    }
}

/// The type that a manifest is sent as, without parameters.
fn media_type(headers: &HeaderMap) -> Result<Option<MediaType>, Refusal> {
    let Some(text) = headers.get(header::CONTENT_TYPE) else {
        return Ok(None);
    };
    let text = text.to_str().map_err(|_| Refusal::invalid_type())?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    let media_type = essence.parse().map_err(|_| Refusal::invalid_type())?;
    Ok(Some(media_type))
}
