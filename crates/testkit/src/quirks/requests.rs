//! Which requests a quirk is about, and what arrived.

use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Some of the requests to a registry.
#[derive(Debug, Clone)]
pub struct Requests {
    method: Option<String>,
    part: String,
    skip: usize,
    count: usize,
}

impl Requests {
    /// Every request.
    pub fn all() -> Self {
        Self {
            method: None,
            part: String::new(),
            skip: 0,
            count: usize::MAX,
        }
    }

    /// Those with a method, and with a text in path and query.
    pub fn of(method: &str, part: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            part: part.to_owned(),
            ..Self::all()
        }
    }

    /// Those with a text in path and query, whatever the method.
    pub fn to(part: &str) -> Self {
        Self {
            part: part.to_owned(),
            ..Self::all()
        }
    }

    /// Only the first `count` of them.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Not the first `skip` of them.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Whether the request is one of them. Counts it.
    pub(super) fn take(&mut self, request: &Parts) -> bool {
        let method = self.method.as_ref();
        let path = request
            .uri
            .path_and_query()
            .map_or("", |path| path.as_str());
        if method.is_some_and(|method| request.method != method.as_str())
            || !path.contains(&self.part)
            || self.count == 0
        {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.count -= 1;
        true
    }
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
}

impl Seen {
    pub(super) fn of(request: &Parts) -> Self {
        let path = request.uri.path_and_query();
        Self {
            method: request.method.to_string(),
            target: path.map_or_else(String::new, ToString::to_string),
            headers: request.headers.clone(),
        }
    }

    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Method and path without the query, such as `GET /v2/a/tags/list`.
    pub fn line(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }
}
