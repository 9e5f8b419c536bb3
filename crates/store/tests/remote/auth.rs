//! Who we are: challenges, tokens, passwords, and to whom they go.

use std::sync::Arc;

use tofu_oci_store::credentials::Credential;
use tofu_oci_store::remote::{LoginAnswer, Purpose, Remote, RemoteError, RemoteOptions};
use tofu_oci_store::{Blob, Repository, StoreError, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests, TokenForm, TokenService, password_guard};
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
async fn what_cannot_be_answered_is_asked_once() {
    let basic = || Canned::status(401).header("www-authenticate", "Basic realm=\"r\"");
    let tokens = service();
    let realm = tokens.realm();
    for (what, answer, credential, requests) in [
        ("no challenge", Canned::status(401), Some(alice()), 1),
        (
            "an unknown scheme",
            Canned::status(401).header("www-authenticate", "Negotiate"),
            Some(alice()),
            1,
        ),
        (
            "junk",
            Canned::status(401).header("www-authenticate", "Bearer realm=\"\u{fffd}, ,,=\"\""),
            Some(alice()),
            1,
        ),
        ("a password, of nobody", basic(), None, 1),
        ("a password, always", basic(), Some(alice()), 2),
        (
            "a fixed token, always",
            challenge(&realm),
            Some(Credential::AccessToken("fixed".to_owned().into())),
            2,
        ),
        ("a token, always", challenge(&realm), Some(alice()), 3),
    ] {
        let bench = Bench::new();
        bench.on(Requests::all(), Quirk::Answer(answer));
        let remote = match credential {
            Some(credential) => bench.remote_as(credential),
            None => bench.remote(),
        };
        let error = remote_error(bench.open(&remote).tags().await);
        assert!(
            matches!(error, RemoteError::Denied { .. }),
            "{what}: {error:?}"
        );
        assert_eq!(bench.quirks.seen().len(), requests, "{what}");
    }
    assert_eq!(tokens.requests().len(), 2);
}

#[tokio::test]
async fn a_challenge_may_ask_for_more() {
    let tokens = service();
    let bench = guarded(&tokens);
    let value = format!(
        r#"Bearer realm="{}",service="s",scope="repository:acme/demo:pull,metadata",error="insufficient_scope""#,
        tokens.realm()
    );
    let answer = Canned::status(401).header("www-authenticate", &value);
    bench.on(Requests::all().after(1).first(1), Quirk::Answer(answer));
    let repo =
        bench
            .remote_as(alice())
            .repository(&bench.host(), &name("acme/demo"), Purpose::Read);
    repo.tags().await.unwrap_err();
    let asked: Vec<_> = tokens
        .requests()
        .into_iter()
        .flat_map(|asked| asked.scopes)
        .collect();
    assert_eq!(
        asked,
        [
            "repository:acme/demo:pull",
            "repository:acme/demo:metadata,pull"
        ]
    );
}

#[tokio::test]
async fn identity_tokens_are_posted() {
    let tokens = TokenService::new().with_refresh_token(SECRET);
    let bench = guarded(&tokens);
    let identity = || Credential::IdentityToken(SECRET.to_owned().into());
    let repo = bench.repository_as(identity());
    put_bytes(&repo, b"content").await;
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, "POST");
    let parameters = &asked[0].parameters;
    assert_eq!(parameters["grant_type"], "refresh_token");
    assert_eq!(parameters["client_id"], "tofu-oci");
    assert_eq!(parameters["service"], "registry.test");
    assert_eq!(asked[0].scopes, ["repository:acme/demo:pull,push"]);

    // Where the endpoint knows no POST, that is the answer.
    let post = Requests::of("POST", "");
    tokens.quirks().on(post, Quirk::Answer(Canned::status(405)));
    tokens.quirks().seen();
    let error = remote_error(bench.repository_as(identity()).tags().await);
    assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
    assert_eq!(tokens.quirks().lines(), ["POST /token"]);
    // A password goes by GET there.
    let tokens = service();
    tokens
        .quirks()
        .on(Requests::of("POST", ""), Quirk::Answer(Canned::status(405)));
    let bench = guarded(&tokens);
    put_bytes(&bench.repository_as(alice()), b"content").await;
}

