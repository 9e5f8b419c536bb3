//! `h1:`, the hash of a tree of files.
//!
//! Over all files, sorted by the bytes of their names: the sha256 of the content in hex, two
//! spaces, the name, a newline. The sha256 of that text is the hash. Modes, times and directories
//! do not count, so a package has the same hash packed by anybody.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

/// The `h1` of files given as name and sha256 of the content, in any order.
///
/// ```
/// use tofu_oci_trust::h1::h1_of;
/// use tofu_oci_types::oci::Digest;
///
/// let files = [("xyz", Digest::of(b"data for xyz")), ("abc", Digest::of(b"data for abc"))];
/// assert_eq!(
///     h1_of(files).to_string(),
///     "h1:EP6WfDoQTSk9klnxcjriWJOGztueJUywHNmWeq+efB8="
/// );
/// ```
pub fn h1_of<N: Into<String>>(files: impl IntoIterator<Item = (N, Digest)>) -> PackageHash {
    let mut builder = H1Builder::new();
    for (name, digest) in files {
        builder.add(name, digest);
    }
    builder.finish()
}

/// Collects files for an `h1`.
///
/// Names are relative, with `/`. A name with a newline has no `h1` in any tool; the readers of
/// this crate refuse such names before they get here.
#[derive(Debug, Clone, Default)]
pub struct H1Builder {
    files: BTreeMap<String, Digest>,
}

impl H1Builder {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with the sha256 of its content; the last of two files of one name counts.
    pub fn add(&mut self, name: impl Into<String>, content: Digest) {
        self.files.insert(name.into(), content);
    }

    /// The hash of all files added.
    pub fn finish(self) -> PackageHash {
        let mut hasher = Context::new(&SHA256);
        for (name, content) in &self.files {
            hasher.update(content.encoded().as_bytes());
            hasher.update(b"  ");
            hasher.update(name.as_bytes());
            hasher.update(b"\n");
        }
        let mut bytes = [0; 32];
        // Of equal length: sha256 has 32 bytes.
        bytes
            .iter_mut()
            .zip(hasher.finish().as_ref())
            .for_each(|(byte, sum)| *byte = *sum);
        PackageHash::from_h1_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vectors() {
        type Files = &'static [(&'static str, &'static str)];
        let cases: [(&str, Files, &str); 7] = [
            (
                "none",
                &[],
                "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            ),
            (
                "two files",
                &[("abc", "data for abc"), ("xyz", "data for xyz")],
                "h1:EP6WfDoQTSk9klnxcjriWJOGztueJUywHNmWeq+efB8=",
            ),
            (
                "in a directory",
                &[
                    ("prefix/abc", "data for abc"),
                    ("prefix/xyz", "data for xyz"),
                ],
                "h1:rLyfpGMAgqOnGE2aKOY5Xb6cOc0/YQhPjHBHBwkblhs=",
            ),
            (
                "with a directory entry",
                &[
                    ("prefix/", ""),
                    ("prefix/abc", "data for abc"),
                    ("prefix/xyz", "data for xyz"),
                ],
                "h1:5mobUXqB9Fl/FZPsMCZ2Td+kHBYl4Vr4yqH6IJuViqk=",
            ),
            (
                "a provider",
                &[("terraform-provider-foo", "hello\n")],
                "h1:AKlMjWv60ocfqoVKFtoTku0Arr+AbCwgMKeoW/3K9EA=",
            ),
            (
                "a provider with a text",
                &[("terraform-provider-foo", "hello\n"), ("README", "doc\n")],
                "h1:2m3mO+k9nGWARyq9EiQGD/Y1NivNXfPImbrATMaLytQ=",
            ),
            (
                "sorted by bytes: - before . before /",
                &[("a/b", "2"), ("a.b", "1"), ("a-b", "3")],
                "h1:3Xy8A0Y5xIJNn8t3NJa6TVGUqdPkokS1u99cO889qCA=",
            ),
        ];
        for (name, files, expected) in cases {
            let hash = h1_of(
                files
                    .iter()
                    .map(|(name, content)| (*name, Digest::of(content.as_bytes()))),
            );
            assert_eq!(hash.to_string(), *expected, "{name}");
        }
    }
}
