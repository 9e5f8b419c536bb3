//! Connections: encryption, limits of time and size, the end of a server, the log.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use support::{blob, storage, uploads};
use tempfile::TempDir;
use tofu_oci_gateway::access::Htpasswd;
use tofu_oci_gateway::access_log::Ending;
use tofu_oci_gateway::{
    Access, AccessOptions, Anonymous, Distribution, Exposure, Limits, LocalAuthority, MemoryLog,
    Server, ServerOptions, Tls,
};
use tofu_oci_store::files::Sync;
use tofu_oci_store::{Files, MemoryStorage, User};
use tofu_oci_types::oci::Digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until it is told to end.
struct Running {
    address: SocketAddr,
    log: MemoryLog,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(access: Access, limits: Limits, tls: Option<Tls>) -> Self {
        let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
        Self::over(distribution.with_access(access), limits, tls).await
    }

    async fn over(distribution: Distribution, limits: Limits, tls: Option<Tls>) -> Self {
        let log = MemoryLog::new();
        let options = ServerOptions {
            limits,
            tls,
            access_log: Some(Arc::new(log.clone())),
            ..ServerOptions::new(distribution.router())
        };
        let server = Server::bind(options).await.unwrap();
        let address = server.address();
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(server.serve(async {
            let _ = ended.await;
        }));
        Self {
            address,
            log,
            end,
            task,
        }
    }

    async fn plain() -> Self {
        Self::start(Access::open(), Limits::default(), None).await
    }

