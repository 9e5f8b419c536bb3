//! One way in which a registry is not what the specification describes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use serde_json::Value;
use tower::ServiceExt as _;

use super::canned::Canned;
use super::flow::{self, End};

/// One way in which a registry is not what the specification describes.
#[derive(Debug, Clone)]
pub enum Quirk {
    /// The registry is not asked; this is the answer.
    Answer(Canned),
    /// The registry does what it was asked, and answers this.
    AnswerAfter(Canned),
    /// A redirect to the same path at another origin (`http://127.0.0.1:1`).
    RedirectTo(String),
    /// The connection is closed without an answer, and nothing is done.
    Close,
    /// The registry does what it was asked, and the connection is closed without an answer.
    CloseAfter,
    /// So many bytes of the request's body are taken; then the connection is closed without an answer.
    TakeThenClose(usize),
    /// Nothing happens, for ever.
    Hang,
    /// The answer has this header.
    Header(&'static str, String),
    /// The answer lacks this header.
    WithoutHeader(&'static str),
    /// The answer has this status.
    Status(u16),
    /// The answer has this body.
    Body(Bytes),
    /// The answer does not tell its length.
    WithoutLength,
    /// The connection is closed after so many bytes of the answer's body.
    CutAfter(usize),
    /// After so many bytes of the answer's body nothing comes.
    StallAfter(usize),
    /// The answer's body comes in pieces of so many bytes, with a pause before each.
    Trickle(usize, Duration),
    /// The `Range` of a request is not looked at.
    IgnoresRange,
    /// A body of more bytes is answered with 413, unread: whoever sends it may lose the answer.
    BodyLimit(u64),
    /// A manifest whose types are not listed is refused, as an allow-list does.
    AllowsTypes(&'static [&'static str]),
    /// A manifest with a subject is answered with 405.
    RefusesSubjects,
    /// A manifest with a subject is confirmed as if it had been taken in, and forgotten.
    DropsReferrers,
    /// There is no repository before the first upload to one begins: that creates it.
    CreatesOnPush(Created),
    /// A tag that is there is not written again, the same manifest included.
    ImmutableTags,
    /// An upload takes no piece of fewer bytes but the last.
    LeastPiece(u64),
    /// A `Location` is written with this before its path, and this after it.
    Location(String, String),
}

/// Whether the first upload has begun. A clone shares it.
#[derive(Debug, Clone, Default)]
pub struct Created(Arc<AtomicBool>);

impl Created {
    /// Whether a request comes after the first upload began, or begins it.
    fn after(&self, request: &Parts) -> bool {
        let begins = request.method == Method::POST;
        self.0.fetch_or(begins, Ordering::Relaxed) || begins
    }
}

impl Quirk {
    /// What it answers instead of the registry; it may change the request.
    pub(super) async fn before(
        &self,
        parts: &mut Parts,
        body: &mut Body,
        registry: &Router,
    ) -> Option<Response<Body>> {
        match self {
            Self::Answer(canned) => {
                // Closing a connection on bytes that are on their way may lose the answer.
                flow::whole(std::mem::take(body)).await;
                Some(canned.response())
            }
            Self::RedirectTo(origin) => {
                let path = parts.uri.path_and_query().unwrap();
                let location = format!("{origin}{path}");
                Some(Canned::redirect(307, &location).response())
            }
            Self::Close => close(),
            Self::Hang => std::future::pending().await,
            Self::TakeThenClose(count) => {
                let taken = flow::ending(std::mem::take(body), *count, End::Cut);
                let request = Request::from_parts(parts.clone(), taken);
                let _ = registry.clone().oneshot(request).await;
                close()
            }
            Self::IgnoresRange => {
                parts.headers.remove(RANGE);
                None
            }
            Self::BodyLimit(limit) => {
                let length = number(parts.headers.get(CONTENT_LENGTH));
                (length > *limit)
                    .then(|| Canned::page(413).header("connection", "close").response())
            }
            Self::AllowsTypes(allowed) => {
                let document = read_manifest(body).await;
                let types = [&document["artifactType"], &document["config"]["mediaType"]];
                let mut types = types.into_iter().filter_map(Value::as_str);
                let refused = types.find(|found| !allowed.contains(found))?;
                let detail = format!("unknown media type: {refused}");
                Some(Canned::error(400, "MANIFEST_INVALID", "manifest invalid", &detail).response())
            }
            Self::RefusesSubjects => {
                let document = read_manifest(body).await;
                let code = "UNSUPPORTED";
                document.get("subject")?;
                Some(Canned::error(405, code, "The operation is unsupported.", "").response())
            }
            Self::DropsReferrers => {
                let document = read_manifest(body).await;
                let subject = document["subject"]["digest"].as_str()?;
                let path = parts.uri.path();
                let digest = path.rsplit('/').next().unwrap_or_default();
                let taken = Canned::status(201).header("location", path);
                let taken = taken.header("docker-content-digest", digest);
                Some(taken.header("oci-subject", subject).response())
            }
            Self::CreatesOnPush(created) => {
                let created = created.after(parts);
                let text = "repository name not known to registry";
                (!created).then(|| Canned::error(404, "NAME_UNKNOWN", text, "").response())
            }
            Self::ImmutableTags => {
                if parts.uri.path().contains("/manifests/sha256:") {
                    return None;
                }
                let mut head = Request::new(Body::empty());
                *head.method_mut() = Method::HEAD;
                *head.uri_mut() = parts.uri.clone();
                let found = registry.clone().oneshot(head).await.unwrap();
                let (code, text) = ("TAG_INVALID", "the tag already exists and is immutable");
                (found.status() == StatusCode::OK)
                    .then(|| Canned::error(400, code, text, "").response())
            }
            Self::LeastPiece(least) if parts.method == Method::PATCH => {
                let length = number(parts.headers.get(CONTENT_LENGTH));
                (length < *least && parts.headers.contains_key(CONTENT_RANGE))
                    .then(|| Canned::error(400, "SIZE_INVALID", "too small", "").response())
            }
            _ => None,
        }
    }

