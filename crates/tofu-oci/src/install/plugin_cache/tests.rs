use std::sync::{Arc, Mutex};

use super::*;
use crate::{Event, Reporter};

/// Keeps the warnings, and lets go of a lock at the first.
#[derive(Default)]
struct Listener {
    held: Mutex<Option<RecordLock>>,
    told: Mutex<Vec<Warning>>,
}

impl Reporter for Listener {
    fn event(&self, event: &Event) {
        if let Event::Warning(warning) = event {
            self.told.lock().unwrap().push(warning.clone());
            self.held.lock().unwrap().take();
        }
    }
}

#[test]
fn who_waits_says_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let (files, path) = (Files::new(), dir.path().join("linux_amd64.lock"));
    let listener = Arc::new(Listener::default());
    let progress = Progress::new(listener.clone());
    let wait = || wait(&files, &path, Duration::ZERO, &progress);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    // Nobody has it: nothing is said.
    drop(runtime.block_on(wait()).unwrap());
    assert_eq!(*listener.told.lock().unwrap(), []);
    *listener.held.lock().unwrap() = files.try_lock_record(&path).unwrap();
    drop(runtime.block_on(wait()).unwrap());
    let told = [Warning::PluginCacheBusy { path: path.clone() }];
    assert_eq!(*listener.told.lock().unwrap(), told);
}

#[test]
fn a_copy_is_the_same_package() {
    let dir = tempfile::tempdir().unwrap();
    let (files, from, to) = (Files::new(), dir.path().join("a"), dir.path().join("b"));
    std::fs::create_dir_all(from.join("docs")).unwrap();
    std::fs::write(from.join("docs/README"), "x").unwrap();
    let mut program = files
        .create_new(&from.join("terraform-provider-demo"), FileMode::Executable)
        .unwrap();
    program.write_all(b"#!/bin/sh\n").unwrap();
    copy(&files, &from, &to).unwrap();
    let h1 = |root| tree_hash::h1_of_tree(&files, root).unwrap();
    assert_eq!(h1(&from), h1(&to));
    for name in ["docs/README", "terraform-provider-demo"] {
        let mode = |root: &Path| FileMode::of_copy(&std::fs::metadata(root.join(name)).unwrap());
        assert_eq!(mode(&from), mode(&to), "{name}");
    }
}
