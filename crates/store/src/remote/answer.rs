//! What a registry says when it does not do what it was asked. Distribution spec v1.1.1, "Error Codes".

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::error::Answer;

/// How much of a body that tells an error is read.
const BODY_LIMIT: usize = 64 * 1024;
/// How much of it is kept.
const MESSAGE_LIMIT: usize = 1024;
/// What is said of a body that is one.
pub(super) const PAGE: &str = "a web page, not an answer of a registry";
/// Names under which registries number requests.
const REQUEST_IDS: [&str; 5] = [
    "x-request-id",
    "x-ms-correlation-request-id",
    "x-github-request-id",
    "x-amzn-requestid",
    "docker-request-id",
];

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    errors: Option<Vec<Entry>>,
    // Token endpoints and proxies have their own forms.
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    detail: Option<Value>,
}

impl Answer {
    /// Reads the body of an answer, as far as it is of use and as long as `within`.
    pub(super) async fn read(mut response: Response, within: Duration) -> Self {
        let mut body = BytesMut::new();
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                let room = BODY_LIMIT.saturating_sub(body.len());
                body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if body.len() >= BODY_LIMIT {
                    break;
                }
            }
        };
        // A body that breaks off or only trickles says what it has said by then.
        let _ = tokio::time::timeout(within, read).await;
        Self::of(
            response.status().as_u16(),
            response.headers(),
            &body.freeze(),
        )
    }

    pub(super) fn of(status: u16, headers: &HeaderMap, body: &Bytes) -> Self {
        let request_id = REQUEST_IDS
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
            .map(|id| clean(id, 128));
        let (code, message, codes) = match object::<Document>(body) {
            Some(document) => document.parts(),
            None => (None, text(headers, body), Vec::new()),
        };
        Self {
            status,
            code,
            message,
            request_id,
            codes,
        }
    }
}

impl Document {
    fn parts(self) -> (Option<String>, String, Vec<String>) {
        let entries = self.errors.unwrap_or_default();
        let codes: Vec<String> = entries
            .iter()
            .filter_map(|entry| word(entry.code.as_ref()?))
            .collect();
        let mut messages: Vec<String> = entries.iter().map(Entry::text).collect();
        let error = self.error.as_ref().and_then(word);
        messages.extend(error);
        messages.extend(self.error_description);
        messages.extend(self.details);
        messages.extend(self.message);
        messages.retain(|message| !message.is_empty());
        messages.dedup();
        let message = clean(&messages.join("; "), MESSAGE_LIMIT);
        (codes.first().cloned(), message, codes)
    }
}

impl Entry {
    fn text(&self) -> String {
        let message = self.message.clone().unwrap_or_default();
        let detail = match &self.detail {
            None | Some(Value::Null) => return message,
            Some(Value::String(text)) => text.clone(),
            Some(Value::Object(map)) if map.is_empty() => return message,
            Some(Value::Array(list)) if list.is_empty() => return message,
            Some(other) => other.to_string(),
        };
        if detail.is_empty() || detail == message {
            return message;
        }
        match message.is_empty() {
            true => detail,
            false => format!("{message}: {detail}"),
        }
    }
}

/// A JSON object as what it stands for; what is none, such as a list of the fields' values, is nothing.
pub(super) fn object<T: serde::de::DeserializeOwned>(body: &[u8]) -> Option<T> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text, 128)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A body that is no error document: nothing of a web page, the beginning of anything else.
fn text(headers: &HeaderMap, body: &[u8]) -> String {
    if is_page(headers, body) {
        return PAGE.to_owned();
    }
    clean(String::from_utf8_lossy(body).trim(), MESSAGE_LIMIT)
}

/// Whether a body is a web page, by its type or by its first character.
pub(super) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(reqwest::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => false,
        Some(b'<') => true,
        _ => kind.to_ascii_lowercase().starts_with("text/html"),
    }
}

/// One line without control characters, at most `limit` bytes.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => continue,
            c => c,
        };
        if out.len() + c.len_utf8() > limit {
            break;
        }
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(kind: &str, body: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        headers.insert("x-request-id", "r1".parse().unwrap());
        Answer::of(400, &headers, &Bytes::copy_from_slice(body.as_bytes())).to_string()
    }

    #[test]
    fn bodies() {
        for (name, kind, body, shown) in [
            (
                "an error document",
                "application/json",
                r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unknown media type: x"}]}"#,
                "400 MANIFEST_INVALID: manifest invalid: unknown media type: x (request r1)",
            ),
            (
                "any detail",
                "application/json",
                r#"{"errors":[{"code":"X","detail":{"a":1}},{"code":"Y","message":"m"}]}"#,
                r#"400 X: {"a":1}; m (request r1)"#,
            ),
            (
                "a token endpoint",
                "application/json",
                r#"{"error":"invalid_grant","error_description":"no"}"#,
                "400: invalid_grant; no (request r1)",
            ),
            (
                "null",
                "application/json",
                r#"{"errors":null}"#,
                "400 (request r1)",
            ),
            (
                "text",
                "text/plain",
                "too\u{1b}[31m many\n\nrequests",
                "400: too[31m many requests (request r1)",
            ),
            (
                "a page",
                "text/html; charset=utf-8",
                "<html>secret",
                "400: a web page, not an answer of a registry (request r1)",
            ),
            ("nothing", "application/json", "", "400 (request r1)"),
            (
                "another shape",
                "application/json",
                "[1]",
                "400: [1] (request r1)",
            ),
        ] {
            assert_eq!(answer(kind, body), shown, "{name}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(clean("aéb", 2), "a");
        assert_eq!(clean("aéb", 3), "aé");
    }

    proptest! {
        #[test]
        fn any_body_is_bounded(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            json in r#"\{"errors":\[(\{"(code|message|detail)":("[a-z]{0,9}"|[0-9]{1,3}|null|\[\]|\{\})\},?){0,4}\]\}?"#,
            times in 1usize..2000,
        ) {
            for body in [body.repeat(times), json.into_bytes()] {
                let mut headers = HeaderMap::new();
                headers.insert("content-type", "application/json".parse().unwrap());
                let answer = Answer::of(400, &headers, &Bytes::from(body));
                prop_assert!(answer.message.len() <= MESSAGE_LIMIT);
                prop_assert!(answer.code.as_ref().is_none_or(|code| code.len() <= 128));
                prop_assert!(!answer.to_string().chars().any(char::is_control));
            }
        }

        #[test]
        fn cleaned_text_fits(text in "\\PC{0,50}|[\\x00-\\x20a-zé]{0,50}", limit in 0usize..60) {
            let cleaned = clean(&text, limit);
            prop_assert!(cleaned.len() <= limit);
            prop_assert!(!cleaned.chars().any(char::is_control));
            prop_assert_eq!(clean(&cleaned, limit), cleaned);
        }
    }
}
