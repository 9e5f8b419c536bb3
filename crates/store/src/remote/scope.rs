//! What a token is asked for. Token authentication specification, "Requesting a Token": scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tofu_oci_types::oci::RepositoryName;

/// What a request does to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It reads.
    Pull,
    /// It reads and writes.
    Push,
    /// It deletes.
    Delete,
}

impl Access {
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Pull => &["pull"],
            Self::Push => &["pull", "push"],
            Self::Delete => &["delete", "pull", "push"],
        }
    }
}

/// A set of scopes: by type and name, the actions. Equal sets have one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Scopes(BTreeMap<(String, String), BTreeSet<String>>);

impl Scopes {
    /// The scope of one repository.
    pub(super) fn repository(name: &RepositoryName, access: Access) -> Self {
        let mut scopes = Self::default();
        let actions = access.actions().iter().map(|&action| action.to_owned());
        let key = ("repository".to_owned(), name.to_string());
        scopes.0.insert(key, actions.collect());
        scopes
    }

    /// Reads what a challenge asks for: scopes divided by blanks. What is no scope is kept out.
    pub(super) fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for scope in text.split_ascii_whitespace() {
            // A name may have a port, so the outer colons divide.
            let Some((kind, rest)) = scope.split_once(':') else {
                continue;
            };
            let Some((name, actions)) = rest.rsplit_once(':') else {
                continue;
            };
            let actions = actions.split(',').filter(|action| !action.is_empty());
            let key = (kind.to_owned(), name.to_owned());
            let entry = scopes.0.entry(key).or_default();
            entry.extend(actions.map(str::to_owned));
        }
        scopes
    }

    /// This and the other together.
    #[must_use]
    pub(super) fn and(mut self, other: &Self) -> Self {
        for (key, actions) in &other.0 {
            let entry = self.0.entry(key.clone()).or_default();
            entry.extend(actions.iter().cloned());
        }
        self
    }

    /// Whether the other is about nothing else than this.
    pub(super) fn covers_names_of(&self, other: &Self) -> bool {
        other.0.keys().all(|key| self.0.contains_key(key))
    }

    /// Each scope as its own text.
    pub(super) fn each(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|((kind, name), actions)| {
            let actions = match actions.contains("*") {
                true => "*".to_owned(),
                false => actions.iter().cloned().collect::<Vec<_>>().join(","),
            };
            format!("{kind}:{name}:{actions}")
        })
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.each().collect();
        f.write_str(&all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sets_are_merged_and_sorted() {
        for (texts, merged) in [
            (
                &["repository:a/b:push,pull"][..],
                "repository:a/b:pull,push",
            ),
            (
                &["repository:a:pull", "repository:a:push repository:b:pull"],
                "repository:a:pull,push repository:b:pull",
            ),
            (&["repository:h:5000/a:pull"], "repository:h:5000/a:pull"),
            (
                &["registry:catalog:*", "registry:catalog:x"],
                "registry:catalog:*",
            ),
            (&["", "nonsense", "a:b"], ""),
        ] {
            let all = texts
                .iter()
                .fold(Scopes::default(), |all, text| all.and(&Scopes::parse(text)));
            assert_eq!(all.to_string(), merged, "{texts:?}");
        }
        let name = "a/b".parse().unwrap();
        let push = Scopes::repository(&name, Access::Push);
        assert_eq!(push.to_string(), "repository:a/b:pull,push");
        assert_eq!(
            push.clone().and(&Scopes::repository(&name, Access::Pull)),
            push
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in "((repository|registry)?:?[a-z/:]{0,10}:?[a-z,*]{0,8} ?){0,4}") {
            let scopes = Scopes::parse(&text);
            let again = Scopes::parse(&scopes.to_string());
            prop_assert_eq!(again.to_string(), scopes.to_string());
        }
    }
}
