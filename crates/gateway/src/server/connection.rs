//! One connection.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tofu_oci_store::User;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::ServerOptions;
use super::activity::{Activity, Open};
use super::host::Hosts;
use super::limits::Limits;
use super::offered::{Offered, ROUNDS};
use super::pace::{Paced, Pacer};
use super::protocol::Protocol;
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

/// How many connections may ask at once over HTTP/1.1. A connection has buffers from the first byte of a request to the
/// end of the answer: when a thousand clients ask in the same moment, they are read one after the other.
const TURNS: usize = 64;
/// How long the others wait for a request that takes longer to answer; a thousand small ones are answered meanwhile.
const TURN: Duration = Duration::from_millis(250);
/// How many connections may keep their buffers until they end. Where there are more, the others have none while their
/// clients ask nothing.
const SEATS: usize = 64;

/// What all connections have in common.
pub(super) struct Connections {
    router: Router,
    hosts: Hosts,
    acceptor: Option<TlsAcceptor>,
    limits: Limits,
    log: Option<Arc<dyn AccessLog>>,
    /// Who may ask.
    turns: Arc<Semaphore>,
    /// Who keeps what it needs between two requests.
    seats: Arc<Semaphore>,
    /// Which requests are answered.
    places: Arc<Semaphore>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// What a connection does between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// It keeps its buffers: the next request is answered a little faster.
    Stays,
    /// It gives them back.
    Rests,
}

/// Whether the server is to end.
pub(super) type Shutdown = watch::Receiver<bool>;

