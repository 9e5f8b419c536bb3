//! A registry on loopback, for as long as a test needs it.

use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use tofu_oci_gateway::{Distribution, MemoryLog, Server, ServerOptions, Tls, VersionTags};
use tofu_oci_store::{MemoryStorage, Storage};
use tokio::sync::oneshot;

use crate::Quirks;

/// A registry that runs on its own threads until it is dropped.
#[derive(Debug)]
pub struct Registry {
    host: String,
    log: MemoryLog,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Registry {
    /// An empty registry in memory, in which everybody may do everything.
    pub fn new() -> Self {
        Self::over(Arc::new(MemoryStorage::new()))
    }

    /// The embedded registry over a storage, in which everybody may do everything.
    pub fn over(storage: Arc<dyn Storage>) -> Self {
        Self::serving(Distribution::new(storage).router())
    }

    /// An empty registry in memory with `quirks`, in which everybody may do everything, with versions, too.
    pub fn with_quirks(quirks: &Quirks) -> Self {
        let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
        let distribution = distribution.with_version_tags(VersionTags::Mutable);
        Self::serving(quirks.around(distribution.router()))
    }

    /// Whatever answers requests.
    pub fn serving(router: Router) -> Self {
        Self::start(ServerOptions::new(router))
    }

    /// Whatever answers requests, over TLS.
    pub fn encrypted(router: Router, tls: Tls) -> Self {
        Self::start(ServerOptions {
            tls: Some(tls),
            ..ServerOptions::new(router)
        })
    }

    /// Whatever answers requests, over TLS, and the PEM file of the certificate that it has made for itself.
    pub fn self_signed(router: Router) -> (Self, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = made.cert.pem().into_bytes();
        let key = made.signing_key.serialize_pem().into_bytes();
        let tls = Tls::from_pem(&certificate, &key).unwrap();
        (Self::encrypted(router, tls), certificate)
    }

    /// A server as `options` say; its requests are counted.
    pub fn start(options: ServerOptions) -> Self {
        let log = MemoryLog::new();
        let options = ServerOptions {
            access_log: Some(Arc::new(log.clone())),
            ..options
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let server = Server::bind(options).await.unwrap();
                tell.send(server.address()).unwrap();
                // Clients that keep a connection would keep us: what is dropped is not waited for.
                tokio::select! {
                    () = server.serve(std::future::pending()) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            host: address.recv().unwrap().to_string(),
            log,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The host, with its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme and host: `http://127.0.0.1:PORT`. Of a registry over TLS only the host is right.
    pub fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// The requests since this was asked the last time: method, path and status, in the order in which they
    /// were answered.
    pub fn requests(&self) -> Vec<String> {
        let records = self.log.take();
        records
            .iter()
            .map(|record| format!("{} {} {}", record.method, record.path, record.status))
            .collect()
    }

    /// What the requests came to, with everything that is known about them.
    pub fn log(&self) -> &MemoryLog {
        &self.log
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server that panicked has said so.
            let _ = thread.join();
        }
    }
}
