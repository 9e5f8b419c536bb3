use proptest::prelude::*;

use super::*;
use crate::tofu::ModuleSource;

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const H1: &str = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn oci(text: &str) -> OciModule {
    match text.parse().unwrap() {
        ModuleSource::Oci(module) => module,
        other => panic!("{other}"),
    }
}

fn locked(source: &str) -> LockedModule {
    LockedModule {
        source: oci(source),
        manifest: DIGEST.parse().unwrap(),
        h1: H1.parse().unwrap(),
    }
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn written(lock: &ModuleLock) -> String {
    String::from_utf8(lock.write().unwrap()).unwrap()
}

#[test]
fn the_format() {
    let mut lock = ModuleLock::new();
    lock.set(
        path(&["b"]),
        locked(&format!("oci://h.example/b?digest={DIGEST}")),
    );
    lock.set(
        path(&["a", "module"]),
        locked("oci://h.example/x//sub?tag=1.0.0"),
    );
    lock.set(path(&["a"]), locked("oci://h.example/a"));
    let expected = format!(
        r#"{{
  "version": 1,
  "modules": [
    {{
      "path": "module.a",
      "source": "oci://h.example/a",
      "tag": "latest",
      "manifest": "{DIGEST}",
      "h1": "{H1}"
    }},
    {{
      "path": "module.a.module.module",
      "source": "oci://h.example/x//sub?tag=1.0.0",
      "tag": "1.0.0",
      "manifest": "{DIGEST}",
      "h1": "{H1}"
    }},
    {{
      "path": "module.b",
      "source": "oci://h.example/b?digest={DIGEST}",
      "manifest": "{DIGEST}",
      "h1": "{H1}"
    }}
  ]
}}
"#
    );
    assert_eq!(written(&lock), expected);
    assert_eq!(ModuleLock::read(expected.as_bytes()).unwrap(), lock);
    // Written by hand, and on Windows.
    let windows = expected.replace('\n', "\r\n");
    assert_eq!(ModuleLock::read(windows.as_bytes()).unwrap(), lock);
}

#[test]
fn no_modules() {
    let text = "{\n  \"version\": 1,\n  \"modules\": []\n}\n";
    assert_eq!(written(&ModuleLock::new()), text);
    assert!(ModuleLock::read(text.as_bytes()).unwrap().is_empty());
}

/// An error with its cause.
fn refusal(text: &str) -> String {
    let error = ModuleLock::read(text.as_bytes()).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}; {}", cause.unwrap_or_default())
}

#[test]
fn documents_that_are_refused() {
    for (text, expected) in [
        ("", "invalid JSON"),
        ("{\"version\": 1, \"mod", "invalid JSON"),
        ("[]", "invalid JSON"),
        ("{}", "the format version is missing"),
        ("{\"modules\":[]}", "the format version is missing"),
        ("{\"version\":1}", "missing field `modules`"),
        (
            "{\"version\":2,\"locks\":{}}",
            "the format version is 2, and 1",
        ),
        ("{\"version\":\"1\"}", "the format version is \"1\", and 1"),
        ("{\"version\":1.5}", "the format version is 1.5, and 1"),
        (
            "{\"version\":1,\"modules\":[],\"more\":1}",
            "unknown field `more`",
        ),
        (
            "{\"version\":1,\"version\":1,\"modules\":[]}",
            "stands twice",
        ),
        (
            "{\n  \"version\": 1,\n<<<<<<< HEAD\n  \"modules\": []\n=======\n>>>>>>> x\n}",
            "line 3 has a conflict marker",
        ),
        ("{\n>>>>>>> x\n}", "line 2 has a conflict marker"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(expected), "{text}: {refusal}");
    }
}

