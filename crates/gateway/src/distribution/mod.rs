//! The OCI distribution API (distribution spec v1.1.1) over a [`Storage`].
//!
//! ```text
//! request ─► access: who is it, may they ─► route: which endpoint ─► storage ─► answer
//!                                                                       └ error: status, code, sentence
//! ```
//!
//! A path is taken apart by hand: names contain slashes, and what a client escapes in other ways than the
//! specification writes it is no path of ours.

mod blobs;
mod body;
mod discard;
mod error;
mod manifests;
mod page;
mod query;
mod range;
mod recent;
mod referrers;
mod route;
mod tags;
mod uploads;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http_body_util::BodyExt as _;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, header};
use tofu_oci_store::{Storage, User};

use crate::access::{Access, Need};
use error::Refusal;
use query::Query;
use recent::Recent;
use route::Route;

pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName =
    HeaderName::from_static("docker-content-digest");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// Whether a tag that is the canonical tag of a version may move and go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VersionTags {
    /// It takes other content only where that is an index with every entry of the old one, and it cannot be
    /// deleted.
    #[default]
    Immutable,
    /// It is a tag like all others.
    Mutable,
}

/// The embedded registry: a storage, and who may do what with it.
#[derive(Clone)]
pub struct Distribution {
    storage: Arc<dyn Storage>,
    access: Access,
    version_tags: VersionTags,
    recent: Recent,
    room: body::Room,
}

/// One request, with what was found out about it.
struct Call<'a> {
    parts: &'a Parts,
    query: Query,
    user: User,
}

type Answer = Result<Response, Refusal>;

impl Distribution {
    /// A registry over `storage` in which everybody may do everything, and version tags do not change.
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self {
            storage,
            access: Access::open(),
            version_tags: VersionTags::Immutable,
            recent: Recent::default(),
            room: body::Room::default(),
        }
    }

    /// With rules about who may read and write.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// With another rule for the tags of versions.
    #[must_use]
    pub fn with_version_tags(mut self, version_tags: VersionTags) -> Self {
        self.version_tags = version_tags;
        self
    }

    /// The router: everything below `/v2/`, and `/healthz`, which needs no login.
    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .fallback(answer)
            .with_state(Arc::new(self))
    }

    async fn respond(&self, parts: &Parts, body: &mut Body) -> Response {
        let path = parts.uri.path();
        if path != "/v2" && !path.starts_with("/v2/") {
            return StatusCode::NOT_FOUND.into_response();
        }
        let user = match self.access.user(&parts.headers).await {
            Ok(user) => user,
            Err(denial) => return Refusal::from(denial).into_response(),
        };
        let mut response = match self.routed(parts, body, user.clone()).await {
            Ok(response) => response,
            Err(refusal) if reads(&parts.method) => refusal.into_response(),
            Err(refusal) => refusal.of_write().into_response(),
        };
        response.extensions_mut().insert(user);
        response
    }

    async fn routed(&self, parts: &Parts, body: &mut Body, user: User) -> Answer {
        let reads = reads(&parts.method);
        let route = Route::parse(parts.uri.path());
        // The state of an upload is the business of whoever writes.
        let upload = matches!(route, Ok(Route::Uploads(_) | Route::Upload(..)));
        let need = match reads && !upload {
            true => Need::Read,
            false => Need::Write,
        };
        self.access.check(&user, need)?;
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let call = Call { parts, query, user };
        let get = || reads.then_some(()).ok_or(Refusal::method("GET, HEAD"));
        match route? {
            Route::Root => get().map(|()| self.root(&call)),
            Route::Catalog => {
                get()?;
                self.catalog(&call).await
            }
            Route::Tags(name) => {
                get()?;
                self.list_tags(&call, &name).await
            }
            Route::Referrers(name, digest) => {
                get()?;
                self.list_referrers(&call, &name, &digest).await
            }
            Route::Manifest(name, reference) => self.manifest(&call, body, &name, &reference).await,
            Route::Blob(name, digest) => self.blob(&call, &name, &digest).await,
            Route::Uploads(name) => match parts.method {
                Method::POST => self.start_upload(&call, body, &name).await,
                _ => Err(Refusal::method("POST")),
            },
            Route::Upload(name, id) => self.upload(&call, body, &name, &id).await,
        }
    }

    /// `GET /v2/`: there is such an API here. Who may log in is told how, although it is no condition.
    fn root(&self, call: &Call<'_>) -> Response {
        let mut response = json("{}".into());
        let headers = response.headers_mut();
        headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        if call.user == User::Anonymous
            && let Some(challenge) = self.access.challenge()
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Whether a request with this method changes nothing.
fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

async fn answer(State(registry): State<Arc<Distribution>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let response = registry.respond(&parts, &mut body).await;
    if !response.status().is_success() {
        discard::discard(&parts.headers, &mut body).await;
    }
    match parts.method {
        Method::HEAD => headers_only(response),
        _ => response,
    }
}

/// The answer to a HEAD: the same headers, the length among them, and no body.
fn headers_only(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = hyper::body::Body::size_hint(&body).exact() {
        parts
            .headers
            .entry(header::CONTENT_LENGTH)
            .or_insert(length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// An answer with a JSON document.
fn json(bytes: bytes::Bytes) -> Response {
    let length = bytes.len();
    let mut response = Response::new(Body::new(http_body_util::Full::new(bytes).boxed()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer without content.
fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    response
}

/// A text as the value of a header. Ours are made of names, digests and numbers.
fn value(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|_| Refusal::internal("a header cannot be written"))
}