/// What HTTP is spoken over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for S {}

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
            turns: Arc::new(Semaphore::new(TURNS)),
            seats: Arc::new(Semaphore::new(SEATS)),
            places: Arc::new(Semaphore::new(options.limits.requests)),
            http1: http1(&options.limits),
            http2: http2(&options.limits),
            limits: options.limits,
            log: options.access_log,
        }
    }

    /// Serves a connection to its end.
    ///
    /// What few connections need lies in boxes: it would make all of them larger.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        mut shutdown: Shutdown,
    ) {
        // Answers are written in large pieces; waiting for more helps nobody.
        let _ = stream.set_nodelay(true);
        if self.acceptor.is_some() {
            return Box::pin(self.encrypted(stream, peer, shutdown)).await;
        }
        let protocol = tokio::select! {
            protocol = tokio::time::timeout(self.limits.head, Protocol::spoken(&stream)) => protocol,
            () = asked(&mut shutdown) => return,
        };
        match protocol {
            Ok(Ok(Some(Protocol::Http1))) => self.http1(stream, peer, shutdown).await,
            Ok(Ok(Some(Protocol::Http2))) => Box::pin(self.http2(stream, peer, shutdown)).await,
            Ok(Ok(None)) | Err(_) => tracing::debug!(%peer, "the client says nothing"),
            Ok(Err(error)) => tracing::debug!(%peer, %error, "connection ended"),
        }
    }

    async fn encrypted(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, shutdown: Shutdown) {
        let Some(acceptor) = &self.acceptor else {
            return;
        };
        // Most of what it needs is of no use afterwards; the rest is large, and moved around.
        let handshake = Box::pin(async { acceptor.accept(stream).await.map(Box::new) });
        match tokio::time::timeout(self.limits.head, handshake).await {
            Ok(Ok(stream)) => match Protocol::agreed(stream.get_ref().1.alpn_protocol()) {
                Protocol::Http1 => self.http1(stream, peer, shutdown).await,
                Protocol::Http2 => Box::pin(self.http2(stream, peer, shutdown)).await,
            },
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake takes too long"),
        }
    }

    /// Serves HTTP/1.1. Until its client asks, a connection has no buffers; nor has it between two requests, unless it
    /// has a seat.
    async fn http1<S: Transport>(
        self: &Arc<Self>,
        stream: S,
        peer: SocketAddr,
        mut shutdown: Shutdown,
    ) {
        let activity = Arc::new(Activity::default());
        let mut stream = Stream::new(stream, &self.limits, &activity);
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok();
        let between = match &seat {
            Some(_) => Between::Stays,
            None => Between::Rests,
        };
        loop {
            let spoken = tokio::select! {
                spoken = tokio::time::timeout(self.limits.head, stream.speaks()) => spoken,
                () = asked(&mut shutdown) => break,
            };
            match spoken {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) | Err(_) => break,
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "connection ended");
                    return;
                }
            }
            // Apart, so that it can be given back.
            let answered = self.answered(stream, between, &activity, peer, &mut shutdown);
            stream = match Box::pin(answered).await {
                Some(stream) => stream,
                None => return,
            };
        }
        // The client may be gone.
        let _ = stream.shutdown().await;
    }

    /// Answers requests until the connection ends, or rests: then it is given back.
    async fn answered<S: Transport>(
        self: &Arc<Self>,
        stream: Stream<S>,
        between: Between,
        activity: &Arc<Activity>,
        peer: SocketAddr,
        shutdown: &mut Shutdown,
    ) -> Option<Stream<S>> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        activity.begin_turn(turn.ok());
        let passed = async {
            tokio::time::sleep(TURN).await;
            activity.end_turn();
            std::future::pending().await
        };
        let before = activity.requests();
        let rests =
            || between == Between::Rests && activity.requests() > before && activity.is_done();
        let io = TokioIo::new(stream);
        let mut connection = Some(self.http1.serve_connection(io, self.service(activity)));
        let (mut end, mut ends) = (pin!(asked(shutdown)), false);
        let answered = poll_fn(|cx| {
            let Some(running) = &mut connection else {
                return Poll::Ready(None);
            };
            if !ends && end.as_mut().poll(cx).is_ready() {
                ends = true;
                Pin::new(&mut *running).graceful_shutdown();
            }
            match Pin::new(running).poll(cx) {
                Poll::Ready(result) => {
                    told(peer, result);
                    Poll::Ready(None)
                }
                // It waits for the head of the next request, of which it may have a part.
                Poll::Pending if !ends && rests() => Poll::Ready(connection.take()),
                Poll::Pending => Poll::Pending,
            }
        });
        let connection = tokio::select! {
            connection = answered => connection,
            connection = passed => connection,
        };
        let parts = connection?.into_parts();
        Some(parts.io.into_inner().with_held(&parts.read_buf))
    }

    async fn http2<S: Transport>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        mut shutdown: Shutdown,
    ) {
        let activity = Arc::new(Activity::default());
        let io = TokioIo::new(Stream::new(stream, &self.limits, &activity));
        let connection = self.http2.serve_connection(io, self.service(&activity));
        let mut connection = pin!(connection);
        let last = async {
            tokio::select! {
                () = asked(&mut shutdown) => {}
                // A client may answer pings for ever.
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
        told(peer, result);
    }

    /// What answers the requests of a connection.
    fn service(
        self: &Arc<Self>,
        activity: &Arc<Activity>,
    ) -> impl HttpService<Incoming, ResBody = Offered, Error = Infallible, Future: Send + 'static>
    + Unpin
    + use<> {
        let (this, activity) = (Arc::clone(self), Arc::clone(activity));
        hyper::service::service_fn(move |request| {
            let (this, open) = (Arc::clone(&this), activity.begin());
            async move { this.answer(request, open).await }
        })
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        mut open: Open,
    ) -> Result<Response<Offered>, Infallible> {
        let received = Received::default();
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let pacer = Pacer::new(self.limits.patience, self.limits.pace);
        let body = Paced::new(Counted::new(body, Arc::clone(&received), &open), pacer);
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
        let allowed = self.hosts.allow(parts.version, &parts.uri, &parts.headers);
        let response = match (allowed, Arc::clone(&self.places).try_acquire_owned()) {
            (true, Ok(place)) => {
                open.set_place(place);
                let request = Request::from_parts(parts, Body::new(body));
                let Ok(response) = self.router.clone().call(request).await;
                response
            }
            (true, Err(_)) => busy(),
            (false, _) => misdirected(),
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

/// The answer where too many others are answered, in the form of the distribution spec.
fn busy() -> Response {
    const BODY: &str =
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests at once"}]}"#;
    let headers = [(CONTENT_TYPE, "application/json"), (RETRY_AFTER, "1")];
    (StatusCode::TOO_MANY_REQUESTS, headers, BODY).into_response()
}

/// Tells how a connection ended: clients come and go as they like.
fn told(peer: SocketAddr, result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Ready when the server is to end, which lives longer than its connections.
async fn asked(shutdown: &mut Shutdown) {
    let _ = shutdown.wait_for(|asked| *asked).await;
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .half_close(false);
    builder
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
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

#[cfg(test)]
mod tests;
