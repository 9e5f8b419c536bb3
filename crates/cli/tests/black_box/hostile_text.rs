//! Names that try to write to the terminal.

use tofu_oci_testkit::{Zip, ZipEntry, executable};

use crate::{published, sandbox};

/// What no output may hold.
fn is_harmless(text: &str) -> bool {
    !text
        .chars()
        .any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c))
}

#[test]
fn names_in_zips_are_escaped() {
    let sandbox = sandbox();
    let program = executable("linux", "amd64", "x");
    for name in [
        "a\u{1b}[31mb",
        "a\u{202e}b",
        "../\u{7}",
        "a\nb",
        "\u{9b}2Jx",
    ] {
        Zip::new()
            .entry(ZipEntry::executable("terraform-provider-demo", &program))
            .file(name, "x")
            .write(sandbox.join("demo.zip"));
        for format in ["", "--json"] {
            let run = sandbox.line(&format!(
                "publish provider demo.zip dir:registry//acme/demo --source acme/demo --version 1.0.0 --platform linux_amd64 {format}"
            ));
            assert_eq!(run.status, 3, "{name:?}: {}", run.stderr);
            assert!(
                is_harmless(&run.stderr) && is_harmless(&run.stdout),
                "{:?}",
                run.stderr
            );
        }
    }
}

#[test]
fn arguments_and_file_names_are_escaped() {
    let sandbox = sandbox();
    for args in [
        vec![
            "publish",
            "module",
            "a\u{1b}[31mb",
            "dir:registry//modules/label:1.2.0",
        ],
        vec!["fsck", "a\u{1b}[31mb\u{202e}"],
        vec!["requirements", "a\u{1b}[31mb\u{202e}"],
        vec!["list", "dir:a\u{1b}[31mb\u{202e}//acme/demo"],
        vec!["list", "dir:a\u{1b}[31mb\u{202e}\u{9b}2J//ACME"],
        vec!["list", "dir:x//ACME", "--json", "\u{9b}2J\u{202e}"],
        vec!["li\u{9b}2J\u{202e}st"],
    ] {
        let run = sandbox.run(&args);
        assert_ne!(run.status, 0);
        assert!(is_harmless(&run.stderr), "{:?}", run.stderr);
    }
}

#[test]
fn configurations_are_escaped() {
    let sandbox = sandbox();
    sandbox.write(
        "main.tf",
        "module \"x\" {\n  source = \"a\u{202e}b\" oops\u{1b}[31m\n}\n",
    );
    let run = sandbox.line("requirements");
    assert_eq!(run.status, 1);
    assert!(is_harmless(&run.stderr), "{:?}", run.stderr);
}

#[test]
fn annotations_are_escaped() {
    let sandbox = published();
    let blobs = sandbox.join("registry/acme/demo/blobs/sha256");
    let index = sandbox.read("registry/acme/demo/index.json");
    let digest = index.split("sha256:").nth(1).unwrap().get(..64).unwrap();
    // The same manifest with other annotations, under its own digest.
    let manifest = std::fs::read_to_string(blobs.join(digest)).unwrap();
    let hostile = manifest.replace(
        "\"annotations\":{",
        "\"annotations\":{\"a\\u001b[31m\\u202eb\":\"\\u009b2J\\u0007\\n\",",
    );
    assert_ne!(hostile, manifest);
    let other = tofu_oci::types::oci::Digest::of(hostile.as_bytes());
    std::fs::write(blobs.join(other.encoded()), &hostile).unwrap();
    let size = |text: &str| format!("\"size\":{}", text.len());
    let index = index
        .replace(digest, other.encoded())
        .replace(&size(&manifest), &size(&hostile));
    sandbox.write("registry/acme/demo/index.json", index);
    for format in ["", "-v", "--json"] {
        let run = sandbox
            .line(&format!("show dir:registry//acme/demo:1.2.3 {format}"))
            .ok();
        assert!(run.stdout.contains("[31m"), "{}", run.stdout);
        assert!(is_harmless(&run.stdout), "{:?}", run.stdout);
    }
}
