//! Sending one request: limit, authorisation, redirects, retries.
//!
//! No ping: the first real request is sent without a credential, and the answer tells what is wanted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Request, Response, StatusCode};
use secrecy::SecretString;
use tofu_oci_types::oci::RepositoryName;
use url::Url;

use super::challenge::Challenge;
use super::client::{Lane, root_cause};
use super::error::{Answer, RemoteError};
use super::limit::Permit;
use super::options::Notice;
use super::registry::{Registry, Scheme};
use super::retry::retry_after;
use super::scope::Scopes;
use super::target::{check_redirect, same_origin, shown};
use super::token::{Issuer, basic, bearer};
use crate::blocking::lock;
use crate::credentials::Credential;
use crate::error::StoreError;
use crate::reader::{BlobReader, PartReader};

/// How often redirects are followed.
const REDIRECTS: usize = 5;

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) enum To {
    /// A path below `/v2/`, perhaps with a query.
    Path(String),
    /// Where the registry sent us.
    Url(Url),
}

/// What is sent along.
pub(super) enum Body {
    /// Nothing.
    None,
    /// Bytes, sent again where needed.
    Bytes(Bytes),
    /// A stream of so many bytes, sent once.
    Stream(Box<Mutex<Option<Content>>>, u64),
}

/// What is read while it is sent.
pub(super) enum Content {
    /// Bytes that somebody else answers for: a file of ours, a gate.
    Part(PartReader),
    /// Bytes from another repository, whose end is held back until they were verified.
    Verified(BlobReader),
}

impl Content {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::Part(part) => part.next().await,
            Self::Verified(blob) => blob.next().await,
        }
    }
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
}

/// An answer. Holding it counts as a running request.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) url: Url,
    /// Streams are sent without: one that is read from the same registry would wait for itself.
    _permit: Option<Permit>,
    /// Whether a credential was sent.
    pub(super) authenticated: bool,
}

impl Reply {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The body alone, which no longer counts as a running request.
    pub(super) fn into_body(self) -> Response {
        self.response
    }

    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// What an answer that is no success means.
    pub(super) async fn failure(self, registry: &Registry, what: &str) -> RemoteError {
        let wait = retry_after(self.response.headers());
        let authenticated = self.authenticated;
        registry.failure(what, Answer::read(self.response).await, wait, authenticated)
    }
}

/// Why no answer came: the request failed, or what was to be sent could not be read.
pub(super) enum SendError {
    Remote(RemoteError),
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
            SendError::Remote(error) => error.into(),
            SendError::Content(error) => error,
        }
    }
}

/// How a request is authorised.
struct Authorisation {
    header: Option<HeaderValue>,
    token: Option<SecretString>,
}

