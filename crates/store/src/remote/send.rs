//! Sending one request: limit, authorisation, redirects, retries.
//!
//! No ping: the first real request is sent without a credential, and the answer tells what is wanted.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode};
use tofu_oci_types::oci::RepositoryName;
use url::Url;

use super::authorise::Authorisation;
use super::client::Lane;
use super::content::Body;
use super::error::RemoteError;
use super::limit::Permit;
use super::options::Notice;
use super::registry::{Registry, Scheme};
use super::retry::{is_transient, retry_after};
use super::scope::Scopes;
use super::target::{check_redirect, same_origin, shown};
use crate::error::StoreError;

/// How often redirects are followed.
const REDIRECTS: usize = 5;
/// How many challenges of one request are answered: a token that was too old, and one that was for less.
const CHALLENGES: u32 = 2;

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) enum To {
    /// A path below `/v2/`, perhaps with a query.
    Path(String),
    /// Where the registry sent us.
    Url(Url),
}

/// A request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) to: To,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// The repository, for its credential; `None` for the registry itself.
    pub(super) name: Option<&'a RepositoryName>,
    pub(super) scopes: Scopes,
    /// What is being done, for messages.
    pub(super) what: String,
    pub(super) lane: Lane,
    /// Whether the request may be sent again when nobody knows whether it was received.
    pub(super) repeat: Repeat,
    pub(super) follow: Follow,
}

/// Which redirects of a read are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Those that are safe; blobs lie in other places.
    Anywhere,
    /// Those within the registry; another is an answer.
    Registry,
}

/// Whether a request may be sent again when nobody knows whether it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same each time.
    Yes,
    /// The caller looks first.
    No,
    /// It is worth one try.
    Never,
}

/// An answer. Holding it counts as a running request.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) url: Url,
    /// Streams are sent without: one that is read from the same registry would wait for itself.
    permit: Option<Permit>,
    /// Whether somebody's credential was sent, or a token that was had for one.
    pub(super) authenticated: bool,
}

impl Reply {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// It no longer counts as a running request. Whoever sends another one while this one is kept must say so, or
    /// both may wait for each other.
    pub(super) fn release(&mut self) {
        self.permit = None;
    }

    /// The body alone, which no longer counts as a running request.
    pub(super) fn into_body(self) -> Response {
        self.response
    }

    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The entity tag, unless it is a weak one, which says too little about bytes and never holds as a condition.
    /// RFC 9110 section 8.8.3.2.
    pub(super) fn strong_etag(&self) -> Option<HeaderValue> {
        let etag = self.response.headers().get(ETAG)?;
        etag.as_bytes().starts_with(b"\"").then(|| etag.clone())
    }

    /// What an answer that is no success means.
    pub(super) async fn failure(self, registry: &Registry, what: &str) -> RemoteError {
        let wait = retry_after(self.response.headers());
        let authenticated = self.authenticated;
        let answer = registry.read_answer(self.response).await;
        registry.failure(what, answer, wait, authenticated)
    }
}

/// Why no answer came.
pub(super) enum SendError {
    /// The request failed.
    Remote(RemoteError),
    /// It was refused, and another credential is at hand: who opens the content again can send it again.
    Renewed(RemoteError),
    /// What was to be sent could not be read.
    Content(StoreError),
}

impl From<RemoteError> for SendError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(error)
    }
}

impl From<SendError> for StoreError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Remote(error) | SendError::Renewed(error) => error.into(),
            SendError::Content(error) => error,
        }
    }
}

