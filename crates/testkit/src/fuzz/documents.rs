//! Documents that people, clients and registries write.

use std::path::Path;

use bytes::Bytes;
use tofu_oci_store::credentials::{AuthFileForm, fuzzing};
use tofu_oci_types::artifact::{AttachmentKind, ModuleManifest, ProviderIndex, package_layer};
use tofu_oci_types::oci::{
    Algorithm, Descriptor, Manifest, MediaType, RegistryHost, RepositoryName,
};
use tofu_oci_types::tofu::cli_config::{CliConfigReader, CliEnvironment, System, Variables};
use tofu_oci_types::tofu::config::{Dialect, ReadOptions};
use tofu_oci_types::tofu::lock_file::{LockOrigin, merge_hashes};
use tofu_oci_types::tofu::{
    Hostname, LockFile, Module, ModuleLock, ModuleRecords, Platform, ProviderLock,
    RegistryManifest, SbomFormat,
};

use super::text;

pub(super) fn lock_file(data: &[u8]) {
    let Ok((read, _)) = LockFile::read(text(data)) else {
        return;
    };
    let read = read.or_origin(LockOrigin::Tofu);
    let written = read.write();
    let (again, warnings) = LockFile::read(&written).unwrap();
    // Written hashes are sorted, each once.
    let meaning = |lock: &ProviderLock| {
        let hashes = merge_hashes(&lock.hashes, &[]);
        (
            lock.addr.clone(),
            lock.version.clone(),
            lock.constraints.clone(),
            hashes,
        )
    };
    assert!(
        read.iter().map(meaning).eq(again.iter().map(meaning)),
        "{written}"
    );
    assert!(warnings.is_empty(), "{written}");
    assert_eq!(again.write(), written, "written twice it is another");
}

pub(super) fn cli_config(data: &[u8]) {
    let environment = CliEnvironment {
        system: System::Unix,
        home: Some("/home/me".into()),
        app_data: None,
        variables: Variables::default(),
    };
    let host = Hostname::opentofu();
    for name in ["tofurc", "tofurc.json"] {
        let mut reader = CliConfigReader::new(&host, &environment);
        reader.main_file(Path::new(name), data);
        reader.directory_file(Path::new(name), data);
        if let Err(errors) = reader.finish(&|_| true) {
            assert!(!errors.to_string().is_empty());
        }
    }
}

pub(super) fn module_file(data: &[u8]) {
    // A line of NUL divides files; the first is native, the second JSON, the third replaces parts of them.
    let parts = data.split(|byte| *byte == 0);
    let files: Vec<(&str, &[u8])> = ["main.tf", "more.tf.json", "main_override.tofu"]
        .into_iter()
        .zip(parts)
        .collect();
    for dialect in [Dialect::Tofu, Dialect::Terraform] {
        let options = ReadOptions {
            dialect,
            ..ReadOptions::default()
        };
        if let Err(errors) = Module::read(&files, &options) {
            assert!(!errors.problems.is_empty() && errors.problems.len() <= 101);
            assert!(!errors.to_string().is_empty());
        }
    }
}

pub(super) fn module_records(data: &[u8]) {
    let Ok(read) = ModuleRecords::read(text(data)) else {
        return;
    };
    let written = read.write().unwrap();
    let again = ModuleRecords::read(text(&written)).unwrap();
    assert!(read.iter().eq(again.iter()));
    assert_eq!(again.write().unwrap(), written);
}

pub(super) fn module_lock(data: &[u8]) {
    let Ok(read) = ModuleLock::read(data) else {
        return;
    };
    let written = read.write().unwrap();
    assert_eq!(ModuleLock::read(&written).unwrap(), read);
}

