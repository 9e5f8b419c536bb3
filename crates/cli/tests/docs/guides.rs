//! The guides do what they say.

use tofu_oci_testkit::peer;

use crate::runner::Runner;
use crate::signing::{PUBLIC_ONE, armored, sign};

#[test]
fn the_readme() {
    let mut runner = Runner::new();
    runner.sections("README.md", |section| section == "The tasks");
    assert!(runner.sandbox.join("demo-1.2.3").is_dir());
    assert!(
        runner
            .calls()
            .contains("tofu init -plugin-dir=.terraform/providers")
    );
}

#[test]
fn first_steps() {
    let mut runner = Runner::new();
    // The page shows what goes into this file.
    runner.script("mkdir infra; cp examples/quick-start/configuration/main.tf infra");
    runner.page("docs/guide/first-steps.md");
    assert!(runner.sandbox.join("infra/.terraform.lock.hcl").is_file());
    assert!(runner.sandbox.join("demo-1.2.3").is_dir());
}

#[test]
fn a_private_registry() {
    let mut runner = Runner::new();
    runner.page("docs/guide/private-registry.md");
    assert!(runner.sandbox.join("infra/.terraform.lock.hcl").is_file());
    // A reader does not write, and nobody reads without a login.
    let publish = "tofu-oci publish module label localhost:5000/modules/label:9.0.0";
    let run = runner.run(publish);
    assert!(
        run.stderr.contains("error[access-denied]"),
        "{}",
        run.stderr
    );
    let run = runner.run("tofu-oci logout localhost:5000; tofu-oci list localhost:5000/acme/demo");
    assert!(
        run.stderr.contains("error[access-denied]"),
        "{}",
        run.stderr
    );
}

#[test]
fn serving() {
    let mut runner = Runner::new()
        .skip("tofu-oci gc /srv/oci --dry-run           # what nothing leads to any more")
        .skip("tofu-oci install     # reads the same file, for Terraform and older OpenTofu too");
    runner.script(
        "cp -R releases dist; cp -R examples/quick-start/configuration infra; mkdir -p srv",
    );
    runner.script("tofu-oci publish module examples/demo-module dir:registry//modules/label:1.2.0");
    let registry = runner.sandbox.join("srv/oci").display().to_string();
    runner.name("/srv/oci", &registry);
    runner.script("sed -i.bak 's|oci.example.com|localhost:5000|' infra/main.tf");
    let page = crate::pages::read("docs/guide/serve.md");
    let blocks = crate::pages::blocks(&page);
    let mut seen = 0;
    for block in blocks.iter().filter(|block| block.language == "sh") {
        if block.section == "Keep it in order" {
            runner.script(
                "tofu-oci copy dir:registry//acme/demo:1.2.3 dir:/srv/oci//acme/demo:nightly",
            );
        }
        runner.script(&block.text);
        seen += 1;
    }
    assert_eq!(seen, 5);
    assert!(runner.sandbox.read(".tofurc").contains("oci_mirror"));
}

#[test]
fn registries() {
    let mut runner = Runner::new()
        .skip("tofu-oci login oci.example.com")
        // The release was published before, with its evidence as referrers.
        .skip("tofu-oci publish provider ./dist oci.example.com/acme/demo --profile auto")
        // At the end, since the page goes on.
        .skip("tofu-oci logout oci.example.com");
    runner.script("cp -R releases dist; cp -R examples/quick-start/configuration/main.tf .");
    let host = runner.serve_securely("outside", &["oci.example.com"]);
    runner.script("tofu-oci login oci.example.com --username ci --password-stdin < token");
    runner
        .script("tofu-oci publish module examples/demo-module oci.example.com/modules/label:1.2.0");
    runner.script(&format!(
        "sed -i.bak 's|oci[.]example[.]com|{host}|' main.tf"
    ));
    runner.page("docs/guide/registries.md");
    runner.script("tofu-oci logout  oci.example.com");
}

