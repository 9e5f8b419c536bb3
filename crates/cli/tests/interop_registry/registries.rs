//! Our client with registries of others.

use tofu_oci_testkit::{PeerRegistry, Run, Sandbox, peer};

use crate::{configure, json, publish, run as run_peer, sandbox, shown};

/// Publishes to a registry, looks, installs and pulls: all of it as from a directory.
fn works_with(sandbox: &Sandbox, host: &str) {
    publish(sandbox, host, "");
    for line in [
        "publish provider dist dir:near//acme/demo",
        "publish module label dir:near//modules/label:1.2.0",
    ] {
        let _ = sandbox.line(line).ok();
    }
    // Nothing is sent twice.
    let again = format!("publish provider dist {host}/acme/demo --json");
    let again = json(&sandbox.line(&again).ok());
    assert_eq!(again["release"]["outcome"], "unchanged", "{again}");

    let list = json(&sandbox.line(&format!("list {host}/acme/demo --json")).ok());
    assert_eq!(list["versions"][0]["version"], "1.2.3", "{list}");
    for name in ["acme/demo:1.2.3", "modules/label:latest"] {
        let far = shown(sandbox, &format!("{host}/{name}"));
        assert_eq!(far, shown(sandbox, &format!("dir:near//{name}")), "{name}");
    }
    let shown = shown(sandbox, &format!("{host}/acme/demo:1.2.3"));
    assert_eq!(shown["referrers"].as_array().unwrap().len(), 2, "{shown}");

    let _ = sandbox
        .line(&format!("pull {host}/acme/demo:1.2.3 -o out"))
        .ok();
    for file in sandbox.files("dist") {
        let read = |dir: &str| std::fs::read(sandbox.join(dir).join(&file)).unwrap();
        assert_eq!(read("out"), read("dist"), "{file}");
    }

    configure(sandbox, "far", Some(host));
    configure(sandbox, "close", None);
    for (dir, from) in [("far", host), ("close", "dir:near/")] {
        let line = format!("install {dir} --from {from}/{{namespace}}/{{type}}");
        let _ = sandbox.line(&line).ok();
    }
    let lock = |dir: &str| sandbox.read(format!("{dir}/.terraform.lock.hcl"));
    assert_eq!(lock("far"), lock("close"));
    assert_eq!(
        sandbox.read("far/.terraform/modules/label/main.tf"),
        sandbox.read("label/main.tf")
    );
}

#[test]
fn distribution_2() {
    let Some(program) = peer("docker-registry") else {
        return;
    };
    let sandbox = sandbox();
    let server = PeerRegistry::new(program, sandbox.join("theirs")).start();
    works_with(&sandbox, &server.host());
}

#[test]
fn distribution_3() {
    let Some(program) = peer("registry") else {
        return;
    };
    let sandbox = sandbox();
    let server = PeerRegistry::new(program, sandbox.join("theirs")).start();
    works_with(&sandbox, &server.host());
}

/// Without a login: told so. With one: everything, for us and for whoever reads the same file.
fn works_with_users(name: &str) {
    let Some(program) = peer(name) else { return };
    let sandbox = sandbox();
    sandbox.write("users", USERS);
    let server = PeerRegistry::new(program, sandbox.join("theirs"))
        .users(sandbox.join("users"))
        .start();
    let host = server.host();
    // On loopback, too, a password travels in the clear only where that was said.
    let sandbox = sandbox.env("TOFU_OCI_PLAIN_HTTP", &host);
    let run = sandbox.line(&format!("publish provider dist {host}/acme/demo"));
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("error[access-denied]") && run.stderr.contains("tofu-oci login"),
        "{}",
        run.stderr
    );
    assert_eq!(login(&sandbox, &host, "wrong").status, 1);
    let _ = login(&sandbox, &host, "secret").ok();
    works_with(&sandbox, &host);
    for (name, line) in [
        ("crane", "ls HOST/modules/label"),
        ("oras", "repo tags --plain-http HOST/modules/label"),
        (
            "skopeo",
            "list-tags --tls-verify=false docker://HOST/modules/label",
        ),
    ] {
        let Some(program) = peer(name) else { continue };
        let run = run_peer(&sandbox, &program, &line.replace("HOST", &host));
        assert!(run.stdout.contains("1.2.0"), "{name}: {}", run.stdout);
    }
}

fn login(sandbox: &Sandbox, host: &str, password: &str) -> Run {
    sandbox.write("password", format!("{password}\n"));
    let mut command = sandbox.command(&["login", host, "--username", "test", "--password-stdin"]);
    command.stdin(std::fs::File::open(sandbox.join("password")).unwrap());
    sandbox.finish(&mut command)
}

#[test]
fn distribution_2_with_users() {
    works_with_users("docker-registry");
}

#[test]
fn distribution_3_with_users() {
    works_with_users("registry");
}

/// `test` with the password `secret`, as `htpasswd -B` writes it.
const USERS: &str = "test:$2y$05$EgSFMXvjXh7gMStxgY598.4zfImA9sWLmtdw5gD93D4yn2rcftOK.\n";
