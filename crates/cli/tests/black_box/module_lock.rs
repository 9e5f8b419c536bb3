//! `install --module-lock`.

use std::fs;

use tofu_oci_testkit::{Run, Sandbox};

use crate::{check, published};

const INSTALL: &str = "install --module-from oci.example.com=dir:registry";
const LOCK: &str = ".terraform.modules.lock.json";
const MODULE: &str = ".terraform/modules/label/main.tf";

/// A configuration that calls the module, and nothing else.
fn called(sandbox: &Sandbox, source: &str) {
    sandbox.write(
        "main.tf",
        format!("module \"label\" {{\n  source = \"{source}\"\n  name   = \"x\"\n}}\n"),
    );
}

/// A sandbox in which the module is called and locked.
fn locked() -> Sandbox {
    let sandbox = published();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    let _ = sandbox.line(&format!("{INSTALL} --module-lock")).ok();
    sandbox
}

/// Moves the tag 1.2.0 to another package.
fn moved(sandbox: &Sandbox) {
    sandbox.write("label/more.tf", "variable \"more\" { default = 1 }\n");
    let publish = "publish module label dir:registry//modules/label:1.2.0 --force";
    let _ = sandbox.line(publish).ok();
}

/// The manifest in the module lock file.
fn manifest(sandbox: &Sandbox) -> String {
    let lock = sandbox.read(LOCK);
    let (_, rest) = lock.split_once("\"manifest\": \"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn refused(run: &Run, code: &str) {
    assert_eq!(run.status, 3, "{}", run.stderr);
    let said = format!("error[{code}]");
    assert!(run.stderr.contains(&said), "{}", run.stderr);
}

#[test]
fn without_the_flag_modules_are_not_locked() {
    let sandbox = published();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    let _ = sandbox.line(INSTALL).ok();
    assert!(!sandbox.join(LOCK).exists());
}

#[test]
fn the_file_is_made_once_and_used_from_then_on() {
    let sandbox = published();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    check!(sandbox, &format!("{INSTALL} --module-lock --dry-run"), @r"
    exit 4
    -- stdout
    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  to be installed

    0 B of packages would be fetched; the lock file stays as it is; the module lock file would be created
    ");
    assert!(!sandbox.join(LOCK).exists());
    check!(sandbox, &format!("{INSTALL} --module-lock"), @r"
    exit 0
    -- stdout
    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file stays as it is; the module lock file was created
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    ");
    insta::assert_snapshot!(sandbox.normalised(&sandbox.read(LOCK)), @r#"
    {
      "version": 1,
      "modules": [
        {
          "path": "module.label",
          "source": "oci://oci.example.com/modules/label?tag=1.2.0",
          "tag": "1.2.0",
          "manifest": "sha256:[DIGEST]",
          "h1": "[H1]"
        }
      ]
    }
    "#);
    // Nothing has to be fetched for any of them.
    fs::rename(sandbox.join("registry"), sandbox.join("away")).unwrap();
    for flags in ["", "--module-lock", "--locked"] {
        let run = sandbox.line(&format!("install {flags}")).ok();
        assert_eq!(
            run.stdout,
            "there is nothing to install; the lock file stays as it is; the module lock file stays as it is\n"
        );
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn the_environment_asks_for_it_too() {
    let sandbox = published().env("TOFU_OCI_MODULE_LOCK", "1");
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    let run = sandbox.line(&format!("{INSTALL} --json")).ok();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["module_lock_file"]["change"], "created", "{report}");
    assert!(sandbox.join(LOCK).exists());
}

#[test]
fn what_is_installed_already_is_fetched_to_be_locked() {
    let sandbox = published();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    let _ = sandbox.line(INSTALL).ok();
    // Nobody knows what this is.
    sandbox.write(MODULE, "# changed\n");
    let _ = sandbox.line(&format!("{INSTALL} --module-lock")).ok();
    assert_eq!(sandbox.read(MODULE), sandbox.read("label/main.tf"));
    let _ = sandbox.line("install --locked").ok();
}

#[test]
fn a_changed_module_is_repaired() {
    let sandbox = locked();
    sandbox.write(MODULE, "# changed\n");
    let lock = sandbox.read(LOCK);
    check!(sandbox, &format!("{INSTALL} --locked"), @r"
    exit 0
    -- stdout
    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file stays as it is; the module lock file stays as it is
    -- stderr
    warning[module-changed]: .terraform/modules/label is not the package that the module lock file has recorded for module.label; it is fetched again
      hint: keep a module that you work on outside of .terraform, and call it by its path
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    ");
    assert_eq!(sandbox.read(MODULE), sandbox.read("label/main.tf"));
    assert_eq!(sandbox.read(LOCK), lock);
    // A file too many is a change as well.
    sandbox.write(".terraform/modules/label/extra.tf", "");
    let _ = sandbox.line(INSTALL).ok();
    assert!(!sandbox.join(".terraform/modules/label/extra.tf").exists());
}

#[test]
fn a_moved_tag_changes_nothing_until_an_upgrade() {
    let sandbox = locked();
    let (lock, first) = (sandbox.read(LOCK), manifest(&sandbox));
    moved(&sandbox);
    fs::remove_dir_all(sandbox.join(".terraform")).unwrap();
    check!(sandbox, &format!("{INSTALL} --locked"), @r#"
    exit 0
    -- stdout
    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file stays as it is; the module lock file stays as it is
    -- stderr
    warning[module-tag-moved]: module.label was installed as it is locked; the tag "1.2.0" stands for sha256:[DIGEST] by now
      hint: take the new one with `--upgrade`
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    "#);
    assert!(!sandbox.join(".terraform/modules/label/more.tf").exists());
    assert_eq!(sandbox.read(LOCK), lock);
    let run = sandbox.line(&format!("{INSTALL} --upgrade")).ok();
    assert!(
        run.stdout.contains("the module lock file was updated"),
        "{}",
        run.stdout
    );
    assert!(sandbox.join(".terraform/modules/label/more.tf").exists());
    assert_ne!(manifest(&sandbox), first);
}

#[test]
fn a_moved_tag_is_refused_where_the_locked_package_is_gone() {
    let sandbox = locked();
    let first = manifest(&sandbox);
    moved(&sandbox);
    fs::remove_dir_all(sandbox.join(".terraform")).unwrap();
    let _ = sandbox
        .line(&format!("delete dir:registry//modules/label@{first} --yes"))
        .ok();
    check!(sandbox, INSTALL, @r#"
    exit 3
    -- stderr
    error[module-moved]: module.label, called at main.tf:1:1, is locked at a manifest that is gone, and its tag "1.2.0" has moved
      cause: locked is sha256:[DIGEST]
      cause: the tag stands for sha256:[DIGEST]
      hint: find out why a published tag was moved; take what it stands for now with `--upgrade`
    "#);
    let _ = sandbox.line(&format!("{INSTALL} --upgrade")).ok();
    assert_ne!(manifest(&sandbox), first);
}

#[test]
fn a_changed_source_is_locked_anew_unless_nothing_may_change() {
    let sandbox = locked();
    let _ = sandbox
        .line("publish module label dir:registry//modules/label:1.3.0")
        .ok();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.3.0");
    let lock = sandbox.read(LOCK);
    check!(sandbox, &format!("{INSTALL} --locked"), @r#"
    exit 3
    -- stderr
    error[module-lock-incomplete]: the module lock file does not fit the configuration: it has module.label for the source "oci://oci.example.com/modules/label?tag=1.2.0", not for "oci://oci.example.com/modules/label?tag=1.3.0"
      hint: install with `--module-lock` and without `--locked`, and commit the new .terraform.modules.lock.json
    "#);
    assert_eq!(sandbox.read(LOCK), lock);
    let _ = sandbox.line(INSTALL).ok();
    assert!(sandbox.read(LOCK).contains("\"tag\": \"1.3.0\""));
}

#[test]
fn calls_come_and_go() {
    let sandbox = locked();
    let (one, calls) = (sandbox.read("main.tf"), sandbox.read(LOCK));
    let two = format!("{one}{}", one.replace("\"label\"", "\"second\""));
    sandbox.write("main.tf", &two);
    check!(sandbox, &format!("{INSTALL} --locked"), @r"
    exit 3
    -- stderr
    error[module-lock-incomplete]: the module lock file does not fit the configuration: it lacks module.second
      hint: install with `--module-lock` and without `--locked`, and commit the new .terraform.modules.lock.json
    ");
    let _ = sandbox.line(INSTALL).ok();
    assert_eq!(sandbox.read(LOCK).matches("\"path\"").count(), 2);
    sandbox.write("main.tf", &one);
    check!(sandbox, &format!("{INSTALL} --locked"), @r"
    exit 3
    -- stderr
    error[module-lock-incomplete]: the module lock file does not fit the configuration: it has, without need, module.second
      hint: install with `--module-lock` and without `--locked`, and commit the new .terraform.modules.lock.json
    ");
    let _ = sandbox.line(INSTALL).ok();
    assert_eq!(sandbox.read(LOCK), calls);
    // The file stays, with nothing in it: who wants none removes it.
    sandbox.write("main.tf", "");
    let _ = sandbox.line(INSTALL).ok();
    assert_eq!(
        sandbox.read(LOCK),
        "{\n  \"version\": 1,\n  \"modules\": []\n}\n"
    );
}

#[test]
fn a_locked_install_with_the_flag_needs_the_file() {
    let sandbox = published();
    called(&sandbox, "oci://oci.example.com/modules/label?tag=1.2.0");
    let run = sandbox.line(&format!("{INSTALL} --module-lock --locked"));
    refused(&run, "module-lock-incomplete");
    assert!(!sandbox.join(LOCK).exists());
    assert!(!sandbox.join(MODULE).exists());
}

#[test]
fn no_file_is_made_for_nothing() {
    let sandbox = published();
    sandbox.write(
        "main.tf",
        "module \"label\" {\n  source = \"./label\"\n  name = 1\n}\n",
    );
    let _ = sandbox.line("install --module-lock").ok();
    let _ = sandbox.line("install --module-lock --locked").ok();
    assert!(!sandbox.join(LOCK).exists());
}

#[test]
fn modules_from_elsewhere_are_named() {
    let sandbox = locked();
    let main = sandbox.read("main.tf");
    sandbox.write(
        "main.tf",
        format!("{main}module \"git\" {{\n  source = \"git::https://example.com/x.git\"\n}}\n"),
    );
    // As another client leaves it.
    let records = sandbox.read(".terraform/modules/modules.json");
    let record = r#"{"Key":"git","Source":"git::https://example.com/x.git","Dir":".terraform/modules/git"},{"Key":"label""#;
    sandbox.write(
        ".terraform/modules/modules.json",
        records.replacen("{\"Key\":\"label\"", record, 1),
    );
    sandbox.write(".terraform/modules/git/main.tf", "");
    check!(sandbox, "install --locked", @r#"
    exit 0
    -- stdout
    there is nothing to install; the lock file stays as it is; the module lock file stays as it is
    -- stderr
    warning[module-unlocked]: module.git is not in the module lock file: "git::https://example.com/x.git" is not in an OCI registry
      hint: publish it with `tofu-oci publish module`, and call it by its oci:// source
    "#);
}

#[test]
fn a_hash_that_was_put_into_the_file_is_refused() {
    let sandbox = locked();
    let lock = sandbox.read(LOCK);
    let (head, _) = lock.split_once("\"h1\"").unwrap();
    let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    sandbox.write(
        LOCK,
        format!("{head}\"h1\": \"h1:{other}\"\n    }}\n  ]\n}}\n"),
    );
    let run = sandbox.line(INSTALL);
    insta::assert_snapshot!(sandbox.snapshot(&run), @r"
    exit 3
    -- stderr
    warning[module-changed]: .terraform/modules/label is not the package that the module lock file has recorded for module.label; it is fetched again
      hint: keep a module that you work on outside of .terraform, and call it by its path
    error[module-lock-mismatch]: the package of module.label is not the one that the module lock file has recorded
      cause: the module lock file has [H1]
      cause: the package of sha256:[DIGEST] has [H1]
      hint: a manifest never changes its package, so somebody changed the entry of module.label: restore the file, or choose anew with `--upgrade`
    ");
    assert_eq!(sandbox.read(MODULE), sandbox.read("label/main.tf"));
}

#[test]
fn a_file_that_cannot_be_used() {
    let sandbox = locked();
    let lock = sandbox.read(LOCK);
    let half = &lock[..lock.len() / 2];
    for (text, cause, hint) in [
        (half.to_owned(), "invalid JSON: EOF", "restore the file"),
        (
            lock.replace("\"version\": 1", "\"version\": 2"),
            "the format version is 2",
            "update, or restore",
        ),
        (
            format!("<<<<<<< HEAD\n{lock}=======\n{lock}>>>>>>> x\n"),
            "line 1 has a conflict marker",
            "take either side",
        ),
        (
            lock.replace("sha256:", "sha256:x"),
            "64 lower-case hex digits",
            "remove the entry",
        ),
    ] {
        sandbox.write(LOCK, &text);
        for flags in ["", "--locked", "--upgrade"] {
            let run = sandbox.line(&format!("{INSTALL} {flags}"));
            assert_eq!(run.status, 1, "{}", run.stderr);
            for said in ["error[module-lock-file]", cause, hint] {
                assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
            }
            assert_eq!(sandbox.read(LOCK), text);
        }
    }
}

#[test]
fn requirements_do_not_look_at_it() {
    let sandbox = locked();
    sandbox.write(LOCK, "{");
    let _ = sandbox.line("requirements").ok();
}

#[test]
fn modules_in_packages_are_locked_by_their_own_path() {
    let sandbox = published();
    sandbox.write(
        "outer/main.tf",
        "module \"local\" {\n  source = \"./inner\"\n}\n",
    );
    sandbox.write(
        "outer/inner/main.tf",
        "module \"label\" {\n  source = \"oci://oci.example.com/modules/label\"\n  name = 1\n}\n",
    );
    let _ = sandbox
        .line("publish module outer dir:registry//modules/outer:1.0.0")
        .ok();
    sandbox.write(
        "main.tf",
        "module \"outer\" {\n  source = \"oci://oci.example.com/modules/outer?tag=1.0.0\"\n}\n",
    );
    let _ = sandbox.line(&format!("{INSTALL} --module-lock")).ok();
    let lock = sandbox.read(LOCK);
    let paths: Vec<&str> = lock.lines().filter(|l| l.contains("\"path\"")).collect();
    assert_eq!(
        paths,
        [
            "      \"path\": \"module.outer\",",
            "      \"path\": \"module.outer.module.local.module.label\","
        ]
    );
    assert!(lock.contains("\"tag\": \"latest\""), "{lock}");
    let _ = sandbox.line("install --locked").ok();
}