pub(super) fn manifest(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let opaque = MediaType::EMPTY;
    for announced in [
        None,
        Some(&MediaType::IMAGE_MANIFEST),
        Some(&MediaType::IMAGE_INDEX),
        Some(&opaque),
    ] {
        let Ok(manifest) = Manifest::read(bytes.clone(), announced, Algorithm::Sha256) else {
            continue;
        };
        assert_eq!(manifest.bytes(), &bytes, "bytes are kept");
        assert_eq!(manifest.descriptor().size, data.len() as u64);
        let _ = (
            manifest.artifact_type(),
            manifest.subject(),
            manifest.child_manifests(),
            manifest.blobs(),
        );
        assert_eq!(&manifest.as_referrer().digest, manifest.digest());
        if let Ok(index) = ProviderIndex::read(&manifest) {
            for platform in index.platforms() {
                let entry = index.select(&platform).unwrap();
                let _ = &entry;
            }
            let _ = index.select(&Platform::current());
        }
        let _ = ModuleManifest::read(&manifest);
        if let Some(image) = manifest.as_image() {
            let _ = package_layer(image);
            let written = Manifest::from_image(image);
            assert_eq!(written.as_image(), Some(image));
        }
        if let Some(index) = manifest.as_index() {
            let written = Manifest::from_index(index);
            assert_eq!(written.as_index(), Some(index));
        }
    }
    if let Ok(descriptor) = serde_json::from_slice::<Descriptor>(data) {
        let written = serde_json::to_vec(&descriptor).unwrap();
        assert_eq!(
            serde_json::from_slice::<Descriptor>(&written).ok(),
            Some(descriptor)
        );
    }
}

pub(super) fn layout_index(data: &[u8]) {
    let Some(written) = tofu_oci_store::layout::fuzzing::index(data) else {
        return;
    };
    let again = tofu_oci_store::layout::fuzzing::index(&written);
    assert_eq!(
        again.as_ref(),
        Some(&written),
        "written twice it is another"
    );
}

pub(super) fn auth_file(data: &[u8]) {
    let host: RegistryHost = "oci.example.com".parse().unwrap();
    let name: RepositoryName = "acme/demo".parse().unwrap();
    for form in [AuthFileForm::Sections, AuthFileForm::Flat] {
        let before = fuzzing::auth_file(data, form, &host, Some(&name));
        let login = ("somebody", "a \"secret\"\\");
        let Some(changed) = fuzzing::with_login(data, form, &host, login) else {
            continue;
        };
        if before.is_none() {
            // An entry of somebody else that nobody can read: whoever looks for a credential says so.
            continue;
        }
        let after = fuzzing::auth_file(&changed, form, &host, None);
        assert!(after.is_some(), "after a login it is no longer read");
        assert_eq!(
            fuzzing::with_login(&changed, form, &host, login).as_ref(),
            Some(&changed)
        );
        let (removed, was_there) = fuzzing::without_login(&changed, form, &host).unwrap();
        assert!(was_there);
        let (again, was_there) = fuzzing::without_login(&removed, form, &host).unwrap();
        assert!(!was_there && again == removed);
    }
}

pub(super) fn helper_answer(data: &[u8]) {
    let host: RegistryHost = "oci.example.com".parse().unwrap();
    let _ = fuzzing::helper_answer(data, &host);
}

pub(super) fn registry_manifest(data: &[u8]) {
    let Ok(read) = RegistryManifest::read(data) else {
        return;
    };
    let written = serde_json::json!({
        "version": 1,
        "metadata": { "protocol_versions": read.protocols },
    });
    let again = RegistryManifest::read(written.to_string().as_bytes()).unwrap();
    assert_eq!(again, read);
    assert!(!read.protocols.is_empty());
}

pub(super) fn sbom(data: &[u8]) {
    let Ok(kind) = AttachmentKind::of_sbom(SbomFormat::Unsaid, data) else {
        return;
    };
    let (right, wrong) = match kind {
        AttachmentKind::Spdx => (SbomFormat::Spdx, SbomFormat::CycloneDx),
        _ => (SbomFormat::CycloneDx, SbomFormat::Spdx),
    };
    assert_eq!(AttachmentKind::of_sbom(right, data), Ok(kind));
    assert!(AttachmentKind::of_sbom(wrong, data).is_err());
}
