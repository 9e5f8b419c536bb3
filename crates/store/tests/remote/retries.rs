//! When a request is sent again, how often, and when it is not.

use std::time::Duration;

use tofu_oci_store::Repository;
use tofu_oci_store::remote::{Notice, Remote, RemoteError};
use tofu_oci_testkit::{Canned, Quirk, Requests};

use crate::bench::*;
use crate::support::*;

#[tokio::test]
async fn bursts_are_survived() {
    for (what, quirk) in [
        ("500", Quirk::Answer(Canned::status(500))),
        ("502", Quirk::Answer(Canned::page(502))),
        ("503", Quirk::Answer(Canned::text(503, "down"))),
        ("504", Quirk::Answer(Canned::status(504))),
        ("408", Quirk::Answer(Canned::status(408))),
        (
            "429",
            Quirk::Answer(Canned::text(429, "You have reached your limit")),
        ),
        ("closed", Quirk::Close),
    ] {
        let bench = Bench::new();
        put_image(&bench.inside("acme/demo"), b"layer").await;
        bench.on(Requests::all().first(2), quirk);
        let tags = bench.repository().tags().await;
        assert_eq!(tags.unwrap(), [], "{what}");
        assert_eq!(bench.quirks.seen().len(), 3, "{what}");
    }
}

#[tokio::test]
async fn everything_ends() {
    for (status, seen) in [
        (500, 3),
        (503, 3),
        (429, 3),
        (501, 1),
        (505, 1),
        (400, 1),
        (418, 1),
    ] {
        let bench = Bench::new();
        let answer = Canned::error(status, "TOOMANYREQUESTS", "try later", "");
        bench.on(Requests::all(), Quirk::Answer(answer));
        let error = remote_error(bench.repository().tags().await);
        assert!(error.to_string().contains("try later"), "{error}");
        assert_eq!(bench.quirks.seen().len(), seen, "{status}");
    }
}

#[tokio::test]
async fn retry_after_in_every_form() {
    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (value, wait) in [
        ("0", Some(0)),
        ("1", Some(1)),
        ("Sun, 06 Nov 1994 08:49:38 GMT", Some(1)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("880us, allowed 44000/minute", Some(0)),
        ("", Some(0)),
        // Nobody is kept waiting for that.
        ("3600", None),
        ("99999999999999999", None),
        ("Mon, 07 Nov 1994 08:49:38 GMT", None),
    ] {
        for status in if wait == Some(1) {
            &[429][..]
        } else {
            &[429, 503]
        } {
            let status = *status;
            let bench = Bench::new();
            put_image(&bench.inside("acme/demo"), b"layer").await;
            let answer = Canned::text(status, "slow down")
                .header("retry-after", value)
                .header("date", NOW);
            bench.on(Requests::all().first(1), Quirk::Answer(answer));
            let (options, heard) = listening(bench.options());
            let result = soon(bench.open(&Remote::new(options)).tags()).await;
            let heard = heard.lock().unwrap();
            let waits: Vec<Duration> = heard
                .iter()
                .filter_map(|notice| match notice {
                    Notice::Retry { wait, .. } => Some(*wait),
                    _ => None,
                })
                .collect();
            match wait {
                Some(seconds) => {
                    result.unwrap();
                    assert_eq!(waits.len(), 1);
                    assert_eq!(waits[0].as_secs(), seconds, "{value}: {waits:?}");
                }
                None => {
                    let error = remote_error(result);
                    if let RemoteError::RateLimited { wait, .. } = error {
                        assert!(wait.unwrap() > Duration::from_secs(60));
                    }
                    assert!(waits.is_empty(), "{value}");
                    assert_eq!(bench.quirks.seen().len(), 1);
                }
            }
        }
    }
}

#[tokio::test]
async fn many_together_do_not_multiply_the_load() {
    let bench = Bench::new();
    bench.on(Requests::all(), Quirk::Answer(Canned::status(500)));
    let repo = bench.repository();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let repo = repo.clone();
        tasks.spawn(async move { repo.tags().await.unwrap_err() });
    }
    tasks.join_all().await;
    // Each once, and what the budget of one registry pays for.
    let seen = bench.quirks.seen().len();
    assert!((200..=260).contains(&seen), "{seen}");
}

#[tokio::test]
async fn a_storm_of_refusals_makes_room() {
    let bench = Bench::new();
    put_image(&bench.inside("acme/demo"), b"layer").await;
    bench.on(
        Requests::all().first(20),
        Quirk::Answer(Canned::status(429)),
    );
    let repo = bench.repository();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let repo = repo.clone();
        tasks.spawn(async move { repo.tags().await.is_ok() });
    }
    let done = tasks.join_all().await.into_iter().filter(|done| *done);
    assert!(done.count() >= 15);
    // What is left of the limit is enough for a refused HEAD and its reason.
    bench.quirks.off();
    bench.on(Requests::all(), Quirk::Answer(Canned::text(429, "no more")));
    let within = Duration::from_secs(10);
    for _ in 0..5 {
        let tag = tag("1.0.0");
        let head = tokio::time::timeout(within, repo.head(&tag)).await;
        let error = remote_error(head.expect("it waits for itself"));
        assert!(error.to_string().contains("no more"), "{error}");
    }
}

#[tokio::test]
async fn nothing_listens() {
    let bench = Bench::new();
    let repo = bench.repository();
    let host = bench.registry.host().to_owned();
    let quirks = bench.quirks.clone();
    let storage = bench.storage.clone();
    drop(bench);
    let error = remote_error(repo.tags().await);
    let RemoteError::Unreachable {
        host: found,
        reason,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*found, host);
    assert!(!reason.contains("http"), "{reason}");
    assert_eq!(quirks.lines(), Vec::<String>::new());
    drop(storage);
}
