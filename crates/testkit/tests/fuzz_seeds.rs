//! The seeds of the fuzz targets, run through the same functions without instrumentation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use tofu_oci_testkit::fuzz::TARGETS;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

#[test]
fn every_target_takes_its_seeds() {
    for target in TARGETS {
        let dir = seeds().join(target.name);
        let entries = std::fs::read_dir(&dir);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let mut count = 0;
        for entry in entries {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                bytes.len() <= 64 << 10,
                "{} is too large for a seed",
                path.display()
            );
            println!("{}", path.display());
            (target.run)(&bytes);
            // Cut anywhere it is no panic either.
            for end in (0..bytes.len()).step_by((bytes.len() / 16).max(1)) {
                (target.run)(&bytes[..end]);
            }
            count += 1;
        }
        assert!(count >= 2, "{} has too few seeds", target.name);
    }
}

#[test]
fn every_directory_of_seeds_has_its_target() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len(), "two targets of one name");
    for entry in std::fs::read_dir(seeds()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(name.as_str()), "no target is called {name}");
    }
}
