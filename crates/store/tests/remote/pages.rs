//! Lists of tags that come in pages, or do not.

use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_testkit::{Canned, Quirk, Requests};

use crate::bench::*;

fn lists() -> Requests {
    Requests::of("GET", "/tags/list")
}

/// A page, and where the next one is.
fn page(tags: &[&str], next: Option<&str>) -> Canned {
    let tags = serde_json_text(tags);
    let page = Canned::json(200, &format!(r#"{{"name":"acme/demo","tags":{tags}}}"#));
    match next {
        Some(next) => page.header("link", &format!("<{next}>; rel=\"next\"")),
        None => page,
    }
}

fn serde_json_text(tags: &[&str]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("{tag:?}")).collect();
    format!("[{}]", tags.join(","))
}

async fn tags(bench: &Bench) -> Result<Vec<String>, StoreError> {
    let tags = bench.repository().tags().await?;
    Ok(tags.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn every_kind_of_link() {
    for link in [
        "/v2/acme/demo/tags/list?last=a",
        "?last=a",
        "list?last=a",
        "http://HOST/v2/acme/demo/tags/list?last=a",
        // A registry behind a proxy that does not know how it is spoken to.
        "https://HOST/v2/acme/demo/tags/list?last=a",
        "http://127.0.0.1/v2/acme/demo/tags/list?last=a",
    ] {
        let bench = Bench::new();
        let link = link.replace("HOST", bench.registry.host());
        bench.on(lists().first(1), Quirk::Answer(page(&["a"], Some(&link))));
        bench.on(lists(), Quirk::Answer(page(&["b"], None)));
        assert_eq!(tags(&bench).await.unwrap(), ["a", "b"], "{link}");
        let seen = bench.quirks.seen();
        assert_eq!(seen[1].target, "/v2/acme/demo/tags/list?last=a", "{link}");
    }
}

#[tokio::test]
async fn lists_that_are_not_as_they_should_be() {
    for (what, answer, expected) in [
        (
            "null",
            Canned::json(200, r#"{"name":"x","tags":null}"#),
            &[][..],
        ),
        ("no field", Canned::json(200, r#"{"name":"x"}"#), &[]),
        ("as text", Canned::text(200, r#"{"tags":["a"]}"#), &["a"]),
        (
            "twice and unsorted",
            page(&["b", "a", "b"], None),
            &["a", "b"],
        ),
        (
            "no tags by the grammar",
            page(&["a", "", "../x", "a b"], None),
            &["a"],
        ),
    ] {
        let bench = Bench::new();
        bench.on(lists(), Quirk::Answer(answer));
        assert_eq!(tags(&bench).await.unwrap(), expected, "{what}");
    }
    for answer in [
        Canned::page(200),
        Canned::json(200, "[]"),
        Canned::json(200, r#"{"tags":"a"}"#),
        Canned::json(200, r#"{"tags":["a"],"tags":["b"]}"#),
        Canned::json(200, &format!("{{\"x\":{}", "[".repeat(100_000))),
        Canned::status(200),
    ] {
        let bench = Bench::new();
        bench.on(lists(), Quirk::Answer(answer.clone()));
        let error = remote_error(tags(&bench).await);
        assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn circles_end() {
    let bench = Bench::new();
    let first = "/v2/acme/demo/tags/list?n=1000";
    bench.on(lists(), Quirk::Answer(page(&["a"], Some(first))));
    let error = remote_error(tags(&bench).await);
    assert!(error.to_string().contains("circle"), "{error}");
    assert_eq!(bench.quirks.seen().len(), 1);
    let bench = Bench::new();
    let (one, two) = (
        "/v2/acme/demo/tags/list?last=1",
        "/v2/acme/demo/tags/list?last=2",
    );
    bench.on(lists().first(2), Quirk::Answer(page(&["a"], Some(one))));
    bench.quirks.off();
    bench.on(
        Requests::to("last=1"),
        Quirk::Answer(page(&["b"], Some(two))),
    );
    bench.on(lists(), Quirk::Answer(page(&["a"], Some(one))));
    let error = remote_error(tags(&bench).await);
    assert!(error.to_string().contains("circle"), "{error}");
    assert!(bench.quirks.seen().len() <= 4);
}

#[tokio::test]
async fn a_list_does_not_go_on_elsewhere() {
    let elsewhere = Bench::new();
    let link = format!(
        "{}/v2/acme/demo/tags/list?sig=hidden",
        elsewhere
            .registry
            .origin()
            .replace("127.0.0.1", "localhost")
    );
    let bench = Bench::new();
    bench.on(lists(), Quirk::Answer(page(&["a"], Some(&link))));
    let error = remote_error(tags(&bench).await);
    assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
    assert!(!error.to_string().contains("hidden"));
    // Another port of the same host is the registry's word about itself; it is not followed there.
    let bench = Bench::new();
    let link = format!(
        "{}/v2/acme/demo/tags/list?last=a",
        elsewhere.registry.origin()
    );
    bench.on(lists().first(1), Quirk::Answer(page(&["a"], Some(&link))));
    bench.on(lists(), Quirk::Answer(page(&["b"], None)));
    assert_eq!(tags(&bench).await.unwrap(), ["a", "b"]);
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_without_end_are_left() {
    let bench = Bench::new();
    // Each page has another address, and megabytes in it.
    let filler = format!(r#"{{"tags":["a"],"x":"{}"}}"#, "x".repeat(4_000_000));
    for number in 0..30 {
        let link = format!("</v2/acme/demo/tags/list?last={number}>; rel=next");
        let answer = Canned::json(200, &filler).header("link", &link);
        bench.on(lists().after(number).first(1), Quirk::Answer(answer));
    }
    let error = remote_error(tags(&bench).await);
    assert!(error.to_string().contains("too large"), "{error}");
    assert!(bench.quirks.seen().len() < 20);
}

#[tokio::test]
async fn who_has_no_list() {
    for (answer, absent) in [
        (Canned::status(404), true),
        (Canned::text(404, "404 page not found"), true),
        (Canned::error(404, "NAME_UNKNOWN", "", ""), true),
        (Canned::error(400, "NAME_INVALID", "", ""), true),
        (Canned::error(404, "DENIED", "", ""), false),
        (Canned::error(401, "UNAUTHORIZED", "", ""), false),
        (Canned::error(403, "DENIED", "", ""), false),
        (Canned::error(405, "UNSUPPORTED", "", ""), false),
        (Canned::status(502), false),
    ] {
        let bench = Bench::new();
        bench.on(lists(), Quirk::Answer(answer.clone()));
        let error = tags(&bench).await.unwrap_err();
        assert_eq!(error.is_absent(), absent, "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn pages_break_off_and_crawl() {
    let bench = Bench::new();
    let more = "/v2/acme/demo/tags/list?last=a";
    bench.on(lists().first(1), Quirk::Answer(page(&["a"], Some(more))));
    bench.on(Requests::to("last=a").first(1), Quirk::CutAfter(5));
    bench.on(lists(), Quirk::Answer(page(&["b"], None)));
    assert_eq!(tags(&bench).await.unwrap(), ["a", "b"]);
    // A document that crawls is not waited for to its end.
    let bench = Bench::new();
    bench.on(lists(), Quirk::Answer(page(&["a"; 1000], None)));
    bench.on(lists(), Quirk::Trickle(1, IDLE / 4));
    let error = remote_error(soon(bench.impatient_repository().tags()).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_may_send_more_or_fewer_than_it_is_asked_for() {
    let all: Vec<String> = (0..2500).map(|n| format!("1.0.{n:04}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    // Everything at once, whatever `n` says.
    let bench = Bench::new();
    bench.on(lists(), Quirk::Answer(page(&all, None)));
    assert_eq!(tags(&bench).await.unwrap(), all);
    let seen = bench.quirks.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].target.ends_with("?n=1000"), "{}", seen[0].target);
    // Pages of its own size; only the link tells where they end.
    let bench = Bench::new();
    for (n, part) in all.chunks(1100).enumerate() {
        let next = format!("/v2/acme/demo/tags/list?n=1100&last={n}");
        let next = (n < 2).then_some(next);
        bench.on(
            lists().after(n).first(1),
            Quirk::Answer(page(part, next.as_deref())),
        );
    }
    assert_eq!(tags(&bench).await.unwrap(), all);
    assert_eq!(bench.quirks.seen().len(), 3);
}
