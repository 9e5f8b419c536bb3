//! The program as a client of the program as a server.

use tofu_oci_testkit::PeerServer;

use crate::{Client, FROM};

/// What is published through the server lies in its directory as if it had been published into it.
#[test]
fn a_server_serves_what_lies_in_its_directory() {
    let client = Client::new("");
    let server = PeerServer::serve(&client.sandbox, "data", "");
    let client = Client {
        host: server.host(),
        ..client
    };
    client.publish();
    for line in [
        "fsck data",
        "list dir:data//acme/demo",
        "show dir:data//modules/label:1.2.0",
        "pull dir:data//acme/demo:1.2.3 -o near",
        "pull HOST/acme/demo:1.2.3 -o far",
    ] {
        let _ = client.line(line).ok();
    }
    assert_eq!(client.sandbox.files("near"), client.sandbox.files("far"));
    // And what is published into the directory is served at once.
    tofu_oci_testkit::ProviderRelease::new("1.3.0").write(client.sandbox.join("next"));
    let _ = client
        .line("publish provider next dir:data//acme/demo")
        .ok();
    client.configure("infra");
    let _ = client.line(&format!("install infra {FROM}")).ok();
    let lock = client.sandbox.read("infra/.terraform.lock.hcl");
    assert!(lock.contains("\"1.3.0\""), "{lock}");
}

/// A server that is started again over its directory has everything.
#[test]
fn a_server_can_be_started_again() {
    let client = Client::new("");
    let server = PeerServer::serve(&client.sandbox, "data", "--sync off");
    let mut client = Client {
        host: server.host(),
        ..client
    };
    client.publish();
    drop(server);
    let server = PeerServer::serve(&client.sandbox, "data", "");
    client.host = server.host();
    client.configure("infra");
    let _ = client.line(&format!("install infra {FROM}")).ok();
    let _ = client.line("fsck data").ok();
}

#[test]
fn two_servers_share_a_directory() {
    let client = Client::new("");
    let one = PeerServer::serve(&client.sandbox, "data", "");
    let other = PeerServer::serve(&client.sandbox, "data", "");
    let mut client = Client {
        host: one.host(),
        ..client
    };
    client.publish();
    client.host = other.host();
    client.configure("infra");
    let _ = client.line(&format!("install infra {FROM}")).ok();
}
