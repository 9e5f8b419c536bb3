//! The pipelines and scripts under `examples` do what they say.

use std::collections::BTreeMap;
use std::fs;

use yaml_rust2::Yaml;

use crate::runner::{PASSWORD, Runner};
use crate::workflows::{parse, scalar};

/// The scripts of a job on GitHub, with the variables of each and the directory in which it runs.
fn steps(workflow: &Yaml, job: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let job = &workflow["jobs"][job];
    let mut found = Vec::new();
    for step in job["steps"].as_vec().unwrap() {
        let Some(script) = step["run"].as_str() else {
            continue;
        };
        let mut environment = BTreeMap::new();
        for place in [workflow, job, step] {
            for (name, value) in place["env"].as_hash().into_iter().flatten() {
                let value = scalar(value).replace("${{ github.token }}", PASSWORD);
                environment.insert(name.as_str().unwrap().to_owned(), value);
            }
        }
        let directory = step["working-directory"].as_str().unwrap_or(".");
        found.push((script.to_owned(), environment, directory.to_owned()));
    }
    found
}

/// Runs the job of a workflow on GitHub, without the step that fetches the program.
fn github(runner: &mut Runner, file: &str, job: &str, host: &str, tag: &str) {
    let workflow = parse(&format!("examples/github-actions/{file}"));
    let mut fetched = 0;
    for (script, mut environment, directory) in steps(&workflow, job) {
        if script.contains("gh release download") {
            fetched += 1;
            continue;
        }
        assert_eq!(environment["REGISTRY"], "ghcr.io");
        let given = [
            ("REGISTRY", host),
            ("GITHUB_ACTOR", "ci"),
            ("GITHUB_REPOSITORY_OWNER", "Acme"),
            ("GITHUB_REF_NAME", tag),
        ];
        environment.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
        job_script(runner, &script, &environment, &directory);
    }
    assert_eq!(fetched, 1, "{file}");
}

fn job_script(
    runner: &mut Runner,
    script: &str,
    environment: &BTreeMap<String, String>,
    directory: &str,
) {
    let exports: String = environment
        .iter()
        .map(|(name, value)| format!("{name}='{value}'; export {name}\n"))
        .collect();
    runner.script(&format!("(cd {directory}\n{exports}{script}\n)"));
}

/// Writes `infra` as somebody has committed it, with its lock file.
fn committed(runner: &mut Runner, host: &str, modules: &str, template: &str) {
    let main =
        fs::read_to_string(crate::pages::root().join("examples/quick-start/configuration/main.tf"));
    let main = main.unwrap().replace(
        "oci.example.com/modules/label",
        &format!("{host}/{modules}"),
    );
    runner.sandbox.write("infra/main.tf", main);
    runner.script(&format!(
        "tofu-oci install infra --from '{template}'; rm -r infra/.terraform"
    ));
}

/// Brings a job to a machine of its own, with a cache that somebody filled with something else.
fn poison(runner: &mut Runner) {
    runner.script("rm -r infra/.terraform .local/state/tofu-oci");
    let cache = ".tofu-oci-cache/v1/packages";
    let files = runner.sandbox.files(cache);
    let mut poisoned = 0;
    for file in files.iter().filter(|file| file.contains("/tree/")) {
        runner.sandbox.write(format!("{cache}/{file}"), POISON);
        poisoned += 1;
    }
    assert!(poisoned > 0, "{files:?}");
}

/// What nobody published.
const POISON: &str = "something else";

/// Fails where a poisoned cache was believed, or not used at all.
fn unpoisoned(runner: &Runner) {
    let installed = runner.sandbox.files("infra/.terraform/providers");
    assert!(!installed.is_empty());
    for file in installed {
        let path = runner.sandbox.join("infra/.terraform/providers").join(file);
        assert_ne!(fs::read(&path).unwrap(), POISON.as_bytes(), "{path:?}");
    }
    let aside = runner.sandbox.files(".tofu-oci-cache/v1/quarantine");
    assert!(!aside.is_empty());
}

