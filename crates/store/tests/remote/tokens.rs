//! Tokens: how many are asked for, for what, and how long they are good.

use tofu_oci_store::credentials::Credential;
use tofu_oci_store::remote::{Purpose, RemoteError};
use tofu_oci_store::{Blob, Repository, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests, TokenForm, TokenService};
use tofu_oci_types::oci::Descriptor;

use crate::bench::*;
use crate::support::*;

#[tokio::test]
async fn one_token_for_each_scope_however_many_transfers() {
    let tokens = service();
    let bench = guarded(&tokens);
    let repo = bench.repository_as(alice());
    let mut puts = tokio::task::JoinSet::new();
    for number in 0..20 {
        let repo = repo.clone();
        puts.spawn(async move { put_bytes(&repo, &noise(100 + number)).await });
    }
    let blobs = puts.join_all().await;
    put_image(&repo, b"layer").await;
    assert_eq!(repo.tags().await.unwrap(), []);
    for blob in &blobs {
        repo.blob(blob)
            .await
            .unwrap()
            .into_bytes(1000)
            .await
            .unwrap();
    }
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].method, "GET");
    assert_eq!(asked[0].scopes, ["repository:acme/demo:pull,push"]);
    assert_eq!(asked[0].parameters["account"], "alice");
    assert_eq!(asked[0].parameters["service"], "registry.test");
    let seen = bench.quirks.seen();
    assert!(seen.iter().all(|seen| seen.target != "/v2/"), "a ping");
}

#[tokio::test]
async fn a_reader_asks_for_no_more_than_to_read() {
    let tokens = service();
    let bench = guarded(&tokens);
    let image = put_image(&bench.inside("acme/demo"), b"layer").await;
    let remote = bench.remote();
    let repo = remote.repository(&bench.host(), &name("acme/demo"), Purpose::Read);
    repo.manifest(&by(image.digest())).await.unwrap();
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].scopes, ["repository:acme/demo:pull"]);
    assert_eq!(asked[0].authorization, None);
    // Another repository has a token of its own.
    let other = remote.repository(&bench.host(), &name("acme/other"), Purpose::Read);
    other.tags().await.unwrap_err();
    assert_eq!(tokens.requests()[0].scopes, ["repository:acme/other:pull"]);
}

