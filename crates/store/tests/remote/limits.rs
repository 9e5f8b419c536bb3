//! Nothing that a registry sends is read without end, kept without end, or shown as it came.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use tofu_oci_store::remote::{Notice, Purpose, Remote, RemoteError, RemoteOptions};
use tofu_oci_store::{Repository, StoreError, TagRule, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests};

use crate::bench::*;
use crate::support::*;

const MANIFEST: usize = 4 * 1024 * 1024;

/// A JSON document that is longer than any may be.
fn huge(status: u16) -> Canned {
    let text = format!(
        r#"{{"schemaVersion":2,"tags":["{}"]}}"#,
        "x".repeat(MANIFEST)
    );
    Canned::json(status, &text)
}

#[tokio::test]
async fn documents_have_a_length() {
    for announced in [true, false] {
        for part in ["/manifests/", "/tags/", "/referrers/"] {
            let bench = Bench::new();
            let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
            bench.on(Requests::of("GET", part), Quirk::AnswerAfter(huge(200)));
            if part == "/referrers/" {
                let kind = "application/vnd.oci.image.index.v1+json".to_owned();
                bench.on(
                    Requests::of("GET", part),
                    Quirk::Header("content-type", kind),
                );
            }
            if !announced {
                bench.on(Requests::of("GET", part), Quirk::WithoutLength);
            }
            let repo = bench.repository();
            let error = match part {
                "/manifests/" => remote_error(repo.manifest(&at("1.0.0")).await),
                "/tags/" => remote_error(repo.tags().await),
                _ => remote_error(repo.referrers(subject.descriptor(), None).await),
            };
            assert!(
                matches!(error, RemoteError::Malformed { .. }),
                "{part}: {error:?}"
            );
            let text = error.to_string();
            assert!(text.contains("more than 4194304 bytes"), "{part}: {text}");
            // It is not sent again: it would be as long.
            assert_eq!(bench.count("GET", part), 1);
        }
    }
}

#[tokio::test]
async fn errors_have_a_length() {
    let long = "y".repeat(10 * 1024 * 1024);
    for answer in [
        Canned::text(400, &long),
        Canned::error(400, "X", &long, &long),
        Canned::error(400, &long[..60_000], "m", ""),
        huge(400),
    ] {
        let bench = Bench::new();
        bench.on(Requests::all(), Quirk::Answer(answer));
        let error = remote_error(bench.repository().tags().await);
        assert!(
            error.to_string().len() < 2048,
            "{}",
            error.to_string().len()
        );
    }
    // One that crawls, or never ends, is not waited for.
    for quirk in [Quirk::StallAfter(10), Quirk::Trickle(1, IDLE / 4)] {
        let bench = Bench::new();
        let answer = Canned::text(400, &"slow ".repeat(1000));
        bench.on(Requests::all(), Quirk::Answer(answer));
        bench.on(Requests::all(), quirk);
        let error = remote_error(soon(bench.impatient_repository().tags()).await);
        assert!(error.to_string().contains("400: s"), "{error}");
    }
}

