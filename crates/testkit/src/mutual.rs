//! A registry that asks who connects for a certificate.

use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::Registry;

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct CertifiedKey {
    /// The certificate, which is its own authority.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// What stands before a registry in this process, speaks TLS, and lets pass who shows one certificate.
#[derive(Debug)]
pub struct MutualTls {
    host: String,
    server: CertifiedKey,
    client: CertifiedKey,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MutualTls {
    /// Before `registry`, which must live longer.
    pub fn before(registry: &Registry) -> Self {
        let (server, server_chain, server_key) = made();
        let (client, client_chain, _) = made();
        let provider = Arc::new(default_provider());
        let mut known = rustls::RootCertStore::empty();
        known.add(client_chain).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(known), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![server_chain], server_key)
            .unwrap();
        let to = registry.host().to_owned();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = accept(&listener, TlsAcceptor::from(Arc::new(config)), to) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            host: address.recv().unwrap().to_string(),
            server,
            client,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The host, with its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What it shows.
    pub fn server(&self) -> &CertifiedKey {
        &self.server
    }

    /// What it wants to see.
    pub fn client(&self) -> &CertifiedKey {
        &self.client
    }
}

impl Drop for MutualTls {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A certificate of 127.0.0.1.
fn made() -> (
    CertifiedKey,
    CertificateDer<'static>,
    PrivateKeyDer<'static>,
) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = CertifiedKey {
        certificate: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    };
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    (pem, made.cert.der().clone(), key)
}

/// Hands every connection that passes on to `to`.
async fn accept(listener: &TcpListener, acceptor: TlsAcceptor, to: String) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            let mut inside = match acceptor.accept(stream).into_fallible().await {
                Ok(inside) => inside,
                Err((_, mut stream)) => {
                    // Who shows no certificate, or another, was told so by TLS. That gets lost where the
                    // connection is closed on what has come meanwhile.
                    let _ = stream.shutdown().await;
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                    return;
                }
            };
            if let Ok(mut registry) = TcpStream::connect(&to).await {
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut registry).await;
            }
        });
    }
}
