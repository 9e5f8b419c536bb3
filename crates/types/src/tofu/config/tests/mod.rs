use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tofu::{Hostname, ModuleSource};

type Files<'a> = &'a [(&'a str, &'a str)];

fn try_read(files: Files<'_>) -> Result<Module, ConfigErrors> {
    Module::read(files, &ReadOptions::default())
}

fn read(files: Files<'_>) -> Module {
    try_read(files).unwrap()
}

/// What a module asks for, as `address constraints`.
fn asked(module: &Module) -> Vec<String> {
    let merged = merge_requirements([("", module)]);
    merged
        .iter()
        .map(|r| {
            format!("{} {}", r.addr, r.constraints)
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// Summary, file and line of each problem.
fn problems(files: Files<'_>) -> Vec<String> {
    let found = try_read(files).unwrap_err().problems;
    found
        .iter()
        .map(|p| format!("{} {}:{}", p.summary, p.range.file, p.range.start.line))
        .collect()
}

mod file_selection;

mod providers;

mod json;

mod module_calls;

mod clients;

#[test]
fn all_mistakes_of_all_files_are_reported_by_place() {
    let files = [
        ("b.tf", "module \"a\" {}\nprovider \"A\" {}\n"),
        ("a.tf", "x = {\n"),
        ("c.tf.json", "{"),
    ];
    let error = try_read(&files).unwrap_err();
    let shown: Vec<String> = error.problems.iter().map(|p| p.range.to_string()).collect();
    assert_eq!(shown, ["a.tf:1:1", "b.tf:1:1", "b.tf:2:1", "c.tf.json:1:2"]);
    assert_eq!(error.to_string().matches("; ").count(), 3);
}

#[test]
fn a_flood_of_mistakes_is_cut_and_cheap() {
    let text = format!("{{\"resource\":[{}1]}}", "1,".repeat(50_000));
    let error = try_read(&[("a.tf.json", &text)]).unwrap_err();
    assert_eq!(error.problems.len(), 100);
    let width = error.problems.last().unwrap().excerpt.line.len();
    assert!(width <= 160, "{width}");
}

#[test]
fn a_mistake_is_underlined() {
    let text = "\u{feff}module \"ä\" {\r\n\tsource  = \"boop/bloop\" # x\r\n}\r\n";
    let error = try_read(&[("main.tf", text)]).unwrap_err();
    let problem = error.problems.first().unwrap();
    assert_eq!(problem.excerpt.line, " source  = \"boop/bloop\" # x");
    assert_eq!(problem.excerpt.caret, 11..23);
    assert_eq!(problem.range.start.column, 12);
    assert_eq!(problem.range.start.offset, text.find("\"boop").unwrap());
}

#[test]
fn passwords_are_not_in_excerpts() {
    let text = "module \"a\" {\n source = \"oci://me:secret@h/r\"\n}\n";
    let error = try_read(&[("main.tf", text)]).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    assert_eq!(
        problems(&[("main.tf", text)]),
        ["Invalid module source address main.tf:2"]
    );
}

#[test]
fn nesting_is_limited() {
    for text in [
        format!("a = {}{}", "[".repeat(5000), "]".repeat(5000)),
        format!("a = {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("{}{}", "b {\n".repeat(5000), "}\n".repeat(5000)),
        format!("a = \"{}1{}\"", "${\"".repeat(5000), "\"}".repeat(5000)),
        format!("a = 1{}", " + 1".repeat(5000)),
        format!("a = {}1", "-".repeat(5000)),
    ] {
        assert_eq!(problems(&[("a.tf", &text)]).len(), 1);
        let json = serde_json::json!({ "module": { "a": { "source": text } } }).to_string();
        assert_eq!(problems(&[("a.tf.json", &json)]).len(), 1);
    }
}

#[test]
fn names_of_files_and_text_reach_no_terminal_raw() {
    let text = "module \"a\\u001b[31m\" {\n}\n\u{1b}[2J";
    let error = try_read(&[("\u{1b}.tf", text)]).unwrap_err();
    let problem = error.problems.first().unwrap();
    assert!(!problem.to_string().contains('\u{1b}'), "{problem}");
    assert!(!problem.excerpt.line.contains('\u{1b}'));
}

#[test]
fn empty_and_broken_encodings() {
    assert!(read(&[]).providers.is_empty());
    assert!(
        read(&[("a.tf", ""), ("b.tf", "\u{feff}")])
            .module_calls
            .is_empty()
    );
    let error = Module::read(
        &[("a.tf", &b"x = 1\ny = \"\xff\"\n"[..])],
        &ReadOptions::default(),
    );
    let error = error.unwrap_err();
    assert_eq!(
        error.problems.first().unwrap().range.to_string(),
        "a.tf:2:6"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(
        native in "(terraform|required_providers|module|source|resource|provider|locals|\"a\"|local\\.a|[ ={}\\[\\](),.\"$%\n\r<\\\\é])*",
        json in "(\"terraform\"|\"required_providers\"|\"module\"|\"source\"|\"resource\"|\"a\"|[ :{}\\[\\],.\"$1\n\\\\é])*",
        any in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let files = [("a.tf", native.as_bytes()), ("b.tf.json", json.as_bytes()), ("c.tf", &any[..])];
        let _ = Module::read(&files, &ReadOptions::default());
        let _ = Module::read(&[("b.tf.json", json.as_bytes())], &ReadOptions::default());
        let _ = Module::read(&[("a.tf", native.as_bytes())], &ReadOptions::default());
    }

    #[test]
    fn selection_is_the_same_twice(names in proptest::collection::vec("(a|b|override|a_override|\\.h|#)(\\.tf|\\.tofu)?(\\.json)?(~|#)?", 0..8)) {
        for dialect in [Dialect::Tofu, Dialect::Terraform] {
            let once = config_files(names.iter().map(String::as_str), dialect);
            let twice = config_files(once.iter().map(|f| f.name.as_str()), dialect);
            prop_assert_eq!(once, twice);
        }
    }
}
