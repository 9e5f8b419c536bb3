use super::machine::samples;
use super::*;
use crate::zip::ZipLimits;
use crate::zip::raw::{RawEntry, RawZip, file_of};

fn run(entries: Vec<RawEntry>, platform: &str) -> Result<Executable, PackageError> {
    let bytes = RawZip::of(entries).bytes();
    let file = file_of(&bytes);
    let archive = Archive::read(&file, bytes.len() as u64, &ZipLimits::default()).unwrap();
    check(&archive, "null", &platform.parse().unwrap(), &file)
}

fn linux() -> Vec<u8> {
    let mut program = samples::elf(2, 1, 62);
    program.extend(b"code ".repeat(10_000));
    program
}

fn named(name: &str) -> RawEntry {
    RawEntry::deflated(name, &linux())
}

#[test]
fn takes_what_clients_run() {
    for (case, entries, expected) in [
        (
            "plain",
            vec![named("terraform-provider-null")],
            "terraform-provider-null",
        ),
        (
            "with a version",
            vec![named("README"), named("terraform-provider-null_v2.0.0_x5")],
            "terraform-provider-null_v2.0.0_x5",
        ),
        (
            "with a dot",
            vec![named("terraform-provider-null.v2")],
            "terraform-provider-null.v2",
        ),
        (
            "the first by name",
            vec![
                named("terraform-provider-null_v2"),
                named("terraform-provider-null.v1"),
                named("terraform-provider-nullx"),
                named("a/terraform-provider-null"),
            ],
            "terraform-provider-null.v1",
        ),
        (
            "stored",
            vec![RawEntry::stored("terraform-provider-null", &linux())],
            "terraform-provider-null",
        ),
    ] {
        let found = run(entries, "linux_amd64").unwrap();
        assert_eq!(found.name, expected, "{case}");
    }
}

#[test]
fn no_executable_lists_what_is_there() {
    let error = run(
        vec![
            named("terraform-provider-nullx"),
            named("bin/terraform-provider-null"),
            RawEntry::directory("terraform-provider-null_v1/"),
            named("README"),
        ],
        "linux_amd64",
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the zip has no file \"terraform-provider-null\" in its root, which holds \
         \"README\", \"bin/\", \"terraform-provider-null_v1/\", \"terraform-provider-nullx\""
    );
}

#[test]
fn a_windows_package_needs_an_exe() {
    let exe = |name: &str| vec![RawEntry::deflated(name, &samples::pe(0x8664))];
    let error = run(exe("terraform-provider-null_v1"), "windows_amd64").unwrap_err();
    assert!(matches!(error, PackageError::NoExe { name } if name == "terraform-provider-null_v1"));
    let found = run(exe("terraform-provider-null_v1.exe"), "windows_amd64").unwrap();
    assert_eq!(found.warnings, []);
}

#[test]
fn another_machine_is_refused_with_both_names() {
    for (program, platform, machine) in [
        (linux(), "linux_arm64", "an ELF program for amd64"),
        (linux(), "darwin_amd64", "an ELF program for amd64"),
        (
            samples::mach(0x0100_0007),
            "darwin_arm64",
            "a macOS program for amd64",
        ),
        (
            samples::fat(&[0x0100_0007, 7]),
            "darwin_arm64",
            "a macOS program for amd64, 386",
        ),
        (
            samples::pe(0x8664),
            "linux_amd64",
            "a Windows program for amd64",
        ),
        (
            samples::elf(2, 1, 4242),
            "linux_amd64",
            "an ELF program for another architecture",
        ),
    ] {
        let error = run(
            vec![RawEntry::deflated("terraform-provider-null", &program)],
            platform,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            format!("the executable \"terraform-provider-null\" is {machine}, not for {platform}")
        );
    }
}

#[test]
fn oddities_are_warnings() {
    let script = RawEntry::stored("terraform-provider-null", b"#!/bin/sh\n");
    let found = run(vec![script], "linux_amd64").unwrap();
    let name = || "terraform-provider-null".to_owned();
    assert_eq!(
        found.warnings,
        [PackageWarning::UnknownFormat { name: name() }]
    );

    for (case, made_by, attributes) in [("mode", 3 << 8, 0o100_644 << 16), ("no modes", 0, 0)] {
        let entry = named("terraform-provider-null").with(|entry| {
            entry.made_by = made_by;
            entry.attributes = attributes;
        });
        let found = run(vec![entry], "linux_amd64").unwrap();
        assert_eq!(
            found.warnings,
            [PackageWarning::NotExecutable { name: name() }],
            "{case}"
        );
    }

    let two = vec![
        named("terraform-provider-null"),
        named("terraform-provider-null_v1"),
    ];
    let found = run(two, "linux_amd64").unwrap();
    assert_eq!(
        found.warnings,
        [PackageWarning::OtherCandidates {
            name: name(),
            others: vec!["terraform-provider-null_v1".into()]
        }]
    );
}

#[test]
fn damaged_and_empty_executables_are_refused() {
    let empty = RawEntry::stored("terraform-provider-null", b"");
    assert!(matches!(
        run(vec![empty], "linux_amd64"),
        Err(PackageError::EmptyExecutable { .. })
    ));
    let broken = named("terraform-provider-null").with(|entry| entry.data[0] = 7);
    assert!(matches!(
        run(vec![broken], "linux_amd64"),
        Err(PackageError::Corrupt { .. })
    ));
}
