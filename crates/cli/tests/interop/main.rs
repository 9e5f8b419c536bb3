//! What other programs make of what we write.
//!
//! A program that is not there is skipped, visibly. `TOFU_OCI_PEERS` names further directories to
//! look in; `TOFU_OCI_REQUIRE_PEERS` lists programs that must be there.
//! `TOFU_OCI_TEST_PROVIDER` names a provider of type `demo` that can really be run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod gpg;
mod plugin_cache;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tofu_oci_testkit::{ProviderRelease, Run, Sandbox, Zip, ZipEntry, peer, skipped};

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

/// A provider, one that can be run where there is one, and a module, in `registry`.
fn published() -> Sandbox {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("CHECKPOINT_DISABLE", "1");
    let release = ProviderRelease::new("1.2.3");
    match provider() {
        Some(path) => {
            let zip = Zip::new().entry(ZipEntry::executable(
                "terraform-provider-demo_v1.2.3",
                fs::read(path).unwrap(),
            ));
            zip.write(sandbox.join("dist").join(release.filename(&platform())));
        }
        None => release
            .platforms(&[&platform()])
            .write(sandbox.join("dist")),
    }
    let publish = "publish provider dist dir:registry//acme/demo";
    let _ = sandbox.line(publish).ok();
    sandbox.write(
        "label/main.tf",
        "variable \"name\" {}\noutput \"label\" { value = var.name }\n",
    );
    let _ = sandbox
        .line("publish module label dir:registry//modules/label:1.2.0")
        .ok();
    sandbox.write("client.tfrc", "disable_checkpoint = true\n");
    sandbox
}

fn provider() -> Option<PathBuf> {
    std::env::var_os("TOFU_OCI_TEST_PROVIDER").map(PathBuf::from)
}

const CONFIGURATION: &str = r#"terraform {
  required_providers {
    demo = {
      source  = "acme/demo"
      version = "~> 1.2"
    }
  }
}

module "label" {
  source = "./modules/wrapped"
}
"#;

/// `oci://` sources are OpenTofu's; Terraform reads them from `modules.json` all the same, as long
/// as nothing has to be fetched.
fn configuration(sandbox: &Sandbox, client: &str) {
    let source = match client {
        "tofu" => "oci://oci.example.com/modules/label?tag=1.2.0",
        _ => "../label",
    };
    sandbox.write("infra/main.tf", CONFIGURATION);
    sandbox.write(
        "infra/modules/wrapped/main.tf",
        format!("module \"inner\" {{\n  source = \"{source}\"\n  name   = \"x\"\n}}\n"),
    );
    sandbox.write("infra/modules/label/main.tf", sandbox.read("label/main.tf"));
}

/// Runs a client in the configuration, with nothing of the machine's configuration.
fn client(sandbox: &Sandbox, program: &Path, line: &str) -> Run {
    let args: Vec<&str> = line.split_whitespace().collect();
    let mut command = sandbox.other(program, &args);
    command
        .current_dir(sandbox.join("infra"))
        .env("TF_CLI_CONFIG_FILE", sandbox.join("client.tfrc"))
        // Whatever it might want from a network fails at once.
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9");
    sandbox.finish(&mut command)
}

/// Installs for a client, which then has all that it needs.
fn works_in(name: &str, origin: &str) {
    let Some(program) = peer(name) else {
        return;
    };
    let sandbox = published();
    configuration(&sandbox, name);
    let install = format!(
        "install infra --from dir:registry//{{namespace}}/{{type}} --module-from oci.example.com=dir:registry --origin {origin}"
    );
    let _ = sandbox.line(&install).ok();
    let lock = sandbox.read("infra/.terraform.lock.hcl");
    let init = "init -no-color -input=false -plugin-dir=.terraform/providers";
    let run = client(&sandbox, &program, init).ok();
    assert!(
        run.stdout.contains("successfully initialized"),
        "{}",
        run.stdout
    );
    // The client finds nothing to correct.
    assert_eq!(sandbox.read("infra/.terraform.lock.hcl"), lock);
    let _ = client(&sandbox, &program, "providers -no-color").ok();
    if provider().is_none() {
        skipped(&format!(
            "{name} validate and plan: TOFU_OCI_TEST_PROVIDER is not set"
        ));
        return;
    }
    let _ = client(&sandbox, &program, "validate -no-color").ok();
    let _ = client(&sandbox, &program, "providers schema -json").ok();
    let _ = client(&sandbox, &program, "plan -no-color -input=false").ok();
    // Again, and nothing has to be done.
    let again = sandbox.line(&format!("{install} --locked --json")).ok();
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(report["providers"][0]["action"], "kept", "{report}");
}

