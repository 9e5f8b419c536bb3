//! Errors as HTTP: status, code of the distribution spec, and a sentence that is safe to show. The cause goes to
//! the log.

use std::borrow::Cow;
use std::error::Error;
use std::io::ErrorKind;

use axum::response::{IntoResponse, Response};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{StatusCode, header};
use tofu_oci_store::StoreError;
use tofu_oci_types::oci::{MANIFEST_LIMIT, ManifestError};

use crate::access::Denial;

const NOT_ALLOWED: &str = "the registry may not read or write its own files";
const DAMAGED: &str = "the content is damaged; its owner has to check the registry";

/// Why a request gets no result.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What the log is told.
    cause: Option<StoreError>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// With one header more.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn because(mut self, cause: StoreError) -> Self {
        self.cause = Some(cause);
        self
    }

    /// The path is none of the specification.
    pub(super) fn no_endpoint() -> Self {
        let message = "there is no such endpoint";
        Self::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message)
    }

    /// The endpoint has other methods.
    pub(super) fn method(allowed: &'static str) -> Self {
        let message = "the endpoint does not have this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
            .with(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// The request is not one that can be understood.
    pub(super) fn bad_request(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", message)
    }

    /// A page was asked for that is none.
    pub(super) fn invalid_page() -> Self {
        let message = "the page cannot be given: n is a number, last one of the names";
        Self::new(
            StatusCode::BAD_REQUEST,
            "PAGINATION_NUMBER_INVALID",
            message,
        )
    }

    /// The name breaks the grammar of names.
    pub(super) fn invalid_name(name: &str) -> Self {
        let message = format!("{:?} is not the name of a repository", cut(name));
        Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", message)
    }

    /// The text is no digest, or none that can be checked.
    pub(super) fn invalid_digest(text: &str) -> Self {
        let message = format!("{:?} is not a sha256 or sha512 digest", cut(text));
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    /// A digest is needed and was not given.
    pub(super) fn missing_digest() -> Self {
        let message = "the parameter digest is missing";
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    /// A manifest was asked for by something that is neither tag nor digest, or is not there.
    pub(super) fn unknown_manifest() -> Self {
        let message = "the repository has no such manifest";
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
    }

    /// A manifest was to get a name that is neither tag nor digest.
    pub(super) fn invalid_tag(text: &str) -> Self {
        let message = format!("{:?} is neither a tag nor a digest", cut(text));
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// The manifest is none.
    pub(super) fn invalid_manifest(error: &ManifestError) -> Self {
        match error {
            ManifestError::TooLarge { .. } => Self::large_manifest(),
            error => {
                let message = match error.source() {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
            }
        }
    }

    /// The `Content-Type` cannot be that of a manifest.
    pub(super) fn invalid_type() -> Self {
        let message = "the content type is not a media type";
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// The manifest is too large.
    pub(super) fn large_manifest() -> Self {
        let message = format!("a manifest has at most {MANIFEST_LIMIT} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message)
    }

    /// More tags than one request may give.
    pub(super) fn many_tags(limit: usize) -> Self {
        let message = format!("a manifest gets at most {limit} tags in one request");
        Self::new(StatusCode::URI_TOO_LONG, "MANIFEST_INVALID", message)
    }

    /// The digest of the path is not that of the body.
    pub(super) fn other_digest() -> Self {
        let message = "the content does not have the digest it was sent under";
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    /// The tag is that of a version.
    pub(super) fn immutable() -> Self {
        let message = "tags of versions cannot be deleted in this registry";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
            .with(header::ALLOW, HeaderValue::from_static("GET, HEAD, PUT"))
    }

    /// There is no such upload for this user and repository.
    pub(super) fn unknown_upload() -> Self {
        let message = "there is no such upload";
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", message)
    }

    /// A chunk does not begin where the upload ends.
    pub(super) fn out_of_order() -> Self {
        let message = "the chunk does not begin where the upload ends";
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "BLOB_UPLOAD_INVALID",
            message,
        )
    }

    /// A chunk is not as long as it says.
    pub(super) fn invalid_size() -> Self {
        let message = "the length of the body is not the announced one";
        Self::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message)
    }

    /// A range was asked for that the content does not have.
    pub(super) fn unsatisfiable(size: u64) -> Self {
        let message = "the range does not lie within the content";
        let range = HeaderValue::from_str(&format!("bytes */{size}"));
        let refusal = Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", message);
        match range {
            Ok(range) => refusal.with(header::CONTENT_RANGE, range),
            Err(_) => refusal,
        }
    }

    /// The body ended early, or its transfer broke its own rules.
    pub(super) fn broken_body() -> Self {
        let message = "the body ended before its end";
        Self::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    }

    /// The body came too slowly.
    pub(super) fn slow_body() -> Self {
        let message = "the body came too slowly";
        let close = HeaderValue::from_static("close");
        Self::new(StatusCode::REQUEST_TIMEOUT, "BLOB_UPLOAD_INVALID", message)
            .with(header::CONNECTION, close)
    }

    /// Others send so much that it cannot be held.
    pub(super) fn no_room() -> Self {
        let message = "too many manifests arrive at once";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// What lies in the storage is not what its digest says: no fault of whoever asks.
    pub(super) fn damaged(cause: StoreError) -> Self {
        match cause {
            StoreError::DigestMismatch { .. } => Self::internal(DAMAGED).because(cause),
            cause => cause.into(),
        }
    }

    /// Something that does not happen.
    pub(super) fn internal(message: &'static str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", message)
    }
}

/// The beginning of a text that came from outside.
fn cut(text: &str) -> String {
    text.chars().take(128).collect()
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Login(challenge) => Self::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "log in with a name and a password of this registry",
            )
            .with(header::WWW_AUTHENTICATE, challenge),
            Denial::Forbidden => Self::new(
                StatusCode::FORBIDDEN,
                "DENIED",
                "this user may not do that in this registry",
            ),
            Denial::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOOMANYREQUESTS",
                "too many logins at once",
            )
            .with(header::RETRY_AFTER, HeaderValue::from_static("1")),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let refusal = match &error {
            StoreError::AbsentRepository { .. } => Self::new(
                StatusCode::NOT_FOUND,
                "NAME_UNKNOWN",
                "there is no such repository",
            ),
            StoreError::AbsentTag { .. } | StoreError::AbsentManifest { .. } => {
                Self::unknown_manifest()
            }
            StoreError::AbsentBlob { .. } => Self::new(
                StatusCode::NOT_FOUND,
                "BLOB_UNKNOWN",
                "the repository has no such blob",
            ),
            StoreError::AbsentUpload { .. } => Self::unknown_upload(),
            StoreError::Busy { .. } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOOMANYREQUESTS",
                "somebody is writing to this upload",
            )
            .with(header::RETRY_AFTER, HeaderValue::from_static("1")),
            StoreError::DigestMismatch { .. } => Self::other_digest(),
            StoreError::UnsupportedDigest { digest } => Self::invalid_digest(digest.as_str()),
            StoreError::TagExists { .. }
            | StoreError::TagMoved { .. }
            | StoreError::NotExtended { .. } => Self::new(
                StatusCode::CONFLICT,
                "DENIED",
                "the tag is that of a version and names other content, which does not change",
            ),
            StoreError::MissingChild { child, .. } => Self::new(
                StatusCode::NOT_FOUND,
                "MANIFEST_BLOB_UNKNOWN",
                format!("the repository lacks {child}, which the manifest lists"),
            ),
            StoreError::KeptTag { .. } => Self::immutable(),
            StoreError::Referenced { by, .. } => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "UNSUPPORTED",
                format!("it is listed by the manifest {by}, which would have to go first"),
            )
            .with(header::ALLOW, HeaderValue::from_static("GET, HEAD")),
            StoreError::Manifest { source, .. } => Self::invalid_manifest(source),
            StoreError::ReservedName { name, .. } => Self::invalid_name(name.as_str()),
            StoreError::NoSpace { .. } => Self::full(),
            StoreError::Range { .. } => Self::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "SIZE_INVALID",
                "the range does not lie within the content",
            ),
            StoreError::Io(error) => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::full(),
                ErrorKind::ReadOnlyFilesystem => Self::read_only(),
                ErrorKind::PermissionDenied => Self::internal(NOT_ALLOWED),
                _ => Self::internal("the registry cannot read or write its own files"),
            },
            StoreError::TooLong { .. }
            | StoreError::TooShort { .. }
            | StoreError::Damaged { .. } => Self::internal(DAMAGED),
            StoreError::NetworkFileSystem { .. } | StoreError::Gate(_) => {
                Self::internal("the registry cannot read or write its own files")
            }
            // What a storage keeps elsewhere cannot be had at the moment.
            StoreError::Remote(_) | StoreError::Offline { .. } => {
                Self::internal("the place where the content is kept cannot be reached")
            }
            StoreError::Stopped => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNKNOWN",
                "the registry is shutting down",
            ),
        };
        refusal.because(error)
    }
}

impl Refusal {
    /// What it is to somebody who wanted to write: where that is not allowed, trying again does not help.
    pub(super) fn of_write(self) -> Self {
        match self.cause {
            Some(StoreError::Io(error)) if error.kind() == ErrorKind::PermissionDenied => {
                Self::read_only().because(StoreError::Io(error))
            }
            cause => Self { cause, ..self },
        }
    }

    fn read_only() -> Self {
        let message = "the registry can be read, and takes nothing at the moment";
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    fn full() -> Self {
        let message = "the registry has no space left";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "DENIED", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            let (status, error) = (self.status.as_u16(), chain(cause));
            // What its owner has to see to is told at once.
            let owner = self.status.is_server_error() || matches!(cause, StoreError::Io(_));
            match owner {
                true => tracing::error!(status, error, "request failed"),
                false => tracing::debug!(status, error, "request refused"),
            }
        }
        let body = serde_json::json!({
            "errors": [{ "code": self.code, "message": self.message }],
        });
        let mut response = super::json(body.to_string().into());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// An error with all its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
