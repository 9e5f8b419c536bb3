use super::*;

fn calls(text: &str) -> Vec<ModuleCall> {
    read(&[("main.tf", text)]).module_calls
}

fn source(expression: &str, rest: &str) -> Result<String, String> {
    let text = format!("module \"m\" {{\nsource = {expression}\n}}\n{rest}\n");
    match try_read(&[("main.tf", &text)]) {
        Ok(module) => Ok(module.module_calls.first().unwrap().source.to_string()),
        Err(error) => Err(error.problems.first().unwrap().summary.to_owned()),
    }
}

#[test]
fn sources_may_be_computed_from_literals() {
    let table = [
        ("\"./a\"", "", "./a"),
        ("(\"./a\")", "", "./a"),
        ("\"./${local.x}\"", "locals {\n x = \"a\"\n}", "./a"),
        (
            "local.x",
            "locals {\n x = \"./${local.y}/${local.z.k[1]}\"\n y = var.v\n z = { k = [1, true] }\n}\nvariable \"v\" { default = 5 }",
            "./5/true",
        ),
        (
            "\"./${var.v[\"a\"]}\"",
            "variable \"v\" {\n default = { a = \"x\", \"b\" = 1 }\n}",
            "./x",
        ),
        ("\"${path.module}/a\"", "", "./a"),
        ("\"${path.root}/a\"", "", "./a"),
        ("\"./${terraform.workspace}\"", "", "./default"),
        ("\"./${tofu.workspace}\"", "", "./default"),
        ("\"$${x}\"", "", "!"),
    ];
    for (expression, rest, expected) in table {
        let seen = source(expression, rest);
        if expected == "!" {
            assert_eq!(seen, Err("Invalid module source address".to_owned()));
        } else {
            assert_eq!(seen.as_deref(), Ok(expected), "{expression}");
        }
    }
}