#[test]
fn terraform_uses_what_was_installed() {
    works_in("terraform", "terraform");
}

#[test]
fn tofu_uses_what_was_installed() {
    works_in("tofu", "tofu");
}

#[test]
fn tofu_writes_the_same_lock_file() {
    let Some(program) = peer("tofu") else {
        return;
    };
    let sandbox = published();
    let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
    sandbox.write("infra/main.tf", configuration);
    let install = "install infra --from dir:registry//{namespace}/{type} -q";
    let _ = sandbox.line(install).ok();
    let ours = sandbox.read("infra/.terraform.lock.hcl");
    let tree = sandbox.files("infra/.terraform/providers");
    fs::remove_file(sandbox.join("infra/.terraform.lock.hcl")).unwrap();
    fs::remove_dir_all(sandbox.join("infra/.terraform")).unwrap();
    // A packed mirror: the same zip, so the same hashes.
    let zip = ProviderRelease::new("1.2.3").filename(&platform());
    let mirror = sandbox.join("mirror/registry.opentofu.org/acme/demo");
    fs::create_dir_all(&mirror).unwrap();
    fs::copy(sandbox.join("dist").join(&zip), mirror.join(&zip)).unwrap();
    let path = sandbox.join("mirror").to_string_lossy().replace('\\', "/");
    sandbox.write(
        "client.tfrc",
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{path}\"\n  }}\n}}\n"
        ),
    );
    let _ = client(&sandbox, &program, "init -no-color -input=false").ok();
    let theirs = sandbox.read("infra/.terraform.lock.hcl");
    // From a file system it records only h1; everything else is the same.
    let without_zip: String = ours
        .lines()
        .filter(|line| !line.contains("\"zh:"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(theirs, without_zip);
    let mut files = sandbox.files("infra/.terraform/providers");
    // What it locks while it unpacks.
    files.retain(|file| !file.ends_with(".lock"));
    assert_eq!(files, tree);
}

#[test]
fn skopeo_reads_the_directory() {
    let Some(program) = peer("skopeo") else {
        return;
    };
    let sandbox = published();
    for (name, tag, artifact_type) in [
        ("acme/demo", "1.2.3", "application/vnd.opentofu.provider"),
        (
            "modules/label",
            "latest",
            "application/vnd.opentofu.modulepkg",
        ),
    ] {
        let place = format!(
            "oci:{}:{tag}",
            sandbox.join("registry").join(name).display()
        );
        let mut command = sandbox.other(&program, &["inspect", "--raw", &place]);
        let manifest: Value =
            serde_json::from_str(&sandbox.finish(&mut command).ok().stdout).unwrap();
        assert_eq!(manifest["artifactType"], artifact_type);
    }
}

#[test]
fn oras_reads_the_directory() {
    let Some(program) = peer("oras") else {
        return;
    };
    let sandbox = published();
    ProviderRelease::new("1.2.4").write(sandbox.join("next"));
    let _ = sandbox
        .line("publish provider next dir:registry//acme/demo")
        .ok();
    let place = format!("{}:1.2.4", sandbox.join("registry/acme/demo").display());
    let oras = |args: &[&str]| {
        let args = [args, &["--oci-layout", &place]].concat();
        sandbox
            .finish(&mut sandbox.other(&program, &args))
            .ok()
            .stdout
    };
    let manifest: Value = serde_json::from_str(&oras(&["manifest", "fetch"])).unwrap();
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.opentofu.provider"
    );
    let tree = oras(&["discover", "--format", "json"]);
    for kind in [
        "application/vnd.tofu-oci.shasums.v1",
        "application/vnd.tofu-oci.registry-manifest.v1+json",
    ] {
        assert!(tree.contains(kind), "{tree}");
    }
}

