//! Names and other words, as people write them.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use tofu_oci_types::oci::{
    Address, Digest, MediaType, Reference, RegistryHost, RepositoryName, Tag,
};
use tofu_oci_types::tofu::{
    Hostname, ModuleAddr, ModuleConstraints, ModuleSource, ModuleVersion, PackageFilename,
    PackageHash, Platform, ProviderAddr, ReleaseFile, RepositoryTemplate, Version,
    VersionConstraints,
};

use super::text;

/// What was read is written in a way that is read as the same.
fn round_trip<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let read: T = text.parse().ok()?;
    let written = read.to_string();
    let again = written.parse::<T>().ok();
    assert_eq!(
        again.as_ref(),
        Some(&read),
        "{text:?} is written as {written:?}"
    );
    Some(read)
}

pub(super) fn reference(data: &[u8]) {
    let text = text(data);
    round_trip::<Reference>(text);
    round_trip::<Address>(text);
    round_trip::<RegistryHost>(text);
    round_trip::<RepositoryName>(text);
    round_trip::<Tag>(text);
    round_trip::<Digest>(text);
    round_trip::<MediaType>(text);
}

pub(super) fn provider_address(data: &[u8]) {
    let text = text(data);
    round_trip::<Hostname>(text);
    round_trip::<Platform>(text);
    round_trip::<PackageHash>(text);
    round_trip::<ModuleAddr>(text);
    if let Some(addr) = round_trip::<ProviderAddr>(text) {
        let parts =
            ProviderAddr::from_parts(addr.hostname().clone(), addr.namespace(), addr.kind());
        assert_eq!(parts.ok().as_ref(), Some(&addr));
    }
    // Names of local providers in a configuration.
    let _ = ProviderAddr::default_for(text, &Hostname::opentofu());
}

pub(super) fn module_source(data: &[u8]) {
    let text = text(data);
    for host in [Hostname::opentofu(), Hostname::terraform()] {
        let Ok(source) = ModuleSource::parse_on(text, &host) else {
            let _ = ModuleSource::parse_registry_on(text, &host);
            continue;
        };
        let _ = source.package();
        if let Some(subdir) = source.subdir() {
            assert!(
                !subdir.split('/').any(|part| part == ".."),
                "{text:?} leads out by {subdir:?}"
            );
        }
    }
}

pub(super) fn version(data: &[u8]) {
    let text = text(data);
    let version = round_trip::<Version>(text);
    if let Some(version) = &version {
        if let Ok(tag) = version.to_tag() {
            assert_eq!(Version::listed_from_tag(&tag).as_ref(), Some(version));
        }
        assert!(VersionConstraints::exactly(version).allows(version) || version.is_unspecified());
    }
    let constraints = round_trip::<VersionConstraints>(text);
    if let (Some(version), Some(constraints)) = (&version, &constraints) {
        let _ = constraints.allows(version);
    }
    if let Some(constraints) = &constraints {
        for one in constraints.iter() {
            let _ = constraints.allows(one.boundary());
        }
        assert_eq!(&constraints.union(constraints), constraints);
    }
    let _ = VersionConstraints::check_first_pass(text);
    round_trip::<ModuleVersion>(text);
    let _ = text.parse::<ModuleConstraints>();
}

pub(super) fn template(data: &[u8]) {
    let text = text(data);
    let providers: Vec<ProviderAddr> = ["acme/demo", "registry.example.com/a/b"]
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let templates = [
        round_trip::<RepositoryTemplate>(text),
        RepositoryTemplate::for_oci_mirror(text).ok(),
    ];
    for template in templates.into_iter().flatten() {
        let _ = (template.registry(), template.to_oci_mirror());
        for provider in &providers {
            if let Ok(address) = template.for_provider(provider) {
                let written = address.to_string();
                assert_eq!(
                    written.parse::<Address>().ok(),
                    Some(address),
                    "{text:?} gives {written:?}"
                );
            }
        }
        let _ = template.check_distinct(&providers);
    }
}

pub(super) fn file_name(data: &[u8]) {
    let text = text(data);
    let _ = PackageFilename::parse_mirror(text, "demo");
    round_trip::<PackageFilename>(text);
    let _ = ReleaseFile::classify(text);
}
