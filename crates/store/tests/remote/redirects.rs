//! Redirects: what is followed, and what goes along.

use bytes::Bytes;
use tofu_oci_store::remote::{Purpose, RemoteError};
use tofu_oci_store::{Repository, StoreError, TagRule, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Quirks, Registry, Requests, Router, password_guard};
use tofu_oci_types::oci::Descriptor;

use crate::bench::*;
use crate::support::*;

/// A registry that wants a password, with a blob in it, and somewhere else that has the same.
async fn two() -> (Bench, Bench, Descriptor) {
    let bench = Bench::behind(|router| password_guard("alice", SECRET, router));
    let elsewhere = Bench::new();
    let mut blob = None;
    for storage in [&bench, &elsewhere] {
        let inside = storage.inside("acme/demo");
        let image = put_image(&inside, b"layer").await;
        put_tagged(&inside, &image, "1.0.0", TagRule::Create)
            .await
            .unwrap();
        blob = Some(put_bytes(&inside, b"content").await);
    }
    (bench, elsewhere, blob.unwrap())
}

async fn read(bench: &Bench, blob: &Descriptor) -> Result<Bytes, StoreError> {
    let repo = bench.repository_as(password("alice", SECRET));
    repo.blob(blob).await?.into_bytes(100).await
}

/// A quirk for reads that were let in.
fn allowed(bench: &Bench, part: &str, quirk: Quirk) {
    // The first is asked who it is.
    bench.on(Requests::of("GET", part).after(1), quirk);
}

#[tokio::test]
async fn no_credential_goes_to_another_host() {
    let (bench, elsewhere, blob) = two().await;
    let away = || Quirk::RedirectTo(elsewhere.registry.origin());
    allowed(&bench, "/blobs/", away());
    allowed(&bench, "/manifests/", away());
    bench.on(Requests::of("GET", "/tags/"), away());
    assert_eq!(read(&bench, &blob).await.unwrap(), "content");
    let repo = bench.repository_as(password("alice", SECRET));
    repo.manifest(&at("1.0.0")).await.unwrap();
    repo.tags().await.unwrap();
    let seen = elsewhere.quirks.seen();
    assert_eq!(seen.len(), 3);
    for seen in seen {
        for (name, value) in &seen.headers {
            let known = ["host", "user-agent", "accept"].contains(&name.as_str());
            assert!(known, "{name}: {value:?}");
        }
    }
    // It went to the registry all the while.
    let seen = bench.quirks.seen();
    let with = seen
        .iter()
        .filter(|seen| seen.header("authorization").is_some());
    assert_eq!(with.count(), 3, "{seen:?}");
}

#[tokio::test]
async fn a_credential_stays_on_the_same_host() {
    for location in ["/v2/acme/demo/blobs/", "http://HOST/v2/acme/demo/blobs/"] {
        let (bench, _, blob) = two().await;
        let location = location.replace("HOST", bench.registry.host());
        let location = format!("{location}{}?via=1", blob.digest);
        for status in [301, 302, 303, 307, 308] {
            bench.quirks.off();
            let redirect = Canned::redirect(status, &location);
            bench.on(
                Requests::of("GET", "/blobs/").after(1).first(1),
                Quirk::Answer(redirect),
            );
            assert_eq!(read(&bench, &blob).await.unwrap(), "content");
            let last = bench.quirks.seen().pop().unwrap();
            assert!(last.header("authorization").is_some() && last.target.ends_with("?via=1"));
        }
    }
}

#[tokio::test]
async fn a_range_goes_along_and_not_back() {
    let (bench, elsewhere, blob) = two().await;
    allowed(
        &bench,
        "/blobs/",
        Quirk::RedirectTo(elsewhere.registry.origin()),
    );
    let repo = bench.repository_as(password("alice", SECRET));
    let mut part = repo.blob_part(&blob, 2..5).await.unwrap();
    assert_eq!(part.next().await.unwrap().unwrap(), "nte");
    assert_eq!(
        elsewhere.quirks.seen()[0].header("range"),
        Some("bytes=2-4")
    );
    // A transfer that breaks off elsewhere is asked for at the registry again.
    let elsewhere_blobs = Requests::of("GET", "/blobs/");
    elsewhere.on(elsewhere_blobs.first(1), Quirk::CutAfter(3));
    assert_eq!(read(&bench, &blob).await.unwrap(), "content");
    assert_eq!(elsewhere.quirks.seen().len(), 2);
}