/// What ORAS publishes by the commands that OpenTofu documents, we list, show and install.
#[test]
fn what_oras_publishes_is_installed() {
    let Some(program) = peer("oras") else {
        return;
    };
    let sandbox = published();
    let place = format!("{}:2.0.0", sandbox.join("foreign/acme/label").display());
    sandbox.write("zip/main.tf", "output \"x\" { value = 1 }\n");
    Zip::new()
        .file("main.tf", "output \"x\" { value = 1 }\n")
        .write(sandbox.join("module.zip"));
    fs::create_dir_all(sandbox.join("foreign/acme")).unwrap();
    let args = [
        "push",
        "--artifact-type=application/vnd.opentofu.modulepkg",
        "--oci-layout",
        &place,
        "module.zip:archive/zip",
    ];
    let _ = sandbox.finish(&mut sandbox.other(&program, &args)).ok();
    let list: Value = serde_json::from_str(
        &sandbox
            .line("list dir:foreign//acme/label --json")
            .ok()
            .stdout,
    )
    .unwrap();
    assert_eq!(list["versions"][0]["kind"], "module", "{list}");
    sandbox.write(
        "infra/main.tf",
        "module \"x\" {\n  source = \"oci://h.example/acme/label?tag=2.0.0\"\n}\n",
    );
    let _ = sandbox
        .line("install infra --module-from h.example=dir:foreign")
        .ok();
    assert_eq!(
        sandbox.read("infra/.terraform/modules/x/main.tf"),
        "output \"x\" { value = 1 }\n"
    );
    let _ = sandbox.line("fsck foreign").ok();
}

#[test]
fn regctl_reads_the_directory() {
    let Some(program) = peer("regctl") else {
        return;
    };
    let sandbox = published();
    let place = format!(
        "ocidir://{}:1.2.3",
        sandbox.join("registry/acme/demo").display()
    );
    let args = ["manifest", "get", "--format", "raw-body", &place];
    let manifest = sandbox
        .finish(&mut sandbox.other(&program, &args))
        .ok()
        .stdout;
    assert!(
        manifest.contains("application/vnd.opentofu.provider"),
        "{manifest}"
    );
}

/// What OpenTofu has to say about a CLI configuration: nothing, if it takes it.
fn judgement(sandbox: &Sandbox, program: &Path, text: &str) -> String {
    sandbox.write("judged.tfrc", text);
    let mut command = sandbox.other(program, &["version", "-no-color"]);
    command.env("TF_CLI_CONFIG_FILE", sandbox.join("judged.tfrc"));
    let run = sandbox.finish(&mut command).ok();
    run.stderr
}

#[test]
fn tofu_takes_the_configuration_for_a_mirror() {
    let Some(program) = peer("tofu") else {
        return;
    };
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("CHECKPOINT_DISABLE", "1");
    for args in [
        &["oci.example.net/{namespace}/{type}"][..],
        &["oci.example.net:5000/x/{hostname}/{namespace}/{type}"],
        &["oci.example.net/{type}", "--include", "example.com/acme/*"],
        &[
            "oci.example.net/{namespace}/{type}",
            "--credentials-helper",
            "pass",
        ],
        &[
            r#"oci.example.net/${hostname == "a:1" ? "a-1" : hostname}/%{ if namespace == "x" }y%{ else }z%{ endif }/${namespace}/${type}"#,
        ],
    ] {
        for json in [&[][..], &["--json"]] {
            let args = [&["cli-config"][..], args, json].concat();
            let text = sandbox.run(&args).ok().stdout;
            assert_eq!(judgement(&sandbox, &program, &text), "", "{text}");
            // It is the block that was judged, not a file that was skipped.
            let broken = text.replace("type}", "typo}");
            assert!(
                judgement(&sandbox, &program, &broken).contains("typo"),
                "{broken}"
            );
        }
    }
}

