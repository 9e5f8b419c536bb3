use std::fmt;

use tofu_oci::types::ParseError;
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::RepositoryTemplate;

/// Why a place is not one that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// It is in a registry; with the form that is meant instead.
    Registry(&'static str),
    /// It looks like a path; with what to write instead.
    Path(String),
    /// It does not parse.
    Invalid(String),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(_) => f.write_str("registries over the network are not supported yet"),
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
    if text.starts_with("oci://") {
        return Err(AddressError::Registry(REPOSITORY));
    }
    match text.parse()? {
        Address::Registry(_) => Err(AddressError::Registry(REPOSITORY)),
        directory @ Address::Directory(_) => Ok(directory),
    }
}

/// The value parser of templates.
pub(crate) fn template(text: &str) -> Result<RepositoryTemplate, AddressError> {
    if let Some(path) = path(text) {
        return Err(AddressError::Path(format!(
            "providers in a directory are written dir:{}",
            with_variables(path)
        )));
    }
    if text.starts_with("oci://") {
        return Err(AddressError::Registry(TEMPLATE));
    }
    let template = text.parse()?;
    if text.starts_with("dir:") {
        Ok(template)
    } else {
        Err(AddressError::Registry(TEMPLATE))
    }
}

const REPOSITORY: &str = "name a repository in a directory: dir:PATH//NAME";
const TEMPLATE: &str = "name repositories in a directory: 'dir:PATH//{namespace}/{type}'";

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
    fn only_directories_are_reached() {
        for text in ["dir:x", "dir:./x//a/b:1", "dir:/srv/x"] {
            assert!(address(text).is_ok(), "{text}");
        }
        assert!(template("dir:x//{namespace}/{type}").is_ok());
        for text in ["oci.example.com/a/b:1", "oci://oci.example.com/a", "oci://"] {
            assert_eq!(address(text), Err(AddressError::Registry(REPOSITORY)));
        }
        for text in ["oci.example.com/{namespace}/{type}", "oci://h/{type}"] {
            assert!(
                matches!(template(text), Err(AddressError::Registry(TEMPLATE))),
                "{text}"
            );
        }
        for text in ["", "dir:", "dir:x:a b", "a b/c"] {
            assert!(
                matches!(address(text), Err(AddressError::Invalid(_))),
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
