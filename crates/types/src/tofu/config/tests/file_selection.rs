use super::*;

fn chosen(names: &[&str], dialect: Dialect) -> Vec<String> {
    let files = config_files(names.iter().copied(), dialect);
    files.into_iter().map(|file| file.name).collect()
}

#[test]
fn only_configuration_counts() {
    let names = [
        "main.tf",
        "b.tofu",
        "c.tf.json",
        "d.tofu.json",
        ".hidden.tf",
        "e.tf~",
        "#f.tf#",
        "g.tfvars",
        "h.tftest.hcl",
        "i.tofutest.hcl",
        "j.tftest.json",
        "k.tofutest.json",
        "README.md",
        "l.tf.bak",
        "m.json",
        "tf",
        ".tf",
    ];
    assert_eq!(
        chosen(&names, Dialect::Tofu),
        ["b.tofu", "c.tf.json", "d.tofu.json", "main.tf"]
    );
    assert_eq!(chosen(&names, Dialect::Terraform), ["c.tf.json", "main.tf"]);
}

#[test]
fn tofu_files_hide_their_namesakes_of_the_same_spelling() {
    let names = [
        "a.tf",
        "a.tofu",
        "a.tf.json",
        "b.tf",
        "b.tofu.json",
        "b.tf.json",
        "x_override.tf",
        "x_override.tofu",
    ];
    assert_eq!(
        chosen(&names, Dialect::Tofu),
        [
            "a.tf.json",
            "a.tofu",
            "b.tf",
            "b.tofu.json",
            "x_override.tofu"
        ]
    );
    assert_eq!(
        chosen(&names, Dialect::Terraform),
        ["a.tf", "a.tf.json", "b.tf", "b.tf.json", "x_override.tf"]
    );
}

#[test]
fn overrides_come_last() {
    let names = [
        "override.tf",
        "a_override.tf.json",
        "z.tf",
        "myoverride.tf",
        "override.tofu.json",
    ];
    let files = config_files(names, Dialect::Tofu);
    let seen: Vec<_> = files.iter().map(|f| (f.name.as_str(), f.role)).collect();
    assert_eq!(
        seen,
        [
            ("myoverride.tf", FileRole::Primary),
            ("z.tf", FileRole::Primary),
            ("a_override.tf.json", FileRole::Override),
            ("override.tf", FileRole::Override),
            ("override.tofu.json", FileRole::Override),
        ]
    );
}

/// Both clients' files side by side: what is read shows in the providers that are implied.
#[test]
fn a_directory_for_both_clients() {
    let resource = |kind: &str| format!("resource \"{kind}\" \"a\" {{}}\n");
    let json = |kind: &str| format!("{{\"resource\":{{\"{kind}\":{{\"a\":{{}}}}}}}}");
    let files = [
        ("resources.tf", resource("t1_x")),
        ("resources.tofu", resource("o1_x")),
        ("resources.tf.json", json("t2_x")),
        ("resources.tofu.json", json("o2_x")),
        ("more-resources.tf", resource("t3_x")),
        ("more-resources.tf.json", json("t4_x")),
        ("tests.tftest.hcl", "run \"x\" {}".to_owned()),
    ];
    let kinds = |dialect: Dialect| -> Vec<String> {
        let options = ReadOptions {
            dialect,
            ..ReadOptions::default()
        };
        let module = Module::read(&files, &options).unwrap();
        module
            .providers
            .iter()
            .map(|p| p.local_name.clone())
            .collect()
    };
    assert_eq!(kinds(Dialect::Tofu), ["o1", "o2", "t3", "t4"]);
    assert_eq!(kinds(Dialect::Terraform), ["t1", "t2", "t3", "t4"]);
}

#[test]
fn override_files_of_both_clients() {
    let variable = |value: &str| format!("variable \"v\" {{ default = \"{value}\" }}\n");
    let call = "module \"m\" { source = \"./${var.v}\" }\n";
    let mut files = vec![
        ("main.tf", call.to_owned()),
        ("variables.tf", variable("base")),
        ("variables_override.tf", variable("tf")),
        ("variables_override.tofu", variable("tofu")),
        (
            "variables_override.tf.json",
            r#"{"variable":{"v":{"default":"json"}}}"#.to_owned(),
        ),
        (
            "variables_override.tofu.json",
            r#"{"variable":{"v":{"default":"tofujson"}}}"#.to_owned(),
        ),
    ];
    let source = |files: &[(&str, String)]| {
        let module = Module::read(files, &ReadOptions::default()).unwrap();
        module.module_calls.first().unwrap().source.to_string()
    };
    assert_eq!(source(&files), "./tofujson");
    files.pop();
    assert_eq!(source(&files), "./tofu");
}
