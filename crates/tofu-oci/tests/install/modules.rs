use tofu_oci::Warning;
use tofu_oci::install::{InstallError, InstallOptions, LockChange, LockMode, ModuleLockUse};
use tofu_oci::store::files::Files;

use crate::support::{World, snapshot};

#[tokio::test]
async fn packages_and_local_modules_nest() {
    let world = World::new(
        r#"
module "label" {
  source = "oci://oci.example.com/modules/label?tag=1.2.0"
}
module "here" {
  source = "./child"
}
"#,
    );
    world
        .module(
            "modules/label",
            "1.2.0",
            &[
                ("main.tf", "module \"inner\" {\n  source = \"./inner\"\n}\n"),
                ("inner/main.tf", "output \"x\" {\n  value = 1\n}\n"),
                (".hidden", "kept\n"),
            ],
        )
        .await;
    world
        .module(
            "modules/sub",
            "latest",
            &[("a/b/main.tf", ""), ("c/main.tf", "")],
        )
        .await;
    world.write(
        "child/main.tf",
        "module \"sub\" {\n  source = \"oci://oci.example.com/modules/sub//a/*\"\n}\n",
    );
    let report = world.install().await.unwrap();
    assert_eq!(report.modules.len(), 2);
    assert_eq!(
        world.read(".terraform/modules/modules.json"),
        concat!(
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},"#,
            r#"{"Key":"here","Source":"./child","Dir":"child"},"#,
            r#"{"Key":"here.sub","Source":"oci://oci.example.com/modules/sub//a/*","Dir":".terraform/modules/here.sub/a/b"},"#,
            r#"{"Key":"label","Source":"oci://oci.example.com/modules/label?tag=1.2.0","Dir":".terraform/modules/label"},"#,
            r#"{"Key":"label.inner","Source":"./inner","Dir":".terraform/modules/label/inner"}]}"#
        )
    );
    assert_eq!(world.read(".terraform/modules/label/.hidden"), "kept\n");
    assert!(
        world
            .conf()
            .join(".terraform/modules/here.sub/c/main.tf")
            .exists()
    );
}

#[tokio::test]
async fn an_installed_package_is_kept_until_an_upgrade() {
    let world = World::new("module \"m\" {\n  source = \"oci://oci.example.com/m\"\n}\n");
    world.module("m", "latest", &[("main.tf", "# one\n")]).await;
    world.install().await.unwrap();
    world.module("m", "latest", &[("main.tf", "# two\n")]).await;
    let report = world.install().await.unwrap();
    assert!(report.modules.is_empty());
    assert_eq!(world.read(".terraform/modules/m/main.tf"), "# one\n");
    let mut options = world.options();
    options.lock = LockMode::Upgrade;
    world
        .install_with(Default::default(), &options)
        .await
        .unwrap();
    assert_eq!(world.read(".terraform/modules/m/main.tf"), "# two\n");
}

#[tokio::test]
async fn a_digest_pins_the_package() {
    let world = World::new("");
    let digest = world.module("m", "1.0.0", &[("main.tf", "# one\n")]).await;
    world.module("m", "1.0.0", &[("main.tf", "# two\n")]).await;
    world.write(
        "main.tf",
        &format!("module \"m\" {{\n  source = \"oci://oci.example.com/m?digest={digest}\"\n}}\n"),
    );
    world.install().await.unwrap();
    assert_eq!(world.read(".terraform/modules/m/main.tf"), "# one\n");
}