#[test]
fn entries_that_are_refused() {
    let entry = |path: &str, source: &str, rest: &str, manifest: &str, h1: &str| {
        format!(
            r#"{{"path":"{path}","source":"{source}"{rest},"manifest":"{manifest}","h1":"{h1}"}}"#
        )
    };
    let (a, source, tag) = ("module.a", "oci://h.example/a", r#","tag":"latest""#);
    let pinned = format!("{source}?digest={}", Digest::of(b"other"));
    let good = entry(a, source, tag, DIGEST, H1);
    for (entries, expected) in [
        (format!("{good},{good}"), "two entries for module.a"),
        (entry("", source, tag, DIGEST, H1), "the path \"\" is none"),
        (
            entry("a", source, tag, DIGEST, H1),
            "the path \"a\" is none",
        ),
        (
            entry("module.a.b", source, tag, DIGEST, H1),
            "the path \"module.a.b\" is none",
        ),
        (
            entry("module.\\u001b", source, tag, DIGEST, H1),
            "the path \"module.\\u{1b}\" is none",
        ),
        (
            entry(a, "./local", "", DIGEST, H1),
            "only oci:// sources are locked",
        ),
        (
            entry(a, "oci://h.example/a//x/../y", tag, DIGEST, H1),
            "not in its normal spelling",
        ),
        (entry(a, "oci://h.example/A", tag, DIGEST, H1), "repository"),
        (
            entry(a, source, "", DIGEST, H1),
            "module.a contradicts itself: the tag",
        ),
        (
            entry(a, source, r#","tag":"1.0.0""#, DIGEST, H1),
            "the tag is not that of the source",
        ),
        (
            entry(a, &pinned, "", DIGEST, H1),
            "the source names another manifest",
        ),
        (
            entry(a, source, tag, "sha256:12", H1),
            "64 lower-case hex digits",
        ),
        (entry(a, source, tag, "md5:12", H1), "cannot be checked"),
        (
            entry(a, source, tag, "", H1),
            "the form is algorithm:encoded",
        ),
        (entry(a, source, tag, DIGEST, "h1:AAAA"), "base64 of 32"),
        (entry(a, source, tag, DIGEST, "zh:12"), "base64 of 32"),
        (
            entry(a, source, r#","tag":"latest","mode":1"#, DIGEST, H1),
            "unknown field `mode`",
        ),
        (
            r#"{"path":"module.a","source":"oci://h.example/a"}"#.to_owned(),
            "missing field `manifest`",
        ),
    ] {
        let refusal = refusal(&format!("{{\"version\":1,\"modules\":[{entries}]}}"));
        assert!(refusal.contains(expected), "{entries}: {refusal}");
    }
}

/// What a configuration may call a module can be locked: a combining mark, a letter number, a connector.
#[test]
fn names_are_those_of_configurations() {
    for name in [
        "a\u{301}b",
        "\u{2160}x",
        "x\u{203f}y",
        "\u{915}\u{93f}",
        "_-",
    ] {
        let mut lock = ModuleLock::new();
        lock.set(path(&["a", name]), locked("oci://h.example/a"));
        let read = ModuleLock::read(&lock.write().unwrap());
        assert_eq!(read, Ok(lock), "{name:?}");
    }
    for name in ["", "-a", "1a", "\u{301}a", "a b", "a/b", "\u{2460}"] {
        let mut lock = ModuleLock::new();
        lock.set(path(&[name]), locked("oci://h.example/a"));
        let read = ModuleLock::read(&lock.write().unwrap());
        assert!(matches!(read, Err(ModuleLockError::Path(_))), "{name:?}");
    }
}

fn locks() -> impl Strategy<Value = ModuleLock> {
    let name = "[a-z_\u{e9}\u{915}][a-z0-9_\u{301}\u{93f}-]{0,5}";
    let names = proptest::collection::vec(name, 1..4);
    let at = prop_oneof![Just(""), Just("?tag=1.2.0"), Just("?tag=latest")];
    let subdir = prop_oneof![Just(""), Just("//sub"), Just("//a/*")];
    let module = (at, subdir, any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(at, subdir, manifest, h1)| LockedModule {
            source: oci(&format!("oci://h.example:5000/x/y{subdir}{at}")),
            manifest: Digest::sha256(manifest),
            h1: PackageHash::from_h1_bytes(h1),
        },
    );
    proptest::collection::btree_map(names, module, 0..6).prop_map(|modules| ModuleLock { modules })
}

proptest! {
    #[test]
    fn what_is_written_is_read(lock in locks()) {
        let bytes = lock.write().unwrap();
        prop_assert_eq!(&ModuleLock::read(&bytes).unwrap(), &lock);
        prop_assert_eq!(lock.write().unwrap(), bytes);
    }

    #[test]
    fn half_a_file_is_none(lock in locks(), cut in 0.0..1.0f64) {
        let bytes = lock.write().unwrap();
        // Without its line end it is whole.
        let length = (bytes.len() - 1) as f64 * cut;
        prop_assert!(ModuleLock::read(&bytes[..length as usize]).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ModuleLock::read(&bytes);
    }
}
