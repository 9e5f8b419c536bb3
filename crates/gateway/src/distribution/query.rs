//! The query of a request.

use std::str::FromStr;

use super::error::Refusal;

/// The parameters of a query, in order. A plus is a plus: media types have them, and nothing of ours has blanks.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query without its question mark. What is no escape is refused.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        let refusal = || Refusal::bad_request("the query has an escape that is none");
        Ok(Self(pairs.ok_or_else(refusal)?))
    }

    /// The first parameter of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All parameters of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first parameter of this name, read; `invalid` refuses what cannot be.
    pub(super) fn read<T: FromStr>(
        &self,
        name: &str,
        invalid: impl FnOnce(&str) -> Refusal,
    ) -> Result<Option<T>, Refusal> {
        let text = self.get(name);
        text.map(|text| text.parse().map_err(|_| invalid(text)))
            .transpose()
    }
}

/// A text without its escapes; `None` where one is broken or the text is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A text as the value of a parameter.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let query = Query::parse("a=1&&b=x%2By+z&a=%C3%A9&c").unwrap();
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "é"]);
        assert_eq!(query.get("b"), Some("x+y+z"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get("d"), None);
        for broken in ["a=%", "a=%2", "a=%zz", "%ff=1"] {
            assert!(Query::parse(broken).is_err(), "{broken}");
        }
        assert_eq!(encoded("a/b+c d"), "a/b%2Bc%20d");
    }
}
