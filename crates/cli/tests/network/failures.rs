//! What goes wrong, told with what to do about it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use tofu_oci_testkit::{PeerServer, Zip, ZipEntry};

use crate::{Client, FROM, check, published};

/// The host of a port at which nobody listens.
fn nobody() -> Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    Client::new(&listener.local_addr().unwrap().to_string())
}

#[test]
fn a_registry_that_is_not_there() {
    let client = nobody();
    check!(client, "list HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[registry-unreachable]: cannot read the tags of [HOST]/acme/demo
      cause: cannot reach [HOST]: Connection refused
      hint: check the host and its port, and the proxy (HTTPS_PROXY, NO_PROXY)
    ");
    check!(client, "list HOST/acme/demo --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"registry-unreachable","message":"cannot read the tags of [HOST]/acme/demo","causes":["cannot reach [HOST]: Connection refused"],"hint":"check the host and its port, and the proxy (HTTPS_PROXY, NO_PROXY)","exit":1}}
    "#);
}

#[test]
fn repositories_and_tags_that_are_not_there() {
    let (_registry, client) = published();
    check!(client, "list HOST/acme/absent", @r"
    exit 1
    -- stderr
    error[repository-not-found]: cannot read the tags of [HOST]/acme/absent
      cause: there is no repository at [HOST]/acme/absent
      hint: correct the name; some registries say so, too, to whoever may not read it
    ");
    check!(client, "list HOST/acme/absent --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"repository-not-found","message":"cannot read the tags of [HOST]/acme/absent","causes":["there is no repository at [HOST]/acme/absent"],"hint":"correct the name; some registries say so, too, to whoever may not read it","exit":1}}
    "#);
    check!(client, "show HOST/acme/demo:9.9.9", @r#"
    exit 1
    -- stderr
    error[tag-not-found]: cannot read 9.9.9 of [HOST]/acme/demo
      cause: [HOST]/acme/demo has no tag "9.9.9"
      hint: `tofu-oci list REF` shows the versions of a repository
    "#);
    check!(client, "show HOST/acme/demo:9.9.9 --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"tag-not-found","message":"cannot read 9.9.9 of [HOST]/acme/demo","causes":["[HOST]/acme/demo has no tag \"9.9.9\""],"hint":"`tofu-oci list REF` shows the versions of a repository","exit":1}}
    "#);
    check!(client, "pull HOST/acme/absent:1.0.0 -o out", @r"
    exit 1
    -- stderr
    error[repository-not-found]: cannot read 1.0.0 of [HOST]/acme/absent
      cause: there is no repository at [HOST]/acme/absent
      hint: correct the name; some registries say so, too, to whoever may not read it
    ");
    let digest = "0".repeat(64);
    check!(client, &format!("show HOST/acme/demo@sha256:{digest}"), @r"
    exit 1
    -- stderr
    error[manifest-not-found]: cannot read sha256:[DIGEST] of [HOST]/acme/demo
      cause: [HOST]/acme/demo has no manifest sha256:[DIGEST]
      hint: correct the digest; `tofu-oci list REF` shows what the tags name
    ");
}

#[test]
fn requirements_that_are_not_there() {
    let (_registry, client) = published();
    client.sandbox.write(
        "provider/main.tf",
        "terraform {\n  required_providers {\n    absent = { source = \"acme/absent\" }\n  }\n}\n",
    );
    check!(client, &format!("install provider {FROM}"), @r#"
    exit 1
    -- stderr
    error[provider-not-found]: cannot choose a version of registry.opentofu.org/acme/absent, "any version" (root at main.tf:3:5)
      cause: registry.opentofu.org/acme/absent is not in [HOST]/acme/absent
      cause: there is no repository at [HOST]/acme/absent
      hint: publish it with `tofu-oci publish provider`, or correct `--from` or the CLI configuration
    "#);
    client.sandbox.write(
        "version/main.tf",
        "terraform {\n  required_providers {\n    demo = {\n      source  = \"acme/demo\"\n      version = \">= 2.0.0\"\n    }\n  }\n}\n",
    );
    check!(client, &format!("install version {FROM}"), @r#"
    exit 1
    -- stderr
    error[no-version]: no version of registry.opentofu.org/acme/demo satisfies ">= 2.0.0" (root at main.tf:3:5); there is 1.2.3
      hint: change one of the constraints, or publish a version that satisfies all of them
    "#);
    check!(client, &format!("install version {FROM} --json"), @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"no-version","message":"no version of registry.opentofu.org/acme/demo satisfies \">= 2.0.0\" (root at main.tf:3:5); there is 1.2.3","causes":[],"hint":"change one of the constraints, or publish a version that satisfies all of them","exit":1}}
    "#);
    let source = format!("oci://{}/modules/absent", client.host);
    client.sandbox.write(
        "module/main.tf",
        format!("module \"x\" {{\n  source = \"{source}\"\n}}\n"),
    );
    check!(client, "install module", @r"
    exit 1
    -- stderr
    error[module-not-found]: cannot install module.x, called at main.tf:1:1
      cause: the module package latest is not in [HOST]/modules/absent
      cause: there is no repository at [HOST]/modules/absent
      hint: correct the name; some registries say so, too, to whoever may not read it
    ");
}

#[test]
fn a_registry_that_wants_a_login() {
    let client = Client::new("");
    // `test` with the password `secret`.
    client.sandbox.write(
        "users",
        "test:$2y$05$EgSFMXvjXh7gMStxgY598.4zfImA9sWLmtdw5gD93D4yn2rcftOK.\n",
    );
    let flags = format!("--htpasswd {}", client.sandbox.join("users").display());
    let server = PeerServer::serve(&client.sandbox, "data", &flags);
    let client = Client {
        host: server.host(),
        ..client
    };
    client.write_releases();
    check!(client, "list HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[access-denied]: cannot read the tags of [HOST]/acme/demo
      cause: [HOST] refuses listing the tags of [HOST]/acme/demo: 401 UNAUTHORIZED: log in with a name and a password of this registry
      hint: log in: `tofu-oci login [HOST]`
    ");
    check!(client, "list HOST/acme/demo --json", @r#"
    exit 1
    -- stderr
    {"version":1,"error":{"code":"access-denied","message":"cannot read the tags of [HOST]/acme/demo","causes":["[HOST] refuses listing the tags of [HOST]/acme/demo: 401 UNAUTHORIZED: log in with a name and a password of this registry"],"hint":"log in: `tofu-oci login [HOST]`","exit":1}}
    "#);
    check!(client, "publish provider dist HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[access-denied]: cannot read from [HOST]/acme/demo
      cause: [HOST] refuses looking up 1.2.3 in [HOST]/acme/demo: 401 UNAUTHORIZED: log in with a name and a password of this registry
      hint: log in: `tofu-oci login [HOST]`
    ");
    client.configure("infra");
    check!(client, &format!("install infra {FROM}"), @r"
    exit 1
    -- stderr
    error[access-denied]: cannot install module.label, called at main.tf:10:1
      cause: cannot read module 1.2.0 from [HOST]/modules/label
      cause: [HOST] refuses reading the manifest 1.2.0 of [HOST]/modules/label: 401 UNAUTHORIZED: log in with a name and a password of this registry
      hint: log in: `tofu-oci login [HOST]`
    ");
}

#[test]
fn versions_do_not_move() {
    let (registry, client) = published();
    tofu_oci_testkit::ProviderRelease::new("1.2.3")
        .body("another program\n")
        .write(client.sandbox.join("other"));
    check!(client, "publish provider other HOST/acme/demo", @r#"
    exit 3
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[version-exists]: the tag "1.2.3" of [HOST]/acme/demo is sha256:[DIGEST], and would become sha256:[DIGEST]
      hint: publish under a new version; `--force` replaces this one, and breaks whoever has locked it
    "#);
    let requests = registry.requests();
    let writes = requests
        .iter()
        .filter(|r| !r.starts_with("HEAD") && !r.starts_with("GET"));
    assert_eq!(writes.count(), 0, "{requests:?}");
    // The server has the last word.
    check!(client, "publish provider other HOST/acme/demo --force", @r"
    exit 1
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[registry-refused]: cannot complete the artifact in [HOST]/acme/demo
      cause: cannot store manifests in [HOST]/acme/demo
      cause: [HOST] does not accept storing the manifest 1.2.3 in [HOST]/acme/demo: 409 DENIED: the tag is that of a version and names other content, which does not change
      hint: the registry does not replace what it has: publish under a new version
    ");
}

/// A page is no answer of a registry.
#[test]
fn something_that_is_no_registry() {
    let client = Client::new(&page());
    check!(client, "list HOST/acme/demo", @r"
    exit 1
    -- stderr
    error[registry-invalid]: cannot read the tags of [HOST]/acme/demo
      cause: [HOST] gives an invalid answer, while listing the tags of [HOST]/acme/demo: it is no list of tags
      hint: is it a registry, and does a proxy stand in between? `-vv` shows every request
    ");
}

/// A server that answers everything with a page, for as long as the process runs.
fn page() -> String {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // What cannot be read or written, the client has given up.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(ANSWER);
        }
    });
    host
}

/// A zip whose digest nobody told is looked into before it is sent.
#[test]
fn a_bad_package_is_not_sent() {
    let (registry, client) = published();
    let package = "terraform-provider-demo_2.0.0_linux_amd64.zip";
    let program = tofu_oci_testkit::executable("linux", "amd64", "demo\n");
    let entry = ZipEntry::executable("terraform-provider-demo_v2.0.0", program);
    Zip::new()
        .entry(entry.crc(1))
        .write(client.sandbox.join(package));
    let run = client.line(&format!("publish provider {package} HOST/acme/demo"));
    assert_eq!(run.status, 3, "{}", run.stderr);
    let requests = registry.requests();
    let writes = requests
        .iter()
        .filter(|r| !r.starts_with("HEAD") && !r.starts_with("GET"));
    assert_eq!(writes.count(), 0, "{requests:?}");
}
