//! Registries that want tokens: one request for a token and scope, however many transfers run.

use std::collections::BTreeMap;
use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Registry, TokenService};

use crate::{Client, FROM};

/// A registry that wants tokens, of a service that knows a user, who is logged in.
fn guarded() -> (TokenService, Registry, Client) {
    let service = TokenService::new().with_user("test", "secret");
    let router = Distribution::new(Arc::new(MemoryStorage::new())).router();
    let registry = Registry::serving(service.guard(router));
    let client = Client::new(registry.host());
    let login = serde_json::json!({
        "auths": { registry.host(): { "auth": "dGVzdDpzZWNyZXQ=" } },
    });
    client
        .sandbox
        .write(".docker/config.json", login.to_string());
    let plain = format!("{},{}", registry.host(), service.host());
    let sandbox = client
        .sandbox
        .env("TOFU_OCI_PLAIN_HTTP", &plain)
        .env("TOFU_OCI_JOBS", "8");
    let client = Client { sandbox, ..client };
    (service, registry, client)
}

/// How often each scope was asked for.
fn scopes(service: &TokenService) -> BTreeMap<String, usize> {
    let mut scopes = BTreeMap::new();
    for request in service.requests() {
        assert!(request.authorization.is_some(), "{request:?}");
        *scopes.entry(request.scopes.join(" ")).or_default() += 1;
    }
    scopes
}

#[test]
fn a_publish_takes_one_token() {
    let (service, registry, client) = guarded();
    client.write_releases();
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    let expected = [("repository:acme/demo:pull,push".to_owned(), 1)];
    assert_eq!(scopes(&service), BTreeMap::from(expected));
    // The first request told what is wanted; no other was sent in vain.
    let refused = registry
        .requests()
        .into_iter()
        .filter(|r| r.ends_with(" 401"));
    assert_eq!(refused.count(), 1);
}

#[test]
fn an_install_takes_one_token_a_repository() {
    let (service, registry, client) = guarded();
    client.publish();
    let _ = client.line("publish provider dist HOST/acme/other").ok();
    let _ = (service.requests(), registry.requests());
    client.configure("infra");
    let configuration = client.sandbox.read("infra/main.tf").replace(
        "    demo = {",
        "    again = { source = \"acme/demo\" }\n    demo = {",
    );
    client.sandbox.write("infra/main.tf", configuration);
    let both = "--platform darwin_arm64";
    let _ = client.line(&format!("install infra {FROM} {both}")).ok();
    let expected = [
        ("repository:acme/demo:pull".to_owned(), 1),
        ("repository:modules/label:pull".to_owned(), 1),
    ];
    assert_eq!(scopes(&service), BTreeMap::from(expected));
    let requests = registry.requests();
    let pings = requests.iter().filter(|r| r.contains(" /v2/ "));
    assert_eq!(pings.count(), 0, "{requests:?}");
}
