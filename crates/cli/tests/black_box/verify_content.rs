//! `verify --content`: packages that are read.

use tofu_oci_testkit::{ProviderRelease, Sandbox};

use crate::verify::{REF, json, published, refused};

#[test]
fn damaged_packages_are_found_where_they_are_read() {
    let sandbox = published();
    let run = sandbox.line(&format!("verify {REF} --json")).ok();
    let digest = json(&run)["packages"][0]["digest"]
        .as_str()
        .unwrap()
        .replace(':', "/");
    let path = format!("registry/acme/demo/blobs/{digest}");
    let mut bytes = std::fs::read(sandbox.join(&path)).unwrap();
    bytes[9] ^= 1;
    let _ = std::fs::remove_file(sandbox.join(&path));
    sandbox.write(&path, bytes);
    let _ = sandbox.line(&format!("verify {REF}")).ok();
    let run = sandbox.line(&format!("verify {REF} --content --json"));
    assert_eq!(run.status, 3, "{run:?}");
    let document = json(&run);
    assert_eq!(document["verified"], false);
    assert_eq!(document["packages"][0]["integrity"], "none");
    assert_eq!(document["packages"][1]["integrity"], "content");
}

/// Replaces a blob in `registry`, and everything that names it: what whoever may write to a repository can do.
fn replace(sandbox: &Sandbox, old: &str, content: &[u8]) {
    let blobs = "registry/acme/demo/blobs/sha256";
    let digest = tofu_oci::types::oci::Digest::of(content);
    sandbox.write(format!("{blobs}/{}", digest.encoded()), content);
    let name = |value: &mut serde_json::Value| {
        let (digest, size) = (digest.to_string(), content.len());
        rename(value, old, &digest, size)
    };
    for file in sandbox.files(blobs) {
        let bytes = std::fs::read(sandbox.join(blobs).join(&file)).unwrap();
        if let Ok(mut value) = serde_json::from_slice(&bytes)
            && name(&mut value)
        {
            replace(
                sandbox,
                &format!("sha256:{file}"),
                value.to_string().as_bytes(),
            );
        }
    }
    let index = "registry/acme/demo/index.json";
    let mut value = serde_json::from_str(&sandbox.read(index)).unwrap();
    if name(&mut value) {
        sandbox.write(index, value.to_string());
    }
}

/// Whether something in a document had this digest, and has the new one now.
fn rename(value: &mut serde_json::Value, old: &str, digest: &str, size: usize) -> bool {
    let mut found = false;
    for item in value.as_array_mut().into_iter().flatten() {
        found |= rename(item, old, digest, size);
    }
    let Some(object) = value.as_object_mut() else {
        return found;
    };
    // The hints of an index name the package as well.
    for (name, size_name) in [
        ("digest", "size"),
        ("io.tofu-oci.package.digest", "io.tofu-oci.package.size"),
    ] {
        if object.get(name).is_some_and(|found| found == old) {
            object.insert(name.to_owned(), digest.into());
            let size = match name {
                "digest" => size.into(),
                _ => size.to_string().into(),
            };
            object.insert(size_name.to_owned(), size);
            found = true;
        }
    }
    for value in object.values_mut() {
        found |= rename(value, old, digest, size);
    }
    found
}

#[test]
fn packages_are_read_as_an_install_reads_them() {
    let sandbox = crate::published();
    let run = sandbox.line(&format!("verify {REF} --content --json")).ok();
    let document = json(&run);
    let h1 = document["packages"][1]["h1"].as_str().unwrap();
    assert!(h1.starts_with("h1:"), "{h1}");
    let package = document["packages"][1]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let linux = "--platform linux_amd64";
    for (release, code) in [
        // Its digests are right, and the index has another hash for its files.
        (
            ProviderRelease::new("1.2.3").body("another\n"),
            "hash-mismatch",
        ),
        // Nothing in it is the provider.
        (
            ProviderRelease::new("1.2.3").kind("other"),
            "executable-missing",
        ),
    ] {
        let sandbox = crate::published();
        replace(&sandbox, &package, &release.package("linux_amd64"));
        let _ = sandbox.line(&format!("verify {REF} {linux}")).ok();
        let run = sandbox.line(&format!("verify {REF} {linux} --content"));
        refused(&run, code);
        assert!(run.stdout.contains("none"), "{}", run.stdout);
    }
}
