use super::*;

const FILE: &str = r#"{
	"HttpHeaders": {
		"X-Meta": "1"
	},
	"auths": {
		"first.example": {
			"auth": "YTpi"
		},
		"https://example.com/v1/": {
			"auth": "b2xkOm9sZA==",
			"email": "a@b",
			"identitytoken": "old"
		},
		"example.com/team": {
			"auth": "dGVhbTp4"
		},
		"example.com": {
			"auth": "b2xkOm9sZA=="
		}
	},
	"credHelpers": {"x.example" : "y" },
	"currentContext": "\u00e9"
}"#;

fn document(text: &str) -> Document {
    Document::read(text.as_bytes(), AuthFileForm::Sections).unwrap()
}

fn host(text: &str) -> RegistryHost {
    text.parse().unwrap()
}

fn password(username: &str, password: &str) -> Credential {
    Credential::Password {
        username: username.to_owned(),
        password: password.into(),
    }
}

fn written(document: &Document) -> String {
    document.write().expose_secret().to_owned()
}

fn put(text: &str, to: &str, credential: Option<&Credential>) -> String {
    let mut document = document(text);
    document.put(&host(to), credential).unwrap();
    written(&document)
}

#[test]
fn one_entry_changes_and_nothing_else() {
    let expected = FILE
        .replace(
            r#"		"https://example.com/v1/": {
			"auth": "b2xkOm9sZA==",
			"email": "a@b",
			"identitytoken": "old"
		},"#,
            r#"		"example.com": {
			"email": "a@b",
			"auth": "YWxpY2U6czNjcmV0"
		},"#,
        )
        .replace(
            r#",
		"example.com": {
			"auth": "b2xkOm9sZA=="
		}
	},"#,
            "\n\t},",
        );
    let credential = password("alice", "s3cret");
    assert_eq!(
        put(FILE, "example.com", Some(&credential)),
        format!("{expected}\n")
    );
    // Again: the same bytes.
    assert_eq!(
        put(&expected, "example.com", Some(&credential)),
        format!("{expected}\n")
    );
}

#[test]
fn a_new_entry_stands_last() {
    for (text, before) in [("", ""), ("{}", ""), ("{\"a\":1}", "\t\"a\": 1,\n")] {
        assert_eq!(
            put(text, "example.com:5000", Some(&password("a", "b"))),
            format!(
                "{{\n{before}\t\"auths\": {{\n\t\t\"example.com:5000\": {{\n\t\t\t\"auth\": \"YTpi\"\n\t\t}}\n\t}}\n}}\n"
            ),
            "{text}"
        );
    }
    let text = put(FILE, "new.example", Some(&password("a", "b")));
    assert!(text.contains(
        "\"b2xkOm9sZA==\"\n\t\t},\n\t\t\"new.example\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t}\n\t},"
    ));
}

#[test]
fn forms_of_an_entry() {
    for (credential, entry) in [
        (None, "{}"),
        (
            Some(password("a", "b:\"c\"")),
            "{\n\t\t\t\"auth\": \"YTpiOiJjIg==\"\n\t\t}",
        ),
        (
            Some(Credential::IdentityToken("eyJ\"".into())),
            "{\n\t\t\t\"auth\": \"PHRva2VuPjo=\",\n\t\t\t\"identitytoken\": \"eyJ\\\"\"\n\t\t}",
        ),
        (
            Some(Credential::AccessToken("abc".into())),
            "{\n\t\t\t\"registrytoken\": \"abc\"\n\t\t}",
        ),
    ] {
        assert_eq!(
            put("", "example.com", credential.as_ref()),
            format!("{{\n\t\"auths\": {{\n\t\t\"example.com\": {entry}\n\t}}\n}}\n")
        );
    }
}

#[test]
fn docker_hub_is_written_as_docker_does() {
    let text = r#"{"auths":{"docker.io":{"auth":"YTpi"},"index.docker.io":{"auth":"YTpi"}}}"#;
    for to in ["docker.io", "registry-1.docker.io"] {
        assert_eq!(
            put(text, to, Some(&password("c", "d"))),
            "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"Yzpk\"\n\t\t}\n\t}\n}\n"
        );
    }
}

#[test]
fn every_name_of_the_registry_is_removed() {
    let mut all = document(FILE);
    let removal = all.remove(&host("example.com")).unwrap();
    assert!(removal.changed && removal.held);
    assert_eq!(removal.kept, ["example.com/team"]);
    let text = written(&all);
    assert!(text.contains("first.example") && text.contains("example.com/team"));
    assert!(!text.contains("\"example.com\"") && !text.contains("https://example.com"));
    let again = all.remove(&host("example.com")).unwrap();
    assert!(!again.changed && !again.held);
    assert_eq!(written(&all), text);
}

#[test]
fn an_empty_entry_goes_and_is_no_credential() {
    for entry in ["{}", "null", r#"{"auth":""}"#] {
        let mut all = document(&format!(r#"{{"auths":{{"example.com":{entry}}}}}"#));
        let removal = all.remove(&host("example.com")).unwrap();
        assert!(removal.changed && !removal.held, "{entry}");
        assert_eq!(written(&all), "{\n\t\"auths\": {}\n}\n");
    }
}

#[test]
fn the_old_file_stays_flat() {
    let text = r#"{"https://example.com/v1/":{"auth":"YTpi"},"b.example":{"auth":"YTpi"}}"#;
    let mut all = Document::read(text.as_bytes(), AuthFileForm::Flat).unwrap();
    assert!(all.remove(&host("example.com")).unwrap().held);
    assert_eq!(
        written(&all),
        "{\n\t\"b.example\": {\"auth\":\"YTpi\"}\n}\n"
    );
}

#[test]
fn what_is_ambiguous_is_not_changed() {
    let mut all = document(r#"{"auths":{},"Auths":{}}"#);
    assert!(all.put(&host("a.example"), None).is_err());
    assert!(all.remove(&host("a.example")).is_err());
}
