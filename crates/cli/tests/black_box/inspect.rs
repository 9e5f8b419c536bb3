//! `list`, `show`, `pull` and `fsck`.

use std::fs;

use tofu_oci_testkit::{ProviderRelease, Sandbox};

use crate::{check, published, sandbox};

#[test]
fn versions_and_tags_are_listed() {
    let sandbox = published();
    ProviderRelease::new("1.3.0-beta.1")
        .bare()
        .platforms(&["linux_amd64"])
        .write(sandbox.join("beta"));
    let _ = sandbox
        .line("publish provider beta dir:registry//acme/demo")
        .ok();
    check!(sandbox, "list dir:registry//acme/demo", @r"
    exit 0
    -- stdout
    VERSION       KIND      PLATFORMS                   SIZE  CREATED               DIGEST
    1.2.3         provider  darwin_arm64, linux_amd64  638 B  2024-01-02T03:04:06Z  sha256:28262c7325d0
    1.3.0-beta.1  provider  linux_amd64                356 B  2024-01-02T03:04:06Z  sha256:00e88701cc3a
    ");
    check!(sandbox, "list dir:registry//modules/label", @r"
    exit 0
    -- stdout
    VERSION  KIND    PLATFORMS   SIZE  CREATED  DIGEST
    1.2.0    module             281 B           sha256:ee79df3d2b49

    TAG     DIGEST
    latest  sha256:ee79df3d2b49  is 1.2.0
    ");
    check!(sandbox, "list dir:registry", @r"
    exit 0
    -- stdout
    REPOSITORY     VERSIONS  NEWEST        OTHER TAGS
    acme/demo             2  1.3.0-beta.1           0
    modules/label         1  1.2.0                  1
    ");
    check!(sandbox, "list dir:registry/acme/demo", @r"
    exit 0
    -- stdout
    VERSION       KIND      PLATFORMS                   SIZE  CREATED               DIGEST
    1.2.3         provider  darwin_arm64, linux_amd64  638 B  2024-01-02T03:04:06Z  sha256:28262c7325d0
    1.3.0-beta.1  provider  linux_amd64                356 B  2024-01-02T03:04:06Z  sha256:00e88701cc3a
    ");
}

#[test]
fn tags_that_mislead_are_told() {
    let sandbox = published();
    let index = sandbox.join("registry/acme/demo/index.json");
    let text = fs::read_to_string(&index)
        .unwrap()
        .replace("\"1.2.3\"", "\"v1.2.3\"");
    fs::write(index, text).unwrap();
    check!(sandbox, "list dir:registry//acme/demo", @r#"
    exit 0
    -- stdout
    TAG     DIGEST
    v1.2.3  sha256:28262c7325d0  invisible
    -- stderr
    warning[invisible-tag]: clients do not see the version 1.2.3 under the tag "v1.2.3", because of the "v"
      hint: tag versions in their canonical form, without `v`; `tofu-oci publish` does
    "#);
}

#[test]
fn everything_that_belongs_to_a_version_is_shown() {
    let sandbox = published();
    check!(sandbox, "show dir:registry//acme/demo:1.2.3", @r"
    exit 0
    -- stdout
    dir:registry//acme/demo:1.2.3
    │  provider  sha256:[DIGEST]
    │  io.tofu-oci.provider.protocols = 6.0
    │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  org.opencontainers.image.version = 1.2.3
    ├─ darwin_arm64  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  │  io.tofu-oci.package.h1 = [H1]
    │  └─ terraform-provider-demo_1.2.3_darwin_arm64.zip  303 B  sha256:[DIGEST]
    ├─ linux_amd64  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  │  io.tofu-oci.package.h1 = [H1]
    │  └─ terraform-provider-demo_1.2.3_linux_amd64.zip  335 B  sha256:[DIGEST]
    ├─ checksums file  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  └─ terraform-provider-demo_1.2.3_SHA256SUMS  335 B  sha256:[DIGEST]
    └─ registry manifest  sha256:[DIGEST]
       │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
       └─ terraform-provider-demo_1.2.3_manifest.json  55 B  sha256:[DIGEST]
    ");
    check!(sandbox, "show dir:registry//modules/label", @r"
    exit 0
    -- stdout
    dir:registry//modules/label:1.2.0
    │  module  sha256:[DIGEST]
    │  org.opencontainers.image.version = 1.2.0
    └─ label-1.2.0.zip  281 B  sha256:[DIGEST]
    ");
}

#[test]
fn trees_are_drawn_in_ascii_where_the_locale_says_so() {
    let sandbox = published();
    let mut command = sandbox.command(&["show", "dir:registry//modules/label"]);
    let run = sandbox.finish(command.env("LC_ALL", "C")).ok();
    assert!(run.stdout.is_ascii(), "{}", run.stdout);
}

#[test]
fn nothing_to_look_into() {
    let sandbox = published();
    fs::create_dir(sandbox.join("empty")).unwrap();
    check!(sandbox, "list dir:empty", @r#"
    exit 1
    -- stderr
    error[repository-not-found]: "empty" is no image layout, and no directory of them
      hint: name a directory that `tofu-oci publish` wrote to
    "#);
    check!(sandbox, "list dir:absent", @r#"
    exit 1
    -- stderr
    error[file-not-found]: cannot read "absent"
      cause: failed to canonicalize path `absent`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    "#);
    check!(sandbox, "list dir:registry//acme/absent", @r"
    exit 1
    -- stderr
    error[repository-not-found]: cannot read the repository of dir:registry//acme/absent
      cause: there is no repository at dir:[DIR]/registry//acme/absent
      hint: `tofu-oci list dir:PATH` shows the repositories of a directory
    ");
    check!(sandbox, "show dir:registry//acme/demo:9.9.9", @r#"
    exit 1
    -- stderr
    error[tag-not-found]: cannot read 9.9.9 of dir:registry//acme/demo
      cause: dir:[DIR]/registry//acme/demo has no tag "9.9.9"
      hint: `tofu-oci list REF` shows the versions of a repository
    "#);
    check!(sandbox, "fsck empty", @r#"
    exit 1
    -- stderr
    error[repository-not-found]: "empty" is no image layout, and no directory of them
      hint: name a directory that `tofu-oci publish` wrote to
    "#);
}

#[test]
fn what_was_published_comes_back() {
    let sandbox = published();
    check!(sandbox, "pull dir:registry//acme/demo:1.2.3 -o out", @r"
    exit 0
    -- stdout
    FILE                                                 SIZE  KIND
    out/terraform-provider-demo_1.2.3_SHA256SUMS        335 B  checksums file     written
    out/terraform-provider-demo_1.2.3_darwin_arm64.zip  303 B  package            written
    out/terraform-provider-demo_1.2.3_linux_amd64.zip   335 B  package            written
    out/terraform-provider-demo_1.2.3_manifest.json      55 B  registry manifest  written

    not signed
    -- stderr
    pulled terraform-provider-demo_1.2.3_SHA256SUMS
    pulled terraform-provider-demo_1.2.3_darwin_arm64.zip
    pulled terraform-provider-demo_1.2.3_linux_amd64.zip
    pulled terraform-provider-demo_1.2.3_manifest.json
    ");
    for file in sandbox.files("dist") {
        let (before, after) = (
            sandbox.join("dist").join(&file),
            sandbox.join("out").join(&file),
        );
        assert_eq!(
            fs::read(before).unwrap(),
            fs::read(after).unwrap(),
            "{file}"
        );
    }
    assert_eq!(sandbox.files("out"), sandbox.files("dist"));
    check!(sandbox, "pull dir:registry//acme/demo:1.2.3 -o out -q", @r"exit 0");
    check!(sandbox, "pull dir:registry//acme/demo -o one --platform linux_amd64", @r"
    exit 0
    -- stdout
    FILE                                                SIZE  KIND
    one/terraform-provider-demo_1.2.3_SHA256SUMS       335 B  checksums file     written
    one/terraform-provider-demo_1.2.3_linux_amd64.zip  335 B  package            written
    one/terraform-provider-demo_1.2.3_manifest.json     55 B  registry manifest  written

    not signed
    -- stderr
    pulled terraform-provider-demo_1.2.3_SHA256SUMS
    pulled terraform-provider-demo_1.2.3_linux_amd64.zip
    pulled terraform-provider-demo_1.2.3_manifest.json
    ");
    check!(sandbox, "pull dir:registry//modules/label -o module", @r"
    exit 0
    -- stdout
    FILE                     SIZE  KIND
    module/label-1.2.0.zip  281 B  module  written

    not signed
    -- stderr
    pulled label-1.2.0.zip
    ");
    let _ = sandbox
        .line("publish provider out dir:other//acme/demo")
        .ok();
    let digest = |run: &str| {
        let text = sandbox.line(run).ok().stdout;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["root"]["digest"].clone()
    };
    assert_eq!(
        digest("show --json dir:other//acme/demo"),
        digest("show --json dir:registry//acme/demo")
    );
}

#[test]
fn files_that_are_in_the_way_stay() {
    let sandbox = published();
    sandbox.write("out/terraform-provider-demo_1.2.3_linux_amd64.zip", "mine");
    check!(sandbox, "pull dir:registry//acme/demo:1.2.3 -o out", @r#"
    exit 1
    -- stderr
    error[file-exists]: "out/terraform-provider-demo_1.2.3_linux_amd64.zip" is there already, with other content
      hint: choose an empty directory, or replace files with `--force`
    "#);
    assert_eq!(sandbox.files("out").len(), 1);
    check!(sandbox, "pull dir:registry//acme/demo:1.2.3 -o out --platform plan9_amd64", @r"
    exit 1
    -- stderr
    error[platform-missing]: dir:registry//acme/demo@sha256:[DIGEST] has no package for plan9_amd64, only for darwin_arm64, linux_amd64
      hint: correct `--platform`, or leave it out
    ");
    let _ = sandbox
        .line("pull dir:registry//acme/demo:1.2.3 -o out --force")
        .ok();
    assert_ne!(sandbox.files("out").len(), 1);
}

/// Changes one byte of the package for Linux, in the repository.
fn damage(sandbox: &Sandbox) {
    let zip = ProviderRelease::new("1.2.3").package("linux_amd64");
    let blobs = sandbox.join("registry/acme/demo/blobs/sha256");
    for file in sandbox.files(&blobs) {
        let path = blobs.join(file);
        if fs::read(&path).unwrap() == zip {
            let mut damaged = zip.clone();
            *damaged.last_mut().unwrap() ^= 1;
            fs::write(&path, damaged).unwrap();
        }
    }
}

#[test]
fn damage_is_found() {
    let sandbox = published();
    check!(sandbox, "fsck dir:./registry", @r"
    exit 0
    -- stdout
    2 repositories in ./registry checked: nothing is damaged
    ");
    check!(sandbox, "fsck registry", @r"
    exit 0
    -- stdout
    2 repositories in registry checked: nothing is damaged
    ");
    damage(&sandbox);
    check!(sandbox, "fsck registry", @r"
    exit 3
    -- stdout
    SEVERITY  FILE                                                                                     FINDING
    error     acme/demo/blobs/sha256/[DIGEST]  its content has digest sha256:[DIGEST]

    2 repositories in registry checked: 1 error
    -- stderr
    error[damage-found]: registry is damaged
      hint: restore the files from a copy, or publish what they belong to again
    ");
    check!(sandbox, "fsck registry/acme/demo --json", @r#"
    exit 3
    -- stdout
    {
      "version": 1,
      "path": "registry/acme/demo",
      "repositories": 1,
      "damaged": true,
      "findings": [
        {
          "repository": null,
          "file": "blobs/sha256/[DIGEST]",
          "severity": "error",
          "problem": "its content has digest sha256:[DIGEST]"
        }
      ]
    }
    -- stderr
    {"version":1,"error":{"code":"damage-found","message":"registry/acme/demo is damaged","causes":[],"hint":"restore the files from a copy, or publish what they belong to again","exit":3}}
    "#);
    check!(sandbox, "pull dir:registry//acme/demo -o out", @r"
    exit 3
    -- stderr
    pulled terraform-provider-demo_1.2.3_SHA256SUMS
    pulled terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[digest-mismatch]: cannot read sha256:[DIGEST] of dir:registry//acme/demo
      cause: the content has digest sha256:[DIGEST], not sha256:[DIGEST]
      hint: the content was damaged or replaced; `tofu-oci fsck PATH` checks a whole directory
    ");
    assert!(
        !sandbox
            .join("out/terraform-provider-demo_1.2.3_linux_amd64.zip")
            .exists()
    );
}

/// What is done to a file of a layout.
type Damage = fn(&Sandbox);

#[test]
fn layouts_that_were_damaged_are_refused() {
    let damages: [(&str, Damage, &str); 5] = [
        (
            "no index",
            |s| fs::remove_file(s.join("registry/acme/demo/index.json")).unwrap(),
            "repository-not-found",
        ),
        (
            "text",
            |s| s.write("registry/acme/demo/index.json", "hello"),
            "layout-damaged",
        ),
        (
            "no mark",
            |s| fs::remove_file(s.join("registry/acme/demo/oci-layout")).unwrap(),
            "layout-damaged",
        ),
        (
            "another version",
            |s| {
                s.write(
                    "registry/acme/demo/oci-layout",
                    "{\"imageLayoutVersion\":\"2.0.0\"}",
                );
            },
            "layout-damaged",
        ),
        (
            "no blobs",
            |s| fs::remove_dir_all(s.join("registry/acme/demo/blobs")).unwrap(),
            "layout-damaged",
        ),
    ];
    for (name, damage, code) in damages {
        let sandbox = published();
        damage(&sandbox);
        let run = sandbox.line("show dir:registry//acme/demo:1.2.3");
        assert_ne!(run.status, 0, "{name}");
        let head = format!("error[{code}]");
        assert!(run.stderr.starts_with(&head), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("  hint: "), "{name}: {}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    let registry = sandbox.join("registry");
    fs::create_dir(&registry).unwrap();
    fs::set_permissions(&registry, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(registry.join("probe"), "").is_ok() {
        tofu_oci_testkit::skipped("this user may write everywhere");
        return;
    }
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @"");
}
