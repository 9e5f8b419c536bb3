//! CLI configurations that say where providers are, and who we are there.

use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Registry, password_guard};

use crate::Client;

/// A registry that wants a password, and a client whose CLI configuration knows `password` for it.
fn configured(password: &str) -> (Registry, Client) {
    let router = Distribution::new(Arc::new(MemoryStorage::new())).router();
    let registry = Registry::serving(password_guard("ci", "s3cret", router));
    let host = registry.host();
    let client = Client::new(host);
    let configuration = format!(
        r#"
provider_installation {{
  oci_mirror {{
    repository_template = "{host}/${{namespace}}/${{type}}"
    include             = ["registry.opentofu.org/*/*"]
  }}
}}

oci_credentials "{host}" {{
  username = "ci"
  password = "{password}"
}}

# Nobody is logged in to this one.
oci_credentials "other.example.com" {{
  username = "ci"
  password = "elsewhere"
}}
"#
    );
    client.sandbox.write(".tofurc", configuration);
    let sandbox = client.sandbox.env("TOFU_OCI_PLAIN_HTTP", host);
    (registry, Client { sandbox, ..client })
}

#[test]
fn an_install_needs_no_flag() {
    let (registry, client) = configured("s3cret");
    client.publish();
    client.configure("infra");
    registry.requests();
    let run = client.line("install infra").ok();
    let lock = client.sandbox.read("infra/.terraform.lock.hcl");
    assert!(
        lock.contains("\"registry.opentofu.org/acme/demo\""),
        "{lock}"
    );
    let requests = registry.requests();
    assert!(
        requests.iter().any(|r| r.contains("/v2/acme/demo/blobs/")),
        "{requests:?}"
    );
    for stream in [&run.stdout, &run.stderr] {
        assert!(!stream.contains("s3cret"), "{stream}");
    }
}

#[test]
fn a_wrong_password_is_told_without_being_shown() {
    let (_registry, client) = configured("wr0ng");
    let run = client.line("list HOST/acme/demo -vv");
    assert_eq!(run.status, 1, "{}", run.stderr);
    for said in ["error[access-denied]", "the credential is wrong or too old"] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("wr0ng"), "{}", run.stderr);
}

#[test]
fn a_mistake_in_the_configuration_is_no_reason_to_go_on_as_nobody() {
    let (registry, client) = configured("s3cret");
    client
        .sandbox
        .write(".tofurc", "oci_credentials \"a\" {}\n");
    let run = client.line("list HOST/acme/demo");
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("error[credential-unusable]"),
        "{}",
        run.stderr
    );
    assert_eq!(registry.requests().len(), 1);
}
