//! `oras` with our registry, and our client with what it made.

use std::path::PathBuf;

use tofu_oci_testkit::{PeerRegistry, PeerServer, ProviderRelease, Sandbox, peer};

use crate::{configure, json, platform, run, sandbox, served, shown};

struct Oras {
    sandbox: Sandbox,
    program: PathBuf,
    host: String,
    _server: PeerServer,
}

impl Oras {
    fn new(flags: &str) -> Option<Self> {
        let program = peer("oras")?;
        let (sandbox, server) = served(flags);
        Some(Self {
            sandbox,
            program,
            host: server.host(),
            _server: server,
        })
    }

    #[track_caller]
    fn line(&self, line: &str) -> tofu_oci_testkit::Run {
        run(
            &self.sandbox,
            &self.program,
            &line.replace("HOST", &self.host),
        )
    }

    fn shown(&self, reference: &str) -> serde_json::Value {
        shown(&self.sandbox, &reference.replace("HOST", &self.host))
    }
}

#[test]
fn oras_pushes_and_pulls() {
    let Some(oras) = Oras::new("") else { return };
    oras.sandbox.write("note.txt", "hello\n");
    oras.line("push --plain-http HOST/notes:v1,latest note.txt:text/plain");
    std::fs::remove_file(oras.sandbox.join("note.txt")).unwrap();
    oras.line("pull --plain-http HOST/notes:v1");
    assert_eq!(oras.sandbox.read("note.txt"), "hello\n");
    // What it pushes again moves the tag, because that is no version.
    oras.sandbox.write("note.txt", "again\n");
    oras.line("push --plain-http HOST/notes:latest note.txt:text/plain");
    assert_eq!(
        oras.line("repo tags --plain-http HOST/notes").stdout,
        "latest\nv1\n"
    );
    assert_eq!(
        oras.line("repo ls --plain-http HOST").stdout,
        "acme/demo\nmodules/label\nnotes\n"
    );
    // And it pulls what we published.
    oras.line("pull --plain-http HOST/modules/label:1.2.0 -o out");
    assert_eq!(oras.sandbox.files("out"), ["label-1.2.0.zip"]);
}

#[test]
fn oras_discovers_and_attaches() {
    let Some(oras) = Oras::new("") else { return };
    oras.sandbox.write("sbom.spdx.json", "{}\n");
    oras.line(
        "attach --plain-http --artifact-type application/spdx+json HOST/acme/demo:1.2.3 sbom.spdx.json:application/spdx+json",
    );
    let found = json(&oras.line("discover --plain-http --format json HOST/acme/demo:1.2.3"));
    let mut kinds: Vec<&str> = found["referrers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|referrer| referrer["artifactType"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "application/spdx+json",
            "application/vnd.tofu-oci.registry-manifest.v1+json",
            "application/vnd.tofu-oci.shasums.v1",
        ]
    );
    let tree = oras.shown("HOST/acme/demo:1.2.3");
    assert_eq!(tree["referrers"].as_array().unwrap().len(), 3, "{tree}");
}

/// `cp -r` of ours, inside our registry and to others, and back.
#[test]
fn oras_copies_everything() {
    let Some(oras) = Oras::new("") else { return };
    let ours = oras.shown("HOST/acme/demo:1.2.3");
    assert_eq!(ours["referrers"].as_array().unwrap().len(), 2, "{ours}");
    oras.line(
        "cp -r --from-plain-http --to-plain-http HOST/acme/demo:1.2.3 HOST/copied/demo:1.2.3",
    );
    assert_eq!(oras.shown("HOST/copied/demo:1.2.3"), ours);
    oras.line("cp -r --from-plain-http --to-oci-layout HOST/acme/demo:1.2.3 taken:1.2.3");
    assert_eq!(oras.shown("dir:taken:1.2.3"), ours);
    for name in ["docker-registry", "registry"] {
        let Some(program) = peer(name) else { continue };
        let theirs = PeerRegistry::new(program, oras.sandbox.join(name)).start();
        let there = format!("{}/acme/demo:1.2.3", theirs.host());
        oras.line(&format!(
            "cp -r --from-plain-http --to-plain-http HOST/acme/demo:1.2.3 {there}"
        ));
        assert_eq!(oras.shown(&there), ours, "{name}");
        let back = format!("HOST/back/{name}:1.2.3");
        oras.line(&format!(
            "cp -r --from-plain-http --to-plain-http {there} {back}"
        ));
        assert_eq!(oras.shown(&back), ours, "{name}");
    }
}

