//! Who we are: challenges, passwords, identity tokens, and to whom they go.

use std::sync::Arc;

use tofu_oci_store::credentials::Credential;
use tofu_oci_store::remote::{LoginAnswer, Purpose, Remote, RemoteError, RemoteOptions};
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_testkit::{Canned, Quirk, Requests, TokenService, password_guard};

use crate::bench::*;
use crate::support::*;

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
