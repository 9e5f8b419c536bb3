use super::*;

const SECRET: &str = "hunter2";

#[test]
fn debug_shows_no_secrets() {
    let text = format!(
        "credentials \"a.com\" {{\n  token = \"{SECRET}\"\n}}\noci_credentials \"a.com\" {{\n  username = \"u\"\n  password = \"{SECRET}\"\n}}\noci_credentials \"b.com\" {{\n  access_token = \"{SECRET}\"\n  refresh_token = \"{SECRET}\"\n}}"
    );
    let variables = &[("TF_TOKEN_c_com", SECRET)][..];
    let config = several(&text, &[], variables).unwrap();
    let debug = format!("{config:?} {:?}", environment(variables));
    assert!(debug.contains("[redacted]"));
    assert!(!debug.contains(SECRET), "{debug}");
    assert_eq!(config.tokens.len(), 2);
}

#[test]
fn mistakes_show_no_secrets() {
    for text in [
        // On the line of the mistake, and as the value that is one.
        format!("oci_credentials \"a.com\" {{ password = \"{SECRET}\" }}"),
        format!("oci_credentials \"a.com\" {{ username = true password = \"{SECRET}\" }}"),
        format!("oci_credentials \"a.com\" {{ username = \"u\" password = [\"{SECRET}\"] }}"),
        format!("oci_credentials \"a.com\" {{ docker_credentials_helper = \"/{SECRET}\" }}"),
        format!("oci_credentials \"u:{SECRET}@a.com\" {{}}"),
        format!("oci_default_credentials {{ docker_credentials_helper = \"/{SECRET}\" }}"),
        format!("credentials \"a..com\" {{ token = \"{SECRET}\" }}"),
        format!("credentials \"a.com\" {{ token = \"{SECRET}\" }} host \"a..com\" {{}}"),
        format!("credentials {{ \"a.com\" = \"{SECRET}\" }}"),
        format!("credentials_helper \"x\" {{ args = \"{SECRET}\" }}"),
        format!(
            "credentials \"a.com\" {{ token = \"{SECRET}\" }} provider_installation {{ direct {{ include = \"x\" }} }}"
        ),
        format!(
            "provider_installation {{ direct {{ include = \"x\" }} }} credentials \"a.com\" {{ token = \"{SECRET}\" }}"
        ),
        format!(
            "provider_installation {{ network_mirror {{ url = \"https://u:{SECRET}@a.com/\" }} }}"
        ),
        format!(
            "{{\"credentials\":{{\"a.com\":{{\"token\":\"{SECRET}\"}}}},\"provider_installation\":1}}"
        ),
        format!("plugin_cache_dir = [] credentials \"a.com\" {{ token = \"{SECRET}\" }}"),
    ] {
        let errors = several(&text, &[], &[]).unwrap_err();
        let all = format!("{errors} {errors:?}");
        assert!(!all.contains(SECRET), "{text}: {all}");
    }
}