#[tokio::test]
async fn a_changed_source_takes_the_records_below_with_it() {
    let world = World::new("module \"m\" {\n  source = \"oci://oci.example.com/m\"\n}\n");
    world
        .module(
            "m",
            "latest",
            &[
                ("main.tf", "module \"in\" {\n  source = \"./in\"\n}\n"),
                ("in/x.tf", ""),
            ],
        )
        .await;
    world.module("n", "latest", &[("main.tf", "")]).await;
    world.install().await.unwrap();
    assert!(
        world
            .read(".terraform/modules/modules.json")
            .contains("m.in")
    );
    world.write(
        "main.tf",
        "module \"m\" {\n  source = \"oci://oci.example.com/n\"\n}\n",
    );
    world.install().await.unwrap();
    let records = world.read(".terraform/modules/modules.json");
    assert!(
        !records.contains("m.in") && records.contains("example.com/n"),
        "{records}"
    );
    assert!(!world.conf().join(".terraform/modules/m/in").exists());
}

#[tokio::test]
async fn what_cannot_be_installed_is_named_with_its_call() {
    for (name, source, needle) in [
        (
            "git",
            "git::https://example.com/x.git",
            "neither local nor in an OCI registry",
        ),
        (
            "registry",
            "acme/label/null",
            "neither local nor in an OCI registry",
        ),
        (
            "no package",
            "oci://oci.example.com/absent",
            "cannot install module.m",
        ),
        ("no directory", "./absent", "there is no directory"),
        (
            "no subdirectory",
            "oci://oci.example.com/m//absent",
            "does not exist",
        ),
        (
            "several subdirectories",
            "oci://oci.example.com/m//*",
            "several",
        ),
        (
            "climbing",
            "oci://oci.example.com/climbs",
            "leads out of the module package",
        ),
    ] {
        let world = World::new(&format!("module \"m\" {{\n  source = \"{source}\"\n}}\n"));
        world
            .module("m", "latest", &[("a/x.tf", ""), ("b/x.tf", "")])
            .await;
        world
            .module(
                "climbs",
                "latest",
                &[("main.tf", "module \"out\" {\n  source = \"../../../\"\n}\n")],
            )
            .await;
        let before = snapshot(&world.conf()).len();
        let error = world.install().await.unwrap_err();
        assert!(error.to_string().contains(needle), "{name}: {error}");
        let left: Vec<_> = snapshot(&world.conf())
            .into_iter()
            .filter(|(file, _)| !file.ends_with(".tofu-oci/lock"))
            .collect();
        assert_eq!(left.len(), before, "{name}");
    }
}

