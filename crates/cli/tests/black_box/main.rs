//! The program from outside: arguments in, output, exit status and files out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod bad_configurations;
mod bad_packages;
mod bad_releases;
mod cache;
mod cli_config;
mod command_line;
mod hostile_text;
mod inspect;
mod install;
mod interrupt;
mod json;
mod login;
mod maintain;
mod module_lock;
mod plugin_cache;
mod publish;
mod requirements;
mod round_trip;
mod serve;
#[path = "../../../tofu-oci/tests/support/signing.rs"]
#[allow(dead_code)]
mod signing;
mod verify;
mod verify_content;
mod verify_directory;

use tofu_oci_testkit::{ProviderRelease, Sandbox};

/// A sandbox for the program.
fn sandbox() -> Sandbox {
    // One job: what is told of work side by side comes in any order.
    Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("TOFU_OCI_JOBS", "1")
}

/// A sandbox with version 1.2.3 of `acme/demo` for Linux and macOS, and a module, in `registry`.
fn published() -> Sandbox {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    let _ = sandbox
        .line("publish provider dist dir:registry//acme/demo")
        .ok();
    sandbox.write(
        "label/main.tf",
        "variable \"name\" {}\noutput \"label\" { value = var.name }\n",
    );
    sandbox.write("label/scripts/run.sh", "#!/bin/sh\n");
    let _ = sandbox
        .line("publish module label dir:registry//modules/label:1.2.0")
        .ok();
    sandbox
}

/// The flags of an install from `registry`, for Linux on x86 wherever the test runs.
const FROM: &str = "--from dir:registry//{namespace}/{type} --module-from oci.example.com=dir:registry --platform linux_amd64";

/// A configuration that needs what [`published`] has.
const CONFIGURATION: &str = r#"terraform {
  required_providers {
    demo = {
      source  = "acme/demo"
      version = "~> 1.2"
    }
  }
}

module "label" {
  source = "oci://oci.example.com/modules/label?tag=1.2.0"
  name   = "x"
}
"#;

macro_rules! check {
    ($sandbox:expr, $line:expr, @$snapshot:literal) => {
        let run = $sandbox.line($line);
        insta::assert_snapshot!($sandbox.snapshot(&run), @$snapshot);
    };
}
pub(crate) use check;
