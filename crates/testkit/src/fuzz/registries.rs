//! What registries answer.

use tofu_oci_store::remote::fuzzing;

use super::text;

pub(super) fn tag_list(data: &[u8]) {
    let _ = fuzzing::tags(data);
}

pub(super) fn referrers(data: &[u8]) {
    let _ = fuzzing::referrers(data);
}

pub(super) fn token(data: &[u8]) {
    if let Some(seconds) = fuzzing::token(data) {
        assert!((60..=30 * 24 * 3600).contains(&seconds));
    }
}

pub(super) fn error_answer(data: &[u8]) {
    let answer = fuzzing::answer(data);
    assert!(answer.message.len() <= 1024);
    let shown = answer.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
}

pub(super) fn challenge(data: &[u8]) {
    if let Some(realm) = fuzzing::challenge(data) {
        assert!(!realm.is_empty());
    }
}

pub(super) fn link(data: &[u8]) {
    let line = text(data);
    if let Some(target) = fuzzing::link(line) {
        assert!(line.contains(&format!("<{target}>")));
    }
}

pub(super) fn range(data: &[u8]) {
    let text = text(data);
    let _ = (fuzzing::content_range(text), fuzzing::upload_range(text));
}
