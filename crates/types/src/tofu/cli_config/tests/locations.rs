use super::*;
use crate::tofu::config::Dialect;

const HOME: &str = "/home/u";

fn usual(file: &str, directory: &str) -> ConfigLocations {
    ConfigLocations::Usual {
        file: Some(PathBuf::from(file)),
        directory: Some(PathBuf::from(directory)),
    }
}

fn find(client: Dialect, environment: &CliEnvironment, there: &[&str]) -> ConfigLocations {
    ConfigLocations::find(client, environment, &|path| {
        there.iter().any(|known| Path::new(known) == path)
    })
}

#[test]
fn on_unix() {
    let xdg = &[("XDG_CONFIG_HOME", "/xdg")][..];
    let (new, old, dir) = (
        "/home/u/.tofurc",
        "/home/u/.terraformrc",
        "/home/u/.terraform.d",
    );
    for (variables, there, file, directory) in [
        (&[][..], &[new][..], new, dir),
        (&[], &[old], old, dir),
        (&[], &[new, old], new, dir),
        (&[], &[], new, dir),
        (xdg, &[], "/xdg/opentofu/tofurc", "/xdg/opentofu"),
        (xdg, &[new], new, "/xdg/opentofu"),
        (xdg, &[old], old, "/xdg/opentofu"),
        (xdg, &[new, old], new, "/xdg/opentofu"),
        (xdg, &[dir], "/xdg/opentofu/tofurc", dir),
        (&[("XDG_CONFIG_HOME", "")], &[], new, dir),
    ] {
        let found = find(Dialect::Tofu, &environment(variables), there);
        assert_eq!(found, usual(file, directory), "{variables:?} {there:?}");
        // Terraform looks in one place only.
        let found = find(Dialect::Terraform, &environment(variables), there);
        assert_eq!(found, usual(old, dir));
    }
}

#[test]
fn on_windows() {
    let environment = CliEnvironment {
        system: System::Windows,
        ..environment(&[("XDG_CONFIG_HOME", "/xdg")])
    };
    let (new, old, dir) = ("/data/tofu.rc", "/data/terraform.rc", "/data/terraform.d");
    for (there, file) in [
        (&[][..], new),
        (&[new], new),
        (&[old], old),
        (&[new, old], new),
    ] {
        assert_eq!(find(Dialect::Tofu, &environment, there), usual(file, dir));
        assert_eq!(
            find(Dialect::Terraform, &environment, there),
            usual(old, dir)
        );
    }
    assert_eq!(
        data_directories(Dialect::Tofu, &environment),
        [PathBuf::from(dir)]
    );
}

#[test]
fn named_by_a_variable() {
    let named = |path: &str| ConfigLocations::Named(PathBuf::from(path));
    for (variables, path) in [
        (&[("TF_CLI_CONFIG_FILE", "a")][..], "a"),
        (&[("TERRAFORM_CONFIG", "b")], "b"),
        (
            &[("TF_CLI_CONFIG_FILE", "a"), ("TERRAFORM_CONFIG", "b")],
            "a",
        ),
        (
            &[("TF_CLI_CONFIG_FILE", ""), ("TERRAFORM_CONFIG", "b")],
            "b",
        ),
    ] {
        for client in [Dialect::Tofu, Dialect::Terraform] {
            assert_eq!(find(client, &environment(variables), &[HOME]), named(path));
        }
    }
}

#[test]
fn without_a_home() {
    let homeless = |variables| CliEnvironment {
        home: None,
        ..environment(variables)
    };
    let nothing = ConfigLocations::Usual {
        file: None,
        directory: None,
    };
    assert_eq!(find(Dialect::Tofu, &homeless(&[]), &[]), nothing);
    let xdg = homeless(&[("XDG_CONFIG_HOME", "/xdg")]);
    assert_eq!(
        find(Dialect::Tofu, &xdg, &[]),
        usual("/xdg/opentofu/tofurc", "/xdg/opentofu")
    );
    assert_eq!(find(Dialect::Terraform, &xdg, &[]), nothing);
}

#[test]
fn data() {
    let home = PathBuf::from("/home/u/.terraform.d");
    let xdg = environment(&[("XDG_DATA_HOME", "/xdg")]);
    assert_eq!(
        data_directories(Dialect::Tofu, &xdg),
        [home.clone(), PathBuf::from("/xdg/opentofu")]
    );
    assert_eq!(
        data_directories(Dialect::Tofu, &environment(&[])),
        std::slice::from_ref(&home)
    );
    assert_eq!(data_directories(Dialect::Terraform, &xdg), [home]);
}

#[test]
fn entries_of_the_directory() {
    for (name, belongs) in [
        ("a.tfrc", true),
        ("a.tfrc.json", true),
        (".hidden.tfrc", true),
        (".tfrc", true),
        ("a.json", false),
        ("a.tfrc~", false),
        ("tfrc", false),
        ("plugins", false),
    ] {
        assert_eq!(is_directory_entry(name), belongs, "{name}");
    }
}
