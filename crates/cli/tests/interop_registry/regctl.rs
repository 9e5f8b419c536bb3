//! `regctl` with our registry.

use std::path::PathBuf;

use tofu_oci_testkit::{PeerServer, Sandbox, peer};

use crate::{json, run, served, shown};

/// The registry, and the program told that it speaks plain HTTP.
fn ready(flags: &str) -> Option<(Sandbox, PeerServer, PathBuf)> {
    let program = peer("regctl")?;
    let (sandbox, server) = served(flags);
    let host = server.host();
    run(
        &sandbox,
        &program,
        &format!("registry set --tls disabled {host}"),
    );
    Some((sandbox, server, program))
}

#[test]
fn regctl_reads_and_copies_with_referrers() {
    let Some((sandbox, server, program)) = ready("") else {
        return;
    };
    let host = server.host();
    let regctl = |line: &str| run(&sandbox, &program, &line.replace("HOST", &host));
    assert_eq!(regctl("tag ls HOST/acme/demo").stdout, "1.2.3\n");
    assert_eq!(regctl("repo ls HOST").stdout, "acme/demo\nmodules/label\n");
    let tree = regctl("artifact list HOST/acme/demo:1.2.3 --format raw-body");
    assert_eq!(json(&tree)["manifests"].as_array().unwrap().len(), 2);
    regctl("image copy --referrers HOST/acme/demo:1.2.3 HOST/copied/demo:1.2.3");
    assert_eq!(
        shown(&sandbox, &format!("{host}/copied/demo:1.2.3")),
        shown(&sandbox, &format!("{host}/acme/demo:1.2.3"))
    );
    // Out into a directory, which we read.
    regctl("image copy --referrers HOST/acme/demo:1.2.3 ocidir://taken:1.2.3");
    assert_eq!(
        shown(&sandbox, "dir:taken:1.2.3")["digest"],
        shown(&sandbox, &format!("{host}/acme/demo:1.2.3"))["digest"]
    );
}

#[test]
fn regctl_puts_and_deletes_artifacts() {
    let Some((sandbox, server, program)) = ready("--mutable-tags") else {
        return;
    };
    let host = server.host();
    sandbox.write("note.txt", "hello\n");
    let regctl = |line: &str| run(&sandbox, &program, &line.replace("HOST", &host));
    regctl(
        "artifact put --artifact-type application/vnd.example.note --file note.txt --file-media-type text/plain --subject HOST/acme/demo:1.2.3",
    );
    let tree = shown(&sandbox, &format!("{host}/acme/demo:1.2.3"));
    assert_eq!(tree["referrers"].as_array().unwrap().len(), 3, "{tree}");
    regctl(
        "artifact put --artifact-type application/vnd.example.note --file note.txt HOST/notes:v1",
    );
    let note = regctl("artifact get HOST/notes:v1");
    assert_eq!(note.stdout, "hello\n");
    regctl("tag delete HOST/notes:v1");
    assert_eq!(regctl("tag ls HOST/notes").stdout.trim(), "");
}
