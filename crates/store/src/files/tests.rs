use super::faults::{CountOps, FailAt, KillAt, OpKind};
use std::io::Write as _;

use super::*;

#[test]
fn an_atomic_file_is_old_or_new_wherever_it_is_killed() {
    for n in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("lock");
        std::fs::write(&place, "old").unwrap();
        let kill = Arc::new(KillAt::new(n));
        let files = Files::observed(kill.clone());
        let done = AtomicFile::write(&files, &place, b"new and longer");
        let now = std::fs::read_to_string(&place).unwrap();
        assert!(now == "old" || now == "new and longer", "{now}");
        if !kill.reached() {
            done.unwrap();
            assert_eq!(now, "new and longer");
            return;
        }
        assert!(done.is_err());
        assert!(files.metadata(&place).is_err(), "dead files answer nothing");
    }
}

#[test]
fn a_failed_atomic_file_leaves_nothing_beside() {
    for n in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("lock");
        let files = Files::observed(Arc::new(FailAt::new(n, io::ErrorKind::StorageFull)));
        let error = AtomicFile::write(&files, &place, b"text").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("lock"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_killed_write_leaves_its_first_half() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let files = Files::observed(Arc::new(KillAt::new(1)));
    let mut file = files.create_new(&path, FileMode::Plain).unwrap();
    assert!(file.write_all(b"abcdef").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    assert!(file.write_all(b"abcdef").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"abc");
}

#[test]
fn only_regular_files_are_opened() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::new();
    let open = |name: &str| files.open(&dir.path().join(name)).unwrap_err().kind();
    std::fs::write(dir.path().join("file"), "x").unwrap();
    files.open(&dir.path().join("file")).unwrap();
    assert_eq!(open("absent"), io::ErrorKind::NotFound);
    assert_eq!(open(""), io::ErrorKind::InvalidInput);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        assert_eq!(open("link"), io::ErrorKind::InvalidInput);
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            dir.path().join("pipe"),
            rustix::fs::Mode::RUSR,
        )
        .unwrap();
        assert_eq!(open("pipe"), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn reads_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "12345").unwrap();
    let files = Files::new();
    assert_eq!(files.read(&path, 5).unwrap(), b"12345");
    assert_eq!(
        files.read(&path, 4).unwrap_err().kind(),
        io::ErrorKind::FileTooLarge
    );
}

#[test]
fn a_lock_excludes_other_holders_in_the_same_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".lock");
    let files = Files::new();
    let held = files.lock(&path).unwrap();
    assert!(files.try_lock(&path).unwrap().is_none());
    drop(held);
    assert!(files.try_lock(&path).unwrap().is_some());
}

#[test]
fn a_record_lock_has_one_holder_in_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("linux_amd64.lock");
    let files = Files::new();
    let held = files.try_lock_record(&path).unwrap().unwrap();
    // Whatever the spelling, and without closing a descriptor of the file.
    let other = dir.path().join("./linux_amd64.lock");
    assert!(files.try_lock_record(&other).unwrap().is_none());
    drop(held);
    assert!(files.try_lock_record(&path).unwrap().is_some());
    let elsewhere = files.try_lock_record(&dir.path().join("absent/x.lock"));
    assert_eq!(elsewhere.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn directories_are_created_with_their_parents_and_removed_with_their_content() {
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(CountOps::new());
    let files = Files::observed(count.clone());
    let deep = dir.path().join("a/b/c");
    files.create_dirs(&deep).unwrap();
    files.create_dirs(&deep).unwrap();
    assert!(deep.is_dir());
    let synced = count.take().iter().filter(|s| s.op == OpKind::Sync).count();
    assert_eq!(synced, 3, "each directory that got an entry, once");
    std::fs::write(deep.join("f"), "x").unwrap();
    files.remove_tree(&dir.path().join("a")).unwrap();
    assert!(!dir.path().join("a").exists());
}

#[cfg(unix)]
#[test]
fn what_links_lead_to_is_not_removed() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::write(kept.join("f"), "x").unwrap();
    let files = Files::new();
    let link = dir.path().join("link");
    symlink(&kept, &link).unwrap();
    files.remove_tree(&link).unwrap();
    assert!(link.symlink_metadata().is_err());
    let tree = dir.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    symlink(&kept, tree.join("link")).unwrap();
    files.remove_tree(&tree).unwrap();
    assert!(!tree.exists());
    assert!(kept.join("f").exists());
}

/// Puts a link in the place of a directory when that is about to be listed.
#[cfg(unix)]
struct Swap {
    dir: PathBuf,
    with: PathBuf,
}