#[tokio::test]
async fn an_index_is_no_module() {
    let world =
        World::new("module \"m\" {\n  source = \"oci://oci.example.com/acme/demo?tag=1.0.0\"\n}\n");
    world
        .provider("acme/demo", "1.0.0", &["linux_amd64".parse().unwrap()])
        .await;
    let error = world.install().await.unwrap_err();
    assert!(matches!(error, InstallError::Module { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_a_configuration_are_followed() {
    use std::os::unix::fs::symlink;

    let world = World::new("");
    let shared = world.dir.path().join("shared");
    std::fs::create_dir_all(shared.join("module")).unwrap();
    std::fs::write(
        shared.join("calls.tf"),
        "module \"linked\" {\n  source = \"./linked\"\n}\n",
    )
    .unwrap();
    std::fs::write(
        shared.join("module/main.tf"),
        "module \"absent\" {\n  source = \"./absent\"\n}\n",
    )
    .unwrap();
    symlink(shared.join("calls.tf"), world.conf().join("calls.tf")).unwrap();
    symlink(shared.join("module"), world.conf().join("linked")).unwrap();
    let error = world.install().await.unwrap_err();
    let InstallError::ModuleDirectory { module, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(module, "module.linked.module.absent");
    // A link that leads nowhere is not passed over.
    std::fs::remove_file(shared.join("calls.tf")).unwrap();
    let error = world.install().await.unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read root in "),
        "{error}"
    );
}

#[tokio::test]
async fn locked_modules_are_checked_without_a_source() {
    let world = World::new(
        r#"module "net" { source = "oci://oci.example.com/acme/net" }
           module "here" { source = "./here" }"#,
    );
    world.write("here/main.tf", "");
    let net = &[("main.tf", "output \"a\" {\n  value = 1\n}\n")];
    world.module("acme/net", "latest", net).await;
    let files = Files::default();
    let create = InstallOptions {
        module_lock: ModuleLockUse::Create,
        ..world.options()
    };
    let installer = world.installer(files.clone(), Some(world.cache(&files)));
    let report = installer.install(&create).await.unwrap();
    let lock = report.module_lock.unwrap();
    assert_eq!(lock.change, LockChange::Created);
    let before = world.read(".terraform.modules.lock.json");
    std::fs::remove_dir_all(world.registry()).unwrap();
    world.forget_said();

    let report = world.install_warm(&files).unwrap();
    let lock = report.module_lock.unwrap();
    assert_eq!(lock.change, LockChange::Unchanged);
    assert_eq!(world.read(".terraform.modules.lock.json"), before);
    assert_eq!(world.warnings(), []);

    // What is not the locked package has to be fetched; the whole way says so.
    world.write(".terraform/modules/net/main.tf", "");
    assert!(world.install_warm(&files).is_none());
    assert_eq!(world.warnings(), []);
    assert!(world.install_cached().await.is_err());
    assert!(matches!(
        &world.warnings()[..],
        [Warning::ModuleChanged { module, .. }] if module == "module.net"
    ));
}

/// Whatever a link in the data directory leads to stays as it is.
#[cfg(unix)]
#[tokio::test]
async fn nothing_behind_a_link_is_replaced() {
    use std::os::unix::fs::symlink;

    let world = World::new("module \"m\" {\n  source = \"oci://oci.example.com/m\"\n}\n");
    world
        .module("m", "latest", &[("main.tf", "# ours\n")])
        .await;
    let precious = world.dir.path().join("precious");
    std::fs::create_dir_all(precious.join("m")).unwrap();
    std::fs::write(precious.join("m/main.tf"), "# theirs\n").unwrap();
    std::fs::create_dir(world.conf().join(".terraform")).unwrap();
    let modules = world.conf().join(".terraform/modules");

    symlink(&precious, &modules).unwrap();
    let before = snapshot(&precious);
    let error = world.install().await.unwrap_err();
    let InstallError::Place { source, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::NotADirectory);
    assert!(
        source.to_string().contains(".terraform/modules`"),
        "{source}"
    );
    assert_eq!(snapshot(&precious), before);

    // In the place of one module the link itself is replaced.
    std::fs::remove_file(&modules).unwrap();
    std::fs::create_dir(&modules).unwrap();
    symlink(precious.join("m"), modules.join("m")).unwrap();
    world.install().await.unwrap();
    assert!(modules.join("m").symlink_metadata().unwrap().is_dir());
    assert_eq!(world.read(".terraform/modules/m/main.tf"), "# ours\n");
    assert_eq!(snapshot(&precious), before);
}

/// Where nothing but the records would be written they are not written elsewhere either.
#[cfg(unix)]
#[tokio::test]
async fn records_are_not_written_through_a_link() {
    let world = World::new("module \"here\" {\n  source = \"./child\"\n}\n");
    world.write("child/main.tf", "");
    let elsewhere = world.dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::create_dir(world.conf().join(".terraform")).unwrap();
    let modules = world.conf().join(".terraform/modules");
    std::os::unix::fs::symlink(&elsewhere, &modules).unwrap();
    let error = world.install().await.unwrap_err();
    assert!(matches!(error, InstallError::Place { .. }), "{error}");
    assert!(snapshot(&elsewhere).is_empty());
}

/// A data directory that is a link was put where it is by whoever works there.
#[cfg(unix)]
#[tokio::test]
async fn the_data_directory_may_be_a_link() {
    let world = World::new("module \"m\" {\n  source = \"oci://oci.example.com/m\"\n}\n");
    world
        .module("m", "latest", &[("main.tf", "# ours\n")])
        .await;
    let elsewhere = world.dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, world.conf().join(".terraform")).unwrap();
    world.install().await.unwrap();
    assert!(elsewhere.join("modules/m/main.tf").exists());
}
