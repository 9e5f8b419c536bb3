//! `verify DIR`: what is installed against the lock files.

use tofu_oci_testkit::Sandbox;

use crate::verify::{installed, json, refused, told};
use crate::{check, published};

#[test]
fn an_installed_directory() {
    let sandbox = installed();
    let run = sandbox.line("verify infra --json").ok();
    let package = &json(&run)["packages"][0];
    assert_eq!(package["integrity"], "files");
    assert_eq!(package["lock_file"], "matches");
    let _ = sandbox.line("verify infra --platform linux_amd64").ok();

    // An older version, and something that nobody put there.
    let providers = "infra/.terraform/providers/registry.opentofu.org";
    sandbox.write(format!("{providers}/acme/demo/1.2.2/linux_amd64/file"), "x");
    sandbox.write(
        format!("{providers}/acme/other/1.0.0/linux_amd64/file"),
        "x",
    );
    sandbox.write(format!("{providers}/notes"), "x");
    let run = sandbox.line("verify infra --json").ok();
    let document = json(&run);
    let stray: Vec<&str> = document["stray"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stray| stray["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        stray,
        [
            "1.2.3 is locked",
            "the provider is not locked",
            "it is not where a package of a provider is"
        ]
    );

    let run = sandbox.line("verify infra --platform darwin_arm64");
    assert_eq!(run.status, 1, "{run:?}");
    told(&run, "package-missing");

    let file = format!("{providers}/acme/demo/1.2.3/linux_amd64/LICENSE");
    let _ = std::fs::remove_file(sandbox.join(&file));
    sandbox.write(&file, "changed\n");
    let run = sandbox.line("verify infra");
    refused(&run, "lock-mismatch");
    assert!(run.stdout.contains("differs"), "{}", run.stdout);

    std::fs::remove_dir_all(sandbox.join("infra/.terraform")).unwrap();
    let run = sandbox.line("verify infra");
    assert_eq!(run.status, 1);
    told(&run, "package-missing");
    // Nothing to compare with.
    let run = sandbox.line("verify dist");
    told(&run, "file-not-found");
}

#[test]
fn flags_about_signatures_are_refused_and_variables_are_not_heeded() {
    let sandbox = installed();
    for flags in ["--require-signature", "--trusted-key acme.asc", "--content"] {
        let run = sandbox.line(&format!("verify infra {flags}"));
        assert_eq!(run.status, 2, "{run:?}");
        assert!(run.stderr.contains("error[usage]"), "{}", run.stderr);
    }
    // A job that installs has them set.
    let sandbox = sandbox
        .env("TOFU_OCI_REQUIRE_SIGNATURE", "1")
        .env("TOFU_OCI_TRUSTED_KEY", "acme.asc");
    let run = sandbox.line("verify infra").ok();
    assert!(
        run.stdout.contains("who signed was not looked at"),
        "{}",
        run.stdout
    );
    let run = sandbox.line("verify infra --require-signature");
    assert_eq!(run.status, 2, "{run:?}");
    // Elsewhere they are.
    let _ = sandbox.line("verify dir:registry//acme/demo:1.2.3").ok();
    let sandbox = sandbox.env("TOFU_OCI_TRUSTED_KEY", "absent.asc");
    let run = sandbox.line("verify dir:registry//acme/demo:1.2.3");
    told(&run, "file-not-found");
}

#[test]
fn a_lock_entry_without_h1() {
    let sandbox = installed();
    let lock = "infra/.terraform.lock.hcl";
    let lines = sandbox.read(lock);
    let lines: Vec<&str> = lines.lines().filter(|line| !line.contains("h1:")).collect();
    sandbox.write(lock, lines.join("\n"));
    let run = sandbox.line("verify infra");
    assert_eq!(run.status, 1, "{run:?}");
    told(&run, "hash-missing");
}

/// A module that is installed and locked, and no provider.
fn with_modules() -> Sandbox {
    let sandbox = published();
    sandbox.write(
        "infra/main.tf",
        "module \"label\" {\n  source = \"oci://oci.example.com/modules/label?tag=1.2.0\"\n  name   = \"x\"\n}\n",
    );
    let line = "install infra --module-from oci.example.com=dir:registry --module-lock";
    let _ = sandbox.line(line).ok();
    sandbox
}

const MODULE: &str = "infra/.terraform/modules/label/main.tf";
const RECORDS: &str = "infra/.terraform/modules/modules.json";
const MODULE_LOCK: &str = "infra/.terraform.modules.lock.json";

#[test]
fn modules_are_compared_with_the_module_lock_file() {
    let sandbox = with_modules();
    check!(sandbox, "verify infra", @r"
    exit 0
    -- stdout
    MODULE        SOURCE                                         CHECKED  MODULE LOCK FILE  LEVEL
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  files    matches           integrity
    ");
    let run = sandbox.line("verify infra --json").ok();
    let package = &json(&run)["packages"][0];
    assert_eq!(package["module"], "module.label");
    assert_eq!(
        package["source"],
        "oci://oci.example.com/modules/label?tag=1.2.0"
    );
    assert_eq!(package["integrity"], "files");
    assert_eq!(package["lock_file"], "matches");
    assert_eq!(package["proofs"][0]["kind"], "lock");
    assert!(package["platform"].is_null());

    sandbox.write(MODULE, "# changed\n");
    check!(sandbox, "verify infra", @r#"
    exit 3
    -- stdout
    MODULE        SOURCE                                         CHECKED  MODULE LOCK FILE  LEVEL
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  files    differs           refused
    -- stderr
    error[module-lock-mismatch]: "infra/.terraform/modules/label" is not the package that the module lock file has recorded for module.label
      hint: something changed it after it was installed; `tofu-oci install` puts back what is locked
    "#);
    let run = sandbox.line("verify infra --json");
    assert_eq!(json(&run)["packages"][0]["lock_file"], "differs");
    // Who has no module lock file asks for nothing.
    let lock = sandbox.read(MODULE_LOCK);
    std::fs::remove_file(sandbox.join(MODULE_LOCK)).unwrap();
    told(&sandbox.line("verify infra"), "file-not-found");
    sandbox.write(MODULE_LOCK, "{");
    told(&sandbox.line("verify infra"), "module-lock-file");
    sandbox.write(MODULE_LOCK, lock);

    std::fs::remove_dir_all(sandbox.join("infra/.terraform")).unwrap();
    let run = sandbox.line("verify infra");
    assert_eq!(run.status, 1, "{run:?}");
    told(&run, "package-missing");
    assert!(
        run.stderr.contains("module.label is locked"),
        "{}",
        run.stderr
    );
}

#[test]
fn clients_take_modules_from_where_their_packages_are() {
    let sandbox = with_modules();
    let records = sandbox.read(RECORDS);
    for dir in [
        "elsewhere",
        ".terraform/modules/label2",
        ".terraform/modules/label/../x",
    ] {
        let dir = format!("\"Dir\":\"{dir}\"");
        let changed = records.replace("\"Dir\":\".terraform/modules/label\"", &dir);
        assert_ne!(changed, records);
        sandbox.write(RECORDS, changed);
        let run = sandbox.line("verify infra");
        refused(&run, "module-lock-mismatch");
        assert!(run.stderr.contains("modules.json"), "{}", run.stderr);
    }
    // A directory of the package is part of it.
    let below = "\"Dir\":\".terraform/modules/label/scripts\"";
    sandbox.write(
        RECORDS,
        records.replace("\"Dir\":\".terraform/modules/label\"", below),
    );
    let _ = sandbox.line("verify infra").ok();
}

#[test]
fn modules_that_are_not_locked() {
    let sandbox = with_modules();
    let records = sandbox.read(RECORDS);
    let with = |entry: &str| {
        let entry = format!("\"Modules\":[{entry},");
        sandbox.write(RECORDS, records.replace("\"Modules\":[", &entry));
    };
    with(
        r#"{"Key":"more","Source":"oci://oci.example.com/modules/more","Dir":".terraform/modules/more"}"#,
    );
    let run = sandbox.line("verify infra");
    refused(&run, "module-lock-incomplete");
    assert!(run.stderr.contains("module.more"), "{}", run.stderr);
    // What cannot be locked is named; what lies in the configuration is nobody else's.
    with(
        r#"{"Key":"git","Source":"git::https://example.com/x.git","Dir":".terraform/modules/git"},{"Key":"here","Source":"./here","Dir":"here"}"#,
    );
    let run = sandbox.line("verify infra --json").ok();
    let document = json(&run);
    let stray = document["stray"].as_array().unwrap();
    assert_eq!(stray.len(), 1, "{stray:?}");
    assert_eq!(
        stray[0]["reason"],
        "\"git::https://example.com/x.git\" is not in an OCI registry"
    );
}
