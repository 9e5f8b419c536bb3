//! The environment that a configuration is found and read in, as a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The family of operating systems whose paths count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, macOS and the like.
    Unix,
    /// Windows.
    Windows,
}

/// What decides where configurations are, and what they may refer to.
#[derive(Debug, Clone)]
pub struct CliEnvironment {
    /// The operating system.
    pub system: System,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// On Windows, the directory of roaming application data.
    pub app_data: Option<PathBuf>,
    /// The environment variables.
    pub variables: Variables,
}

/// Environment variables by name. `Debug` shows none of their values: tokens are among them.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a variable that is set and not empty.
    pub fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The names that begin with `prefix`, without it, and their values.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// `text` with the values of `$NAME` and `${NAME}`; what is not set is empty. The rules are
    /// those of Go's `os.ExpandEnv`: a dollar sign that begins nothing stays, and what cannot be a
    /// reference (`${}`, `${` without an end) vanishes.
    pub fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, length) = reference(after);
            match name {
                Some(name) => out.push_str(self.get(name).unwrap_or_default()),
                None if length == 0 => out.push('$'),
                None => {}
            }
            rest = after.get(length..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

/// The name that the text behind a dollar sign begins with, if it is one, and how much of the text
/// belongs to the reference.
fn reference(text: &str) -> (Option<&str>, usize) {
    let special = |c: char| matches!(c, '*' | '#' | '$' | '@' | '!' | '?' | '-' | '0'..='9');
    if let Some(braced) = text.strip_prefix('{') {
        return match braced.find('}') {
            Some(0) => (None, 2),
            Some(length) => (braced.get(..length), length + 2),
            None => (None, 1),
        };
    }
    if text.starts_with(special) {
        return (text.get(..1), 1);
    }
    let length = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (text.get(..length).filter(|name| !name.is_empty()), length)
}

impl FromIterator<(String, String)> for Variables {
    /// Of a name that comes twice, the last counts.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}
