//! The reference says what the code says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::PathBuf;

use tofu_oci_cli::reference;

/// Compares a page with its file, or writes it where `TOFU_OCI_UPDATE` is set.
fn page(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/reference")
        .join(name);
    if std::env::var_os("TOFU_OCI_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let file = fs::read_to_string(&path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        file == text,
        "docs/reference/{name} is not up to date: TOFU_OCI_UPDATE=1 cargo test -p tofu-oci-cli --test reference"
    );
}

#[test]
fn commands() {
    page("cli.md", &reference::cli());
}

#[test]
fn error_codes() {
    page("error-codes.md", &reference::error_codes());
}

#[test]
fn troubleshooting() {
    page("../troubleshooting.md", &reference::troubleshooting());
}

/// Flags of other programs that hints name.
const FOREIGN: [&str; 8] = [
    "--armor",
    "--detach-sign",
    "--digest-algo",
    "--export",
    "--keyid-format",
    "--list-secret-keys",
    "--local-user",
    "--sign",
];

/// A hint that names a flag which does not exist is worse than none.
#[test]
fn hints_name_flags_that_exist() {
    let commands = reference::cli();
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    let files = |dir| fs::read_dir(sources.join(dir)).unwrap();
    for entry in files("diagnostic").chain(files("remedy")) {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("--") {
            let word = |c: char| c.is_ascii_lowercase() || c == '-';
            let flag: String = text[at..].chars().take_while(|&c| word(c)).collect();
            if flag.len() < 4 || !text[..at].ends_with([' ', '`', '(']) {
                continue;
            }
            seen += 1;
            let known = commands.contains(&format!(" {flag}")) || FOREIGN.contains(&flag.as_str());
            assert!(known, "{}: {flag}", path.display());
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn documents() {
    page("json.md", &reference::json());
}