#[tokio::test]
async fn token_documents_of_every_kind() {
    for form in [TokenForm::AccessToken, TokenForm::WithoutExpiry] {
        let tokens = service().with_form(form);
        let bench = guarded(&tokens);
        let repo = bench.repository_as(alice());
        put_bytes(&repo, b"content").await;
        put_bytes(&repo, b"more").await;
        assert_eq!(tokens.requests().len(), 1, "{form:?}");
    }
    let huge = format!(r#"{{"token":"{}"}}"#, "x".repeat(1024 * 1024));
    for (what, answer, reason) in [
        ("no JSON", Canned::text(200, "token"), "no token document"),
        ("a page", Canned::page(200), "no token document"),
        ("no token", Canned::json(200, "{}"), "holds no token"),
        (
            "an empty one",
            Canned::json(200, r#"{"token":""}"#),
            "holds no token",
        ),
        (
            "two lines",
            Canned::json(200, r#"{"token":"a\r\nb: c"}"#),
            "holds no token",
        ),
        (
            "too large",
            Canned::json(200, &huge),
            "more than 1048576 bytes",
        ),
    ] {
        let tokens = service();
        tokens.quirks().on(Requests::all(), Quirk::Answer(answer));
        let bench = guarded(&tokens);
        let error = remote_error(bench.repository().tags().await);
        assert!(
            matches!(error, RemoteError::Malformed { .. }),
            "{what}: {error:?}"
        );
        assert!(error.to_string().contains(reason), "{what}: {error}");
    }
    // Numbers that no clock has, and numbers as text.
    for expires in ["1e300", "-5", "0", "\"3599\"", "null", "\"soon\""] {
        let tokens = service();
        let bench = guarded(&tokens);
        bench.repository().tags().await.unwrap_err();
        let text = format!(r#"{{"token":"token-1","expires_in":{expires}}}"#);
        tokens
            .quirks()
            .on(Requests::all(), Quirk::Answer(Canned::json(200, &text)));
        let repo = bench.repository();
        assert!(repo.tags().await.unwrap_err().is_absent(), "{expires}");
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_renewed() {
    let tokens = service();
    let bench = guarded(&tokens);
    let repo = bench.repository_as(alice());
    let blob = put_bytes(&repo, b"content").await;
    tokens.expire();
    repo.blob(&blob)
        .await
        .unwrap()
        .into_bytes(100)
        .await
        .unwrap();
    tokens.expire();
    put_image(&repo, b"layer").await;
    assert_eq!(tokens.requests().len(), 3);
}

#[tokio::test]
async fn a_token_that_ends_while_an_upload_begins_is_renewed() {
    for length in [100, 9 * 1024 * 1024] {
        let tokens = service();
        let bench = guarded(&tokens);
        let answer = challenge(&tokens.realm());
        bench.on(
            Requests::of("PUT", "/blobs/uploads/").first(1),
            Quirk::Answer(answer),
        );
        let repo = bench.repository_as(alice());
        let blob = put_bytes(&repo, &noise(length)).await;
        assert!(bench.inside("acme/demo").has(&blob).await.unwrap());
        // An answer to a large body may be lost with the connection.
        let most = if length == 100 { 2 } else { 3 };
        assert!(tokens.requests().len() <= 2, "{length}");
        assert!(bench.count("PUT", "") <= most, "{length}");
    }
}

#[tokio::test]
async fn an_upload_that_is_never_allowed_ends() {
    let tokens = service();
    let bench = guarded(&tokens);
    let put = Requests::of("PUT", "/blobs/uploads/");
    bench.on(put, Quirk::Answer(challenge(&tokens.realm())));
    let repo = bench.repository_as(alice());
    let blob = Descriptor::of(ZIP, b"content");
    let error = remote_error(repo.put_blob(&blob, Blob::Bytes("content".into())).await);
    assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
    assert!(bench.count("PUT", "") <= 2);
}

#[tokio::test]
async fn a_refusal_by_the_token_service_is_final() {
    let tokens = TokenService::new().private();
    let bench = guarded(&tokens);
    let repo = bench.repository();
    for _ in 0..3 {
        let error = remote_error(repo.tags().await);
        let RemoteError::Denied {
            authenticated,
            answer,
            what,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert!(!authenticated);
        assert_eq!(
            (answer.status, answer.code.as_deref()),
            (403, Some("DENIED"))
        );
        assert_eq!(what, "a token for repository:acme/demo:pull,push");
    }
    assert_eq!(tokens.requests().len(), 1);

    let tokens = service();
    let bench = guarded(&tokens);
    let wrong = "wrong-and-secret";
    let repo = bench.repository_as(password("alice", wrong));
    let error = remote_error(repo.tags().await);
    let denied = matches!(
        error,
        RemoteError::Denied {
            authenticated: true,
            ..
        }
    );
    assert!(denied, "{error:?}");
    assert!(!format!("{error} {error:?}").contains(wrong));
    assert_eq!(tokens.requests().len(), 1);
}

#[tokio::test]
async fn retries_of_the_token_service_do_not_multiply() {
    for quirk in [Quirk::Answer(Canned::status(503)), Quirk::Close] {
        let tokens = service();
        tokens.quirks().on(Requests::all(), quirk.clone());
        let bench = guarded(&tokens);
        let error = bench.repository().tags().await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert_eq!(tokens.quirks().seen().len(), 3, "{quirk:?}");
        assert_eq!(bench.quirks.seen().len(), 1, "{quirk:?}");
    }
    // A burst is survived.
    let tokens = service();
    let burst = Requests::all().first(2);
    tokens
        .quirks()
        .on(burst, Quirk::Answer(Canned::status(500)));
    let bench = guarded(&tokens);
    put_bytes(&bench.repository_as(alice()), b"content").await;
}

#[tokio::test]
async fn a_refused_token_is_asked_for_again_after_a_while() {
    let tokens = service();
    let bench = guarded(&tokens);
    put_image(&bench.inside("acme/demo"), b"layer").await;
    let refusal = Quirk::Answer(Canned::status(403));
    tokens.quirks().on(Requests::all(), refusal);
    let repo = bench.repository_as(alice());
    for _ in 0..2 {
        let error = remote_error(repo.tags().await);
        assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
    }
    assert_eq!(tokens.quirks().seen().len(), 1);
    // The right is given meanwhile.
    tokens.quirks().off();
    remote_error(repo.tags().await);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    repo.tags().await.unwrap();
    assert_eq!(tokens.quirks().seen().len(), 1);
}

#[tokio::test]
async fn a_token_that_no_header_may_have_is_told() {
    for challenge in [
        "Basic realm=\"registry\"",
        "Bearer realm=\"https://auth.example.com/token\"",
    ] {
        for bad in ["two\nlines", "a\u{7}bell"] {
            let bench = Bench::new();
            let asks = Canned::status(401).header("www-authenticate", challenge);
            bench.on(Requests::all(), Quirk::Answer(asks));
            let credential = Credential::AccessToken(bad.to_owned().into());
            let error = remote_error(bench.repository_as(credential).tags().await);
            let text = error.to_string();
            let start = format!(
                "the token that is configured for {} cannot be used",
                bench.host()
            );
            assert!(text.starts_with(&start), "{text}");
            assert!(!text.contains("lines") && !text.contains("bell"), "{text}");
            let seen = bench.quirks.seen();
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].header("authorization"), None);
        }
    }
}
