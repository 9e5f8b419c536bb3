//! Zips that are refused: by their code, with status 3, and without a trace in the repository.

use tofu_oci_testkit::{Zip, ZipEntry, executable};

use crate::{check, published, sandbox};

const NAME: &str = "terraform-provider-demo";

fn program() -> ZipEntry {
    ZipEntry::executable(NAME, executable("linux", "amd64", "demo\n"))
}

fn with(entry: ZipEntry) -> Vec<u8> {
    Zip::new().entry(program()).entry(entry).build()
}

/// A zip, and the code that refuses it.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = Zip::new().entry(program()).build();
    let zeros = vec![0; 64 << 20];
    let file = |name: &str, content: &str| ZipEntry::file(name, content);
    vec![
        ("no bytes", Vec::new(), "not-a-zip"),
        ("text", b"<html>not found</html>".to_vec(), "not-a-zip"),
        (
            "truncated",
            good[..good.len() - 30].to_vec(),
            "zip-truncated",
        ),
        ("no entries", Zip::new().build(), "zip-empty"),
        (
            "trailing data",
            [&good[..], b"more"].concat(),
            "zip-damaged",
        ),
        ("climbing", with(file("../evil", "x")), "zip-unsafe-name"),
        (
            "climbing inside",
            with(file("a/../../evil", "x")),
            "zip-unsafe-name",
        ),
        ("absolute", with(file("/etc/evil", "x")), "zip-unsafe-name"),
        ("drive", with(file("C:/evil", "x")), "zip-unsafe-name"),
        ("backslash", with(file("a\\evil", "x")), "zip-unsafe-name"),
        ("no name", with(file("", "x")), "zip-unsafe-name"),
        (
            "not UTF-8",
            with(ZipEntry::file(b"a\xff", "x")),
            "zip-unsafe-name",
        ),
        ("duplicate", with(program()), "zip-duplicate-name"),
        (
            "case collision",
            with(file("Terraform-Provider-Demo", "x")),
            "zip-duplicate-name",
        ),
        (
            "file and directory",
            with(ZipEntry::file(format!("{NAME}/x"), "x")),
            "zip-duplicate-name",
        ),
        ("link", with(ZipEntry::link("l", "/etc/passwd")), "zip-link"),
        (
            "fifo",
            with(file("f", "").mode(0o010_644)),
            "zip-special-file",
        ),
        (
            "device",
            with(file("d", "").mode(0o060_644)),
            "zip-special-file",
        ),
        (
            "other local name",
            with(file("a", "x").local_name("b")),
            "zip-damaged",
        ),
        (
            "other local size",
            with(file("a", "x").local_size(2)),
            "zip-damaged",
        ),
        ("wrong CRC", with(file("a", "x").crc(1)), "zip-damaged"),
        (
            "lying size",
            with(file("a", "abc").deflated().size(2)),
            "zip-damaged",
        ),
        (
            "bomb",
            with(ZipEntry::file("z", zeros).deflated()),
            "zip-too-large",
        ),
        (
            "encrypted",
            with(file("a", "x").encrypted()),
            "zip-encrypted",
        ),
        (
            "unknown method",
            with(file("a", "x").method(14)),
            "zip-method",
        ),
        (
            "no executable",
            Zip::new().file("README", "x").build(),
            "executable-missing",
        ),
        (
            "executable in a directory",
            Zip::new()
                .entry(ZipEntry::executable(format!("bin/{NAME}"), "x"))
                .build(),
            "executable-missing",
        ),
        (
            "empty executable",
            Zip::new().entry(ZipEntry::executable(NAME, "")).build(),
            "executable-mismatch",
        ),
        (
            "another machine",
            Zip::new()
                .entry(ZipEntry::executable(NAME, executable("linux", "arm64", "")))
                .build(),
            "executable-mismatch",
        ),
        (
            "another system",
            Zip::new()
                .entry(ZipEntry::executable(
                    NAME,
                    executable("darwin", "amd64", ""),
                ))
                .build(),
            "executable-mismatch",
        ),
    ]
}

#[test]
fn bad_zips_are_refused_and_leave_nothing() {
    let sandbox = sandbox();
    for (name, bytes, code) in cases() {
        sandbox.write("dist/terraform-provider-demo_1.2.3_linux_amd64.zip", bytes);
        for flag in ["--dry-run", ""] {
            let run = sandbox.line(&format!(
                "publish provider dist dir:registry//acme/demo {flag}"
            ));
            let head = format!("error[{code}]: ");
            assert!(run.stderr.contains(&head), "{name} {flag}: {}", run.stderr);
            assert_eq!(
                (run.status, run.stdout.as_str()),
                (3, ""),
                "{name} {flag}: {}",
                run.stderr
            );
            assert!(
                !sandbox.join("registry/acme/demo/index.json").exists(),
                "{name} {flag}"
            );
        }
    }
}