#[cfg(unix)]
impl FileObserver for Swap {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        if *op == FileOp::ReadDir(&self.dir) {
            std::fs::rename(&self.dir, self.dir.with_extension("away")).unwrap();
            std::os::unix::fs::symlink(&self.with, &self.dir).unwrap();
        }
        Verdict::Proceed
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_takes_the_place_of_a_directory_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::write(kept.join("f"), "x").unwrap();
    let inner = dir.path().join("tree/inner");
    std::fs::create_dir_all(&inner).unwrap();
    let files = Files::observed(Arc::new(Swap {
        dir: inner,
        with: kept.clone(),
    }));
    // Whether all of it goes does not matter.
    let _ = files.remove_tree(&dir.path().join("tree"));
    assert!(kept.join("f").exists());
}

#[cfg(unix)]
#[test]
fn a_file_that_got_the_number_of_another_is_told_from_it() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let files = Files::new();
    let make = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        let number = file.metadata().unwrap().ino();
        (number, files.state(&path).unwrap().unwrap())
    };
    let (number, first) = make("good");
    assert_eq!(files.state_of(&files.open(&path).unwrap()).unwrap(), first);
    std::fs::hard_link(&path, dir.path().join("g")).unwrap();
    assert_eq!(
        files.state(&path).unwrap(),
        Some(first),
        "a link changes it"
    );
    std::fs::remove_file(dir.path().join("g")).unwrap();
    if std::fs::metadata(&path).unwrap().created().is_err() {
        return;
    }
    // As when an archive is unpacked over it. Not every file system gives the number to the next one.
    for _ in 0..100 {
        std::fs::remove_file(&path).unwrap();
        let (again, second) = make("evil");
        if again == number {
            assert_ne!(second, first);
            return;
        }
    }
}

#[test]
fn without_sync_nothing_is_forced_to_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(CountOps::new());
    let files = Files::observed(count.clone()).with_sync(Sync::Off);
    AtomicFile::write(&files, &dir.path().join("f"), b"x").unwrap();
    assert!(count.take().iter().all(|s| s.op != OpKind::Sync));
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn two_directories_are_exchanged() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join("f"), name).unwrap();
    }
    let files = Files::new();
    match files.exchange(&dir.path().join("a"), &dir.path().join("b")) {
        Ok(()) => assert_eq!(std::fs::read(dir.path().join("a/f")).unwrap(), b"b"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::Unsupported),
    }
}

#[test]
fn leftovers_of_killed_writers_go_and_those_of_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join(".lock.hcl");
    let hex = "0123456789abcdef0123456789abcdef";
    let names = |files: &[&str]| {
        for name in files {
            std::fs::write(dir.path().join(name), "half").unwrap();
        }
    };
    let leftover = format!(".lock.hcl.{hex}.tmp");
    let other = format!(".lock.hcl2.{hex}.tmp");
    names(&[&leftover, &other, ".lock.hcl.mine.tmp"]);
    let files = Files::new();
    // Somebody is writing it right now.
    let mut writing = AtomicFile::create_tidy(&files, &place, FileMode::Plain).unwrap();
    writing.write_all(b"one").unwrap();
    AtomicFile::write_tidy(&files, &place, b"two").unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"two");
    writing.commit().unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"one");
    let mut left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".lock.hcl", ".lock.hcl.mine.tmp", &other]);
}

#[test]
fn a_plan_strikes_where_it_says() {
    use super::faults::{Fault, FaultKind, FaultPlan};
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a");
    let run = |kind: FaultKind, at: usize| {
        let plan = Arc::new(FaultPlan::new(vec![Fault { at, kind }]));
        let files = Files::observed(plan.clone());
        let _ = std::fs::remove_file(&place);
        let written = files
            .create_new(&place, FileMode::Plain)
            .and_then(|mut writer| {
                writer.write_all(b"12345678")?;
                writer.sync()
            });
        let met = plan.met();
        (
            written.map_err(|error| error.kind()),
            std::fs::read(&place).unwrap_or_default(),
            met.len(),
            files.read(&place, 100).is_ok(),
        )
    };
    let full = io::ErrorKind::StorageFull;
    let other = io::ErrorKind::Other;
    // Created, written, synced.
    assert_eq!(
        run(FaultKind::Fail(full), 1),
        (Err(full), b"".to_vec(), 1, true)
    );
    assert_eq!(
        run(FaultKind::Cut(full), 1),
        (Err(full), b"1234".to_vec(), 1, true)
    );
    assert_eq!(
        run(FaultKind::Kill, 1),
        (Err(other), b"1234".to_vec(), 1, false)
    );
    assert_eq!(
        run(FaultKind::KillAfter, 1),
        (Err(other), b"12345678".to_vec(), 1, false)
    );
    assert_eq!(
        run(FaultKind::Fail(full), 9),
        (Ok(()), b"12345678".to_vec(), 0, true)
    );
    // Opened, and then read.
    assert_eq!(
        run(FaultKind::Fail(full), 4),
        (Ok(()), b"12345678".to_vec(), 0, false)
    );
}
