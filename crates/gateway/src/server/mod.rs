//! Accepts connections for a router.
//!
//! ```text
//! listener ─► connection limit ─► TLS ─► HTTP/1.1 or HTTP/2 ─► Host check ─► router
//!                 time limits on handshake, head, body, answer │            └► access log
//! ```

mod activity;
mod connection;
mod error;
mod host;
mod limits;
mod offered;
mod pace;
mod protocol;
mod recorded;
mod stream;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::access_log::AccessLog;
use connection::Connections;

pub use error::ServerError;
pub use limits::Limits;
pub(crate) use pace::TooSlow;
pub use tls::{Clock, LocalAuthority, Tls, TlsError, TlsName};

/// What a server is made of.
pub struct ServerOptions {
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// How the server proves who it is; `None` serves in the clear.
    pub tls: Option<Tls>,
    /// What answers.
    pub router: Router,
    /// How much of everything there may be.
    pub limits: Limits,
    /// Who is told of every request.
    pub access_log: Option<Arc<dyn AccessLog>>,
}

impl ServerOptions {
    /// A server on a free port of `127.0.0.1`, in the clear and without an access log.
    pub fn new(router: Router) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            router,
            limits: Limits::default(),
            access_log: None,
        }
    }
}

/// A server that listens. From [`bind`](Self::bind) on clients can connect; they are answered by
/// [`serve`](Self::serve).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    connections: Connections,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// [`ServerError`] where the address cannot be had.
    pub async fn bind(options: ServerOptions) -> Result<Self, ServerError> {
        let listen = options.listen;
        let failed = |source| ServerError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            limits: options.limits,
            connections: Connections::new(options, address),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is ready; then takes no more connections, finishes the requests that are running
    /// as long as the limits allow, and returns.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        /// How long to wait when the system has no more files to give.
        const PAUSE: Duration = Duration::from_millis(50);
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let connections = Arc::new(self.connections);
        let (end, ending) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accept = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (self.listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                accepted = accept => accepted,
                () = &mut shutdown => break,
            };
            while tasks.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer)) => {
                    let connections = Arc::clone(&connections);
                    let ending = ending.clone();
                    tasks.spawn(async move {
                        connections.serve(stream, peer, ending).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        // Nobody may be left to hear of it.
        let _ = end.send(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        let finished = tokio::time::timeout(self.limits.shutdown, all).await;
        if finished.is_err() {
            tracing::warn!("requests that were still running are cut off");
        }
        tasks.shutdown().await;
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
