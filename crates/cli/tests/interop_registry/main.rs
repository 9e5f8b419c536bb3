//! Real peers over the network: our client with registries of others, other clients with our registry.
//!
//! A program that is not there is skipped, visibly. `TOFU_OCI_PEERS` names further directories to look in;
//! `TOFU_OCI_REQUIRE_PEERS` lists programs that must be there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod clients;
mod crane;
mod oras;
mod regctl;
mod registries;
mod skopeo;

use std::path::Path;

use serde_json::Value;
use tofu_oci_testkit::{PeerServer, ProviderRelease, Run, Sandbox};

/// A sandbox with the files of a provider and of a module.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("CHECKPOINT_DISABLE", "1");
    ProviderRelease::new("1.2.3")
        .platforms(&["darwin_arm64", &platform()])
        .write(sandbox.join("dist"));
    sandbox.write("label/main.tf", "output \"label\" { value = 1 }\n");
    sandbox
}

/// Publishes both to a registry, as `acme/demo` and `modules/label`.
fn publish(sandbox: &Sandbox, host: &str, flags: &str) {
    for line in [
        format!("publish provider dist {host}/acme/demo {flags}"),
        format!("publish module label {host}/modules/label:1.2.0 {flags}"),
    ] {
        let _ = sandbox.line(&line).ok();
    }
}

/// A registry of ours with both in it.
fn served(flags: &str) -> (Sandbox, PeerServer) {
    let sandbox = sandbox();
    let server = PeerServer::serve(&sandbox, "data", flags);
    publish(&sandbox, &server.host(), "");
    (sandbox, server)
}

/// Runs another program in the sandbox; the words of `line` are its arguments.
#[track_caller]
fn run(sandbox: &Sandbox, program: &Path, line: &str) -> Run {
    let args: Vec<&str> = line.split_whitespace().collect();
    let run = sandbox.finish(&mut sandbox.other(program, &args));
    assert_eq!(run.status, 0, "{line}\n{}\n{}", run.stdout, run.stderr);
    run
}

/// What a program prints, as JSON.
#[track_caller]
fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

/// The tree of a version as `show` sees it, without its place.
fn shown(sandbox: &Sandbox, reference: &str) -> Value {
    let mut document = json(&sandbox.line(&format!("show {reference} --json")).ok());
    document["root"].take()
}

/// Writes a configuration that needs the provider, and with `modules` the module of that registry.
fn configure(sandbox: &Sandbox, dir: &str, modules: Option<&str>) {
    let mut configuration = String::from(
        "terraform {\n  required_providers {\n    demo = {\n      source  = \"acme/demo\"\n      version = \"~> 1.2\"\n    }\n  }\n}\n",
    );
    if let Some(host) = modules {
        configuration += &format!(
            "\nmodule \"label\" {{\n  source = \"oci://{host}/modules/label?tag=1.2.0\"\n}}\n"
        );
    }
    sandbox.write(format!("{dir}/main.tf"), configuration);
}

/// The platform of the machine, as the clients call it.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    format!("{os}_{arch}")
}
