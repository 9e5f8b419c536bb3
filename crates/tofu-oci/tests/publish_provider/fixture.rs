//! What the tests of one release have in common.

use tofu_oci::publish::ProviderOptions;
use tofu_oci::types::oci::TagOrDigest;

pub(crate) const MANIFEST: &[u8] =
    b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"5.0\",\"6.0\"]}}\n";

pub(crate) fn golden_options() -> ProviderOptions {
    ProviderOptions {
        source: Some("registry.example.com/acme/demo".parse().unwrap()),
        created: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        ..ProviderOptions::default()
    }
}

pub(crate) fn tag(text: &str) -> TagOrDigest {
    TagOrDigest::Tag(text.parse().unwrap())
}
