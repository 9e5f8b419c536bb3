//! OpenTofu and Terraform with our registry, and with what we installed from it.

use std::path::Path;

use tofu_oci_testkit::{PeerServer, Run, Sandbox, peer};

use crate::{configure, publish, sandbox};

/// A registry of ours that speaks TLS, and the flag by which our client trusts it.
fn encrypted() -> (Sandbox, PeerServer, String) {
    let sandbox = sandbox();
    let server = PeerServer::serve(&sandbox, "data", "--tls local");
    let flags = format!("--ca-file {}", sandbox.join("data/tls/ca.pem").display());
    publish(&sandbox, &server.host(), &flags);
    sandbox.write("client.tfrc", "disable_checkpoint = true\n");
    (sandbox, server, flags)
}

/// Runs a client in `dir`, with nothing of the machine's configuration.
fn client(sandbox: &Sandbox, program: &Path, dir: &str, line: &str) -> Run {
    let args: Vec<&str> = line.split_whitespace().collect();
    let mut command = sandbox.other(program, &args);
    command
        .current_dir(sandbox.join(dir))
        .env("TF_CLI_CONFIG_FILE", sandbox.join("client.tfrc"))
        .env("SSL_CERT_FILE", sandbox.join("data/tls/ca.pem"))
        // Whatever it might want from a network fails at once.
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1");
    sandbox.finish(&mut command)
}

/// From the same place OpenTofu and we install the same files and write the same lock file.
#[cfg(target_os = "linux")]
#[test]
fn tofu_writes_the_same_lock_file() {
    let Some(program) = peer("tofu") else {
        return;
    };
    let (sandbox, server, flags) = encrypted();
    let host = server.host();
    sandbox.write(
        "client.tfrc",
        format!(
            "provider_installation {{\n  oci_mirror {{\n    repository_template = \"{host}/${{namespace}}/${{type}}\"\n    include = [\"registry.opentofu.org/*/*\"]\n  }}\n}}\n"
        ),
    );
    configure(&sandbox, "theirs", Some(&host));
    configure(&sandbox, "ours", Some(&host));
    let init = "init -no-color -input=false";
    let _ = client(&sandbox, &program, "theirs", init).ok();
    let install = format!("install ours --from {host}/{{namespace}}/{{type}} {flags}");
    let _ = sandbox.line(&install).ok();
    let lock = |dir: &str| sandbox.read(format!("{dir}/.terraform.lock.hcl"));
    assert_eq!(lock("ours"), lock("theirs"));
    let tree = |dir: &str| {
        let mut files = sandbox.files(format!("{dir}/.terraform"));
        // What each of them locks while it works.
        files.retain(|file| !file.ends_with("lock"));
        files
    };
    assert_eq!(tree("ours"), tree("theirs"));
    // Each goes on where the other stopped.
    let _ = client(&sandbox, &program, "ours", init).ok();
    let again = sandbox
        .line(&install.replace("install ours", "install theirs --locked --json"))
        .ok();
    assert!(again.stdout.contains("\"kept\""), "{}", again.stdout);
}

/// What we installed over the network is all that a client needs.
fn works_in(name: &str) {
    let Some(program) = peer(name) else {
        return;
    };
    let (sandbox, server, flags) = encrypted();
    let host = server.host();
    configure(&sandbox, "infra", None);
    let origin = match name {
        "terraform" => "terraform",
        _ => "tofu",
    };
    let install =
        format!("install infra --from {host}/{{namespace}}/{{type}} {flags} --origin {origin}");
    let _ = sandbox.line(&install).ok();
    drop(server);
    let lock = sandbox.read("infra/.terraform.lock.hcl");
    let init = "init -no-color -input=false -plugin-dir=.terraform/providers";
    let run = client(&sandbox, &program, "infra", init).ok();
    assert!(
        run.stdout.contains("successfully initialized"),
        "{}",
        run.stdout
    );
    assert_eq!(sandbox.read("infra/.terraform.lock.hcl"), lock);
}

#[test]
fn terraform_uses_what_was_installed() {
    works_in("terraform");
}

#[test]
fn tofu_uses_what_was_installed() {
    works_in("tofu");
}
