//! `publish provider` and `publish module`.

use tofu_oci_testkit::ProviderRelease;

use crate::{check, sandbox};

#[test]
fn a_release_is_published_once() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    check!(sandbox, "publish provider dist dir:registry//acme/demo --dry-run", @r"
    exit 4
    -- stdout
    Would publish dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    profile referrers, at most 1.0 kB would be sent
    ");
    assert!(!sandbox.join("registry").exists());
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @r"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    1.1 kB sent
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    published terraform-provider-demo_1.2.3_darwin_arm64.zip
    ");
    let before = std::fs::read(sandbox.join("registry/acme/demo/index.json")).unwrap();
    check!(sandbox, "publish provider dist dir:registry//acme/demo:1.2.3", @r"
    exit 0
    -- stdout
    Unchanged: dir:registry//acme/demo:1.2.3 was published before
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    0 B sent
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    ");
    assert_eq!(
        std::fs::read(sandbox.join("registry/acme/demo/index.json")).unwrap(),
        before
    );
}

#[test]
fn a_published_version_stays() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    ProviderRelease::new("1.2.3")
        .body("other")
        .write(sandbox.join("other"));
    let _ = sandbox
        .line("publish provider dist dir:registry//acme/demo")
        .ok();
    check!(sandbox, "publish provider other dir:registry//acme/demo", @r#"
    exit 3
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[version-exists]: the tag "1.2.3" of dir:registry//acme/demo is sha256:[DIGEST], and would become sha256:[DIGEST]
      hint: publish under a new version; `--force` replaces this one, and breaks whoever has locked it
    "#);
    check!(sandbox, "publish provider other dir:registry//acme/demo --force -q", @r"
    exit 0
    -- stdout
    dir:registry//acme/demo@sha256:[DIGEST]
    ");
}

#[test]
fn chosen_platforms_and_a_source() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3")
        .bare()
        .write(sandbox.join("dist"));
    check!(
        sandbox,
        "publish provider dist dir:registry//acme/demo --platform linux_amd64 --source registry.example.com/acme/demo --annotation team=infra",
        @r"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM      SIZE  FILE
    linux_amd64  335 B  terraform-provider-demo_1.2.3_linux_amd64.zip

    372 B sent
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    "
    );
}

#[test]
fn build_metadata_is_part_of_the_tag() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3+build.5")
        .bare()
        .write(sandbox.join("dist"));
    ProviderRelease::new("1.2.3")
        .bare()
        .write(sandbox.join("twin"));
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @r"
    exit 0
    -- stdout
    Published dir:registry//acme/demo:1.2.3_build.5
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  327 B  terraform-provider-demo_1.2.3+build.5_darwin_arm64.zip
    linux_amd64   359 B  terraform-provider-demo_1.2.3+build.5_linux_amd64.zip

    761 B sent
    -- stderr
    published terraform-provider-demo_1.2.3+build.5_linux_amd64.zip
    published terraform-provider-demo_1.2.3+build.5_darwin_arm64.zip
    ");
    check!(sandbox, "publish provider twin dir:registry//acme/demo", @r"
    exit 3
    -- stderr
    error[version-exists]: dir:registry//acme/demo has the version 1.2.3+build.5, and no client can tell 1.2.3 from it
      hint: publish under a new version
    ");
}

#[test]
fn a_module_is_published_once_and_prints_its_source() {
    let sandbox = sandbox();
    sandbox.write("label/main.tf", "output \"x\" { value = 1 }\n");
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0 --dry-run", @r#"
    exit 4
    -- stdout
    Would publish dir:registry//modules/label:1.2.0; it would be the latest
      sha256:[DIGEST]
      label-1.2.0.zip: 1 file, 137 B
      at most 137 B would be sent

    source = "oci://HOST/modules/label?digest=sha256:[DIGEST]"
    -- stderr
    HOST is any registry host; `tofu-oci install --module-from HOST=dir:registry` reads its modules from this directory
    "#);
    assert!(!sandbox.join("registry").exists());
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0", @r#"
    exit 0
    -- stdout
    Published dir:registry//modules/label:1.2.0; it is the latest
      sha256:[DIGEST]
      label-1.2.0.zip: 1 file, 137 B
      139 B sent

    source = "oci://HOST/modules/label?digest=sha256:[DIGEST]"
    -- stderr
    published label-1.2.0.zip
    HOST is any registry host; `tofu-oci install --module-from HOST=dir:registry` reads its modules from this directory
    "#);
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0 -q", @r"
    exit 0
    -- stdout
    oci://HOST/modules/label?digest=sha256:[DIGEST]
    ");
    check!(sandbox, "publish module label dir:registry//modules/label --version 1.1.0", @r#"
    exit 0
    -- stdout
    Published dir:registry//modules/label:1.1.0; the tag latest stays at another version
      sha256:[DIGEST]
      label-1.1.0.zip: 1 file, 137 B
      0 B sent

    source = "oci://HOST/modules/label?digest=sha256:[DIGEST]"
    -- stderr
    HOST is any registry host; `tofu-oci install --module-from HOST=dir:registry` reads its modules from this directory
    "#);
    check!(sandbox, "publish module label dir:single --version 1.1.0 --no-latest", @r"
    exit 0
    -- stdout
    Published dir:single:1.1.0
      sha256:[DIGEST]
      module-1.1.0.zip: 1 file, 137 B
      139 B sent
    -- stderr
    published module-1.1.0.zip
    ");
    sandbox.write("label/main.tf", "output \"x\" { value = 2 }\n");
    check!(sandbox, "publish module label dir:registry//modules/label:1.2.0", @r#"
    exit 3
    -- stderr
    error[version-exists]: the tag "1.2.0" of dir:registry//modules/label is sha256:[DIGEST], and would become sha256:[DIGEST]
      hint: publish under a new version; `--force` replaces this one, and breaks whoever has locked it
    "#);
}

#[test]
fn verbose_tells_when_work_begins() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3")
        .bare()
        .platforms(&["linux_amd64"])
        .write(sandbox.join("dist"));
    let run = sandbox
        .line("publish provider dist dir:registry//acme/demo -v")
        .ok();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "publishing terraform-provider-demo_1.2.3_linux_amd64.zip (335 B)"
    );
    assert!(
        lines[1].starts_with("published terraform-provider-demo_1.2.3_linux_amd64.zip in "),
        "{lines:?}"
    );
}

const LIST: &str = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";

fn testdata(name: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pgp/");
    std::fs::read(format!("{dir}{name}")).unwrap()
}

#[test]
fn a_signature_that_does_not_fit_is_refused() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    sandbox.write(format!("{LIST}.sig"), testdata("ed25519.sig"));
    sandbox.write("dist/acme.asc", testdata("ed25519.asc"));
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @r#"
    exit 3
    -- stderr
    error[signature-refused]: the signature "dist/terraform-provider-demo_1.2.3_SHA256SUMS.sig" is not good
      cause: it does not fit the file: the file or the signature was changed
      hint: sign the checksums file again, after the last change to it
    "#);
    assert!(!sandbox.join("registry").exists());
    // By a key that is not there: nobody can tell.
    sandbox.write("dist/acme.asc", testdata("rsa2048.asc"));
    check!(sandbox, "publish provider dist dir:registry//acme/demo --key dist/acme.asc --dry-run", @r#"
    exit 4
    -- stdout
    Would publish dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_SHA256SUMS.sig (checksums file)
                         383204F3B4C06863.asc (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    profile referrers, at most 2.1 kB would be sent
    -- stderr
    warning[unchecked-signature]: the signature "terraform-provider-demo_1.2.3_SHA256SUMS.sig" was made by none of the keys that are published with it
      hint: publish the signer's public key with `--key FILE`, or put it beside the release as KEYID.asc
    "#);
    sandbox.write("dist/mine.asc", testdata("private.asc"));
    check!(sandbox, "publish provider dist dir:registry//acme/demo", @r#"
    exit 3
    -- stderr
    error[private-key]: the key "dist/mine.asc" is refused
      cause: the key file holds a private key
      hint: export the public key with `gpg --export --armor KEYID`
    "#);
}

#[test]
fn signing_needs_gpg_and_an_exact_key() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    let line = |arguments: &str| {
        format!("publish provider dist dir:registry//acme/demo --sign-with {arguments}")
    };
    check!(sandbox, &line("me@example.com"), @r#"
    exit 2
    -- stderr
    error: invalid value 'me@example.com' for '--sign-with <KEYID>': "me@example.com" is not a key id of 16 hex digits, nor a fingerprint of 40 or 64

    For more information, try '--help'.
    "#);
    check!(sandbox, &line("0123456789ABCDEF --plain"), @r"
    exit 2
    -- stderr
    error: the argument '--sign-with <KEYID>' cannot be used with '--plain'

    Usage: tofu-oci publish provider --sign-with <KEYID> --jobs <N> <PATH>... <REF>

    For more information, try '--help'.
    ");
    check!(sandbox, &line("0123456789ABCDEF --profile plain"), @r"
    exit 2
    -- stderr
    error[usage]: --profile plain leaves the checksums file out, and --sign-with signs it
    ");
    check!(sandbox, &line("0123456789ABCDEF"), @r"
    exit 1
    -- stderr
    error[signing-failed]: there is no program gpg on the PATH
      hint: install GnuPG, or sign elsewhere and publish the .sig file
    ");
}

/// The program is found on the PATH, and GNUPGHOME says where its keys are.
#[cfg(unix)]
#[test]
fn gpg_is_called() {
    use std::os::unix::fs::PermissionsExt as _;

    let first = sandbox();
    let path = format!("{}:/usr/bin:/bin", first.join("bin").display());
    let sandbox = sandbox()
        .env("PATH", &path)
        .env("GNUPGHOME", "/nowhere/keys");
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    let gpg = first.join("bin/gpg");
    first.write(
        "bin/gpg",
        "#!/bin/sh\necho \"no agent for $GNUPGHOME\" >&2\nexit 2\n",
    );
    std::fs::set_permissions(&gpg, std::fs::Permissions::from_mode(0o755)).unwrap();
    check!(sandbox, "publish provider dist dir:registry//acme/demo --sign-with 0123456789ABCDEF", @r"
    exit 1
    -- stderr
    error[signing-failed]: the checksums file cannot be signed
      cause: gpg failed: no agent for /nowhere/keys
      hint: try `gpg --local-user KEYID! --detach-sign FILE`; name the subkey that signs where the key itself cannot
    ");
}

#[cfg(unix)]
#[test]
fn a_dry_run_signs_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    use crate::signing::{PUBLIC_ONE, armored};

    let first = sandbox();
    let path = format!("{}:/usr/bin:/bin", first.join("bin").display());
    let sandbox = sandbox().env("PATH", &path);
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    first.write("bin/key.asc", armored("PUBLIC", PUBLIC_ONE));
    let key = first.join("bin/key.asc");
    let gpg = first.join("bin/gpg");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--export*) cat '{}'; exit;; esac\necho \"asked to sign\" >&2\nexit 2\n",
        key.display()
    );
    first.write("bin/gpg", script);
    std::fs::set_permissions(&gpg, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = "publish provider dist dir:registry//acme/demo --sign-with 8F099C1B95579FCA";
    let run = sandbox.line(line);
    assert!(run.stderr.contains("asked to sign"), "{}", run.stderr);
    check!(sandbox, &format!("{line} --dry-run"), @r"
    exit 4
    -- stdout
    Would publish dir:registry//acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         8F099C1B95579FCA.asc (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    terraform-provider-demo_1.2.3_SHA256SUMS would be signed by 8F099C1B95579FCA as terraform-provider-demo_1.2.3_SHA256SUMS.sig; the digests are those before that
    profile referrers, at most 1.4 kB would be sent
    ");
    let run = sandbox.line(&format!("{line} --dry-run --json"));
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        document["release"]["to_sign"],
        serde_json::json!({
            "list": "terraform-provider-demo_1.2.3_SHA256SUMS",
            "filename": "terraform-provider-demo_1.2.3_SHA256SUMS.sig",
            "key": "8F099C1B95579FCA",
        })
    );
    // A release that was published without the signature is not done.
    let _ = sandbox
        .line("publish provider dist dir:registry//acme/demo")
        .ok();
    let run = sandbox.line(&format!("{line} --dry-run --json"));
    assert_eq!(run.status, 4, "{run:?}");
}