#[tokio::test]
async fn a_password_goes_with_every_request() {
    let bench = Bench::behind(|router| password_guard("alice", SECRET, router));
    let repo = bench.repository_as(alice());
    put_image(&repo, b"layer").await;
    let seen = bench.quirks.seen();
    let without = seen
        .iter()
        .filter(|seen| seen.header("authorization").is_none());
    assert_eq!(without.count(), 1, "{seen:?}");
    let remote = bench.remote();
    let accepted = remote.login(&bench.host(), alice()).await.unwrap();
    assert_eq!(accepted, LoginAnswer::Accepted);
    let error = remote_error(remote.login(&bench.host(), password("alice", "no")).await);
    assert!(matches!(error, RemoteError::Denied { .. }));
}

#[tokio::test]
async fn no_credential_in_the_clear_unless_told() {
    for guard in [0, 1] {
        let tokens = service();
        let bench = Bench::behind(|router| match guard {
            0 => password_guard("alice", SECRET, router),
            _ => tokens.guard(router),
        });
        let remote = bench.remote_as(alice());
        put_bytes(&bench.open(&remote), b"content").await;
        bench.quirks.seen();
        tokens.requests();
        // The same by detection.
        let options = RemoteOptions {
            plain_http: Vec::new(),
            credentials: Arc::new(tofu_oci_store::credentials::FixedCredential::new(
                bench.host(),
                alice(),
            )),
            ..bench.options()
        };
        let repo = bench.open(&Remote::new(options));
        let error = remote_error(repo.tags().await);
        assert!(
            matches!(error, RemoteError::PlainCredential { .. }),
            "{error:?}"
        );
        let seen = bench.quirks.seen();
        assert!(
            seen.iter()
                .all(|seen| seen.header("authorization").is_none())
        );
        assert_eq!(tokens.requests(), []);
    }
}

#[tokio::test]
async fn the_reason_for_a_refused_head_is_asked_for() {
    for status in [401, 403, 500] {
        let bench = Bench::new();
        let answer = Canned::error(status, "DENIED", "only for members", "");
        bench.on(Requests::to("/manifests/"), Quirk::Answer(answer));
        let error = remote_error(bench.repository().head(&tag("1.0.0")).await);
        assert!(error.to_string().contains("only for members"), "{error}");
        let heads = if status == 500 { 3 } else { 1 };
        let lines = bench.quirks.lines();
        assert_eq!(lines.len(), heads + 1, "{lines:?}");
    }
    // Where the GET is allowed, the status is all that is known.
    let bench = Bench::new();
    put_tagged(
        &bench.inside("acme/demo"),
        &put_image(&bench.inside("acme/demo"), b"layer").await,
        "1.0.0",
        tofu_oci_store::TagRule::Overwrite,
    )
    .await
    .unwrap();
    bench.on(Requests::of("HEAD", ""), Quirk::Answer(Canned::status(403)));
    let error = remote_error(bench.repository().head(&tag("1.0.0")).await);
    assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
}

#[tokio::test]
async fn a_credential_that_cannot_be_had_stops() {
    use helper::Broken;
    let bench = Bench::behind(|router| password_guard("alice", SECRET, router));
    let options = RemoteOptions {
        credentials: Arc::new(Broken),
        ..bench.options()
    };
    let error = remote_error(bench.open(&Remote::new(options)).tags().await);
    assert!(matches!(error, RemoteError::Credential { .. }), "{error:?}");
    assert_eq!(bench.quirks.seen().len(), 1);
    let error = StoreError::from(error);
    assert!(!error.is_absent() && !error.is_transient());
}

mod helper {
    use std::future::Future;
    use std::pin::Pin;

    use tofu_oci_store::credentials::{Credential, CredentialError, CredentialSource};
    use tofu_oci_types::oci::{RegistryHost, RepositoryName};

    /// A helper that is not there.
    pub(super) struct Broken;

    type Answer<'a> =
        Pin<Box<dyn Future<Output = Result<Option<Credential>, CredentialError>> + Send + 'a>>;

    impl CredentialSource for Broken {
        fn credential<'a, 'b, 'c, 'd>(
            &'a self,
            _: &'b RegistryHost,
            _: Option<&'c RepositoryName>,
        ) -> Answer<'d>
        where
            'a: 'd,
            'b: 'd,
            'c: 'd,
        {
            Box::pin(async {
                Err(CredentialError::HelperMissing {
                    program: "docker-credential-none".to_owned(),
                })
            })
        }
    }
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
