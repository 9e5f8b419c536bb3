//! `/v2/NAME/blobs/DIGEST`

use axum::body::Body;
use axum::response::Response;
use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use tofu_oci_store::{Keep, Kind};
use tofu_oci_types::oci::{Digest, RepositoryName};

use super::error::Refusal;
use super::{Answer, Call, DOCKER_CONTENT_DIGEST, Distribution, body, empty, range, value};
use crate::access::Need;

const BYTES: HeaderValue = HeaderValue::from_static("bytes");

impl Distribution {
    pub(super) async fn blob(
        &self,
        call: &Call<'_>,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Answer {
        match call.parts.method {
            Method::HEAD => self.head_blob(call, name, digest).await,
            Method::GET => self.get_blob(call, name, digest).await,
            Method::DELETE => {
                let at = digest.clone().into();
                let keep = Keep::Nothing;
                self.storage.delete(name, &at, Kind::Blob, keep).await?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            _ => Err(Refusal::method("GET, HEAD, DELETE")),
        }
    }

    async fn head_blob(&self, call: &Call<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
        let stat = self.storage.stat(name, digest, Kind::Blob).await?;
        let Some(stat) = stat else {
            // Tells why.
            self.storage.open(name, digest, Kind::Blob, None).await?;
            return Err(Refusal::internal("the blob appeared just now"));
        };
        if self.access.check(&call.user, Need::Write).is_ok() {
            // Who may write may rely on this and send a manifest next: a sweep in between must take it for new. A
            // directory that can only be read has no sweeps.
            let _ = self.storage.link(name, name, digest).await;
        }
        let entity = entity(digest)?;
        let range = range::requested(&call.parts.headers, stat.size, &entity)?;
        let length = range.as_ref().map_or(stat.size, |r| r.end - r.start);
        let mut response = described(digest, entity, length, range, stat.size)?;
        *response.body_mut() = Body::empty();
        Ok(response)
    }

    async fn get_blob(&self, call: &Call<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
        let reader = self.storage.open(name, digest, Kind::Blob, None).await?;
        let size = reader.range().end;
        let entity = entity(digest)?;
        let range = range::requested(&call.parts.headers, size, &entity)?;
        let reader = reader.part(range.clone())?;
        let length = reader.range().end - reader.range().start;
        let mut response = described(digest, entity, length, range, size)?;
        *response.body_mut() = body::content(reader);
        Ok(response)
    }
}

/// What a digest names never changes.
fn entity(digest: &Digest) -> Result<HeaderValue, Refusal> {
    value(&format!("\"{digest}\""))
}

fn described(
    digest: &Digest,
    entity: HeaderValue,
    length: u64,
    range: Option<std::ops::Range<u64>>,
    size: u64,
) -> Result<Response, Refusal> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, BYTES);
    headers.insert(header::ETAG, entity);
    headers.insert(DOCKER_CONTENT_DIGEST, value(digest.as_str())?);
    if let Some(range) = range {
        let (first, last) = (range.start, range.end - 1);
        let text = format!("bytes {first}-{last}/{size}");
        headers.insert(header::CONTENT_RANGE, value(&text)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}