impl Registry {
    /// Sends a request until there is an answer that stands. Any status comes back but 401, 403, 429, and those
    /// of a failing server.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Reply, SendError> {
        let reply = self.send_quietly(call).await?;
        if !is_failure(reply.status()) {
            return Ok(reply);
        }
        // A HEAD has no body: ask again for the reason.
        if call.method == Method::HEAD {
            let asked = Call {
                method: Method::GET,
                to: call.to.clone(),
                headers: call.headers.clone(),
                body: Body::None,
                name: call.name,
                scopes: call.scopes.clone(),
                what: call.what.clone(),
                lane: call.lane,
                repeat: Repeat::No,
                follow: call.follow,
            };
            let again = self.send_quietly(&asked).await?;
            if is_failure(again.status()) {
                return Err(again.failure(self, &call.what).await.into());
            }
        }
        Err(reply.failure(self, &call.what).await.into())
    }

    async fn send_quietly(&self, call: &Call<'_>) -> Result<Reply, SendError> {
        let mut attempt = 0;
        let mut refused: Option<SecretString> = None;
        let mut challenged = 0;
        loop {
            attempt += 1;
            let (reply, token) = match self.try_once(call, refused.as_ref()).await {
                Ok(reply) => reply,
                Err(SendError::Remote(error)) => {
                    let again = call.repeat == Repeat::Yes && error.is_transient();
                    let wait = match again {
                        true => self.budget.wait(&self.options.retries, attempt, None),
                        false => None,
                    };
                    let Some(wait) = wait else {
                        return Err(error.into());
                    };
                    self.pause(&call.what, &error.to_string(), wait).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let status = reply.status();
            if status == StatusCode::UNAUTHORIZED && challenged < 2 {
                challenged += 1;
                attempt -= 1;
                if self.learn(call, &reply, token.is_some())? && call.body.is_repeatable() {
                    refused = token;
                    continue;
                }
                return Ok(reply);
            }
            if status == StatusCode::TOO_MANY_REQUESTS {
                self.limit.refused();
            } else {
                self.budget.earn();
                self.limit.answered();
            }
            if !is_transient(status) {
                return Ok(reply);
            }
            let sent_in_vain = status == StatusCode::TOO_MANY_REQUESTS
                || status == StatusCode::SERVICE_UNAVAILABLE;
            let again = call.repeat == Repeat::Yes || (sent_in_vain && call.body.is_repeatable());
            let asked = retry_after(reply.response.headers());
            let wait = match again {
                true => self.budget.wait(&self.options.retries, attempt, asked),
                false => None,
            };
            let Some(wait) = wait else { return Ok(reply) };
            let reason = status.as_u16().to_string();
            drop(reply);
            self.pause(&call.what, &reason, wait).await;
        }
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

    /// Takes in what a 401 asks for. Tells whether asking again may help.
    fn learn(&self, call: &Call<'_>, reply: &Reply, had_token: bool) -> Result<bool, RemoteError> {
        let Some(challenge) = Challenge::read(reply.response.headers()) else {
            return Ok(false);
        };
        // Only the registry itself is believed: a redirect's target is another host's word.
        if !same_origin(&self.base()?, &reply.url) {
            return Ok(false);
        }
        let known = self.challenge(call.name);
        self.set_challenge(call.name, &challenge);
        let sent = reply.authenticated || had_token;
        // Name and password were wrong; a token may have been too old, or for less than this.
        Ok(!sent
            || matches!(challenge, Challenge::Bearer { .. })
            || known.as_ref() != Some(&challenge))
    }

    /// The header for a request, by what the registry asked for before.
    async fn authorise(
        &self,
        call: &Call<'_>,
        refused: Option<&SecretString>,
    ) -> Result<Authorisation, RemoteError> {
        let anonymous = Authorisation {
            header: None,
            token: None,
        };
        let Some(challenge) = self.challenge(call.name) else {
            return Ok(anonymous);
        };
        let credential = self.credential(call.name).await?;
        match challenge {
            Challenge::Basic => match credential {
                Some(Credential::Password { username, password }) => {
                    self.check_plain_credential()?;
                    Ok(Authorisation {
                        header: Some(basic(&username, &password)),
                        token: None,
                    })
                }
                Some(Credential::AccessToken(token)) => {
                    self.check_plain_credential()?;
                    Ok(Authorisation {
                        header: Some(bearer(&token)),
                        token: None,
                    })
                }
                Some(Credential::IdentityToken(_)) => Err(RemoteError::Challenge {
                    host: self.host().to_string(),
                    reason:
                        "it wants a name and a password, and only an identity token is configured"
                            .to_owned(),
                }),
                None => Ok(anonymous),
            },
            Challenge::Bearer {
                realm,
                service,
                scopes,
                ..
            } => {
                if credential.is_some() {
                    self.check_plain_credential()?;
                }
                // What this request needs, and what the registry asked for the last time if that is about the
                // same repository.
                let scopes = match call.scopes.covers_names_of(&scopes) {
                    true => call.scopes.clone().and(&scopes),
                    false => call.scopes.clone(),
                };
                let issuer = Issuer { realm, service };
                let token = self
                    .token(&issuer, &scopes, credential.as_ref(), refused)
                    .await?;
                Ok(Authorisation {
                    header: Some(bearer(&token)),
                    token: Some(token),
                })
            }
        }
    }

    /// Sends the request once, and follows redirects.
    async fn try_once(
        &self,
        call: &Call<'_>,
        refused: Option<&SecretString>,
    ) -> Result<(Reply, Option<SecretString>), SendError> {
        let Authorisation { header, token } = self.authorise(call, refused).await?;
        let permit = match call.body {
            Body::Stream(..) => None,
            Body::None | Body::Bytes(_) => Some(self.limit.permit().await),
        };
        let mut authorization = header;
        let authenticated = authorization.is_some();
        let mut url = self.url(&call.to)?;
        for _ in 0..=REDIRECTS {
            let response = self.exchange(call, &url, authorization.as_ref()).await;
            let response = match response {
                Err(SendError::Remote(RemoteError::PlainHttp { .. }))
                    if url.scheme() == "https" && self.scheme() != Scheme::Plain =>
                {
                    // The answer to TLS was plain HTTP.
                    if !self.turned_out_plain() {
                        let host = self.host().to_string();
                        return Err(RemoteError::PlainHttp { host }.into());
                    }
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
                let reply = Reply {
                    response,
                    url,
                    _permit: permit,
                    authenticated,
                };
                return Ok((reply, token));
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

    /// One request, one answer.
    async fn exchange(
        &self,
        call: &Call<'_>,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, SendError> {
        let mut request = Request::new(call.method.clone(), url.clone());
        *request.headers_mut() = call.headers.clone();
        if let Some(value) = authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        let mut sent = None;
        match &call.body {
            Body::None => {
                let empty = matches!(call.method, Method::POST | Method::PUT | Method::PATCH);
                if empty {
                    request
                        .headers_mut()
                        .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
            }
            Body::Bytes(bytes) => *request.body_mut() = Some(bytes.clone().into()),
            Body::Stream(content, length) => {
                let content = lock(content).take();
                let content = content.ok_or(SendError::Content(StoreError::Stopped))?;
                let flow = Arc::new(Flow::default());
                sent = Some(Arc::clone(&flow));
                request
                    .headers_mut()
                    .insert(CONTENT_LENGTH, HeaderValue::from(*length));
                *request.body_mut() = Some(reqwest::Body::wrap_stream(flowing(content, flow)));
            }
        }
        let client = self.clients.get(call.lane, &self.options)?;
        let answer = self
            .watched(&call.what, client.execute(request), sent.as_deref())
            .await;
        if let Some(error) = sent.and_then(|flow| lock(&flow.failed).take()) {
            // What was to be sent could not be read: the connection broke because of that.
            return Err(SendError::Content(error));
        }
        Ok(answer?)
    }

    /// Waits for an answer as long as something moves.
    async fn watched(
        &self,
        what: &str,
        answer: impl Future<Output = reqwest::Result<Response>>,
        sent: Option<&Flow>,
    ) -> Result<Response, RemoteError> {
        let mut answer = std::pin::pin!(answer);
        let mut before = 0;
        loop {
            match tokio::time::timeout(self.options.timeouts.idle, &mut answer).await {
                Ok(answer) => return answer.map_err(|error| self.broken(what, &error)),
                Err(_) => {
                    let now = sent.map_or(0, |flow| flow.bytes.load(Ordering::Relaxed));
                    if now == before {
                        return Err(self.timed_out(what));
                    }
                    before = now;
                }
            }
        }
    }

    pub(super) fn timed_out(&self, what: &str) -> RemoteError {
        RemoteError::TimedOut {
            host: self.host().to_string(),
            what: what.to_owned(),
        }
    }

    /// Why there is no answer.
    pub(super) fn broken(&self, what: &str, error: &reqwest::Error) -> RemoteError {
        let host = self.host().to_string();
        if error.is_timeout() {
            return self.timed_out(what);
        }
        let reason = root_cause(error);
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            if let Some(tls) = tls_error(error) {
                return match tls {
                    rustls::Error::InvalidMessage(_) => RemoteError::PlainHttp { host },
                    _ => RemoteError::Tls { host, reason },
                };
            }
            cause = error.source();
        }
        RemoteError::Unreachable { host, reason }
    }

    /// Sends a request to somewhere else than the registry, again while that may help.
    pub(super) async fn persist(
        &self,
        what: &str,
        lane: Lane,
        make: impl Fn() -> Request,
    ) -> Result<Response, RemoteError> {
        let client = self.clients.get(lane, &self.options)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer = self.watched(what, client.execute(make()), None).await;
            let (reason, asked) = match &answer {
                Ok(response) if is_transient(response.status()) => (
                    response.status().as_u16().to_string(),
                    retry_after(response.headers()),
                ),
                Err(error) if error.is_transient() => (error.to_string(), None),
                _ => return answer,
            };
            let Some(wait) = self.budget.wait(&self.options.retries, attempt, asked) else {
                return answer;
            };
            self.pause(what, &reason, wait).await;
        }
    }

    /// A body of at most `limit` bytes.
    pub(super) async fn small_body(
        &self,
        what: &str,
        mut response: Response,
        limit: usize,
    ) -> Result<Bytes, RemoteError> {
        let too_large = || self.malformed(what, format!("it has more than {limit} bytes"));
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large());
        }
        let read = async {
            let mut body = BytesMut::new();
            while let Some(chunk) = response
                .chunk()
                .await
                .map_err(|error| self.broken(what, &error))?
            {
                if body.len() + chunk.len() > limit {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(body.freeze())
        };
        // A document is small: what is not there by then only trickles.
        match tokio::time::timeout(self.options.timeouts.idle, read).await {
            Ok(body) => body,
            Err(_) => Err(self.timed_out(what)),
        }
    }
}

impl Body {
    fn is_repeatable(&self) -> bool {
        match self {
            Self::None | Self::Bytes(_) => true,
            Self::Stream(content, _) => lock(content).is_some(),
        }
    }
}

/// What became of a stream that is sent.
#[derive(Default)]
struct Flow {
    bytes: AtomicU64,
    failed: Mutex<Option<StoreError>>,
}

/// The bytes of `content`; an error ends the stream and is kept for the one who sends.
fn flowing(
    content: Content,
    flow: Arc<Flow>,
) -> impl futures_util::Stream<Item = Result<Bytes, Broken>> {
    stream::unfold(Some(content), move |state| {
        let flow = Arc::clone(&flow);
        async move {
            let mut content = state?;
            match content.next().await {
                Ok(Some(bytes)) => {
                    flow.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    Some((Ok(bytes), Some(content)))
                }
                Ok(None) => None,
                Err(error) => {
                    *lock(&flow.failed) = Some(error);
                    Some((Err(Broken), None))
                }
            }
        }
    })
}

/// The content ended early; why, the one who sends knows.
#[derive(Debug, thiserror::Error)]
#[error("the content could not be read")]
struct Broken;

fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    // An I/O error shows what it was made of by its own way only; its `source` is that one's source.
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    tls_error(inner)
}

/// Whether an answer means that the request failed, whoever asked.
fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 408 | 429 | 500..=599)
}

/// Whether the same request may succeed a moment later.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
