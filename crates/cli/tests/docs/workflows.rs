//! Workflows can be read, and what they call is there.

use std::path::Path;
use std::process::{Command, Stdio};

use tofu_oci_testkit::peer;
use yaml_rust2::{Yaml, YamlLoader};

use crate::commands::understood;
use crate::pages::{files, read, root};
use crate::shell::{commands, variables};

/// A YAML file of one document.
pub(crate) fn parse(path: &str) -> Yaml {
    let documents =
        YamlLoader::load_from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let [document] =
        <[Yaml; 1]>::try_from(documents).unwrap_or_else(|_| panic!("{path}: one document"));
    document
}

/// The text of a scalar.
pub(crate) fn scalar(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        other => panic!("no scalar: {other:?}"),
    }
}

/// All workflows and pipelines.
fn workflows() -> Vec<String> {
    let mut found = files(&[".github", "examples"], ".yml");
    found.extend(files(&["release"], ".yml"));
    assert!(found.len() >= 6, "{found:?}");
    found
}

/// The values of the keys `names`, wherever they are.
fn values<'y>(yaml: &'y Yaml, names: &[&str], found: &mut Vec<&'y Yaml>) {
    match yaml {
        Yaml::Hash(hash) => {
            for (key, value) in hash {
                if key.as_str().is_some_and(|key| names.contains(&key)) {
                    found.push(value);
                }
                values(value, names, found);
            }
        }
        Yaml::Array(items) => items.iter().for_each(|item| values(item, names, found)),
        _ => {}
    }
}

/// The scripts of a workflow.
fn scripts(yaml: &Yaml) -> Vec<String> {
    let mut found = Vec::new();
    values(yaml, &["run", "script", "before_script"], &mut found);
    let texts = found.into_iter().filter_map(|value| match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Array(lines) => Some(
            lines
                .iter()
                .map(|line| format!("{}\n", scalar(line)))
                .collect(),
        ),
        // `defaults.run` holds settings.
        _ => None,
    });
    texts.collect()
}

/// What the variables in workflows stand for.
const VALUES: &[(&str, &str)] = &[
    ("PWD", "/work"),
    ("name", "tofu-oci"),
    ("owner", "acme"),
    ("releases", "https://example.com"),
    ("version", "1.2.3"),
    ("CI_COMMIT_TAG", "1.2.3"),
    ("CI_REGISTRY", "registry.example.com"),
    ("CI_REGISTRY_IMAGE", "registry.example.com/acme/infra"),
    ("CI_REGISTRY_PASSWORD", "secret"),
    ("CI_REGISTRY_USER", "ci"),
    ("GITHUB_ACTOR", "ci"),
    ("GITHUB_PATH", "/path"),
    ("GITHUB_REF_NAME", "1.2.3"),
    ("GITHUB_REPOSITORY_OWNER", "acme"),
    ("PATH", "/bin"),
    ("REGISTRY", "ghcr.io"),
    ("TOKEN", "secret"),
    ("TOFU_OCI_VERSION", "0.1.0"),
];

#[test]
fn commands_in_workflows_are_understood() {
    let mut seen = 0;
    for path in workflows() {
        if path.starts_with(".github") {
            continue;
        }
        for script in scripts(&parse(&path)) {
            // Only what begins a job fetches and looks up; the shell's own substitutions are not followed.
            let plain: String = script
                .lines()
                .filter(|line| !line.contains("$("))
                .map(|line| format!("{line}\n"))
                .collect();
            for words in commands(&plain, &variables(VALUES)) {
                understood(&path, &words);
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn what_workflows_call_is_there() {
    let steps = read("check");
    for path in workflows() {
        for script in scripts(&parse(&path)) {
            // A text of somebody else's in a script is a command of somebody else's.
            assert!(!script.contains("${{"), "{path}: {script}");
            let words: Vec<&str> = script.split_whitespace().collect();
            for pair in words.windows(2) {
                match *pair {
                    ["./check", step] => {
                        let step_of_its_own = format!("\n    {step})\n");
                        let function = format!("\ncheck_{}()", step.replace('-', "_"));
                        let there = [step_of_its_own, function]
                            .iter()
                            .any(|way| steps.contains(way));
                        assert!(there, "{path}: {step}");
                    }
                    ["sh" | "bash", file] if file.contains('/') => {
                        let file = file.trim_start_matches("another/place/");
                        assert!(root().join(file).is_file(), "{path}: {file}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn actions_are_pinned() {
    for path in workflows() {
        let yaml = parse(&path);
        let mut uses = Vec::new();
        values(&yaml, &["uses"], &mut uses);
        for action in uses {
            let action = action.as_str().unwrap();
            let (_, pin) = action
                .split_once('@')
                .unwrap_or_else(|| panic!("{path}: {action}"));
            let commit = pin.len() == 40 && pin.bytes().all(|b| b.is_ascii_hexdigit());
            let major = pin
                .strip_prefix('v')
                .is_some_and(|v| v.parse::<u32>().is_ok());
            assert!(commit || major, "{path}: {action}");
        }
    }
}

#[test]
fn pipelines_fetch_what_a_release_has() {
    let release = parse(".github/workflows/release.yml");
    let matrix = release["jobs"]["build"]["strategy"]["matrix"]["include"]
        .as_vec()
        .unwrap();
    let targets: Vec<&str> = matrix
        .iter()
        .map(|entry| entry["target"].as_str().unwrap())
        .collect();
    assert!(read("release/build").contains("name=tofu-oci-$version-$target\n"));
    let mut seen = 0;
    for path in files(&["examples"], ".yml") {
        let text = read(&path);
        let (_, rest) = text.split_once("name=tofu-oci-$TOFU_OCI_VERSION-").unwrap();
        let target = rest.lines().next().unwrap();
        assert!(targets.contains(&target), "{path}: {target}");
        assert!(
            text.contains(concat!("TOFU_OCI_VERSION: ", env!("CARGO_PKG_VERSION"))),
            "{path}"
        );
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// All scripts of the repository, with the shell that reads them.
fn shell_scripts() -> Vec<String> {
    let mut found: Vec<String> = ["check", ".ci/run"].map(str::to_owned).to_vec();
    found.extend(files(&["examples"], ".sh"));
    found.extend(["build", "try", "checksums", "notes"].map(|name| format!("release/{name}")));
    found
}

fn shellcheck(program: &Path, text: &str, shell: &str, place: &str) {
    let mut command = Command::new(program);
    let mut child = command
        .args(["--shell", shell, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{place}:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn scripts_pass_shellcheck() {
    let Some(program) = peer("shellcheck") else {
        return;
    };
    for path in shell_scripts() {
        let text = read(&path);
        let shell = if text.starts_with("#!/bin/sh\n") {
            "sh"
        } else {
            "bash"
        };
        shellcheck(&program, &text, shell, &path);
    }
    for path in workflows() {
        for script in scripts(&parse(&path)) {
            shellcheck(&program, &script, "bash", &format!("{path}:\n{script}"));
        }
    }
}
