use proptest::prelude::*;

use super::*;

/// A file as one line: labels in quotes, arguments with `=`.
fn shown(text: &str) -> String {
    match read("f", text.as_bytes()) {
        Ok(document) => object(&document.root),
        Err(problem) => format!("! {problem}"),
    }
}

fn object(object: &Object) -> String {
    let items: Vec<String> = object.items.iter().map(item).collect();
    items.join("; ")
}

fn item(item: &Item) -> String {
    let keys: Vec<&str> = item.keys.iter().map(|key| key.text.as_str()).collect();
    let equals = if item.equals { " =" } else { "" };
    format!("{}{equals} {}", keys.join(" "), value(&item.value))
}

fn value(found: &Value) -> String {
    match &found.kind {
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(text) => text.clone(),
        ValueKind::Float(text) => format!("{text}f"),
        ValueKind::Text(text) => format!("{text:?}"),
        ValueKind::List(values) => {
            let values: Vec<String> = values.iter().map(value).collect();
            format!("[{}]", values.join(", "))
        }
        ValueKind::Object(found) => format!("{{{}}}", object(found)),
    }
}

#[test]
fn native() {
    for (text, tree) in [
        ("", ""),
        ("# x\n// y\n/* z\n */", ""),
        ("a = 1", "a = 1"),
        ("a=1 b=-2,c=0x1F\nd=017", "a = 1; b = -2; c = 0x1F; d = 017"),
        (
            "a = 1.5 b = 1e3 c = .5 d = 1.",
            "a = 1.5f; b = 1e3f; c = .5f; d = 1.f",
        ),
        ("a = true b = false", "a = true; b = false"),
        ("a {}", "a {}"),
        ("a \"b\" c { d = \"e\" }", "a b c {d = \"e\"}"),
        ("a = {}\nb = { c = {} }", "a = {}; b = {c = {}}"),
        ("\"x-y\" = 1 x.y-z_9 = 2", "x-y = 1; x.y-z_9 = 2"),
        ("a = []", "a = []"),
        (
            "a = [1, \"b\", true, {c = 1}, [2],]",
            "a = [1, \"b\", true, {c = 1}, [2]]",
        ),
        ("a = [ # one\n  1,\n  # two\n  2 ]", "a = [1, 2]"),
        ("a { b = 1, c = 2 }", "a {b = 1; c = 2}"),
        ("a {}\na {}", "a {}; a {}"),
        ("ä = 1", "ä = 1"),
        ("a = 1 # b = 2", "a = 1"),
        // One argument in quotes and one without are two.
        ("a = 1\n\"a\" = 2", "a = 1; a = 2"),
        ("a {\r\n  b = 1\r\n}\r\n", "a {b = 1}"),
    ] {
        assert_eq!(shown(text), tree, "{text:?}");
    }
}

