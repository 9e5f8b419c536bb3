//! Every document has the fields that the reference describes, and no others.

use std::collections::BTreeMap;

use serde_json::Value;
use tofu_oci_cli::reference::{JsonDocument, documents};
use tofu_oci_testkit::ProviderRelease;

use crate::{CONFIGURATION, FROM, published, sandbox};

fn document(command: &str) -> JsonDocument {
    documents()
        .into_iter()
        .find(|document| document.command == command)
        .unwrap()
}

/// The JSON type of each field, by path.
fn paths(value: &Value, path: &str, found: &mut BTreeMap<String, Vec<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    // A manifest below another has the same fields.
    let below = [".children[]", ".referrers[]"];
    let path = below
        .iter()
        .find_map(|below| path.strip_suffix(below))
        .unwrap_or(path);
    if !path.is_empty() {
        found.entry(path.to_owned()).or_default().push(kind);
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // Names of annotations and of registries are anything.
                let name = if path.ends_with("annotations") || path == "oci_credentials" {
                    "*"
                } else {
                    name
                };
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// Compares a printed document with its description.
#[track_caller]
pub(crate) fn conforms(command: &str, text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(value["version"], 1, "{command}");
    let described = document(command);
    let mut found = BTreeMap::new();
    paths(&value, "", &mut found);
    for (path, kinds) in &found {
        // The objects of an array are described by their fields.
        if path.ends_with("[]") && kinds.iter().all(|kind| *kind == "object") {
            continue;
        }
        let field = described.fields.iter().find(|(name, ..)| name == path);
        let (_, allowed, _) = field.unwrap_or_else(|| panic!("{command}: {path} is not described"));
        for kind in kinds {
            let fits = allowed
                .trim_end_matches('?')
                .split('|')
                .any(|allowed| allowed == *kind);
            assert!(fits, "{command}: {path} is {kind}, described as {allowed}");
        }
    }
    for (path, kind, _) in described.fields {
        // A field of the document itself is always there, unless it is optional.
        let top = !path.contains(['.', '[']);
        assert!(
            !top || kind.ends_with('?') || found.contains_key(*path),
            "{command}: {path} is missing"
        );
    }
}

/// Checks every line of standard error, and that every piece of work that begins ends. What each is and how it
/// ended, in the order in which they ended.
#[track_caller]
pub(crate) fn told(stderr: &str) -> Vec<(String, String)> {
    let mut running = BTreeMap::new();
    let mut ended = Vec::new();
    for line in stderr.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let kinds = [
            ("progress", "progress"),
            ("warning", "warnings"),
            ("error", "errors"),
        ];
        let kind = kinds.iter().find(|(field, _)| value.get(field).is_some());
        conforms(kind.unwrap_or_else(|| panic!("{line}")).1, line);
        let Some(progress) = value.get("progress") else {
            continue;
        };
        let (task, work) = (progress["task"].as_u64(), progress["work"].clone());
        match progress["state"].as_str().unwrap() {
            "begin" => assert_eq!(running.insert(task, work), None, "{line}"),
            "advance" => assert_eq!(running.get(&task), Some(&work), "{line}"),
            state => {
                assert_eq!(running.remove(&task), Some(work.clone()), "{line}");
                ended.push((work.as_str().unwrap().to_owned(), state.to_owned()));
            }
        }
    }
    assert!(running.is_empty(), "{running:?}: {stderr}");
    ended
}

#[test]
fn examples_show_what_is_described() {
    for described in documents() {
        conforms(described.command, &described.example);
        let mut found = BTreeMap::new();
        paths(
            &serde_json::from_str(&described.example).unwrap(),
            "",
            &mut found,
        );
        for (path, ..) in described.fields {
            assert!(
                found.contains_key(*path),
                "{}: the example lacks {path}",
                described.command
            );
        }
    }
}

#[test]
fn commands_print_what_is_described() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let install = format!("install {FROM}");
    for (command, line) in [
        (
            "publish provider",
            "publish provider dist dir:registry//acme/demo",
        ),
        (
            "publish provider",
            "publish provider dist dir:other//acme/demo --dry-run",
        ),
        (
            "publish module",
            "publish module label dir:registry//modules/label:1.2.0",
        ),
        (
            "publish module",
            "publish module label dir:registry//modules/label:1.3.0 --dry-run --no-latest",
        ),
        ("requirements", "requirements"),
        ("install", &format!("{install} --dry-run")),
        ("install", &install),
        ("install", &install),
        ("requirements", "requirements"),
        ("list REF", "list dir:registry//acme/demo"),
        ("list REF", "list dir:registry//modules/label"),
        ("list dir:PATH", "list dir:registry"),
        ("show", "show dir:registry//acme/demo"),
        ("show", "show dir:registry//modules/label:latest"),
        ("pull", "pull dir:registry//acme/demo:1.2.3 -o out"),
        ("pull", "pull dir:registry//acme/demo:1.2.3 -o out"),
        ("verify", "verify dir:registry//acme/demo:1.2.3"),
        ("verify", "verify"),
        (
            "verify",
            "verify --lock-file . --from dir:registry//{namespace}/{type} --content",
        ),
        (
            "copy",
            "copy dir:registry//acme/demo:1.2.3 dir:other//acme/demo --dry-run",
        ),
        (
            "copy",
            "copy dir:registry//acme/demo:1.2.3 dir:other//acme/demo",
        ),
        (
            "copy",
            "copy dir:registry//acme/demo dir:other//acme/demo --all-tags",
        ),
        (
            "delete",
            "delete dir:registry//acme/demo:1.2.3 --yes --dry-run",
        ),
        ("delete", "delete dir:registry//acme/demo:1.2.3 --yes"),
        ("gc", "gc registry"),
        ("gc", "gc registry --untagged 0s --grace 0s --dry-run"),
        ("fsck", "fsck registry"),
        ("cli-config", "cli-config a.com/{namespace}/{type}"),
        (
            "cli-config",
            "cli-config a.com/{hostname}/{namespace}/{type} --credentials-helper pass",
        ),
    ] {
        let run = sandbox.line(&format!("{line} --json"));
        let expected = if line.contains("--dry-run") { 4 } else { 0 };
        assert_eq!(run.status, expected, "{line}: {}", run.stderr);
        conforms(command, &run.stdout);
        let begun = told(&run.stderr);
        assert!(
            begun.is_empty() || !line.contains("--dry-run"),
            "{line}: {}",
            run.stderr
        );
    }
}

