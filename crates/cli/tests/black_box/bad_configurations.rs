//! Configurations, lock files and repositories that an install cannot go on with.

use tofu_oci_testkit::ProviderRelease;

use crate::{CONFIGURATION, FROM, check, published, sandbox};

#[test]
fn mistakes_are_shown_where_they_are() {
    let sandbox = sandbox();
    sandbox.write("main.tf", "terraform {\n  required_providers {\n\tdemo = { source = \"acme/demo\", version = \"=> 1.0\" }\n  }\n}\n");
    check!(sandbox, "requirements", @r#"
    exit 1
    -- stderr
    error[configuration]: Invalid version constraint: "=> 1.0" does not use correct version constraint syntax
       --> main.tf:3:43
        |
      3 |  demo = { source = "acme/demo", version = "=> 1.0" }
        |                                           ^^^^^^^^
    "#);
    sandbox.write("main.tf", "module \"a\" {\n  source = \n}\n");
    sandbox.write("other.tf.json", "{\"module\": {\"b\": {}}}");
    check!(sandbox, "requirements", @r#"
    exit 1
    -- stderr
    error[configuration]: Invalid syntax: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit
       --> main.tf:2:12
        |
      2 |   source = 
        |            ^

    error[configuration]: Missing required argument: the argument "source" is required
       --> other.tf.json:1:13
        |
      1 | {"module": {"b": {}}}
        |             ^^^
    "#);
}

#[test]
fn constraints_that_exclude_each_other_name_everybody() {
    let sandbox = published();
    ProviderRelease::new("2.0.0").write(sandbox.join("dist2"));
    let _ = sandbox
        .line("publish provider dist2 dir:registry//acme/demo")
        .ok();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write(
        "network/main.tf",
        "terraform {\n  required_providers {\n    demo = { source = \"acme/demo\", version = \"~> 2.0\" }\n  }\n}\n",
    );
    sandbox.write(
        "network.tf",
        "module \"network\" {\n  source = \"./network\"\n}\n",
    );
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 1
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[no-version]: no version of registry.opentofu.org/acme/demo satisfies "~> 1.2" (root at main.tf:3:5) and "~> 2.0" (module.network at network/main.tf:3:5); there is 2.0.0, 1.2.3
      hint: change one of the constraints, or publish a version that satisfies all of them
    "#);
}

#[test]
fn a_package_that_was_replaced_is_refused() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let _ = sandbox.line(&format!("install {FROM}")).ok();
    ProviderRelease::new("1.2.3")
        .body("other")
        .write(sandbox.join("other"));
    let _ = sandbox
        .line("publish provider other dir:registry//acme/demo --force")
        .ok();
    std::fs::remove_dir_all(sandbox.join(".terraform")).unwrap();
    std::fs::remove_dir_all(sandbox.join(".cache")).unwrap();
    let lock = sandbox.read(".terraform.lock.hcl");
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 3
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[lock-mismatch]: registry.opentofu.org/acme/demo 1.2.3 for linux_amd64 is not the package that the lock file has recorded
      cause: the package matches none of the hashes in the lock file
      cause: the lock file has [H1], zh:[DIGEST]
      cause: the package has zh:[DIGEST]
      hint: where the lock file was made for other platforms only, remove the entry of registry.opentofu.org/acme/demo and install with `--platform` for every platform; otherwise somebody replaced what was locked
    ");
    assert_eq!(sandbox.read(".terraform.lock.hcl"), lock);
    assert_eq!(sandbox.files(".terraform/providers"), Vec::<String>::new());
}

#[test]
fn what_is_locked_must_satisfy_the_configuration() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let _ = sandbox.line(&format!("install {FROM}")).ok();
    sandbox.write("main.tf", CONFIGURATION.replace("~> 1.2", "~> 2.0"));
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 1
    -- stderr
    error[locked-version]: registry.opentofu.org/acme/demo is locked at 1.2.3, which does not satisfy "~> 2.0" (root at main.tf:3:5)
      hint: choose versions anew with `--upgrade`, or change the constraint
    "#);
    sandbox.write("main.tf", CONFIGURATION);
    std::fs::remove_dir_all(sandbox.join("registry/acme")).unwrap();
    std::fs::remove_dir_all(sandbox.join(".terraform/providers")).unwrap();
    std::fs::remove_dir_all(sandbox.join(".cache")).unwrap();
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 1
    -- stderr
    error[provider-not-found]: registry.opentofu.org/acme/demo is not in dir:registry//acme/demo
      cause: there is no repository at dir:[DIR]/registry//acme/demo
      hint: publish it with `tofu-oci publish provider`, or correct `--from` or the CLI configuration
    ");
    sandbox.write(
        ".terraform.lock.hcl",
        "provider \"registry.opentofu.org/acme/demo\" {\n  version = \"1.2\"\n}\n",
    );
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 1
    -- stderr
    error[lock-file]: Invalid provider version number: version "1.2" is invalid: it is not canonical; write 1.2.0
       --> .terraform.lock.hcl:2:13
        |
      2 |   version = "1.2"
        |             ^^^^^
      hint: remove the entry, or the whole file; the next install writes it again
    "#);
}

