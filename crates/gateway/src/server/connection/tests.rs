use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, DuplexStream};

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn connections() -> Arc<Connections> {
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/read", post(async |body: String| body))
        .route("/refused", post(async || StatusCode::FORBIDDEN));
    let options = ServerOptions::new(router);
    let address = options.listen;
    Arc::new(Connections::new(options, address))
}

/// What becomes of a connection whose client asks, and ends when nothing happens any more.
struct Outcome {
    answers: String,
    /// What is left to be read, where the connection was given back.
    rest: Option<String>,
}

impl Outcome {
    /// The client takes `room` bytes at a time.
    async fn of(sent: &str, between: Between, room: usize) -> Self {
        let connections = connections();
        let (client, server) = tokio::io::duplex(room);
        let (mut answers, mut requests) = tokio::io::split(client);
        let activity = Arc::default();
        let stream = Stream::new(server, &connections.limits, &activity);
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let (_end, mut shutdown) = watch::channel(false);
        let served = async {
            let stream = connections
                .answered(stream, between, &activity, peer, &mut shutdown)
                .await?;
            Some(left(stream).await)
        };
        let asked = async {
            // It may be refused before all of it was read.
            let _ = requests.write_all(sent.as_bytes()).await;
            // Time passes when everybody waits.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = requests.shutdown().await;
        };
        let read = async {
            let mut text = String::new();
            answers.read_to_string(&mut text).await.unwrap();
            text
        };
        let (rest, (), answers) = tokio::join!(served, asked, read);
        Self { answers, rest }
    }

    async fn resting(sent: &str) -> Self {
        Self::of(sent, Between::Rests, 64 * 1024).await
    }

    fn statuses(&self) -> Vec<&str> {
        let heads = self.answers.split("HTTP/1.").skip(1);
        heads.filter_map(|head| head.get(2..5)).collect()
    }
}

async fn left(mut stream: Stream<DuplexStream>) -> String {
    let mut text = String::new();
    while stream.speaks().await.unwrap() {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        text.push(byte[0].into());
    }
    text
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_when_its_requests_are_answered() {
    let read = "POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nfour";
    let chunked = "POST /read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n";
    for (sent, expected) in [
        (GET.to_owned(), vec!["200"]),
        (read.to_owned(), vec!["200"]),
        (chunked.to_owned(), vec!["200"]),
        (format!("{GET}{read}{chunked}{GET}"), vec!["200"; 4]),
        (GET.replace("GET", "HEAD"), vec!["200"]),
    ] {
        let outcome = Outcome::resting(&sent).await;
        assert_eq!(outcome.statuses(), expected, "{sent}");
        assert_eq!(outcome.rest.as_deref(), Some(""), "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_of_the_next_request_is_not_lost() {
    for part in ["G", "GET / HTTP/1.1\r\nHost: loc"] {
        let outcome = Outcome::resting(&format!("{GET}{part}")).await;
        assert_eq!(outcome.statuses(), ["200"]);
        assert_eq!(outcome.rest.as_deref(), Some(part));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_to_end_does_not_rest() {
    for sent in [
        GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
        GET.replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let outcome = Outcome::resting(&sent).await;
        assert_eq!(outcome.statuses(), ["200"], "{sent}");
        assert_eq!(outcome.rest, None, "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_nobody_read_is_not_taken_for_a_request() {
    let length = GET.len() + 1;
    let head =
        format!("POST /refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    for content in [GET.to_owned(), format!("{GET}\n"), String::new()] {
        let outcome = Outcome::resting(&format!("{head}{content}")).await;
        assert_eq!(outcome.statuses(), ["403"], "{content}");
        assert_eq!(outcome.rest, None, "{content}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_sent_before_its_connection_rests() {
    let outcome = Outcome::of(GET, Between::Rests, 16).await;
    assert!(outcome.answers.ends_with("here"), "{}", outcome.answers);
    assert_eq!(outcome.rest.as_deref(), Some(""));
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_seat_stays() {
    let outcome = Outcome::of(&format!("{GET}{GET}"), Between::Stays, 64 * 1024).await;
    assert_eq!(outcome.statuses(), ["200", "200"]);
    assert_eq!(outcome.rest, None);
}
