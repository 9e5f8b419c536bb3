//! One connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tofu_oci_store::User;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::ServerOptions;
use super::activity::Activity;
use super::host::Hosts;
use super::limits::Limits;
use super::offered::{Offered, ROUNDS};
use super::pace::{Paced, Pacer};
use super::recorded::{Counted, Entry, Received, Recorded};
use super::stream::Stream;
use crate::access_log::{AccessLog, AccessRecord, Ending};

/// How large a frame of HTTP/2 may be; small ones cost more than the encryption.
const FRAME: u32 = 1024 * 1024;
/// How many bytes of one request may be on their way.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// How many bytes of a connection may be on their way.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// How long the head of a request may be, in bytes.
const HEAD: u32 = 64 * 1024;

/// What all connections have in common.
pub(super) struct Connections {
    router: Router,
    hosts: Hosts,
    acceptor: Option<TlsAcceptor>,
    limits: Limits,
    log: Option<Arc<dyn AccessLog>>,
    builder: Builder<TokioExecutor>,
}

impl Connections {
    pub(super) fn new(options: ServerOptions, address: SocketAddr) -> Self {
        Self {
            router: options.router,
            hosts: match (&options.tls, address.ip().is_loopback()) {
                (_, false) => Hosts::Any,
                (Some(tls), true) => tls.hosts.clone(),
                (None, true) => Hosts::Loopback,
            },
            acceptor: options.tls.map(|tls| TlsAcceptor::from(tls.config)),
            builder: builder(&options.limits),
            limits: options.limits,
            log: options.access_log,
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        shutdown: watch::Receiver<bool>,
    ) {
        // Answers are written in large pieces; waiting for more helps nobody.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = &self.acceptor else {
            return self.http(stream, peer, shutdown).await;
        };
        let handshake = tokio::time::timeout(self.limits.head, acceptor.accept(stream));
        match handshake.await {
            Ok(Ok(stream)) => self.http(stream, peer, shutdown).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake takes too long"),
        }
    }

    async fn http<S>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        mut shutdown: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(Stream::new(stream, &self.limits));
        let activity = Arc::new(Activity::default());
        let (this, active) = (Arc::clone(&self), Arc::clone(&activity));
        let service = hyper::service::service_fn(move |request| {
            let (this, active) = (Arc::clone(&this), Arc::clone(&active));
            async move { this.answer(request, &active).await }
        });
        let mut connection = pin!(self.builder.serve_connection(io, service));
        let last = async {
            tokio::select! {
                // The server lives longer than its connections.
                _ = shutdown.wait_for(|asked| *asked) => {}
                // Over HTTP/2 a client may answer pings for ever.
                () = activity.rests(self.limits.head) => {}
            }
        };
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = last => {
                connection.as_mut().graceful_shutdown();
                // What was begun is finished, unless nobody takes it.
                let rest = tokio::time::timeout(self.limits.patience * ROUNDS, connection);
                rest.await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = result {
            // Clients come and go as they like.
            tracing::debug!(%peer, error, "connection ended");
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        activity: &Arc<Activity>,
    ) -> Result<Response<Offered>, Infallible> {
        let open = activity.begin();
        let received = Received::default();
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let pacer = Pacer::new(self.limits.patience, self.limits.pace);
        let body = Paced::new(Counted::new(body, Arc::clone(&received)), pacer);
        let record = AccessRecord {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            status: 0,
            sent: 0,
            received: 0,
            user: None,
            ending: Ending::Broken,
        };
        let response = match self.hosts.allow(parts.version, &parts.uri, &parts.headers) {
            true => {
                let request = Request::from_parts(parts, Body::new(body));
                let Ok(response) = self.router.clone().call(request).await;
                response
            }
            false => misdirected(),
        };
        let entry = self.log.as_ref().map(|log| Entry {
            log: Arc::clone(log),
            record: AccessRecord {
                status: response.status().as_u16(),
                user: response.extensions().get::<User>().cloned(),
                ..record
            },
            received,
        });
        let (parts, body) = response.into_parts();
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let body = Recorded::new(body, length, entry, open);
        let body = match version {
            Version::HTTP_2 => Offered::watched(body, &self.limits),
            _ => Offered::new(body),
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// The answer to who asks for a host that this is not, in the form of the distribution spec.
fn misdirected() -> Response {
    const BODY: &str = concat!(
        r#"{"errors":[{"code":"DENIED","message":"a server on loopback answers to the names of this machine only, "#,
        r#"such as localhost; a proxy in front of it has to ask for one of them"}]}"#,
    );
    let kind = [(CONTENT_TYPE, "application/json")];
    (StatusCode::MISDIRECTED_REQUEST, kind, BODY).into_response()
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_frame_size(FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(HEAD)
        .max_send_buf_size(FRAME as usize)
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.head);
    builder
}
