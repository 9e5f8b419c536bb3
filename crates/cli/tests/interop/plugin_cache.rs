//! The plugin cache, which the clients and we share.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use tofu_oci_testkit::{ProviderRelease, Run, Sandbox, peer};

use crate::{CONFIGURATION, client, platform, published};

/// A client, and a sandbox with a plugin cache and a packed mirror for it.
struct Shared {
    sandbox: Sandbox,
    program: PathBuf,
    origin: &'static str,
    host: &'static str,
}

impl Shared {
    fn new(origin: &'static str) -> Option<Self> {
        let program = peer(origin)?;
        let host = match origin {
            "tofu" => "registry.opentofu.org",
            _ => "registry.terraform.io",
        };
        let sandbox = published();
        let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
        sandbox.write("infra/main.tf", configuration);
        let zip = ProviderRelease::new("1.2.3").filename(&platform());
        let mirror = sandbox.join(format!("mirror/{host}/acme/demo"));
        fs::create_dir_all(&mirror).unwrap();
        fs::copy(sandbox.join("dist").join(&zip), mirror.join(&zip)).unwrap();
        fs::create_dir(sandbox.join("cache")).unwrap();
        sandbox.write(
            "client.tfrc",
            format!(
                "plugin_cache_dir = \"{}\"\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                sandbox.join("cache").display(),
                sandbox.join("mirror").display()
            ),
        );
        Some(Self {
            sandbox,
            program,
            origin,
            host,
        })
    }

    fn init(&self) -> Run {
        let line = "init -no-color -input=false";
        client(&self.sandbox, &self.program, line).ok()
    }

    fn install(&self, flags: &str) -> Run {
        let origin = self.origin;
        let line = format!(
            "install infra --from dir:registry//{{namespace}}/{{type}} --origin {origin} --cli-config client.tfrc {flags}"
        );
        self.sandbox.line(&line).ok()
    }

    fn forget(&self) {
        fs::remove_dir_all(self.sandbox.join("infra/.terraform")).unwrap();
    }

    fn entry(&self) -> PathBuf {
        let package = format!("cache/{}/acme/demo/1.2.3/{}", self.host, platform());
        self.sandbox.join(package)
    }

    fn link(&self) -> PathBuf {
        let package = format!("{}/acme/demo/1.2.3/{}", self.host, platform());
        let place = Path::new("infra/.terraform/providers").join(package);
        fs::read_link(self.sandbox.join(place)).unwrap()
    }
}

/// What a client put there and locked is ours without fetching.
fn we_take_theirs(origin: &'static str) {
    let Some(shared) = Shared::new(origin) else {
        return;
    };
    let _ = shared.init();
    let theirs = shared.link();
    let lock = shared.sandbox.read("infra/.terraform.lock.hcl");
    shared.forget();
    fs::rename(shared.sandbox.join("registry"), shared.sandbox.join("away")).unwrap();
    let run = shared.install("--locked");
    assert!(
        run.stdout.contains("linked from the plugin cache"),
        "{}",
        run.stdout
    );
    assert_eq!(shared.link(), theirs);
    assert_eq!(shared.sandbox.read("infra/.terraform.lock.hcl"), lock);
    // And the client finds what it would have made.
    let _ = shared.init();
    assert_eq!(shared.link(), theirs);
}

/// What we put there and locked is a client's without fetching.
fn they_take_ours(origin: &'static str) {
    let Some(shared) = Shared::new(origin) else {
        return;
    };
    let _ = shared.install("");
    assert_eq!(shared.link(), shared.entry());
    let lock = shared.sandbox.read("infra/.terraform.lock.hcl");
    let before = fs::metadata(shared.entry()).unwrap().modified().unwrap();
    shared.forget();
    let run = shared.init();
    assert!(
        run.stdout.contains("from the shared cache directory")
            || run.stdout.contains("in the shared cache directory"),
        "{}",
        run.stdout
    );
    assert_eq!(shared.link(), shared.entry());
    assert_eq!(shared.sandbox.read("infra/.terraform.lock.hcl"), lock);
    let after = fs::metadata(shared.entry()).unwrap().modified().unwrap();
    assert_eq!(before, after, "it was unpacked again");
}

#[test]
fn we_take_what_tofu_put_there() {
    we_take_theirs("tofu");
}

#[test]
fn we_take_what_terraform_put_there() {
    we_take_theirs("terraform");
}

#[test]
fn tofu_takes_what_we_put_there() {
    they_take_ours("tofu");
}

#[test]
fn terraform_takes_what_we_put_there() {
    they_take_ours("terraform");
}

/// A client that does not know the lock entry unpacks again and compares; ours is no conflict.
#[test]
fn tofu_finds_no_conflict_in_what_we_put_there() {
    let Some(shared) = Shared::new("tofu") else {
        return;
    };
    let _ = shared.install("");
    shared.forget();
    fs::remove_file(shared.sandbox.join("infra/.terraform.lock.hcl")).unwrap();
    let _ = shared.init();
    assert_eq!(shared.link(), shared.entry());
}
