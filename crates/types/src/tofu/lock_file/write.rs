//! Writing a lock file.

use std::fmt::Write as _;

use super::{LockFile, LockOrigin, ProviderLock, merge_hashes};

const SECOND_LINE: &str = "# Manual edits may be lost in future updates.";

impl LockOrigin {
    /// The first line of a lock file, without its line end.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Tofu => "# This file is maintained automatically by \"tofu init\".",
            Self::Terraform => "# This file is maintained automatically by \"terraform init\".",
        }
    }
}

impl LockFile {
    /// The text of the file, byte for byte as `tofu init` or `terraform init` writes it: entries
    /// sorted by host, namespace and type, hashes sorted and without repetition, LF line ends.
    pub fn write(&self) -> String {
        let mut out = String::new();
        out.push_str(self.origin.unwrap_or_default().header());
        out.push('\n');
        out.push_str(SECOND_LINE);
        out.push('\n');
        for lock in self.iter() {
            entry(&mut out, lock);
        }
        out
    }
}

fn entry(out: &mut String, lock: &ProviderLock) {
    let addr = quote(&lock.addr.to_string());
    let version = quote(&lock.version.to_string());
    let constraints = lock.constraints.to_string();
    // Writing into a string does not fail.
    let _ = writeln!(out, "\nprovider {addr} {{");
    if constraints.is_empty() {
        let _ = writeln!(out, "  version = {version}");
    } else {
        let _ = writeln!(out, "  version     = {version}");
        let _ = writeln!(out, "  constraints = {}", quote(&constraints));
    }
    if !lock.hashes.is_empty() {
        out.push_str("  hashes = [\n");
        for hash in merge_hashes(&lock.hashes, &[]) {
            let _ = writeln!(out, "    {},", quote(&hash.to_string()));
        }
        out.push_str("  ]\n");
    }
    out.push_str("}\n");
}

/// A quoted string of HCL. Hashes of unknown schemes may hold any character.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
