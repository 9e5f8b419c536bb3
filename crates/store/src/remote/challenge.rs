//! What a 401 asks for. RFC 9110 section 11.6.1, and the token authentication specification.

use http_auth::ChallengeRef;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use super::scope::Scopes;

/// How a registry wants to be told who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from somewhere.
    Bearer {
        /// Where tokens are.
        realm: String,
        /// For whom they are.
        service: Option<String>,
        /// What this request needs.
        scopes: Scopes,
    },
}

impl Challenge {
    /// The challenge that we follow: a token rather than a password. `None` when there is none that we know.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let lines: Vec<&str> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let challenges = lines
            .iter()
            .filter_map(|line| http_auth::parse_challenges(line).ok())
            .flatten();
        let mut basic = None;
        for challenge in challenges {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(bearer) = bearer(&challenge) {
                    return Some(bearer);
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            }
        }
        basic
    }
}

fn bearer(challenge: &ChallengeRef<'_>) -> Option<Challenge> {
    let parameter = |name: &str| {
        let mut all = challenge.params.iter();
        let (_, value) = all.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value.to_unescaped())
    };
    Some(Challenge::Bearer {
        realm: parameter("realm").filter(|realm| !realm.is_empty())?,
        service: parameter("service"),
        scopes: Scopes::parse(&parameter("scope").unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        Challenge::read(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scopes: &str) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scopes: Scopes::parse(scopes),
        })
    }

    #[test]
    fn challenges() {
        let token =
            r#"Bearer realm="https://a.example/token",service="s",scope="repository:a:pull,push""#;
        let expected = bearer(
            "https://a.example/token",
            Some("s"),
            "repository:a:pull,push",
        );
        for (name, lines, expected) in [
            ("one", &[token][..], expected.clone()),
            (
                "basic first",
                &["Basic realm=\"x\"", token],
                expected.clone(),
            ),
            (
                "one line",
                &[&format!("Basic realm=\"x\", {token}")],
                expected.clone(),
            ),
            (
                "other order and case",
                &[
                    r#"BEARER scope="repository:a:pull,push", SERVICE="s", Realm="https://a.example/token""#,
                ],
                expected.clone(),
            ),
            (
                "escapes",
                &[r#"Bearer realm="https://a.example/t\"x""#],
                bearer("https://a.example/t\"x", None, ""),
            ),
            ("token values", &["Bearer realm=x"], bearer("x", None, "")),
            ("basic", &["Basic realm=\"x\""], Some(Challenge::Basic)),
            ("no realm", &["Bearer service=\"s\""], None),
            (
                "no realm, basic",
                &["Bearer service=\"s\"", "basic realm=\"x\""],
                Some(Challenge::Basic),
            ),
            ("unknown", &["Negotiate"], None),
            ("junk", &["\"\"\"", ",,,"], None),
            ("junk beside", &["\"\"\"", token], expected),
            ("none", &[], None),
        ] {
            assert_eq!(read(lines), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(
            lines in proptest::collection::vec(
                "((Bearer|basic|x)?[ ,=]{0,2}(realm|scope|error)?=?\"?[a-z:/,\\\\ \"]{0,12}\"?){0,5}|\\PC{0,40}",
                0..4,
            ),
        ) {
            let mut headers = HeaderMap::new();
            for line in &lines {
                if let Ok(value) = line.parse() {
                    headers.append(WWW_AUTHENTICATE, value);
                }
            }
            if let Some(Challenge::Bearer { realm, scopes, .. }) = Challenge::read(&headers) {
                let all: usize = lines.iter().map(String::len).sum();
                prop_assert!(!realm.is_empty() && realm.len() <= all);
                prop_assert!(scopes.to_string().len() <= all);
            }
        }

        #[test]
        fn what_is_quoted_comes_back(realm in "[ -~]{1,40}", scope in "[a-z:,]{0,20}") {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!(r#"Bearer realm="{quoted}",scope="{scope}""#);
            prop_assert_eq!(read(&[&line]), bearer(&realm, None, &scope));
        }
    }

    #[test]
    fn long_lines_take_no_time() {
        for part in [
            ",",
            "\"",
            "Bearer realm=\"x\",",
            "a=b,",
            "\\\"",
            "Bearer ",
            " ",
            "Basic,",
        ] {
            let line = part.repeat(300_000 / part.len());
            // Whatever it means, it is found out at once.
            let _ = read(&[&line]);
            let _ = read(&[&format!("Bearer realm=\"{line}\"")]);
        }
    }
}