    /// What becomes of the registry's answer.
    pub(super) async fn after(&self, response: Response<Body>) -> Response<Body> {
        let (mut parts, mut body) = response.into_parts();
        match self {
            Self::AnswerAfter(canned) => return canned.response(),
            Self::CloseAfter => {
                flow::whole(body).await;
                return close().unwrap_or_default();
            }
            Self::Header(name, value) => {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                parts.headers.insert(HeaderName::from_static(name), value);
            }
            Self::WithoutHeader(name) => {
                parts.headers.remove(*name);
            }
            Self::Status(status) => parts.status = StatusCode::from_u16(*status).unwrap(),
            Self::Body(bytes) => {
                parts.headers.remove(CONTENT_LENGTH);
                body = Body::from(bytes.clone());
            }
            Self::WithoutLength => {
                parts.headers.remove(CONTENT_LENGTH);
                body = Body::from_stream(body.into_data_stream());
            }
            Self::CutAfter(count) => body = flow::ending(body, *count, End::Cut),
            Self::StallAfter(count) => body = flow::ending(body, *count, End::Stall),
            Self::Trickle(length, pause) => body = flow::trickling(body, *length, *pause),
            Self::LeastPiece(least) => {
                let name = HeaderName::from_static("oci-chunk-min-length");
                parts.headers.insert(name, (*least).into());
            }
            Self::Location(before, after) => {
                if let Some(location) = parts.headers.get(LOCATION) {
                    let location = format!("{before}{}{after}", location.to_str().unwrap());
                    parts.headers.insert(LOCATION, location.parse().unwrap());
                }
            }
            _ => {}
        }
        Response::from_parts(parts, body)
    }
}

/// Ends the task that serves the connection: no answer, not even half of one. Nobody is told of a panic.
fn close() -> Option<Response<Body>> {
    std::panic::resume_unwind(Box::new("the connection is closed"))
}

fn number(header: Option<&HeaderValue>) -> u64 {
    let text = header.and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The manifest that is sent, which stays to be read.
async fn read_manifest(body: &mut Body) -> Value {
    let bytes = flow::whole(std::mem::take(body)).await;
    *body = Body::from(bytes.clone());
    serde_json::from_slice(&bytes).unwrap_or_default()
}
