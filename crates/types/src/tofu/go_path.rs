//! Slash-separated paths, cleaned the way OpenTofu cleans them before it compares or records them.

/// The shortest path that means the same: no empty or `.` components, `..` resolved as far as
/// possible, no slash at the end; `.` for nothing.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        let table = [
            ("", "."),
            (".", "."),
            ("a/./b/../c", "a/c"),
            ("../nope", "../nope"),
            ("a/../..", ".."),
            ("/../a/", "/a"),
            ("/", "/"),
            ("a//b", "a/b"),
        ];
        for (path, cleaned) in table {
            assert_eq!(clean(path), cleaned, "{path:?}");
        }
    }
}
