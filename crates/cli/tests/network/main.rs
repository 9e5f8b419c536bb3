//! The program against registries on loopback: ours in this process, whose requests are counted, and ours as it
//! is started by `serve`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod budgets;
mod cached;
mod configured;
mod encrypted;
mod evidence;
mod failures;
mod foreign_evidence;
mod proxies;
mod round_trip;
mod served;
mod signatures;
#[path = "../../../tofu-oci/tests/support/signing.rs"]
#[allow(dead_code)]
mod signing;
mod streamed;
mod tokens;

use tofu_oci_testkit::{ProviderRelease, Registry, Run, Sandbox};

/// A sandbox for the program.
fn sandbox() -> Sandbox {
    // One job: what is told of work side by side comes in any order.
    Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("TOFU_OCI_JOBS", "1")
}

/// A sandbox and the host of a registry, which is `HOST` in command lines and `[HOST]` in snapshots.
struct Client {
    sandbox: Sandbox,
    host: String,
}

impl Client {
    fn new(host: &str) -> Self {
        Self {
            sandbox: sandbox(),
            host: host.to_owned(),
        }
    }

    fn line(&self, line: &str) -> Run {
        self.sandbox.line(&line.replace("HOST", &self.host))
    }

    fn snapshot(&self, run: &Run) -> String {
        let text = self.sandbox.snapshot(run).replace(&self.host, "[HOST]");
        // How long is waited before the next attempt is chance, and so is whether that is told.
        let lines = text.lines().filter(|line| !line.starts_with("waiting "));
        let text = lines.collect::<Vec<_>>().join(
            "
",
        );
        // The number differs from system to system.
        text.replace(" (os error 111)", "")
            .replace(" (os error 61)", "")
    }

    /// Writes the files of a provider and of a module.
    fn write_releases(&self) {
        ProviderRelease::new("1.2.3").write(self.sandbox.join("dist"));
        self.sandbox.write(
            "label/main.tf",
            "variable \"name\" {}\noutput \"label\" { value = var.name }\n",
        );
    }

    /// Publishes version 1.2.3 of `acme/demo` for Linux and macOS, and a module.
    fn publish(&self) {
        self.write_releases();
        let _ = self.line("publish provider dist HOST/acme/demo").ok();
        let _ = self
            .line("publish module label HOST/modules/label:1.2.0")
            .ok();
    }

    /// Makes it a machine that has the configuration in `dir` with its lock file, and nothing else.
    fn forget(&self, dir: &str) {
        std::fs::remove_dir_all(self.sandbox.join(dir).join(".terraform")).unwrap();
        // Modules alone leave none.
        let _ = std::fs::remove_dir_all(self.sandbox.join(".cache"));
    }

    /// Writes a configuration that needs the provider and the module, into `dir`.
    fn configure(&self, dir: &str) {
        let configuration = CONFIGURATION.replace("HOST", &self.host);
        self.sandbox.write(format!("{dir}/main.tf"), configuration);
    }
}

/// A registry in this process, with something in it, and no request counted yet.
fn published() -> (Registry, Client) {
    let registry = Registry::new();
    let client = Client::new(registry.host());
    client.publish();
    let _ = registry.requests();
    (registry, client)
}

/// The flags of an install, for Linux on x86 wherever the test runs.
const FROM: &str = "--from HOST/{namespace}/{type} --platform linux_amd64";

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
  source = "oci://HOST/modules/label?tag=1.2.0"
  name   = "x"
}
"#;

macro_rules! check {
    ($client:expr, $line:expr, @$snapshot:literal) => {
        let run = $client.line($line);
        insta::assert_snapshot!($client.snapshot(&run), @$snapshot);
    };
}
pub(crate) use check;
