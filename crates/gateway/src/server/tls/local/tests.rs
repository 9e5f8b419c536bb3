use std::sync::Arc;

use tempfile::TempDir;

use super::*;

fn clock() -> Clock {
    Arc::new(|| UNIX_EPOCH + Duration::from_secs(1 << 31))
}

fn open(dir: &Path, names: &[&str]) -> Result<LocalAuthority, TlsError> {
    let names: Vec<TlsName> = names.iter().map(|name| name.parse().unwrap()).collect();
    LocalAuthority::open(&Files::new(), dir, &names, clock())
}

#[test]
fn it_is_made_once_and_vouches_for_no_other_names() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path().join("tls");
    let first = open(&dir, &["registry.test", "192.0.2.7"]).unwrap();
    let made = std::fs::read(first.certificate()).unwrap();
    // Fewer names, or one below another, are no new names.
    let _ = open(&dir, &["registry.test"]).unwrap();
    let _ = open(&dir, &[]).unwrap();
    for names in [
        &["other.test"][..],
        &["192.0.2.8", "registry.test"],
        &["2001:db8::1"],
    ] {
        match open(&dir, names) {
            Err(TlsError::OutsideConstraints { names: outside, .. }) => {
                assert_eq!(outside, names[..1]);
            }
            other => panic!("{names:?}: {other:?}"),
        }
    }
    assert_eq!(std::fs::read(first.certificate()).unwrap(), made);
}

#[cfg(unix)]
#[test]
fn its_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let _ = open(dir.path(), &[]).unwrap();
    let key = dir.path().join(KEY);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        open(dir.path(), &[]),
        Err(TlsError::OpenKey { .. })
    ));
}

#[test]
fn what_was_lost_or_exchanged_is_told() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (dir, other) = (dir.path(), other.path());
    let _ = (open(dir, &[]).unwrap(), open(other, &[]).unwrap());
    std::fs::copy(other.join(CERTIFICATE), dir.join(CERTIFICATE)).unwrap();
    assert!(matches!(open(dir, &[]), Err(TlsError::Damaged { .. })));
    std::fs::write(dir.join(CERTIFICATE), "no certificate").unwrap();
    assert!(matches!(open(dir, &[]), Err(TlsError::Certificates(_))));
    std::fs::remove_file(dir.join(KEY)).unwrap();
    assert!(matches!(open(dir, &[]), Err(TlsError::Incomplete { .. })));
    // Stopped between key and certificate: it goes on from there.
    std::fs::remove_file(other.join(CERTIFICATE)).unwrap();
    let _ = open(other, &[]).unwrap();
}
