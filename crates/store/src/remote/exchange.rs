//! One request, one answer, as long as something moves.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use reqwest::{Method, Request, Response};
use url::Url;

use super::client::{Lane, root_cause};
use super::content::{Body, Flow, flowing, sliced};
use super::error::{Answer, RemoteError};
use super::registry::Registry;
use super::retry::{is_transient, retry_after};
use super::send::{Call, SendError};
use super::target::same_origin;
use crate::blocking::lock;
use crate::error::StoreError;

/// Bytes in memory of at least this number are watched while they are sent: a slow line takes a while for them.
const SLICED: usize = 256 * 1024;

impl Registry {
    /// One request, one answer.
    pub(super) async fn exchange(
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
            Body::Bytes(bytes) if bytes.len() < SLICED => {
                *request.body_mut() = Some(bytes.clone().into());
            }
            Body::Bytes(bytes) => {
                let flow = Arc::new(Flow::default());
                sent = Some(Arc::clone(&flow));
                request
                    .headers_mut()
                    .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                *request.body_mut() = Some(reqwest::Body::wrap_stream(sliced(bytes.clone(), flow)));
            }
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
        if let Some(error) = sent.and_then(|flow| flow.failure()) {
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
                    let now = sent.map_or(0, Flow::bytes);
                    // Who reads slowly is not a registry that takes nothing.
                    if now == before && !sent.is_some_and(Flow::is_reading) {
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
        let host = self.host_of(error);
        if error.is_timeout() {
            return self.timed_out(what);
        }
        // The outermost error shows the URL, whose query may hold a secret.
        let reason = match std::error::Error::source(error) {
            Some(cause) => root_cause(cause),
            None => "the connection failed".to_owned(),
        };
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

    /// Who it was that could not be reached: a redirect or a token endpoint may lead to others.
    fn host_of(&self, error: &reqwest::Error) -> String {
        let elsewhere = error.url().filter(|url| {
            let base = self.base();
            base.is_ok_and(|base| !same_origin(&base, url))
        });
        let host = elsewhere.and_then(Url::host_str);
        match (host, elsewhere.and_then(Url::port)) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => self.host().to_string(),
        }
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

    /// What a body says that is no success.
    pub(super) async fn read_answer(&self, response: Response) -> Answer {
        Answer::read(response, self.options.timeouts.idle).await
    }

    /// A body of at most `limit` bytes.
    pub(super) async fn small_body(
        &self,
        what: &str,
        response: &mut Response,
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

fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    // An I/O error shows what it was made of by its own way only; its `source` is that one's source.
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    tls_error(inner)
}
