//! The scripts that make a release, as far as they can run without building one.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tofu_oci_testkit::{Sandbox, peer, skipped};

use crate::pages::root;

fn sandbox() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci"))
}

/// What cargo prints about this workspace, without a network.
fn cargo(args: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap())
        .args(args)
        .args(["--locked", "--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    output.status.success().then_some(output.stdout)
}

#[test]
fn archives_are_the_same_each_time() {
    let Some(python) = peer("python3") else {
        return;
    };
    let sandbox = sandbox();
    sandbox.write("tofu-oci-1.0.0-x/tofu-oci", "program");
    sandbox.write("tofu-oci-1.0.0-x/tofu-oci.exe", "program");
    sandbox.write("tofu-oci-1.0.0-x/man/man1/a.1", "page");
    let script = root().join("release/archive.py");
    let script = script.to_str().unwrap();
    for (program, ending) in [("tofu-oci", ".tar.gz"), ("tofu-oci.exe", ".zip")] {
        let pack = |out: &str| {
            fs::create_dir_all(sandbox.join(out)).unwrap();
            let mut command =
                sandbox.other(&python, &["-B", script, "tofu-oci-1.0.0-x", out, program]);
            let _ = sandbox
                .finish(command.env("SOURCE_DATE_EPOCH", "1700000000"))
                .ok();
            fs::read(sandbox.join(out).join(format!("tofu-oci-1.0.0-x{ending}"))).unwrap()
        };
        let first = pack("one");
        let path = sandbox.join("tofu-oci-1.0.0-x/man/man1/a.1");
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(first, pack("two"), "{ending}");
    }
}

#[test]
fn the_bill_of_materials_has_what_is_linked() {
    let Some(python) = peer("python3") else {
        return;
    };
    let sandbox = sandbox();
    let target = "x86_64-unknown-linux-musl";
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ]);
    let tree = cargo(&[
        "tree",
        "--package",
        "tofu-oci-cli",
        "--target",
        target,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "depth",
    ]);
    let (Some(metadata), Some(tree)) = (metadata, tree) else {
        // Packages for this target only may not have been fetched.
        skipped("the bill of materials: not all packages are on this machine");
        return;
    };
    sandbox.write("metadata.json", &metadata);
    sandbox.write("tree.txt", &tree);
    sandbox.write("program", "program");
    let script = |name: &str, args: &[&str]| {
        let path = root().join("release").join(name);
        let args = [&["-B", path.to_str().unwrap()], args].concat();
        let mut command = sandbox.other(&python, &args);
        sandbox
            .finish(command.env("SOURCE_DATE_EPOCH", "1700000000"))
            .ok()
            .stdout
    };
    let lock = root().join("Cargo.lock");
    let text = script(
        "sbom.py",
        &[
            "metadata.json",
            "tree.txt",
            lock.to_str().unwrap(),
            "program",
        ],
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    let components = document["components"].as_array().unwrap();
    let find = |name: &str| {
        components
            .iter()
            .find(|component| component["name"] == name)
    };
    for name in ["tokio", "rustls", "aws-lc-rs", "mimalloc", "tofu-oci-types"] {
        assert!(find(name).is_some(), "{name}");
    }
    // Tests, macros and build scripts are not in the program, nor is what a feature would bring that is off.
    for name in [
        "insta",
        "proptest",
        "tofu-oci-testkit",
        "serde_derive",
        "cc",
        "ring",
    ] {
        assert!(find(name).is_none(), "{name}");
    }
    let hash = find("tokio").unwrap()["hashes"][0]["content"]
        .as_str()
        .unwrap();
    assert_eq!(hash.len(), 64);
    // Every edge leads to a component.
    let known = |reference: &Value| {
        *reference == document["metadata"]["component"]["bom-ref"]
            || components
                .iter()
                .any(|component| component["bom-ref"] == *reference)
    };
    for node in document["dependencies"].as_array().unwrap() {
        assert!(known(&node["ref"]), "{node}");
        assert!(
            node["dependsOn"].as_array().unwrap().iter().all(known),
            "{node}"
        );
    }
    let notices = script("notices.py", &["metadata.json", "tree.txt"]);
    assert!(notices.contains("\ntokio "), "{}", &notices[..200]);
    assert!(notices.contains("Permission is hereby granted"));
}

#[test]
fn notes_are_those_of_the_version() {
    let sandbox = sandbox();
    if !cfg!(unix) {
        return;
    }
    let script = root().join("release/notes");
    let mut command = sandbox.other("/bin/sh".as_ref(), &[script.to_str().unwrap(), "0.0.0"]);
    let run = sandbox.finish(command.env("PATH", "/usr/bin:/bin"));
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("says nothing of 0.0.0"),
        "{}",
        run.stderr
    );
}