#[tokio::test]
async fn redirects_that_are_not_followed() {
    for (location, reason) in [
        (
            "http://alice:hunter2@127.0.0.1/x?sig=hidden",
            "user information",
        ),
        ("ftp://127.0.0.1/x?sig=hidden", "neither HTTPS nor HTTP"),
        ("file:///etc/passwd", "neither HTTPS nor HTTP"),
        ("data:text/plain,x", "neither HTTPS nor HTTP"),
    ] {
        let (bench, _, blob) = two().await;
        allowed(
            &bench,
            "/blobs/",
            Quirk::Answer(Canned::redirect(307, location)),
        );
        let error = remote_error(read(&bench, &blob).await);
        assert!(
            matches!(error, RemoteError::Elsewhere { .. }),
            "{location}: {error:?}"
        );
        let text = error.to_string();
        assert!(text.contains(reason), "{text}");
        assert!(
            !text.contains("hidden") && !text.contains("hunter2"),
            "{text}"
        );
    }
    for redirect in [Canned::status(307), Canned::redirect(302, "http://[")] {
        let bench = Bench::new();
        bench.on(Requests::all(), Quirk::Answer(redirect));
        let error = remote_error(bench.repository().tags().await);
        assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
        assert_eq!(bench.quirks.seen().len(), 1);
    }
}

#[tokio::test]
async fn redirects_end() {
    let bench = Bench::new();
    bench.on(
        Requests::all(),
        Quirk::Answer(Canned::redirect(307, "?again")),
    );
    let error = remote_error(bench.repository().tags().await);
    assert!(
        error.to_string().contains("redirects without end"),
        "{error}"
    );
    assert_eq!(bench.quirks.seen().len(), 6);
}

#[tokio::test]
async fn from_tls_to_plain_no_redirect_is_followed() {
    let (bench, elsewhere, blob) = two().await;
    drop(bench);
    let quirks = Quirks::new();
    let origin = elsewhere.registry.origin();
    quirks.on(Requests::all().first(1), Quirk::RedirectTo(origin.clone()));
    let (registry, pem) = Registry::self_signed(quirks.around(Router::new()));
    let remote = encrypted_remote(&registry, pem, None);
    let host = registry.host().parse().unwrap();
    let repo = remote.repository(&host, &name("acme/demo"), Purpose::Read);
    let error = remote_error(repo.blob(&blob).await);
    assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
    // By TLS to what speaks none: the registry is not taken for one without TLS because of that.
    quirks.off();
    let tls = origin.replace("http:", "https:");
    quirks.on(Requests::all().first(1), Quirk::RedirectTo(tls));
    let error = remote_error(repo.blob(&blob).await);
    assert!(matches!(error, RemoteError::PlainHttp { .. }), "{error:?}");
    assert!(
        error.to_string().contains(elsewhere.registry.host()),
        "{error}"
    );
    // An answer over TLS, not an error of the connection.
    assert!(repo.tags().await.unwrap_err().is_absent());
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_sent_does_not_follow_a_redirect() {
    let elsewhere = Bench::new();
    let bench = Bench::new();
    for method in ["POST", "PUT", "DELETE"] {
        let redirect = Quirk::RedirectTo(elsewhere.registry.origin());
        bench.on(Requests::of(method, ""), redirect);
    }
    let repo = bench.repository();
    let image = image(b"layer");
    let batch = [tofu_oci_store::PutManifest::untagged(image.clone())];
    remote_error(repo.put_manifests(&batch).await);
    remote_error(repo.delete(&at("1.0.0")).await);
    let blob = Descriptor::of(ZIP, b"content");
    let content = tofu_oci_store::Blob::Bytes("content".into());
    remote_error(repo.put_blob(&blob, content).await);
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn who_cannot_be_reached_is_named_without_secrets() {
    let nobody = Registry::new();
    let gone = nobody.host().to_owned();
    drop(nobody);
    let (bench, _, blob) = two().await;
    let location = format!("http://{gone}/x?sig=hidden");
    let realm = format!("Bearer realm=\"http://{gone}/token?sig=hidden\"");
    let challenge = Canned::status(401).header("www-authenticate", &realm);
    for answer in [Canned::redirect(307, &location), challenge] {
        bench.quirks.off();
        allowed(&bench, "/blobs/", Quirk::Answer(answer));
        let error = remote_error(read(&bench, &blob).await);
        let RemoteError::Unreachable { host, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*host, gone);
        assert!(
            !format!("{error} {error:?}").contains("hidden"),
            "{error:?}"
        );
    }
}
