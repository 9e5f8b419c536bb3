//! TLS with an authority of one's own, and what is refused.

use tofu_oci_testkit::{MutualTls, PeerServer, Registry};

use crate::{Client, check, sandbox};

/// A registry with an authority of its own, and a client that has not heard of it.
fn encrypted() -> (PeerServer, Client) {
    let client = Client::new("");
    let server = PeerServer::serve(&client.sandbox, "data", "--tls local");
    assert!(server.url().starts_with("https://"), "{}", server.url());
    let host = server.host();
    (server, Client { host, ..client })
}

const CA: &str = "--ca-file data/tls/ca.pem";

#[test]
fn an_authority_is_trusted_by_a_flag() {
    let (_server, client) = encrypted();
    client.write_releases();
    let publish = format!("publish provider dist HOST/acme/demo {CA} -q");
    check!(client, &publish, @r"
    exit 0
    -- stdout
    [HOST]/acme/demo@sha256:[DIGEST]
    ");
    let _ = client
        .line(&format!(
            "publish module label HOST/modules/label:1.2.0 {CA}"
        ))
        .ok();
    client.configure("infra");
    let install = format!("install infra {} {CA} -q", crate::FROM);
    check!(client, &install, @r"exit 0");
    check!(client, &format!("list HOST/acme/demo {CA}"), @r"
    exit 0
    -- stdout
    VERSION  KIND      PLATFORMS                   SIZE  CREATED               DIGEST
    1.2.3    provider  darwin_arm64, linux_amd64  638 B  2024-01-02T03:04:06Z  sha256:28262c7325d0
    ");
}

#[test]
fn an_authority_is_trusted_by_the_environment() {
    let (_server, client) = encrypted();
    client.write_releases();
    for (variable, value) in [
        ("SSL_CERT_FILE", client.sandbox.join("data/tls/ca.pem")),
        ("TOFU_OCI_CA_FILE", "data/tls/ca.pem".into()),
    ] {
        let words = format!("publish provider dist {}/acme/demo", client.host);
        let mut command = client
            .sandbox
            .command(&words.split(' ').collect::<Vec<_>>());
        let _ = client.sandbox.finish(command.env(variable, value)).ok();
    }
}

/// As the files of secrets that are mounted into containers.
#[cfg(unix)]
#[test]
fn files_of_certificates_may_be_links() {
    let (_server, client) = encrypted();
    let link = client.sandbox.join("link.pem");
    std::os::unix::fs::symlink("data/tls/ca.pem", link).unwrap();
    client.write_releases();
    let publish = "publish provider dist HOST/acme/demo --ca-file link.pem -q";
    let _ = client.line(publish).ok();
}

#[test]
fn an_unknown_authority_is_refused() {
    let (_server, client) = encrypted();
    check!(client, "list HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[tls-failed]: cannot read the tags of [HOST]/acme/demo
      cause: the TLS connection to [HOST] is refused: invalid peer certificate: UnknownIssuer
      hint: a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`
    ");
    check!(client, "list HOST/acme/demo --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"tls-failed","message":"cannot read the tags of [HOST]/acme/demo","causes":["the TLS connection to [HOST] is refused: invalid peer certificate: UnknownIssuer"],"hint":"a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`","exit":1}}
    "#);
    // Nobody goes on in the clear.
    let run = client.line("list HOST/acme/demo --plain-http HOST");
    assert_eq!(run.status, 1, "{}", run.stderr);
}

#[test]
fn another_authority_is_no_help() {
    let (_server, client) = encrypted();
    let (_other, stranger) = encrypted();
    let ca = std::fs::read(stranger.sandbox.join("data/tls/ca.pem")).unwrap();
    client.sandbox.write("other.pem", ca);
    check!(client, "list HOST/acme/demo --ca-file other.pem", @r"
    exit 1
    -- stderr
    error[tls-failed]: cannot read the tags of [HOST]/acme/demo
      cause: the TLS connection to [HOST] is refused: invalid peer certificate: BadSignature
      hint: a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`
    ");
}

#[test]
fn files_that_are_no_certificates() {
    let sandbox = sandbox();
    let client = Client {
        sandbox,
        host: "registry.example.com".to_owned(),
    };
    client.sandbox.write("empty.pem", "nothing\n");
    check!(client, "list HOST/acme/demo --ca-file absent.pem", @r"
    exit 2
    -- stderr
    error[certificate-file]: cannot read the certificate file `absent.pem`
      cause: failed to open file `absent.pem`: No such file or directory (os error 2)
      hint: name a file in PEM form that you may read
    ");
    check!(client, "list HOST/acme/demo --ca-file empty.pem", @r"
    exit 2
    -- stderr
    error[network-configuration]: cannot read the tags of [HOST]/acme/demo
      cause: the certificate file `empty.pem` cannot be used: it holds no certificate in PEM form
    ");
}

/// A registry that wants a certificate of whoever connects, and a client that has one in files of all kinds.
fn mutual() -> (Registry, MutualTls, Client) {
    let registry = Registry::new();
    let front = MutualTls::before(&registry);
    let client = Client::new(front.host());
    client.write_releases();
    let sandbox = &client.sandbox;
    sandbox.write("ca.pem", &front.server().certificate);
    sandbox.write("cert.pem", &front.client().certificate);
    sandbox.write("key.pem", &front.client().key);
    let both = format!("{}{}", front.client().key, front.client().certificate);
    sandbox.write("both.pem", both);
    (registry, front, client)
}

#[test]
fn a_certificate_of_ours_is_shown() {
    let (registry, _front, client) = mutual();
    for (flags, name) in [
        ("--client-cert cert.pem --client-key key.pem", "acme/two"),
        ("--client-cert both.pem", "acme/one"),
    ] {
        let all = format!("--ca-file ca.pem {flags} -q");
        let _ = client
            .line(&format!("publish provider dist HOST/{name} {all}"))
            .ok();
        let _ = client
            .line(&format!("pull HOST/{name}:1.2.3 -o {name} {all}"))
            .ok();
        assert!(registry.requests().len() > 5);
    }
    // And by the environment.
    let words = format!("list {}/acme/one", client.host);
    let mut command = client
        .sandbox
        .command(&words.split(' ').collect::<Vec<_>>());
    command
        .env("TOFU_OCI_CA_FILE", "ca.pem")
        .env("TOFU_OCI_CLIENT_CERT", "cert.pem")
        .env("TOFU_OCI_CLIENT_KEY", "key.pem");
    let _ = client.sandbox.finish(&mut command).ok();
}

#[test]
fn a_certificate_of_ours_is_missing() {
    let (registry, _front, client) = mutual();
    check!(client, "list HOST/acme/demo --ca-file ca.pem", @r"
    exit 1
    -- stderr
    error[tls-failed]: cannot read the tags of [HOST]/acme/demo
      cause: the TLS connection to [HOST] is refused: received fatal alert: CertificateRequired
      hint: a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`
    ");
    assert_eq!(registry.requests(), Vec::<String>::new());
    // A stranger's.
    let (_registry, stranger, _client) = mutual();
    let both = format!("{}{}", stranger.client().key, stranger.client().certificate);
    client.sandbox.write("other.pem", both);
    check!(client, "list HOST/acme/demo --ca-file ca.pem --client-cert other.pem", @r"
    exit 1
    -- stderr
    error[tls-failed]: cannot read the tags of [HOST]/acme/demo
      cause: the TLS connection to [HOST] is refused: received fatal alert: DecryptError
      hint: a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`
    ");
    assert_eq!(registry.requests(), Vec::<String>::new());
    // No key, and one that is another's.
    check!(client, "list HOST/acme/demo --ca-file ca.pem --client-cert cert.pem", @r"
    exit 2
    -- stderr
    error[network-configuration]: cannot read the tags of [HOST]/acme/demo
      cause: the certificate file `cert.pem` cannot be used: it holds no certificate with its key, both in PEM form
    ");
    client
        .sandbox
        .write("other-key.pem", &stranger.client().key);
    check!(client, "list HOST/acme/demo --ca-file ca.pem --client-cert cert.pem --client-key other-key.pem", @r"
    exit 2
    -- stderr
    error[network-configuration]: cannot read the tags of [HOST]/acme/demo
      cause: the TLS configuration cannot be used: keys may not be consistent: KeyMismatch
    ");
    check!(client, "list HOST/acme/demo --client-key key.pem", @r"
    exit 2
    -- stderr
    error: the following required arguments were not provided:
      --client-cert <FILE>

    Usage: tofu-oci list --client-cert <FILE> --client-key <FILE> --jobs <N> <REF>

    For more information, try '--help'.
    ");
}

/// An address that is not one of loopback, and reaches it all the same.
#[cfg(unix)]
#[test]
fn plain_http_is_refused_off_the_list() {
    let registry = Registry::new();
    let (_, port) = registry.host().rsplit_once(':').unwrap();
    let client = Client::new(&format!("0.0.0.0:{port}"));
    check!(client, "list HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[plain-http]: cannot read the tags of [HOST]/acme/demo
      cause: [HOST] answers in plain HTTP
      hint: where that is meant to be so, allow it with `--plain-http [HOST]`
    ");
    check!(client, "list HOST/acme/demo --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"plain-http","message":"cannot read the tags of [HOST]/acme/demo","causes":["[HOST] answers in plain HTTP"],"hint":"where that is meant to be so, allow it with `--plain-http [HOST]`","exit":1}}
    "#);
    assert_eq!(registry.requests(), Vec::<String>::new());
    let _ = client.line("list HOST/acme/demo --plain-http HOST");
    assert_eq!(registry.requests().len(), 1);
}
