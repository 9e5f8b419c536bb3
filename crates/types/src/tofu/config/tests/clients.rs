use super::*;

#[test]
fn required_version_counts_where_it_is_meant_to() {
    let block = |version: &str| format!("terraform {{\n required_version = \"{version}\"\n}}\n");
    let files = [
        ("a.tf", block(">= 1.0")),
        ("b.tofu", block(">= 1.10")),
        ("c.tf", block("garbage")),
    ];
    let module = Module::read(&files, &ReadOptions::default()).unwrap();
    let seen: Vec<_> = module
        .required_versions
        .iter()
        .map(|v| (v.text.as_str(), v.honoured, v.constraints.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            (">= 1.0", false, true),
            (">= 1.10", true, true),
            ("garbage", false, false)
        ]
    );
    let options = ReadOptions {
        dialect: Dialect::Terraform,
        ..ReadOptions::default()
    };
    let error = Module::read(&files, &options).unwrap_err();
    assert_eq!(
        error.problems.first().unwrap().range.to_string(),
        "c.tf:2:21"
    );
}

#[test]
fn an_override_replaces_the_required_version() {
    let block = |version: &str| format!("terraform {{\n required_version = \"{version}\"\n}}\n");
    let files = [
        ("a.tofu", block(">= 1.0")),
        ("override.tofu", block(">= 2.0")),
    ];
    let module = Module::read(&files, &ReadOptions::default()).unwrap();
    assert_eq!(module.required_versions.len(), 1);
    assert_eq!(module.required_versions[0].text, ">= 2.0");
}
