//! `/v2/NAME/blobs/uploads/`
//!
//! The address of an upload carries how much of it had arrived when the address was given: `?offset=N`. A body
//! that does not say where it belongs replaces everything after that, so that a client that sends a failed PUT
//! again to the same address succeeds. A body that says so (`Content-Range`) has to continue exactly where the
//! upload ends.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use hyper::header::{self, HeaderName};
use hyper::{Method, StatusCode};
use tofu_oci_store::{Kind, StoreError, Upload, UploadId};
use tofu_oci_types::oci::{Digest, RepositoryName};

use super::error::Refusal;
use super::query::Query;
use super::{Answer, Call, DOCKER_CONTENT_DIGEST, Distribution, body, empty, range, route, value};

const UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// How many repositories are looked through for a blob whose place was not told.
const SEARCHED: usize = 10_000;

impl Distribution {
    pub(super) async fn start_upload(
        &self,
        call: &Call<'_>,
        body: &mut Body,
        name: &RepositoryName,
    ) -> Answer {
        if let Some(text) = call.query.get("mount") {
            let digest = route::digest(text)?;
            if let Some(response) = self.mount(&call.query, name, &digest).await? {
                return Ok(response);
            }
        }
        let digest = self.named_digest(&call.query)?;
        if let Some(algorithm) = call.query.get("digest-algorithm")
            && !matches!(algorithm, "sha256" | "sha512")
        {
            return Err(Refusal::invalid_digest(algorithm));
        }
        let id = self.storage.start(name, &call.user).await?;
        let Some(digest) = digest else {
            return session(StatusCode::ACCEPTED, name, &id, 0);
        };
        let mut upload = self.storage.resume(name, &id, &call.user).await?;
        match receive(call, body, upload.as_mut()).await {
            Ok(()) => {}
            Err(refusal) => {
                // Nobody knows of it. What cannot be removed expires.
                let _ = upload.cancel().await;
                return Err(refusal);
            }
        }
        match upload.finish(&digest).await {
            Ok(_) => self.created(name, &digest),
            Err(error) => {
                if let Ok(upload) = self.storage.resume(name, &id, &call.user).await {
                    let _ = upload.cancel().await;
                }
                Err(error.into())
            }
        }
    }

