//! What is remembered about a registry has bounds: a server that lives long meets many repositories.

use std::collections::HashMap;
use std::hash::Hash;

/// Makes room for `new` in a map of at most `most` entries: the others are forgotten, but for those that `keep` says
/// are in use.
pub(super) fn bound<K: Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    most: usize,
    new: &K,
    keep: impl Fn(&V) -> bool,
) {
    if map.len() >= most && !map.contains_key(new) {
        map.retain(|_, value| keep(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_keeps_what_is_in_use() {
        let mut map = HashMap::new();
        for key in 0..1000 {
            bound(&mut map, 10, &key, |used| *used);
            map.insert(key, key % 100 == 0);
            assert!(map.len() <= 20, "{}", map.len());
        }
        assert_eq!(map.values().filter(|used| **used).count(), 10);
        // Who is in it needs no room.
        let before = map.len();
        bound(&mut map, 1, &0, |_| false);
        assert_eq!(map.len(), before);
    }
}