#[test]
fn missing_things_are_named() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, "install --from dir:registry//{namespace}/{type} --module-from oci.example.com=dir:registry --platform plan9_amd64", @r"
    exit 1
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[platform-missing]: registry.opentofu.org/acme/demo 1.2.3 has no package for plan9_amd64
      cause: dir:registry//acme/demo:1.2.3 has darwin_arm64, linux_amd64
      hint: publish the release with a package for plan9_amd64, or choose another platform with `--platform`
    ");
    check!(sandbox, "install --from dir:nowhere//{namespace}/{type} --module-from oci.example.com=dir:registry", @r#"
    exit 1
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[provider-not-found]: cannot choose a version of registry.opentofu.org/acme/demo, "~> 1.2" (root at main.tf:3:5)
      cause: registry.opentofu.org/acme/demo is not in dir:nowhere//acme/demo
      cause: there is no repository at dir:nowhere
      hint: publish it with `tofu-oci publish provider`, or correct `--from` or the CLI configuration
    "#);
    check!(sandbox, "install --from dir:registry//{namespace}/{type} --module-from oci.example.com=dir:nowhere", @r"
    exit 1
    -- stderr
    error[module-not-found]: cannot install module.label, called at main.tf:10:1
      cause: the module package 1.2.0 is not in dir:nowhere//modules/label
      cause: there is no repository at dir:nowhere
      hint: `tofu-oci list dir:PATH` shows the repositories of a directory
    ");
    check!(sandbox, "install --from dir:registry//{namespac}/{type}", @r#"
    exit 2
    -- stderr
    error: invalid value 'dir:registry//{namespac}/{type}' for '--from <TEMPLATE>': repository template "dir:registry//{namespac}/{type}" is invalid: it refers to the unknown symbol "namespac"; for providers it may refer to "hostname", "namespace" and "type"

    For more information, try '--help'.
    "#);
    check!(sandbox, "install --from dir:registry//modules/label --module-from oci.example.com=dir:registry --platform linux_amd64", @r"
    exit 1
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[not-a-provider]: registry.opentofu.org/acme/demo 1.2.0 in dir:registry//modules/label:1.2.0 is not what it should be
      cause: the tag names a single image manifest, and a provider is an index of several platforms
      hint: a provider is published with `tofu-oci publish provider`; `tofu-oci show REF` shows what this is
    ");
    check!(sandbox, "install absent", @r"
    exit 1
    -- stderr
    error[file-not-found]: there is no directory absent
      hint: check the path; it starts at the directory in which the command runs
    ");
}

#[test]
fn modules_of_other_kinds_are_named() {
    let sandbox = sandbox();
    sandbox.write("main.tf", "module \"git\" {\n  source = \"git::https://example.com/x.git\"\n}\nmodule \"up\" {\n  source = \"./absent\"\n}\n");
    check!(sandbox, "install", @r#"
    exit 1
    -- stderr
    error[module-source-kind]: module.git at main.tf:1:1: the source "git::https://example.com/x.git" is neither local nor in an OCI registry
      hint: publish the module with `tofu-oci publish module`, and call it by an oci:// source

    error[module-not-found]: module.up at main.tf:4:1: there is no directory ././absent
    "#);
}

#[test]
fn a_layout_that_was_damaged_is_refused() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let index = sandbox.read("registry/acme/demo/index.json");
    sandbox.write("registry/acme/demo/index.json", &index[..index.len() / 2]);
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 1
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[layout-damaged]: cannot choose a version of registry.opentofu.org/acme/demo, "~> 1.2" (root at main.tf:3:5)
      cause: cannot read the repository from dir:registry//acme/demo
      cause: the layout file `[DIR]/registry/acme/demo/index.json` is damaged
      cause: it cannot be read
      cause: invalid JSON: EOF while parsing a string at line 1 column 514
      hint: `tofu-oci fsck PATH` shows everything that is damaged; restore the file, or publish again
    "#);
    sandbox.write("registry/acme/demo/index.json", &index);
    let zip = ProviderRelease::new("1.2.3").package("linux_amd64");
    for file in sandbox.files("registry/acme/demo/blobs/sha256") {
        let path = sandbox.join("registry/acme/demo/blobs/sha256").join(file);
        if std::fs::read(&path).unwrap() == zip {
            let mut damaged = zip.clone();
            damaged[200] ^= 1;
            std::fs::write(&path, damaged).unwrap();
        }
    }
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 3
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[zip-damaged]: the package registry.opentofu.org/acme/demo 1.2.3 linux_amd64 is refused
      cause: entry "LICENSE": local header and directory disagree about the CRC
      hint: the package itself is unsafe or damaged: its publisher has to build it again and publish a new version, unless `tofu-oci fsck PATH` finds that only the copy in the repository is damaged
    "#);
    assert!(!sandbox.join(".terraform.lock.hcl").exists());
}

#[test]
fn a_module_that_calls_itself() {
    let sandbox = sandbox();
    sandbox.write("main.tf", "module \"a\" {\n  source = \"./a\"\n}\n");
    sandbox.write("a/main.tf", "module \"b\" {\n  source = \"../a\"\n}\n");
    check!(sandbox, "install", @r"
    exit 1
    -- stderr
    error[module-depth]: the module calls nest too deeply at module.a.module.b.module.b.….module.b.module.b
      hint: look for a module that calls itself, perhaps by way of others
    ");
}

#[test]
fn an_unsafe_package_may_be_the_publishers_or_the_copys() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let zip = ProviderRelease::new("1.2.3").package("linux_amd64");
    for file in sandbox.files("registry/acme/demo/blobs/sha256") {
        let path = sandbox.join("registry/acme/demo/blobs/sha256").join(file);
        if std::fs::read(&path).unwrap() == zip {
            let mut unsafe_zip = zip.clone();
            for at in 0..unsafe_zip.len() {
                if unsafe_zip[at..].starts_with(b"LICENSE") {
                    unsafe_zip[at..at + 7].copy_from_slice(b"../evil");
                }
            }
            std::fs::write(&path, unsafe_zip).unwrap();
        }
    }
    check!(sandbox, &format!("install {FROM}"), @r#"
    exit 3
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[zip-unsafe-name]: the package registry.opentofu.org/acme/demo 1.2.3 linux_amd64 is refused
      cause: entry "../evil" has an unsafe name: it contains ".."
      hint: the package itself is unsafe or damaged: its publisher has to build it again and publish a new version, unless `tofu-oci fsck PATH` finds that only the copy in the repository is damaged
    "#);
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_not_a_missing_directory() {
    let sandbox = sandbox();
    std::os::unix::fs::symlink("nothing", sandbox.join("main.tf")).unwrap();
    check!(sandbox, "install", @r"
    exit 1
    -- stderr
    error[file-not-found]: cannot read root in .
      cause: failed to canonicalize path `./main.tf`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    ");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_a_configuration() {
    let sandbox = sandbox();
    let made = std::process::Command::new("mkfifo")
        .arg(sandbox.join("main.tf"))
        .status();
    assert!(made.unwrap().success());
    check!(sandbox, "install", @r"
    exit 1
    -- stderr
    error[io]: cannot read root in .
      cause: `[DIR]/main.tf` is not a regular file
      hint: a regular file is needed there, not a directory, pipe or device
    ");
}
