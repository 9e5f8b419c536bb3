//! What holds after every run, whatever went wrong in it.
//!
//! Tags, manifests and blobs are looked at here with as little of the product as can be: JSON, SHA-256 and paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tofu_oci::store::layout::{Access, GcOptions, LayoutStorage, Severity, gc};
use tofu_oci::store::{Files, fsck};
use tofu_oci::types::oci::Digest;

use crate::tree::{self, Tree};
use crate::world::{World, is_leftover};

/// The directories of layouts in a world.
const REGISTRIES: [&str; 2] = ["registry", "source"];

/// What a world comes to: what its tags name, and its files outside of registries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) files: Tree,
}

impl State {
    pub(crate) fn of(world: &World) -> Self {
        let mut files = world.visible();
        // What a cache has is checked by itself: a run that cannot use it does without.
        files.retain(|name, _| {
            !REGISTRIES
                .iter()
                .chain(&["cache"])
                .any(|apart| name.starts_with(&format!("{apart}/")))
        });
        let mut tags = BTreeMap::new();
        for layout in layouts(world.root()) {
            for (tag, digest) in read_tags(&layout).unwrap() {
                let layout = layout.strip_prefix(world.root()).unwrap().display();
                tags.insert(format!("{layout}:{tag}"), digest);
            }
        }
        Self { tags, files }
    }
}

/// Panics where something does not hold.
pub(crate) async fn hold(world: &World) {
    check(world.root()).await.unwrap();
}

/// What does not hold in the world at `root`.
pub(crate) async fn check(root: &Path) -> Result<(), String> {
    for layout in layouts(root) {
        check_layout(&layout).map_err(|error| format!("{}: {error}", layout.display()))?;
    }
    for registry in REGISTRIES.map(|name| root.join(name)) {
        if !registry.exists() {
            continue;
        }
        let storage = LayoutStorage::directory(&registry, &Files::new(), Access::Read).unwrap();
        let findings = fsck(&storage, None)
            .await
            .map_err(|error| format!("fsck: {error}"))?;
        let bad = findings
            .iter()
            .find(|found| found.problem.severity() != Severity::Information);
        if let Some(bad) = bad {
            return Err(format!("fsck finds {bad:?}"));
        }
    }
    Ok(())
}

/// Removes what nothing needs from all registries.
pub(crate) async fn sweep(world: &World) {
    let options = GcOptions {
        grace: Duration::ZERO,
        untagged: Some(Duration::ZERO),
        // Times of files are coarser than the clock.
        ..GcOptions::at(SystemTime::now() + Duration::from_secs(5))
    };
    for registry in REGISTRIES.map(|name| world.path(name)) {
        if registry.exists() {
            let storage =
                LayoutStorage::directory(&registry, &Files::new(), Access::Write).unwrap();
            gc(&storage, None, &options).await.unwrap();
        }
    }
}

/// The paths of all files, after a sweep. Markers are hints; nobody misses one.
pub(crate) fn files(world: &World) -> BTreeSet<String> {
    let names = tree::read(world.root()).into_keys();
    let names =
        names.filter(|name| !name.contains("/.tofu-oci/manifests/") && !name.ends_with("lock"));
    let apart = |name: &String| name.starts_with("cache/") || name.starts_with("state/");
    let names: BTreeSet<String> = names.filter(|name| !apart(name)).collect();
    let leftover = names.iter().find(|name| is_leftover(name));
    assert_eq!(leftover, None, "a leftover that nobody removes");
    names
}

/// All layouts in the registries of a world.
fn layouts(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = REGISTRIES.iter().map(|name| root.join(name)).collect();
    while let Some(dir) = open.pop() {
        if dir.join("index.json").exists() {
            found.push(dir);
            continue;
        }
        let entries = std::fs::read_dir(&dir)
            .into_iter()
            .flatten()
            .map(Result::unwrap);
        open.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| path.is_dir() && !path.ends_with(".tofu-oci")),
        );
    }
    found.sort();
    found
}

fn json(path: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn entries(index: &Value) -> impl Iterator<Item = &Value> {
    index["manifests"].as_array().into_iter().flatten()
}

fn read_tags(layout: &Path) -> Result<BTreeMap<String, String>, String> {
    let index = json(&layout.join("index.json"))?;
    let mut tags = BTreeMap::new();
    for entry in entries(&index) {
        if let Some(tag) = entry["annotations"]["org.opencontainers.image.ref.name"].as_str() {
            let digest = entry["digest"].as_str().unwrap().to_owned();
            if tags.insert(tag.to_owned(), digest).is_some() {
                return Err(format!("the tag {tag} stands twice"));
            }
        }
    }
    Ok(tags)
}

/// No tag, and no other root, whose graph is not complete; every blob matches its name.
fn check_layout(layout: &Path) -> Result<(), String> {
    let blobs = layout.join("blobs/sha256");
    for entry in std::fs::read_dir(&blobs).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with('.') {
            continue;
        }
        let bytes = std::fs::read(blobs.join(&name)).unwrap();
        if Digest::of(&bytes).encoded() != name {
            return Err(format!("the blob {name} has {} other bytes", bytes.len()));
        }
    }
    read_tags(layout)?;
    let index = json(&layout.join("index.json"))?;
    entries(&index).try_for_each(|entry| complete(layout, entry))
}

fn complete(layout: &Path, descriptor: &Value) -> Result<(), String> {
    let digest = descriptor["digest"].as_str().unwrap();
    let path = layout.join("blobs").join(digest.replace(':', "/"));
    let size = std::fs::metadata(&path)
        .map_err(|error| format!("{digest} is listed: {error}"))?
        .len();
    if Some(size) != descriptor["size"].as_u64() {
        return Err(format!("{digest} has {size} bytes"));
    }
    let kind = descriptor["mediaType"].as_str().unwrap();
    if !kind.contains("manifest") && !kind.contains("index") {
        return Ok(());
    }
    let manifest = json(&path)?;
    let children = entries(&manifest).chain(manifest["layers"].as_array().into_iter().flatten());
    children
        .chain(manifest.get("config"))
        .try_for_each(|child| complete(layout, child))
}
