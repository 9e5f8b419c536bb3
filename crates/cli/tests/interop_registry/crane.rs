//! `crane` with our registry.

use tofu_oci_testkit::peer;

use crate::{json, run, served, shown};

#[test]
fn crane_reads_copies_and_lists() {
    let Some(program) = peer("crane") else {
        return;
    };
    let (sandbox, server) = served("");
    let host = server.host();
    let crane = |line: &str| run(&sandbox, &program, &line.replace("HOST", &host));
    let ours = shown(&sandbox, &format!("{host}/acme/demo:1.2.3"));
    let digest = crane("digest HOST/acme/demo:1.2.3").stdout;
    assert_eq!(digest.trim(), ours["digest"]);
    let manifest = json(&crane("manifest HOST/acme/demo:1.2.3"));
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.opentofu.provider"
    );
    assert_eq!(crane("ls HOST/modules/label").stdout, "1.2.0\nlatest\n");
    assert_eq!(crane("catalog HOST").stdout, "acme/demo\nmodules/label\n");
    let layer = manifest["manifests"][0]["digest"].as_str().unwrap();
    let target = json(&crane(&format!("manifest HOST/acme/demo@{layer}")));
    let blob = target["layers"][0]["digest"].as_str().unwrap();
    let mut command = sandbox.other(&program, &["blob", &format!("{host}/acme/demo@{blob}")]);
    let content = command.output().unwrap().stdout;
    let zip =
        std::fs::read(sandbox.join("dist/terraform-provider-demo_1.2.3_darwin_arm64.zip")).unwrap();
    assert_eq!(content, zip);

    crane("copy HOST/acme/demo:1.2.3 HOST/copied/demo:1.2.3");
    let copied = shown(&sandbox, &format!("{host}/copied/demo:1.2.3"));
    assert_eq!(copied["digest"], ours["digest"]);
    assert_eq!(copied["children"], ours["children"]);
}

#[test]
fn crane_tags_and_deletes_what_is_no_version() {
    let Some(program) = peer("crane") else {
        return;
    };
    let (sandbox, server) = served("");
    let host = server.host();
    let crane = |line: &str| run(&sandbox, &program, &line.replace("HOST", &host));
    crane("tag HOST/acme/demo:1.2.3 stable");
    assert_eq!(crane("ls HOST/acme/demo").stdout, "1.2.3\nstable\n");
    // Versions stay where they are.
    let args = ["delete", &format!("{host}/acme/demo:1.2.3")];
    let refused = sandbox.finish(&mut sandbox.other(&program, &args));
    assert_ne!(refused.status, 0);
    assert_eq!(crane("ls HOST/acme/demo").stdout, "1.2.3\nstable\n");
}

#[test]
fn crane_deletes_versions_where_tags_are_mutable() {
    let Some(program) = peer("crane") else {
        return;
    };
    let (sandbox, server) = served("--mutable-tags");
    let host = server.host();
    run(
        &sandbox,
        &program,
        &format!("delete {host}/acme/demo:1.2.3"),
    );
    let gone = sandbox.line(&format!("show {host}/acme/demo:1.2.3"));
    assert_eq!(gone.status, 1, "{}", gone.stdout);
}
