//! JSON as OCI documents need it: read strictly, written the way Go writes it.
//!
//! Strict, because two readers that resolve a duplicate key differently see two documents under
//! one digest. Go's way, because the same input must give the same digest as other OCI tools.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde::ser::Serialize;
use serde_json::ser::Formatter;

/// How deep a document may nest.
pub const DEPTH_LIMIT: usize = 64;

/// A JSON document that is refused: what is wrong, with line and column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSON: {reason}")]
pub struct JsonError {
    /// Why, with line and column; control characters are escaped.
    pub reason: String,
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let reason: String = error.to_string().chars().take(300).collect();
        Self {
            reason: reason.escape_debug().to_string().replace("\\\"", "\""),
        }
    }
}

/// Reads a document; duplicate keys and nesting beyond [`DEPTH_LIMIT`] are refused.
///
/// # Errors
///
/// [`JsonError`] where the bytes are not JSON, are refused, or have another shape than `T`.
pub fn read_strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes)?;
    Ok(serde_json::from_slice(bytes)?)
}

/// Checks a document without reading it into anything.
///
/// # Errors
///
/// As [`read_strict`].
pub fn check(bytes: &[u8]) -> Result<(), JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Check { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(())
}

#[derive(Clone, Copy)]
struct Check {
    depth: usize,
}

impl Check {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_LIMIT {
            return Err(E::custom("it is nested too deeply"));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while seq.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = Keys::default();
        while let Some(Key(key)) = map.next_key()? {
            if keys.has(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
            map.next_value_seed(inner)?;
            keys.add(key);
        }
        Ok(())
    }
}

/// The keys of one object. Most have a handful, and comparing those costs less than hashing them.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// How many are compared one by one.
    const FEW: usize = 16;

    fn has(&self, key: &str) -> bool {
        self.few.iter().any(|few| few == key) || self.many.contains(key)
    }

    fn add(&mut self, key: Cow<'de, str>) {
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Writes a value as Go's `encoding/json` does: compact, and with `<`, `>`, `&` and the two
/// Unicode line separators escaped.
///
/// # Errors
///
/// [`JsonError`] where a value cannot be written as JSON, which for our documents cannot be.
pub fn to_go_json<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut bytes = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, GoFormatter);
    value.serialize(&mut serializer)?;
    Ok(bytes)
}

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(position) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(position);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            if let Some(special) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(special))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for (name, text) in [
            ("twice", r#"{"a":1,"a":2}"#),
            ("twice by escape", r#"{"a":1,"\u0061":2}"#),
            ("twice, inside", r#"[{"b":{"a":1,"a":1}}]"#),
            ("trailing", "{} {}"),
            ("cut", r#"{"a":"#),
            ("not JSON", "<html>"),
            ("empty", ""),
        ] {
            assert!(check(text.as_bytes()).is_err(), "{name}");
        }
        assert!(check(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"c":null,"d":1.5,"e":-1}"#).is_ok());
    }

    #[test]
    fn nesting_is_limited() {
        let nest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(check(nest(DEPTH_LIMIT).as_bytes()).is_ok());
        assert!(check(nest(DEPTH_LIMIT + 1).as_bytes()).is_err());
        assert!(check("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn writes_as_go_does() {
        let text = "a<b>&\u{2028}\u{2029}\u{1}\n\"\\é";
        let written = String::from_utf8(to_go_json(&text).unwrap()).unwrap();
        assert_eq!(
            written,
            r#""a\u003cb\u003e\u0026\u2028\u2029\u0001\n\"\\é""#
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn a_hostile_key_cannot_reach_a_terminal() {
        let error = check(b"{\"\\u001b[2J\":1,\"\\u001b[2J\":2}").unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
}
