use proptest::prelude::*;

use super::*;
use crate::oci::TagOrDigest;

fn shown(text: &str) -> String {
    text.parse::<ModuleSource>().unwrap().to_string()
}

fn reason(text: &str) -> String {
    text.parse::<ModuleSource>()
        .unwrap_err()
        .reason
        .into_owned()
}

#[test]
fn local_paths_are_normalised() {
    let table = [
        ("./child", "./child"),
        ("./nope/../child", "./child"),
        (".\\child", "./child"),
        ("./nope/../../sibling", "../sibling"),
        (
            "./nope\\nope/why\\./please\\don't",
            "./nope/nope/why/please/don't",
        ),
        ("../", "../"),
        ("./", "./"),
        ("../../a/", "../../a"),
        ("..\\a", "../a"),
    ];
    for (text, normal) in table {
        assert_eq!(shown(text), normal);
        assert!(matches!(text.parse(), Ok(ModuleSource::Local(_))), "{text}");
        assert_eq!(shown(normal), normal);
    }
}

#[test]
fn registry_addresses_get_their_host() {
    let table = [
        (
            "hashicorp/subnets/cidr//examples/foo",
            "registry.opentofu.org/hashicorp/subnets/cidr//examples/foo",
        ),
        (
            "HashiCorp/Consul/aws",
            "registry.opentofu.org/HashiCorp/Consul/aws",
        ),
        ("Example.com:1234/a/b/c", "example.com:1234/a/b/c"),
        ("example.com/a/b/c//.", "example.com/a/b/c"),
        ("a/b_c-d/e//x/../y", "registry.opentofu.org/a/b_c-d/e//y"),
    ];
    for (text, normal) in table {
        assert_eq!(shown(text), normal);
        assert!(
            matches!(text.parse(), Ok(ModuleSource::Registry { .. })),
            "{text}"
        );
        assert_eq!(shown(normal), normal);
    }
    let on_terraform = ModuleSource::parse_on("a/b/c", &Hostname::terraform()).unwrap();
    assert_eq!(on_terraform.to_string(), "registry.terraform.io/a/b/c");
    assert_eq!(
        on_terraform.package().as_deref(),
        Some("registry.terraform.io/a/b/c")
    );
}

#[test]
fn registry_addresses_keep_their_rules() {
    let long = "a".repeat(65);
    for text in [
        "a/b",
        "a/b/c/d/e",
        "localhost:8443/a/b/c",
        "localhost/a/b/c",
        "github.com/a/b/c",
        "bitbucket.org/a/b/c",
        "a/b/C",
        "a/b/c-d",
        "-a/b/c",
        "a_/b/c",
        "a/b./c",
        "//x",
        &format!("{long}/b/c"),
        &format!("a/b/{long}"),
        "a/b/c//../d",
        "",
    ] {
        let host = Hostname::opentofu();
        assert!(
            ModuleSource::parse_registry_on(text, &host).is_err(),
            "{text:?}"
        );
    }
}

#[test]
fn oci_sources_are_split() {
    let table = [
        ("oci://h/r", "oci://h/r", None, "oci://h/r"),
        (
            "oci://h/r//sub?tag=x",
            "oci://h/r?tag=x",
            Some("sub"),
            "oci://h/r//sub?tag=x",
        ),
        (
            "oci://h/r//a/./b/../c",
            "oci://h/r",
            Some("a/c"),
            "oci://h/r//a/c",
        ),
        (
            "oci://h/r//mod*",
            "oci://h/r",
            Some("mod*"),
            "oci://h/r//mod*",
        ),
        ("oci://h/r//", "oci://h/r", None, "oci://h/r"),
        ("OCI://H:5000/r", "OCI://H:5000/r", None, "OCI://H:5000/r"),
    ];
    for (text, package, subdir, normal) in table {
        let ModuleSource::Oci(module) = text.parse().unwrap() else {
            panic!("{text}");
        };
        assert_eq!(module.package(), package);
        assert_eq!(module.subdir(), subdir);
        assert_eq!(module.to_string(), normal);
        assert_eq!(shown(normal), normal);
    }
}

#[test]
fn oci_sources_select_a_manifest() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let table = [
        ("oci://example.com/main".to_owned(), None),
        (
            "oci://example.com/main?tag=foo".to_owned(),
            Some("foo".to_owned()),
        ),
        (
            "oci://example.com/main?tag=f%6Fo".to_owned(),
            Some("foo".to_owned()),
        ),
        (
            "oci://example.com/m%61in?archive=false&tag=foo#x".to_owned(),
            Some("foo".to_owned()),
        ),
        (
            format!("oci://example.com/main?digest={digest}"),
            Some(digest.clone()),
        ),
        (
            format!(
                "oci://example.com/main?digest={}",
                digest.replace(':', "%3A")
            ),
            Some(digest.clone()),
        ),
    ];
    for (text, at) in table {
        let ModuleSource::Oci(module) = text.parse().unwrap() else {
            panic!("{text}");
        };
        assert_eq!(module.host().as_str(), "example.com");
        assert_eq!(module.repository().as_str(), "main");
        let seen = module.at().map(|at| match at {
            TagOrDigest::Tag(tag) => tag.to_string(),
            TagOrDigest::Digest(digest) => digest.to_string(),
        });
        assert_eq!(seen, at, "{text}");
    }
}

