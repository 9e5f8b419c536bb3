//! `skopeo` with our registry.

use std::path::PathBuf;

use tofu_oci_testkit::{PeerServer, Sandbox, peer, skipped};

use crate::{json, run, served, shown};

struct Skopeo {
    sandbox: Sandbox,
    program: PathBuf,
    server: PeerServer,
}

impl Skopeo {
    fn new() -> Option<Self> {
        let program = peer("skopeo")?;
        let (sandbox, server) = served("");
        Some(Self {
            sandbox,
            program,
            server,
        })
    }

    /// Copies with digests kept, or says that this version of the program cannot: older ones write an index anew
    /// and lose what they do not know.
    fn copies(&self, from: &str, to: &str) -> bool {
        let host = self.server.host();
        let line = format!(
            "--insecure-policy copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false {from} {to}"
        );
        let line = line.replace("HOST", &host);
        let args: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.sandbox.other(&self.program, &args);
        let run = self.sandbox.finish(&mut command);
        if run.stderr.contains("Instructed to preserve digests") {
            skipped(&format!("this skopeo cannot copy {from}: {}", run.stderr));
            return false;
        }
        let _ = run.ok();
        true
    }

    fn shown(&self, reference: &str) -> serde_json::Value {
        shown(
            &self.sandbox,
            &reference.replace("HOST", &self.server.host()),
        )
    }
}

#[test]
fn skopeo_copies_modules() {
    let Some(skopeo) = Skopeo::new() else { return };
    let from = "docker://HOST/modules/label:1.2.0";
    let ours = skopeo.shown("HOST/modules/label:1.2.0");
    for (to, place) in [
        (
            "docker://HOST/copied/label:1.2.0",
            "HOST/copied/label:1.2.0",
        ),
        ("oci:taken:1.2.0", "dir:taken:1.2.0"),
    ] {
        assert!(skopeo.copies(from, to), "{to}");
        assert_eq!(skopeo.shown(place), ours, "{to}");
    }
    // And back from the directory.
    assert!(skopeo.copies("oci:taken:1.2.0", "docker://HOST/back/label:1.2.0"));
    assert_eq!(skopeo.shown("HOST/back/label:1.2.0"), ours);
}

#[test]
fn skopeo_copies_providers() {
    let Some(skopeo) = Skopeo::new() else { return };
    let ours = skopeo.shown("HOST/acme/demo:1.2.3");
    // One platform, which every version can copy.
    let target = ours["children"][0]["digest"].as_str().unwrap();
    let from = format!("docker://HOST/acme/demo@{target}");
    assert!(skopeo.copies(&from, "docker://HOST/copied/target:one"));
    assert_eq!(skopeo.shown("HOST/copied/target:one")["digest"], target);
    let from = "docker://HOST/acme/demo:1.2.3";
    if skopeo.copies(from, "docker://HOST/copied/demo:1.2.3") {
        let copied = skopeo.shown("HOST/copied/demo:1.2.3");
        // It knows nothing of referrers.
        assert_eq!(copied["digest"], ours["digest"]);
        assert_eq!(copied["children"], ours["children"]);
    }
}

#[test]
fn skopeo_reads_and_lists() {
    let Some(skopeo) = Skopeo::new() else { return };
    let host = skopeo.server.host();
    let line = format!("list-tags --tls-verify=false docker://{host}/modules/label");
    let tags = json(&run(&skopeo.sandbox, &skopeo.program, &line));
    assert_eq!(tags["Tags"], serde_json::json!(["1.2.0", "latest"]));
    let line = format!("inspect --raw --tls-verify=false docker://{host}/acme/demo:1.2.3");
    let raw = json(&run(&skopeo.sandbox, &skopeo.program, &line));
    assert_eq!(raw["artifactType"], "application/vnd.opentofu.provider");
}