#[test]
fn failures_are_documents_of_one_line() {
    let sandbox = sandbox();
    sandbox.write("main.tf", "module \"a\" {}\nmodule \"b\" {}\n");
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    sandbox.write(
        "dist/terraform-provider-demo_1.2.3_linux_amd64.zip",
        "not a zip",
    );
    for (line, status, count) in [
        ("requirements", 1, 2),
        ("publish provider dist dir:registry//acme/demo", 3, 1),
        ("install --locked --upgrade", 2, 1),
        ("install --nonsense", 2, 1),
        ("list dir:nowhere//acme/demo", 1, 1),
        ("cli-config a.com/{type}", 2, 1),
    ] {
        let run = sandbox.line(&format!("{line} --json"));
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (status, ""),
            "{line}: {}",
            run.stderr
        );
        let errors: Vec<&str> = run
            .stderr
            .lines()
            .filter(|line| line.contains("\"error\""))
            .collect();
        assert_eq!(errors.len(), count, "{line}: {}", run.stderr);
        for error in errors {
            conforms("errors", error);
        }
    }
}

#[test]
fn work_is_told_as_it_begins_and_ends() {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3")
        .bare()
        .platforms(&["linux_amd64"])
        .write(sandbox.join("dist"));
    sandbox.write("label/main.tf", "output \"x\" { value = 1 }\n");
    sandbox.write("main.tf", CONFIGURATION);
    let install = format!("install {FROM}");
    for (line, expected) in [
        (
            "publish provider dist dir:registry//acme/demo",
            &[("publish", "done")][..],
        ),
        (
            "publish provider dist dir:registry//acme/demo -v",
            &[("publish", "unchanged")],
        ),
        (
            "publish module label dir:registry//modules/label:1.2.0",
            &[("publish", "done")],
        ),
        ("list dir:registry//acme/demo", &[]),
        (
            "copy dir:registry//acme/demo:1.2.3 dir:other//acme/demo",
            &[("copy", "done")],
        ),
        (
            &install,
            &[("install-module", "done"), ("install-provider", "done")],
        ),
        (
            "pull dir:registry//acme/demo:1.2.3 -o out",
            &[("pull", "done")],
        ),
    ] {
        let run = sandbox.line(&format!("{line} --json")).ok();
        let ended = told(&run.stderr);
        let ended: Vec<_> = ended.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(ended, expected, "{line}: {}", run.stderr);
        // One document and nothing else.
        let _: Value = serde_json::from_str(&run.stdout).unwrap();
    }
    let run = sandbox
        .line("pull dir:registry//acme/demo:1.2.3 -o again --json --quiet")
        .ok();
    assert_eq!(run.stderr, "");
}

#[test]
fn work_that_fails_ends() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    let index = sandbox.line("show dir:registry//acme/demo --json").ok();
    let index: Value = serde_json::from_str(&index.stdout).unwrap();
    for child in index["root"]["children"].as_array().unwrap() {
        let layer = &child["layers"][0];
        let digest = layer["digest"].as_str().unwrap().replace(':', "/");
        let size = usize::try_from(layer["size"].as_u64().unwrap()).unwrap();
        sandbox.write(
            format!("registry/acme/demo/blobs/{digest}"),
            "x".repeat(size),
        );
    }
    let run = sandbox.line(&format!("install {FROM} --json"));
    assert_eq!((run.status, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    let ended = told(&run.stderr);
    let failed = ("install-provider".to_owned(), "failed".to_owned());
    assert!(ended.contains(&failed), "{}", run.stderr);
    assert!(run.stderr.contains("\"error\":"), "{}", run.stderr);
}
