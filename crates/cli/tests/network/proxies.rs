//! Proxies, as the environment names them.

use tofu_oci_testkit::Registry;

use crate::{Client, sandbox};

#[test]
fn other_hosts_are_reached_by_the_proxy() {
    // What it answers does not matter: it was asked, and nobody looked the name up.
    let proxy = Registry::new();
    let address = format!("http://user:s3cret@{}", proxy.host());
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        let client = sandbox()
            .env(variable, &address)
            .env("TOFU_OCI_PLAIN_HTTP", "oci.example.test");
        let run = client.line("list oci.example.test/acme/demo -vv");
        assert_eq!(run.status, 1, "{}", run.stderr);
        let asked = proxy.requests();
        assert_eq!(asked.len(), 1, "{variable}: {asked:?}");
        assert!(asked[0].contains("/v2/acme/demo/tags/list"), "{asked:?}");
        assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    }
}

#[test]
fn loopback_and_exceptions_are_reached_directly() {
    let registry = Registry::new();
    let client = Client::new(registry.host());
    let nobody = "http://127.0.0.1:9";
    let sandbox = client
        .sandbox
        .env("http_proxy", nobody)
        .env("HTTPS_PROXY", nobody);
    let client = Client { sandbox, ..client };
    client.publish();
    let _ = client.line("list HOST/acme/demo").ok();
}