/// A provider and a module put together by hand, as OpenTofu's documentation shows it: listed, shown and
/// installed by us, from our registry and from another.
#[test]
fn what_oras_made_by_hand_is_installed() {
    let Some(oras) = Oras::new("") else { return };
    by_hand(&oras, &oras.host);
    for name in ["docker-registry", "registry"] {
        let Some(program) = peer(name) else { continue };
        let theirs = PeerRegistry::new(program, oras.sandbox.join(name)).start();
        by_hand(&oras, &theirs.host());
    }
}

fn by_hand(oras: &Oras, host: &str) {
    let sandbox = &oras.sandbox;
    let release = ProviderRelease::new("2.0.0");
    let platform = platform();
    let repository = format!("{host}/hand/demo");
    let mut digests = Vec::new();
    for platform in ["darwin_arm64", "windows_amd64", &platform] {
        let zip = release.filename(platform);
        sandbox.write(&zip, release.package(platform));
        let pushed = oras.line(&format!(
            "push --plain-http --format json --artifact-type application/vnd.opentofu.provider-target --artifact-platform {} {repository} {zip}:archive/zip",
            platform.replace('_', "/")
        ));
        digests.push(json(&pushed)["digest"].as_str().unwrap().to_owned());
    }
    oras.line(&format!(
        "manifest index create --plain-http --artifact-type application/vnd.opentofu.provider {repository}:2.0.0 {}",
        digests.join(" ")
    ));
    tofu_oci_testkit::Zip::new()
        .file("main.tf", "output \"x\" { value = 1 }\n")
        .write(sandbox.join("module.zip"));
    oras.line(&format!(
        "push --plain-http --artifact-type application/vnd.opentofu.modulepkg {host}/hand/label:2.0.0 module.zip:archive/zip"
    ));

    let list = json(&sandbox.line(&format!("list {repository} --json")).ok());
    assert_eq!(list["versions"][0]["version"], "2.0.0", "{list}");
    let tree = shown(sandbox, &format!("{repository}:2.0.0"));
    assert_eq!(tree["children"].as_array().unwrap().len(), 3, "{tree}");
    let _ = std::fs::remove_dir_all(sandbox.join("infra"));
    sandbox.write(
        "infra/main.tf",
        format!(
            "terraform {{\n  required_providers {{\n    demo = {{ source = \"hand/demo\" }}\n  }}\n}}\n\nmodule \"x\" {{\n  source = \"oci://{host}/hand/label?tag=2.0.0\"\n}}\n"
        ),
    );
    let install = format!("install infra --from {host}/{{namespace}}/{{type}}");
    let _ = sandbox.line(&install).ok();
    assert_eq!(
        sandbox.read("infra/.terraform/modules/x/main.tf"),
        "output \"x\" { value = 1 }\n"
    );
    let lock = sandbox.read("infra/.terraform.lock.hcl");
    assert!(lock.contains("\"2.0.0\""), "{lock}");
}

/// ORAS tags what it pushes as it likes where tags may move.
#[test]
fn oras_moves_versions_where_tags_are_mutable() {
    let Some(program) = peer("oras") else { return };
    for (flags, moves) in [("", false), ("--mutable-tags", true)] {
        let sandbox = sandbox();
        let server = PeerServer::serve(&sandbox, "data", flags);
        let place = format!("{}/notes:1.0.0", server.host());
        let push = |content: &str| {
            sandbox.write("note.txt", content);
            let args = ["push", "--plain-http", &place, "note.txt:text/plain"];
            sandbox.finish(&mut sandbox.other(&program, &args))
        };
        let _ = push("one\n").ok();
        let again = push("two\n");
        assert_eq!(again.status == 0, moves, "{}", again.stderr);
    }
}

#[test]
fn a_copy_by_oras_is_locked_the_same() {
    let Some(oras) = Oras::new("") else { return };
    configure(&oras.sandbox, "infra", None);
    oras.line(
        "cp -r --from-plain-http --to-plain-http HOST/acme/demo:1.2.3 HOST/copied/acme/demo:1.2.3",
    );
    let lock = |prefix: &str| {
        let _ = std::fs::remove_file(oras.sandbox.join("infra/.terraform.lock.hcl"));
        let from = format!("{}{prefix}/{{namespace}}/{{type}}", oras.host);
        let _ = oras
            .sandbox
            .line(&format!("install infra --from {from}"))
            .ok();
        oras.sandbox.read("infra/.terraform.lock.hcl")
    };
    assert_eq!(lock(""), lock("/copied"));
}
