//! Files of a release that do not fit together.

use std::fs;

use tofu_oci_testkit::{ProviderRelease, Sandbox};

use crate::{check, sandbox};

const PUBLISH: &str = "publish provider dist dir:registry//acme/demo";
const SUMS: &str = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";

fn with_dist() -> Sandbox {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    sandbox
}

#[test]
fn checksums_files_must_cover_the_release() {
    let sandbox = with_dist();
    let good = sandbox.read(SUMS);
    let without_first: String = good
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    sandbox.write(SUMS, without_first);
    check!(sandbox, PUBLISH, @r#"
    exit 3
    -- stderr
    error[checksums-mismatch]: the checksums file "dist/terraform-provider-demo_1.2.3_SHA256SUMS" is refused
      cause: the checksums file does not cover the release: "terraform-provider-demo_1.2.3_darwin_arm64.zip" is not listed
      hint: make the checksums file again from the zips that are published, and sign it again
    "#);
    let first = good.chars().next().unwrap();
    let other = if first == '0' { "1" } else { "0" };
    sandbox.write(SUMS, format!("{other}{}", &good[1..]));
    check!(sandbox, PUBLISH, @r#"
    exit 3
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    error[checksums-mismatch]: the checksums file "dist/terraform-provider-demo_1.2.3_SHA256SUMS" is refused
      cause: the checksums file does not cover the release: "terraform-provider-demo_1.2.3_darwin_arm64.zip" is listed as [DIGEST], and has [DIGEST]
      hint: make the checksums file again from the zips that are published, and sign it again
    "#);
    sandbox.write(SUMS, format!("{good}\n\n"));
    check!(sandbox, PUBLISH, @r#"
    exit 3
    -- stderr
    error[checksums-invalid]: the checksums file "dist/terraform-provider-demo_1.2.3_SHA256SUMS" is refused
      cause: clients cannot read the checksums file: line 4 is blank; line 5 is blank
      hint: lines are 64 hex digits, two blanks and a file name, as `sha256sum` writes them
    "#);
    assert!(!sandbox.join("registry/acme/demo/index.json").exists());
    sandbox.write(
        SUMS,
        format!(
            "{good}{}  terraform-provider-demo_1.2.3_plan9_amd64.zip\n",
            "0".repeat(64)
        ),
    );
    check!(sandbox, PUBLISH, @r"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    882 B sent
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    published terraform-provider-demo_1.2.3_darwin_arm64.zip
    ");
}

#[test]
fn signatures_are_those_that_clients_accept() {
    let sandbox = with_dist();
    sandbox.write(format!("{SUMS}.sig"), "-----BEGIN PGP SIGNATURE-----\n");
    check!(sandbox, PUBLISH, @r#"
    exit 3
    -- stderr
    error[signature-invalid]: the signature "dist/terraform-provider-demo_1.2.3_SHA256SUMS.sig" is refused
      cause: the signature is damaged
      hint: make signatures with `gpg --detach-sign`, key files with `gpg --export --armor KEYID`
    "#);
    sandbox.write(format!("{SUMS}.sig"), "nothing like it");
    check!(sandbox, PUBLISH, @r#"
    exit 3
    -- stderr
    error[signature-invalid]: the signature "dist/terraform-provider-demo_1.2.3_SHA256SUMS.sig" is refused
      cause: the signature is not OpenPGP data
      hint: make signatures with `gpg --detach-sign`, key files with `gpg --export --armor KEYID`
    "#);
}

#[test]
fn the_files_are_those_of_one_release() {
    let sandbox = with_dist();
    check!(sandbox, "publish provider dist dir:registry//acme/demo --platform windows_amd64", @r"
    exit 1
    -- stderr
    error[platform-missing]: there is no package for windows_amd64, only for darwin_arm64, linux_amd64
      hint: correct `--platform`, or build the package
    ");
    check!(sandbox, "publish provider dist dir:registry//acme/demo:1.2.4", @r"
    exit 1
    -- stderr
    error[release-invalid]: there is no package of version 1.2.4, only of 1.2.3
      hint: correct `--version` or the tag of the address
    ");
    check!(sandbox, "publish provider dist dir:registry//acme/demo --source acme/other", @r"
    exit 1
    -- stderr
    error[release-invalid]: the packages are of demo, not of registry.opentofu.org/acme/other
      hint: correct `--source`
    ");
    ProviderRelease::new("1.2.4")
        .bare()
        .write(sandbox.join("dist"));
    check!(sandbox, PUBLISH, @r"
    exit 1
    -- stderr
    error[release-invalid]: there are packages of several versions: 1.2.3, 1.2.4
      hint: choose one with `--version V`
    ");
    check!(sandbox, "publish provider dist dir:registry//acme/demo --version 1.2.4", @r"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.4
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.4_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.4_linux_amd64.zip

    713 B sent
    -- stderr
    published terraform-provider-demo_1.2.4_linux_amd64.zip
    published terraform-provider-demo_1.2.4_darwin_arm64.zip
    ");
    ProviderRelease::new("1.2.4")
        .kind("other")
        .bare()
        .write(sandbox.join("dist"));
    check!(sandbox, PUBLISH, @r"
    exit 1
    -- stderr
    error[release-invalid]: there are packages of several providers: demo, other
      hint: choose one with `--source HOST/NAMESPACE/TYPE`, or name its zips
    ");
}

#[test]
fn names_must_be_canonical() {
    let sandbox = sandbox();
    let package = ProviderRelease::new("1.2.3").package("linux_amd64");
    sandbox.write("v/terraform-provider-demo_v1.2.3_linux_amd64.zip", &package);
    check!(sandbox, "publish provider v dir:registry//acme/demo", @r#"
    exit 1
    -- stderr
    error[invalid-package-filename]: the file "v/terraform-provider-demo_v1.2.3_linux_amd64.zip" has a name that clients could not ask for
      cause: package file name "terraform-provider-demo_v1.2.3_linux_amd64.zip" is invalid: the version "v1.2.3": a "v" prefix should not be used; write 1.2.3
      hint: packages are named terraform-provider-TYPE_VERSION_OS_ARCH.zip
    "#);
    sandbox.write(
        "short/terraform-provider-demo_1.2_linux_amd64.zip",
        &package,
    );
    check!(sandbox, "publish provider short dir:registry//acme/demo", @r#"
    exit 1
    -- stderr
    error[invalid-package-filename]: the file "short/terraform-provider-demo_1.2_linux_amd64.zip" has a name that clients could not ask for
      cause: package file name "terraform-provider-demo_1.2_linux_amd64.zip" is invalid: the version "1.2": it is not canonical; write 1.2.0
      hint: packages are named terraform-provider-TYPE_VERSION_OS_ARCH.zip
    "#);
    sandbox.write("demo.zip", &package);
    check!(sandbox, "publish provider demo.zip dir:registry//acme/demo --version 1.2.3", @r#"
    exit 2
    -- stderr
    error[usage]: the name of "demo.zip" does not say what it is, and its source address and its one platform are not given
      hint: give `--source HOST/NAMESPACE/TYPE` and one `--platform P`
    "#);
    check!(sandbox, "publish provider demo.zip dir:registry//acme/demo:v1.2.3", @r#"
    exit 2
    -- stderr
    error[usage]: the tag "v1.2.3" is not one of a version
      cause: version "v1.2.3" is invalid: a "v" prefix should not be used; write 1.2.3
      hint: tags of published versions are versions, such as 1.2.3
    "#);
    check!(sandbox, "publish provider demo.zip dir:registry//acme/demo:latest", @r#"
    exit 2
    -- stderr
    error[usage]: the tag "latest" is not one of a version
      cause: version "latest" is invalid: invalid specification; required format is three positive integers separated by periods
      hint: tags of published versions are versions, such as 1.2.3
    "#);
    fs::create_dir(sandbox.join("empty")).unwrap();
    check!(sandbox, "publish provider empty dir:registry//acme/demo", @r#"
    exit 1
    -- stderr
    error[no-packages]: there is no provider package in "empty"
      hint: packages are named terraform-provider-TYPE_VERSION_OS_ARCH.zip; a single zip of another name needs `--source`, `--version` and `--platform`
    "#);
    check!(sandbox, "publish provider absent dir:registry//acme/demo", @r#"
    exit 1
    -- stderr
    error[file-not-found]: cannot read "absent"
      cause: failed to canonicalize path `absent`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    "#);
}

#[test]
fn modules_need_a_version_and_files() {
    let sandbox = sandbox();
    sandbox.write("label/main.tf", "");
    fs::create_dir(sandbox.join("empty")).unwrap();
    check!(sandbox, "publish module label dir:registry//modules/label", @r"
    exit 2
    -- stderr
    error[usage]: nothing says which version is published
      hint: give it as the tag of the address, or with `--version V`
    ");
    check!(sandbox, "publish module label dir:registry//modules/label:v1", @r#"
    exit 2
    -- stderr
    error[usage]: the tag "v1" is not one of a version
      cause: version "v1" is invalid: a "v" prefix should not be used; write 1.0.0
      hint: tags of published versions are versions, such as 1.2.3
    "#);
    check!(sandbox, "publish module empty dir:registry//modules/label:1.2.0", @r#"
    exit 1
    -- stderr
    error[module-invalid]: the module "empty" has no files to publish
      hint: check the path and .terraformignore
    "#);
    check!(sandbox, "publish module absent dir:registry//modules/label:1.2.0", @r#"
    exit 1
    -- stderr
    error[file-not-found]: cannot read "absent"
      cause: failed to canonicalize path `absent`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    "#);
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0 --annotation io.tofu-oci.x=y", @r#"
    exit 2
    -- stderr
    error[invalid-annotation]: annotation "io.tofu-oci.x=y" is invalid: the key is one that tofu-oci or the specification defines
      hint: write --annotation KEY=VALUE; keys that the program sets itself are reserved
    "#);
    check!(sandbox, "publish module label dir:registry//blobs:1.2.0", @r#"
    exit 2
    -- stderr
    error[reserved-name]: cannot read from dir:registry//blobs
      cause: the repository name "blobs" is reserved: "blobs" is part of every layout's directory
      hint: choose another name
    "#);
}

#[cfg(unix)]
#[test]
fn links_stay_inside_the_module() {
    let sandbox = sandbox();
    sandbox.write("secret", "x");
    sandbox.write("label/main.tf", "");
    std::os::unix::fs::symlink("../secret", sandbox.join("label/link")).unwrap();
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0", @r#"
    exit 1
    -- stderr
    error[module-invalid]: the link "[DIR]/label/link" leads out of the module
      hint: copy the file into the module, or name the link in .terraformignore
    "#);
}
