use super::*;

fn host(name: &str, url: &str) -> String {
    format!("host \"{name}\" {{\n  services = {{ \"modules.v1\" = \"{url}\" }}\n}}\n")
}

fn token(name: &str, token: &str) -> String {
    format!("credentials \"{name}\" {{\n  token = \"{token}\"\n}}\n")
}

#[test]
fn files_of_the_directory_override_entries_and_not_settings() {
    let main = host("a.com", "main")
        + &host("m.com", "main")
        + &token("a.com", "main")
        + "plugin_cache_dir = \"/main\"";
    let first = host("a.com", "first") + &token("a.com", "first") + "plugin_cache_dir = \"/first\"";
    let second =
        host("a.com", "second") + &token("b.com", "second") + "plugin_cache_dir = \"/second\"";
    let config = several(&main, &[&first, &second], &[]).unwrap();
    assert_eq!(config.plugin_cache_dir, Some(PathBuf::from("/main")));
    let url = |name: &str| match &config.hosts[&name.parse().unwrap()].services["modules.v1"] {
        ServiceLocation::Url(url) => url.clone(),
        ServiceLocation::Settings => panic!(),
    };
    assert_eq!(
        (url("a.com").as_str(), url("m.com").as_str()),
        ("second", "main")
    );
    let tokens: Vec<_> = config.tokens.values().map(Secret::expose).collect();
    assert_eq!(tokens, ["first", "second"]);
    let config = several("", &[&first, &second], &[]).unwrap();
    assert_eq!(config.plugin_cache_dir, Some(PathBuf::from("/first")));
}

#[test]
fn registry_protocols_of_the_directory_have_no_effect() {
    let file = "registry_protocols {\n  retry_count = 7\n}";
    let config = several("", &[file], &[]).unwrap();
    assert_eq!(config.registry_protocols, RegistryProtocols::default());
    // One block a file.
    let config = several(file, &[file], &[]).unwrap();
    assert_eq!(config.registry_protocols.retry_count, 7);
}

#[test]
fn blocks_of_all_files_count() {
    let block = |prefix: &str| {
        format!("oci_credentials \"{prefix}\" {{\n  docker_credentials_helper = \"h\"\n}}\n")
    };
    let config = several(&block("m.com"), &[&block("a.com"), &block("b.com")], &[]).unwrap();
    let prefixes: Vec<_> = config
        .oci_credentials
        .iter()
        .map(|b| b.prefix.as_str())
        .collect();
    assert_eq!(prefixes, ["m.com", "a.com", "b.com"]);
    let errors = several(&block("m.com"), &[&block("m.com")], &[]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/home/u/.terraform.d/0.tfrc:1:17: Duplicate oci_credentials block: there is one for \"m.com\" at /home/u/.tofurc:1:17"
    );
    for kind in ["provider_installation", "oci_default_credentials"] {
        let text = format!("{kind} {{}}");
        let errors = several(&text, &[&text], &[]).unwrap_err();
        assert!(
            errors.to_string().ends_with(&format!(
                "only one {kind} block can be there, and there is one at /home/u/.tofurc:1:1"
            )),
            "{errors}"
        );
    }
    let may_break = "plugin_cache_may_break_dependency_lock_file = true";
    assert!(
        several("", &[may_break, ""], &[])
            .unwrap()
            .plugin_cache_may_break_lock_file
    );
}

#[test]
fn mistakes_of_all_files_come_together() {
    let errors = several("a = ", &["b = 1", "direct", "host \"x..y\" {}"], &[]).unwrap_err();
    let files: Vec<_> = errors
        .problems
        .iter()
        .map(|p| p.range.file.to_string())
        .collect();
    assert_eq!(
        files,
        [
            "/home/u/.tofurc",
            "/home/u/.terraform.d/1.tfrc",
            "/home/u/.terraform.d/2.tfrc"
        ]
    );
}