#[test]
fn everything_else_is_an_error_with_a_name() {
    const DYNAMIC: &str = "Dynamic value in static context";
    const UNABLE: &str = "Unable to compute static value";
    let table = [
        ("aws_x.y.z", "", DYNAMIC),
        ("data.aws_x.y.z", "", DYNAMIC),
        ("each.key", "", DYNAMIC),
        ("\"./${count.index}\"", "", DYNAMIC),
        ("self.x", "", DYNAMIC),
        ("nope", "", DYNAMIC),
        (
            "module.other.x",
            "",
            "Module output not supported in static context",
        ),
        (
            "provider::a::f(1)",
            "",
            "Provider function in static context",
        ),
        ("var.nope", "", "Undefined variable"),
        ("local.nope", "", "Undefined local"),
        (
            "local.a",
            "locals {\n a = local.b\n b = \"${local.a}\"\n}",
            "Circular reference",
        ),
        ("local.a", "locals {\n a = local.a\n}", "Circular reference"),
        ("upper(\"x\")", "", UNABLE),
        ("true ? \"./a\" : \"./b\"", "", UNABLE),
        ("1 + 2", "", UNABLE),
        ("\"%{ if true }./a%{ endif }\"", "", UNABLE),
        ("path.cwd", "", UNABLE),
        ("local", "", UNABLE),
        ("local.a.b", "locals {\n a = \"x\"\n}", UNABLE),
        ("local.a[7]", "locals {\n a = [1]\n}", UNABLE),
        ("var.v", "variable \"v\" {}", "Required variable not set"),
        (
            "var.v",
            "variable \"v\" {\n default = \"./a\"\n sensitive = true\n}",
            "Sensitive value not allowed",
        ),
        (
            "var.v",
            "variable \"v\" {\n default = \"./a\"\n ephemeral = true\n}",
            "Ephemeral value not allowed",
        ),
        (
            "var.v",
            "variable \"v\" {\n default = \"./a\"\n const = false\n}",
            "Unable to use variable in static context",
        ),
        ("null", "", "Invalid module source address"),
        ("[1]", "", "Invalid module source address"),
        ("\"boop/bloop\"", "", "Invalid module source address"),
        ("\"\"", "", "Invalid module source address"),
        ("\"./${[1]}\"", "", "Invalid template interpolation value"),
    ];
    for (expression, rest, summary) in table {
        assert_eq!(
            source(expression, rest),
            Err(summary.to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn versions_go_with_registry_sources_only() {
    let text = "module \"a\" {\n source = \"x/y/z//sub\"\n version = \"${local.v}\"\n}\nlocals {\n v = \"~> 1.0\"\n}\nmodule \"b\" {\n source = \"./b\"\n version = null\n}\n";
    let calls = calls(text);
    assert_eq!(calls[0].version_text.as_deref(), Some("~> 1.0"));
    assert!(calls[0].version.is_some());
    assert_eq!(calls[0].source_text, "x/y/z//sub");
    assert!(calls[1].version.is_none());
    for source in ["oci://h/r", "./a", "git::https://h/r"] {
        let text = format!("module \"a\" {{\n source = \"{source}\"\n version = \"1.0.0\"\n}}\n");
        assert_eq!(
            problems(&[("a.tf", &text)]),
            ["Invalid registry module source address a.tf:2"],
            "{source}"
        );
    }
    for version in ["\"garbage\"", "[1]"] {
        let text = format!("module \"a\" {{\n source = \"x/y/z\"\n version = {version}\n}}\n");
        assert_eq!(
            problems(&[("a.tf", &text)]),
            ["Invalid version constraint a.tf:3"]
        );
    }
}

#[test]
fn override_files_replace_arguments() {
    let primary =
        "module \"a\" {\n source = \"x/y/z\"\n version = \"1.0.0\"\n size = 1\n zone = 2\n}\n";
    let overriding = "module \"a\" {\n source = \"./local\"\n version = null\n size = 3\n}\n";
    let module = read(&[("main.tf", primary), ("override.tf", overriding)]);
    let call = module.module_calls.first().unwrap();
    assert_eq!(call.source.to_string(), "./local");
    assert_eq!(call.at.to_string(), "main.tf:1:1");
    assert_eq!(call.source_at.to_string(), "override.tf:2:11");
    let number = |n: &str| CallArgument::Static(StaticValue::Number(n.to_owned()));
    let expected = BTreeMap::from([
        ("size".to_owned(), number("3")),
        ("zone".to_owned(), number("2")),
    ]);
    assert_eq!(call.arguments, expected);
    assert_eq!(
        problems(&[("override.tf", primary)]),
        ["Missing module call to override override.tf:1"]
    );
}

#[test]
fn a_call_hands_its_arguments_to_the_module() {
    let caller =
        "module \"a\" {\n source = \"./a\"\n where = \"./b\"\n what = aws_x.y\n count = 2\n}\n";
    let call = calls(caller).remove(0);
    assert_eq!(call.arguments.get("what"), Some(&CallArgument::Dynamic));
    assert_eq!(call.arguments.len(), 2);
    let options = ReadOptions {
        variables: call.arguments,
        module_path: "a".to_owned(),
        ..ReadOptions::default()
    };
    let child = |name: &str| {
        let text = format!(
            "variable \"{name}\" {{\n default = \"./d\"\n}}\nmodule \"m\" {{\n source = var.{name}\n}}\n"
        );
        match Module::read(&[("main.tf", &text)], &options) {
            Ok(module) => module.module_calls.first().unwrap().source.to_string(),
            Err(error) => error.problems.first().unwrap().summary.to_owned(),
        }
    };
    assert_eq!(child("where"), "./b");
    assert_eq!(child("what"), "Dynamic value in static context");
    assert_eq!(child("other"), "./d");
}

#[test]
fn mistakes_in_a_call() {
    let table = [
        ("module \"a\" {}", "Missing required argument a.tf:1"),
        ("module {\n source = \"./a\"\n}", "Missing label a.tf:1"),
        (
            "module \"../x\" {\n source = \"./a\"\n}",
            "Invalid module instance name a.tf:1",
        ),
        (
            "module \"\" {\n source = \"./a\"\n}",
            "Invalid module instance name a.tf:1",
        ),
        (
            "module \"a\" {\n source = \"./a\"\n}\nmodule \"a\" {\n source = \"./a\"\n}",
            "Duplicate module call a.tf:4",
        ),
        (
            "module \"a\" {\n source = \"oci://h/r?tag=\"\n}",
            "Invalid module source address a.tf:2",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(problems(&[("a.tf", text)]), [expected], "{text}");
    }
}

#[test]
fn names_that_multiply_end_soon() {
    let mut text = "module \"m\" {\n source = local.a0\n}\nlocals {\n a60 = \"./x\"\n".to_owned();
    for at in 0..60 {
        text.push_str(&format!(
            " a{at} = \"${{local.a{0}}}${{local.a{0}}}\"\n",
            at + 1
        ));
    }
    text.push_str("}\n");
    let found = problems(&[("a.tf", &text)]);
    assert!(
        found
            .first()
            .unwrap()
            .starts_with("Unable to compute static value"),
        "{found:?}"
    );
    let mut text = "module \"m\" {\n source = local.a0\n}\nlocals {\n a9999 = \"./x\"\n".to_owned();
    for at in 0..9999 {
        text.push_str(&format!(" a{at} = local.a{}\n", at + 1));
    }
    text.push_str("}\n");
    let found = problems(&[("a.tf", &text)]);
    assert!(
        found
            .first()
            .unwrap()
            .starts_with("Unable to compute static value"),
        "{found:?}"
    );
}
