use super::*;

#[test]
fn both_spellings_say_the_same() {
    let text = r#"{
  "//": "a comment",
  "terraform": [{
"required_version": ">= 1.0",
"required_providers": {
  "null": "~> 2.0.0",
  "cloud": {"source": "tf.example.com/awesomecorp/happycloud", "version": "1.0.0"}
}
  }],
  "provider": {"configured": [{"version": "~> 1.4"}, {"alias": "b"}]},
  "resource": [
{"implied_foo": {"bar": {}}},
{"x_y": {"a": {"provider": "explicit.alias"}}}
  ],
  "data": {"terraform_remote_state": {"x": [{}]}},
  "import": [{"to": "importimplied_x.a[\"k\"]", "id": "1"}],
  "locals": {"dir": "child"},
  "module": {"child": {"source": "./${local.dir}", "version": null, "x": [1, true, {"a": "b"}]}},
  "output": {"y": {"value": "${aws_x.y}"}}
}"#;
    let module = read(&[("a.tf.json", text)]);
    assert_eq!(
        asked(&module),
        [
            "registry.opentofu.org/hashicorp/configured ~> 1.4",
            "registry.opentofu.org/hashicorp/explicit",
            "registry.opentofu.org/hashicorp/implied",
            "registry.opentofu.org/hashicorp/importimplied",
            "registry.opentofu.org/hashicorp/null ~> 2.0.0",
            "terraform.io/builtin/terraform",
            "tf.example.com/awesomecorp/happycloud 1.0.0",
        ]
    );
    let call = module.module_calls.first().unwrap();
    assert_eq!(call.source, ModuleSource::Local("./child".to_owned()));
    assert_eq!(call.at.to_string(), "a.tf.json:18:14");
    assert_eq!(call.arguments.len(), 1);
    assert_eq!(module.required_versions.len(), 1);
}

#[test]
fn a_name_that_stands_twice_is_two_blocks() {
    let text = r#"{"resource":{"a_x":{"n":{}}},"resource":{"b_x":{"n":{}}, "b_x":{"m":{}}}}"#;
    assert_eq!(
        asked(&read(&[("a.tf.json", text)])),
        [
            "registry.opentofu.org/hashicorp/a",
            "registry.opentofu.org/hashicorp/b"
        ]
    );
}

#[test]
fn mistakes_have_their_place() {
    let table = [
        ("", "Invalid JSON", 1, 1),
        ("{\n \"a\": 1,\n}", "Invalid JSON", 3, 1),
        ("{\n \"a\": 1\n} x", "Invalid JSON", 3, 3),
        ("{\"a\": tru}", "Invalid JSON", 1, 7),
        ("{\"a\": \"\n\"}", "Invalid JSON", 1, 7),
        ("{\"a\": \"\\q\"}", "Invalid JSON", 1, 7),
        ("{\"a\": 01}", "Invalid JSON", 1, 7),
        ("{\"a\": \"b}", "Invalid JSON", 1, 7),
        ("{a: 1}", "Invalid JSON", 1, 2),
        ("{\"a\" 1}", "Invalid JSON", 1, 6),
        ("{\"a\": [1 2]}", "Invalid JSON", 1, 10),
        ("7", "Incorrect JSON value type", 1, 1),
        ("{\n \"module\": 7}", "Incorrect JSON value type", 2, 12),
        (
            "{\n \"module\": {\"a\": []}, \"provider\": {\"a\": 1}}",
            "Incorrect JSON value type",
            2,
            41,
        ),
        (
            "{\"terraform\":{\"required_providers\":{\"a\":\"1.0.0\",\n\"a\":\"1.0.0\"}}}",
            "Duplicate attribute definition",
            2,
            1,
        ),
        (
            "{\"module\":{\"a\":{\"source\":\n\"./${\"}}}",
            "Invalid template",
            2,
            1,
        ),
    ];
    for (text, summary, line, column) in table {
        let found = try_read(&[("a.tf.json", text)]).unwrap_err().problems;
        let first = found.first().unwrap();
        let at = (
            first.summary,
            first.range.start.line,
            first.range.start.column,
        );
        assert_eq!(at, (summary, line, column), "{text}: {found:?}");
    }
}

#[test]
fn depth_is_limited() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let found = problems(&[("a.tf.json", &text)]);
        assert_eq!(found, ["Invalid JSON a.tf.json:1"]);
    }
}
