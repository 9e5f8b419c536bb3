//! File names that come from a registry: any writer of it may have chosen them.

/// The longest name that common file systems take, in bytes.
const LIMIT: usize = 255;

/// Names that Windows takes for devices, whatever follows the first dot.
const DEVICES: [&str; 6] = ["aux", "con", "nul", "prn", "conin$", "conout$"];

/// Why a name must not be written to a disk; `None` where it may.
pub(super) fn problem(name: &str) -> Option<&'static str> {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > LIMIT {
        return Some("it is too long");
    }
    if name.contains(['/', '\\', ':']) {
        return Some("it has a separator");
    }
    if name.starts_with('.') {
        return Some("it begins with a dot");
    }
    if name.ends_with(['.', ' ']) {
        return Some("it ends with a dot or a blank");
    }
    if name.chars().any(invisible) {
        return Some("it has a control character");
    }
    if name.contains(['<', '>', '"', '|', '?', '*']) {
        return Some("it has a character that not every file system takes");
    }
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    let device = DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()));
    device.then_some("it is the name of a device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "terraform-provider-demo_1.2.3_linux_amd64.zip",
            "terraform-provider-demo_1.2.3+b.1_SHA256SUMS",
            "0F1E2D3C4B5A6978.asc",
            "module-1.0.0.zip",
            "é.json",
            "console.txt",
        ] {
            assert_eq!(problem(name), None, "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "C:x",
            ".bashrc",
            "x\n",
            "x\u{1b}[31m",
            "x\0",
            "\u{202e}gpj.exe",
            "nul",
            "CON.txt",
            "com1",
            "lpt9.zip",
            "x.",
            "x ",
            "a*b",
            &"x".repeat(256),
        ] {
            assert!(problem(name).is_some(), "{name:?}");
        }
    }
}
