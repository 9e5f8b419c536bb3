//! What the package cache saves. Counted on the registry's log.

use std::process::Stdio;

use tofu_oci_testkit::{Registry, Zip, ZipEntry};

use crate::{Client, FROM, published};

#[test]
fn a_second_working_directory_asks_for_nothing() {
    let (registry, client) = published();
    for dir in ["one", "two"] {
        client.sandbox.write(
            format!("{dir}/main.tf"),
            "terraform {\n  required_providers {\n    demo = {\n      source = \"acme/demo\"\n    }\n  }\n}\n",
        );
    }
    let _ = client.line(&format!("install one {FROM}")).ok();
    let lock = client.sandbox.read("one/.terraform.lock.hcl");
    client.sandbox.write("two/.terraform.lock.hcl", lock);
    let _ = registry.requests();
    let run = client.line(&format!("install two {FROM} --locked")).ok();
    assert!(
        run.stdout.contains("installed from the cache"),
        "{}",
        run.stdout
    );
    assert_eq!(registry.requests(), Vec::<String>::new());
    // Nor where it is told to ask nobody, or cannot reach anybody.
    std::fs::remove_dir_all(client.sandbox.join("two/.terraform")).unwrap();
    drop(registry);
    let _ = client
        .line("install two --platform linux_amd64 --offline")
        .ok();
}

#[test]
fn without_a_network_nothing_is_asked_and_everything_missing_is_named() {
    let (registry, client) = published();
    client.configure("infra");
    let run = client.line(&format!("install infra {FROM} --offline"));
    insta::assert_snapshot!(client.snapshot(&run), @r"
    exit 1
    -- stderr
    error[offline]: nothing may be fetched, and this is in no cache: acme/demo (no version is locked), module.label (oci://[HOST]/modules/label?tag=1.2.0)
      hint: run `tofu-oci install` once without `--offline` where the registries can be reached, with the same cache
    ");
    let run = client.line("install infra --offline");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("error[offline]"), "{}", run.stderr);
    assert_eq!(registry.requests(), Vec::<String>::new());
}

/// Many small providers, and directories that need all of them.
fn fleet(client: &Client, providers: usize, directories: usize) {
    let mut needs = String::new();
    for n in 0..providers {
        let kind = format!("p{n:02}");
        let zip = format!("fleet/terraform-provider-{kind}_1.0.0_linux_amd64.zip");
        std::fs::create_dir_all(client.sandbox.join("fleet")).unwrap();
        Zip::new()
            .entry(ZipEntry::executable(
                format!("terraform-provider-{kind}_v1.0.0"),
                format!("#!/bin/sh\necho {kind}\n").into_bytes(),
            ))
            .write(client.sandbox.join(&zip));
        let _ = client
            .line(&format!("publish provider {zip} HOST/acme/{kind}"))
            .ok();
        needs += &format!("    {kind} = {{ source = \"acme/{kind}\" }}\n");
    }
    let configuration = format!("terraform {{\n  required_providers {{\n{needs}  }}\n}}\n");
    for n in 0..directories {
        client
            .sandbox
            .write(format!("d{n}/main.tf"), &configuration);
    }
}

#[test]
fn fifty_processes_fetch_each_package_once() {
    let registry = Registry::new();
    let client = Client::new(registry.host());
    fleet(&client, 20, 50);
    let _ = registry.requests();
    let running: Vec<_> = (0..50)
        .map(|n| {
            let from = FROM.replace("HOST", &client.host);
            let line = format!("install d{n} -q {from}");
            let mut command = client.sandbox.command(&line.split(' ').collect::<Vec<_>>());
            command
                .env("TOFU_OCI_JOBS", "8")
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in running {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(said, "");
    }
    let requests = registry.requests();
    let packages = requests
        .iter()
        .filter(|r| r.starts_with("GET") && r.contains("/blobs/"));
    assert_eq!(packages.count(), 20, "{requests:?}");
    for n in 0..50 {
        let files = client.sandbox.files(format!("d{n}/.terraform/providers"));
        assert_eq!(files.len(), 20, "{files:?}");
    }
    let run = client.line("cache verify").ok();
    assert!(run.stdout.contains("20 of 20"), "{}", run.stdout);
}