#[test]
fn refusals_say_what_and_where() {
    let sandbox = sandbox();
    let path = "dist/terraform-provider-demo_1.2.3_linux_amd64.zip";
    let publish = "publish provider dist dir:registry//acme/demo";
    sandbox.write(path, with(ZipEntry::file("../evil", "x")));
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[zip-unsafe-name]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: entry "../evil" has an unsafe name: it contains ".."
      hint: pack it again with plain relative names, without `..`
    "#);
    sandbox.write(path, Zip::new().file("README", "x").build());
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[executable-missing]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: the zip has no file "terraform-provider-demo" in its root, which holds "README"
      hint: clients run terraform-provider-TYPE, alone or followed by `_` or `.`, in the root of the zip
    "#);
    sandbox.write(
        "dist/terraform-provider-demo_1.2.3_windows_amd64.zip",
        Zip::new()
            .entry(ZipEntry::executable(
                NAME,
                executable("windows", "amd64", ""),
            ))
            .build(),
    );
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[executable-missing]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: the zip has no file "terraform-provider-demo" in its root, which holds "README"
      hint: clients run terraform-provider-TYPE, alone or followed by `_` or `.`, in the root of the zip

    error[executable-mismatch]: the zip "dist/terraform-provider-demo_1.2.3_windows_amd64.zip" is refused
      cause: the executable "terraform-provider-demo" of a windows package does not end in .exe
      hint: Windows starts programs whose names end in .exe
    "#);
}

#[test]
fn scripts_are_programs_too() {
    let sandbox = sandbox();
    let script = Zip::new()
        .entry(ZipEntry::executable(NAME, "#!/bin/sh\n"))
        .build();
    sandbox.write("dist/terraform-provider-demo_1.2.3_linux_amd64.zip", script);
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @r#"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM      SIZE  FILE
    linux_amd64  154 B  terraform-provider-demo_1.2.3_linux_amd64.zip

    191 B sent
    -- stderr
    warning[package]: "terraform-provider-demo_1.2.3_linux_amd64.zip": the executable "terraform-provider-demo" is of no known program format
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    "#);
}

#[test]
fn modules_are_zips_as_well() {
    let sandbox = sandbox();
    for (name, bytes, code) in [
        (
            "climbing",
            Zip::new().file("main.tf", "").file("../evil", "x").build(),
            "zip-unsafe-name",
        ),
        (
            "link",
            Zip::new()
                .entry(ZipEntry::link("main.tf", "/etc/passwd"))
                .build(),
            "zip-link",
        ),
        ("text", b"x".to_vec(), "not-a-zip"),
    ] {
        sandbox.write("label.zip", bytes);
        let run = sandbox.line("publish module label.zip dir:registry//modules/label:1.2.0");
        assert!(
            run.stderr.starts_with(&format!("error[{code}]: ")),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(run.status, 3, "{name}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let sandbox = published();
    let path = "dist/terraform-provider-demo_1.2.3_linux_amd64.zip";
    let publish =
        "publish provider dist/terraform-provider-demo_1.2.3_linux_amd64.zip dir:other//acme/demo";
    sandbox.write(path, Zip::new().file("a", "x").file("a", "y").build());
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[zip-duplicate-name]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: entry "a" is in the zip twice
      hint: pack it again with one file of each name, whatever the case of its letters
    "#);
    let pipe = ZipEntry::file("pipe", "").mode(0o010_644);
    sandbox.write(path, Zip::new().entry(pipe).build());
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[zip-special-file]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: entry "pipe" is a special file (type 10000)
      hint: pack it again without the special file
    "#);
    sandbox.write(path, "no zip");
    check!(sandbox, publish, @r#"
    exit 3
    -- stderr
    error[not-a-zip]: the zip "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" is refused
      cause: not a zip file
      hint: name a file that is a zip; archives of other kinds are not packages
    "#);
    let absent = format!("show dir:registry//acme/demo@sha256:{}", "0".repeat(64));
    check!(sandbox, &absent, @r"
    exit 1
    -- stderr
    error[manifest-not-found]: cannot read sha256:[DIGEST] of dir:registry//acme/demo
      cause: dir:[DIR]/registry//acme/demo has no manifest sha256:[DIGEST]
      hint: correct the digest; `tofu-oci list REF` shows what the tags name
    ");
}
