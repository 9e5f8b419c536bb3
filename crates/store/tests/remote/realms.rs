//! Token endpoints, and who would like to be one.

use tofu_oci_store::Repository;
use tofu_oci_store::credentials::Credential;
use tofu_oci_store::remote::{Purpose, RemoteError};
use tofu_oci_testkit::{Canned, Quirk, Quirks, Registry, Requests, Router};

use crate::bench::*;
use crate::support::*;

/// Answers everything, and remembers it.
fn trap(answer: Canned) -> (Quirks, Registry) {
    let quirks = Quirks::new();
    quirks.on(Requests::all(), Quirk::Answer(answer));
    let registry = Registry::serving(quirks.around(Router::new()));
    (quirks, registry)
}

#[tokio::test]
async fn a_redirect_of_the_token_service_takes_no_password_along() {
    let (trap, elsewhere) = trap(Canned::json(200, r#"{"token":"t"}"#));
    let tokens = service();
    let target = format!("{}/steal", elsewhere.origin());
    tokens.quirks().on(
        Requests::all(),
        Quirk::Answer(Canned::redirect(307, &target)),
    );
    let bench = guarded(&tokens);
    bench.repository_as(alice()).tags().await.unwrap_err();
    let seen = trap.seen();
    assert!(!seen.is_empty());
    for seen in seen {
        assert_eq!(seen.header("authorization"), None);
        assert!(!seen.target.contains(SECRET));
    }
    // Nor does the form with a refresh token go there.
    let identity = Credential::IdentityToken(SECRET.to_owned().into());
    bench.repository_as(identity).tags().await.unwrap_err();
    assert_eq!(trap.lines(), Vec::<String>::new());
    // One that does not end.
    let tokens = service();
    tokens.quirks().on(
        Requests::all(),
        Quirk::Answer(Canned::redirect(302, "/again")),
    );
    let bench = guarded(&tokens);
    let error = remote_error(bench.repository().tags().await);
    assert!(matches!(error, RemoteError::Challenge { .. }), "{error:?}");
    assert!(tokens.quirks().seen().len() <= 5);
}

#[tokio::test]
async fn realms_that_are_not_asked() {
    for realm in [
        "http://alice:x@127.0.0.1:1/token?q=hidden",
        "ftp://127.0.0.1/token",
        "file:///etc/passwd",
        "/token",
        "not a url",
    ] {
        let bench = Bench::new();
        bench.on(Requests::all(), Quirk::Answer(challenge(realm)));
        let error = remote_error(bench.repository_as(alice()).tags().await);
        assert!(
            matches!(error, RemoteError::Challenge { .. }),
            "{realm}: {error:?}"
        );
        let text = error.to_string();
        assert!(!text.contains("hidden") && !text.contains(":x@"), "{text}");
        assert_eq!(bench.quirks.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_realm_without_tls_gets_nothing_of_a_registry_with_it() {
    let (trap, elsewhere) = trap(Canned::json(200, r#"{"token":"t"}"#));
    let quirks = Quirks::new();
    let realm = format!("{}/token", elsewhere.origin());
    quirks.on(Requests::all(), Quirk::Answer(challenge(&realm)));
    let (registry, pem) = Registry::self_signed(quirks.around(Router::new()));
    let remote = encrypted_remote(&registry, pem, Some(alice()));
    let host = registry.host().parse().unwrap();
    let repo = remote.repository(&host, &name("acme/demo"), Purpose::Read);
    let error = remote_error(repo.tags().await);
    assert!(matches!(error, RemoteError::Challenge { .. }), "{error:?}");
    assert_eq!(trap.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn a_challenge_of_another_host_is_not_believed() {
    let tokens = service();
    let (_, thief) = trap(challenge(&tokens.realm()));
    let bench = Bench::new();
    let blob = put_bytes(&bench.inside("acme/demo"), b"content").await;
    bench.on(
        Requests::of("GET", "/blobs/"),
        Quirk::RedirectTo(thief.origin()),
    );
    let error = remote_error(bench.repository_as(alice()).blob(&blob).await);
    assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
    assert_eq!(tokens.requests(), []);
}
