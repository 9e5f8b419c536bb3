//! JSON as blocks: how names turn into labels.
//!
//! JSON does not say which object is a block with a label and which is an argument, so the clients
//! guess. An object that holds nothing but objects gives its names to the name before it
//! (`{"a":{"b":{…}}}` is `a "b" {…}`), and a list of nothing but objects is that many items. An
//! empty object and an empty list stay as they are.

use std::sync::Arc;

use super::{Item, Key, Object, Value, ValueKind};

/// The object with labels in place of nested names, here and below.
pub(super) fn object(object: Object) -> Object {
    let mut items = Vec::new();
    for item in object.items {
        flatten(item.keys, item.value, &mut items);
    }
    for item in &mut items {
        below(&mut item.value);
    }
    Object { items, ..object }
}

fn below(value: &mut Value) {
    match &mut value.kind {
        ValueKind::Object(found) => {
            let empty = Object {
                items: Vec::new(),
                span: found.span.clone(),
            };
            *found = object(std::mem::replace(found, empty));
        }
        ValueKind::List(values) => values.iter_mut().for_each(below),
        _ => {}
    }
}

/// Adds what `keys` and `value` stand for. The recursion ends where the reader's limit of nesting
/// ends.
fn flatten(keys: Vec<Arc<Key>>, value: Value, items: &mut Vec<Item>) {
    let objects = |values: &[Value]| {
        !values.is_empty()
            && values
                .iter()
                .all(|v| matches!(v.kind, ValueKind::Object(_)))
    };
    match value.kind {
        ValueKind::Object(object)
            if !object.items.is_empty()
                && object
                    .items
                    .iter()
                    .all(|item| matches!(item.value.kind, ValueKind::Object(_))) =>
        {
            for inner in object.items {
                let path = keys.iter().cloned().chain(inner.keys).collect();
                flatten(path, inner.value, items);
            }
        }
        ValueKind::List(values) if objects(&values) => {
            for value in values {
                flatten(keys.clone(), value, items);
            }
        }
        kind => items.push(Item {
            keys,
            equals: false,
            value: Value {
                kind,
                span: value.span,
            },
        }),
    }
}
