use std::fmt;

use tofu_oci::types::ParseError;
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::RepositoryTemplate;

/// Why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// It looks like a path; with what to write instead.
    Path(String),
    /// It does not parse.
    Invalid(String),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(_) => f.write_str("it looks like a path"),
            Self::Invalid(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for AddressError {}

impl From<ParseError> for AddressError {
    fn from(error: ParseError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The value parser of repositories.
pub(crate) fn address(text: &str) -> Result<Address, AddressError> {
    if let Some(path) = path(text) {
        return Err(AddressError::Path(if path.contains("//") {
            format!("a repository in a directory is written dir:{path}")
        } else {
            format!("a directory is written dir:{path}, and a repository in it dir:{path}//NAME")
        }));
    }
    Ok(text.parse()?)
}

/// The value parser of templates.
pub(crate) fn template(text: &str) -> Result<RepositoryTemplate, AddressError> {
    if let Some(path) = path(text) {
        return Err(AddressError::Path(format!(
            "providers in a directory are written dir:{}",
            with_variables(path)
        )));
    }
    // Said in front of a repository only to tell it from other addresses.
    Ok(text.strip_prefix("oci://").unwrap_or(text).parse()?)
}

/// `text` without slashes at its end, where it is a path and nothing else.
pub(super) fn path(text: &str) -> Option<&str> {
    if text.is_empty() || text.starts_with("dir:") || text.contains("://") {
        return None;
    }
    let path = text.starts_with(['/', '.', '~'])
        || text.contains('\\')
        || !text.contains(['/', ':', '@', '{']);
    path.then(|| match text.trim_end_matches('/') {
        "" => "/",
        shorter => shorter,
    })
}

/// `path` with variables below it, where it has none yet.
fn with_variables(path: &str) -> String {
    if path.contains('{') {
        path.to_owned()
    } else {
        format!("{path}//{{namespace}}/{{type}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_and_directories() {
        for text in [
            "dir:x",
            "dir:./x//a/b:1",
            "dir:/srv/x",
            "oci.example.com/a/b:1",
            "localhost:5000/a",
            "[::1]:5000/a/b",
        ] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
        assert_eq!(
            address("oci://oci.example.com/a:1").unwrap().to_string(),
            "oci.example.com/a:1"
        );
        for text in [
            "dir:x//{namespace}/{type}",
            "oci.example.com/{namespace}/{type}",
            "oci.example.com/${namespace}/${type}",
        ] {
            assert_eq!(template(text).unwrap().to_string(), text);
        }
        assert_eq!(template("oci://h/{type}").unwrap().to_string(), "h/{type}");
        for text in [
            "",
            "dir:",
            "dir:x:a b",
            "a b/c",
            "oci://",
            "oci://a",
            "https://h/a",
        ] {
            assert!(
                matches!(address(text), Err(AddressError::Invalid(_))),
                "{text}"
            );
        }
        for text in ["oci://", "oci://{type}", "https://h/{type}"] {
            assert!(
                matches!(template(text), Err(AddressError::Invalid(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn paths_are_told_what_to_be() {
        for (text, found) in [
            ("./registry/", Some("./registry")),
            ("registry", Some("registry")),
            ("/", Some("/")),
            ("../x", Some("../x")),
            ("~/x", Some("~/x")),
            ("C:\\x", Some("C:\\x")),
            ("oci.example.com/a", None),
            ("dir:x", None),
        ] {
            assert_eq!(path(text), found, "{text}");
        }
        assert_eq!(with_variables("x"), "x//{namespace}/{type}");
        assert_eq!(with_variables("./x//{type}"), "./x//{type}");
    }
}