#[test]
fn strings() {
    for (text, tree) in [
        (
            r#"a = "\a\b\f\n\r\t\v\\\"""#,
            r#"a = "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\"""#,
        ),
        (
            r#"a = "\x41\101\u00e9\U0001F600\xc3\xa9""#,
            "a = \"AAé😀é\"",
        ),
        // Between the braces everything is taken as it is.
        (
            r#"a = "x ${b["c"]} \"d\" ${e}""#,
            r#"a = "x ${b[\"c\"]} \"d\" ${e}""#,
        ),
        (
            r#"a = "${ {"x": "y"}[z] }/w""#,
            r#"a = "${ {\"x\": \"y\"}[z] }/w""#,
        ),
        ("a = \"${b\r\n}\"", "a = \"${b\\n}\""),
        (r#"a = "${"\n"}""#, r#"a = "${\"\\n\"}""#),
        // Other dollar signs and braces mean nothing.
        (
            r#"a = "$b { } %{ if x == \"y\" }""#,
            r#"a = "$b { } %{ if x == \"y\" }""#,
        ),
        (r#"a = "$${b}""#, r#"a = "$${b}""#),
        (r##"a = "#b //c""##, r##"a = "#b //c""##),
    ] {
        assert_eq!(shown(text), tree, "{text}");
    }
}

#[test]
fn heredocs() {
    for (text, tree) in [
        ("a = <<X\nb\n c\nX\n", r#"a = "b\n c\n""#),
        ("a = <<X\nX\nb = 1", r#"a = ""; b = 1"#),
        ("a = <<X\r\nb\r\nX\r\n", r#"a = "b\n""#),
        // Without the dash, blanks before the last name belong to the text.
        ("a = <<X\nb\n  X\n", r#"a = "b\n  ""#),
        ("a = <<-X\n  b\n   c\n  X\n", r#"a = "b\n c\n""#),
        ("a = <<-X\nb\n  X\n", r#"a = "b\n""#),
        ("a = <<-X\n\t b\n\t X\n", r#"a = "b\n""#),
        ("a = [<<X\nb\nX\n, 1]", r#"a = ["b\n", 1]"#),
        ("a = <<X\n${\"\\q\n XX\nX\n", r#"a = "${\"\\q\n XX\n""#),
    ] {
        assert_eq!(shown(text), tree, "{text:?}");
    }
}

#[test]
fn json() {
    for (text, tree) in [
        ("{}", ""),
        (" \n{\"a\": 1}\n", "a 1"),
        (
            r#"{"a":[1,"b",true,null,[2]],"c":1.5,"d":null}"#,
            r#"a [1, "b", true, "", [2]]; c 1.5f; d """#,
        ),
        (r#"{"a":1,"a":2}"#, "a 1; a 2"),
        (r#"{"a":[1,],"b":2,}"#, "a [1]; b 2"),
        (
            r#"{"a":"${b == \"c\" ? \"d\" : e}"}"#,
            r#"a "${b == \"c\" ? \"d\" : e}""#,
        ),
        // Objects of nothing but objects become labels, lists of objects become items.
        (r#"{"a":{"b":{"c":1}}}"#, "a b {c 1}"),
        (r#"{"a":{"b":{}}}"#, "a b {}"),
        (r#"{"a":{"b":{"c":1},"d":2}}"#, "a {b {c 1}; d 2}"),
        (r#"{"a":[{"b":1},{"b":2}]}"#, "a {b 1}; a {b 2}"),
        (r#"{"a":[{"b":{"c":1}},{"d":1}]}"#, "a b {c 1}; a {d 1}"),
        (r#"{"a":[{"b":1},2]}"#, "a [{b 1}, 2]"),
        (r#"{"a":{"b":[{"c":1}]}}"#, "a {b {c 1}}"),
        (
            r#"{"a":{"b":{"c":{"d":1}},"e":{"f":1}}}"#,
            "a b c {d 1}; a e {f 1}",
        ),
        (r#"{"a":{},"b":[]}"#, "a {}; b []"),
    ] {
        assert_eq!(shown(text), tree, "{text}");
    }
}

#[test]
fn mistakes() {
    for (text, mistake) in [
        (
            "a",
            "1:2: Invalid CLI configuration: `=` or `{` is expected behind a name",
        ),
        (
            "= 1",
            "1:1: Invalid CLI configuration: a name is missing before this",
        ),
        (
            "{",
            "1:2: Invalid JSON: a name in double quotes is expected",
        ),
        (
            "a b = 1",
            "1:5: Invalid CLI configuration: an argument has one name",
        ),
        (
            "a = b",
            "1:5: Invalid CLI configuration: a value is expected; text is written in",
        ),
        (
            "a = ",
            "1:5: Invalid CLI configuration: the file ends where a value is expected",
        ),
        (
            "a {\n  b = 1",
            "2:8: Invalid CLI configuration: the file ends, and a brace is not closed",
        ),
        (
            "a {}\n}",
            "2:1: Invalid CLI configuration: the name of an argument or a block is",
        ),
        (
            "a = [1",
            "1:7: Invalid CLI configuration: the file ends, and a bracket",
        ),
        (
            "a = [1 2]",
            "1:8: Invalid CLI configuration: a comma or `]` is expected",
        ),
        (
            "a = [b]",
            "1:6: Invalid CLI configuration: a value is expected",
        ),
        (
            "a = 1\n\n  a = 2",
            "3:3: Invalid CLI configuration: this argument is set twice",
        ),
        (
            "x {\n a = 1\n a = 2 }",
            "3:2: Invalid CLI configuration: this argument is set twice",
        ),
        (
            "a = \"b",
            "1:5: Invalid CLI configuration: the string does not end",
        ),
        (
            "a = \"b\n\"",
            "1:5: Invalid CLI configuration: the string does not end on its line",
        ),
        (
            "a = \"${b\"",
            "1:5: Invalid CLI configuration: the string does not end: a brace",
        ),
        (
            "a = \"\\q\"",
            "1:6: Invalid CLI configuration: this escape is unknown",
        ),
        (
            "a = \"${\"\\q\"}\"",
            "1:9: Invalid CLI configuration: this escape is unknown",
        ),
        (
            "a = \"\\u12\"",
            "1:6: Invalid CLI configuration: the escape has too few digits",
        ),
        (
            "a = \"\\ud800\"",
            "1:6: Invalid CLI configuration: the escape is no Unicode character",
        ),
        (
            "a = \"\\777\"",
            "1:6: Invalid CLI configuration: an octal escape goes up to",
        ),
        (
            "a = \"\\xff\"",
            "1:5: Invalid CLI configuration: the escapes of the string do not give",
        ),
        (
            "a = 089",
            "1:5: Invalid CLI configuration: a number that begins with 0 is octal",
        ),
        (
            "a = 0x",
            "1:5: Invalid CLI configuration: the hexadecimal number has no digits",
        ),
        (
            "a = -",
            "1:5: Invalid CLI configuration: a digit must follow the minus sign",
        ),
        (
            "a = 1e",
            "1:5: Invalid CLI configuration: the exponent has no digits",
        ),
        (
            "a = .",
            "1:5: Invalid CLI configuration: this character is not allowed here",
        ),
        (
            "a : 1",
            "1:3: Invalid CLI configuration: this character is not allowed here",
        ),
        (
            "a / b",
            "1:3: Invalid CLI configuration: this character is not allowed here",
        ),
        (
            "\0",
            "1:1: Invalid CLI configuration: this character is not allowed here",
        ),
        (
            "/* a",
            "1:1: Invalid CLI configuration: the comment does not end",
        ),
        (
            "a = <X",
            "1:5: Invalid CLI configuration: a heredoc begins with <<",
        ),
        (
            "a = <<\nX\n",
            "1:5: Invalid CLI configuration: a name must follow the << of a heredoc",
        ),
        (
            "a = <<X y\nX\n",
            "1:5: Invalid CLI configuration: nothing may follow the name of a",
        ),
        (
            "a = <<X\nb\nX",
            "1:5: Invalid CLI configuration: the heredoc does not end",
        ),
        (
            "\u{feff}a = 1",
            "1:1: Invalid CLI configuration: the file begins with a byte order mark",
        ),
        ("{\"a\" 1}", "1:6: Invalid JSON: a colon is expected"),
        (
            "{\"a\":1",
            "1:7: Invalid JSON: a comma or the closing bracket is expected",
        ),
        (
            "{\"a\":1} b",
            "1:9: Invalid JSON: nothing may follow the closing brace",
        ),
        (
            "{\"a\":\"\\/\"}",
            "1:7: Invalid JSON: this escape is unknown",
        ),
        ("{\"a\":01}", "1:6: Invalid JSON: this is not a number"),
        ("{\"a\":b}", "1:6: Invalid JSON: a value is expected"),
        (
            "{\"a\":[1 2]}",
            "1:9: Invalid JSON: a comma or the closing bracket is expected",
        ),
        (
            "{\"a\":\"\n\"}",
            "1:6: Invalid JSON: the string does not end on its line",
        ),
        (
            "\u{a0}{\"a\":1}",
            "1:1: Invalid JSON: the file is no JSON object",
        ),
    ] {
        let found = shown(text);
        assert!(
            found.starts_with(&format!("! f:{mistake}")),
            "{text:?}: {found}"
        );
    }
}

#[test]
fn limits() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5000), close.repeat(5000));
    for text in [
        format!("a = {}", deep("[", "]")),
        deep("a {", "}"),
        deep("a = {", "}"),
        format!("{{\"a\":{}}}", deep("[", "]")),
        format!("{{\"a\":{}}}", deep("{\"a\":", "}")),
    ] {
        assert!(shown(&text).contains("values are nested too deeply"));
    }
    let large = format!("#{}", " ".repeat(LIMIT));
    assert!(shown(&large).contains("may have at most 1048576 bytes"));
    assert!(read("f", b"a = \"\xff\"").is_err());
}

#[test]
fn mistakes_show_no_secrets() {
    for text in [
        "credentials \"h\" {\n  token = \"hunter2\n}",
        "credentials \"h\" {\n  token = hunter2\n}",
        "credentials \"h\" {\n  token =\n  hunter2\n}",
        "credentials \"h\" {\n  token \"hunter2\"\n}",
        "oci_credentials \"h\" { username = \"u\" password = \"hunter2\" x }",
        "token = \"\\hunter2\"",
        "hunter2",
        "hunter2 = 1\nhunter2 = 2",
        "{\"credentials\":{\"h\":{\"token\":\"hunter2}}}",
        "{\"credentials\":{\"h\":{\"token\":hunter2}}}",
        "a = <<X\nhunter2\n",
        "token = [\"hunter2\" \"hunter2\"]",
    ] {
        let problem = read("f", text.as_bytes()).unwrap_err();
        let all = format!("{problem:?}");
        assert!(!all.contains("hunter2"), "{text}: {all}");
    }
    let bad = read("f", b"token = \"hunter2\xff\"").unwrap_err();
    assert!(!format!("{bad:?}").contains("hunter2"));
}

#[test]
fn mistakes_show_the_name_they_are_about() {
    let problem = read("f", b"x {\n  token = \"abc\n}").unwrap_err();
    assert_eq!(problem.excerpt.line, "  token…");
    assert_eq!(problem.excerpt.caret, 7..8);
    assert_eq!(
        (problem.range.start.line, problem.range.start.column),
        (2, 11)
    );
    let problem = read("f", b"x {\n  what = \"abc\n}").unwrap_err();
    assert_eq!(problem.excerpt.line, "  …");
}

/// A file for a tree, and the tree.
fn trees() -> impl Strategy<Value = ValueKind> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(ValueKind::Bool),
        any::<i64>().prop_map(|n| ValueKind::Number(n.to_string())),
        "[^{}]*".prop_map(ValueKind::Text),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|kinds| {
                let values = kinds.into_iter().map(|kind| Value { kind, span: 0..0 });
                ValueKind::List(values.collect())
            }),
            prop::collection::btree_map("[a-z][a-z0-9_.-]{0,5}", inner, 0..5).prop_map(|map| {
                let items = map.into_iter().map(|(text, kind)| Item {
                    keys: vec![std::sync::Arc::new(Key { text, span: 0..0 })],
                    equals: true,
                    value: Value { kind, span: 0..0 },
                });
                ValueKind::Object(Object {
                    items: items.collect(),
                    span: 0..0,
                })
            }),
        ]
    })
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

fn written(kind: &ValueKind, spelling: Spelling) -> String {
    let joined = |parts: Vec<String>, separator: &str| parts.join(separator);
    match kind {
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(text) | ValueKind::Float(text) => text.clone(),
        ValueKind::Text(text) => quoted(text),
        ValueKind::List(values) => {
            let values = values.iter().map(|value| written(&value.kind, spelling));
            format!("[{}]", joined(values.collect(), ", "))
        }
        ValueKind::Object(object) => {
            let items = object.items.iter().map(|item| {
                let value = written(&item.value.kind, spelling);
                match spelling {
                    Spelling::Native => format!("{} = {value}", item.name()),
                    Spelling::Json => format!("{}: {value}", quoted(item.name())),
                }
            });
            let separator = if spelling == Spelling::Json {
                ","
            } else {
                "\n"
            };
            format!("{{{}}}", joined(items.collect(), separator))
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,64}", bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read("f", text.as_bytes());
        let _ = read("f", format!("{{{text}").as_bytes());
        let _ = read("f", &bytes);
    }

    #[test]
    fn nothing_that_looks_like_it_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "token", "\"b\"", "=", "{", "}", "[", "]", ",", ":", "1", "-", ".", "0x", "\"", "${",
                "\\", "<<X", "<<-X", "\n", "X\n", "#", "/*", "*/", "é", "\r\n", " ", "true", "\u{2028}",
            ]),
            0..40,
        ),
    ) {
        let text = words.concat();
        let _ = read("f", text.as_bytes());
        let _ = read("f", format!("{{{text}").as_bytes());
    }

    #[test]
    fn values_are_read_as_they_were_written(kind in trees()) {
        let text = format!("a = {}", written(&kind, Spelling::Native));
        let document = read("f", text.as_bytes()).unwrap();
        prop_assert_eq!(
            value(&document.root.items[0].value),
            value(&Value { kind: kind.clone(), span: 0..0 })
        );
        // The text keeps the object from turning into labels.
        let text = format!("{{\"a\": [{}, 1]}}", written(&kind, Spelling::Json));
        prop_assert!(read("f", text.as_bytes()).is_ok(), "{}", text);
    }
}