impl Registry {
    /// Sends a request until there is an answer that stands. Any status comes back but 401, 403, 429, and those
    /// of a failing server.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Reply, SendError> {
        self.send_counted(call, &mut 0).await
    }

    /// As [`send`](Self::send), and reads the body of a success, which has at most `limit` bytes. What breaks off
    /// is asked for again.
    pub(super) async fn send_for(
        &self,
        call: &Call<'_>,
        limit: usize,
    ) -> Result<(Reply, Bytes), SendError> {
        let mut attempts = 0;
        loop {
            let mut reply = self.send_counted(call, &mut attempts).await?;
            if reply.status() != StatusCode::OK {
                return Ok((reply, Bytes::new()));
            }
            let body = self.small_body(&call.what, &mut reply.response, limit);
            match body.await {
                Ok(body) => {
                    reply.release();
                    return Ok((reply, body));
                }
                Err(error) => {
                    drop(reply);
                    self.again(call, error, attempts).await?;
                }
            }
        }
    }

    /// As [`send`](Self::send), by somebody who tries again, too: `attempts` counts what all of them send.
    pub(super) async fn send_counted(
        &self,
        call: &Call<'_>,
        attempts: &mut u32,
    ) -> Result<Reply, SendError> {
        let mut reply = self.send_quietly(call, attempts).await?;
        if !is_failure(reply.status()) {
            return Ok(reply);
        }
        // A HEAD has no body: ask again for the reason.
        if call.method == Method::HEAD {
            reply.release();
            let asked = Call {
                method: Method::GET,
                to: call.to.clone(),
                headers: call.headers.clone(),
                body: Body::None,
                name: call.name,
                scopes: call.scopes.clone(),
                what: call.what.clone(),
                lane: call.lane,
                repeat: Repeat::Never,
                follow: call.follow,
            };
            if let Ok(again) = self.send_quietly(&asked, attempts).await
                && is_failure(again.status())
            {
                reply = again;
            }
        }
        Err(reply.failure(self, &call.what).await.into())
    }

    async fn send_quietly(&self, call: &Call<'_>, attempts: &mut u32) -> Result<Reply, SendError> {
        // What goes wrong with a token was tried again where that may help.
        let mut authorisation = self.authorise(call, None).await?;
        let mut challenges = 0;
        loop {
            *attempts += 1;
            let reply = match self.try_once(call, &authorisation).await {
                Ok(reply) => reply,
                Err(SendError::Remote(error)) => {
                    self.again(call, error, *attempts).await?;
                    authorisation = self.authorise(call, None).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let status = reply.status();
            if status == StatusCode::UNAUTHORIZED {
                challenges += 1;
                let next = match challenges <= CHALLENGES {
                    true => self.answer_challenge(call, &reply, &authorisation).await?,
                    false => None,
                };
                let Some(next) = next else { return Ok(reply) };
                if !call.body.is_repeatable() {
                    let error = reply.failure(self, &call.what).await;
                    return Err(SendError::Renewed(error));
                }
                authorisation = next;
                *attempts -= 1;
                continue;
            }
            if status == StatusCode::TOO_MANY_REQUESTS {
                self.limit.refused();
            } else {
                self.limit.answered();
            }
            if !is_transient(status) {
                self.budget.earn();
                return Ok(reply);
            }
            let wait = match call.may_repeat(status) {
                true => {
                    let asked = retry_after(reply.response.headers());
                    self.budget.wait(&self.options.retries, *attempts, asked)
                }
                false => None,
            };
            let Some(wait) = wait else { return Ok(reply) };
            drop(reply);
            self.pause(&call.what, status.as_str(), wait).await;
            authorisation = self.authorise(call, None).await?;
        }
    }

    /// Waits until a request that failed may be sent again; the error comes back when it may not.
    async fn again(
        &self,
        call: &Call<'_>,
        error: RemoteError,
        attempts: u32,
    ) -> Result<(), RemoteError> {
        let wait = match call.repeat == Repeat::Yes && error.is_transient() {
            true => self.budget.wait(&self.options.retries, attempts, None),
            false => None,
        };
        let Some(wait) = wait else { return Err(error) };
        self.pause(&call.what, &error.to_string(), wait).await;
        Ok(())
    }

    /// Waits before a request is sent again.
    pub(super) async fn pause(&self, what: &str, reason: &str, wait: Duration) {
        self.tell(&Notice::Retry {
            host: self.host().to_string(),
            what: what.to_owned(),
            reason: reason.to_owned(),
            wait,
        });
        tokio::time::sleep(wait).await;
    }

    /// Sends the request once, and follows redirects.
    async fn try_once(
        &self,
        call: &Call<'_>,
        authorisation: &Authorisation,
    ) -> Result<Reply, SendError> {
        let permit = match call.body {
            Body::Stream(..) => None,
            Body::None | Body::Bytes(_) => Some(self.limit.permit().await),
        };
        let mut authorization = authorisation.header.clone();
        let mut url = self.url(&call.to)?;
        for _ in 0..=REDIRECTS {
            let response = self.exchange(call, &url, authorization.as_ref()).await;
            let response = match response {
                // The registry's own answer to TLS was plain HTTP; what a redirect leads to says nothing of it.
                Err(SendError::Remote(RemoteError::PlainHttp { .. }))
                    if self.scheme() != Scheme::Plain
                        && self.is_own_tls(&url)?
                        && self.turned_out_plain() =>
                {
                    if authorization.is_some() {
                        self.check_plain_credential()?;
                    }
                    url = self.url(&call.to)?;
                    self.exchange(call, &url, authorization.as_ref()).await?
                }
                response => response?,
            };
            self.warnings(response.headers());
            self.tell(&Notice::Answered {
                request: format!("{} {}", call.method, shown(&url)),
                status: response.status().as_u16(),
            });
            tracing::debug!(method = %call.method, url = %shown(&url), status = response.status().as_u16(), "answer");
            let reads = call.method == Method::GET || call.method == Method::HEAD;
            let next = match (reads, call.follow) {
                (false, _) => None,
                (true, Follow::Anywhere) => self.redirected(&url, &response)?,
                // One that leads elsewhere, or nowhere, is an answer.
                (true, Follow::Registry) => self
                    .redirected(&url, &response)
                    .ok()
                    .flatten()
                    .filter(|next| same_origin(&url, next)),
            };
            let Some(next) = next else {
                return Ok(Reply {
                    response,
                    url,
                    permit,
                    authenticated: authorisation.authenticated && authorization.is_some(),
                });
            };
            if !same_origin(&url, &next) {
                authorization = None;
            }
            url = next;
        }
        Err(self
            .malformed(&call.what, "it redirects without end")
            .into())
    }

    /// Whether this is the registry, by TLS. What others found out meanwhile about how it is spoken to does not
    /// matter.
    fn is_own_tls(&self, url: &Url) -> Result<bool, RemoteError> {
        let base = self.base()?;
        Ok(url.scheme() == "https" && (url.host(), url.port()) == (base.host(), base.port()))
    }

    fn url(&self, to: &To) -> Result<Url, RemoteError> {
        match to {
            To::Url(url) => Ok(url.clone()),
            To::Path(path) => {
                let base = self.base()?;
                base.join(path)
                    .map_err(|_| self.malformed(path, "it is no path"))
            }
        }
    }

    /// Where a redirect leads, if the answer is one.
    pub(super) fn redirected(
        &self,
        url: &Url,
        response: &Response,
    ) -> Result<Option<Url>, RemoteError> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let what = format!("following {}", shown(url));
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let location =
            location.ok_or_else(|| self.malformed(&what, "a redirect has no Location"))?;
        let next = url
            .join(location)
            .map_err(|_| self.malformed(&what, "the Location of a redirect is no URL"))?;
        check_redirect(url, &next).map_err(|reason| RemoteError::Elsewhere {
            host: self.host().to_string(),
            target: shown(&next),
            reason,
        })?;
        Ok(Some(next))
    }
}

impl Call<'_> {
    /// Whether the request may be sent again after this answer.
    fn may_repeat(&self, status: StatusCode) -> bool {
        match self.repeat {
            Repeat::Yes => true,
            // Nothing was done.
            Repeat::No => matches!(status.as_u16(), 429 | 503) && self.body.is_repeatable(),
            Repeat::Never => false,
        }
    }
}

/// Whether an answer means that the request failed, whoever asked.
fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 408 | 429 | 500..=599)
}
