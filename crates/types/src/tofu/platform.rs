//! Platforms, in Go's words.

use std::env::consts;
use std::fmt;
use std::str::FromStr;

use crate::oci::OciPlatform;
use crate::{Noun, ParseError};

/// An operating system and an architecture: `linux_amd64`. The set is open.
///
/// The order is by operating system, then architecture.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    arch: String,
}

impl Platform {
    /// The operating system, as `GOOS` has it: `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture, as `GOARCH` has it: `amd64`.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// The platform that this program was built for.
    pub fn current() -> Self {
        let little = cfg!(target_endian = "little");
        let os = match consts::OS {
            "macos" => "darwin",
            os => os,
        };
        let arch = match consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "loongarch64" => "loong64",
            "powerpc64" if little => "ppc64le",
            "powerpc64" => "ppc64",
            "mips" if little => "mipsle",
            "mips64" if little => "mips64le",
            arch => arch,
        };
        Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        }
    }

    /// The end of an executable's name: `.exe` on Windows, else nothing.
    pub fn executable_suffix(&self) -> &'static str {
        match self.os.as_str() {
            "windows" => ".exe",
            _ => "",
        }
    }

    /// The platform of an index entry.
    pub fn to_oci(&self) -> OciPlatform {
        OciPlatform {
            architecture: self.arch.clone(),
            os: self.os.clone(),
            ..OciPlatform::default()
        }
    }

    /// The platform of an index entry, or `None` where OpenTofu never picks it: it asks for a
    /// version of the operating system, or has words that no provider has. Variants do not count.
    pub fn from_oci(platform: &OciPlatform) -> Option<Self> {
        let any_version = platform
            .os_version
            .as_deref()
            .unwrap_or_default()
            .is_empty();
        (any_version && is_word(&platform.os) && is_word(&platform.architecture)).then(|| Self {
            os: platform.os.clone(),
            arch: platform.architecture.clone(),
        })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

impl FromStr for Platform {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::Platform, text, reason);
        let form = || refuse("the form is OS_ARCH, as in linux_amd64");
        let (os, arch) = text.split_once('_').ok_or_else(form)?;
        if os.is_empty() || arch.is_empty() || arch.contains('_') {
            return Err(form());
        }
        if !is_word(os) || !is_word(arch) {
            return Err(refuse("both words take lower-case letters and digits"));
        }
        Ok(Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads() {
        for text in [
            "linux_amd64",
            "windows_386",
            "linux_s390x",
            "arbitrary_os",
            "js_wasm",
        ] {
            let platform: Platform = text.parse().unwrap();
            assert_eq!(platform.to_string(), text);
            assert_eq!(Platform::from_oci(&platform.to_oci()), Some(platform));
        }
        for text in [
            "",
            "linux",
            "_",
            "linux_",
            "_amd64",
            "too_many_notes",
            "extra _ whitespaces ",
            "linux_amd64 ",
            "Linux_amd64",
            "../x_y",
            "linux_..",
            "l\u{e4}nux_amd64",
            "linux-amd64",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn sorts_by_words() {
        let mut platforms: Vec<Platform> =
            ["linux_arm64", "linux_amd64", "darwin_arm64", "linux2_a"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect();
        platforms.sort();
        let shown: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["darwin_arm64", "linux_amd64", "linux_arm64", "linux2_a"]
        );
    }

    #[test]
    fn from_index_entries() {
        let entry = |os: &str, architecture: &str, version: Option<&str>| OciPlatform {
            os: os.into(),
            architecture: architecture.into(),
            os_version: version.map(Into::into),
            variant: Some("v7".into()),
            ..OciPlatform::default()
        };
        let read = |platform: OciPlatform| Platform::from_oci(&platform).map(|p| p.to_string());
        assert_eq!(
            read(entry("linux", "arm", None)).as_deref(),
            Some("linux_arm")
        );
        assert_eq!(
            read(entry("linux", "arm", Some(""))).as_deref(),
            Some("linux_arm")
        );
        assert_eq!(read(entry("windows", "amd64", Some("10.0"))), None);
        assert_eq!(read(entry("", "amd64", None)), None);
        assert_eq!(read(entry("linux", "a/b", None)), None);
    }

    #[test]
    fn current_is_a_platform() {
        let current = Platform::current();
        assert_eq!(current.to_string().parse::<Platform>().unwrap(), current);
    }

    proptest! {
        #[test]
        fn reads_back_what_it_shows(text in "[a-z0-9]{1,4}_[a-z0-9]{1,4}") {
            prop_assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }

        #[test]
        fn never_panics(text in "\\PC{0,20}") {
            let _ = text.parse::<Platform>();
        }
    }
}
