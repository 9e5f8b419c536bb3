//! Files of users and hashed passwords, as `htpasswd -B` writes them.

use std::collections::HashMap;
use std::fmt;

use super::AccessError;

/// Users and the bcrypt hashes of their passwords.
pub struct Htpasswd {
    users: HashMap<String, String>,
    /// A hash that is checked where there is no user, so that both take the same time.
    decoy: String,
}

impl Htpasswd {
    /// Reads the text of a file: `NAME:HASH` a line; empty lines and lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`AccessError`] with the line that cannot be used.
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let mut users: HashMap<String, String> = HashMap::new();
        let mut decoy: Option<(u32, &str)> = None;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (name, hash) = text.split_once(':').ok_or(AccessError::Line { line })?;
            if name.is_empty() {
                return Err(AccessError::Line { line });
            }
            let name = name.to_owned();
            let Ok(parts) = hash.parse::<bcrypt::HashParts>() else {
                return Err(AccessError::NotBcrypt { name, line });
            };
            // The dearest of them: nobody learns a name from the time that it takes.
            if decoy.is_none_or(|(cost, _)| parts.get_cost() > cost) {
                decoy = Some((parts.get_cost(), hash));
            }
            if users.contains_key(&name) {
                return Err(AccessError::Twice { name, line });
            }
            users.insert(name, hash.to_owned());
        }
        let (_, decoy) = decoy.ok_or(AccessError::NoUsers)?;
        Ok(Self {
            decoy: decoy.to_owned(),
            users,
        })
    }

    /// Whether there is such a user.
    pub fn contains(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }

    /// The hash to check a password of `name` against, and whether that can succeed.
    pub(super) fn hash(&self, name: &str) -> (&str, bool) {
        match self.users.get(name) {
            Some(hash) => (hash, true),
            None => (&self.decoy, false),
        }
    }
}

/// Names only.
impl fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.users.keys()).finish()
    }
}