    pub(super) async fn upload(
        &self,
        call: &Call<'_>,
        body: &mut Body,
        name: &RepositoryName,
        id: &UploadId,
    ) -> Answer {
        let known = [
            Method::GET,
            Method::HEAD,
            Method::PATCH,
            Method::PUT,
            Method::DELETE,
        ];
        if !known.contains(&call.parts.method) {
            return Err(Refusal::method("GET, HEAD, PATCH, PUT, DELETE"));
        }
        let digest = self.named_digest(&call.query)?;
        let mut upload = self.storage.resume(name, id, &call.user).await?;
        match call.parts.method {
            Method::PATCH => {
                let received = receive(call, body, upload.as_mut()).await;
                // Also what came before a failure stays.
                upload.flush().await?;
                let offset = upload.offset();
                match received {
                    Ok(()) => session(StatusCode::ACCEPTED, name, id, offset),
                    Err(refusal) => located(refusal, name, id, offset),
                }
            }
            Method::PUT => {
                let digest = digest.ok_or_else(Refusal::missing_digest)?;
                if let Err(refusal) = receive(call, body, upload.as_mut()).await {
                    upload.flush().await?;
                    return located(refusal, name, id, upload.offset());
                }
                upload.finish(&digest).await?;
                self.created(name, &digest)
            }
            Method::DELETE => {
                upload.cancel().await?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => session(StatusCode::NO_CONTENT, name, id, upload.offset()),
        }
    }

    fn named_digest(&self, query: &Query) -> Result<Option<Digest>, Refusal> {
        query.get("digest").map(route::digest).transpose()
    }

    /// Takes a blob from another repository. `None` when it is not found: then it has to be sent.
    async fn mount(
        &self,
        query: &Query,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Response>, Refusal> {
        // Who may write may read, here everything.
        let from = match query.get("from") {
            Some(from) => from.parse().ok(),
            None => self.search(name, digest).await?,
        };
        let Some(from) = from else { return Ok(None) };
        match self.storage.link(&from, name, digest).await {
            Ok(_) => self.created(name, digest).map(Some),
            Err(error) if error.is_absent() => Ok(None),
            Err(StoreError::ReservedName { name: taken, .. }) if taken == from => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Some repository that has the blob, this one before others.
    async fn search(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<RepositoryName>, Refusal> {
        if self.storage.stat(name, digest, Kind::Blob).await?.is_some() {
            return Ok(Some(name.clone()));
        }
        let recent = self.recent.get(digest).into_iter().collect::<Vec<_>>();
        if let Some(found) = self.storage.find(digest, &recent).await? {
            return Ok(Some(found));
        }
        let others = self.storage.repositories(None, SEARCHED).await?;
        Ok(self.storage.find(digest, &others).await?)
    }

    /// The blob is there.
    fn created(&self, name: &RepositoryName, digest: &Digest) -> Answer {
        self.recent.put(digest, name);
        let mut response = empty(StatusCode::CREATED);
        let headers = response.headers_mut();
        headers.insert(
            header::LOCATION,
            value(&format!("/v2/{name}/blobs/{digest}"))?,
        );
        headers.insert(DOCKER_CONTENT_DIGEST, value(digest.as_str())?);
        Ok(response)
    }
}

/// Takes a body into an upload.
async fn receive(call: &Call<'_>, body: &mut Body, upload: &mut dyn Upload) -> Result<(), Refusal> {
    let headers = &call.parts.headers;
    let length = body::announced(headers);
    let chunk = range::of_chunk(headers)?;
    let start = start(call, upload.offset(), chunk.as_ref())?;
    let expected = chunk.map(|chunk| chunk.end - chunk.start).or(length);
    if length.is_some_and(|length| expected != Some(length)) {
        return Err(Refusal::invalid_size());
    }
    let mut got = 0;
    while let Some(data) = body::next(body).await? {
        if got == 0 {
            upload.truncate(start).await?;
            if let Some(length) = expected {
                upload.reserve(start.saturating_add(length)).await?;
            }
        }
        got += data.len() as u64;
        if expected.is_some_and(|expected| got > expected) {
            break;
        }
        upload.append(data).await?;
    }
    if expected.is_some_and(|expected| got != expected) {
        upload.truncate(start).await?;
        return Err(Refusal::invalid_size());
    }
    Ok(())
}

/// Where a body belongs.
fn start(call: &Call<'_>, offset: u64, chunk: Option<&Range<u64>>) -> Result<u64, Refusal> {
    let addressed = call.query.read("offset", |_| Refusal::out_of_order())?;
    match (chunk, addressed) {
        (Some(chunk), _) if chunk.start != offset => Err(Refusal::out_of_order()),
        (Some(_), _) | (None, None) => Ok(offset),
        // Bytes that had arrived were lost.
        (None, Some(addressed)) if addressed > offset => Err(Refusal::out_of_order()),
        (None, Some(addressed)) => Ok(addressed),
    }
}

/// The state of an upload. Of no bytes it says `0-0`, as registries do.
fn session(status: StatusCode, name: &RepositoryName, id: &UploadId, offset: u64) -> Answer {
    let mut response = empty(status);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(&location(name, id, offset))?);
    headers.insert(header::RANGE, value(&arrived(offset))?);
    headers.insert(UUID, value(id.as_str())?);
    Ok(response)
}

/// A refusal that says where the upload stands.
fn located(refusal: Refusal, name: &RepositoryName, id: &UploadId, offset: u64) -> Answer {
    let location = value(&location(name, id, offset))?;
    let range = value(&arrived(offset))?;
    Err(refusal
        .with(header::LOCATION, location)
        .with(header::RANGE, range))
}

fn location(name: &RepositoryName, id: &UploadId, offset: u64) -> String {
    format!("/v2/{name}/blobs/uploads/{id}?offset={offset}")
}

fn arrived(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}