#[test]
fn mistakes_in_oci_sources_are_named() {
    let archive = "the \"archive\" argument is not allowed for OCI sources, because the archive format is detected automatically from the image manifest";
    let table = [
        (
            "oci://example.com/in$valid",
            "invalid repository \"in$valid\"",
        ),
        ("oci://example.com/", "invalid repository \"\""),
        ("oci://example.com", "invalid repository \"\""),
        ("oci://example.com/main/", "invalid repository \"main/\""),
        ("oci://example.com/Main", "invalid repository \"Main\""),
        ("oci:///main", "invalid registry host \"\""),
        ("oci://example.com/a%zz", "invalid percent escape"),
        (
            "oci://example.com/a?tag=in$valid",
            "invalid tag \"in$valid\"",
        ),
        ("oci://example.com/a?tag=a//b", "invalid tag \"a//b\""),
        ("oci://example.com/a?tag=", "tag argument must not be empty"),
        (
            "oci://example.com/a?digest=",
            "digest argument must not be empty",
        ),
        (
            "oci://example.com/a?tag=foo&tag=bar",
            "too many \"tag\" arguments",
        ),
        ("oci://example.com/a?digest=nope", "invalid digest \"nope\""),
        (
            "oci://example.com/a?digest=nope:nope",
            "unsupported digest algorithm",
        ),
        (
            "oci://example.com/a?tag=foo&digest=nope",
            "cannot set both \"tag\" and \"digest\" arguments",
        ),
        (
            "oci://example.com/a?tag=foo&other=bar",
            "unsupported argument \"other\"",
        ),
        ("oci://example.com/a?b=1&a", "unsupported arguments: a, b"),
        ("oci://example.com/a?archive=zip", archive),
        ("oci://example.com/a.tar.gz", archive),
        (
            "oci://example.com/a//../nope",
            "subdirectory path \"../nope\" leads outside of the module package",
        ),
        ("oci::https://example.com/a", "without `::`"),
        ("oci://me@example.com/a", "user information is not allowed"),
    ];
    for (text, expected) in table {
        let reason = reason(text);
        assert!(reason.contains(expected), "{text}: {reason}");
    }
}

#[test]
fn user_information_is_never_shown() {
    for text in [
        "oci://me:secret@example.com/a",
        "oci://me:secret@example.com/a//../x",
        "nope::oci://me:secret@h\n",
        "https://me:secret@example.com/a//../x",
    ] {
        let shown = match text.parse::<ModuleSource>() {
            Ok(source) => format!("{source} {source:?} {:?}", source.package()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("secret"), "{shown}");
        let host = Hostname::opentofu();
        if let Err(error) = ModuleSource::parse_registry_on(text, &host) {
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}

#[test]
fn other_sources_are_recognised() {
    let table = [
        (
            "git::https://example.com/code/baz.git//bleep/bloop?otherthing=blah",
            "git::https://example.com/code/baz.git//bleep/bloop?otherthing=blah",
        ),
        ("https://example.com/a.zip", "https://example.com/a.zip"),
        (
            "github.com/acme/modules//vpc?ref=v1",
            "git::https://github.com/acme/modules.git//vpc?ref=v1",
        ),
        (
            "github.com/acme/modules/vpc",
            "git::https://github.com/acme/modules.git//vpc",
        ),
        (
            "bitbucket.org/acme/modules.git",
            "git::https://bitbucket.org/acme/modules.git",
        ),
        (
            "git@github.com:acme/m.git",
            "git::ssh://git@github.com/acme/m.git",
        ),
        (
            "git::git@example.com:acme/m.git",
            "git::ssh://git@example.com/acme/m.git",
        ),
        (
            "s3-eu-west-1.amazonaws.com/bucket/a.zip",
            "s3::https://s3-eu-west-1.amazonaws.com/bucket/a.zip",
        ),
        ("/abs/path", "file:///abs/path"),
    ];
    for (text, normal) in table {
        assert_eq!(shown(text), normal);
        assert!(
            matches!(text.parse(), Ok(ModuleSource::Remote(_))),
            "{text}"
        );
        assert_eq!(shown(normal), normal);
    }
    for text in [
        "boop/bloop",
        "child",
        ".",
        "..",
        "github.com/a",
        "a b",
        "::x",
        "a::",
    ] {
        assert!(reason(text).starts_with("no supported kind"), "{text}");
    }
}

#[test]
fn a_directory_may_not_leave_its_package() {
    let reason = reason("git::https://example.com/x.git//../nope");
    assert_eq!(
        reason,
        "subdirectory path \"../nope\" leads outside of the module package"
    );
}

proptest! {
    #[test]
    fn the_normal_spelling_reads_back(text in "(oci://|git::|https://|github.com/|\\./|\\.\\./|h\\.x/)?[a-c./@:?&=%#\\\\-]{0,16}(//[a-c./*]{0,6})?(\\?tag=[a-c])?") {
        if let Ok(source) = text.parse::<ModuleSource>() {
            let normal = source.to_string();
            let again = normal.parse::<ModuleSource>();
            prop_assert!(again.is_ok(), "{text:?} {normal:?} {again:?}");
            prop_assert_eq!(again.unwrap().to_string(), normal);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = text.parse::<ModuleSource>();
    }
}

#[test]
fn a_pinned_source_is_the_same_package() {
    let digest = crate::oci::Digest::of(b"x");
    for (source, before) in [
        ("oci://h.example/a/b", "oci://h.example/a/b?digest="),
        (
            "oci://h.example:5000/a//s/t?tag=1.0.0",
            "oci://h.example:5000/a//s/t?digest=",
        ),
    ] {
        let ModuleSource::Oci(module) = source.parse().unwrap() else {
            panic!("{source}");
        };
        let pinned = module.pinned(&digest);
        assert_eq!(pinned, format!("{before}{digest}"));
        let ModuleSource::Oci(again) = pinned.parse().unwrap() else {
            panic!("{pinned}");
        };
        assert_eq!(again.at(), Some(&digest.clone().into()));
        assert_eq!(again.subdir(), module.subdir());
    }
}
