//! `/v2/NAME/manifests/REFERENCE`

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::header::{self, HeaderName};
use hyper::{HeaderMap, Method, StatusCode};
use tofu_oci_store::{BlobReader, Kind, PutManifest, Stat, TagRule};
use tofu_oci_types::oci::{
    Algorithm, MANIFEST_LIMIT, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};
use tofu_oci_types::tofu::Version;

use super::error::Refusal;
use super::{Answer, Call, DOCKER_CONTENT_DIGEST, Distribution, VersionTags, body, empty, value};

/// How many tags one request may give.
const TAGS: usize = 100;
/// How many tags are looked at in one step.
const STEP: usize = 1000;

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
        let stat = match at {
            TagOrDigest::Tag(tag) => self.storage.resolve(name, tag).await?,
            TagOrDigest::Digest(digest) => self.storage.stat(name, digest, Kind::Manifest).await?,
        };
        let Some(stat) = stat else {
            // Is it the manifest or the whole repository that is missing?
            self.storage.tags(name, None, 0).await?;
            return Err(Refusal::unknown_manifest());
        };
        let bytes = match call.parts.method {
            Method::HEAD => None,
            _ => Some(self.verified(name, &stat).await?),
        };
        let mut response = Response::new(bytes.map_or_else(Body::empty, Body::from));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, stat.size.into());
        headers.insert(DOCKER_CONTENT_DIGEST, value(stat.digest.as_str())?);
        headers.insert(header::ETAG, value(&format!("\"{}\"", stat.digest))?);
        if let Some(media_type) = &stat.media_type {
            headers.insert(header::CONTENT_TYPE, value(media_type.as_str())?);
        }
        Ok(response)
    }

    /// The bytes of a manifest, checked.
    async fn verified(&self, name: &RepositoryName, stat: &Stat) -> Result<Bytes, Refusal> {
        let descriptor = stat.descriptor();
        let descriptor = descriptor.ok_or_else(Refusal::unknown_manifest)?;
        let reader = self.storage.open(name, &stat.digest, Kind::Manifest, None);
        let reader = BlobReader::new(&descriptor, reader.await?)?;
        let bytes = reader.into_bytes(MANIFEST_LIMIT).await;
        bytes.map_err(Refusal::damaged)
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
        let bytes = body::small(headers, body, MANIFEST_LIMIT, Refusal::large_manifest).await?;
        let algorithm = match at {
            TagOrDigest::Digest(digest) => digest.algorithm(),
            TagOrDigest::Tag(_) => Algorithm::Sha256,
        };
        let manifest = Manifest::read(bytes, announced.as_ref(), algorithm)
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
        let keeps = match at {
            TagOrDigest::Tag(tag) => {
                self.is_immutable(tag) && self.storage.resolve(name, tag).await?.is_some()
            }
            TagOrDigest::Digest(_) => self.is_released(name, at).await?,
        };
        if keeps {
            return Err(Refusal::immutable());
        }
        self.storage.delete(name, at, Kind::Manifest).await?;
        Ok(empty(StatusCode::ACCEPTED))
    }

    /// Whether the tag of a version names this digest, so that deleting it would delete the version.
    async fn is_released(&self, name: &RepositoryName, at: &TagOrDigest) -> Result<bool, Refusal> {
        let TagOrDigest::Digest(digest) = at else {
            return Ok(false);
        };
        let mut last: Option<Tag> = None;
        loop {
            let tags = match self.storage.tags(name, last.as_ref(), STEP).await {
                Err(error) if error.is_absent() => return Ok(false),
                tags => tags?,
            };
            for tag in tags.iter().filter(|tag| self.is_immutable(tag)) {
                let named = self.storage.resolve(name, tag).await?;
                if named.is_some_and(|named| named.digest == *digest) {
                    return Ok(true);
                }
            }
            match tags.len() < STEP {
                true => return Ok(false),
                false => last = tags.last().cloned(),
            }
        }
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