#[tokio::test]
async fn depth_is_no_danger() {
    const DEEP: usize = 1_000_000;
    let deep = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let bench = Bench::new();
    let text = format!(r#"{{"schemaVersion":2,"tags":[],"x":{deep}}}"#);
    bench.on(Requests::all(), Quirk::Answer(Canned::json(200, &text)));
    let repo = bench.repository();
    // Also what is not looked at.
    let error = remote_error(repo.tags().await);
    assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::Manifest { .. }), "{error:?}");
    for (status, text) in [
        (200, format!(r#"{{"tags":{deep}}}"#)),
        (
            400,
            format!(r#"{{"errors":[{{"detail":{}"#, &deep[..60_000]),
        ),
        (
            400,
            format!(r#"{{"error":{}}}"#, &deep[DEEP - 500..DEEP + 500]),
        ),
    ] {
        bench.quirks.off();
        let answer = Canned::json(status, &text);
        bench.on(Requests::all(), Quirk::Answer(answer));
        remote_error(repo.tags().await);
    }
}

#[tokio::test]
async fn a_list_of_tags_nests_as_deep_as_a_manifest_may() {
    for (depth, good) in [(63, true), (64, false)] {
        let bench = Bench::new();
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!(r#"{{"tags":["1.0.0"],"x":{deep}}}"#);
        bench.on(Requests::all(), Quirk::Answer(Canned::json(200, &text)));
        match good {
            true => assert_eq!(bench.repository().tags().await.unwrap(), [tag("1.0.0")]),
            false => {
                let error = remote_error(bench.repository().tags().await);
                assert!(error.to_string().contains("nested too deeply"), "{error}");
            }
        }
    }
    // Two readers of it would read two lists.
    let bench = Bench::new();
    let text = r#"{"tags":["1.0.0"],"x":1,"x":2}"#;
    bench.on(Requests::all(), Quirk::Answer(Canned::json(200, text)));
    let error = remote_error(bench.repository().tags().await);
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[tokio::test]
async fn nothing_is_shown_as_it_came() {
    let bench = Bench::new();
    let answer = Canned::json(
        400,
        r#"{"errors":[{"code":"A\u001b[31mB","message":"one\r\ntwo\u0007\u009b","detail":{"k":"\u0000"}}]}"#,
    )
    .header("x-request-id", &"r".repeat(5000));
    bench.on(Requests::all(), Quirk::Answer(answer));
    let error = remote_error(bench.repository().tags().await);
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.len() < 1500, "{text}");
}

fn warnings(heard: &Mutex<Vec<Notice>>) -> Vec<String> {
    let heard = heard.lock().unwrap();
    let texts = heard.iter().filter_map(|notice| match notice {
        Notice::Warning { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn warnings_are_told_once() {
    let bench = Bench::new();
    put_image(&bench.inside("acme/demo"), b"layer").await;
    let long = format!("299 - \"{}\"", "w".repeat(5000));
    for (number, value) in [
        "299 - \"old\"",
        "299 - \"old\"",
        "199 - \"no\"",
        "299 a \"no\"",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let quirk = Quirk::Header("warning", value.to_owned());
        bench.on(Requests::all().after(number).first(1), quirk);
    }
    let (options, heard) = listening(bench.options());
    let repo = bench.open(&Remote::new(options));
    for _ in 0..6 {
        repo.tags().await.unwrap();
    }
    let texts = warnings(&heard);
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(texts[0], "old");
    assert_eq!(texts[1].len(), 512);
    // Not every text there is.
    let bench = Bench::new();
    for number in 0..200 {
        let value = format!("299 - \"text {number}\"");
        let requests = Requests::all().after(number).first(1);
        bench.on(
            requests,
            Quirk::Answer(Canned::status(404).header("warning", &value)),
        );
        bench.quirks.seen();
    }
    let (options, heard) = listening(bench.options());
    let repo = bench.open(&Remote::new(options));
    for _ in 0..200 {
        repo.tags().await.unwrap_err();
    }
    assert_eq!(warnings(&heard).len(), 100);
}

#[tokio::test]
async fn one_request_at_a_time_does_not_wait_for_itself() {
    let bench = Bench::new();
    let options = RemoteOptions {
        requests: NonZeroUsize::MIN,
        ..bench.options()
    };
    let remote = Remote::new(options);
    let repo = bench.open(&remote);
    let everything = async {
        // Without lists, HEAD and lengths: every request that another one is sent for.
        bench.on(
            Requests::to("/referrers/"),
            Quirk::Answer(Canned::status(404)),
        );
        bench.on(
            Requests::of("HEAD", "/manifests/").first(1),
            Quirk::Answer(Canned::status(405)),
        );
        bench.on(
            Requests::of("HEAD", "/manifests/"),
            Quirk::WithoutHeader("docker-content-digest"),
        );
        bench.on(
            Requests::of("PUT", "/blobs/").first(1),
            Quirk::Answer(Canned::status(413)),
        );
        let subject = put_image(&repo, b"subject").await;
        put_tagged(&repo, &subject, "1.0.0", TagRule::Create)
            .await
            .unwrap();
        put_tagged(&repo, &subject, "1.0.0", TagRule::Extend)
            .await
            .unwrap();
        put_bytes(&repo, b"one").await;
        let one = image_with(b"one", Some(subject.descriptor()));
        put(&repo, &one).await;
        assert_eq!(
            repo.referrers(subject.descriptor(), None)
                .await
                .unwrap()
                .len(),
            1
        );
        // Two transfers are read at the same time; a body does not count.
        let blob = put_bytes(&repo, &noise(1024 * 1024)).await;
        let (mut first, mut second) = (
            repo.blob(&blob).await.unwrap(),
            repo.blob(&blob).await.unwrap(),
        );
        while second.next().await.unwrap().is_some() {}
        while first.next().await.unwrap().is_some() {}
        // From the same registry into it.
        let other = remote.repository(&bench.host(), &name("acme/other"), Purpose::Write);
        bench.on(
            Requests::of("POST", "mount="),
            Quirk::Answer(Canned::status(404)),
        );
        let from = std::sync::Arc::new(repo.clone());
        other
            .put_blob(&blob, tofu_oci_store::Blob::Stored(from))
            .await
            .unwrap();
        let deleted = Quirk::Answer(Canned::status(202));
        bench.on(Requests::of("DELETE", ""), deleted);
        repo.delete(&by(one.digest())).await.unwrap();
        bench.quirks.off();
        bench.on(
            Requests::to("/manifests/2.0.0"),
            Quirk::Answer(Canned::status(403)),
        );
        remote_error(repo.head(&tag("2.0.0")).await);
    };
    let within = Duration::from_secs(20);
    tokio::time::timeout(within, everything)
        .await
        .expect("it waits for itself");
}
