//! JSON objects whose members keep their order and, unread, their bytes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a document may nest.
const DEPTH_LIMIT: usize = 64;

/// The members of an object, as written. It may hold secrets, so it shows nothing of itself.
#[derive(Clone, Default)]
pub(super) struct Members(pub(super) Vec<(String, Box<RawValue>)>);

/// What is wrong with a document: never a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl From<serde_json::Error> for Malformed {
    /// The place alone: the text of the error may repeat a value.
    fn from(error: serde_json::Error) -> Self {
        Self(match error.line() {
            0 => "it is not JSON of the form that it has to have".to_owned(),
            line => format!(
                "it is not JSON of the form that it has to have: line {line}, column {}",
                error.column()
            ),
        })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ordered;

        impl<'de> Visitor<'de> for Ordered {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Ordered)
    }
}

impl Members {
    /// Reads a document. One that is empty is an object without members, as for Docker.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let members = serde_json::from_slice(bytes)?;
        // After reading: what is JSON has its quotes and brackets in pairs.
        if depth(bytes) > DEPTH_LIMIT {
            return Err(Malformed("it is nested too deeply".to_owned()));
        }
        Ok(members)
    }

    /// Reads an object within a document; `null` is one without members.
    pub(super) fn within(value: &RawValue) -> Result<Self, Malformed> {
        let members: Option<Self> = serde_json::from_str(value.get())
            .map_err(|_| Malformed("a value in it is not an object".to_owned()))?;
        Ok(members.unwrap_or_default())
    }

    /// Whether the name of a member is `name`; like Docker, which is written in Go, whatever the case.
    pub(super) fn is_named(member: &str, name: &str) -> bool {
        member.eq_ignore_ascii_case(name)
    }

    /// The values of a member. Several where it stands more than once.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &RawValue> {
        let named = move |(member, _): &&(String, Box<RawValue>)| Self::is_named(member, name);
        self.0.iter().filter(named).map(|(_, value)| &**value)
    }

    /// The last value of a member as text; absent where that is `null` or empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Malformed> {
        let Some(value) = self.all(name).last() else {
            return Ok(None);
        };
        let text: Option<String> = serde_json::from_str(value.get())
            .map_err(|_| Malformed(format!("{name:?} in it is not a text")))?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Writes the object with tabs, as Docker and Podman do; values keep the bytes they have.
    pub(super) fn write(&self, indent: usize) -> String {
        if self.0.is_empty() {
            return "{}".to_owned();
        }
        let tabs = "\t".repeat(indent);
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{tabs}\t{}: {}", quoted(name), value.get()))
            .collect();
        format!("{{\n{}\n{tabs}}}", members.join(",\n"))
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How deep brackets nest in a JSON text.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut within, mut escaped) = (false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            _ if within => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_and_bytes() {
        let text = r#"{"z": {"b" :1.50, "a":"\u00e9"}, "a":[ 1,2 ], "z":null}"#;
        let members = Members::read(text.as_bytes()).unwrap();
        assert_eq!(
            members.write(0),
            "{\n\t\"z\": {\"b\" :1.50, \"a\":\"\\u00e9\"},\n\t\"a\": [ 1,2 ],\n\t\"z\": null\n}"
        );
        assert_eq!(Members::default().write(3), "{}");
    }

    #[test]
    fn nesting_is_limited() {
        let nest = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(Members::read(nest(DEPTH_LIMIT - 1).as_bytes()).is_ok());
        for n in [DEPTH_LIMIT, 200, 100_000] {
            assert!(Members::read(nest(n).as_bytes()).is_err(), "{n}");
        }
        // Brackets in a text are text.
        let text = format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(100));
        assert!(Members::read(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_without_the_text() {
        for text in ["\"s3cret\"", "[\"s3cret\"]", "{\"s3cret\"}", "s3cret", "{"] {
            let Malformed(told) = Members::read(text.as_bytes()).err().unwrap();
            assert!(!told.contains("s3cret"), "{told}");
        }
        let members = Members::read(b"{\"Auth\":[\"s3cret\"],\"x\":\"s3cret\"}").unwrap();
        let Malformed(told) = members.text("auth").unwrap_err();
        assert!(!told.contains("s3cret"), "{told}");
        let value = members.all("x").next().unwrap();
        let Malformed(told) = Members::within(value).err().unwrap();
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[test]
    fn empty_is_no_members() {
        for text in ["", " \n", "{}"] {
            assert!(Members::read(text.as_bytes()).unwrap().0.is_empty());
        }
    }
}