#[test]
fn what_tofu_says_of_configurations() {
    let Some(program) = peer("tofu") else {
        return;
    };
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci")).env("CHECKPOINT_DISABLE", "1");
    fs::create_dir_all(sandbox.join("empty")).unwrap();
    let mirror = |template: &str| {
        format!(
            "provider_installation {{\n  oci_mirror {{\n    repository_template = \"{template}\"\n  }}\n}}"
        )
    };
    let all = "a.com/${hostname}/${namespace}/${type}";
    let takes = [
        "a = 1 b=2,c = [1, \"x\", {y = 2},]".to_owned(),
        "a = <<-X\n  b\n  X\n".to_owned(),
        "a = 1\n\"a\" = 2\nb {}\nb {}".to_owned(),
        r#"a = "${b["c"]} \u00e9\x41\101""#.to_owned(),
        r#"{"a": [1,], "b": null, "a": 2,}"#.to_owned(),
        "provider_installation { direct { INCLUDE = [\"a/*\"] } }".to_owned(),
        "credentials = { \"a.com\" = { token = \"x\" } }".to_owned(),
        "oci_credentials \"A_b.com/x\" {\n  username = \"x\"\n  password = 7\n}".to_owned(),
        "registry_protocols \"x\" { retry_count = \"0x10\" }".to_owned(),
        r#"{"provider_installation":[{"direct":[{}]}]}"#.to_owned(),
        mirror(all),
        mirror(
            r#"a.com/${hostname}/%{ if namespace == \"x\" }y%{ else }z%{ endif }/${namespace}/${type}"#,
        ),
    ];
    let refuses = [
        "a = b".to_owned(),
        "a \"b\" = 1".to_owned(),
        "a = 1\na = 2".to_owned(),
        "a = \"\\q\"".to_owned(),
        "a = <<X\nb\nX".to_owned(),
        "a = 089".to_owned(),
        r#"{"a": "\/"}"#.to_owned(),
        "\u{feff}a = 1".to_owned(),
        "plugin_cache_dir = \"/nowhere/at/all\"".to_owned(),
        "plugin_cache_may_break_dependency_lock_file = \"true\"".to_owned(),
        "host \"a..b\" {}".to_owned(),
        "credentials_helper \"a\" {}\ncredentials_helper \"b\" {}".to_owned(),
        "provider_installation = {}".to_owned(),
        "provider_installation { direct { include = [\"*/a\"] } }".to_owned(),
        "provider_installation { direct {} dev_overrides { \"a/b\" = \"/x\" } }".to_owned(),
        "provider_installation { network_mirror { url = \"http://x/\" } }".to_owned(),
        "oci_credentials \"a.com/b\" { docker_credentials_helper = \"x\" }".to_owned(),
        "oci_default_credentials \"x\" {}".to_owned(),
        "registry_protocols {}\nregistry_protocols {}".to_owned(),
        mirror("a.com/${namespace}/${type}"),
        mirror("oci://a.com/${hostname}/${namespace}/${type}"),
        mirror("a.com/{hostname}/{namespace}/{type}"),
    ];
    let cases = takes.iter().map(|text| (text, true));
    for (text, taken) in cases.chain(refuses.iter().map(|text| (text, false))) {
        let said = judgement(&sandbox, &program, text);
        assert_eq!(said.is_empty(), taken, "{text}: {said}");
        let ours = sandbox.line("install empty --cli-config judged.tfrc");
        assert_eq!(ours.status == 0, taken, "{text}: {}", ours.stderr);
    }
}