    async fn with_limits(limits: Limits) -> Self {
        Self::start(Access::open(), limits, None).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` on a connection of its own and reads what comes until that is closed.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    /// How an answer with content ended, told when the server is done with it or gave up.
    async fn ending_of_get(&self) -> Ending {
        loop {
            let told = self.log.take();
            if let Some(record) = told.iter().find(|record| record.method == "GET") {
                return record.ending;
            }
            tokio::task::yield_now().await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn short() -> Limits {
    Limits {
        head: Duration::from_millis(200),
        patience: Duration::from_millis(200),
        ..Limits::default()
    }
}

#[tokio::test]
async fn the_log_has_every_request_before_its_answer_is_read() {
    let server = Running::plain().await;
    let client = reqwest::Client::new();
    let digest = Digest::of(b"content");
    let path = uploads("a");
    let reply = client
        .post(server.url(&format!("{path}?digest={digest}")))
        .body("content");
    assert_eq!(reply.send().await.unwrap().status(), 201);
    for (method, status) in [("GET", 200), ("HEAD", 200)] {
        let method: reqwest::Method = method.parse().unwrap();
        let reply = client
            .request(method, server.url(&blob("a", &digest)))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), status);
        let _ = reply.bytes().await.unwrap();
    }
    let told = server.log.take();
    let told: Vec<_> = told
        .iter()
        .map(|r| (r.method.as_str(), r.status, r.received, r.sent, r.ending))
        .collect();
    assert_eq!(
        told,
        [
            ("POST", 201, 7, 0, Ending::Complete),
            ("GET", 200, 0, 7, Ending::Complete),
            ("HEAD", 200, 0, 0, Ending::Complete),
        ]
    );
}

#[tokio::test]
async fn a_name_that_points_here_from_elsewhere() {
    let server = Running::plain().await;
    for (host, expected) in [
        ("localhost", "200"),
        ("127.0.0.1:5000", "200"),
        ("evil.example", "421"),
    ] {
        let request = format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = server.exchange(&request).await;
        assert_eq!(status(&answer), expected, "{host}");
        let told = answer.contains(r#"{"errors":[{"code":"DENIED","message":"#);
        assert_eq!(told, expected == "421", "{answer}");
    }
}

#[tokio::test]
async fn heads_that_are_too_large_or_none() {
    let server = Running::plain().await;
    let large = "x".repeat(1024 * 1024);
    let many: String = (0..500).map(|n| format!("X-{n}: y\r\n")).collect();
    for (head, expected) in [
        (format!("GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: {large}\r\n\r\n"), "431"),
        (format!("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), "431"),
        (format!("GET /{large} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "414 431 "),
        ("BREW\r\n\r\n".to_owned(), "400"),
        ("GET /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n".to_owned(), "400"),
        (
            "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                .to_owned(),
            "421",
        ),
    ] {
        let answer = server.exchange(&head).await;
        let found = status(&answer);
        assert!(expected.contains(found) && !found.is_empty(), "{expected}: {answer}");
    }
    // It still answers.
    assert_eq!(
        reqwest::get(server.url("/v2/")).await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn whoever_says_nothing_is_left() {
    let server = Running::with_limits(short()).await;
    for begin in [
        "",
        "P",
        "PRI * HTTP/2",
        "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: ",
    ] {
        // Ends because the server closes.
        let _ = server.exchange(begin).await;
    }
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_although_pings_are_answered() {
    let server = Running::with_limits(short()).await;
    let mut stream = server.connect().await;
    // The preface of HTTP/2, and settings of none.
    let begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(begin).await.unwrap();
    let (mut head, mut pings, mut left) = ([0; 9], 0, false);
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.unwrap();
        let (kind, acknowledges) = (head[3], head[4] & 1 == 1);
        if kind == 6 && !acknowledges {
            pings += 1;
            let answer = [b"\0\0\x08\x06\x01\0\0\0\0", &payload[..]].concat();
            // It may be closed meanwhile.
            let _ = stream.write_all(&answer).await;
        }
        left |= kind == 7;
    }
    assert!(pings > 0 && left, "{pings} pings, told: {left}");
}

#[tokio::test]
async fn a_body_has_to_move() {
    let server = Running::with_limits(short()).await;
    let digest = Digest::of(b"");
    let request = format!(
        "POST {}?digest={digest} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nslow",
        uploads("a")
    );
    let answer = server.exchange(&request).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("BLOB_UPLOAD_INVALID"), "{answer}");
}

#[tokio::test]
async fn whoever_does_not_take_what_is_sent_is_left() {
    let dir = TempDir::new().unwrap();
    // From a disk it comes in pieces.
    let storage = Arc::new(storage(dir.path(), &Files::new().with_sync(Sync::Off)));
    let server = Running::over(Distribution::new(storage), short(), None).await;
    let content = vec![7; 64 * 1024 * 1024];
    let digest = Digest::of(&content);
    let client = reqwest::Client::new();
    let url = server.url(&format!("{}?digest={digest}", uploads("a")));
    assert_eq!(
        client
            .post(url)
            .body(content)
            .send()
            .await
            .unwrap()
            .status(),
        201
    );
    let mut stream = server.connect().await;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        blob("a", &digest)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(server.ending_of_get().await, Ending::Broken);
    // Over HTTP/2 the connection is well, and answers what else it is asked.
    let shared = reqwest::Client::builder()
        .http2_prior_knowledge()
        .http2_initial_stream_window_size(64 * 1024)
        .build()
        .unwrap();
    let held = shared.get(server.url(&blob("a", &digest)));
    let held = held.send().await.unwrap();
    assert_eq!(server.ending_of_get().await, Ending::Broken);
    let root = shared.get(server.url("/v2/")).send().await.unwrap();
    assert_eq!(root.status(), 200);
    // What had arrived is still there, and what follows cannot be taken for the end.
    assert!(held.bytes().await.is_err());
}

#[tokio::test]
async fn a_refusal_can_be_read_although_the_body_was_not() {
    let options = AccessOptions {
        anonymous: Some(Anonymous::Read),
        ..AccessOptions::default()
    };
    let access = Access::new(options, Exposure::Plain).unwrap();
    let server = Running::start(access, Limits::default(), None).await;
    let client = reqwest::Client::new();
    let url = server.url(&format!("{}?digest={}", uploads("a"), Digest::of(b"")));
    for _ in 0..5 {
        let reply = client
            .post(&url)
            .body(vec![0; 4 * 1024 * 1024])
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 403);
    }
}

#[tokio::test]
async fn running_requests_are_finished() {
    let server = Running::plain().await;
    let digest = Digest::of(b"0123456789");
    let mut stream = server.connect().await;
    let head = format!(
        "POST {}?digest={digest} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        uploads("a")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go = [0; 25];
    stream.read_exact(&mut go).await.unwrap();
    assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.end.send(()).unwrap();
    // Nobody else is let in.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"0123456789").await.unwrap();
    let answer = rest(&mut stream).await;
    assert_eq!(status(&answer), "201", "{answer}");
    server.task.await.unwrap();
}

#[tokio::test]
async fn but_not_for_ever() {
    let limits = Limits {
        shutdown: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Running::with_limits(limits).await;
    let mut stream = server.connect().await;
    let head = format!(
        "POST {}?digest={} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        uploads("a"),
        Digest::of(b"")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go = [0; 25];
    stream.read_exact(&mut go).await.unwrap();
    server.end.send(()).unwrap();
    server.task.await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = Running::with_limits(limits).await;
    let request = "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(request.as_bytes()).await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(request.as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), second.read(&mut byte)).await;
    assert!(early.is_err());
    drop(first);
    second.read_exact(&mut byte).await.unwrap();
}

fn authority(dir: &Path) -> LocalAuthority {
    let names = ["registry.localhost".parse().unwrap()];
    #[allow(clippy::disallowed_methods, reason = "a client looks at the time, too")]
    let clock = Arc::new(SystemTime::now);
    LocalAuthority::open(&Files::new(), dir, &names, clock).unwrap()
}

fn trusting(dir: &Path) -> reqwest::ClientBuilder {
    let pem = std::fs::read(dir.join("ca.pem")).unwrap();
    let root = reqwest::Certificate::from_pem(&pem).unwrap();
    reqwest::Client::builder().tls_certs_only([root])
}

#[tokio::test]
async fn encrypted() {
    let dir = TempDir::new().unwrap();
    let tls = Tls::local(authority(dir.path())).unwrap();
    let server = Running::start(Access::open(), Limits::default(), Some(tls)).await;
    let port = server.address.port();
    let trusting = |dir| trusting(dir).resolve("registry.localhost", server.address);
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let digest = Digest::of(&content);
    for (client, version) in [
        (trusting(dir.path()), reqwest::Version::HTTP_2),
        (trusting(dir.path()).http1_only(), reqwest::Version::HTTP_11),
    ] {
        let client = client.build().unwrap();
        let base = format!("https://127.0.0.1:{port}");
        let url = format!("{base}{}?digest={digest}", uploads("a"));
        let reply = client.post(url).body(content.clone()).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), reply.version()), (201, version));
        let reply = client
            .get(format!("{base}{}", blob("a", &digest)))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.bytes().await.unwrap(), content);
        let head = client
            .head(format!("{base}{}", blob("a", &digest)))
            .send()
            .await
            .unwrap();
        assert_eq!(head.headers()["content-length"], "3000000");
        let named = client.get(format!("https://registry.localhost:{port}/v2/"));
        assert_eq!(named.send().await.unwrap().status(), 200);
        let foreign = client
            .get(format!("{base}/v2/"))
            .header("host", "evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 421, "{version:?}");
    }
    // Somebody who does not speak TLS.
    let answer = server
        .exchange("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(!answer.contains("200"), "{answer}");
    let stranger = reqwest::Client::new();
    assert!(
        stranger
            .get(format!("https://127.0.0.1:{port}/v2/"))
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn logins() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let text = format!("alice:{hash}\nrob:{hash}\n");
    let options = |anonymous| AccessOptions {
        users: Some(Htpasswd::parse(&text).unwrap()),
        readers: vec!["rob".to_owned()],
        anonymous,
    };
    let client = reqwest::Client::new();
    let challenge = "Basic realm=\"registry\", charset=\"UTF-8\"";
    for anonymous in [None, Some(Anonymous::Read)] {
        let access = Access::new(options(anonymous), Exposure::Loopback).unwrap();
        let server = Running::start(access, Limits::default(), None).await;
        let url = server.url(&format!("{}?digest={}", uploads("a"), Digest::of(b"x")));
        let push = |user: Option<&str>| {
            let request = client.post(&url).body("x");
            match user {
                Some(user) => request.basic_auth(user, Some("secret")),
                None => request,
            }
        };
        let reply = client.get(server.url("/v2/")).send().await.unwrap();
        assert_eq!(reply.status(), if anonymous.is_some() { 200 } else { 401 });
        // Told in either case: some clients log in only where the first answer says so.
        assert_eq!(reply.headers()["www-authenticate"], challenge);
        let wrong = client
            .get(server.url("/v2/"))
            .basic_auth("alice", Some("wrong"));
        assert_eq!(wrong.send().await.unwrap().status(), 401);

        let reply = push(None).send().await.unwrap();
        assert_eq!(reply.status(), 401);
        assert!(reply.text().await.unwrap().contains("UNAUTHORIZED"));
        let reply = push(Some("rob")).send().await.unwrap();
        assert_eq!(reply.status(), 403);
        assert!(reply.text().await.unwrap().contains("DENIED"));
        assert_eq!(push(Some("alice")).send().await.unwrap().status(), 201);
        let read = client.get(server.url(&blob("a", &Digest::of(b"x"))));
        let read = read.basic_auth("rob", Some("secret")).send().await.unwrap();
        assert_eq!(read.text().await.unwrap(), "x");
        assert_eq!(
            reqwest::get(server.url("/healthz")).await.unwrap().status(),
            200
        );
        let users: Vec<_> = server
            .log
            .take()
            .into_iter()
            .map(|record| record.user)
            .collect();
        let named = |name: &str| Some(User::Named(name.into()));
        assert_eq!(users[3..6], [named("rob"), named("alice"), named("rob")]);
        assert_eq!(users.last(), Some(&None));
    }
}