#[test]
fn github_actions() {
    let mut runner = Runner::new();
    runner.script("cp -R releases dist; cp -R examples/demo-module label");
    let host = runner.serve_securely("registry", &[]);
    github(
        &mut runner,
        "publish-provider.yml",
        "publish",
        &host,
        "v1.2.3",
    );
    github(
        &mut runner,
        "publish-module.yml",
        "publish",
        &host,
        "v1.2.0",
    );
    // Again, with the same bytes.
    github(
        &mut runner,
        "publish-provider.yml",
        "publish",
        &host,
        "v1.2.3",
    );
    let shown = runner
        .run(&format!("tofu-oci show {host}/acme/tofu/demo:1.2.3"))
        .ok();
    assert!(shown.stdout.contains("SHA256SUMS"), "{}", shown.stdout);
    committed(
        &mut runner,
        &host,
        "acme/modules/label",
        &format!("{host}/acme/tofu/{{type}}"),
    );
    github(&mut runner, "check-infra.yml", "check", &host, "");
    poison(&mut runner);
    github(&mut runner, "check-infra.yml", "check", &host, "");
    unpoisoned(&runner);
    assert!(
        runner.calls().contains("-lockfile=readonly"),
        "{}",
        runner.calls()
    );
}

/// Runs a job on GitLab, without the part that fetches the program.
fn gitlab(runner: &mut Runner, job: &str, host: &str, tag: &str) {
    let pipeline = parse("examples/gitlab-ci/.gitlab-ci.yml");
    let job = &pipeline[job];
    let base = &pipeline[job["extends"].as_str().unwrap()];
    let before = base["before_script"].as_vec().unwrap();
    let (fetch, before) = before.split_first().unwrap();
    assert!(fetch.as_str().unwrap().contains("wget"));
    let mut environment = BTreeMap::new();
    let image = format!("{host}/acme/infra");
    for (name, value) in [
        ("CI_REGISTRY", host),
        ("CI_REGISTRY_IMAGE", &image),
        ("CI_REGISTRY_USER", "ci"),
        ("CI_REGISTRY_PASSWORD", PASSWORD),
        ("CI_COMMIT_TAG", tag),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let lines = before.iter().chain(job["script"].as_vec().unwrap());
    let script: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
    job_script(runner, &script.join("\n"), &environment, ".");
}

#[test]
fn gitlab_ci() {
    let mut runner = Runner::new();
    runner.script("cp -R releases dist; cp -R examples/demo-module label");
    let host = runner.serve_securely("registry", &[]);
    gitlab(&mut runner, "publish-provider", &host, "v1.2.3");
    gitlab(&mut runner, "publish-module", &host, "v1.2.0");
    let shown = runner
        .run(&format!("tofu-oci show {host}/acme/infra/demo:1.2.3"))
        .ok();
    assert!(shown.stdout.contains("SHA256SUMS"), "{}", shown.stdout);
    committed(
        &mut runner,
        &host,
        "acme/infra/label",
        &format!("{host}/acme/infra/{{type}}"),
    );
    gitlab(&mut runner, "check-infra", &host, "");
    poison(&mut runner);
    gitlab(&mut runner, "check-infra", &host, "");
    unpoisoned(&runner);
}

#[test]
fn air_gapped() {
    let mut runner = Runner::new();
    runner.serve("outside", "", &["oci.example.com"]);
    runner.serve("inside", "", &["oci.inside.example"]);
    runner.script("tofu-oci publish provider releases oci.example.com/acme/demo --source registry.example.com/acme/demo");
    runner
        .script("tofu-oci publish module examples/demo-module oci.example.com/modules/label:1.2.0");
    runner.script("mkdir work; cp examples/air-gapped/* work; cd work");
    runner.page("examples/air-gapped/README.md");
    let shown = |host: &str| {
        runner
            .run(&format!("tofu-oci show {host}/acme/demo:1.2.3 --json"))
            .ok()
            .stdout
    };
    let (outside, inside) = (shown("oci.example.com"), shown("oci.inside.example"));
    let digest = |text: &str| text.split("sha256:").nth(1).unwrap()[..64].to_owned();
    assert_eq!(digest(&outside), digest(&inside));
    // A second journey brings what is new.
    runner.script("cp -R ../examples/demo-module label; echo '# more' >>label/main.tf");
    runner.script("tofu-oci publish module label oci.example.com/modules/label:1.3.0");
    runner.page("examples/air-gapped/README.md");
    let _ = runner
        .run("tofu-oci show oci.inside.example/modules/label:1.3.0")
        .ok();
    // Damage on the way is noticed, and nothing goes on.
    runner.script("for blob in carry/modules/label/blobs/sha256/*; do echo x >>\"$blob\"; done");
    let run = runner.run("sh deliver.sh ./carry oci.inside.example");
    assert_eq!(run.status, 3, "{}", run.stderr);
}
