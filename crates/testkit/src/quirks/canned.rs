//! Answers that no storage had a part in.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;

/// An answer that stands from the beginning.
#[derive(Debug, Clone)]
pub struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Canned {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Plain text, as proxies and some registries send it.
    pub fn text(status: u16, text: &str) -> Self {
        let this = Self::status(status).header("content-type", "text/plain; charset=utf-8");
        this.body(text.to_owned())
    }

    /// A web page.
    pub fn page(status: u16) -> Self {
        let this = Self::status(status).header("content-type", "text/html; charset=utf-8");
        this.body("<!doctype html><html><body>Please log in</body></html>")
    }

    /// A JSON document.
    pub fn json(status: u16, text: &str) -> Self {
        let this = Self::status(status).header("content-type", "application/json");
        this.body(text.to_owned())
    }

    /// An error document of the distribution specification.
    pub fn error(status: u16, code: &str, message: &str, detail: &str) -> Self {
        let entry = serde_json::json!({"code": code, "message": message, "detail": detail});
        Self::json(status, &serde_json::json!({"errors": [entry]}).to_string())
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            // Also bytes that are no text can come.
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(name, value);
        }
        response
    }
}