#[test]
fn without_a_network() {
    let mut runner = Runner::new();
    runner.serve("outside", "", &["oci.example.com"]);
    runner.script("tofu-oci publish provider releases oci.example.com/acme/demo --source registry.example.com/acme/demo");
    runner
        .script("tofu-oci publish module examples/demo-module oci.example.com/modules/label:1.2.0");
    runner.serve("inside-registry", "", &["oci.inside.example"]);
    runner.script("cp -R examples/quick-start/configuration infra");
    let page = "docs/guide/air-gapped.md";
    runner.sections(page, |section| section.starts_with("1."));
    // Beyond the gap nothing knows the registry outside; the configuration still names it.
    runner.name("oci.example.com", "oci.example.com");
    runner.sections(page, |section| !section.starts_with("1."));
    assert!(
        runner
            .sandbox
            .join("inside/infra/.terraform.lock.hcl")
            .is_file()
    );
    assert!(
        runner
            .sandbox
            .join("inside-registry/acme/demo/index.json")
            .is_file()
    );
}

/// A registry with a signed release in the place of `oci.example.com`, and its host; the signer's key in `acme.asc`.
fn signed() -> (Runner, String) {
    let mut runner = Runner::new();
    let sandbox = &runner.sandbox;
    let list = "releases/terraform-provider-demo_1.2.3_SHA256SUMS";
    sandbox.write(format!("{list}.sig"), sign(sandbox.read(list).as_bytes()));
    sandbox.write("acme.asc", armored("PUBLIC", PUBLIC_ONE));
    let host = runner.serve("registry", "", &["oci.example.com"]);
    runner.script("tofu-oci publish provider releases oci.example.com/acme/demo --key acme.asc");
    (runner, host)
}

#[test]
fn verifying() {
    let (mut runner, host) = signed();
    match peer("gpg") {
        Some(gpg) => std::os::unix::fs::symlink(gpg, runner.sandbox.join("bin/gpg")).unwrap(),
        None => runner.stand_in("gpg", ""),
    }
    runner
        .script("tofu-oci publish module examples/demo-module oci.example.com/modules/label:1.2.0");
    runner.script(&format!(
        "mkdir infra; sed 's|oci[.]example[.]com|{host}|' examples/quick-start/configuration/main.tf >infra/main.tf"
    ));
    // What somebody has committed.
    runner.script("tofu-oci install infra --from 'oci.example.com/{namespace}/{type}' --module-lock; rm -r infra/.terraform");
    runner.page("docs/guide/verify.md");
    assert!(runner.sandbox.join("demo").is_dir());
    assert!(runner.sandbox.join("infra/.terraform/modules").is_dir());
}

#[test]
fn verifying_prints_what_its_page_shows() {
    let (runner, _) = signed();
    let blocks = crate::pages::blocks(&crate::pages::read("docs/guide/verify.md"));
    let shown = blocks.iter().position(|block| block.language == "text");
    let (command, shown) = (&blocks[shown.unwrap() - 1], &blocks[shown.unwrap()]);
    let printed = runner.run(&command.text).ok().stdout;
    let printed = printed.replace("Test One <one@example.com>", "Acme <release@example.com>");
    // Host and digest are others.
    let without_place = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines.skip(2).collect()
    };
    assert_eq!(without_place(&shown.text), without_place(&printed));
}

#[test]
fn pipelines() {
    let mut runner = Runner::new();
    runner.script("cp -R releases dist; cp -R examples/demo-module label");
    let host = runner.serve_securely("registry", &[]);
    runner.script(&format!(
        "export REGISTRY={host} TOKEN=secret VERSION=1.2.3"
    ));
    runner.script("mkdir infra; sed \"s|oci.example.com|$REGISTRY|; s|1.2.0|1.2.3|\" examples/quick-start/configuration/main.tf >infra/main.tf");
    let page = "docs/guide/ci.md";
    runner.sections(page, |section| section == "Log in");
    runner.sections(page, |section| section == "Publish");
    // What somebody has committed.
    runner.script(
        "tofu-oci install infra --from \"$REGISTRY/{namespace}/{type}\"; rm -r infra/.terraform",
    );
    runner.sections(page, |section| section == "Install");
    assert!(runner.sandbox.join("infra/.terraform/providers").is_dir());
    runner.script("rm -r infra/.terraform .local/state/tofu-oci");
    runner.sections(page, |section| section == "Cache");
    assert!(runner.sandbox.join("infra/.terraform/providers").is_dir());
    assert!(runner.sandbox.join(".tofu-oci-cache/v1/packages").is_dir());
}
