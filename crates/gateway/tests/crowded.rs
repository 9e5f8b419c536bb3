//! More connections than keep their buffers between two requests, and more requests than are answered at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tofu_oci_gateway::{Distribution, Limits, LocalAuthority, Server, ServerOptions, Tls};
use tofu_oci_store::{Files, MemoryStorage};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const CLIENTS: usize = 100;
const ROUNDS: usize = 3;

async fn serve(limits: Limits, tls: Option<Tls>) -> std::net::SocketAddr {
    let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
    let options = ServerOptions {
        limits,
        tls,
        ..ServerOptions::new(distribution.router())
    };
    let server = Server::bind(options).await.unwrap();
    let address = server.address();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// A request in two parts; `None` when the connection was closed, or is about to be.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<()> {
    for part in ["GET /v2/ HT", "TP/1.1\r\nHost: localhost\r\n\r\n"] {
        stream.write_all(part.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        tokio::task::yield_now().await;
    }
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-length: 2\r\n"), "{head}");
    let mut body = [0; 2];
    tokio::io::AsyncReadExt::read_exact(stream, &mut body)
        .await
        .ok()?;
    (!head.contains("connection: close")).then_some(())
}

async fn all_stay<S: AsyncRead + AsyncWrite + Unpin>(streams: Vec<S>) {
    let mut streams: Vec<_> = streams.into_iter().map(BufStream::new).collect();
    for round in 0..ROUNDS {
        let answers = futures_util::future::join_all(streams.iter_mut().map(ask)).await;
        let stayed = answers.into_iter().flatten().count();
        assert_eq!(stayed, CLIENTS, "in round {round}");
    }
}

#[tokio::test]
async fn connections_stay() {
    let address = serve(Limits::default(), None).await;
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    all_stay(streams).await;
}

#[tokio::test]
async fn encrypted_connections_stay() {
    let dir = TempDir::new().unwrap();
    let names = ["localhost".parse().unwrap()];
    #[allow(clippy::disallowed_methods, reason = "a client looks at the time, too")]
    let clock = Arc::new(std::time::SystemTime::now);
    let authority = LocalAuthority::open(&Files::new(), dir.path(), &names, clock).unwrap();
    let tls = Tls::local(authority).unwrap();
    let address = serve(Limits::default(), Some(tls)).await;
    let mut roots = RootCertStore::empty();
    let pem = dir.path().join("ca.pem");
    roots
        .add(CertificateDer::from_pem_file(pem).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        streams.push(connector.connect(name, stream).await.unwrap());
    }
    all_stay(streams).await;
}

#[tokio::test]
async fn but_not_when_nobody_asks() {
    let limits = Limits {
        head: Duration::from_millis(200),
        ..Limits::default()
    };
    let address = serve(limits, None).await;
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        let stream = TcpStream::connect(address).await.unwrap();
        streams.push(BufStream::new(stream));
    }
    let answers = futures_util::future::join_all(streams.iter_mut().map(ask)).await;
    assert_eq!(answers.into_iter().flatten().count(), CLIENTS);
    for stream in &mut streams {
        // Ends because the server closes.
        assert_eq!(stream.fill_buf().await.unwrap(), b"");
    }
}

/// Reads the head of an answer.
async fn head(stream: &mut BufStream<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).await.unwrap() > 0, "{head}");
    }
    head.to_ascii_lowercase()
}

#[tokio::test]
async fn requests_that_are_too_many_are_refused() {
    let limits = Limits {
        requests: 1,
        ..Limits::default()
    };
    let address = serve(limits, None).await;
    let connect = async || BufStream::new(TcpStream::connect(address).await.unwrap());
    let mut first = connect().await;
    let digest = tofu_oci_types::oci::Digest::of(b"content");
    let put = format!(
        "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n"
    );
    first.write_all(put.as_bytes()).await.unwrap();
    first.flush().await.unwrap();
    assert!(head(&mut first).await.starts_with("http/1.1 100"));
    let get = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for (expected, retry) in [("http/1.1 429", true), ("http/1.1 200", false)] {
        let mut other = connect().await;
        other.write_all(get).await.unwrap();
        other.flush().await.unwrap();
        let told = head(&mut other).await;
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(told.contains("retry-after: 1\r\n"), retry, "{told}");
        if retry {
            first.write_all(b"content").await.unwrap();
            first.flush().await.unwrap();
            assert!(head(&mut first).await.starts_with("http/1.1 201"));
        }
    }
}
